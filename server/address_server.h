#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/random.h"
#include "protocol/result.h"
#include "server/host_table.h"
#include "server/lease_options.h"
#include "server/lease_pool.h"
#include "server/policy.h"
#include "server/reason.h"
#include "server/request.h"
#include "server/served_networks.h"

namespace pxeproof::server {

// What an address server's reply said.
struct LeaseAnswer {
  enum class Kind { Offer, Ack, Nak, InformAck };  // Ack: also of a BOOTP client
  Kind kind = Kind::Offer;
  Ipv4Address address;
  Ipv4Address local;         // this server as option 54 has it
  std::string host_name;     // Ack
  std::string_view refusal;  // Nak: why
  std::size_t left_out = 0;  // menu entries that did not fit
  Duration delay{};          // dhcp-reply-delay
};

// Hands out addresses from ordinary ranges (RFC 2131 s.4.3), with dnsmasq's choices: the address is
// a hash of the hardware address, reservations come from dhcp-host lines.
//
//   DISCOVER -> OFFER (address held)      DECLINE -> nothing (address left alone for a while)
//   REQUEST  -> ACK (leased) | NAK        RELEASE -> nothing (lease ended)
//   INFORM   -> ACK without address       BOOTP   -> reply (leased for ever)
//   DISCOVER with rapid commit -> ACK (leased)
class AddressServer {
 public:
  // All must outlive the machine; the pool also survives a change of configuration.
  AddressServer(const CompiledConfiguration& configuration, const HostTable& hosts,
                const ServedNetworks& networks, const Policy& policy, LeasePool& pool,
                Random random)
      : configuration_(configuration),
        hosts_(hosts),
        networks_(networks),
        policy_(policy),
        pool_(pool),
        random_(random),
        options_(configuration, policy) {}

  // The request's ranges must not be empty. The reply goes to out.
  Result<LeaseAnswer, Reason> respond(Instant now, const Request& request, Bytes& out);

 private:
  enum class Choosing { Selecting, Rebooting, Renewing, Committing };  // RFC 2131 s.4.3.2, 4039

  Result<LeaseAnswer, Reason> discover(Instant now, const Request& request, Bytes& out);
  Result<LeaseAnswer, Reason> answer_request(Instant now, const Request& request, Bytes& out);
  Result<LeaseAnswer, Reason> grant(Instant now, const Request& request, Ipv4Address address,
                                    Choosing choosing, Ipv4Address server_id, Bytes& out);
  Result<LeaseAnswer, Reason> inform(Instant now, const Request& request, Bytes& out);
  Result<LeaseAnswer, Reason> bootp(Instant now, const Request& request, Bytes& out);
  Reason decline(Instant now, const Request& request);
  Reason release(const Request& request);
  LeaseAnswer refuse(const Request& request, Ipv4Address address, std::string_view refusal,
                     Ipv4Address server_id, Bytes& out) const;

  // Why an address cannot be leased; empty when it can.
  std::string_view refusal_of(Instant now, const Request& request, Ipv4Address address,
                              Choosing choosing) const;
  bool is_ours(const Request& request, Ipv4Address server_id) const;

  std::optional<Ipv4Address> choose_address(Instant now, const Request& request);
  bool is_declined(Ipv4Address address, Instant now) const;
  Ipv4Address server_id(const Request& request, const MatchedRange* range) const;
  static std::optional<Ipv4Address> known_server_id(const Request& request, const Lease* lease);
  std::uint32_t lease_seconds(const Request& request, const MatchedRange& range) const;
  LeaseClient identify(const Request& request) const;
  void set_tags(const Request& request, const MatchedRange* range);
  bool is_configured(const std::vector<TagFilter>& filters) const;
  static bool has_given_name(const Request& request);
  // The name that a dhcp-host line gives the client, or a hosts file its address.
  std::string_view given_name(const Request& request, Ipv4Address address) const;
  std::string leased_name(const Request& request, Ipv4Address address) const;

  const CompiledConfiguration& configuration_;
  const HostTable& hosts_;
  const ServedNetworks& networks_;
  const Policy& policy_;
  LeasePool& pool_;
  Random random_;
  LeaseOptions options_;
  std::unordered_map<Ipv4Address, Instant> declined_;  // reserved addresses, and until when
  LeaseClient client_;                                 // of the request
  TagBits tags_;  // of the request and the range it was narrowed to
};

}  // namespace pxeproof::server
