#include "protocol/dhcp/message.h"

#include "tests/fuzz/fuzz.h"

using namespace pxeproof;

int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const ByteView packet(input, size);
  const auto view = dhcp::MessageView::parse(packet);
  const auto message = dhcp::decode(packet);
  fuzz::require(view.has_value() == message.has_value());
  if (!view) {
    fuzz::require(view.error() == message.error() && view.error().offset <= size);
    return 0;
  }
  fuzz::require(equal(dhcp::encode(*message), packet));
  std::size_t value_octets = 0;
  view->each_option([&](const dhcp::OptionView& option) {
    value_octets += option.value.size();
    fuzz::require(option.offset + 2 + option.value.size() <= size);
  });
  fuzz::require(value_octets <= size);
  view->type();
  view->boot_file();
  view->sname_text();
  view->joined(dhcp::OptionCode::VendorSpecific);
  return 0;
}
