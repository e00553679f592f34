// Answers that give settings, or an address for ever: INFORM and BOOTP.

#include "server/address_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/address_search.h"
#include "server/read_circumstances.h"
#include "server/reply_header.h"
#include "server/tag_evaluation.h"

namespace pxeproof::server {

Result<LeaseAnswer, Reason> AddressServer::inform(Instant now, const Request& request, Bytes& out) {
  if (request.ciaddr.is_unspecified()) return fail(Reason::NoClientAddress);
  const MatchedRange* range = range_of(request, request.ciaddr);
  const Lease* lease = pool_.find(client_);
  std::string_view known_name;  // of somebody who is known by nothing but the address
  if (lease == nullptr) {
    lease = pool_.find(request.ciaddr);
    if (lease != nullptr) known_name = lease->host_name;
  }
  set_tags(request, range);
  LeaseAnswer answer{.kind = LeaseAnswer::Kind::InformAck,
                     .address = request.ciaddr,
                     .local = server_id(request, range),
                     .host_name = {},
                     .refusal = {},
                     .left_out = 0,
                     .delay = {}};
  answer.host_name = given_name(request, request.ciaddr);
  if (answer.host_name.empty()) answer.host_name = client_host_name(request.message);
  if (answer.host_name.empty()) answer.host_name = known_name;
  LeaseTerms terms{.type = dhcp::MessageType::Ack,
                   .range = range,
                   .server_id = known_server_id(request, lease).value_or(answer.local),
                   .address = {},
                   .host_name = answer.host_name,
                   .domain = networks_.domain_of(request.ciaddr),
                   .lease_seconds = std::nullopt,
                   .fuzz = 0};
  // RFC 2131 s.4.3.5 forbids lease times here; a tool that asks for one in option 55 wants it.
  const auto wanted = find_option(request.message, dhcp::OptionCode::ParameterRequestList, 0);
  const bool asks_lease_time =
      wanted &&
      std::ranges::find(*wanted, static_cast<std::uint8_t>(dhcp::OptionCode::LeaseTime)) !=
          wanted->end();
  if (lease != nullptr && asks_lease_time) {
    terms.lease_seconds = kInfiniteLease;
    if (lease->expires) {
      const auto left = std::chrono::ceil<std::chrono::seconds>(*lease->expires - now);
      terms.lease_seconds = static_cast<std::uint32_t>(left.count());
    }
  }
  answer.left_out = options_.write(request, terms, tags_, out);
  return answer;
}

// RFC 951, RFC 1534: a client that knows nothing of leases keeps its address for ever.
Result<LeaseAnswer, Reason> AddressServer::bootp(Instant now, const Request& request, Bytes& out) {
  if (client_.hardware.empty() || client_.hardware_type == 0) {
    return fail(Reason::NoUniqueIdentifier);
  }
  const std::optional<Ipv4Address> reserved =
      request.host == nullptr ? std::nullopt : request.host->line->address;
  const Lease* lease = pool_.find(client_);
  std::optional<Ipv4Address> address = reserved;
  if (reserved) {
    const Lease* holder = pool_.find(*reserved);
    const bool is_theirs =
        holder == nullptr || (holder->client.hardware == client_.hardware &&
                              holder->client.hardware_type == client_.hardware_type);
    if (!is_theirs) return fail(Reason::AddressesExhausted);
  } else if (lease != nullptr && is_available(request, lease->address)) {
    address = lease->address;
  } else if (const auto held = pool_.held_for(client_); held && is_available(request, *held)) {
    address = held;  // the same machine asked by DHCP a moment ago
  } else {
    if (lease != nullptr) pool_.end(lease->address);
    address = search_free_address(configuration_, pool_, request, client_);
  }
  const MatchedRange* range = address ? range_of(request, *address) : nullptr;
  if (range == nullptr) return fail(Reason::AddressesExhausted);
  set_tags(request, range);
  if (!reserved && !is_configured(configuration_.bootp_dynamics)) {
    return fail(Reason::BootpWithoutAddress);
  }
  std::string name = request.host == nullptr ? std::string() : request.host->line->name;
  const bool has_time = request.host != nullptr && request.host->lease_seconds;
  const std::uint32_t seconds = has_time ? *request.host->lease_seconds : kInfiniteLease;
  Lease granted{.address = *address,
                .client = client_,
                .host_name = name,
                .expires = std::nullopt,
                .has_given_name = has_given_name(request)};
  if (seconds != kInfiniteLease) granted.expires = now + std::chrono::seconds(seconds);
  std::unique_ptr<LeaseCircumstances> circumstances;
  if (!configuration_.lines().script.program.empty()) {
    circumstances = std::make_unique<LeaseCircumstances>();
    circumstances->is_renewal = true;
  }
  if (pool_.record(std::move(granted), std::move(circumstances)) == nullptr) {
    return fail(Reason::LeaseLimit);
  }
  LeaseAnswer answer{.kind = LeaseAnswer::Kind::Ack,
                     .address = *address,
                     .local = range->local,
                     .host_name = std::move(name),
                     .refusal = {},
                     .left_out = 0,
                     .delay = {}};
  answer.left_out = options_.write(request,
                                   {.type = std::nullopt,
                                    .range = range,
                                    .server_id = server_id(request, range),
                                    .address = *address,
                                    .host_name = answer.host_name,
                                    .domain = networks_.domain_of(*address),
                                    .lease_seconds = std::nullopt,
                                    .fuzz = 0},
                                   tags_, out);
  return answer;
}

}  // namespace pxeproof::server
