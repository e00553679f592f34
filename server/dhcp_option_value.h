#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "server/argument.h"

namespace pxeproof::server {

// What dnsmasq knows of an option's value.
enum class OptionContent {
  Plain,        // by the look of the value
  Addresses,    // nothing else is allowed
  Name,         // text, whatever it looks like
  Time,         // seconds, with a unit
  SearchNames,  // option 119, RFC 3397
  SipServers,   // option 120, RFC 3361
};

// Who may configure it.
enum class OptionOwner {
  User,
  Server,  // dnsmasq fills it in itself; its name can be matched, not sent
};

struct OptionShape {
  std::uint8_t code = 0;
  std::string_view name{};  // as dnsmasq spells it behind "option:"; case is ignored
  OptionContent content = OptionContent::Plain;
  std::uint8_t number_octets = 0;  // size of a number; 0: as small as it fits
  OptionOwner owner = OptionOwner::User;
};

// The shape of an option dnsmasq knows; nullptr for any other.
const OptionShape* find_option_shape(std::uint8_t code);
const OptionShape* find_option_shape(std::string_view name);

// The name behind "option:" that a misspelt one most likely means; empty when none is near.
std::string_view nearest_option_name(std::string_view name);

// A value in the octets of the wire, and how it was written.
struct OptionValue {
  enum class Form { Absent, Addresses, Octets, Number, Text, Names };
  Form form = Form::Absent;
  Bytes octets{};
  std::vector<bool> wildcard{};  // Octets, in a match: true where "*" stood
  std::uint32_t number = 0;      // Number
  bool addresses_only = false;   // Addresses, without "/length"
};

enum class OptionUse { Send, Match };

// Encodes what stands behind the option's code. The shape is Plain inside an encapsulation.
Result<OptionValue, Complaint> encode_option_value(const Argument& value, const OptionShape& shape,
                                                   OptionUse use);

}  // namespace pxeproof::server
