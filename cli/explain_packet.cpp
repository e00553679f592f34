#include "cli/explain_packet.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "cli/disk_files.h"
#include "cli/lab_plan.h"
#include "cli/server_resources.h"
#include "live/text_file.h"
#include "live/watchdog.h"
#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/tftp/packet.h"
#include "server/boot_choice.h"
#include "server/boot_service.h"
#include "server/tftp_options.h"
#include "trace/capture_reader.h"
#include "trace/packet_text.h"
#include "trace/seen_packet.h"

namespace pxeproof::cli {

namespace {

constexpr Ipv4Address kDefaultNetmask = Ipv4Address::of(255, 255, 255, 0);
constexpr MacAddress kServerMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x02}};
constexpr std::uint32_t kInterfaceIndex = 2;
constexpr std::uint8_t kIpProtocolUdp = 17;
constexpr std::uint64_t kSeed = 1;
constexpr std::string_view kImagined =
    " (imagined, as nothing names the server's own; give it with --listen-address)";

struct PacketName {
  std::string file;
  std::optional<std::uint32_t> number;
};

// A UDP datagram as the capture holds it, with octets of its own.
struct Packet {
  std::uint32_t number = 0;
  Endpoint source;
  Endpoint destination;
  MacAddress link_source;
  Bytes payload;
  std::string description;
  bool is_cut = false;
};

Outcome<PacketName> read_name(const std::string& text) {
  const std::size_t hash = text.rfind('#');
  if (hash == std::string::npos) return PacketName{text, std::nullopt};
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + hash + 1, end, number);
  if (error != std::errc{} || stopped != end || number == 0) {
    return wrong_usage(fmt::format(
        "--explain-packet: '{}' has no packet number behind the '#'; write FILE#3", text));
  }
  return PacketName{text.substr(0, hash), number};
}

bool is_server_port(const server::Configuration& configuration, std::uint16_t port) {
  return port == configuration.dhcp_server_port || port == dhcp::kBootServerPort ||
         port == tftp::kPort;
}

Outcome<Packet> read_packet(const PacketName& name, const server::Configuration& configuration) {
  auto pipe = live::wait_for_pipe(name.file);
  if (!pipe) {
    return wrong_usage(
        fmt::format("{}: cannot be read ({}); name a capture file", name.file, pipe.error()));
  }
  // What comes out of a pipe may take its time, and whoever waits wants to know for what.
  const live::Watchdog notice(
      {.limit = std::chrono::seconds(5),
       .message = fmt::format("{}: still waiting for the packet; Ctrl-C ends it", name.file),
       .exit_code = std::nullopt});
  auto reader = trace::CaptureReader::open(name.file);
  pipe->close();
  if (!reader) return wrong_usage(reader.error().message);
  while (const auto frame = reader->next()) {
    if (name.number && frame->number != *name.number) continue;
    const auto seen = trace::see_packet(frame->octets);
    const bool is_udp = seen && seen->protocol == kIpProtocolUdp;
    const bool is_heard = is_udp && is_server_port(configuration, seen->destination.port);
    if (!is_heard && !name.number) continue;
    if (!is_heard) {
      return fail(Failure{
          ExitCode::NothingTested,
          fmt::format("{}#{}: not a packet to port {}, 4011 or 69, so no boot server hears it; "
                      "name one that a client sent to a server",
                      name.file, frame->number, configuration.dhcp_server_port)});
    }
    return Packet{.number = frame->number,
                  .source = seen->source,
                  .destination = seen->destination,
                  .link_source = seen->facts.link_source,
                  .payload = Bytes(seen->payload.begin(), seen->payload.end()),
                  .description = trace::describe_packet(frame->octets),
                  .is_cut = seen->is_cut()};
  }
  if (reader->error()) return wrong_usage(reader->error()->message);
  if (name.number) {
    return wrong_usage(fmt::format("{}#{}: the capture has only {} packets", name.file,
                                   *name.number, reader->counts().frames));
  }
  return fail(
      Failure{ExitCode::NothingTested, fmt::format("{}: no packet to port {}, 4011 or 69 in it",
                                                   name.file, configuration.dhcp_server_port)});
}

bool is_host_of(const Subnet& subnet, Ipv4Address address) {
  return subnet.contains(address) && address != subnet.network() && address != subnet.broadcast();
}

std::optional<Subnet> served_subnet(const server::Configuration& configuration,
                                    Ipv4Address address) {
  for (const server::DhcpRange& range : configuration.ranges) {
    const Subnet subnet{address, range.netmask.value_or(kDefaultNetmask)};
    if (subnet.contains(range.start) && is_host_of(subnet, address)) return subnet;
  }
  return std::nullopt;
}

// Option 54: the server that the client has chosen.
std::optional<Ipv4Address> chosen_server(const Packet& packet) {
  if (packet.destination.port == tftp::kPort) return std::nullopt;
  const auto message = dhcp::MessageView::parse(packet.payload);
  if (!message) return std::nullopt;
  return message->address(dhcp::OptionCode::ServerIdentifier);
}

// The servers of files and boot types: each may be this server, and need not.
std::set<Ipv4Address> named_servers(const server::Configuration& configuration) {
  std::set<Ipv4Address> servers;
  for (const server::DhcpBoot& boot : configuration.boots) {
    if (boot.server) servers.insert(*boot.server);
  }
  for (const server::PxeService& service : configuration.services) {
    if (service.server) servers.insert(*service.server);
  }
  return servers;
}

// A place at an address that nothing in the configuration has another use for.
LabPlan imagine_place(server::Configuration configuration, Ipv4Address fallback) {
  const std::set<Ipv4Address> named = named_servers(configuration);
  for (server::DhcpBoot& boot : configuration.boots) boot.server.reset();
  for (server::PxeService& service : configuration.services) service.server.reset();
  LabPlan plan;
  plan.boot_server = {fallback, kDefaultNetmask};
  if (auto planned = plan_lab(configuration, "configuration")) plan = *std::move(planned);
  Subnet next = plan.boot_server;
  while (named.contains(next.address) && is_host_of(next, next.address)) ++next.address.value;
  if (is_host_of(next, next.address)) plan.boot_server = next;
  return plan;
}

// Where the packet is heard, and whether nothing says that the server has this address.
struct Place {
  NetworkInterface interface;
  bool is_imagined = false;
};

// The server as the packet and the configuration have it: at the address that the client wrote to,
// else at that of listen-address or of the server that the client has chosen.
Place imagine_interface(const server::Configuration& configuration, const Packet& packet) {
  const LabPlan plan = imagine_place(configuration, packet.destination.address);
  Place place;
  place.interface.index = kInterfaceIndex;
  place.interface.name = plan.interface;
  place.interface.mac = kServerMac;
  std::vector<Ipv4Address> told{packet.destination.address};
  told.insert(told.end(), configuration.listen_addresses.begin(),
              configuration.listen_addresses.end());
  if (const auto chosen = chosen_server(packet)) told.push_back(*chosen);
  for (const Ipv4Address address : told) {
    if (address.is_broadcast() || address.is_multicast()) continue;
    const auto subnet = served_subnet(configuration, address);
    // What was sent to one address alone is heard where that is, served or not.
    const Subnet own{address, kDefaultNetmask};
    const bool is_written_to = address == packet.destination.address && is_host_of(own, address);
    if (!subnet && !is_written_to) continue;
    place.interface.addresses = {subnet.value_or(own)};
    return place;
  }
  place.interface.addresses = {plan.boot_server};
  place.is_imagined = true;
  return place;
}

std::string describe_location(const server::SourceLocation& location) {
  return location.file.empty() ? std::string("the command line") : server::to_string(location);
}

// The one service of a UEFI client takes dhcp-boot's place, but not in a lease.
bool goes_without_boot(const server::ServerEvent& event, const server::BootChoice& choice) {
  using Kind = server::ServerEvent::Kind;
  const bool is_proxy = event.kind == Kind::ProxyOffered || event.kind == Kind::ProxyAcknowledged;
  return event.kind == Kind::ItemAcknowledged || (is_proxy && choice.single_service({}) != nullptr);
}

// The lines that count for a client of these tags and the architecture that was served.
std::string matching_lines(const server::CompiledConfiguration& compiled,
                           const std::vector<std::string>& tags, const server::ServerEvent& event) {
  server::TagBits bits;
  bits.reset(compiled.tags().size());
  for (const std::string& name : tags) {
    if (const auto id = compiled.tags().find(name)) bits.set(*id);
  }
  server::Architectures architectures;
  architectures.numbers[architectures.count++] = *event.architecture;
  server::BootChoice choice;
  server::choose_boot(compiled, {}, architectures, bits, choice);
  std::string text;
  for (const server::Service* service : choice.services) {
    const server::PxeService& line = *service->line;
    const bool is_other = event.kind == server::ServerEvent::Kind::ItemAcknowledged && event.item &&
                          event.item->type != line.type;
    if (is_other) continue;
    text += fmt::format("  pxe-service \"{}\" {} ({})\n", printable(line.menu_text),
                        line.basename.empty() ? "without a file" : printable(line.basename),
                        describe_location(line.location));
  }
  if (choice.boot != nullptr && !goes_without_boot(event, choice)) {
    const server::DhcpBoot& line = *choice.boot->line;
    text += fmt::format("  dhcp-boot {} ({})\n", printable(line.file),
                        describe_location(line.location));
  }
  return text.empty() ? "  none\n" : text;
}

std::string describe_options(const dhcp::Message& message) {
  std::string text;
  for (const dhcp::Option& option : message.options) {
    text += fmt::format("  {:>3} {:<24} {}\n", option.code, dhcp::option_name(option.code),
                        to_hex(option.value));
  }
  return text;
}

std::string addressing_text(LinkAddressing addressing) {
  switch (addressing) {
    case LinkAddressing::Broadcast:
      return "as an Ethernet broadcast";
    case LinkAddressing::Direct:
      return "to the client's MAC address, without ARP";
    case LinkAddressing::Resolve:
      return "by routing and ARP";
  }
  return {};
}

// The offline server and what it did with the packet.
class Trial {
 public:
  Trial(const server::Configuration& configuration, const Packet& packet)
      : packet_(packet),
        place_(imagine_interface(configuration, packet)),
        interface_(place_.interface),
        compiled_(configuration, {interface_.name}) {
    if (configuration.serves_dhcp()) {
      dhcp_.emplace(configuration, std::vector{interface_},
                    server::DhcpServer::Options{.policy = {}, .seed = kSeed});
    }
    if (configuration.tftp.enabled) {
      server::TftpOptions options = server::tftp_options(configuration, {interface_});
      options.transfer_ports = server::draw_ports(49152, 65535, 1, Random(kSeed));
      const auto reader = configured_user(configuration);
      options.require_world_readable = reader && reads_as_root(*reader);
      tftp_.emplace(std::move(options), Random(kSeed));
    }
  }

  PacketExplanation run() {
    server::BootService service(dhcp_ ? &*dhcp_ : nullptr, tftp_ ? &*tftp_ : nullptr, files_);
    text_ = fmt::format("packet {}: {}\n", packet_.number,
                        packet_.description.empty() ? "(unreadable)" : packet_.description);
    if (packet_.is_cut) text_ += "  the capture cut it: what follows judges what is left\n";
    text_ += fmt::format("heard by {} {}{}\n", interface_.name,
                         to_string(interface_.addresses.front().address),
                         place_.is_imagined ? kImagined : "");
    const bool is_tftp = packet_.destination.port == tftp::kPort;
    if (is_tftp ? !tftp_ : !dhcp_) {
      text_ +=
          fmt::format("decision: not heard: {}\n", is_tftp ? "the configuration has no enable-tftp"
                                                           : "the configuration has no dhcp-range");
      return {std::move(text_), PacketExplanation::Fate::Silent};
    }
    const Instant now{};
    service.on_datagram(now, {.source = packet_.source,
                              .destination = packet_.destination,
                              .interface_index = kInterfaceIndex,
                              .payload = packet_.payload,
                              .source_mac = packet_.link_source});
    if (is_tftp) {
      tell_tftp();
    } else {
      tell_dhcp();
    }
    OutgoingDatagram reply;
    while (service.poll_transmit(reply)) tell_reply(reply);
    if (const auto due = service.poll_timeout(); due && fate_ == PacketExplanation::Fate::Silent) {
      service.on_timeout(*due);  // dhcp-reply-delay
      while (!is_tftp && service.poll_transmit(reply)) tell_reply(reply);
    }
    return {std::move(text_), fate_};
  }

 private:
  void tell_dhcp() {
    const std::vector<std::string> names = dhcp_->last_tags();
    std::string tags;
    for (const std::string& name : names) tags += (tags.empty() ? "" : ", ") + name;
    server::ServerEvent event;
    while (dhcp_->poll_event(event)) {
      const bool is_silent = event.kind == server::ServerEvent::Kind::Silent;
      text_ += fmt::format("tags: {}\n", tags.empty() ? "none" : tags);
      if (event.architecture) {
        text_ += fmt::format("lines for {}:\n{}", dhcp::describe_architecture(*event.architecture),
                             matching_lines(compiled_, names, event));
      }
      if (is_silent) {
        const unsigned row = server::row(event.reason);
        text_ += fmt::format("decision: silent, {}: {}{}\n", server::slug(event.reason),
                             server::to_string(event.reason),
                             row == 0 ? std::string() : fmt::format(" (filter row {})", row));
      } else {
        text_ += fmt::format("decision: {}\n", server::describe(event));
      }
      if (event.delay > Duration{}) {
        text_ += fmt::format("  sent after {} s (dhcp-reply-delay)\n", to_seconds(event.delay));
      }
    }
  }

  void tell_tftp() {
    server::TftpEvent event;
    while (tftp_->poll_event(event)) {
      text_ += fmt::format("decision: {}\n", to_string(event));
      is_refused_ = is_refused_ || std::holds_alternative<server::TftpRefused>(event.what);
    }
  }

  void tell_reply(const OutgoingDatagram& reply) {
    fate_ = is_refused_ ? PacketExplanation::Fate::Refused : PacketExplanation::Fate::Answered;
    Bytes payload = reply.head;
    payload.insert(payload.end(), reply.body.begin(), reply.body.end());
    Endpoint source = reply.source;
    if (source.address.is_unspecified()) source.address = interface_.addresses.front().address;
    const Bytes frame = frames::build_udp({.destination_mac = MacAddress::broadcast(),
                                           .source_mac = kServerMac,
                                           .source = source,
                                           .destination = reply.destination},
                                          payload);
    text_ += fmt::format("reply: {} octets to {}, {}\n  {}\n", payload.size(),
                         to_string(reply.destination), addressing_text(reply.addressing),
                         trace::describe_packet(frame));
    if (packet_.destination.port == tftp::kPort) return;
    const auto message = dhcp::decode(payload);
    if (!message) return;
    text_ += fmt::format("  siaddr {}, sname '{}', file '{}', flags {:04x}\n",
                         to_string(message->header.siaddr), printable(message->header.sname_text()),
                         printable(message->header.file_text()), message->header.flags);
    text_ += describe_options(*message);
  }

  const Packet& packet_;
  Place place_;
  const NetworkInterface& interface_;
  server::CompiledConfiguration compiled_;
  DiskFiles files_;
  std::optional<server::DhcpServer> dhcp_;
  std::optional<server::TftpServer> tftp_;
  std::string text_;
  bool is_refused_ = false;
  PacketExplanation::Fate fate_ = PacketExplanation::Fate::Silent;
};

}  // namespace

Outcome<PacketExplanation> explain_packet(const std::string& packet,
                                          const ConfigurationOrigin& origin) {
  const auto name = read_name(packet);
  if (!name) return fail(name.error());
  auto record = record_sources(origin);
  if (!record) return fail(record.error());
  const auto loaded = load_and_record(*record);
  if (!loaded) return fail(loaded.error());
  const auto found = read_packet(*name, loaded->configuration);
  if (!found) return fail(found.error());
  const Ipv4Address address = found->destination.address;
  const bool is_unicast = !address.is_broadcast() && !address.is_multicast() &&
                          is_host_of(Subnet{address, kDefaultNetmask}, address);
  const bool is_elsewhere =
      !origin.directory.empty() && is_unicast && !served_subnet(loaded->configuration, address);
  if (!is_elsewhere) return Trial(loaded->configuration, *found).run();
  // A directory's ranges are the networks of this machine, which is not the one that was there.
  ConfigurationOrigin there = origin;
  there.imagined = Subnet{address, kDefaultNetmask};
  auto other_record = record_sources(there);
  if (!other_record) return fail(other_record.error());
  const auto other = load_and_record(*other_record);
  if (!other) return fail(other.error());
  return Trial(other->configuration, *found).run();
}

}  // namespace pxeproof::cli
