#include "protocol/dhcp/client_options.h"

#include "tests/fuzz/fuzz.h"

using namespace pxeproof;

int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const ByteView value(input, size);
  fuzz::require(dhcp::decode_architectures(value).size() == size / 2);
  dhcp::decode_interface(value);
  if (const auto guid = dhcp::decode_guid(value)) {
    fuzz::require(Guid::parse(to_string(*guid)) == guid);
  }
  dhcp::parse_vendor_class(as_text(value));
  std::size_t octets = 0;
  for (const std::string& user_class : dhcp::decode_user_classes(value))
    octets += user_class.size();
  fuzz::require(octets <= size);
  octets = 0;
  for (const auto& option : dhcp::decode_encapsulated(value)) octets += 2 + option.value.size();
  fuzz::require(octets <= size);
  return 0;
}
