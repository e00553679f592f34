#include "live/system_error.h"

#include <cerrno>
#include <system_error>

namespace pxeproof::live {

bool SystemError::is_permission() const { return code == EPERM || code == EACCES; }

SystemError last_error(std::string_view what, std::string_view advice) {
  return error_of(errno, what, advice);
}

SystemError error_of(int code, std::string_view what, std::string_view advice) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(code);
  if (!advice.empty()) {
    message += "; ";
    message += advice;
  }
  return {.code = code, .message = std::move(message)};
}

}  // namespace pxeproof::live
