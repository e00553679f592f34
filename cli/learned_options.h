#pragma once

#include <optional>
#include <set>
#include <string>

#include "protocol/addresses.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::cli {

// What the values in a machine's DHCP options can be recognised by.
struct KnownValues {
  MacAddress mac;
  Guid guid;
  std::optional<std::uint16_t> architecture;
  std::optional<std::uint16_t> http_architecture;
  std::set<Bytes> servers;            // option 54 of what servers sent
  std::set<Bytes> addresses;          // offered to the machine
  std::set<std::uint8_t> registered;  // codes whose value became a server's in the course of it
};

enum class OptionPlace { ToAddressServer, ToProxy };

// An option of a message as a template of profiles: "61 01 {mac}".
std::string option_template(const dhcp::OptionView& option, const KnownValues& known,
                            OptionPlace place);

}  // namespace pxeproof::cli
