#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "protocol/addresses.h"

namespace pxeproof::bench {

// Ends the program with a message and exit code 3: the bench, not what it measures, has failed.
[[noreturn]] void give_up(std::string_view what);

// The same, with what errno says.
[[noreturn]] void give_up_with_errno(std::string_view what);

// A command line of "--name value" pairs. Every name has a default; an unknown one ends the program
// with the list of names.
class Settings {
 public:
  Settings(int count, char** words, std::map<std::string, std::string, std::less<>> defaults);

  const std::string& text(std::string_view name) const;
  std::uint64_t number(std::string_view name) const;
  double fraction(std::string_view name) const;
  Ipv4Address address(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace pxeproof::bench
