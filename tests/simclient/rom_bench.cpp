#include "tests/simclient/rom_bench.h"

#include <algorithm>

namespace pxeproof::rom {

namespace {

constexpr Duration kLatency = std::chrono::microseconds(100);

class ScriptedStage final : public BootStage {
 public:
  explicit ScriptedStage(std::vector<Fetch> fetches) : fetches_(std::move(fetches)) {}
  std::string_view program() const override { return "pxelinux"; }
  void start(Instant) override {}
  void on_fetched(Instant, const Fetched& fetched) override {
    if (fetched.outcome == Fetched::Outcome::Complete) {
      if (fetches_[next_ - 1].use == Fetch::Use::Text) texts_ += as_text(fetched.content);
    } else {
      ending_ = Failed{"cannot go on", fetches_[next_ - 1].name};
    }
    if (!ending_ && next_ == fetches_.size()) ending_ = Started{fetches_.back().name, texts_};
  }
  void on_timeout(Instant) override {}
  std::optional<Fetch> poll_fetch() override {
    if (ending_ || next_ == fetches_.size()) return std::nullopt;
    return fetches_[next_++];
  }
  std::optional<Instant> poll_timeout() const override { return std::nullopt; }
  const std::optional<Ending>& ending() const override { return ending_; }
  std::optional<std::string> poll_note() override { return std::nullopt; }

 private:
  std::vector<Fetch> fetches_;
  std::size_t next_ = 0;
  std::string texts_;
  std::optional<Ending> ending_;
};

std::optional<std::string> option_of(const tftp::Request& request, std::string_view name) {
  for (const tftp::Option& option : request.options) {
    if (option.name == name) return option.value;
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<BootStage> make_scripted_stage(std::vector<Fetch> fetches) {
  return std::make_unique<ScriptedStage>(std::move(fetches));
}

std::string pxelinux_like(std::size_t size) {
  std::string octets(size, '\x90');
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<char>(i * 7 + i / 251);
  const std::string_view banner = "PXELINUX 6.04 PXE 20200816 ";
  octets.replace(std::min<std::size_t>(3440, size - banner.size()), banner.size(), banner);
  return octets;
}

RomOptions ipxe_options() {
  RomOptions options;
  options.profile = *firmware::builtin_profile("ipxe-bios");
  options.mac = kMac;
  options.seed = 1;
  options.make_stage = [](const StageInput&) { return std::unique_ptr<BootStage>(); };
  return options;
}

dhcp::Message reply_to(const dhcp::Message& request, dhcp::MessageType type, Ipv4Address server) {
  dhcp::Message reply;
  reply.header.op = dhcp::kBootReply;
  reply.header.xid = request.header.xid;
  reply.header.flags = request.header.flags;
  reply.header.chaddr = request.header.chaddr;
  reply.add_type(type);
  reply.add_address(dhcp::OptionCode::ServerIdentifier, server);
  return reply;
}

Script::Script() {
  const auto address = [](const dhcp::Message& request, dhcp::MessageType type) {
    dhcp::Message reply = reply_to(request, type, kAddressServer);
    reply.header.yiaddr = kClient;
    reply.header.siaddr = kAddressServer;
    reply.add_u32(dhcp::OptionCode::LeaseTime, 43200);
    reply.add_address(dhcp::OptionCode::SubnetMask, Ipv4Address::of(255, 255, 255, 0));
    reply.add_address(dhcp::OptionCode::Router, kAddressServer);
    return reply;
  };
  on_discover_address = [=](const dhcp::Message& request) {
    return address(request, dhcp::MessageType::Offer);
  };
  on_request = [=](const dhcp::Message& request) {
    return address(request, dhcp::MessageType::Ack);
  };
  on_discover_proxy = [](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Offer, kBootServer);
    reply.header.flags = dhcp::kBroadcastFlag;
    reply.header.set_file("pxelinux.0");
    reply.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    // Capture a, frame 2: control 3, prompt 0 "PXE", server of type 8000, menu "Network Boot".
    reply.add(dhcp::OptionCode::VendorSpecific,
              *from_hex("0601030a04005058450807800001c0a8b202090f80000c"
                        "4e6574776f726b20426f6f74ff"));
    return reply;
  };
  on_boot_server = [](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Ack, kBootServer);
    reply.header.yiaddr = request.header.ciaddr;
    reply.header.siaddr = kBootServer;
    reply.header.set_file("pxelinux.0");
    reply.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    if (const dhcp::Option* const item = request.find(dhcp::OptionCode::VendorSpecific)) {
      reply.add(dhcp::OptionCode::VendorSpecific, item->value);
    }
    return reply;
  };
  files["pxelinux.0"] = pxelinux_like(42430);
}

RomBench::RomBench(RomOptions options, Script script, Faults faults)
    : script_(std::move(script)),
      faults_(std::move(faults)),
      rom_(std::make_unique<Rom>(std::move(options))) {}

void RomBench::start() {
  rom_->start(now_);
  drain();
}

void RomBench::run(Duration limit) {
  start();
  const Instant end = now_ + limit;
  while (!rom_->is_over() && step(end)) {
  }
}

void RomBench::run_until(Instant instant) {
  while (step(instant)) {
  }
  now_ = instant;
}

// Does the next thing due until the limit; false when there is none.
bool RomBench::step(Instant limit) {
  const auto next = std::ranges::min_element(
      pending_, {}, [](const Pending& pending) { return std::pair(pending.at, pending.order); });
  const auto timeout = rom_->poll_timeout();
  if (next != pending_.end() && (!timeout || next->at <= *timeout)) {
    if (next->at > limit) return false;
    now_ = next->at;
    const Pending pending = std::move(*next);
    pending_.erase(next);
    if (pending.to_rom) {
      rom_->on_frame(now_, pending.frame);
    } else {
      serve(pending.frame);
    }
  } else {
    if (!timeout || *timeout > limit) return false;
    now_ = std::max(now_, *timeout);
    rom_->on_timeout(now_);
  }
  drain();
  return true;
}

void RomBench::drain() {
  Frame frame;
  while (rom_->poll_transmit(frame)) {
    sent_.push_back({now_, frame});
    put_on_wire(false, frame);
  }
  while (auto event = rom_->poll_event()) events_.push_back(std::move(*event));
}

void RomBench::put_on_wire(bool to_rom, Frame frame) {
  const Fault fault = faults_ ? faults_(frames_) : Fault{};
  ++frames_;
  const Instant at = now_ + kLatency;
  switch (fault.kind) {
    case Fault::Kind::Lose:
      return;
    case Fault::Kind::Duplicate:
      pending_.push_back({at, order_++, to_rom, frame});
      break;
    case Fault::Kind::Delay:
      pending_.push_back({at + fault.delay, order_++, to_rom, std::move(frame)});
      return;
    case Fault::Kind::None:
      break;
  }
  pending_.push_back({at, order_++, to_rom, std::move(frame)});
}

void RomBench::deliver(ByteView frame) {
  rom_->on_frame(now_, frame);
  drain();
}

void RomBench::deliver_udp(const MacAddress& from, const Endpoint& source,
                           const Endpoint& destination, ByteView payload) {
  frames::UdpSpec spec;
  spec.source_mac = from;
  spec.destination_mac = destination.address.is_broadcast() ? MacAddress::broadcast() : kMac;
  spec.source = source;
  spec.destination = destination;
  deliver(frames::build_udp(spec, payload));
}

std::vector<Duration> RomBench::times_of(std::function<bool(const frames::Udp&)> matches) const {
  std::vector<Duration> times;
  for (const Sent& sent : sent_) {
    const auto udp = frames::inspect_udp(sent.frame);
    if (udp && matches(*udp)) times.push_back(sent.at - kStart);
  }
  return times;
}

void RomBench::answer(const MacAddress& from, const Endpoint& source, const Endpoint& destination,
                      ByteView payload) {
  frames::UdpSpec spec;
  spec.source_mac = from;
  spec.destination_mac = destination.address.is_broadcast() ? MacAddress::broadcast() : kMac;
  spec.source = source;
  spec.destination = destination;
  put_on_wire(true, frames::build_udp(spec, payload));
}

void RomBench::serve(const Frame& frame) {
  if (const auto arp = frames::inspect_arp(frame)) return serve_arp(*arp);
  const auto udp = frames::inspect_udp(frame);
  if (!udp) return;
  if (udp->destination.port == dhcp::kServerPort ||
      udp->destination.port == dhcp::kBootServerPort) {
    return serve_dhcp(*udp);
  }
  if (script_.tftp_answers) serve_tftp(*udp);
}

void RomBench::serve_arp(const frames::Arp& arp) {
  if (arp.operation != frames::kArpRequest) return;
  MacAddress mac = kAddressServerMac;
  if (arp.target_address == kBootServer) {
    if (!script_.boot_server_answers_arp) return;
    mac = kBootServerMac;
  } else if (arp.target_address != kAddressServer) {
    return;
  }
  put_on_wire(true, frames::build_arp({.operation = frames::kArpReply,
                                       .sender_mac = mac,
                                       .sender_address = arp.target_address,
                                       .target_mac = arp.sender_mac,
                                       .target_address = arp.sender_address},
                                      arp.sender_mac));
}

void RomBench::serve_dhcp(const frames::Udp& udp) {
  const auto request = dhcp::decode(udp.payload);
  if (!request) return;
  const dhcp::Option* const type = request->find(dhcp::OptionCode::MessageType);
  if (type == nullptr || type->value.empty()) return;
  const bool discover = type->value[0] == static_cast<std::uint8_t>(dhcp::MessageType::Discover);
  const bool to_boot_server =
      udp.destination.port == dhcp::kBootServerPort || !request->header.ciaddr.is_unspecified();
  // Some firmware asks port 4011 from its own port 4011.
  const Endpoint client{kClient, udp.source.port};
  const Endpoint everybody{Ipv4Address::broadcast(), dhcp::kClientPort};
  const auto say = [&](const auto& respond, const MacAddress& from, const Endpoint& source,
                       const Endpoint& destination) {
    if (!respond) return;
    if (const auto reply = respond(*request)) {
      answer(from, source, destination, dhcp::encode(*reply));
    }
  };
  if (to_boot_server) {
    say(script_.on_boot_server, kBootServerMac, {kBootServer, script_.boot_server_reply_port},
        client);
  } else if (discover) {
    say(script_.on_discover_proxy, kBootServerMac, {kBootServer, dhcp::kServerPort}, everybody);
    say(script_.on_discover_address, kAddressServerMac, {kAddressServer, dhcp::kServerPort},
        client);
  } else {
    say(script_.on_request, kAddressServerMac, {kAddressServer, dhcp::kServerPort}, client);
  }
}

void RomBench::serve_tftp(const frames::Udp& udp) {
  const auto packet = tftp::decode(udp.payload);
  if (!packet) return;
  Bytes reply;
  if (const auto* const request = std::get_if<tftp::Request>(&*packet)) {
    const auto file = script_.files.find(request->filename);
    const std::uint16_t port = next_port_++;
    if (file == script_.files.end()) {
      tftp::encode_error(tftp::ErrorCode::FileNotFound, "file not found", reply);
      return answer(kBootServerMac, {kBootServer, port}, udp.source, reply);
    }
    const std::string block_size = option_of(*request, "blksize").value_or("512");
    transfers_[port] = {file->second, std::stoul(block_size)};
    std::vector<tftp::Option> options{{"blksize", block_size}};
    if (option_of(*request, "tsize") && script_.tells_size) {
      options.push_back({"tsize", std::to_string(file->second.size())});
    }
    options.insert(options.end(), script_.odd_options.begin(), script_.odd_options.end());
    tftp::encode_oack(options, reply);
    return answer(kBootServerMac, {kBootServer, port}, udp.source, reply);
  }
  const auto* const ack = std::get_if<tftp::Ack>(&*packet);
  const auto found = transfers_.find(udp.destination.port);
  if (ack == nullptr || found == transfers_.end()) return;
  const Transfer& transfer = found->second;
  const std::size_t offset = std::size_t{ack->block} * transfer.block_size;
  if (offset > transfer.content.size()) return;  // the last block is acknowledged
  tftp::encode_data_header(static_cast<std::uint16_t>(ack->block + 1), reply);
  const ByteView octets = as_bytes(transfer.content);
  const ByteView block =
      octets.subspan(offset, std::min(transfer.block_size, octets.size() - offset));
  reply.insert(reply.end(), block.begin(), block.end());
  answer(kBootServerMac, {kBootServer, udp.destination.port}, udp.source, reply);
}

}  // namespace pxeproof::rom
