#include "simclient/fleet_machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/frames/inspect.h"

namespace pxeproof::rom {

namespace {

constexpr std::size_t kUdp = frames::kEthernetHeaderSize + frames::kIpv4HeaderSize;

// In which files are fetched.
Span span_of(Phase phase) {
  switch (phase) {
    case Phase::Nbp:
      return Span::Nbp;
    case Phase::Config:
      return Span::Config;
    case Phase::Offer:
    case Phase::BootServer:
    case Phase::Payload:
      break;
  }
  return Span::Payload;
}

}  // namespace

std::uint32_t FleetNames::number(const std::string& name) {
  const auto known = numbers_.find(name);
  if (known != numbers_.end()) return known->second;
  if (names_.size() >= kLimit) return static_cast<std::uint32_t>(kLimit - 1);
  const auto number = static_cast<std::uint32_t>(names_.size());
  names_.push_back(name);
  numbers_.emplace(name, number);
  return number;
}

LadderStep ladder_step(const FleetNote& note, Instant planned, const FleetNames& names) {
  using Kind = FleetNote::Kind;
  using Way = LadderStep::Way;
  const auto address = [&] { return to_string(Ipv4Address{note.value}); };
  const auto file = [&] { return printable(names.text(note.value)); };
  const auto sent = [&](std::string_view what) {
    return note.value > 1 ? fmt::format("{} again, the {}. time", what, note.value)
                          : std::string(what);
  };
  const auto step = [&](Way way, std::string text) {
    return LadderStep{note.at - planned, way, std::move(text)};
  };
  switch (note.kind) {
    case Kind::Discover:
      return step(Way::Out, sent("DISCOVER"));
    case Kind::Offer:
      return step(Way::In, "OFFER of " + address());
    case Kind::ProxyOffer:
      return step(Way::In, "proxy OFFER from " + address());
    case Kind::Request:
      return step(Way::Out, sent("REQUEST"));
    case Kind::Address:
      return step(Way::In, "ACK: the address is " + address());
    case Kind::ProxyRequest:
      return step(Way::Out, sent("REQUEST to port 4011"));
    case Kind::ProxyAnswer:
      return step(Way::In, "ACK from the proxy " + address());
    case Kind::ProxySilent:
      return step(Way::Inside, "goes on without the proxy " + address());
    case Kind::Menu:
      return step(Way::Inside, "shows the boot menu");
    case Kind::ItemRequest:
      return step(Way::Out, sent("REQUEST for the boot item"));
    case Kind::ItemAnswer:
      return step(Way::In, "ACK from the boot server " + address());
    case Kind::FileBegun:
      return step(Way::Out, "RRQ " + file());
    case Kind::FileAnswered:
      return step(Way::In, "first answer about " + file());
    case Kind::FileDone:
      return step(Way::In, "last octet of " + file());
    case Kind::FileMissing:
      return step(Way::In, "ERROR for " + file());
    case Kind::FileFailed:
      return step(Way::Inside, "gives up " + file());
    case Kind::Booted:
      return step(Way::Inside, "booted");
    case Kind::Failed:
      return step(Way::Inside, "failed");
  }
  return {};
}

FleetMachine::FleetMachine(RomOptions options, Instant planned, std::size_t kind)
    : planned_(planned), rom_(std::move(options)), kind_(kind) {}

void FleetMachine::note(Instant at, FleetNote::Kind kind, std::uint32_t value) {
  if (notes_.size() < kNotes) notes_.push_back({at, kind, value});
}

void FleetMachine::mark(FleetTally& tally, Span span, Instant from, Instant at) {
  const auto index = static_cast<std::size_t>(span);
  if (marked_[index]) return;
  marked_[index] = true;
  tally.spans[index].record(at - from);
}

void FleetMachine::enter(FleetTally& tally, Phase phase) {
  --tally.busy_with[static_cast<std::size_t>(busy_with_)];
  busy_with_ = phase;
  ++tally.busy_with[static_cast<std::size_t>(busy_with_)];
}

void FleetMachine::on_answer(Instant now, FleetTally& tally) {
  if (!awaits_file()) return;
  tally.answer_wait.record(now - transfer_begun_);
  --tally.unanswered;
  transfer_ = Transfer::None;
}

void FleetMachine::cut_short(Instant now, FleetTally& tally) const {
  if (awaits_file()) tally.vain_wait.record(now - transfer_begun_);
}

// What is still unanswered here never will be.
void FleetMachine::close_transfer(Instant now, FleetTally& tally) {
  if (transfer_ == Transfer::Unanswered) {
    tally.vain_wait.record(now - transfer_begun_);
    --tally.unanswered;
  }
  if (transfer_ == Transfer::Open) --tally.open_transfers;
  transfer_ = Transfer::None;
}

void FleetMachine::leave(Instant now, FleetTally& tally) {
  close_transfer(now, tally);
  --tally.busy_with[static_cast<std::size_t>(busy_with_)];
}

// Takes one event of the ROM; those that are not named here mean nothing to a fleet.
struct FleetMachine::Observer {
  FleetMachine& machine;
  FleetTally& tally;
  FleetNames& names;
  Instant at;

  using Kind = FleetNote::Kind;

  std::uint64_t& resent(Span span) { return tally.resent[static_cast<std::size_t>(span)]; }
  void ask(Span span, Exchange exchange, unsigned number, Kind kind) {
    machine.note(at, kind, number);
    if (number > 1) {
      ++resent(span);
    } else {
      ++tally.ledger.row(exchange).planned;
    }
  }

  void operator()(const PoweredOn&) {
    ++tally.busy_with[static_cast<std::size_t>(machine.busy_with_)];
  }
  void operator()(const DiscoverSent& request) {
    machine.collects_offers_ = true;
    ask(Span::Offer, Exchange::Discover, request.number, Kind::Discover);
  }
  void operator()(const OfferSeen& offer) {
    if (offer.address.is_unspecified()) {
      machine.note(at, Kind::ProxyOffer, offer.server.value);
      return;
    }
    machine.note(at, Kind::Offer, offer.address.value);
    machine.mark(tally, Span::Offer, machine.planned_, at);
  }
  void operator()(const RequestSent& request) {
    machine.collects_offers_ = false;
    ask(Span::Lease, Exchange::Request, request.number, Kind::Request);
  }
  void operator()(const AddressAcquired& acquired) {
    machine.note(at, Kind::Address, acquired.address.value);
    // Some firmware asks for its address once more.
    if (!machine.address_) ++tally.leases;
    machine.address_ = acquired.address;
    machine.address_is_new_ = true;
    machine.mark(tally, Span::Lease, machine.planned_, at);
    machine.enter(tally, Phase::BootServer);
  }
  void operator()(const ProxyRequestSent& request) {
    if (!machine.item_asked_) machine.item_asked_ = at;
    ask(Span::BootItem, Exchange::BootItem, request.number, Kind::ProxyRequest);
  }
  void operator()(const ProxyAnswered& answer) {
    machine.note(at, Kind::ProxyAnswer, answer.proxy.value);
    if (machine.item_asked_) machine.mark(tally, Span::BootItem, *machine.item_asked_, at);
  }
  void operator()(const ProxySilent& silent) {
    machine.note(at, Kind::ProxySilent, silent.proxy.value);
  }
  void operator()(const MenuSeen&) { machine.note(at, Kind::Menu, 0); }
  void operator()(const BootServerRequestSent& request) {
    if (!machine.item_asked_) machine.item_asked_ = at;
    ask(Span::BootItem, Exchange::BootItem, request.number, Kind::ItemRequest);
  }
  void operator()(const BootServerAnswered& answer) {
    machine.note(at, Kind::ItemAnswer, answer.server.value);
    if (machine.item_asked_) machine.mark(tally, Span::BootItem, *machine.item_asked_, at);
  }
  void operator()(const FileBegun& begun) {
    machine.note(at, Kind::FileBegun, names.number(begun.name));
    ++tally.ledger.row(Exchange::File).planned;
    machine.last_file_port_ = 0;
    if (!machine.first_request_) machine.first_request_ = at;
    machine.close_transfer(at, tally);
    machine.transfer_ = Transfer::Unanswered;
    machine.transfer_begun_ = at;
    tally.peak_unanswered = std::max(tally.peak_unanswered, ++tally.unanswered);
  }
  void operator()(const FileSized& sized) {
    machine.note(at, Kind::FileAnswered, names.number(sized.name));
    machine.named_size_ = sized.size;
    machine.on_file_answered(at, tally);
  }
  void operator()(const FileMissing& missing) {
    machine.note(at, Kind::FileMissing, names.number(missing.name));
    first_byte();
    machine.on_answer(at, tally);
    machine.close_transfer(at, tally);
  }
  void operator()(const FileDone& done) {
    machine.note(at, Kind::FileDone, names.number(done.name));
    tally.octets += done.octets;
    tally.duplicates += done.duplicates;
    machine.close_transfer(at, tally);
    ++(done.verdict == FileDone::Verdict::Equal ? tally.files_checked : tally.files_unchecked);
    if (machine.named_size_ && *machine.named_size_ != done.octets) ++tally.files_missized;
    machine.named_size_.reset();
  }
  void operator()(const FileFailed& failed) {
    machine.note(at, Kind::FileFailed, names.number(failed.name));
    machine.close_transfer(at, tally);
  }
  void operator()(const PhaseReached& reached) {
    switch (reached.phase) {
      case Phase::Offer:
        break;
      case Phase::BootServer:
        machine.enter(tally, Phase::Nbp);
        break;
      case Phase::Nbp:
        machine.nbp_whole_ = at;
        if (machine.first_request_) machine.mark(tally, Span::Nbp, *machine.first_request_, at);
        machine.enter(tally, Phase::Config);
        break;
      case Phase::Config:
        if (!machine.config_whole_) machine.config_whole_ = at;
        if (machine.nbp_whole_) machine.mark(tally, Span::Config, *machine.nbp_whole_, at);
        machine.enter(tally, Phase::Payload);
        break;
      case Phase::Payload:
        break;
    }
  }
  void operator()(const PacketIgnored&) { ++machine.ignored_; }
  void operator()(const Booted&) {
    machine.note(at, Kind::Booted, 0);
    if (machine.config_whole_) machine.mark(tally, Span::Payload, *machine.config_whole_, at);
    machine.mark(tally, Span::Boot, machine.planned_, at);
  }
  void operator()(const Failed&) { machine.note(at, Kind::Failed, 0); }
  void operator()(const ProgramStarted&) {}
  void operator()(const ProgramNote&) {}
  void operator()(const AttemptFailed&) {}

  void first_byte() {
    if (machine.first_request_) machine.mark(tally, Span::FirstByte, *machine.first_request_, at);
  }
};

void FleetMachine::observe(FleetTally& tally, FleetNames& names) {
  while (const auto event = rom_.poll_event()) {
    std::visit(Observer{*this, tally, names, event->at}, event->event);
  }
}

void FleetMachine::on_file_answered(Instant now, FleetTally& tally) {
  if (!awaits_file()) return;
  if (first_request_) mark(tally, Span::FirstByte, *first_request_, now);
  on_answer(now, tally);
  transfer_ = Transfer::Open;
  tally.peak_open = std::max(tally.peak_open, ++tally.open_transfers);
}

// ROMs do not tell of repeated RRQs and ACKs: they are known by their ports and block numbers.
void FleetMachine::on_asked(FleetTally& tally, Exchange exchange, ByteView frame) {
  LedgerRow& row = tally.ledger.row(exchange);
  ++row.asked;
  const bool is_file = exchange == Exchange::File;
  if (!is_file && exchange != Exchange::Block) return;
  const std::uint32_t port = (std::uint32_t{frame[kUdp]} << 8U) | frame[kUdp + 1];
  if (is_file) {
    if (port == last_file_port_) {
      ++tally.resent[static_cast<std::size_t>(busy_with_ == Phase::Nbp ? Span::FirstByte
                                                                       : span_of(busy_with_))];
    }
    last_file_port_ = port;
    return;
  }
  constexpr std::size_t kBlock = kUdp + frames::kUdpHeaderSize + 2;
  const std::uint32_t ack =
      (port << 16U) | (std::uint32_t{frame[kBlock]} << 8U) | frame[kBlock + 1];
  if (ack == last_ack_) {
    ++tally.resent[static_cast<std::size_t>(span_of(busy_with_))];
  } else {
    ++row.planned;
  }
  last_ack_ = ack;
}

void FleetMachine::on_sent(Instant now, Exchange exchange) {
  // Nothing answers the ACK of a file's last block.
  if (exchange == Exchange::Block && transfer_ == Transfer::None) return;
  if (!waits_) wait_.from = now;
  waits_ = true;
  wait_.last_asked = now;
  wait_.exchange = exchange;
}

void FleetMachine::on_answered(Instant now) {
  if (!waits_) return;
  waits_ = false;
  wait_.to = now;
  if (wait_.to - wait_.from > longest_.to - longest_.from) longest_ = wait_;
}

FleetWait FleetMachine::since(Instant start, const Wait& wait) {
  return {wait.from - start, wait.to - start, wait.last_asked - start, wait.exchange};
}

std::optional<FleetWait> FleetMachine::wait_now(Instant now, Instant start) const {
  if (!waits_) return std::nullopt;
  Wait wait = wait_;
  wait.to = now;
  return since(start, wait);
}

std::optional<FleetWait> FleetMachine::longest_wait(Instant start) const {
  if (longest_.to == longest_.from) return std::nullopt;
  return since(start, longest_);
}

}  // namespace pxeproof::rom
