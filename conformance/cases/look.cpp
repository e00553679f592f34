#include "conformance/cases/look.h"

#include <fmt/format.h>

namespace pxeproof::conformance {

std::map<std::uint8_t, int> option_counts(const Reply& reply) {
  std::map<std::uint8_t, int> counts;
  if (const auto view = reply.dhcp()) {
    view->each_option([&counts](const dhcp::OptionView& option) { ++counts[option.code]; });
  }
  return counts;
}

bool has_option(const Reply& reply, std::uint8_t code) {
  const auto view = reply.dhcp();
  return view && view->first(code).has_value();
}

Bytes option_value(const Reply& reply, std::uint8_t code) {
  const auto view = reply.dhcp();
  const auto value = view ? view->first(code) : std::nullopt;
  return value ? Bytes(value->begin(), value->end()) : Bytes{};
}

std::string first_present(const Reply& reply, std::initializer_list<std::uint8_t> codes) {
  for (const std::uint8_t code : codes) {
    if (has_option(reply, code)) return fmt::format("option {}", code);
  }
  return {};
}

std::uint8_t last_option(const Reply& reply) {
  std::uint8_t last = 0;
  if (const auto view = reply.dhcp()) {
    view->each_option([&last](const dhcp::OptionView& option) {
      if (option.field == dhcp::OptionField::Options) last = option.code;
    });
  }
  return last;
}

std::optional<Bytes> sub_option(const Reply& reply, pxe::VendorTag tag) {
  const auto vendor = reply.vendor();
  if (!vendor) return std::nullopt;
  const pxe::SubOption* found = vendor->find(tag);
  if (found == nullptr) return std::nullopt;
  return found->value;
}

bool names_server(const Reply& reply) {
  const auto view = reply.dhcp();
  return view && (!view->siaddr().is_unspecified() || has_option(reply, 66));
}

std::uint8_t control_bits(const Reply& reply) {
  const auto value = sub_option(reply, pxe::VendorTag::DiscoveryControl);
  return value && value->size() == 1 ? value->front() : 0;
}

}  // namespace pxeproof::conformance
