#include "live/udp_statistics.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

namespace pxeproof::live {

std::uint64_t udp_overflows() {
  std::ifstream file("/proc/thread-self/net/snmp");
  return udp_overflows(file);
}

// A line of names, then one of values.
std::uint64_t udp_overflows(std::istream& text) {
  std::string names;
  std::string values;
  while (std::getline(text, names)) {
    if (!names.starts_with("Udp: ") || !std::getline(text, values)) continue;
    std::istringstream name_words(names);
    std::istringstream value_words(values);
    std::string name;
    std::string value;
    while (name_words >> name && value_words >> value) {
      if (name != "RcvbufErrors") continue;
      std::uint64_t count = 0;
      std::from_chars(value.data(), value.data() + value.size(), count);
      return count;
    }
  }
  return 0;
}

}  // namespace pxeproof::live
