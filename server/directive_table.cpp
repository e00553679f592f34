#include "server/directive_table.h"

#include <algorithm>
#include <array>

#include "server/directive_handlers.h"
#include "server/nearest_name.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

using enum Directive::Value;
using enum Directive::Repetition;
using enum Directive::Concern;
using Given = std::optional<Argument>;

// For the directives that always have an argument.
template <Judgement (*Read)(ReaderSession&, Argument)>
Judgement required(ReaderSession& session, const Given& given) {
  return Read(session, given.value_or(Argument{}));
}

template <bool Configuration::*Flag>
Judgement set_flag(ReaderSession& session, const Given& /*given*/) {
  session.configuration().*Flag = true;
  return {};
}

template <bool TftpConfiguration::*Flag>
Judgement set_tftp_flag(ReaderSession& session, const Given& /*given*/) {
  session.configuration().tftp.*Flag = true;
  return {};
}

template <std::string Configuration::*Member>
Judgement set_text(ReaderSession& session, const Given& given) {
  session.configuration().*Member = given.value_or(Argument{}).text();
  return {};
}

template <std::vector<std::vector<TagCondition>> Configuration::*List>
Judgement tag_list(ReaderSession& session, const Given& given) {
  (session.configuration().*List).push_back(read_tag_list(given));
  return {};
}

template <ReaderSession::DeferredFile Kind>
Judgement defer_file(ReaderSession& session, Argument path) {
  if (!path.empty()) session.defer_file(Kind, path.text());
  return {};
}

template <ReaderSession::DeferredFile Kind>
Judgement watch_directory(ReaderSession& session, Argument path) {
  if (path.empty()) return {};
  session.configuration().watched_directories.insert(path.text());
  session.defer_file(Kind, path.text());
  return {};
}

template <TagRule::Kind Kind>
Judgement class_rule(ReaderSession& session, Argument argument) {
  return read_class_rule(session, std::move(argument), Kind);
}

template <TagRule::Kind Kind>
Judgement agent_rule(ReaderSession& session, Argument argument) {
  return read_agent_rule(session, std::move(argument), Kind);
}

template <OptionDirective Kind>
Judgement dhcp_option(ReaderSession& session, Argument argument) {
  return read_dhcp_option(session, std::move(argument), Kind);
}

Judgement expand_hosts(ReaderSession& session, const Given& /*given*/) {
  session.expand_host_names();
  return {};
}

Judgement read_ethers(ReaderSession& session, const Given& /*given*/) {
  session.read_etc_ethers();
  return {};
}

Judgement run_script_on_renewal(ReaderSession& session, const Given& /*given*/) {
  session.configuration().script.on_renewal = true;
  return {};
}

Judgement set_script_user(ReaderSession& session, const Given& given) {
  session.configuration().script.user = given.value_or(Argument{}).text();
  return {};
}

Judgement set_dump_file(ReaderSession& session, const Given& given) {
  session.configuration().dump.file = given.value_or(Argument{}).text();
  return {};
}

Judgement leave_out_etc_hosts(ReaderSession& session, const Given& /*given*/) {
  session.leave_out_etc_hosts();
  return {};
}

// In alphabetical order. Names, letters, arguments and repetition as dnsmasq 2.90 has them, checked
// against it; dhcp-reply-delay may stand once per tag here. Of later versions: dhcp-option-pxe
// (2.91), dhcp-split-relay, leasequery, do-0x20-encode, no-0x20-encode and log-malloc (2.92).
constexpr auto kDirectives = std::to_array<Directive>({
    {"add-cpe-id", ' ', Required, Once, Foreign, "DNS", accept_anything},
    {"add-mac", ' ', Optional, Allowed, Foreign, "DNS", accept_anything},
    {"add-subnet", ' ', Optional, Once, Foreign, "DNS", accept_anything},
    {"addn-hosts", 'H', Required, Allowed, Boot, "",
     required<defer_file<ReaderSession::DeferredFile::Hosts>>},
    {"address", 'A', Required, Allowed, Boot, "", required<read_address>},
    {"alias", 'V', Required, Allowed, Foreign, "DNS", accept_fields},
    {"all-servers", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"auth-peer", ' ', Required, Allowed, Foreign, "DNS", accept_address},
    {"auth-sec-servers", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"auth-server", ' ', Required, Once, Foreign, "DNS", accept_anything},
    {"auth-soa", ' ', Required, Once, Foreign, "DNS", accept_anything},
    {"auth-ttl", ' ', Required, Once, Foreign, "DNS", accept_number},
    {"auth-zone", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"bind-dynamic", ' ', None, Allowed, Boot, "", set_flag<&Configuration::bind_dynamic>},
    {"bind-interfaces", 'z', None, Allowed, Boot, "", set_flag<&Configuration::bind_interfaces>},
    {"bogus-nxdomain", 'B', Required, Allowed, Foreign, "DNS", accept_address},
    {"bogus-priv", 'b', None, Allowed, Foreign, "DNS", accept_anything},
    {"bootp-dynamic", '3', Optional, Allowed, Leases, "", tag_list<&Configuration::bootp_dynamics>},
    {"bridge-interface", ' ', Required, Allowed, Boot, "", required<read_bridge_interface>},
    {"caa-record", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"cache-rr", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"cache-size", 'c', Optional, Once, Foreign, "DNS", accept_number},
    {"clear-on-reload", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"cname", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"conf-dir", '7', Required, Allowed, Boot, "", required<read_conf_dir>},
    {"conf-file", 'C', Optional, Allowed, Boot, "", read_conf_file},
    {"conf-script", ' ', Required, Allowed, Boot, "", required<read_conf_script>},
    {"connmark-allowlist", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"connmark-allowlist-enable", ' ', Optional, Once, Foreign, "DNS", accept_anything},
    {"conntrack", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"dhcp-alternate-port", ' ', Optional, Once, Boot, "", read_alternate_port},
    {"dhcp-authoritative", 'K', None, Allowed, Leases, "", set_flag<&Configuration::authoritative>},
    {"dhcp-boot", 'M', Required, Allowed, Boot, "", required<read_dhcp_boot>},
    {"dhcp-broadcast", ' ', Optional, Allowed, Leases, "", tag_list<&Configuration::broadcasts>},
    {"dhcp-circuitid", ' ', Required, Allowed, Boot, "",
     required<agent_rule<TagRule::Kind::CircuitId>>},
    {"dhcp-client-update", ' ', None, Allowed, Leases, "",
     set_flag<&Configuration::clients_update_dns>},
    {"dhcp-duid", ' ', Required, Once, Foreign, "DHCPv6", accept_fields},
    {"dhcp-fqdn", ' ', None, Allowed, Leases, "", set_flag<&Configuration::names_are_full>},
    {"dhcp-generate-names", ' ', Optional, Allowed, Leases, "",
     tag_list<&Configuration::generated_names>},
    {"dhcp-host", 'G', Required, Allowed, Boot, "", required<read_dhcp_host>},
    {"dhcp-hostsdir", ' ', Required, Allowed, Boot, "",
     required<watch_directory<ReaderSession::DeferredFile::DhcpHosts>>},
    {"dhcp-hostsfile", ' ', Required, Allowed, Boot, "",
     required<defer_file<ReaderSession::DeferredFile::DhcpHosts>>},
    {"dhcp-ignore", 'J', Required, Allowed, Boot, "", tag_list<&Configuration::ignores>},
    {"dhcp-ignore-clid", ' ', None, Allowed, Leases, "",
     set_flag<&Configuration::ignore_client_ids>},
    {"dhcp-ignore-names", ' ', Optional, Allowed, Leases, "",
     tag_list<&Configuration::ignored_names>},
    {"dhcp-lease", ' ', Required, Once, Leases, "", set_text<&Configuration::lease_file>},
    {"dhcp-lease-max", 'X', Required, Once, Leases, "", required<read_lease_maximum>},
    {"dhcp-leasefile", 'l', Optional, Once, Leases, "", set_text<&Configuration::lease_file>},
    {"dhcp-luascript", ' ', Required, Allowed, Unsupported,
     "write a program that dhcp-script runs; Debian's dnsmasq has no Lua either", accept_anything},
    {"dhcp-mac", '4', Required, Allowed, Boot, "", required<read_dhcp_mac>},
    {"dhcp-match", ' ', Required, Allowed, Boot, "", required<read_dhcp_match>},
    {"dhcp-name-match", ' ', Required, Allowed, Boot, "", required<read_name_match>},
    {"dhcp-no-override", ' ', None, Allowed, Leases, "", set_flag<&Configuration::no_override>},
    {"dhcp-option", 'O', Required, Allowed, Boot, "",
     required<dhcp_option<OptionDirective::Plain>>},
    {"dhcp-option-force", ' ', Required, Allowed, Boot, "",
     required<dhcp_option<OptionDirective::Forced>>},
    {"dhcp-option-pxe", ' ', Required, Allowed, Boot, "",
     required<dhcp_option<OptionDirective::InPxeReplies>>},
    {"dhcp-optsdir", ' ', Required, Allowed, Boot, "",
     required<watch_directory<ReaderSession::DeferredFile::DhcpOptions>>},
    {"dhcp-optsfile", ' ', Required, Allowed, Boot, "",
     required<defer_file<ReaderSession::DeferredFile::DhcpOptions>>},
    {"dhcp-proxy", ' ', Optional, Allowed, Leases, "", read_dhcp_proxy},
    {"dhcp-pxe-vendor", ' ', Required, Allowed, Boot, "", required<read_pxe_vendor>},
    {"dhcp-range", 'F', Required, Allowed, Boot, "", required<read_dhcp_range>},
    {"dhcp-rapid-commit", ' ', None, Allowed, Leases, "", set_flag<&Configuration::rapid_commit>},
    {"dhcp-relay", ' ', Required, Allowed, Boot, "", required<read_dhcp_relay>},
    {"dhcp-remoteid", ' ', Required, Allowed, Boot, "",
     required<agent_rule<TagRule::Kind::RemoteId>>},
    {"dhcp-reply-delay", ' ', Required, Allowed, Boot, "", required<read_reply_delay>},
    {"dhcp-script", '6', Required, Once, Boot, "", required<read_dhcp_script>},
    {"dhcp-scriptuser", ' ', Required, Once, Boot, "", set_script_user},
    {"dhcp-sequential-ip", ' ', None, Allowed, Leases, "",
     set_flag<&Configuration::sequential_addresses>},
    {"dhcp-split-relay", ' ', Required, Allowed, Unsupported,
     "write dhcp-relay, or let dnsmasq relay", accept_split_relay},
    {"dhcp-subscrid", ' ', Required, Allowed, Boot, "",
     required<agent_rule<TagRule::Kind::SubscriberId>>},
    {"dhcp-ttl", ' ', Required, Once, Leases, "", accept_number},
    {"dhcp-userclass", 'j', Required, Allowed, Boot, "",
     required<class_rule<TagRule::Kind::UserClass>>},
    {"dhcp-vendorclass", 'U', Required, Allowed, Boot, "",
     required<class_rule<TagRule::Kind::VendorClass>>},
    {"dns-forward-max", '0', Required, Once, Foreign, "DNS", accept_number},
    {"dns-loop-detect", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"dns-rr", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"dnssec", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"dnssec-check-unsigned", ' ', Optional, Allowed, Foreign, "DNS", accept_anything},
    {"dnssec-debug", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"dnssec-limits", ' ', Required, Once, Foreign, "DNS", accept_number},
    {"dnssec-no-timecheck", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"dnssec-timestamp", ' ', Required, Once, Foreign, "DNS", accept_anything},
    {"do-0x20-encode", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"domain", 's', Required, Allowed, Leases, "", required<read_domain>},
    {"domain-needed", 'D', None, Allowed, Foreign, "DNS", accept_anything},
    {"domain-suffix", ' ', Required, Allowed, Leases, "", required<read_domain>},
    {"dumpfile", ' ', Required, Once, Boot, "", set_dump_file},
    {"dumpmask", ' ', Required, Once, Boot, "", required<read_dump_mask>},
    {"dynamic-host", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"edns-packet-max", 'P', Required, Once, Foreign, "DNS", accept_number},
    {"enable-dbus", '1', Optional, Once, Foreign, "DNS", accept_anything},
    {"enable-ra", ' ', None, Allowed, Foreign, "DHCPv6", accept_anything},
    {"enable-tftp", ' ', Optional, Allowed, Boot, "", read_enable_tftp},
    {"enable-ubus", ' ', Optional, Once, Foreign, "DNS", accept_anything},
    {"except-interface", 'I', Required, Allowed, Boot, "", required<read_except_interface>},
    {"expand-hosts", 'E', None, Allowed, Boot, "", expand_hosts},
    {"fast-dns-retry", ' ', Optional, Once, Foreign, "DNS", accept_number},
    {"filter-A", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"filter-AAAA", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"filter-rr", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"filterwin2k", 'f', None, Allowed, Foreign, "DNS", accept_anything},
    {"group", 'g', Optional, Once, Boot, "", set_text<&Configuration::group>},
    {"help", 'w', None, Allowed, Process, "", accept_anything},
    {"host-record", ' ', Required, Allowed, Boot, "", required<read_host_record>},
    {"hostsdir", ' ', Required, Allowed, Boot, "",
     required<watch_directory<ReaderSession::DeferredFile::Hosts>>},
    {"ignore-address", ' ', Required, Allowed, Foreign, "DNS", accept_address},
    {"interface", 'i', Required, Allowed, Boot, "", required<read_interface>},
    {"interface-name", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"ipset", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"keep-in-foreground", 'k', None, Allowed, Process, "", accept_anything},
    {"leasefile-ro", '9', None, Allowed, Leases, "", set_flag<&Configuration::no_lease_file>},
    {"leasequery", ' ', Optional, Allowed, Foreign, "DNS", accept_anything},
    {"listen-address", 'a', Required, Allowed, Boot, "", required<read_listen_address>},
    {"local", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"local-service", ' ', Optional, Once, Foreign, "DNS", accept_anything},
    {"local-ttl", 'T', Required, Once, Foreign, "DNS", accept_number},
    {"localise-queries", 'y', None, Allowed, Foreign, "DNS", accept_anything},
    {"localmx", 'L', None, Allowed, Foreign, "DNS", accept_anything},
    {"log-async", ' ', Optional, Once, Process, "", accept_number},
    {"log-debug", ' ', None, Allowed, Process, "", accept_anything},
    {"log-dhcp", ' ', None, Allowed, Boot, "", set_flag<&Configuration::log_dhcp>},
    {"log-facility", '8', Required, Once, Boot, "", required<read_log_facility>},
    {"log-malloc", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"log-queries", 'q', Optional, Allowed, Process, "", accept_anything},
    {"max-cache-ttl", ' ', Required, Once, Foreign, "DNS", accept_number},
    {"max-port", ' ', Required, Once, Foreign, "DNS", accept_port},
    {"max-tcp-connections", ' ', Required, Once, Foreign, "DNS", accept_number},
    {"max-ttl", ' ', Required, Once, Foreign, "DNS", accept_number},
    {"min-cache-ttl", ' ', Required, Once, Foreign, "DNS", accept_number},
    {"min-port", ' ', Required, Once, Foreign, "DNS", accept_port},
    {"mx-host", 'm', Required, Allowed, Foreign, "DNS", accept_anything},
    {"mx-target", 't', Required, Once, Foreign, "DNS", accept_anything},
    {"naptr-record", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"neg-ttl", ' ', Required, Once, Foreign, "DNS", accept_number},
    {"nftset", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"no-0x20-encode", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"no-daemon", 'd', None, Allowed, Process, "", accept_anything},
    {"no-dhcp-interface", '2', Required, Allowed, Boot, "", required<read_no_dhcp_interface>},
    {"no-dhcpv4-interface", ' ', Required, Allowed, Boot, "", required<read_no_dhcp_interface>},
    {"no-dhcpv6-interface", ' ', Required, Allowed, Foreign, "DHCPv6", accept_anything},
    {"no-hosts", 'h', None, Allowed, Boot, "", leave_out_etc_hosts},
    {"no-ident", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"no-negcache", 'N', None, Allowed, Foreign, "DNS", accept_anything},
    {"no-ping", '5', None, Allowed, Leases, "", set_flag<&Configuration::no_ping>},
    {"no-poll", 'n', None, Allowed, Foreign, "DNS", accept_anything},
    {"no-resolv", 'R', None, Allowed, Foreign, "DNS", accept_anything},
    {"no-round-robin", ' ', None, Allowed, Boot, "", set_flag<&Configuration::no_round_robin>},
    {"pid-file", 'x', Optional, Once, Boot, "", set_text<&Configuration::pid_file>},
    {"port", 'p', Required, Once, Boot, "", required<read_port>},
    {"port-limit", ' ', Required, Once, Foreign, "DNS", accept_number},
    {"proxy-dnssec", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"ptr-record", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"pxe-prompt", ' ', Required, Allowed, Boot, "", required<read_pxe_prompt>},
    {"pxe-service", ' ', Required, Allowed, Boot, "", required<read_pxe_service>},
    {"query-port", 'Q', Required, Once, Foreign, "DNS", accept_port},
    {"quiet-dhcp", ' ', None, Allowed, Boot, "", set_flag<&Configuration::quiet_dhcp>},
    {"quiet-dhcp6", ' ', None, Allowed, Foreign, "DHCPv6", accept_anything},
    {"quiet-ra", ' ', None, Allowed, Foreign, "DHCPv6", accept_anything},
    {"quiet-tftp", ' ', None, Allowed, Boot, "", set_tftp_flag<&TftpConfiguration::quiet>},
    {"ra-param", ' ', Required, Allowed, Foreign, "DHCPv6", accept_anything},
    {"read-ethers", 'Z', None, Allowed, Boot, "", read_ethers},
    {"rebind-domain-ok", ' ', Required, Allowed, Foreign, "DNS", accept_anything},
    {"rebind-localhost-ok", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"resolv-file", 'r', Optional, Allowed, Foreign, "DNS", accept_anything},
    {"rev-server", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"script-arp", ' ', None, Allowed, Foreign, "ARP tables", accept_anything},
    {"script-on-renewal", ' ', None, Allowed, Boot, "", run_script_on_renewal},
    {"selfmx", 'e', None, Allowed, Foreign, "DNS", accept_anything},
    {"server", 'S', Required, Allowed, Foreign, "DNS", accept_anything},
    {"servers-file", ' ', Required, Once, Foreign, "DNS", accept_anything},
    {"shared-network", ' ', Required, Allowed, Boot, "", required<read_shared_network>},
    {"srv-host", 'W', Required, Allowed, Foreign, "DNS", accept_anything},
    {"stop-dns-rebind", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"strict-order", 'o', None, Allowed, Foreign, "DNS", accept_anything},
    {"strip-mac", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"strip-subnet", ' ', None, Allowed, Foreign, "DNS", accept_anything},
    {"synth-domain", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"tag-if", ' ', Required, Allowed, Boot, "", required<read_tag_if>},
    {"test", ' ', None, Allowed, Process, "", accept_anything},
    {"tftp-lowercase", ' ', None, Allowed, Boot, "", set_tftp_flag<&TftpConfiguration::lowercase>},
    {"tftp-max", ' ', Required, Once, Boot, "", required<read_tftp_max>},
    {"tftp-mtu", ' ', Required, Once, Boot, "", required<read_tftp_mtu>},
    {"tftp-no-blocksize", ' ', None, Allowed, Boot, "",
     set_tftp_flag<&TftpConfiguration::no_block_size>},
    {"tftp-no-fail", ' ', None, Allowed, Boot, "", set_tftp_flag<&TftpConfiguration::no_fail>},
    {"tftp-port-range", ' ', Required, Once, Boot, "", required<read_tftp_port_range>},
    {"tftp-root", ' ', Required, Allowed, Boot, "", required<read_tftp_root>},
    {"tftp-secure", ' ', None, Allowed, Boot, "", set_tftp_flag<&TftpConfiguration::secure>},
    {"tftp-single-port", ' ', None, Allowed, Boot, "",
     set_tftp_flag<&TftpConfiguration::single_port>},
    {"tftp-unique-root", ' ', Optional, Allowed, Boot, "", read_tftp_unique_root},
    {"trust-anchor", ' ', Required, Allowed, Foreign, "DNS", accept_fields},
    {"txt-record", 'Y', Required, Allowed, Foreign, "DNS", accept_anything},
    {"umbrella", ' ', Optional, Once, Foreign, "DNS", accept_anything},
    {"use-stale-cache", ' ', Optional, Once, Foreign, "DNS", accept_number},
    {"user", 'u', Optional, Once, Boot, "", set_text<&Configuration::user>},
    {"version", 'v', None, Allowed, Process, "", accept_anything},
});

}  // namespace

std::span<const Directive> all_directives() { return kDirectives; }

const Directive* find_directive(std::string_view name) {
  const auto* row = std::ranges::lower_bound(kDirectives, name, {}, &Directive::name);
  return row != kDirectives.end() && row->name == name ? row : nullptr;
}

const Directive* find_directive_by_letter(char letter) {
  if (letter == ' ') return nullptr;
  const auto* row = std::ranges::find(kDirectives, letter, &Directive::letter);
  return row == kDirectives.end() ? nullptr : row;
}

const Directive* find_directive_by_beginning(std::string_view beginning) {
  if (const Directive* exact = find_directive(beginning)) return exact;
  const auto begins = [&](const Directive& row) { return row.name.starts_with(beginning); };
  const auto* first = std::ranges::find_if(kDirectives, begins);
  if (beginning.empty() || first == kDirectives.end()) return nullptr;
  return std::ranges::count_if(kDirectives, begins) == 1 ? first : nullptr;
}

std::string_view nearest_directive(std::string_view name) {
  std::array<std::string_view, kDirectives.size()> names;
  std::ranges::transform(kDirectives, names.begin(), &Directive::name);
  return nearest_name(name, names).value_or("");
}

}  // namespace pxeproof::server
