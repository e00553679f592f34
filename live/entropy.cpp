#include "live/entropy.h"

#include <sys/random.h>

#include <cassert>
#include <cerrno>

namespace pxeproof::live {

std::uint64_t draw_seed() {
  std::uint64_t seed = 0;
  ssize_t got = 0;
  do {
    got = getrandom(&seed, sizeof seed, 0);
  } while (got < 0 && errno == EINTR);
  // getrandom(2): up to 256 octets are never cut.
  assert(got == ssize_t{sizeof seed});
  return seed;
}

}  // namespace pxeproof::live
