#pragma once

#include <span>
#include <string_view>

namespace pxeproof::conformance {

// A file of targets/ or baselines/ that is compiled in.
struct BuiltinText {
  std::string_view name;
  std::string_view text;
};
std::span<const BuiltinText> builtin_targets();
std::span<const BuiltinText> builtin_baselines();

}  // namespace pxeproof::conformance
