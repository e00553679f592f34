#include "tests/support/capture_script.h"

#include <algorithm>
#include <array>

#include "protocol/frames/build.h"
#include "tests/support/script_messages.h"
#include "trace/boot_grouper.h"
#include "trace/capture_file.h"

namespace pxeproof::testing {

namespace {

using namespace std::chrono_literals;

constexpr Duration kStep = 1ms;
constexpr Endpoint kEverybody{Ipv4Address::broadcast(), dhcp::kClientPort};

std::uint8_t ttl_of(const ScriptClient& client) {
  switch (client.make) {
    case ScriptClient::Make::Intel:
      return 20;
    case ScriptClient::Make::Uboot:
      return 255;
    case ScriptClient::Make::Pi:
      return 128;
    case ScriptClient::Make::Edk2:
    case ScriptClient::Make::HttpBoot:
    case ScriptClient::Make::Ipxe:
    case ScriptClient::Make::Plain:
      return 64;
  }
  return 64;
}

Endpoint tftp_end(const ScriptClient& client) { return {client.address, client.next_port}; }

}  // namespace

ScriptClient edk2_client() { return {}; }

ScriptClient ipxe_client() {
  ScriptClient client;
  client.make = ScriptClient::Make::Ipxe;
  client.architecture = 0;
  return client;
}

ScriptClient intel_client() {
  ScriptClient client;
  client.make = ScriptClient::Make::Intel;
  client.architecture = 0;
  client.xid = 0x01123456;
  return client;
}

CaptureScript& CaptureScript::wait(Duration duration) {
  now_ += duration;
  return *this;
}

CaptureScript& CaptureScript::frame(Bytes octets) {
  frames.push_back({now_, 0, std::move(octets)});
  now_ += kStep;
  return *this;
}

CaptureScript& CaptureScript::udp(const MacAddress& from_mac, const MacAddress& to_mac,
                                  const Endpoint& from, const Endpoint& to, ByteView payload,
                                  std::uint8_t ttl) {
  return frame(frames::build_udp({.destination_mac = to_mac,
                                  .source_mac = from_mac,
                                  .source = from,
                                  .destination = to,
                                  .identification = identification_++,
                                  .ttl = ttl},
                                 payload));
}

CaptureScript& CaptureScript::say(ScriptClient& client, dhcp::Message message, const Endpoint& from,
                                  const Endpoint& to) {
  const MacAddress target =
      to.address.is_broadcast() ? MacAddress::broadcast() : MacAddress{{2, 0, 0, 0, 0, 99}};
  return udp(client.mac, target, from, to, encode_as(client, message), ttl_of(client));
}

CaptureScript& CaptureScript::discover(ScriptClient& client, std::uint16_t secs) {
  dhcp::Message message = question_of(client, dhcp::MessageType::Discover);
  message.header.secs = secs;
  return say(client, message, {{}, dhcp::kClientPort},
             {Ipv4Address::broadcast(), dhcp::kServerPort});
}

CaptureScript& CaptureScript::request(ScriptClient& client, const ScriptServer& server) {
  dhcp::Message message = question_of(client, dhcp::MessageType::Request);
  message.add_address(dhcp::OptionCode::ServerIdentifier, server.address);
  message.add_address(dhcp::OptionCode::RequestedAddress, client.address);
  return say(client, message, {{}, dhcp::kClientPort},
             {Ipv4Address::broadcast(), dhcp::kServerPort});
}

CaptureScript& CaptureScript::ask_4011(ScriptClient& client, Ipv4Address server,
                                       std::optional<pxe::BootItem> item) {
  dhcp::Message message = question_of(client, dhcp::MessageType::Request);
  message.header.ciaddr = client.address;
  if (item) {
    pxe::VendorOptions vendor;
    vendor.add_item(*item);
    message.add(dhcp::OptionCode::VendorSpecific, pxe::encode(vendor));
  }
  const bool from_68 = client.make == ScriptClient::Make::Ipxe;
  return say(client, message, {client.address, from_68 ? dhcp::kClientPort : dhcp::kBootServerPort},
             {server, dhcp::kBootServerPort});
}

CaptureScript& CaptureScript::reply(const ScriptClient& client, const ScriptServer& server,
                                    dhcp::MessageType type, const Answer& answer,
                                    std::uint16_t from_port, const Endpoint& to) {
  const Bytes octets = answer_octets(client, server, type, answer);
  const MacAddress target = to.address.is_broadcast() ? MacAddress::broadcast() : client.mac;
  return udp(server.mac, target, {server.address, from_port}, to, octets);
}

CaptureScript& CaptureScript::offer(const ScriptClient& client, const ScriptServer& server,
                                    const Answer& answer) {
  return reply(client, server, dhcp::MessageType::Offer, answer, dhcp::kServerPort, kEverybody);
}

CaptureScript& CaptureScript::ack(const ScriptClient& client, const ScriptServer& server,
                                  const Answer& answer) {
  return reply(client, server, dhcp::MessageType::Ack, answer, dhcp::kServerPort, kEverybody);
}

CaptureScript& CaptureScript::nak(const ScriptClient& client, const ScriptServer& server) {
  return reply(client, server, dhcp::MessageType::Nak, {}, dhcp::kServerPort, kEverybody);
}

CaptureScript& CaptureScript::answer_4011(const ScriptClient& client, const ScriptServer& server,
                                          const Answer& answer) {
  const bool to_68 = client.make == ScriptClient::Make::Ipxe;
  return reply(client, server, dhcp::MessageType::Ack, answer, dhcp::kBootServerPort,
               {client.address, to_68 ? dhcp::kClientPort : dhcp::kBootServerPort});
}

CaptureScript& CaptureScript::repeat_rrq(ScriptClient& client, const ScriptServer& server,
                                         std::string name, std::vector<tftp::Option> options) {
  const tftp::Request request{.filename = std::move(name), .options = std::move(options)};
  return udp(client.mac, server.mac, tftp_end(client), {server.address, tftp::kPort},
             tftp::encode(request), ttl_of(client));
}

CaptureScript& CaptureScript::rrq(ScriptClient& client, const ScriptServer& server,
                                  std::string name, std::vector<tftp::Option> options) {
  ++client.next_port;
  return repeat_rrq(client, server, std::move(name), std::move(options));
}

CaptureScript& CaptureScript::from_server(const ScriptClient& client, const ScriptServer& server,
                                          const tftp::Packet& packet) {
  return udp(server.mac, client.mac, {server.address, server_port}, tftp_end(client),
             tftp::encode(packet));
}

CaptureScript& CaptureScript::from_client(const ScriptClient& client, const ScriptServer& server,
                                          const tftp::Packet& packet) {
  return udp(client.mac, server.mac, tftp_end(client), {server.address, server_port},
             tftp::encode(packet), ttl_of(client));
}

CaptureScript& CaptureScript::data(const ScriptClient& client, const ScriptServer& server,
                                   std::uint16_t block, std::size_t size) {
  Bytes content(size, 'x');
  // As an EFI program begins.
  constexpr std::array<std::uint8_t, 2> kMark{'M', 'Z'};
  if (block == 1 && size >= kMark.size()) std::ranges::copy(kMark, content.begin());
  return from_server(client, server, tftp::Data{block, content});
}

CaptureScript& CaptureScript::data_ack(const ScriptClient& client, const ScriptServer& server,
                                       std::uint16_t block, std::size_t size) {
  data(client, server, block, size);
  return from_client(client, server, tftp::Ack{block, {}});
}

CaptureScript& CaptureScript::fetch(ScriptClient& client, const ScriptServer& server,
                                    const std::string& name, std::size_t size,
                                    std::uint16_t block_size) {
  const std::string blksize = std::to_string(block_size);
  rrq(client, server, name, {{"blksize", blksize}});
  from_server(client, server, tftp::Oack{{{"blksize", blksize}}, {}});
  from_client(client, server, tftp::Ack{0, {}});
  std::uint16_t block = 1;
  for (std::size_t left = size; left >= block_size; left -= block_size) {
    data_ack(client, server, block++, block_size);
  }
  return data_ack(client, server, block, size % block_size);
}

CaptureScript& CaptureScript::miss(ScriptClient& client, const ScriptServer& server,
                                   const std::string& name) {
  rrq(client, server, name, {{"tsize", "0"}, {"blksize", "1408"}});
  return from_server(client, server,
                     tftp::Error{.code = 1, .text = "file not found", .trailer = {}});
}

CaptureScript& CaptureScript::probe(ScriptClient& client, const ScriptServer& server,
                                    const std::string& name, std::size_t size) {
  rrq(client, server, name, {{"tsize", "0"}, {"blksize", "1468"}});
  from_server(client, server,
              tftp::Oack{{{"tsize", std::to_string(size)}, {"blksize", "1468"}}, {}});
  return from_client(client, server,
                     tftp::Error{.code = 8, .text = "User aborted the transfer", .trailer = {}});
}

CaptureScript& CaptureScript::lease(ScriptClient& client, const Answer& extra) {
  Answer answer = extra;
  answer.yiaddr = client.address;
  discover(client);
  offer(client, kRouter, answer);
  request(client, kRouter);
  return ack(client, kRouter, answer);
}

CaptureScript& CaptureScript::lease_with_proxy(ScriptClient& client, const Answer& proxy,
                                               const Answer& router) {
  Answer answer = router;
  answer.yiaddr = client.address;
  Answer from_proxy = proxy;
  if (from_proxy.vendor_class.empty()) from_proxy.vendor_class = "PXEClient";
  discover(client);
  offer(client, kRouter, answer);
  offer(client, kProxy, from_proxy);
  request(client, kRouter);
  return ack(client, kRouter, answer);
}

CaptureScript& CaptureScript::port_unreachable(const ScriptServer& from, const ScriptClient& client,
                                               const Endpoint& client_end,
                                               const Endpoint& server_end) {
  const Bytes quoted = frames::build_udp({.destination_mac = from.mac,
                                          .source_mac = client.mac,
                                          .source = client_end,
                                          .destination = server_end},
                                         Bytes(8, 0));
  return frame(frames::build_port_unreachable({.destination_mac = client.mac,
                                               .source_mac = from.mac,
                                               .source = from.address,
                                               .destination = client.address},
                                              ByteView(quoted).subspan(14)));
}

CaptureScript& CaptureScript::arp_request(const ScriptClient& client, Ipv4Address target) {
  return frame(frames::build_arp({.operation = frames::kArpRequest,
                                  .sender_mac = client.mac,
                                  .sender_address = client.address,
                                  .target_mac = {},
                                  .target_address = target},
                                 MacAddress::broadcast()));
}

CaptureScript& CaptureScript::http_get(ScriptClient& client, const ScriptServer& server,
                                       const std::string& target,
                                       std::optional<std::uint16_t> status) {
  const Endpoint from{client.address, ++client.next_port};
  const Endpoint to{server.address, 80};
  frame(tcp_frame(client.mac, server.mac, from, to,
                  "GET " + target + " HTTP/1.1\r\nHost: boot\r\n\r\n"));
  if (!status) return *this;
  const std::string length = *status == 200 ? "" : "Content-Length: 0\r\n";
  return frame(tcp_frame(server.mac, client.mac, to, from,
                         "HTTP/1.1 " + std::to_string(*status) + " answer\r\n" + length + "\r\n"));
}

CaptureScript& CaptureScript::http_content(ScriptClient& client, const ScriptServer& server,
                                           const std::string& target, std::size_t length,
                                           std::size_t sent, Content end,
                                           std::string_view beginning) {
  constexpr std::size_t kSegment = 1000;
  constexpr std::size_t kSequence = 38;  // behind Ethernet, IPv4 and the ports
  constexpr std::size_t kFlags = 47;
  const Endpoint from{client.address, ++client.next_port};
  const Endpoint to{server.address, 80};
  // Near the end of the numbers, which come round again.
  std::uint32_t sequence = 0xfffffe00;
  const auto segment = [&](const std::string& text, std::uint8_t flags) {
    Bytes octets = tcp_frame(server.mac, client.mac, to, from, text);
    for (std::size_t i = 0; i < 4; ++i) {
      octets[kSequence + i] = static_cast<std::uint8_t>(sequence >> (24 - 8 * i));
    }
    if (flags != 0) octets[kFlags] = flags;
    sequence += static_cast<std::uint32_t>(text.size());
    frame(std::move(octets));
  };
  frame(tcp_frame(client.mac, server.mac, from, to,
                  "GET " + target + " HTTP/1.1\r\nHost: boot\r\n\r\n"));
  const std::size_t first = std::min(sent, kSegment);
  segment("HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: " + std::to_string(length) +
              "\r\n\r\n" + std::string(beginning) +
              std::string(first - std::min(first, beginning.size()), 'x'),
          0);
  if (end == Content::HeaderOnly) return *this;
  for (std::size_t at = first; at < sent; at += kSegment) {
    segment(std::string(std::min(kSegment, sent - at), 'x'), 0);
  }
  constexpr std::uint8_t kFinAck = 0x11;
  constexpr std::uint8_t kReset = 0x04;
  if (end == Content::Closed) segment("", kFinAck);
  if (end == Content::Reset) segment("", kReset);
  return *this;
}

CaptureScript& CaptureScript::connect(ScriptClient& client, const ScriptServer& server,
                                      std::uint16_t port, Connect answer) {
  constexpr std::size_t kFlags = 47;  // behind Ethernet, IPv4 and 13 octets of TCP
  constexpr std::uint8_t kSyn = 0x02;
  constexpr std::uint8_t kSynAck = 0x12;
  constexpr std::uint8_t kResetAck = 0x14;
  const Endpoint from{client.address, ++client.next_port};
  const Endpoint to{server.address, port};
  Bytes asked = tcp_frame(client.mac, server.mac, from, to, "");
  asked[kFlags] = kSyn;
  frame(std::move(asked));
  if (answer == Connect::Silent) return *this;
  Bytes answered = tcp_frame(server.mac, client.mac, to, from, "");
  answered[kFlags] = answer == Connect::Open ? kSynAck : kResetAck;
  return frame(std::move(answered));
}

CaptureScript& CaptureScript::edit(const std::function<void(Bytes&)>& change) {
  for (Frame& each : frames) change(each.octets);
  return *this;
}

std::vector<trace::Boot> boots_of(const CaptureScript& script, Duration silence) {
  trace::BootGrouper grouper;
  std::uint32_t number = 0;
  Instant last = script.now();
  for (const CaptureScript::Frame& frame : script.frames) {
    grouper.on_frame({++number, frame.at, frame.interface, frame.octets});
    last = std::max(last, frame.at);
  }
  // Somebody else's frame shows that the capture went on.
  grouper.on_frame({number + 1, last + silence, 0, Bytes(60, 0)});
  grouper.finish();
  std::vector<trace::Boot> boots;
  while (auto boot = grouper.poll_boot()) boots.push_back(std::move(*boot));
  std::ranges::sort(boots, {}, [](const trace::Boot& boot) { return boot.number; });
  return boots;
}

std::string save(const CaptureScript& script, const std::string& path) {
  auto writer = trace::PcapWriter::create(path);
  if (!writer) return writer.error().message;
  for (const CaptureScript::Frame& frame : script.frames) {
    writer->write(frame.at.time_since_epoch(), frame.octets);
  }
  return path;
}

}  // namespace pxeproof::testing
