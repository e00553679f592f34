#include "server/address_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/address_search.h"
#include "server/host_names.h"
#include "server/read_circumstances.h"
#include "server/reply_header.h"
#include "server/tag_evaluation.h"

namespace pxeproof::server {

namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

constexpr std::uint32_t kShortestLeaseSeconds = 120;
constexpr std::string_view kWrongServer = "wrong server-ID";
constexpr std::string_view kWrongAddress = "wrong address";
constexpr std::string_view kNoLease = "lease not found";
constexpr std::string_view kWrongNetwork = "wrong network";
constexpr std::string_view kNotAvailable = "address not available";
constexpr std::string_view kStaticLease = "static lease available";
constexpr std::string_view kReserved = "address reserved";
constexpr std::string_view kInUse = "address in use";
constexpr std::string_view kNoIdentifier = "no unique-id";
constexpr std::string_view kNoLeasesLeft = "no leases left";

std::optional<Ipv4Address> address_option(const dhcp::MessageView& message, OptionCode code) {
  const auto value = find_option(message, code, 4);
  return value ? Ipv4Address::from(value->first(4)) : std::nullopt;
}

bool is_unicast(const Request& request) {
  return !request.datagram.destination.address.is_broadcast();
}

}  // namespace

Result<LeaseAnswer, Reason> AddressServer::respond(Instant now, const Request& request,
                                                   Bytes& out) {
  pool_.expire(now);
  client_ = identify(request);
  if (request.is_bootp) return bootp(now, request, out);
  switch (static_cast<MessageType>(request.type)) {
    case MessageType::Discover:
      return discover(now, request, out);
    case MessageType::Request:
      return answer_request(now, request, out);
    case MessageType::Inform:
      return inform(now, request, out);
    case MessageType::Decline:
      return fail(decline(now, request));
    case MessageType::Release:
      return fail(release(request));
    case MessageType::Offer:
    case MessageType::Ack:
    case MessageType::Nak:
      return fail(Reason::ServerMessage);
  }
  return fail(Reason::UnknownMessageType);
}

LeaseClient AddressServer::identify(const Request& request) const {
  const dhcp::MessageView& message = request.message;
  const std::size_t size = std::min<std::size_t>(message.hlen(), message.chaddr().size());
  LeaseClient client{.hardware_type = message.htype(),
                     .hardware = as_text(message.chaddr().first(size)),
                     .client_id = {}};
  const bool is_identifier_ignored =
      request.is_bootp || configuration_.lines().ignore_client_ids ||
      (request.host != nullptr && request.host->line->ignore_client_id);
  const auto identifier = find_option(message, OptionCode::ClientIdentifier, 1);
  if (identifier && !is_identifier_ignored) client.client_id = as_text(*identifier);
  // A ROM without identifier is the system that had one: its lease stays the same.
  if (client.client_id.empty() && !is_identifier_ignored) {
    if (const Lease* lease = pool_.find(client)) client.client_id = lease->client.client_id;
  }
  return client;
}

void AddressServer::set_tags(const Request& request, const MatchedRange* range) {
  tags_ = *request.own_tags;
  if (range != nullptr) {
    for (const TagId tag : range->range->sets) tags_.set(tag);
  }
  apply_tag_ifs(configuration_, tags_);
}

bool AddressServer::is_configured(const std::vector<TagFilter>& filters) const {
  return std::ranges::any_of(filters, [&](const TagFilter& filter) { return filter.holds(tags_); });
}

bool AddressServer::has_given_name(const Request& request) {
  return request.host != nullptr && request.host->is_by_identity() &&
         !request.host->line->name.empty();
}

std::string_view AddressServer::given_name(const Request& request, Ipv4Address address) const {
  if (has_given_name(request)) return request.host->line->name;
  return host_name_of(configuration_.lines(), address, networks_.domain_of(address));
}

// The name a client gets with its lease: the one given; else its own, where that is believed; else,
// where they are wanted, its hardware address.
std::string AddressServer::leased_name(const Request& request, Ipv4Address address) const {
  std::string name{given_name(request, address)};
  if (!name.empty()) return name;
  if (!is_configured(configuration_.ignored_names)) name = client_host_name(request.message);
  if (!name.empty() || !is_configured(configuration_.generated_names)) return name;
  for (const char octet : hashed_identity(client_)) {
    name += fmt::format("{}{:02x}", name.empty() ? "" : "-", static_cast<std::uint8_t>(octet));
  }
  return name;
}

// The relay's own address in option 54 brings renewals to the relay (RFC 5107 s.4); one that came
// straight here is told the same.
std::optional<Ipv4Address> AddressServer::known_server_id(const Request& request,
                                                          const Lease* lease) {
  if (request.server_override || lease == nullptr) return request.server_override;
  return lease->server_override;
}

Ipv4Address AddressServer::server_id(const Request& request, const MatchedRange* range) const {
  if (request.server_override) return *request.server_override;
  if (range != nullptr) return range->local;
  return request.interface.network.addresses.front().address;
}

bool AddressServer::is_ours(const Request& request, Ipv4Address server_id) const {
  if (request.server_override) return server_id == *request.server_override;
  return networks_.is_own(server_id);
}

std::uint32_t AddressServer::lease_seconds(const Request& request,
                                           const MatchedRange& range) const {
  std::uint32_t lease = range.range->lease_seconds;
  if (request.host != nullptr && request.host->lease_seconds) lease = *request.host->lease_seconds;
  const auto asked = address_option(request.message, OptionCode::LeaseTime);
  if (!asked) return lease;
  const std::uint32_t wanted = std::max(asked->value, kShortestLeaseSeconds);
  const bool is_shorter = wanted != kInfiniteLease && wanted < lease;
  return lease == kInfiniteLease || is_shorter ? wanted : lease;
}

bool AddressServer::is_declined(Ipv4Address address, Instant now) const {
  const auto found = declined_.find(address);
  return found != declined_.end() && now < found->second;
}

std::optional<Ipv4Address> AddressServer::choose_address(Instant now, const Request& request) {
  const Lease* lease = pool_.find(client_);
  if (request.host != nullptr && request.host->line->address) {
    const Ipv4Address reserved = *request.host->line->address;
    const Lease* holder = pool_.find(reserved);
    const bool is_leased_elsewhere =
        holder != nullptr && holder != lease &&
        !HostTable::has_hardware(*request.host,
                                 {.hardware_type = holder->client.hardware_type,
                                  .hardware_address = as_bytes(holder->client.hardware),
                                  .client_id = std::nullopt});
    const bool is_router = std::ranges::any_of(
        request.ranges, [&](const MatchedRange& range) { return range.router == reserved; });
    if (!is_leased_elsewhere && !is_router && !is_declined(reserved, now)) return reserved;
  }
  if (lease != nullptr && is_available(request, lease->address) &&
      hosts_.by_address(lease->address) == nullptr) {
    return lease->address;
  }
  const auto asked = address_option(request.message, OptionCode::RequestedAddress);
  if (asked && is_available(request, *asked) && pool_.find(*asked) == nullptr &&
      !pool_.is_reserved(*asked) && !pool_.is_held_for_another(*asked, client_)) {
    return asked;
  }
  if (const auto held = pool_.held_for(client_); held && is_available(request, *held)) return held;
  return search_free_address(configuration_, pool_, request, client_);
}

Result<LeaseAnswer, Reason> AddressServer::discover(Instant now, const Request& request,
                                                    Bytes& out) {
  const auto address = choose_address(now, request);
  if (!address) {
    const bool is_anonymous = hashed_identity(client_).empty();
    return fail(is_anonymous ? Reason::NoUniqueIdentifier : Reason::AddressesExhausted);
  }
  if (hashed_identity(client_).empty() && pool_.find(*address) == nullptr &&
      !pool_.is_reserved(*address)) {
    return fail(Reason::NoUniqueIdentifier);
  }
  const MatchedRange* range = range_of(request, *address);
  if (range == nullptr) return fail(Reason::AddressesExhausted);
  if (configuration_.lines().rapid_commit && find_option(request.message, kRapidCommit, 0)) {
    const Lease* lease = pool_.find(client_);
    if (lease != nullptr && lease->address != *address) pool_.end(lease->address);
    return grant(now, request, *address, Choosing::Committing, server_id(request, range), out);
  }
  if (pool_.find(*address) == nullptr) pool_.hold(*address, client_, now + policy_.offer_hold);
  set_tags(request, range);
  LeaseAnswer answer{.kind = LeaseAnswer::Kind::Offer,
                     .address = *address,
                     .local = range->local,
                     .host_name = {},
                     .refusal = {},
                     .left_out = 0,
                     .delay = configuration_.delay_for(tags_)};
  // The name must not differ from the one in the DISCOVER.
  std::string_view offered_name;
  const std::string_view given = client_host_name(request.message);
  // Option 81 may be answered with another name.
  const bool has_full_name = find_option(request.message, kClientFqdn, kFqdnHeader).has_value();
  if (has_full_name) offered_name = given;
  if (request.host != nullptr && request.host->is_by_identity()) {
    const std::string_view name = request.host->line->name;
    if (!name.empty() && (has_full_name || given.empty() || given == name)) offered_name = name;
  }
  answer.left_out = options_.write(request,
                                   {.type = MessageType::Offer,
                                    .range = range,
                                    .server_id = server_id(request, range),
                                    .address = *address,
                                    .host_name = offered_name,
                                    .domain = networks_.domain_of(*address),
                                    .lease_seconds = lease_seconds(request, *range),
                                    .fuzz = 0},
                                   tags_, out);
  return answer;
}

Result<LeaseAnswer, Reason> AddressServer::answer_request(Instant now, const Request& request,
                                                          Bytes& out) {
  const bool is_authoritative = configuration_.lines().authoritative;
  const Lease* lease = pool_.find(client_);
  const auto asked = address_option(request.message, OptionCode::RequestedAddress);
  const auto selected = address_option(request.message, OptionCode::ServerIdentifier);
  const Ipv4Address id = server_id(request, &request.ranges.front());
  const Ipv4Address wanted = asked.value_or(request.ciaddr);
  const Ipv4Address granting_id =
      known_server_id(request, lease).value_or(server_id(request, range_of(request, wanted)));

  if (asked && selected) {
    if (!is_ours(request, *selected)) {
      if (!is_authoritative || request.server_override) return fail(Reason::ForeignServerSelected);
      return refuse(request, *asked, kWrongServer, id, out);
    }
    if (lease != nullptr && lease->address != *asked) pool_.end(lease->address);
    return grant(now, request, *asked, Choosing::Selecting, *selected, out);
  }
  if (asked) {
    if (lease == nullptr && !is_authoritative) return fail(Reason::UnknownLease);
    if (lease != nullptr && lease->address != *asked) {
      return refuse(request, *asked, kWrongAddress, id, out);
    }
    return grant(now, request, *asked, Choosing::Rebooting, granting_id, out);
  }
  const bool is_foreign = lease != nullptr && lease->address != request.ciaddr;
  if (is_foreign || (lease == nullptr && !is_authoritative)) {
    // A rebinding client asks everyone; its lease may well be another server's.
    if (!is_unicast(request)) {
      return fail(is_foreign ? Reason::LeaseElsewhere : Reason::UnknownLease);
    }
    return refuse(request, request.ciaddr, kNoLease, id, out);
  }
  return grant(now, request, request.ciaddr, Choosing::Renewing, granting_id, out);
}

std::string_view AddressServer::refusal_of(Instant now, const Request& request, Ipv4Address address,
                                           Choosing choosing) const {
  const Lease* lease = pool_.find(client_);
  const std::optional<Ipv4Address> reserved =
      request.host == nullptr ? std::nullopt : request.host->line->address;
  if (range_of(request, address) == nullptr) return kWrongNetwork;
  if (!is_available(request, address) && reserved != address) return kNotAvailable;
  if (reserved && *reserved != address && choosing != Choosing::Selecting) {
    const bool is_router = std::ranges::any_of(
        request.ranges, [&](const MatchedRange& range) { return range.router == *reserved; });
    const Lease* holder = pool_.find(*reserved);
    const bool is_free = holder == nullptr || holder == lease;
    if (!is_router && is_free && !is_declined(*reserved, now)) return kStaticLease;
  }
  const Host* reserved_for = hosts_.by_address(address);
  if (reserved_for != nullptr && reserved_for != request.host) return kReserved;
  if (pool_.is_reserved(address) && reserved_for == nullptr) return kInUse;
  const Lease* holder = pool_.find(address);
  if (lease == nullptr && holder != nullptr) {
    // One host line may name several hardware addresses, of which one is there at a time.
    const bool is_same_host =
        request.host != nullptr &&
        HostTable::has_hardware(*request.host,
                                {.hardware_type = holder->client.hardware_type,
                                 .hardware_address = as_bytes(holder->client.hardware),
                                 .client_id = std::nullopt});
    if (!is_same_host) return kInUse;
  }
  // Its own reserved address is offered to each hardware address of a host line.
  const bool is_own = reserved == address && !is_declined(address, now);
  const bool is_held = pool_.is_held_for_another(address, client_) && !pool_.is_contested(address);
  if (holder == nullptr && is_held && !is_own) return kInUse;
  if (hashed_identity(client_).empty()) return kNoIdentifier;
  return {};
}

Result<LeaseAnswer, Reason> AddressServer::grant(Instant now, const Request& request,
                                                 Ipv4Address address, Choosing choosing,
                                                 Ipv4Address server_id, Bytes& out) {
  const std::string_view refusal = refusal_of(now, request, address, choosing);
  const bool commits = choosing == Choosing::Committing;
  if (!refusal.empty()) {
    // RFC 4039 s.3.1 knows no refusal of a DISCOVER.
    if (commits) return fail(Reason::AddressesExhausted);
    return refuse(request, address, refusal, server_id, out);
  }
  const MatchedRange* range = range_of(request, address);
  set_tags(request, range);
  const std::uint32_t seconds = lease_seconds(request, *range);
  std::string name = leased_name(request, address);
  Lease lease{.address = address,
              .client = client_,
              .host_name = name,
              .expires = std::nullopt,
              .has_given_name = !given_name(request, address).empty(),
              .server_override = request.server_override};
  if (choosing != Choosing::Selecting && choosing != Choosing::Committing) {
    lease.server_override = known_server_id(request, pool_.find(lease.client));
  }
  if (seconds != kInfiniteLease) lease.expires = now + std::chrono::seconds(seconds);
  std::unique_ptr<LeaseCircumstances> circumstances;
  if (!configuration_.lines().script.program.empty()) {
    circumstances = std::make_unique<LeaseCircumstances>();
    circumstances->is_renewal = choosing == Choosing::Renewing;
    if (!circumstances->is_renewal)
      *circumstances = circumstances_of(request, configuration_.tags(), tags_);
  }
  if (pool_.record(std::move(lease), std::move(circumstances)) == nullptr) {
    if (commits) return fail(Reason::LeaseLimit);
    pool_.drop_hold_of(client_);
    return refuse(request, address, kNoLeasesLeft, server_id, out);
  }
  LeaseAnswer answer{.kind = LeaseAnswer::Kind::Ack,
                     .address = address,
                     .local = range->local,
                     .host_name = std::move(name),
                     .refusal = {},
                     .left_out = 0,
                     .delay = commits ? configuration_.delay_for(tags_) : Duration{}};
  const bool is_renewal = choosing == Choosing::Renewing;
  answer.left_out = options_.write(
      request,
      {.type = MessageType::Ack,
       .range = range,
       .server_id = server_id,
       .address = address,
       .host_name = answer.host_name,
       .domain = networks_.domain_of(address),
       .lease_seconds = seconds,
       .fuzz = is_renewal ? static_cast<std::uint16_t>(random_.below(0x10000)) : std::uint16_t{0},
       .commits = commits},
      tags_, out);
  return answer;
}

LeaseAnswer AddressServer::refuse(const Request& request, Ipv4Address address,
                                  std::string_view refusal, Ipv4Address server_id,
                                  Bytes& out) const {
  dhcp::Header header = reply_header(request, policy_);
  const MatchedRange& range = request.ranges.front();
  // A client on a distant subnet that asked by unicast cannot be reached by broadcast; everyone
  // else must be (RFC 2131 s.4.3.2).
  const bool is_near = refusal == kNoLease || refusal == kWrongNetwork || !is_unicast(request) ||
                       !header.giaddr.is_unspecified() || header.ciaddr.is_unspecified() ||
                       Subnet{range.local, range.netmask}.contains(header.ciaddr);
  if (is_near) {
    header.flags |= dhcp::kBroadcastFlag;
    header.ciaddr = {};
  }
  ReplyWriter writer(out, header, maximum_reply_size(request.message),
                     agent_information(request.message));
  writer.u8(OptionCode::MessageType, static_cast<std::uint8_t>(MessageType::Nak));
  writer.address(OptionCode::ServerIdentifier, server_id);
  if (text_end_for(request.message) == TextEnd::Nul) {
    writer.text_with_nul(OptionCode::Message, refusal);
  } else {
    writer.text(OptionCode::Message, refusal);
  }
  writer.finish();
  return {.kind = LeaseAnswer::Kind::Nak,
          .address = address,
          .local = range.local,
          .host_name = {},
          .refusal = refusal,
          .left_out = 0,
          .delay = {}};
}

Reason AddressServer::decline(Instant now, const Request& request) {
  const auto selected = address_option(request.message, OptionCode::ServerIdentifier);
  if (!selected || !is_ours(request, *selected)) return Reason::ForeignServerSelected;
  const auto address = address_option(request.message, OptionCode::RequestedAddress);
  if (!address) return Reason::UnknownLease;
  const Lease* lease = pool_.find(client_);
  const bool is_theirs = lease != nullptr && lease->address == *address;
  const bool is_offered = pool_.held_for(client_) == *address;
  if (is_theirs) pool_.end(*address);
  const Instant until = now + policy_.decline_back_off;
  if (request.host != nullptr && request.host->line->address == *address) {
    declined_[*address] = until;
    return Reason::Declined;
  }
  if (is_theirs || is_offered) {
    pool_.hold(*address, std::nullopt, until);
    for (const MatchedRange& range : request.ranges) pool_.count_decline(range.range->start);
  }
  return Reason::Declined;
}

Reason AddressServer::release(const Request& request) {
  const auto selected = address_option(request.message, OptionCode::ServerIdentifier);
  if (!selected || !is_ours(request, *selected)) return Reason::ForeignServerSelected;
  const Lease* lease = pool_.find(client_);
  if (lease == nullptr || lease->address != request.ciaddr) return Reason::UnknownLease;
  pool_.end(request.ciaddr);
  return Reason::Released;
}

}  // namespace pxeproof::server
