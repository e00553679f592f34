#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pxeproof::trace {

// Columns of a UTF-8 text on a terminal, one a character.
std::size_t width_of(std::string_view text);

struct FoldedTextOptions {
  std::size_t margin = 10;    // columns; the label stands there, rows below it are indented by them
  std::size_t columns = 100;  // of a row, with its margin
  // A word that no row has room for: commands and names can be copied when they stay whole.
  enum class LongWords { Keep, Break } long_words = LongWords::Keep;
};

// Text behind a label, folded at blanks and line breaks; each row ends with a line break.
std::string folded(std::string_view label, std::string_view text,
                   const FoldedTextOptions& options = {});

}  // namespace pxeproof::trace
