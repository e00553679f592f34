#pragma once

#include <tl/expected.hpp>

namespace pxeproof {

// A value or the reason why there is none. Spelt like std::expected, to swap later
// (docs/decisions/0001).
template <typename T, typename E>
using Result = tl::expected<T, E>;

// The error side of a Result: return fail(Fault::TooShort);
template <typename E>
auto fail(E&& error) {
  return tl::make_unexpected(static_cast<E&&>(error));
}

}  // namespace pxeproof
