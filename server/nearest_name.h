#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace pxeproof::server {

// The candidate that a misspelt name most likely means; nullopt when none is near.
std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> candidates);

}  // namespace pxeproof::server
