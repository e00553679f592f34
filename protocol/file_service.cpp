#include "protocol/file_service.h"

namespace pxeproof {

std::string_view to_string(FileFault fault) {
  switch (fault) {
    case FileFault::NotFound:
      return "not found";
    case FileFault::AccessDenied:
      return "access denied";
    case FileFault::OutsideRoot:
      return "the name leads out of the root";
    case FileFault::UntrustedLink:
      return "a symbolic link that is not trusted leads out of the root";
    case FileFault::NotAFile:
      return "not a regular file";
    case FileFault::NameTooLong:
      return "the name is too long";
    case FileFault::Changed:
      return "the file changed while it was being sent";
    case FileFault::ReadFailed:
      return "the file could not be read";
    case FileFault::TooManyOpen:
      return "too many open files";
  }
  return "";
}

}  // namespace pxeproof
