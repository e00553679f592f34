#pragma once

#include <span>
#include <string>
#include <string_view>

#include "trace/ladder.h"

namespace pxeproof::trace {

struct LadderTextOptions {
  std::size_t columns = 100;       // never exceeded
  std::size_t maximum_rungs = 40;  // more, and those of the middle are counted
  // ANSI colours for notes; for terminals only.
  enum class Colour { No, Yes } colour = Colour::No;
};

// For the terminal: packet, time, and arrows between the parties' lines (UTF-8).
std::string ladder_text(const Ladder& ladder, const LadderTextOptions& options = {});

// A heading and a table, for issues and chats.
std::string ladder_markdown(const Ladder& ladder);

// A picture that follows the reader's light or dark scheme.
std::string ladder_svg(const Ladder& ladder);             // a file of its own
std::string ladder_svg(std::span<const Ladder> ladders);  // one below the other in one file
// The same inside a page (trace/html_page.h); each rung links to "#" + prefix + its first step.
std::string ladder_inline_svg(const Ladder& ladder, std::string_view link_prefix);

// schema pxeproof/ladder/1.
std::string ladder_json(const Ladder& ladder);
std::string ladder_json(std::span<const Ladder> ladders);  // an array, unless there is only one

}  // namespace pxeproof::trace
