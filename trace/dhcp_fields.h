#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// One thing that a DHCP message says, in words.
struct DhcpField {
  std::string key;    // "siaddr", "60", "43.8": what rules and --ignore name it by
  std::string name;   // "vendor-class"; empty when the key says it all
  std::string value;  // printable; "" when there is nothing but the option

  friend bool operator==(const DhcpField&, const DhcpField&) = default;
};

// The name of a sub-option of option 43 that PXE defines.
struct VendorTagName {
  std::uint8_t tag = 0;
  std::string_view name;
};
std::span<const VendorTagName> vendor_tag_names();

// "60 vendor-class".
std::string label_of(const DhcpField& field);

// Every field and option of a message in wire order, those of option 43 one by one when they are
// PXE's; zero addresses and empty texts are left out. Empty for octets that are no DHCP message;
// one that the capture cut short gives what there is.
std::vector<DhcpField> decode_dhcp_fields(ByteView message);

}  // namespace pxeproof::trace
