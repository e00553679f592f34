#include "protocol/dhcp/pxe_options.h"

#include "tests/fuzz/fuzz.h"

using namespace pxeproof;

int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const ByteView value(input, size);
  const auto options = pxe::decode(value);
  if (!options) {
    fuzz::require(options.error().offset < size);
    return 0;
  }
  fuzz::require(equal(pxe::encode(*options), value));
  for (const pxe::SubOption& sub_option : options->sub_options) {
    pxe::VendorOptions again;
    if (const auto servers = pxe::decode_servers(sub_option.value)) {
      fuzz::require(again.add_servers(*servers));
      fuzz::require(again.sub_options.back().value == sub_option.value);
    }
    if (const auto menu = pxe::decode_menu(sub_option.value)) {
      fuzz::require(again.add_menu(*menu));
      fuzz::require(again.sub_options.back().value == sub_option.value);
    }
    pxe::decode_prompt(sub_option.value);
    pxe::decode_item(sub_option.value);
  }
  return 0;
}
