#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "server/diagnostic.h"

namespace pxeproof::server {

// "tag:x" or "tag:!x". dnsmasq's older spelling "#x" for "!x" is read as such. In tag-if, and
// nowhere else, a name ending in '*' stands for any tag with that beginning (dnsmasq 2.85 and
// later).
struct TagCondition {
  std::string name{};
  bool negated = false;

  friend bool operator==(const TagCondition&, const TagCondition&) = default;
};

// dhcp-range. Proxy ranges have no pool.
struct DhcpRange {
  enum class Kind { Proxy, Pool, Static };
  Kind kind = Kind::Proxy;
  std::vector<TagCondition> conditions{};
  std::vector<std::string> set_tags{};
  std::string interface {};  // "interface:name" or empty
  Ipv4Address start{};       // Proxy: any address of the subnet
  Ipv4Address end{};
  std::optional<Ipv4Address>
      netmask{};  // needed for relayed subnets; else the receiving interface's
  std::optional<Ipv4Address> broadcast{};
  // nullopt with lease_infinite false: the default of one hour.
  std::optional<std::chrono::seconds> lease{};
  bool lease_infinite = false;
  SourceLocation location{};
};

// pxe-service, in file order.
struct PxeService {
  std::vector<TagCondition> conditions{};
  std::uint16_t architecture = 0;
  std::string menu_text{};
  // Given, 0 for local boot, or 0x8000 and up counted over all services with a file.
  std::uint16_t type = 0;
  std::string basename{};     // empty: no file
  std::string server_name{};  // fourth field when it is no address
  std::optional<Ipv4Address> server{};
  SourceLocation location{};
};

// pxe-prompt.
struct PxePrompt {
  std::vector<TagCondition> conditions{};
  std::string text{};
  std::optional<std::uint32_t> timeout_seconds{};  // nullopt: wait for ever
  SourceLocation location{};
};

// dhcp-boot.
struct DhcpBoot {
  std::vector<TagCondition> conditions{};
  std::string file{};
  std::string server_name{};       // second field: sname
  std::string tftp_server_name{};  // third field when it is no address
  std::optional<Ipv4Address> server{};
  SourceLocation location{};
};

// dhcp-option, -force, -pxe.
struct DhcpOption {
  std::vector<TagCondition> conditions{};
  // "vendor:x": inside option 43 for clients whose option 60 contains x, which may be empty.
  std::optional<std::string> vendor_class{};
  std::optional<std::uint8_t> encapsulated_in{};      // "encap:n"
  std::optional<std::uint32_t> vendor_identifying{};  // "vi-encap:n"
  std::uint8_t code = 0;
  Bytes value{};
  bool value_is_addresses = false;  // for dnsmasq's "0.0.0.0 means this server"
  bool value_is_text = false;
  bool force = false;
  bool in_pxe_replies = false;  // dhcp-option-pxe
  SourceLocation location{};
};

// dhcp-match, dhcp-userclass, dhcp-vendorclass, dhcp-mac, dhcp-circuitid, -remoteid, -subscrid,
// dhcp-name-match: sets a tag when the request matches.
struct TagRule {
  enum class Kind { Option, UserClass, VendorClass, Mac, CircuitId, RemoteId, SubscriberId, Name };
  Kind kind = Kind::Option;
  std::string set_tag{};
  std::vector<TagCondition> conditions{};
  std::uint8_t option_code = 0;               // Option
  std::optional<std::uint32_t> enterprise{};  // vi-encap:
  // Option: no value tests presence; hexadecimal octets with wildcards are left-anchored; a number
  // matches any element of 1, 2 or 4 octets; text is a substring (dnsmasq man page,
  // facts/server.md 6.2).
  // CircuitId, RemoteId, SubscriberId: octets equal the whole sub-option. UserClass, VendorClass:
  // octets stand anywhere in option 77 or 60. Name: text is the client's host name without its
  // domain, case aside; a text ending in '*' is the beginning of a name. An enterprise number
  // beside VendorClass concerns DHCPv6 only.
  enum class Test { Present, HexPrefix, Number, Text };
  Test test = Test::Present;
  Bytes octets{};  // of HexPrefix, of Text, and of Number, whose size is the size of an element
  std::vector<bool> wildcard{};  // same size as octets: true where "*" stood
  std::uint32_t number = 0;      // Number, for people
  std::string text{};
  std::optional<std::uint8_t> hardware_type{};  // Mac
  SourceLocation location{};
};

// tag-if, in file order.
struct TagIf {
  std::vector<std::string> set_tags{};
  std::vector<TagCondition> conditions{};
  SourceLocation location{};
};

// dhcp-host.
struct DhcpHost {
  struct HardwareAddress {
    Bytes octets{};
    std::vector<bool> wildcard{};
    std::optional<std::uint8_t> hardware_type{};
  };
  std::vector<HardwareAddress> hardware{};
  std::optional<Bytes> client_id{};  // "id:..."
  bool ignore_client_id = false;     // "id:*"
  std::vector<std::string> set_tags{};
  std::vector<TagCondition> conditions{};
  std::optional<Ipv4Address> address{};
  std::string name{};
  std::optional<std::chrono::seconds> lease{};
  bool lease_infinite = false;
  bool ignore = false;
  SourceLocation location{};
};

// domain=NAME,RANGE: the domain of the addresses in a range.
struct DomainRange {
  std::string name{};
  Ipv4Address first{};
  Ipv4Address last{};
  std::string interface {};  // instead of addresses: every subnet of an interface
};

// dhcp-reply-delay.
struct ReplyDelay {
  std::vector<TagCondition> conditions{};
  std::chrono::seconds delay{0};
  SourceLocation location{};
};

// The tftp-* family.
struct TftpConfiguration {
  bool enabled = false;
  std::vector<std::string> interfaces{};                 // enable-tftp=if[,if]; empty: all
  std::string root{};                                    // tftp-root
  std::map<std::string, std::string> interface_roots{};  // tftp-root=dir,if
  enum class UniqueRoot { Off, ByAddress, ByMac };
  UniqueRoot unique_root = UniqueRoot::Off;
  bool secure = false;
  bool lowercase = false;
  bool no_fail = false;
  bool no_block_size = false;
  bool single_port = false;
  std::optional<std::uint32_t> maximum_transfers{};  // tftp-max; nullopt: our own default
  std::uint32_t mtu = 0;                             // tftp-mtu; 0: the interface's
  std::optional<std::pair<std::uint16_t, std::uint16_t>> port_range{};
  bool quiet = false;
  SourceLocation root_location{};
};

// shared-network and bridge-interface.
struct SharedNetwork {
  std::string interface {};  // or empty when address is given
  std::optional<Ipv4Address> address{};
  Ipv4Address network_of{};
};
struct BridgeInterface {
  std::string interface {};
  std::vector<std::string> aliases{};
};

// dhcp-relay.
struct DhcpRelay {
  Ipv4Address local{};                  // of this machine, on the clients' subnet
  std::optional<Ipv4Address> server{};  // nullopt: by broadcast, out of the interface
  std::optional<std::uint16_t> port{};  // the server's; nullopt: the ordinary one
  std::string interface {};             // where answers are accepted; may end in '*'; empty: all
  SourceLocation location{};
};

// dhcp-script: a program that is run for leases and finished transfers.
struct ScriptConfiguration {
  std::string program{};  // empty: none
  std::string user{};     // dhcp-scriptuser; empty: root
  bool on_renewal = false;
  SourceLocation location{};
};

// dumpfile and dumpmask: which packets are kept as a capture.
struct DumpConfiguration {
  static constexpr std::uint32_t kDhcp = 0x1000;
  static constexpr std::uint32_t kTftp = 0x8000;
  std::string file{};  // empty: none
  std::uint32_t mask = 0;
};

// One directive as it was met, for lint.
struct DirectiveUse {
  std::string name{};
  SourceLocation location{};
};

// A whole dnsmasq configuration, as far as network boot is concerned.
struct Configuration {
  // Where to listen.
  std::vector<std::string> interfaces{};  // may end in '*'; empty: all
  std::vector<std::string> except_interfaces{};
  std::vector<std::string> no_dhcp_interfaces{};
  std::vector<Ipv4Address> listen_addresses{};
  bool bind_interfaces = false;
  bool bind_dynamic = false;
  std::uint16_t dhcp_server_port = 67;  // dhcp-alternate-port
  std::uint16_t dhcp_client_port = 68;
  std::uint16_t dns_port = 53;  // port=0 switches name look-up off, in dnsmasq
  std::vector<SharedNetwork> shared_networks{};
  std::vector<BridgeInterface> bridge_interfaces{};

  // Whom to answer, and what.
  std::vector<DhcpRange> ranges{};
  std::vector<PxeService> services{};  // file order
  std::vector<PxePrompt> prompts{};    // file order; the last matching one is used (LIFO)
  std::vector<DhcpBoot> boots{};       // file order; the last matching one is used (LIFO)
  std::vector<DhcpOption> options{};   // file order; LIFO as above
  std::vector<std::string> pxe_vendors{"PXEClient"};
  std::vector<TagRule> tag_rules{};
  std::vector<TagIf> tag_ifs{};
  std::vector<std::vector<TagCondition>> ignores{};     // dhcp-ignore
  std::vector<std::vector<TagCondition>> broadcasts{};  // dhcp-broadcast
  std::vector<DhcpHost> hosts{};
  std::vector<ReplyDelay> reply_delays{};
  std::vector<std::vector<TagCondition>> bootp_dynamics{};   // bootp-dynamic
  std::vector<std::vector<TagCondition>> ignored_names{};    // dhcp-ignore-names
  std::vector<std::vector<TagCondition>> generated_names{};  // dhcp-generate-names
  bool no_override = false;
  bool authoritative = false;
  bool no_ping = false;
  bool no_round_robin = false;  // of several addresses of a server's name, always the first
  bool sequential_addresses = false;
  std::uint32_t maximum_leases = 1000;  // dhcp-lease-max
  bool ignore_client_ids = false;       // dhcp-ignore-clid
  bool rapid_commit = false;            // dhcp-rapid-commit (RFC 4039)
  bool clients_update_dns = false;      // dhcp-client-update (RFC 4702)
  bool names_are_full = false;          // dhcp-fqdn: a name is one client's in its domain
  // dhcp-proxy: relays whose address stands for the server's in option 54; an empty list: all.
  std::optional<std::vector<Ipv4Address>> full_proxies{};
  std::string lease_file{};    // dhcp-leasefile; empty: in memory
  bool no_lease_file = false;  // leasefile-ro, whatever dhcp-leasefile says
  std::string domain{};
  std::vector<DomainRange> domains{};  // file order; the last matching one is used

  // Names for the server fields: host-record, addn-hosts, address=, /etc/hosts. Filled by the
  // reader, in lower case; ask addresses_of.
  std::map<std::string, std::vector<Ipv4Address>, std::less<>> names{};
  // The first name of an address in hosts files and host-record, which a client of that address
  // gets; empty with port=0, as in dnsmasq.
  std::map<Ipv4Address, std::string> names_of_addresses{};

  TftpConfiguration tftp{};
  std::vector<DhcpRelay> relays{};
  ScriptConfiguration script{};
  DumpConfiguration dump{};

  bool log_dhcp = false;
  bool quiet_dhcp = false;
  std::string log_facility{};
  std::string user{};
  std::string group{};
  std::string pid_file{};

  // Of dhcp-hostsdir, dhcp-optsdir and hostsdir: a change of their files counts at once.
  std::set<std::string> watched_directories{};

  std::vector<DirectiveUse> directives{};  // every line that was read, in order

  // PXE exists in dnsmasq only with one of these lines (facts/server.md 1.1).
  bool pxe_enabled() const { return !services.empty() || !prompts.empty(); }
  bool serves_dhcp() const { return !ranges.empty() || !relays.empty(); }
};

// The addresses of a name, case aside, with or without the configured domain; empty when unknown.
std::vector<Ipv4Address> addresses_of(const Configuration& configuration, std::string_view name);

}  // namespace pxeproof::server
