#pragma once

#include <string>

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

  BootBuilder() {
    boot_.mac = kClient;
    boot_.address = kAddress;
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
  BootBuilder& discover() {
    DhcpStep step = question(dhcp::MessageType::Discover);
    step.architecture = boot_.architecture;
    step.vendor_class = "PXEClient:Arch:00009:UNDI:003016";
    return add(step);
  }
  BootBuilder& offer(Ipv4Address server = kDhcp) {
    DhcpStep step = answer(dhcp::MessageType::Offer, server);
    step.yiaddr = kAddress;
    return add(step);
  }
  BootBuilder& proxy_offer(std::string file, Ipv4Address server = kProxy) {
    DhcpStep step = answer(dhcp::MessageType::Offer, server);
    step.vendor_class = "PXEClient";
    step.boot_file = std::move(file);
    return add(step);
  }
  BootBuilder& request() {
    DhcpStep step = question(dhcp::MessageType::Request);
    step.requested_address = kAddress;
    step.server_id = kDhcp;
    return add(step);
  }
  BootBuilder& ack() {
    DhcpStep step = answer(dhcp::MessageType::Ack, kDhcp);
    step.yiaddr = kAddress;
    step.lease_seconds = 3600;
    return add(step);
  }
  BootBuilder& boot_server_request() {
    DhcpStep step = question(dhcp::MessageType::Request);
    step.source = {kAddress, 68};
    step.destination = {kProxy, 4011};
    step.ciaddr = kAddress;
    return add(step);
  }
  BootBuilder& boot_server_ack(std::string file) {
    DhcpStep step = answer(dhcp::MessageType::Ack, kProxy);
    step.source.port = 4011;
    step.boot_file = std::move(file);
    return add(step);
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

  // The last step's particulars, to change what the test is about.
  DhcpStep& last_message() { return std::get<DhcpStep>(boot_.steps.back().what); }
  TransferStep& last_transfer() { return std::get<TransferStep>(boot_.steps.back().what); }
  Boot& boot() { return boot_; }

 private:
  DhcpStep question(dhcp::MessageType type) {
    DhcpStep step;
    step.type = type;
    step.client = kClient;
    step.xid = 0x12345678;
    step.source = {{}, 68};
    step.destination = {Ipv4Address::broadcast(), 67};
    return step;
  }
  DhcpStep answer(dhcp::MessageType type, Ipv4Address server) {
    DhcpStep step;
    step.type = type;
    step.direction = DhcpStep::Direction::ToClient;
    step.client = kClient;
    step.xid = 0x12345678;
    step.source = {server, 67};
    step.destination = {Ipv4Address::broadcast(), 68};
    step.server_id = server;
    return step;
  }
  TransferStep transfer(std::string name) {
    TransferStep step;
    step.client = {kAddress, static_cast<std::uint16_t>(2000 + packet_)};
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
  Instant at_ = kStart;
  std::uint32_t packet_ = 1;
};

}  // namespace pxeproof::trace
