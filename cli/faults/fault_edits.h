#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/faults/fault.h"

namespace pxeproof::cli {

// An option of DHCP, or one inside of option 43.
struct OptionName {
  std::uint8_t code = 0;
  std::optional<std::uint8_t> vendor_tag{};
};

// What faults change in replies.
EditDhcp without_option(OptionName option);
EditDhcp with_option(OptionName option, Bytes value);
EditDhcp option_twice(std::uint8_t code);
EditDhcp with_message_type(std::uint8_t type);

EditOack without_oack_option(std::string name);
EditOack with_oack_option(std::string name, std::string value);
// The first option of the RFCs that this client did not ask for.
EditOack with_unasked_option();

EditData with_block_moved(std::int64_t by);
EditData with_half_payload();
EditData with_longer_payload();
EditData without_payload();

}  // namespace pxeproof::cli
