#include "trace/swapped_guid.h"

#include <algorithm>

namespace pxeproof::trace {

Guid swapped(Guid guid) {
  std::ranges::reverse(guid.octets.begin(), guid.octets.begin() + 4);
  std::ranges::reverse(guid.octets.begin() + 4, guid.octets.begin() + 6);
  std::ranges::reverse(guid.octets.begin() + 6, guid.octets.begin() + 8);
  return guid;
}

}  // namespace pxeproof::trace
