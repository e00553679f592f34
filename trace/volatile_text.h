#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"

namespace pxeproof::trace {

// What differs between two boots that are the same: names that were given, not said.
enum class Volatile { Mac, Address, Guid, Xid, Port, HostName };
inline constexpr std::size_t kVolatileKinds = 6;

// Splits a text into what is said and the names within: addresses, MAC addresses and GUIDs, however
// they are written. The own address of a machine is also known in hexadecimal, whole or shortened,
// as boot programs look for their configurations by it.
class VolatileText {
 public:
  struct Name {
    Volatile kind = Volatile::Address;
    std::string value;  // in one spelling

    friend bool operator==(const Name&, const Name&) = default;
  };

  VolatileText(std::string_view text, Ipv4Address own_address);

  // The text with each name replaced by its kind: "pxelinux.cfg/01-<mac>".
  const std::string& shape() const { return shape_; }
  const std::vector<Name>& names() const { return names_; }

 private:
  std::size_t take_mac(std::string_view rest);
  std::size_t take_address(std::string_view rest);
  std::size_t take_guid(std::string_view rest);
  std::size_t take_hexadecimal_address(std::string_view rest, Ipv4Address own_address);

  std::string shape_;
  std::vector<Name> names_;
};

// Matches the names of one boot with those of another, by first use: the first two that stand in
// the same place belong together from then on.
class NamePairing {
 public:
  enum class Outcome { Agrees, Contradicts };

  Outcome pair(Volatile kind, const std::string& good, const std::string& bad);

  // Whether pair() would agree; binds nothing.
  bool agrees(Volatile kind, const std::string& good, const std::string& bad) const;

  // How many pairs differ, and so were normalised away.
  std::size_t renamed(Volatile kind) const;

 private:
  struct Names {
    std::map<std::string, std::string> forth;
    std::map<std::string, std::string> back;
  };
  std::array<Names, kVolatileKinds> kinds_;
};

}  // namespace pxeproof::trace
