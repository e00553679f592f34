#include "server/dhcp_server.h"

#include <algorithm>
#include <utility>

#include "protocol/dhcp/message.h"
#include "server/delivery.h"
#include "server/dhcp_engine.h"
#include "server/request_reading.h"

namespace pxeproof::server {

namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

constexpr std::size_t kXidOffset = 4;
constexpr std::size_t kChaddrOffset = 28;

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

void tell_of(const dhcp::MessageView& message, ServerEvent& event) {
  event.request = message.type();
  event.relay = message.giaddr();
  event.address = message.ciaddr();
  if (const auto value = find_option(message, OptionCode::ClientArchitecture, 2)) {
    event.architecture = read_architectures(*value).first();
  }
}

}  // namespace

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
  if (event.request != MessageType::Request) return;
  const auto message = dhcp::MessageView::parse(datagram.payload);
  const auto chosen = message ? message->address(OptionCode::ServerIdentifier) : std::nullopt;
  event.server = chosen.value_or(Ipv4Address{});
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
