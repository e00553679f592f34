#include "protocol/dhcp/option_code.h"

#include <array>

namespace pxeproof::dhcp {

namespace {

// Names as dnsmasq 2.90 lists them with "--help dhcp"; the rest from RFC 2132, 4578 and 5071.
constexpr std::array kNames = {
    OptionName{1, "netmask"},
    OptionName{2, "time-offset"},
    OptionName{3, "router"},
    OptionName{6, "dns-server"},
    OptionName{7, "log-server"},
    OptionName{9, "lpr-server"},
    OptionName{12, "hostname"},
    OptionName{13, "boot-file-size"},
    OptionName{15, "domain-name"},
    OptionName{16, "swap-server"},
    OptionName{17, "root-path"},
    OptionName{18, "extension-path"},
    OptionName{19, "ip-forward-enable"},
    OptionName{20, "non-local-source-routing"},
    OptionName{21, "policy-filter"},
    OptionName{22, "max-datagram-reassembly"},
    OptionName{23, "default-ttl"},
    OptionName{26, "mtu"},
    OptionName{27, "all-subnets-local"},
    OptionName{28, "broadcast"},
    OptionName{31, "router-discovery"},
    OptionName{32, "router-solicitation"},
    OptionName{33, "static-route"},
    OptionName{34, "trailer-encapsulation"},
    OptionName{35, "arp-timeout"},
    OptionName{36, "ethernet-encap"},
    OptionName{37, "tcp-ttl"},
    OptionName{38, "tcp-keepalive"},
    OptionName{40, "nis-domain"},
    OptionName{41, "nis-server"},
    OptionName{42, "ntp-server"},
    OptionName{43, "vendor-encap"},
    OptionName{44, "netbios-ns"},
    OptionName{45, "netbios-dd"},
    OptionName{46, "netbios-nodetype"},
    OptionName{47, "netbios-scope"},
    OptionName{48, "x-windows-fs"},
    OptionName{49, "x-windows-dm"},
    OptionName{50, "requested-address"},
    OptionName{51, "lease-time"},
    OptionName{52, "option-overload"},
    OptionName{53, "message-type"},
    OptionName{54, "server-identifier"},
    OptionName{55, "parameter-request"},
    OptionName{56, "message"},
    OptionName{57, "max-message-size"},
    OptionName{58, "T1"},
    OptionName{59, "T2"},
    OptionName{60, "vendor-class"},
    OptionName{61, "client-id"},
    OptionName{64, "nis+-domain"},
    OptionName{65, "nis+-server"},
    OptionName{66, "tftp-server"},
    OptionName{67, "bootfile-name"},
    OptionName{68, "mobile-ip-home"},
    OptionName{69, "smtp-server"},
    OptionName{70, "pop3-server"},
    OptionName{71, "nntp-server"},
    OptionName{74, "irc-server"},
    OptionName{77, "user-class"},
    OptionName{80, "rapid-commit"},
    OptionName{81, "FQDN"},
    OptionName{82, "agent-info"},
    OptionName{91, "last-transaction"},
    OptionName{92, "associated-ip"},
    OptionName{93, "client-arch"},
    OptionName{94, "client-interface-id"},
    OptionName{97, "client-machine-id"},
    OptionName{100, "posix-timezone"},
    OptionName{101, "tzdb-timezone"},
    OptionName{108, "ipv6-only"},
    OptionName{118, "subnet-select"},
    OptionName{119, "domain-search"},
    OptionName{120, "sip-server"},
    OptionName{121, "classless-static-route"},
    OptionName{125, "vendor-id-encap"},
    OptionName{150, "tftp-server-address"},
    OptionName{175, "etherboot"},
    OptionName{209, "config-file"},
    OptionName{210, "path-prefix"},
    OptionName{255, "server-ip-address"},
};

}  // namespace

std::string_view option_name(std::uint8_t code) {
  for (const OptionName& row : kNames) {
    if (row.code == code && code != 255) return row.name;
  }
  return {};
}

std::optional<std::uint8_t> option_by_name(std::string_view name) {
  for (const OptionName& row : kNames) {
    if (row.name == name) return row.code;
  }
  return std::nullopt;
}

std::string_view to_string(MessageType type) {
  switch (type) {
    case MessageType::Discover:
      return "DISCOVER";
    case MessageType::Offer:
      return "OFFER";
    case MessageType::Request:
      return "REQUEST";
    case MessageType::Decline:
      return "DECLINE";
    case MessageType::Ack:
      return "ACK";
    case MessageType::Nak:
      return "NAK";
    case MessageType::Release:
      return "RELEASE";
    case MessageType::Inform:
      return "INFORM";
  }
  return {};
}

}  // namespace pxeproof::dhcp
