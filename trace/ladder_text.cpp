#include "trace/ladder_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace pxeproof::trace {

namespace {

constexpr std::size_t kLeft = 17;        // packet number and time stand before the first line
constexpr std::size_t kWidestLane = 52;  // columns between two lines
constexpr std::size_t kNoteRoom = 12;    // columns kept for notes behind the last line

std::string_view mark_of(LadderNote::Mark mark) {
  switch (mark) {
    case LadderNote::Mark::Plain:
      return "";
    case LadderNote::Mark::Warning:
      return "⚠ ";
    case LadderNote::Mark::Failure:
      return "✗ ";
  }
  return {};
}

std::string_view colour_of(LadderNote::Mark mark) {
  switch (mark) {
    case LadderNote::Mark::Plain:
      return "";
    case LadderNote::Mark::Warning:
      return "\x1b[33m";
    case LadderNote::Mark::Failure:
      return "\x1b[31m";
  }
  return {};
}

// Columns of a UTF-8 text of narrow characters.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char octet) { return (static_cast<unsigned char>(octet) & 0xc0U) != 0x80U; }));
}

// ASCII text cut to a number of columns.
std::string cut(std::string_view text, std::size_t columns) {
  if (text.size() <= columns) return std::string(text);
  if (columns == 0) return {};
  return std::string(text.substr(0, columns - 1)) + "…";
}

// One line of a terminal, a cell for each column.
class Row {
 public:
  explicit Row(std::size_t columns) : cells_(columns, " ") {}

  void put(std::size_t column, std::string_view character) {
    if (column < cells_.size()) cells_[column] = character;
  }
  void write(std::size_t column, std::string_view ascii, std::size_t room) {
    const bool fits = ascii.size() <= room;
    const std::size_t letters = fits ? ascii.size() : std::max<std::size_t>(room, 1) - 1;
    for (std::size_t at = 0; at < letters; ++at) put(column + at, ascii.substr(at, 1));
    if (!fits && room > 0) put(column + letters, "…");
  }
  std::string text() const {
    std::string line;
    for (const std::string& cell : cells_) line += cell;
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  }

 private:
  std::vector<std::string> cells_;
};

class TextLadder {
 public:
  TextLadder(const Ladder& ladder, const LadderTextOptions& options)
      : ladder_(ladder), options_(options) {
    const std::size_t lanes = std::max<std::size_t>(ladder.parties.size(), 2) - 1;
    const std::size_t room = options.columns - std::min(options.columns, kLeft + kNoteRoom + 1);
    lane_ = std::clamp<std::size_t>(room / lanes, 8, kWidestLane);
  }

  std::string draw() const {
    std::string text = cut(ladder_.title, options_.columns) + "\n";
    text += header(&LadderParty::role) + header(&LadderParty::address);
    const std::size_t shown = std::min(ladder_.rungs.size(), options_.maximum_rungs);
    const std::size_t head = shown == ladder_.rungs.size() ? shown : shown - shown / 3;
    for (std::size_t index = 0; index < head; ++index) text += rung(ladder_.rungs[index]);
    if (shown < ladder_.rungs.size()) {
      text += fmt::format("{:>{}}… {} more …\n", "", kLeft, ladder_.rungs.size() - shown);
      for (std::size_t index = ladder_.rungs.size() - (shown - head); index < ladder_.rungs.size();
           ++index) {
        text += rung(ladder_.rungs[index]);
      }
    }
    return text;
  }

 private:
  std::size_t line_of(std::size_t party) const { return kLeft + party * lane_; }

  std::string header(std::string LadderParty::*field) const {
    Row row(options_.columns);
    for (std::size_t party = 0; party < ladder_.parties.size(); ++party) {
      const std::string& words = ladder_.parties[party].*field;
      // The middle above the line, as far as there is room to the left.
      const std::size_t half = std::min(words.size() / 2, lane_ / 2 - 1);
      row.write(line_of(party) - half, words, lane_ - 1);
    }
    return row.text() + "\n";
  }

  void draw_arrow(Row& row, const LadderRung& rung) const {
    const std::size_t left = line_of(std::min(rung.from, rung.to));
    const std::size_t right = line_of(std::max(rung.from, rung.to));
    if (left == right) {
      row.write(left + 2, rung.text, lane_ - 3);
      return;
    }
    const std::string_view line = rung.line == LadderRung::Line::Message ? "─"
                                  : rung.line == LadderRung::Line::File  ? "═"
                                                                         : "╌";
    for (std::size_t column = left + 1; column < right; ++column) row.put(column, line);
    if (rung.to > rung.from) {
      row.put(right - 1, "►");
    } else {
      row.put(left + 1, "◄");
    }
    std::size_t room = right - left - 6;
    if (rung.to_everybody) {
      for (std::size_t party = rung.from + 1; party < rung.to; ++party) {
        row.put(line_of(party) - 1, "►");
        row.put(line_of(party), "│");
      }
      room = lane_ - 6;
    }
    row.write(left + 3, rung.text, room);
  }

  std::string rung(const LadderRung& rung) const {
    Row row(options_.columns);
    const std::string when = fmt::format("{:>5} {:>9.3f}", rung.first_packet, to_seconds(rung.at));
    row.write(0, when, when.size());
    for (std::size_t party = 0; party < ladder_.parties.size(); ++party) {
      row.put(line_of(party), "│");
    }
    draw_arrow(row, rung);
    return with_notes(row.text(), rung.notes);
  }

  // Notes stand behind the rung as long as there is room, else below it.
  std::string with_notes(std::string line, const std::vector<LadderNote>& notes) const {
    std::string below;
    std::size_t used = columns_of(line);
    for (const LadderNote& note : notes) {
      const std::string_view mark = mark_of(note.mark);
      if (used + 1 + columns_of(mark) + note.text.size() <= options_.columns) {
        line += " " + painted(note.mark, std::string(mark) + note.text);
        used += 1 + columns_of(mark) + note.text.size();
      } else {
        const std::string words = cut(note.text, options_.columns - kLeft - columns_of(mark));
        below +=
            fmt::format("{:>{}}{}\n", "", kLeft, painted(note.mark, std::string(mark) + words));
      }
    }
    return line + "\n" + below;
  }

  std::string painted(LadderNote::Mark mark, const std::string& text) const {
    const std::string_view colour = colour_of(mark);
    if (options_.colour == LadderTextOptions::Colour::No || colour.empty()) return text;
    return fmt::format("{}{}\x1b[0m", colour, text);
  }

  const Ladder& ladder_;
  LadderTextOptions options_;
  std::size_t lane_ = 0;
};

std::string markdown_cell(std::string_view text) {
  std::string cell;
  for (const char letter : text) {
    if (letter == '|' || letter == '\\' || letter == '`' || letter == '*' || letter == '_' ||
        letter == '<' || letter == '[') {
      cell += '\\';
    }
    cell += letter;
  }
  return cell;
}

std::string party_name(const Ladder& ladder, std::size_t party) {
  const LadderParty& who = ladder.parties[party];
  return party == 0 ? "client" : fmt::format("{} ({})", who.address, who.role);
}

}  // namespace

std::string ladder_text(const Ladder& ladder, const LadderTextOptions& options) {
  return TextLadder(ladder, options).draw();
}

std::string ladder_markdown(const Ladder& ladder) {
  std::string text =
      fmt::format("### {}\n\n{}\n\n", markdown_cell(ladder.title), markdown_cell(ladder.verdict));
  text += "| packet | s | from | to | message | |\n|--:|--:|---|---|---|---|\n";
  for (const LadderRung& rung : ladder.rungs) {
    const std::string packets = rung.last_packet > rung.first_packet
                                    ? fmt::format("{}–{}", rung.first_packet, rung.last_packet)
                                    : std::to_string(rung.first_packet);
    std::string notes;
    for (const LadderNote& note : rung.notes) {
      notes += fmt::format("{}{}{}", notes.empty() ? "" : ", ", mark_of(note.mark),
                           markdown_cell(note.text));
    }
    text +=
        fmt::format("| {} | {:.3f} | {} | {} | {} | {} |\n", packets, to_seconds(rung.at),
                    markdown_cell(party_name(ladder, rung.from)),
                    rung.to_everybody ? "everybody" : markdown_cell(party_name(ladder, rung.to)),
                    markdown_cell(rung.text), notes);
  }
  return text;
}

}  // namespace pxeproof::trace
