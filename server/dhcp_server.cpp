#include "server/dhcp_server.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "protocol/dhcp/message.h"
#include "protocol/random.h"
#include "server/address_server.h"
#include "server/boot_server.h"
#include "server/compiled_configuration.h"
#include "server/delivery.h"
#include "server/gateway_identity.h"
#include "server/host_table.h"
#include "server/proxy_dhcp.h"
#include "server/relay.h"
#include "server/request.h"
#include "server/served_networks.h"
#include "server/tag_evaluation.h"

namespace pxeproof::server {

namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

constexpr std::size_t kHlenOffset = 2;
constexpr std::size_t kXidOffset = 4;
constexpr std::size_t kChaddrOffset = 28;
constexpr std::uint8_t kLongestHardwareAddress = 16;
constexpr std::uint8_t kLinkSelection = 5;                          // RFC 3527, inside option 82
constexpr std::uint8_t kServerOverride = 11;                        // RFC 5107, inside option 82
constexpr std::uint8_t kSubnetSelection = 118;                      // RFC 3011
constexpr std::array<std::uint8_t, 4> kCookie = {99, 130, 83, 99};  // RFC 2131 s.3
constexpr std::string_view kPxeClient = "PXEClient";

std::vector<std::string> names_of(const std::vector<NetworkInterface>& interfaces) {
  std::vector<std::string> names;
  for (const NetworkInterface& each : interfaces) names.push_back(each.name);
  return names;
}

LeasePool::Limits pool_limits(const Configuration& configuration, const Policy& policy) {
  return {.leases = configuration.maximum_leases,
          .offers = policy.maximum_held_offers,
          .changes = policy.maximum_waiting_events};
}

// Where clients may look for a boot server by multicast (43.7).
std::vector<Ipv4Address> groups_of(const CompiledConfiguration& configuration,
                                   const Policy& policy) {
  std::vector<Ipv4Address> groups;
  if (policy.discovery_group) groups.push_back(*policy.discovery_group);
  constexpr auto kTag = static_cast<std::uint8_t>(pxe::VendorTag::DiscoveryMulticast);
  for (const VendorSubOption& option : configuration.vendor_sub_options) {
    if (option.tag != kTag || option.vendor_class != "PXEClient") continue;
    const auto group = Ipv4Address::from(option.value);
    if (group && group->is_multicast()) groups.push_back(*group);
  }
  return groups;
}

std::string_view as_view(ByteView octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// Rows 1 of the acceptance filter: what needs no options.
Result<void, Reason> check_header(ByteView payload) {
  if (payload.size() < dhcp::kHeaderSize) return fail(Reason::TooShort);
  if (payload[0] != dhcp::kBootRequest) return fail(Reason::NotARequest);
  if (payload[kHlenOffset] > kLongestHardwareAddress) return fail(Reason::HardwareAddressTooLong);
  if (payload[1] == 0 && payload[kHlenOffset] != 0) return fail(Reason::HardwareTypeMissing);
  return {};
}

Reason reason_of(dhcp::Fault fault) {
  switch (fault) {
    case dhcp::Fault::TooShort:
      return Reason::TooShort;
    case dhcp::Fault::BadCookie:
      return Reason::BadCookie;
    case dhcp::Fault::OptionTruncated:
      return Reason::OptionOverrun;
  }
  return Reason::OptionOverrun;
}

Result<void, Reason> check_interface(const ServedNetworks::Interface* interface) {
  if (interface == nullptr) return fail(Reason::UnknownInterface);
  switch (interface->service) {
    case ServedNetworks::Service::Served:
      return {};
    case ServedNetworks::Service::WithoutAddress:
      return fail(Reason::InterfaceWithoutAddress);
    case ServedNetworks::Service::Excluded:
      return fail(Reason::InterfaceNotServed);
  }
  return {};
}

// RFC 951 knows no cookie: what a BOOTP client says there may be anything. Without one nothing is
// DHCP.
Result<dhcp::MessageView, dhcp::DecodeError> parse_request(ByteView payload, Bytes& room) {
  auto message = dhcp::MessageView::parse(payload);
  if (message || message.error().fault != dhcp::Fault::BadCookie) return message;
  room.assign(payload.begin(), payload.end());
  std::ranges::copy(kCookie, room.begin() + dhcp::kHeaderSize);
  const auto with_cookie = dhcp::MessageView::parse(room);
  if (with_cookie && !find_option(*with_cookie, OptionCode::MessageType, 1)) return with_cookie;
  if (with_cookie) return message;
  room.resize(dhcp::kHeaderSize + kCookie.size());
  return dhcp::MessageView::parse(room);
}

std::optional<Ipv4Address> leading_address(std::optional<ByteView> value) {
  return value ? Ipv4Address::from(value->first(4)) : std::nullopt;
}

// Reads type, ciaddr and PXE options.
void read_message(const Configuration& lines, Request& request) {
  const dhcp::MessageView& message = request.message;
  const auto type = find_option(message, OptionCode::MessageType, 1);
  request.is_bootp = !type;
  if (type) request.type = type->front();
  // Some clients set ciaddr when they must not.
  const bool has_requested =
      type && find_option(message, OptionCode::RequestedAddress, 4).has_value();
  if (!has_requested && !request.is(MessageType::Discover)) request.ciaddr = message.ciaddr();
  if (const auto value = find_option(message, OptionCode::ClientArchitecture, 2)) {
    request.architectures = read_architectures(*value);
  }
  const auto vendor_class = find_option(message, OptionCode::VendorClass, 0);
  if (!lines.pxe_enabled() || !vendor_class) return;
  // Of several that fit, the last one counts.
  const auto vendor = std::find_if(
      lines.pxe_vendors.rbegin(), lines.pxe_vendors.rend(),
      [&](const std::string& each) { return as_view(*vendor_class).starts_with(each); });
  if (vendor != lines.pxe_vendors.rend()) request.vendor = *vendor;
  const bool may_choose = request.is(MessageType::Request) || request.is(MessageType::Inform);
  if (request.vendor.empty() || !may_choose) return;
  if (const auto options = find_option(message, OptionCode::VendorSpecific, 1)) {
    request.boot_item =
        find_sub_option(*options, static_cast<std::uint8_t>(pxe::VendorTag::BootItem), 4);
  }
}

// What the relay or the client says of its subnet.
Origin read_origin(const Configuration& lines, Request& request) {
  const dhcp::MessageView& message = request.message;
  Origin origin{.relay = message.giaddr(),
                .subnet_selector = std::nullopt,
                .server_override = std::nullopt,
                .client = request.ciaddr};
  if (request.is_bootp) return origin;
  if (const auto agent = find_option(message, OptionCode::RelayAgentInformation, 1)) {
    origin.subnet_selector = leading_address(find_sub_option(*agent, kLinkSelection, 4));
    origin.server_override = leading_address(find_sub_option(*agent, kServerOverride, 4));
  }
  if (!origin.subnet_selector) {
    origin.subnet_selector = leading_address(find_option(message, kSubnetSelection, 4));
  }
  if (origin.subnet_selector && origin.subnet_selector->is_unspecified()) {
    origin.subnet_selector.reset();
  }
  const auto& proxies = lines.full_proxies;
  if (proxies && !origin.relay.is_unspecified()) {
    const bool is_one =
        proxies->empty() || std::ranges::find(*proxies, origin.relay) != proxies->end();
    if (is_one) origin.server_override = origin.relay;
  }
  request.server_override = origin.server_override;
  request.subnet_selector = origin.subnet_selector.value_or(Ipv4Address{});
  return origin;
}

void tell_of(const dhcp::MessageView& message, ServerEvent& event) {
  event.request = message.type();
  event.relay = message.giaddr();
  event.address = message.ciaddr();
  if (const auto value = find_option(message, OptionCode::ClientArchitecture, 2)) {
    event.architecture = read_architectures(*value).first();
  }
}

// Why a request that no proxy or boot server path took gets nothing on a proxy range.
Reason silence_of(const Configuration& lines, const Request& request) {
  const auto vendor_class = find_option(request.message, OptionCode::VendorClass, 0);
  if (!vendor_class) return Reason::NoVendorClass;
  if (request.vendor.empty()) {
    const bool is_pxe = as_view(*vendor_class).starts_with(kPxeClient);
    return is_pxe && !lines.pxe_enabled() ? Reason::PxeNotConfigured : Reason::ForeignVendorClass;
  }
  if (request.architectures.count == 0) return Reason::NoArchitecture;
  switch (static_cast<MessageType>(request.type)) {
    case MessageType::Discover:
      return Reason::RangeWithheld;
    case MessageType::Request:
      return request.port == ServerPort::Dhcp ? Reason::LeaseRequest : Reason::RangeWithheld;
    case MessageType::Inform:
      return Reason::InformWithoutItem;
    case MessageType::Decline:
    case MessageType::Release:
      return Reason::LeaseTraffic;
    case MessageType::Offer:
    case MessageType::Ack:
    case MessageType::Nak:
      return Reason::ServerMessage;
  }
  return Reason::UnknownMessageType;
}

}  // namespace

// Everything that follows from one configuration, and the scratch space of the packet path.
struct DhcpServer::Engine {
  Engine(Configuration lines, const std::vector<NetworkInterface>& interfaces,
         const Options& options, LeasePool& leases, KnownRelays& relays)
      : pool(leases),
        configuration(std::move(lines), names_of(interfaces)),
        networks(configuration, interfaces, relays),
        hosts(configuration),
        relay(configuration.lines(), interfaces),
        proxy(configuration, options.policy),
        boot_server(configuration, options.policy),
        address_server(configuration, hosts, networks, options.policy, leases,
                       Random(options.seed)) {
    std::unordered_set<Ipv4Address> reserved;
    for (const NetworkInterface& interface : interfaces) {
      for (const Subnet& subnet : interface.addresses) reserved.insert(subnet.address);
    }
    for (const Host& host : configuration.hosts) {
      if (host.line->address) reserved.insert(*host.line->address);
    }
    multicast_groups = groups_of(configuration, options.policy);
    leases.set_reserved(std::move(reserved));
    leases.set_limits(pool_limits(configuration.lines(), options.policy));
    LeasePool::DomainOf domain_of;
    if (configuration.lines().names_are_full) {
      domain_of = [this](Ipv4Address address) { return std::string(networks.domain_of(address)); };
    }
    leases.set_domains(std::move(domain_of));
    for (const auto& [address, lease] : leases.all()) give_name(lease);
  }

  const Configuration& lines() const { return configuration.lines(); }

  void give_name(const Lease& lease);
  HostQuery query_of(const Request& request) const;
  void set_host(Request& request);
  void set_tags_and_host(Request& request);
  const TagBits& with_range_tags(const MatchedRange& range);
  std::optional<Reason> refusal_of(const Request& request, const Policy& policy) const;

  LeasePool& pool;
  CompiledConfiguration configuration;
  ServedNetworks networks;
  HostTable hosts;
  Relay relay;
  ProxyDhcp proxy;
  BootServer boot_server;
  AddressServer address_server;
  std::vector<Ipv4Address> multicast_groups;
  std::vector<MatchedRange> remote_ranges;
  const TagBits* decided_by = nullptr;  // the tags of the datagram in hand
  TagBits own_tags;
  TagBits tags;
  TagBits range_tags;
  Bytes bootp_message;  // of a client without a cookie, with one
};

// Whose line came, or was read, after the client had its lease.
void DhcpServer::Engine::give_name(const Lease& lease) {
  if (hosts.is_empty()) return;
  HostQuery query{.hardware_type = lease.client.hardware_type,
                  .hardware_address = as_bytes(lease.client.hardware),
                  .client_id = std::nullopt};
  if (!lease.client.client_id.empty()) query.client_id = as_bytes(lease.client.client_id);
  tags.reset(configuration.tags().size());
  const Host* host = hosts.find(query, {}, tags);
  if (host == nullptr || host->line->name.empty()) return;
  if (host->line->address.value_or(lease.address) != lease.address) return;
  pool.give_name(lease.address, host->line->name);
}

// BOOTP knows neither identifiers nor host names (RFC 951).
HostQuery DhcpServer::Engine::query_of(const Request& request) const {
  const dhcp::MessageView& message = request.message;
  HostQuery query{.hardware_type = message.htype(),
                  .hardware_address = message.chaddr().first(message.hlen()),
                  .client_id = std::nullopt};
  if (request.is_bootp) return query;
  if (!lines().ignore_client_ids) {
    query.client_id = find_option(message, OptionCode::ClientIdentifier, 1);
  }
  // A client that had an identifier when it took its lease is still that client without.
  if (!query.client_id) {
    const Lease* lease = pool.find(LeaseClient{.hardware_type = query.hardware_type,
                                               .hardware = as_text(query.hardware_address),
                                               .client_id = {}});
    if (lease != nullptr && !lease->client.client_id.empty()) {
      query.client_id = as_bytes(lease->client.client_id);
    }
  }
  return query;
}

// In dnsmasq's order: what is known by identifier and hardware address, then the client's own name.
void DhcpServer::Engine::set_host(Request& request) {
  const auto with_tag_ifs = [this]() -> const TagBits& {
    tags = own_tags;
    apply_tag_ifs(configuration, tags);
    return tags;
  };
  const HostQuery query = query_of(request);
  request.host = hosts.find(query, request.ranges, with_tag_ifs());
  const bool is_elsewhere = request.host == nullptr && hosts.find(query, {}, tags) != nullptr;
  if (request.host != nullptr) own_tags.set(configuration.known);
  if (is_elsewhere) own_tags.set(configuration.known_othernet);
  if (!request.is_bootp) {
    apply_name_rules(configuration, request.message, own_tags);
    if (request.host == nullptr) {
      request.host =
          hosts.find_by_name(client_host_name(request.message), request.ranges, with_tag_ifs());
      if (request.host != nullptr) own_tags.set(configuration.known);
    }
  }
  if (request.host == nullptr) return;
  for (const TagId tag : request.host->sets) own_tags.set(tag);
}

void DhcpServer::Engine::set_tags_and_host(Request& request) {
  own_tags.reset(configuration.tags().size());
  if (request.interface.tag) own_tags.set(*request.interface.tag);
  if (!request.is_bootp && gateway_identity_of(request.message).is_whole()) {
    own_tags.set(configuration.gateway);
  }
  apply_match_rules(configuration, request.message, own_tags);
  if (!hosts.is_empty()) {
    set_host(request);
  } else if (!request.is_bootp) {
    apply_name_rules(configuration, request.message, own_tags);
  }
  if (request.is_bootp) {
    own_tags.set(configuration.bootp);
    // What a BOOTP client asks for by name may choose among dhcp-boot lines.
    if (const auto file = configuration.tags().find(request.message.file_text())) {
      own_tags.set(*file);
    }
  }
  tags = own_tags;
  apply_tag_ifs(configuration, tags);
  decided_by = &tags;
  request.own_tags = &own_tags;
  request.tags = &tags;
}

const TagBits& DhcpServer::Engine::with_range_tags(const MatchedRange& range) {
  if (range.range->sets.empty()) return tags;
  range_tags = own_tags;
  for (const TagId tag : range.range->sets) range_tags.set(tag);
  apply_tag_ifs(configuration, range_tags);
  decided_by = &range_tags;
  return range_tags;
}

std::optional<Reason> DhcpServer::Engine::refusal_of(const Request& request,
                                                     const Policy& policy) const {
  const bool is_ignored = std::ranges::any_of(configuration.ignores, [&](const TagFilter& filter) {
    return holds(filter, tags, Untagged::Refused);
  });
  if (is_ignored) return Reason::ClientIgnored;
  if (request.host == nullptr || !request.host->line->ignore) return std::nullopt;
  // dnsmasq forgets this one for PXE answers (D7).
  const bool is_pxe = request.port == ServerPort::BootServer || request.boot_item ||
                      request.ranges.front().range->is_proxy();
  if (is_pxe && policy.ignored_host == Policy::IgnoredHost::Answered) return std::nullopt;
  return Reason::HostIgnored;
}

DhcpServer::DhcpServer(Configuration configuration, std::vector<NetworkInterface> interfaces)
    : DhcpServer(std::move(configuration), std::move(interfaces), Options{}) {}

DhcpServer::DhcpServer(Configuration configuration, std::vector<NetworkInterface> interfaces,
                       Options options)
    : options_(std::move(options)),
      pool_(pool_limits(configuration, options_.policy)),
      engine_(
          std::make_unique<Engine>(std::move(configuration), interfaces, options_, pool_, relays_)),
      replies_(options_.policy.maximum_waiting_replies),
      events_(options_.policy.maximum_waiting_events) {}

DhcpServer::~DhcpServer() = default;

void DhcpServer::reload(Configuration configuration, std::vector<NetworkInterface> interfaces) {
  engine_ =
      std::make_unique<Engine>(std::move(configuration), interfaces, options_, pool_, relays_);
}

bool DhcpServer::restore(Lease lease) {
  const Lease* restored = pool_.restore(std::move(lease));
  if (restored != nullptr) engine_->give_name(*restored);
  return restored != nullptr;
}

std::vector<std::uint16_t> DhcpServer::ports() const {
  const Configuration& lines = engine_->lines();
  if (!lines.serves_dhcp()) return {};
  std::vector<std::uint16_t> ports{lines.dhcp_server_port};
  if (lines.pxe_enabled()) ports.push_back(dhcp::kBootServerPort);
  return ports;
}

std::vector<std::string> DhcpServer::last_tags() const {
  std::vector<std::string> names;
  const TagNames& all = engine_->configuration.tags();
  for (std::size_t id = 0; engine_->decided_by != nullptr && id < all.size(); ++id) {
    const auto tag = static_cast<TagId>(id);
    if (engine_->decided_by->test(tag)) names.push_back(all.name(tag));
  }
  return names;
}

// A range of another subnet is for clients behind relays, which may ask on any served interface.
DhcpServer::Reach DhcpServer::reach_of(std::uint32_t interface_index) const {
  const ServedNetworks::Interface* interface = engine_->networks.find(interface_index);
  if (check_interface(interface)) {
    if (!interface->ranges.empty() || !engine_->relay.is_empty()) return Reach::Clients;
    return engine_->configuration.ranges.empty() ? Reach::Nobody : Reach::RelayedClients;
  }
  return Reach::Nobody;
}

const std::vector<Ipv4Address>& DhcpServer::multicast_groups() const {
  return engine_->multicast_groups;
}

bool DhcpServer::poll_transmit(OutgoingDatagram& out) { return replies_.poll(out); }

std::optional<Instant> DhcpServer::poll_timeout() const {
  const auto reply = replies_.next_due();
  const auto lease = pool_.next_expiry();
  if (reply && lease) return std::min(*reply, *lease);
  return reply ? reply : lease;
}

void DhcpServer::on_timeout(Instant now) {
  replies_.release(now);
  pool_.expire(now);
}

void DhcpServer::on_datagram(Instant now, const IncomingDatagram& datagram) {
  replies_.release(now);
  engine_->decided_by = nullptr;
  const auto served =
      engine_->relay.is_empty() ? serve(now, datagram) : serve_or_relay(now, datagram);
  if (served) return;
  ++counters_.silent[static_cast<std::size_t>(served.error())];
  ServerEvent& event = begin_event(now, datagram);
  event.kind = ServerEvent::Kind::Silent;
  event.reason = served.error();
}

// A proxy answers beside the far address server, as in dnsmasq from 2.91 on. A lease range gives
// way to it.
Result<void, Reason> DhcpServer::serve_or_relay(Instant now, const IncomingDatagram& datagram) {
  const bool is_dhcp_port = datagram.destination.port != dhcp::kBootServerPort;
  const Relay& relay = engine_->relay;
  if (is_dhcp_port && relay.is_answer(datagram)) return relay_answer(now, datagram);
  if (!is_dhcp_port || !relay.is_for(datagram)) return serve(now, datagram);
  if (const auto checked = check_header(datagram.payload); !checked) return checked;
  const auto* interface = engine_->networks.find(datagram.interface_index);
  if (const auto checked = check_interface(interface); !checked) return checked;
  const auto relayed = relay_request(now, datagram);
  const bool has_proxy = std::ranges::any_of(
      interface->ranges, [](const MatchedRange& range) { return range.range->is_proxy(); });
  if (!relayed || !has_proxy) return relayed;
  // Its silence is no silence: the request has been relayed.
  static_cast<void>(serve(now, datagram));
  return {};
}

Result<void, Reason> DhcpServer::relay_request(Instant now, const IncomingDatagram& datagram) {
  std::vector<OutgoingDatagram> forwarded = engine_->relay.forward(datagram);
  if (forwarded.empty()) return fail(Reason::RelayLoop);
  for (OutgoingDatagram& each : forwarded) {
    if (replies_.is_full()) return fail(Reason::QueueFull);
    ServerEvent& event = begin_event(now, datagram);
    event.kind = ServerEvent::Kind::RequestRelayed;
    event.relay = each.source.address;
    event.server = each.destination.address;
    replies_.draft() = std::move(each);
    replies_.send();
  }
  count_answer(ServerEvent::Kind::RequestRelayed);
  return {};
}

Result<void, Reason> DhcpServer::relay_answer(Instant now, const IncomingDatagram& datagram) {
  if (replies_.is_full()) return fail(Reason::QueueFull);
  auto answer = engine_->relay.hand_back(datagram);
  if (!answer) return fail(Reason::NotARequest);
  ServerEvent& event = begin_event(now, datagram);
  event.kind = ServerEvent::Kind::AnswerRelayed;
  event.address = answer->destination.address;
  count_answer(event.kind);
  replies_.draft() = std::move(*answer);
  replies_.send();
  return {};
}

Result<void, Reason> DhcpServer::serve(Instant now, const IncomingDatagram& datagram) {
  if (replies_.is_full()) return fail(Reason::QueueFull);
  if (const auto checked = check_header(datagram.payload); !checked) return checked;
  const ServedNetworks::Interface* interface = engine_->networks.find(datagram.interface_index);
  if (const auto checked = check_interface(interface); !checked) return checked;
  const auto message = parse_request(datagram.payload, engine_->bootp_message);
  if (!message) return fail(reason_of(message.error().fault));
  const Ipv4Address destination = datagram.destination.address;
  if (destination.is_multicast()) {
    const bool is_boot_port = datagram.destination.port == dhcp::kBootServerPort;
    const auto& groups = engine_->multicast_groups;
    if (!is_boot_port || std::ranges::find(groups, destination) == groups.end()) {
      return fail(Reason::MulticastNotOffered);
    }
  }
  Request request{.message = *message, .datagram = datagram, .interface = *interface};
  if (datagram.destination.port == dhcp::kBootServerPort) request.port = ServerPort::BootServer;
  return route(now, request);
}

Result<void, Reason> DhcpServer::route(Instant now, Request& request) {
  Engine& engine = *engine_;
  read_message(engine.lines(), request);
  const Origin origin = read_origin(engine.lines(), request);
  request.ranges = engine.networks.select(request.interface, origin, engine.remote_ranges);
  if (request.ranges.empty()) {
    const bool is_named = origin.subnet_selector || !origin.relay.is_unspecified();
    return fail(is_named ? Reason::NoRangeForRelay : Reason::NoRange);
  }
  if (request.is_bootp) {
    const bool is_for_proxy =
        request.port == ServerPort::BootServer || request.ranges.front().range->is_proxy();
    if (is_for_proxy) return fail(Reason::Bootp);
    engine.set_tags_and_host(request);
    return serve_address(now, request);
  }
  engine.set_tags_and_host(request);
  if (request.boot_item) return serve_boot_item(now, request);

  const bool asks_boot_server =
      request.port == ServerPort::BootServer && request.is(MessageType::Request);
  const bool asks_proxy = request.is(MessageType::Discover) || asks_boot_server;
  if (!request.vendor.empty() && request.architectures.count > 0 && asks_proxy) {
    const auto find = [&](auto&& accepts) {
      return std::ranges::find_if(request.ranges, [&](const MatchedRange& range) {
        return range.range->filter.holds(engine.tags) && accepts(range);
      });
    };
    const auto proxy = find([](const MatchedRange& range) { return range.range->is_proxy(); });
    if (proxy != request.ranges.end()) return serve_proxy(now, request, *proxy);
    // The offer of an ordinary range may send a UEFI ROM here too (D5).
    if (asks_boot_server && options_.policy.pool_boot_server == Policy::PoolBootServer::Answered) {
      const auto pool = find([](const MatchedRange&) { return true; });
      if (pool != request.ranges.end()) return serve_proxy(now, request, *pool);
    }
  }
  if (request.port == ServerPort::BootServer || request.ranges.front().range->is_proxy()) {
    return fail(silence_of(engine.lines(), request));
  }
  return serve_address(now, request);
}

Result<void, Reason> DhcpServer::serve_boot_item(Instant now, const Request& request) {
  Engine& engine = *engine_;
  if (const auto refusal = engine.refusal_of(request, options_.policy)) return fail(*refusal);
  const auto range = std::ranges::find_if(request.ranges, [&](const MatchedRange& each) {
    return each.range->filter.holds(engine.tags) && each.contains(request.ciaddr);
  });
  if (request.ciaddr.is_unspecified() || range == request.ranges.end()) {
    return fail(Reason::ClientOutsideRange);
  }
  if (const auto checked = check_server_identifier(request); !checked) return checked;
  OutgoingDatagram& reply = replies_.draft();
  const auto answer =
      engine.boot_server.respond(request, *range, engine.with_range_tags(*range), reply.head);
  if (!answer) return fail(answer.error());
  const auto addressed = address_reply(request, engine.lines(), options_.policy, engine.networks,
                                       Receiver::Proxy, answer->local, reply);
  if (!addressed) return addressed;
  replies_.send();
  ServerEvent& event = begin_event(now, request);
  event.kind = ServerEvent::Kind::ItemAcknowledged;
  count_answer(event.kind);
  event.item = read_boot_item(*request.boot_item);
  event.server = answer->siaddr;
  event.file = answer->file.text();
  event.left_out = answer->left_out;
  return {};
}

Result<void, Reason> DhcpServer::check_server_identifier(const Request& request) const {
  if (options_.policy.server_identifier == Policy::ServerIdentifier::Unchecked) return {};
  if (!request.is(MessageType::Request)) return {};
  const auto id = leading_address(find_option(request.message, OptionCode::ServerIdentifier, 4));
  if (!id || engine_->networks.is_own(*id) || id == request.server_override) return {};
  return fail(Reason::ForeignServerIdentifier);
}

Result<void, Reason> DhcpServer::serve_proxy(Instant now, const Request& request,
                                             const MatchedRange& range) {
  Engine& engine = *engine_;
  if (const auto refusal = engine.refusal_of(request, options_.policy)) return fail(*refusal);
  if (const auto checked = check_server_identifier(request); !checked) return checked;
  const TagBits& tags = engine.with_range_tags(range);
  OutgoingDatagram& reply = replies_.draft();
  const auto answer = engine.proxy.respond(request, range, tags, reply.head);
  if (!answer) return fail(answer.error());
  const auto addressed = address_reply(request, engine.lines(), options_.policy, engine.networks,
                                       Receiver::Proxy, answer->local, reply);
  if (!addressed) return addressed;
  const Duration delay = engine.configuration.delay_for(tags);
  if (delay > Duration{}) {
    replies_.send_at(now + delay);
  } else {
    replies_.send();
  }
  ServerEvent& event = begin_event(now, request);
  event.kind = request.is(MessageType::Discover) ? ServerEvent::Kind::ProxyOffered
                                                 : ServerEvent::Kind::ProxyAcknowledged;
  count_answer(event.kind);
  event.architecture = answer->architecture;
  event.server = answer->siaddr;
  event.file = answer->file.text();
  event.left_out = answer->left_out;
  event.delay = delay;
  return {};
}

Result<void, Reason> DhcpServer::serve_address(Instant now, const Request& request) {
  Engine& engine = *engine_;
  const bool gives_back = request.is(MessageType::Decline) || request.is(MessageType::Release);
  if (!gives_back) {
    if (const auto refusal = engine.refusal_of(request, options_.policy)) return fail(*refusal);
  }
  OutgoingDatagram& reply = replies_.draft();
  const auto answer = engine.address_server.respond(now, request, reply.head);
  if (!answer) return fail(answer.error());
  const Receiver receiver =
      answer->kind == LeaseAnswer::Kind::InformAck ? Receiver::Inform : Receiver::Lease;
  const auto addressed = address_reply(request, engine.lines(), options_.policy, engine.networks,
                                       receiver, answer->local, reply);
  if (!addressed) return addressed;
  if (answer->delay > Duration{}) {
    replies_.send_at(now + answer->delay);
  } else {
    replies_.send();
  }
  ServerEvent& event = begin_event(now, request);
  switch (answer->kind) {
    case LeaseAnswer::Kind::Offer:
      event.kind = ServerEvent::Kind::AddressOffered;
      break;
    case LeaseAnswer::Kind::Ack:
      event.kind = ServerEvent::Kind::AddressLeased;
      break;
    case LeaseAnswer::Kind::Nak:
      event.kind = ServerEvent::Kind::AddressRefused;
      break;
    case LeaseAnswer::Kind::InformAck:
      event.kind = ServerEvent::Kind::Informed;
      break;
  }
  count_answer(event.kind);
  event.address = answer->address;
  event.host_name = answer->host_name;
  event.refusal = answer->refusal;
  event.left_out = answer->left_out;
  event.delay = answer->delay;
  return {};
}

ServerEvent& DhcpServer::begin_event(Instant now, const Request& request) {
  ServerEvent& event = begin_unread_event(now, request.datagram);
  tell_of(request.message, event);
  event.address = request.ciaddr;
  return event;
}

// Tells as much of the client as can be read, so that silences can be found by MAC or xid.
ServerEvent& DhcpServer::begin_event(Instant now, const IncomingDatagram& datagram) {
  ServerEvent& event = begin_unread_event(now, datagram);
  if (const auto message = dhcp::MessageView::parse(datagram.payload)) tell_of(*message, event);
  return event;
}

ServerEvent& DhcpServer::begin_unread_event(Instant now, const IncomingDatagram& datagram) {
  ServerEvent& event = events_.push();
  event.at = now;
  event.source = datagram.source;
  if (datagram.destination.port == dhcp::kBootServerPort) event.port = ServerPort::BootServer;
  const auto* interface = engine_->networks.find(datagram.interface_index);
  if (interface != nullptr) event.interface = interface->network.name;
  const ByteView payload = datagram.payload;
  if (payload.size() < dhcp::kHeaderSize) return event;
  event.client = MacAddress::from(payload.subspan(kChaddrOffset, 6));
  event.xid = Ipv4Address::from(payload.subspan(kXidOffset, 4))->value;
  return event;
}

}  // namespace pxeproof::server
