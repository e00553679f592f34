#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pxeproof::dhcp {

// DHCP option codes that network boot meets. Any other octet is as good a code; these are those we
// name.
enum class OptionCode : std::uint8_t {
  Pad = 0,                       // RFC 2132 s.3.1
  SubnetMask = 1,                // RFC 2132 s.3.3
  Router = 3,                    // RFC 2132 s.3.5
  DomainNameServer = 6,          // RFC 2132 s.3.8
  HostName = 12,                 // RFC 2132 s.3.14
  BootFileSize = 13,             // RFC 2132 s.3.15
  DomainName = 15,               // RFC 2132 s.3.17
  RootPath = 17,                 // RFC 2132 s.3.19
  BroadcastAddress = 28,         // RFC 2132 s.5.3
  VendorSpecific = 43,           // RFC 2132 s.8.4
  RequestedAddress = 50,         // RFC 2132 s.9.1
  LeaseTime = 51,                // RFC 2132 s.9.2
  Overload = 52,                 // RFC 2132 s.9.3
  MessageType = 53,              // RFC 2132 s.9.6
  ServerIdentifier = 54,         // RFC 2132 s.9.7
  ParameterRequestList = 55,     // RFC 2132 s.9.8
  Message = 56,                  // RFC 2132 s.9.9
  MaximumMessageSize = 57,       // RFC 2132 s.9.10
  RenewalTime = 58,              // RFC 2132 s.9.11
  RebindingTime = 59,            // RFC 2132 s.9.12
  VendorClass = 60,              // RFC 2132 s.9.13
  ClientIdentifier = 61,         // RFC 2132 s.9.14
  TftpServerName = 66,           // RFC 2132 s.9.4
  BootFileName = 67,             // RFC 2132 s.9.5
  UserClass = 77,                // RFC 3004
  RelayAgentInformation = 82,    // RFC 3046
  ClientArchitecture = 93,       // RFC 4578 s.2.1
  ClientInterface = 94,          // RFC 4578 s.2.2
  ClientMachineIdentifier = 97,  // RFC 4578 s.2.3
  EtherBoot = 175,               // iPXE's encapsulated options (ipxe.org/howto/dhcpd)
  ConfigFile = 209,              // RFC 5071 s.5
  PathPrefix = 210,              // RFC 5071 s.6
  End = 255,                     // RFC 2132 s.3.2
};

// What is known of an option's name; one row of the table behind the two functions below.
struct OptionName {
  std::uint8_t code;
  std::string_view name;  // dnsmasq's spelling where it has one, such as "client-arch"
};

// The name of an option; empty when it has none.
std::string_view option_name(std::uint8_t code);

// The code behind a name as dnsmasq spells it after "option:".
std::optional<std::uint8_t> option_by_name(std::string_view name);

// DHCP message types (RFC 2132 s.9.6).
enum class MessageType : std::uint8_t {
  Discover = 1,
  Offer = 2,
  Request = 3,
  Decline = 4,
  Ack = 5,
  Nak = 6,
  Release = 7,
  Inform = 8,
};

// "DISCOVER" and so on; empty for an unknown number.
std::string_view to_string(MessageType type);

}  // namespace pxeproof::dhcp
