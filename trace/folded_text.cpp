#include "trace/folded_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace pxeproof::trace {

namespace {

bool begins_character(char octet) { return (static_cast<unsigned char>(octet) & 0xc0U) != 0x80U; }

// Octets of the first characters of a text, as many as are columns.
std::size_t octets_in(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (begins_character(text[at]) && columns-- == 0) break;
  }
  return at;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string folded(std::string_view label, std::string_view text,
                   const FoldedTextOptions& options) {
  std::string out;
  std::string row = fmt::format("{:<{}}", label, options.margin);
  bool empty = true;
  const auto flush = [&] {
    while (row.ends_with(' ')) row.pop_back();
    out += row + "\n";
    row = std::string(options.margin, ' ');
    empty = true;
  };
  const std::size_t room = std::max<std::size_t>(options.columns, options.margin + 1);
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(" \n");
    std::string_view word = text.substr(0, end);
    if (!empty && width_of(row) + 1 + width_of(word) > options.columns) flush();
    while (options.long_words == FoldedTextOptions::LongWords::Break &&
           width_of(row) + width_of(word) > room) {
      const std::size_t piece = octets_in(word, room - width_of(row));
      row += word.substr(0, piece);
      word.remove_prefix(piece);
      flush();
    }
    if (!word.empty()) {
      if (!empty) row += ' ';
      row += word;
      empty = false;
    }
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') flush();
    text.remove_prefix(end + 1);
  }
  flush();
  return out;
}

}  // namespace pxeproof::trace
