#include "live/listening_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace pxeproof::live {

bool listens_on(pid_t pid, const std::vector<std::uint16_t>& ports) {
  // proc(5), net/udp: "sl local_address rem_address ...", the local address as HEX:PORT.
  std::ifstream table(fmt::format("/proc/{}/net/udp", pid));
  std::set<std::uint16_t> bound;
  std::string line;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string slot;
    std::string local;
    fields >> slot >> local;
    const std::size_t colon = local.find(':');
    if (colon == std::string::npos || slot == "sl") continue;
    bound.insert(static_cast<std::uint16_t>(std::strtoul(local.c_str() + colon + 1, nullptr, 16)));
  }
  return std::ranges::all_of(ports, [&bound](std::uint16_t port) { return bound.contains(port); });
}

}  // namespace pxeproof::live
