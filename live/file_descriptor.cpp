#include "live/file_descriptor.h"

#include <unistd.h>

namespace pxeproof::live {

void FileDescriptor::close() {
  if (number_ >= 0) {
    ::close(release());
  }
}

}  // namespace pxeproof::live
