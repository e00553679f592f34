#pragma once

#include <string>
#include <string_view>

#include "protocol/result.h"

namespace pxeproof::live {

// What the kernel refused, as a sentence for a person: "what: problem, and what to do".
struct SystemError {
  int code = 0;  // errno; 0 when the problem is not one system call's
  std::string message;

  bool is_permission() const;
};

// What errno says about a call just made. The advice may be empty.
SystemError last_error(std::string_view what, std::string_view advice = {});
SystemError error_of(int code, std::string_view what, std::string_view advice = {});

template <typename T>
using SystemResult = Result<T, SystemError>;

}  // namespace pxeproof::live
