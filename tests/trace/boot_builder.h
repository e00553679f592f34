#pragma once

#include <functional>
#include <string>
#include <utility>

#include "protocol/dhcp/message.h"
#include "trace/boot.h"

namespace pxeproof::trace {

// Tells a boot step by step, for tests of what is made of boots. Steps are 10 ms apart unless said
// otherwise.
class BootBuilder {
 public:
  static constexpr MacAddress kClient{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
  static constexpr Ipv4Address kAddress = Ipv4Address::of(10, 0, 0, 57);
  static constexpr Ipv4Address kDhcp = Ipv4Address::of(10, 0, 0, 1);
  static constexpr Ipv4Address kProxy = Ipv4Address::of(10, 0, 0, 9);
  static constexpr Instant kStart{std::chrono::seconds(1000)};

  BootBuilder() : BootBuilder(kClient, kAddress, 0x12345678) {}
  BootBuilder(MacAddress mac, Ipv4Address address, std::uint32_t xid)
      : address_(address), xid_(xid) {
    boot_.mac = mac;
    boot_.address = address;
    boot_.architecture = 9;
    boot_.begun = kStart;
    boot_.is_network_boot = true;
    boot_.verdict.kind = BootVerdict::Kind::Booted;
    boot_.verdict.text = "it runs";
  }

  BootBuilder& after(Duration pause) {
    at_ += pause - std::chrono::milliseconds(10);
    return *this;
  }
  // Changes a message before it is told.
  using Edit = std::function<void(dhcp::Message&)>;

  BootBuilder& discover(const Edit& edit = {}) {
    dhcp::Message message = question(dhcp::MessageType::Discover);
    message.add_text(dhcp::OptionCode::VendorClass, "PXEClient:Arch:00009:UNDI:003016");
    message.add_u16(dhcp::OptionCode::ClientArchitecture, 9);
    return add(message, kNobody, kEverybody, edit);
  }
  BootBuilder& offer(Ipv4Address server = kDhcp, const Edit& edit = {}) {
    dhcp::Message message = answer(dhcp::MessageType::Offer, server);
    message.header.yiaddr = address_;
    return add(message, {server, 67}, kAllClients, edit);
  }
  BootBuilder& proxy_offer(const std::string& file, Ipv4Address server = kProxy,
                           const Edit& edit = {}) {
    dhcp::Message message = answer(dhcp::MessageType::Offer, server);
    message.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    message.header.siaddr = server;
    if (!file.empty()) message.add_text(dhcp::OptionCode::BootFileName, file);
    return add(message, {server, 67}, kAllClients, edit);
  }
  BootBuilder& request(const Edit& edit = {}) {
    dhcp::Message message = question(dhcp::MessageType::Request);
    message.add_address(dhcp::OptionCode::RequestedAddress, address_);
    message.add_address(dhcp::OptionCode::ServerIdentifier, kDhcp);
    return add(message, kNobody, kEverybody, edit);
  }
  BootBuilder& ack(const Edit& edit = {}) {
    dhcp::Message message = answer(dhcp::MessageType::Ack, kDhcp);
    message.header.yiaddr = address_;
    message.add_u32(dhcp::OptionCode::LeaseTime, 3600);
    return add(message, {kDhcp, 67}, kAllClients, edit);
  }
  BootBuilder& boot_server_request(const Edit& edit = {}) {
    dhcp::Message message = question(dhcp::MessageType::Request);
    message.header.ciaddr = address_;
    return add(message, {address_, 68}, {kProxy, 4011}, edit);
  }
  BootBuilder& boot_server_ack(const std::string& file, const Edit& edit = {}) {
    dhcp::Message message = answer(dhcp::MessageType::Ack, kProxy);
    if (!file.empty()) message.add_text(dhcp::OptionCode::BootFileName, file);
    return add(message, {kProxy, 4011}, {address_, 4011}, edit);
  }
  BootBuilder& file(std::string name, std::uint64_t octets, Duration takes) {
    TransferStep step = transfer(std::move(name));
    step.outcome = TransferStep::Outcome::Complete;
    step.octets = octets;
    step.blocks = octets / 1468 + 1;
    step.ended = step.begun + takes;
    return add(step);
  }
  BootBuilder& miss(std::string name) {
    TransferStep step = transfer(std::move(name));
    step.outcome = TransferStep::Outcome::Refused;
    step.error_code = 1;
    step.error_text = "File not found";
    return add(step);
  }
  BootBuilder& unanswered(std::string name) { return add(transfer(std::move(name))); }

  // The last file's particulars, to change what the test is about.
  TransferStep& last_transfer() { return std::get<TransferStep>(boot_.steps.back().what); }
  Boot& boot() { return boot_; }

 private:
  static constexpr Endpoint kNobody{{}, 68};
  static constexpr Endpoint kEverybody{Ipv4Address::broadcast(), 67};
  static constexpr Endpoint kAllClients{Ipv4Address::broadcast(), 68};

  dhcp::Message question(dhcp::MessageType type) const {
    dhcp::Message message;
    message.header.xid = xid_;
    message.header.set_mac(boot_.mac);
    message.add_type(type);
    return message;
  }
  dhcp::Message answer(dhcp::MessageType type, Ipv4Address server) const {
    dhcp::Message message = question(type);
    message.header.op = dhcp::kBootReply;
    message.add_address(dhcp::OptionCode::ServerIdentifier, server);
    return message;
  }
  BootBuilder& add(dhcp::Message& message, Endpoint source, Endpoint destination,
                   const Edit& edit) {
    if (edit) edit(message);
    const Bytes octets = dhcp::encode(message);
    return add(read_dhcp_step(source, destination, *dhcp::MessageView::parse(octets)));
  }
  TransferStep transfer(std::string name) {
    TransferStep step;
    step.client = {address_, static_cast<std::uint16_t>(2000 + packet_)};
    step.server = {kProxy, 69};
    step.asked = kProxy;
    step.filename = std::move(name);
    step.mode = "octet";
    step.begun = at_;
    step.ended = at_;
    return step;
  }
  template <typename What>
  BootBuilder& add(What what) {
    boot_.steps.push_back({at_, packet_, packet_, std::move(what)});
    boot_.ended = at_;
    ++packet_;
    at_ += std::chrono::milliseconds(10);
    return *this;
  }

  Boot boot_;
  Ipv4Address address_;
  std::uint32_t xid_;
  Instant at_ = kStart;
  std::uint32_t packet_ = 1;
};

}  // namespace pxeproof::trace
