#include "protocol/time.h"

namespace pxeproof {

double to_seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::duration<double>>(duration).count();
}

}  // namespace pxeproof
