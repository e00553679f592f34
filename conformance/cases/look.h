#pragma once

#include <map>
#include <string>
#include <vector>

#include "conformance/reply.h"

namespace pxeproof::conformance {

// Small questions that judges ask of a reply.

// How often each option stands in the options field.
std::map<std::uint8_t, int> option_counts(const Reply& reply);
bool has_option(const Reply& reply, std::uint8_t code);
Bytes option_value(const Reply& reply, std::uint8_t code);
// The first of these codes that the reply holds; empty when none.
std::string first_present(const Reply& reply, std::initializer_list<std::uint8_t> codes);
// The code of the last option before END.
std::uint8_t last_option(const Reply& reply);
// A sub-option of option 43; empty when absent.
std::optional<Bytes> sub_option(const Reply& reply, pxe::VendorTag tag);
// Where the boot file comes from is said: iPXE and others look at siaddr only, some at option 66.
bool names_server(const Reply& reply);
// 0 when 43.6 is absent.
std::uint8_t control_bits(const Reply& reply);

}  // namespace pxeproof::conformance
