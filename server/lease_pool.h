#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/time.h"
#include "server/address_set.h"
#include "server/lease_circumstances.h"

namespace pxeproof::server {

// Who holds a lease. Octets are kept as text.
struct LeaseClient {
  std::uint8_t hardware_type = 1;
  std::string hardware;   // chaddr as far as hlen goes
  std::string client_id;  // option 61; empty: none

  friend bool operator==(const LeaseClient&, const LeaseClient&) = default;
};

// Whether an address has passed from one machine to another, and not from a ROM to its system.
bool is_another_machine(const LeaseClient& before, const LeaseClient& now);

struct Lease {
  Ipv4Address address;
  LeaseClient client;
  std::string host_name;
  std::optional<Instant> expires;  // nullopt: never
  bool has_given_name = false;     // by the configuration, and not by the client
  // What the client was told instead of this server's address (RFC 5107); not kept on disk.
  std::optional<Ipv4Address> server_override{};
};

// What happened to a lease, for whoever keeps them on disk. One that lost its name, or was given
// one, is renewed without circumstances.
struct LeaseChange {
  enum class Kind { Granted, Renewed, Ended };
  Kind kind = Kind::Granted;
  Lease lease;
  // Where a script asks for them: of the request, and the lease of the address before it.
  std::unique_ptr<LeaseCircumstances> circumstances{};
  std::optional<Lease> before{};
};

// All leases and the offers that may become leases. Two clients never have the same address: an
// offer holds it until it is taken up or times out. When no address is free, one that is held is
// offered to the next client too, and is leased to the one that takes it up first.
class LeasePool {
 public:
  struct Limits {
    std::size_t leases = 1000;
    std::size_t offers = 65536;
    std::size_t changes = 65536;
  };
  explicit LeasePool(Limits limits) : limits_(limits) {}

  void set_limits(Limits limits) { limits_ = limits; }

  // Addresses that are never handed out on their own: the server's and those of dhcp-host lines.
  void set_reserved(std::unordered_set<Ipv4Address> addresses);

  const Lease* find(Ipv4Address address) const;

  // By client identifier; else by hardware address the latest of those where one side has no
  // identifier.
  const Lease* find(const LeaseClient& client) const;

  std::size_t size() const { return leases_.size(); }

  // In order of their addresses.
  const std::map<Ipv4Address, Lease>& all() const { return leases_; }

  // Makes or renews the lease of lease.address; nullptr when that would be one too many. The
  // client's offer is used up. The change is reported with the circumstances, if there are any.
  const Lease* record(Lease lease, std::unique_ptr<LeaseCircumstances> circumstances = nullptr);

  // A name is one client's: who comes later has it, but for a name that the configuration gave
  // somebody else. Where names have domains (this function is not empty), in each domain.
  using DomainOf = std::function<std::string(Ipv4Address)>;
  void set_domains(DomainOf domain_of);

  // The configuration gives the lease of this address a name.
  void give_name(Ipv4Address address, const std::string& name);

  // The same for a lease from an earlier run: no change is reported.
  const Lease* restore(Lease lease);
  void end(Ipv4Address address);

  // Keeps an address for a client; with no client, for nobody.
  void hold(Ipv4Address address, const std::optional<LeaseClient>& client, Instant until);
  std::optional<Ipv4Address> held_for(const LeaseClient& client) const;
  void drop_hold_of(const LeaseClient& client);
  bool is_held_for_another(Ipv4Address address, const LeaseClient& client) const;
  // It was offered to other clients before the one it is held for.
  bool is_contested(Ipv4Address address) const;

  // The lowest address in [from, to] that is neither leased nor held nor reserved.
  std::optional<Ipv4Address> next_free(Ipv4Address from, Ipv4Address to) const {
    return taken_.next_missing(from, to);
  }
  bool is_reserved(Ipv4Address address) const { return reserved_.contains(address); }

  // How often a client declined an address of the range that begins there: it moves the hash that
  // addresses are chosen by, as in dnsmasq, so that the client is offered another one.
  std::uint32_t declines(Ipv4Address range_start) const;
  void count_decline(Ipv4Address range_start) { ++declines_[range_start]; }

  // The highest leased address in [from, to].
  std::optional<Ipv4Address> highest_lease(Ipv4Address from, Ipv4Address to) const;

  // The oldest held offer within [from, to] makes room, when no address is free; whom it is held
  // for next shares it with those before.
  std::optional<Ipv4Address> release_oldest_hold(Ipv4Address from, Ipv4Address to);

  void expire(Instant now);
  std::optional<Instant> next_expiry() const;

  bool poll_change(LeaseChange& out);

 private:
  struct Hold {
    std::string key;  // empty: for nobody
    Instant until;
    bool is_contested = false;
  };
  void refresh(Ipv4Address address);
  void drop_hold(Ipv4Address address);
  const Lease* store(Lease lease);
  void unindex(const Lease& lease);
  void forget_hardware(const Lease& lease);
  std::string name_key(const Lease& lease) const;
  void settle_name(Lease& lease, const Lease* before);
  void report(LeaseChange change);

  Limits limits_;
  std::map<Ipv4Address, Lease> leases_;
  std::unordered_map<std::string, Ipv4Address> by_client_id_;
  // Of one hardware address in the order in which they were made.
  std::unordered_map<std::string, std::vector<Ipv4Address>> by_hardware_;
  std::unordered_map<std::string, Ipv4Address> by_name_;
  DomainOf domain_of_;
  std::set<std::pair<Instant, Ipv4Address>> expiries_;
  std::unordered_map<Ipv4Address, Hold> holds_;
  std::unordered_map<std::string, Ipv4Address> hold_by_key_;
  std::set<std::pair<Instant, Ipv4Address>> hold_ends_;
  std::optional<Ipv4Address> released_;  // the next hold of this address is contested
  std::unordered_set<Ipv4Address> reserved_;
  AddressSet taken_;
  std::unordered_map<Ipv4Address, std::uint32_t> declines_;  // by the start of the range
  std::deque<LeaseChange> changes_;
};

}  // namespace pxeproof::server
