#include "simclient/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "protocol/dhcp/message.h"
#include "protocol/frames/inspect.h"
#include "simclient/fleet_reasons.h"
#include "simclient/frame_peek.h"

namespace pxeproof::rom {

namespace {

// So many machines and timers are served in one go; then frames get their turn.
constexpr std::size_t kTurn = 64;
constexpr std::size_t kSpareFrames = 256;
constexpr std::size_t kReasons = 200;  // different reasons of failures that are told apart
constexpr std::size_t kOutcomes = 1U << 20U;
constexpr std::size_t kRecordedData = 96;  // octets kept of a frame with DATA
// Streams of a client's cable.
constexpr std::uint64_t kSentStream = 0x5e47;
constexpr std::uint64_t kReceivedStream = 0x4ec1;

constexpr std::size_t kIp = frames::kEthernetHeaderSize;
constexpr std::size_t kUdp = kIp + frames::kIpv4HeaderSize;
constexpr std::size_t kDhcp = kUdp + frames::kUdpHeaderSize;
constexpr std::size_t kChaddr = kDhcp + 28;

bool is_group(ByteView frame) { return (frame[0] & 1U) != 0; }

// The client that a group frame concerns: in ARP the address asked for, in DHCP the chaddr.
std::optional<Ipv4Address> asked_address(ByteView frame) {
  constexpr std::size_t kTargetAddress = kIp + 24;
  if (read16(frame, 12) != frames::kEtherTypeArp || frame.size() < kTargetAddress + 4) {
    return std::nullopt;
  }
  return Ipv4Address::from(frame.subspan(kTargetAddress, 4));
}

std::optional<ByteView> client_address(ByteView frame) {
  if (read16(frame, 12) != frames::kEtherTypeIpv4 || frame.size() < kChaddr + 6) {
    return std::nullopt;
  }
  const std::size_t options = (std::size_t{frame[kIp] & 0x0fU} * 4) - frames::kIpv4HeaderSize;
  if (options != 0 || frame[kIp + 9] != frames::kProtocolUdp ||
      read16(frame, kUdp + 2) != dhcp::kClientPort) {
    return std::nullopt;
  }
  return frame.subspan(kChaddr, 6);
}

// Not a server's word that it has forgotten, or never knew, what the machine had of it.
bool leads_on(const Classified& kind, ByteView frame) {
  if (kind.exchange == Exchange::Request) return !refusal_text(frame);
  return kind.exchange != Exchange::File || !knows_no_transfer(frame);
}

FleetOutcome outcome_of(ClientIndex client, const Rom& rom, Phase until) {
  FleetOutcome outcome;
  outcome.client = client;
  if (const Booted* booted = rom.booted()) {
    outcome.booted = !booted->falls_short_of(until);
    outcome.reached = booted->reached;
    if (!outcome.booted) outcome.reason = "was told to boot from its own disk";
  } else if (const Failed* failed = rom.failed()) {
    outcome.reached = failed->phase;
    outcome.reason = failed->reason;
  }
  return outcome;
}

}  // namespace

Fleet::Fleet(FleetPlan plan) : plan_(std::move(plan)), numbering_(plan_.seed) {
  assert(!plan_.kinds.empty() && plan_.clients.size() <= kMaximumClients);
  machines_.resize(plan_.clients.size());
  tally_.planned = plan_.clients.size();
}

Fleet::~Fleet() = default;

void Fleet::start(Instant now) { started_ = now; }

FleetMachine* Fleet::machine_of(ClientIndex client) {
  return client < machines_.size() ? machines_[client].get() : nullptr;
}

std::optional<ClientIndex> Fleet::receiver_of(ByteView frame) const {
  if (frame.size() < frames::kEthernetHeaderSize) return std::nullopt;
  if (!is_group(frame)) return numbering_.client_of(frame.first(6));
  if (const auto address = asked_address(frame)) {
    const auto owner = owners_.find(*address);
    if (owner == owners_.end()) return std::nullopt;
    return owner->second;
  }
  if (const auto chaddr = client_address(frame)) return numbering_.client_of(*chaddr);
  return std::nullopt;
}

void Fleet::expect(ByteView frame) const {
  constexpr std::size_t kLine = 64;
  if (frame.size() < frames::kEthernetHeaderSize) return;
  const auto client = numbering_.client_of(frame.first(6));
  if (!client || *client >= machines_.size()) return;
  const auto* machine = reinterpret_cast<const std::uint8_t*>(machines_[*client].get());
  if (machine == nullptr) return;
  for (std::size_t at = 0; at < sizeof(FleetMachine); at += kLine) {
    __builtin_prefetch(machine + at, 1);
  }
}

void Fleet::on_frame(Instant now, ByteView frame) {
  ++tally_.frames_received;
  const auto client = receiver_of(frame);
  if (!client) {
    ++tally_.frames_foreign;
    return;
  }
  FleetMachine* machine = machine_of(*client);
  auto kind = classify(frame);
  if (!kind) {
    if (const auto question = closed_port(frame)) {
      ++tally_.evidence.closed_ports[static_cast<std::size_t>(*question)];
    }
    count_arp_received(tally_.evidence, frame);
  }
  if (machine == nullptr) {
    if (!kind || kind->traffic != Traffic::Answer) return;
    count_received(*kind, frame, 1);
    ++tally_.ledger.row(kind->exchange).to_machines_off;
    if (kind->exchange == Exchange::Discover) count_offer_to_nobody(now, *client);
    return;
  }
  const auto known = kind;
  const bool is_other = !kind || kind->traffic != Traffic::Answer;
  const auto port = is_other ? destination_port(frame) : std::nullopt;
  const bool is_no_tftp = port && machine->fetches_at(*port);
  if (is_no_tftp) kind = Classified{Exchange::Block, Traffic::Answer};
  const bool is_answer = kind && kind->traffic == Traffic::Answer;
  // From a server without options the first block is the answer to the request.
  if (is_answer && kind->exchange == Exchange::Block && machine->awaits_file()) {
    kind->exchange = Exchange::File;
  }
  const auto told = is_no_tftp ? known : kind;
  const auto count = [&](std::uint64_t copies) {
    if (is_answer) count_received(*kind, frame, copies);
    if (is_no_tftp) tally_.evidence.no_tftp += copies;
  };
  if (now < machine->unblocked || (machine->cables && machine->cables->received)) {
    Cable::Passage passage;
    if (now >= machine->unblocked) passage = machine->cables->received->pass(now);
    count(passage.copies);
    if (passage.copies == 0 && is_answer) {
      ++tally_.ledger.row(kind->exchange).answers_lost_on_cable;
      const bool is_proxy = kind->exchange == Exchange::Discover && !offers_address(frame);
      if (is_proxy) ++tally_.evidence.proxy_offers_lost_on_cable;
    }
    for (const Instant at : passage) {
      if (at > now) {
        delay(at, *client, Traffic::Answer, frame);
      } else if (FleetMachine* present = machine_of(*client)) {
        hand_over(now, *client, *present, frame, told);
      }
    }
    return;
  }
  count(1);
  hand_over(now, *client, *machine, frame, told);
}

void Fleet::count_received(const Classified& kind, ByteView frame, std::uint64_t copies) {
  tally_.ledger.row(kind.exchange).received += copies;
  FleetEvidence& evidence = tally_.evidence;
  const bool is_proxy = kind.exchange == Exchange::Discover && !offers_address(frame);
  if (is_proxy) evidence.proxy_offers += copies;
  if (kind.exchange != Exchange::Request || copies == 0) return;
  if (const auto text = refusal_text(frame)) {
    if (evidence.refusals == 0) evidence.first_refusal = *text;
    evidence.refusals += copies;
  }
}

void Fleet::count_offer_to_nobody(Instant now, ClientIndex client) {
  const auto given_up = gave_up_.find(client);
  if (given_up == gave_up_.end()) return;
  tally_.evidence.offer_lateness.record(now - given_up->second.at);
  if (!given_up->second.was_offered) ++tally_.evidence.offered_late;
  given_up->second.was_offered = true;
}

void Fleet::delay(Instant at, ClientIndex client, Traffic way, ByteView frame) {
  delayed_.push({at, next_sequence_++, client, way, Frame(frame.begin(), frame.end())});
}

void Fleet::hand_over(Instant now, ClientIndex client, FleetMachine& machine, ByteView frame,
                      const std::optional<Classified>& kind) {
  if (plan_.failures_kept > 0) record(now, machine, frame);
  const bool is_file_answer =
      kind && kind->exchange == Exchange::File && kind->traffic == Traffic::Answer;
  // Of OACKs and ERRORs the ROM tells, and may ask for its next file at once.
  if (is_file_answer && classify(frame)->exchange == Exchange::Block) {
    machine.on_file_answered(now, tally_);
  }
  const bool is_missed_offer = kind && kind->exchange == Exchange::Discover &&
                               kind->traffic == Traffic::Answer && !machine.collects_offers() &&
                               !offers_address(frame);
  if (is_missed_offer) ++tally_.evidence.proxy_offers_missed;
  machine.rom().on_frame(now, frame);
  machine.observe(tally_, names_);
  const bool was_used = machine.take_ignored() == 0;
  if (was_used && kind && kind->traffic == Traffic::Answer) {
    ++tally_.ledger.row(kind->exchange).used;
    if (leads_on(*kind, frame)) machine.on_answered(now);
  }
  settle(now, client, machine);
}

// Takes what the machine sends, and looks whether it has ended.
void Fleet::settle(Instant now, ClientIndex client, FleetMachine& machine) {
  while (machine.rom().poll_transmit(scratch_)) depart(now, client, machine, scratch_);
  if (machine.take_new_address()) take_address(client, machine);
  if (machine.rom().is_over()) {
    FleetOutcome outcome = outcome_of(client, machine.rom(), plan_.until);
    return end(now, client, machine, std::move(outcome));
  }
  Instant deadline = machine.planned() + plan_.patience;
  if (const auto wanted = machine.rom().poll_timeout()) deadline = std::min(deadline, *wanted);
  timers_.set(client, deadline);
}

void Fleet::take_address(ClientIndex client, const FleetMachine& machine) {
  const Ipv4Address address = *machine.address();
  const auto [owner, is_free] = owners_.try_emplace(address, client);
  if (!is_free && owner->second != client && machine_of(owner->second) != nullptr) {
    ++tally_.evidence.shared_addresses;
    if (!tally_.evidence.first_shared) tally_.evidence.first_shared = address;
  }
  owner->second = client;
  leased_.push_back({numbering_.mac(client), address});
}

void Fleet::depart(Instant now, ClientIndex client, FleetMachine& machine, Frame& frame) {
  if (plan_.failures_kept > 0) record(now, machine, frame);
  const auto kind = classify(frame);
  const bool is_question = kind && kind->traffic == Traffic::Question;
  if (is_question) machine.on_asked(tally_, kind->exchange, frame);
  const bool is_perfect = !machine.cables || !machine.cables->sent;
  if (now >= machine.unblocked && is_perfect) {
    if (is_question) machine.on_sent(now, kind->exchange);
    return transmit(frame, kind);
  }
  Cable::Passage passage;
  if (now >= machine.unblocked) passage = machine.cables->sent->pass(now);
  if (is_question && passage.copies == 0) ++tally_.ledger.row(kind->exchange).lost_on_cable;
  if (is_question && passage.copies > 0) machine.on_sent(now, kind->exchange);
  for (const Instant at : passage) {
    if (at > now) {
      delay(at, client, Traffic::Question, frame);
    } else {
      Frame copy = frame;
      transmit(copy, kind);
    }
  }
}

void Fleet::transmit(Frame& frame, const std::optional<Classified>& kind) {
  if (kind && kind->traffic == Traffic::Question) ++tally_.ledger.row(kind->exchange).sent;
  if (!kind) count_arp_sent(tally_.evidence, frame);
  ++tally_.frames_sent;
  if (spare_.empty()) {
    outbox_.emplace_back();
  } else {
    outbox_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  std::swap(outbox_.back(), frame);
}

bool Fleet::poll_transmit(Frame& out) {
  if (outbox_.empty()) return false;
  std::swap(out, outbox_.front());
  if (spare_.size() < kSpareFrames) spare_.push_back(std::move(outbox_.front()));
  outbox_.pop_front();
  return true;
}

void Fleet::power_on(Instant now, ClientIndex client) {
  const FleetClient& wanted = plan_.clients[client];
  const Instant planned = started_ + wanted.power_on;
  tally_.power_on_lateness.record(now - planned);
  if (tally_.powered_on == 0) tally_.first_power_on = now - started_;
  tally_.last_power_on = now - started_;
  ++tally_.powered_on;
  RomOptions options;
  options.profile = plan_.kinds[wanted.kind].profile;
  options.mac = numbering_.mac(client);
  options.guid = guid_of(plan_.seed, client);
  options.seed = rom_seed(plan_.seed, client);
  options.until = plan_.until;
  options.waits = plan_.waits;
  options.expected = plan_.expected;
  auto made = std::make_unique<FleetMachine>(std::move(options), planned, wanted.kind);
  const FleetPlan::Link& link = plan_.cables[wanted.cable];
  const Random random(rom_seed(plan_.seed, client));
  if (!link.sent.is_perfect() || !link.received.is_perfect()) {
    made->cables = std::make_unique<FleetMachine::Cables>();
  }
  if (!link.sent.is_perfect()) {
    made->cables->sent.emplace(link.sent, random.fork(kSentStream));
  }
  if (!link.received.is_perfect()) {
    made->cables->received.emplace(link.received, random.fork(kReceivedStream));
  }
  made->unblocked = planned + wanted.blocked;
  FleetMachine& machine = *made;
  machines_[client] = std::move(made);
  machine.rom().start(now);
  machine.observe(tally_, names_);
  settle(now, client, machine);
}

void Fleet::on_timeout(Instant now) {
  for (std::size_t i = 0; i < kTurn && !delayed_.empty() && delayed_.top().at <= now; ++i) {
    Delayed due = delayed_.top();
    delayed_.pop();
    if (due.way == Traffic::Question) {
      transmit(due.frame, classify(due.frame));
    } else if (FleetMachine* machine = machine_of(due.client)) {
      hand_over(now, due.client, *machine, due.frame, classify(due.frame));
    }
  }
  for (std::size_t i = 0; i < kTurn; ++i) {
    const auto client = timers_.pop_due(now);
    if (!client) break;
    FleetMachine* machine = machine_of(*client);
    if (machine == nullptr) continue;
    const auto wanted = machine->rom().poll_timeout();
    if (wanted && *wanted <= now) {
      tally_.timer_lateness.record(now - *wanted);
      machine->rom().on_timeout(now);
      machine->observe(tally_, names_);
      machine->take_ignored();
    } else if (now >= machine->planned() + plan_.patience) {
      FleetOutcome outcome;
      outcome.client = *client;
      outcome.reached = machine->busy_with();
      outcome.reason =
          fmt::format("has not ended {:.0f} s after its power-on", to_seconds(plan_.patience));
      end(now, *client, *machine, std::move(outcome));
      continue;
    }
    settle(now, *client, *machine);
  }
  for (std::size_t i = 0; i < kTurn && !stopped_ && next_ < plan_.clients.size() &&
                          started_ + plan_.clients[next_].power_on <= now;
       ++i) {
    power_on(now, static_cast<ClientIndex>(next_++));
  }
}

std::optional<Instant> Fleet::poll_timeout() const {
  std::optional<Instant> first = timers_.earliest();
  const auto consider = [&first](Instant other) {
    if (!first || other < *first) first = other;
  };
  if (!delayed_.empty()) consider(delayed_.top().at);
  if (!stopped_ && next_ < plan_.clients.size()) {
    consider(started_ + plan_.clients[next_].power_on);
  }
  return first;
}

void Fleet::end(Instant now, ClientIndex client, FleetMachine& machine, FleetOutcome outcome) {
  outcome.planned = machine.planned() - started_;
  outcome.ended = now - started_;
  outcome.wait = outcome.booted ? machine.longest_wait(started_) : machine.wait_now(now, started_);
  machine.leave(now, tally_);
  const bool got_no_offer = !outcome.booted && outcome.reached == Phase::Offer;
  if (got_no_offer) gave_up_[client] = {.at = now};
  if (outcome.booted) {
    ++tally_.booted;
    tally_.last_end = now - started_;
    keep_if_slow(outcome, machine);
  } else {
    ++tally_.failed;
    count_failure(machine, outcome);
    const bool has_recording = !machine.recording().frames.empty() || machine.recording().is_cut;
    if (has_recording && failures_kept_ < plan_.failures_kept) {
      ++failures_kept_;
      failures_.push_back(
          {outcome, std::move(machine.recording().frames), machine.recording().is_cut});
    }
  }
  recorded_octets_ -= machine.recording().octets;
  if (const auto& address = machine.address()) {
    const auto owner = owners_.find(*address);
    if (owner != owners_.end() && owner->second == client) owners_.erase(owner);
  }
  timers_.remove(client);
  machines_[client].reset();
  if (outcomes_.size() < kOutcomes) outcomes_.push_back(std::move(outcome));
}

void Fleet::count_failure(const FleetMachine& machine, const FleetOutcome& outcome) {
  FailureKind kind{outcome.reached,
                   common_reason(outcome.reason, {.mac = numbering_.mac(outcome.client),
                                                  .guid = guid_of(plan_.seed, outcome.client),
                                                  .address = machine.address()})};
  const bool has_room = tally_.failures.size() < kReasons || tally_.failures.contains(kind);
  if (!has_room) kind.reason = "other reasons";
  ++tally_.failures.try_emplace(std::move(kind), FailureCount{0, outcome.client})
        .first->second.count;
}

void Fleet::keep_if_slow(const FleetOutcome& outcome, const FleetMachine& machine) {
  const auto took = [](const FleetLadder& ladder) {
    return ladder.outcome.ended - ladder.outcome.planned;
  };
  const Duration duration = outcome.ended - outcome.planned;
  if (plan_.slowest == 0) return;
  if (slowest_.size() == plan_.slowest && took(slowest_.back()) >= duration) return;
  FleetLadder ladder{outcome, {}};
  for (const FleetNote& note : machine.notes()) {
    ladder.steps.push_back(ladder_step(note, machine.planned(), names_));
  }
  if (slowest_.size() == plan_.slowest) slowest_.pop_back();
  const auto place = std::ranges::upper_bound(slowest_, duration, std::greater<>(), took);
  slowest_.insert(place, std::move(ladder));
}

void Fleet::record(Instant now, FleetMachine& machine, ByteView frame) {
  if (failures_kept_ >= plan_.failures_kept) return;
  const auto kind = classify(frame);
  const bool is_data =
      kind && kind->exchange == Exchange::Block && kind->traffic == Traffic::Answer;
  const std::size_t size = is_data ? std::min(frame.size(), kRecordedData) : frame.size();
  const std::size_t cost = size + sizeof(RecordedFrame);
  // Beyond a gap, nothing would be understood rightly.
  if (machine.recording().is_cut) return;
  if (recorded_octets_ + cost > plan_.recording_limit) {
    machine.recording().is_cut = true;
    return;
  }
  recorded_octets_ += cost;
  machine.recording().octets += cost;
  const ByteView kept = frame.first(size);
  machine.recording().frames.push_back(
      {now, static_cast<std::uint32_t>(frame.size()), Bytes(kept.begin(), kept.end())});
}

std::vector<FleetWait> Fleet::waits(Instant now) const {
  std::vector<FleetWait> waits;
  for (const auto& machine : machines_) {
    if (!machine) continue;
    if (const auto wait = machine->wait_now(now, started_)) waits.push_back(*wait);
  }
  return waits;
}

void Fleet::stop(Instant now) {
  stopped_ = true;
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    if (!machines_[i]) continue;
    machines_[i]->cut_short(now, tally_);
    timers_.remove(static_cast<std::uint32_t>(i));
    machines_[i].reset();
  }
  delayed_ = {};
}

std::optional<FleetOutcome> Fleet::poll_outcome() {
  if (outcomes_.empty()) return std::nullopt;
  FleetOutcome outcome = std::move(outcomes_.front());
  outcomes_.pop_front();
  return outcome;
}

std::optional<KeptFailure> Fleet::poll_failure() {
  if (failures_.empty()) return std::nullopt;
  KeptFailure failure = std::move(failures_.front());
  failures_.pop_front();
  return failure;
}

std::optional<Fleet::Leased> Fleet::poll_leased() {
  if (leased_.empty()) return std::nullopt;
  const Leased leased = leased_.front();
  leased_.pop_front();
  return leased;
}

}  // namespace pxeproof::rom
