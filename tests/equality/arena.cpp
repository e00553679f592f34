#include "tests/equality/arena.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <sstream>

#include "live/listening_ports.h"
#include "live/monotonic_clock.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::equality {

namespace {

using namespace std::chrono_literals;

// Generous: nothing waits for it unless something is broken. A virtual machine that was halted has
// been seen to come back 80 s later.
constexpr Duration kPatience = 100s;
constexpr Ipv4Address kPinger = Ipv4Address::of(192, 168, 77, 250);
constexpr std::uint16_t kEchoIdentifier = 0x5058;
constexpr std::string_view kServing = "serving, seed";  // pxeproof serve, when everything is open

// A process and all it started.
std::vector<pid_t> family(pid_t pid) {
  std::vector<pid_t> members{pid};
  for (std::size_t at = 0; at < members.size(); ++at) {
    std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", members[at]));
    pid_t child = 0;
    while (children >> child) members.push_back(child);
  }
  return members;
}

bool sleeps(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  const std::size_t behind_name = line.rfind(") ");
  return behind_name != std::string::npos && line[behind_name + 2] == 'S';
}

// Whether no UDP socket of the server's network namespace holds unread datagrams.
bool has_read_all(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/net/udp", pid));
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string slot;
    std::string local;
    std::string remote;
    std::string state;
    std::string queues;
    fields >> slot >> local >> remote >> state >> queues;
    const std::size_t colon = queues.find(':');
    if (colon == std::string::npos) continue;
    if (queues.find_first_not_of('0', colon + 1) != std::string::npos) return false;
  }
  return true;
}

bool gives_address(const Reply& reply) {
  const auto view = dhcp::MessageView::parse(reply.payload);
  return view && !view->yiaddr().is_unspecified();
}

void fill_in(Step& step, const Reply* last) {
  if (step.fill == Step::Fill::Nothing || last == nullptr) return;
  const auto view = dhcp::MessageView::parse(last->payload);
  if (!view) return;
  const Ipv4Address address = view->yiaddr();
  const auto server = view->address(dhcp::OptionCode::ServerIdentifier);
  const auto name_server = [&] {
    if (server) step.message.add_address(dhcp::OptionCode::ServerIdentifier, *server);
  };
  switch (step.fill) {
    case Step::Fill::Nothing:
      return;
    case Step::Fill::Selected:
      name_server();
      [[fallthrough]];
    case Step::Fill::Wanted:
      step.message.add_address(dhcp::OptionCode::RequestedAddress, address);
      return;
    case Step::Fill::Held:
      step.message.header.ciaddr = address;
      step.source.address = address;
      if (step.message.find(dhcp::OptionCode::MessageType)->value == Bytes{7}) name_server();
      return;
  }
}

}  // namespace

MacAddress neighbour_mac(Ipv4Address address) {
  const auto octets = address.octets();
  return {{0x02, 0xaa, octets[0], octets[1], octets[2], octets[3]}};
}

std::string describe(const Reply& reply) {
  std::string text = fmt::format("{} {} -> {} {} tos {:02x} ttl {} df {} size {}\n",
                                 to_string(reply.source_mac), to_string(reply.source),
                                 to_string(reply.destination_mac), to_string(reply.destination),
                                 reply.tos, reply.ttl, reply.dont_fragment, reply.payload.size());
  const auto message = dhcp::decode(reply.payload);
  if (!message) return text + to_hex(reply.payload) + "\n";
  const dhcp::Header& header = message->header;
  text += fmt::format(
      "op {} htype {} hlen {} hops {} xid {:08x} secs {} flags {:04x} ciaddr {} yiaddr {} siaddr "
      "{} giaddr {} chaddr {}\n",
      header.op, header.htype, header.hlen, header.hops, header.xid, header.secs, header.flags,
      to_string(header.ciaddr), to_string(header.yiaddr), to_string(header.siaddr),
      to_string(header.giaddr), to_hex(header.chaddr));
  text += fmt::format("sname \"{}\" file \"{}\"\n", printable(header.sname_text()),
                      printable(header.file_text()));
  for (const dhcp::Option& option : message->options) {
    text += fmt::format("  {} = {}\n", option.code, to_hex(option.value));
  }
  return text + fmt::format("  end {} and {} octets\n", message->end, message->after_end.size());
}

std::unique_ptr<Arena> Arena::make() {
  auto network = live::LabNetwork::create();
  EXPECT_TRUE(network) << network.error().message;
  if (!network) return nullptr;
  auto host = network->add_host(
      {.name = "server", .mac = kServerMac, .address = {kServer, kNetmask}, .gateway = kGateway});
  EXPECT_TRUE(host) << host.error().message;
  auto name = network->add_port("clients");
  EXPECT_TRUE(name) << name.error().message;
  auto directory = live::TemporaryDirectory::create("pxeproof-equality-");
  EXPECT_TRUE(directory) << directory.error().message;
  if (!host || !name || !directory) return nullptr;
  auto port = live::PacketPort::open(*name);
  EXPECT_TRUE(port) << port.error().message;
  if (!port) return nullptr;
  return std::unique_ptr<Arena>(
      new Arena(std::move(*network), std::move(*host), std::move(*port), std::move(*directory)));
}

std::optional<live::ChildProcess> Arena::start(Program program, const Scenario& scenario) {
  // A process number is no name for a file here: every run is process 2 of its own namespace.
  const std::string file = directory_.path() / "conf";
  std::ofstream(file) << scenario.text();
  // Nobody's neighbour is known, and nobody's lease.
  const auto flushed = live::run_to_end(
      {.program = "ip", .arguments = {"neigh", "flush", "all"}, .inherited = {}}, host_.joining());
  EXPECT_TRUE(flushed) << flushed.error().message;
  const std::string leases = fmt::format("--dhcp-leasefile=/run/leases.{}", ++runs_);
  live::Command command{.program = "dnsmasq",
                        .arguments = {"--no-daemon", "--conf-file=" + file, leases},
                        .inherited = {}};
  if (program == Program::Pxeproof) {
    command = {.program = PXEPROOF_PROGRAM,
               .arguments = {"serve", "--conf-file=" + file, leases, "--seed=1", "-v"},
               .inherited = {}};
  }
  auto server = host_.start(command);
  EXPECT_TRUE(server) << server.error().message;
  if (!server) return std::nullopt;
  std::vector<std::uint16_t> ports{67};
  if (scenario.speaks_pxe()) ports.push_back(4011);
  // Our server opens its ports in another process and joins groups later: only its own word says
  // that it is there. A datagram to a port would wait in its socket, one to a group is lost.
  bool has_begun = program == Program::Dnsmasq;
  std::string words;
  const Instant end = live::now() + kPatience;
  while (live::now() < end) {
    if (has_begun && live::listens_on(server->pid(), ports)) return std::move(*server);
    server->on_wake(live::now());
    for (const std::string& line : server->take_lines()) {
      has_begun = has_begun || line.find(kServing) != std::string::npos;
      words += line + "\n";
    }
    if (server->exit()) {
      words += to_string(*server->exit());
      break;
    }
    usleep(500);
  }
  ADD_FAILURE() << "the server does not listen with\n" << scenario.text() << words;
  return std::nullopt;
}

std::vector<Outcome> Arena::ask(Program program, const Scenario& scenario,
                                const std::vector<Step>& steps) {
  auto server = start(program, scenario);
  if (!server) return {};
  std::vector<Outcome> all;
  std::map<Bytes, Reply> last;  // that gave an address, by hardware address
  std::vector<Reply> early;
  holders_.clear();
  if (!settle(*server) || !echo(early)) return {};
  for (Step step : steps) {
    const Bytes hardware(step.message.header.chaddr.begin(), step.message.header.chaddr.end());
    const auto known = last.find(hardware);
    fill_in(step, known == last.end() ? nullptr : &known->second);
    std::vector<Reply> replies;
    if (!put(step, *server, replies)) {
      ADD_FAILURE() << "no end of step " << step.name << " with\n" << scenario.text();
      return {};
    }
    if (!replies.empty() && gives_address(replies.front())) {
      last[hardware] = replies.front();
      if (scenario.has_pool) {
        const auto answer = dhcp::MessageView::parse(replies.front().payload);
        holders_[answer->yiaddr()] = answer->mac();
      }
    }
    all.push_back({std::move(step), std::move(replies)});
    server->on_wake(live::now());
    if (server->exit()) {
      std::string words;
      for (const std::string& line : server->take_lines()) words += line + "\n";
      ADD_FAILURE() << "the server ended at step " << step.name << "\n" << words;
      return {};
    }
  }
  server->stop();
  return all;
}

bool Arena::put(const Step& step, live::ChildProcess& server, std::vector<Reply>& replies) {
  Bytes payload = step.raw;
  if (payload.empty()) dhcp::encode_into(step.message, dhcp::kMinimumMessage, payload);
  const Frame frame = frames::build_udp({.destination_mac = step.destination_mac,
                                         .source_mac = step.source_mac,
                                         .source = step.source,
                                         .destination = step.destination},
                                        payload);
  port_.send(std::span(&frame, 1));
  // The echo behind the request says that it has reached the sockets; then the server reads it, and
  // the echo behind its sleep says that its reply, if any, is here.
  if (!echo(replies) || !settle(server)) return false;
  std::size_t answered = 0;
  do {
    answered = arp_answers_;
    if (!echo(replies)) return false;
  } while (arp_answers_ != answered);
  return true;
}

bool Arena::settle(live::ChildProcess& server) {
  const Instant end = live::now() + kPatience;
  while (live::now() < end) {
    if (has_read_all(server.pid())) {
      bool all_sleep = true;
      for (const pid_t member : family(server.pid())) all_sleep = all_sleep && sleeps(member);
      if (all_sleep && has_read_all(server.pid())) return true;
    }
    usleep(200);
  }
  return false;
}

Frame Arena::echo_request(std::uint16_t sequence) const {
  Bytes icmp;
  ByteWriter writer(icmp);
  writer.u16(0x0800);
  writer.u16(0);
  writer.u16(kEchoIdentifier);
  writer.u16(sequence);
  writer.patch_u16(2, frames::internet_checksum(icmp));
  Frame frame = frames::build_udp({.destination_mac = kServerMac,
                                   .source_mac = neighbour_mac(kPinger),
                                   .source = {kPinger, 1},
                                   .destination = {kServer, 1}},
                                  {});
  // The same IP datagram with another protocol and payload; UDP and ICMP headers are of one size.
  constexpr std::size_t kIp = frames::kEthernetHeaderSize;
  frame[kIp + 9] = frames::kProtocolIcmp;
  frame[kIp + 10] = frame[kIp + 11] = 0;
  const std::uint16_t sum =
      frames::internet_checksum(ByteView(frame).subspan(kIp, frames::kIpv4HeaderSize));
  frame[kIp + 10] = static_cast<std::uint8_t>(sum >> 8U);
  frame[kIp + 11] = static_cast<std::uint8_t>(sum);
  frame.resize(kIp + frames::kIpv4HeaderSize);
  frame.insert(frame.end(), icmp.begin(), icmp.end());
  return frame;
}

bool Arena::echo(std::vector<Reply>& replies) {
  const std::uint16_t sequence = ++echoes_sent_;
  const Frame frame = echo_request(sequence);
  port_.send(std::span(&frame, 1));
  const Instant end = live::now() + kPatience;
  while (last_echo_ != sequence && live::now() < end) {
    pollfd wait{.fd = port_.descriptor(), .events = POLLIN, .revents = 0};
    poll(&wait, 1, 100);
    receive(replies);
  }
  return last_echo_ == sequence;
}

void Arena::receive(std::vector<Reply>& replies) {
  while (true) {
    const auto batch = port_.receive();
    if (!batch || batch->empty()) return;
    for (const ByteView frame : *batch) {
      const auto ethernet = frames::inspect_ethernet(frame);
      if (!ethernet || ethernet->source != kServerMac) continue;
      if (ethernet->type == frames::kEtherTypeArp) {
        answer_arp(frame);
        continue;
      }
      const auto udp = frames::inspect_udp(frame);
      if (udp) {
        replies.push_back({.destination_mac = udp->ethernet.destination,
                           .source_mac = udp->ethernet.source,
                           .source = udp->source,
                           .destination = udp->destination,
                           .tos = udp->tos,
                           .ttl = udp->ttl,
                           .dont_fragment = udp->dont_fragment,
                           .payload = {udp->payload.begin(), udp->payload.end()}});
        continue;
      }
      EXPECT_EQ(udp.error().fault, frames::Fault::ForeignProtocol);
      const ByteView icmp = frame.subspan(frames::kEthernetHeaderSize + frames::kIpv4HeaderSize);
      if (icmp.size() >= 8 && icmp[0] == 0) {
        last_echo_ = static_cast<std::uint16_t>(icmp[6] << 8U | icmp[7]);
      }
    }
  }
}

void Arena::answer_arp(ByteView frame) {
  const auto arp = frames::inspect_arp(frame);
  if (!arp || arp->operation != frames::kArpRequest || arp->target_address == kServer) return;
  const auto holder = holders_.find(arp->target_address);
  const Frame answer = frames::build_arp(
      {.operation = frames::kArpReply,
       .sender_mac = holder == holders_.end() ? neighbour_mac(arp->target_address) : holder->second,
       .sender_address = arp->target_address,
       .target_mac = arp->sender_mac,
       .target_address = arp->sender_address},
      arp->sender_mac);
  port_.send(std::span(&answer, 1));
  ++arp_answers_;
}

}  // namespace pxeproof::equality
