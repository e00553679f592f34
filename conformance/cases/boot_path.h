#pragma once

#include <functional>
#include <optional>
#include <string>

#include "conformance/script.h"

namespace pxeproof::conformance {

// What a client of an architecture ends up loading.
struct BootPath {
  bool offered = false;
  std::string file{};         // empty: a dead end
  Ipv4Address server{};       // where the file comes from
  bool names_server = false;  // by siaddr or option 66, not only by its own address
  bool through_4011 = false;
};

// Boots as a ROM does: DISCOVER; with a file in the OFFER and no menu, that file; else the first
// entry of the menu, or no entry, from port 4011. The judge is asked at the end.
void follow_boot_path(Script& script, std::uint16_t architecture,
                      const std::function<Ruling(const BootPath&)>& judge);
// Without an architecture, the REQUEST names none either.
void follow_boot_path(Script& script, Stimulus discover, std::optional<std::uint16_t> architecture,
                      const std::function<Ruling(const BootPath&)>& judge);

}  // namespace pxeproof::conformance
