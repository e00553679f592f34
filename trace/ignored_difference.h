#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::trace {

// What BootDiffOptions::ignore takes for a word of a person: a rank, a field by its key ("siaddr",
// "43.10"), by its option's name ("vendor-class") or by both as they are shown ("60 vendor-class"),
// or one of these behind the title of a step and a colon. nullopt for a word that names nothing.
std::optional<std::string> read_ignored(std::string_view word);

// What a word that names nothing may have been meant for; of its two halves, the right one stays.
std::vector<std::string> ignorable_like(std::string_view word);

}  // namespace pxeproof::trace
