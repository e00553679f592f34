#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"

namespace pxeproof::dhcp {

// Client system architectures (RFC 4578 s.2.1 and IANA's registry "Processor Architecture Types").
struct Architecture {
  std::uint16_t number;
  std::string_view name;      // for people: "BIOS", "UEFI x64"
  std::string_view csa_name;  // as dnsmasq's pxe-service spells it; empty where it has none
};
const Architecture* find_architecture(std::uint16_t number);
const Architecture* find_architecture_by_csa(std::string_view csa_name);  // case-insensitive

// "arch 7 (UEFI x64)".
std::string describe_architecture(std::uint16_t number);

// The value of option 93: big-endian 16-bit numbers; a last odd octet is left out.
std::vector<std::uint16_t> decode_architectures(ByteView value);

// Option 94: type 1 is UNDI, then the version.
struct ClientInterface {
  std::uint8_t type = 1;
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  friend bool operator==(const ClientInterface&, const ClientInterface&) = default;
};
std::optional<ClientInterface> decode_interface(ByteView value);

// Option 97: type 0 and sixteen octets; nullopt for any other length.
std::optional<Guid> decode_guid(ByteView value);
Bytes encode_guid(const Guid& guid);

// Option 60 of a PXE client: "PXEClient:Arch:00007:UNDI:003016". Missing parts are nullopt.
struct VendorClass {
  std::string prefix;  // up to the first colon: "PXEClient", "HTTPClient"
  std::optional<std::uint16_t> architecture;
  std::optional<std::uint16_t> undi_major;
  std::optional<std::uint16_t> undi_minor;
  friend bool operator==(const VendorClass&, const VendorClass&) = default;
};
VendorClass parse_vendor_class(std::string_view text);

// Option 77. RFC 3004 s.4 has a list of length-prefixed classes; iPXE sends the bare text "iPXE". A
// value that is no list is one class.
std::vector<std::string> decode_user_classes(ByteView value);

// Options 82 and 175 hold plain code-length-value triples without END; a triple cut by the end is
// left out.
struct EncapsulatedOption {
  std::uint8_t code;
  ByteView value;
};
std::vector<EncapsulatedOption> decode_encapsulated(ByteView value);

}  // namespace pxeproof::dhcp
