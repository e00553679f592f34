#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "trace/html_page.h"
#include "trace/html_style.h"
#include "trace/ladder_text.h"

namespace pxeproof::trace {

namespace {

// In the picture's units, which are pixels at its natural size.
constexpr std::size_t kLeft = 150;  // the first party's line; packet and time stand before it
constexpr std::size_t kTop = 58;
constexpr std::size_t kRungHeight = 26;
constexpr std::size_t kLetterWidth =
    7;  // of the 12 px fixed-width letters, a little more than true
constexpr std::size_t kNarrowestLane = 170;
constexpr std::size_t kWidestLane = 430;
constexpr std::size_t kBehind = 110;  // half the last party's name; notes need more

struct SvgFrame {
  std::size_t width = 0;
  std::size_t height = 0;
  std::optional<std::size_t> top{};  // within the picture around it
};

std::string open_svg(const SvgFrame& frame, const std::string& label) {
  const std::string top = frame.top ? fmt::format("y=\"{}\" ", *frame.top) : std::string();
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" {3}width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" role=\"img\" aria-label=\"{2}\">\n",
      frame.width, frame.height, html_text(label), top);
}

class SvgLadder {
 public:
  SvgLadder(const Ladder& ladder, std::string_view link_prefix)
      : ladder_(ladder), link_prefix_(link_prefix) {
    std::size_t longest = 0;
    for (const LadderRung& rung : ladder.rungs) {
      longest = std::max(longest, rung.text.size());
      behind_ = std::max(behind_, notes_of(rung).size() * kLetterWidth + 20);
    }
    lane_ = std::clamp(longest * kLetterWidth + 40, kNarrowestLane,
                       ladder.parties.size() > 2 ? kWidestLane - 130 : kWidestLane);
  }

  std::size_t width() const { return line_of(ladder_.parties.size() - 1) + behind_; }
  std::size_t height() const { return kTop + (ladder_.rungs.size() + 1) * kRungHeight; }

  std::string draw(std::string_view style) const {
    return open_svg({.width = width(), .height = height()}, "Ladder of " + ladder_.title) +
           std::string(style) + draw_inside();
  }

  // Inside of another picture, so far below its top.
  std::string draw_nested(std::size_t top) const {
    return open_svg({.width = width(), .height = height(), .top = top},
                    "Ladder of " + ladder_.title) +
           draw_inside();
  }

 private:
  std::string draw_inside() const {
    std::string svg;
    for (std::size_t party = 0; party < ladder_.parties.size(); ++party) {
      svg += draw_party(party, height());
    }
    for (std::size_t index = 0; index < ladder_.rungs.size(); ++index) {
      svg += draw_rung(ladder_.rungs[index], kTop + (index + 1) * kRungHeight);
    }
    return svg + "</svg>\n";
  }

  std::size_t line_of(std::size_t party) const { return kLeft + party * lane_; }

  std::string draw_party(std::size_t party, std::size_t height) const {
    const LadderParty& who = ladder_.parties[party];
    const std::size_t x = line_of(party);
    return fmt::format(
        "<text x=\"{0}\" y=\"18\" text-anchor=\"middle\">{1}</text>"
        "<text class=\"dim\" x=\"{0}\" y=\"36\" text-anchor=\"middle\">{2}</text>"
        "<line class=\"rule\" x1=\"{0}\" x2=\"{0}\" y1=\"46\" y2=\"{3}\"/>\n",
        x, html_text(who.role), html_text(who.address), height - 8);
  }

  // A line from left to right, with a head on the side of the receiver.
  static std::string draw_arrow(const LadderRung& rung, std::size_t from, std::size_t to,
                                std::size_t y) {
    const std::string_view kind = rung.line == LadderRung::Line::Message ? "line"
                                  : rung.line == LadderRung::Line::File  ? "line file"
                                                                         : "line lost";
    const std::size_t back = to > from ? to - 9 : to + 9;
    return fmt::format(
        "<line class=\"{}\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>"
        "<polygon class=\"head\" points=\"{},{} {},{} {},{}\"/>",
        kind, from, back, y, y, to, y, back, y - 4, back, y + 4);
  }

  static std::string notes_of(const LadderRung& rung) {
    std::string text;
    for (const LadderNote& note : rung.notes) text += (text.empty() ? "" : ", ") + note.text;
    return text;
  }

  std::string draw_notes(const LadderRung& rung, std::size_t y) const {
    if (rung.notes.empty()) return {};
    std::string_view style = "dim";
    for (const LadderNote& note : rung.notes) {
      if (note.mark == LadderNote::Mark::Failure) style = "bad";
      if (note.mark == LadderNote::Mark::Warning && style != "bad") style = "warn";
    }
    return fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>", style,
                       line_of(ladder_.parties.size() - 1) + 10, y + 4, html_text(notes_of(rung)));
  }

  std::string draw_rung(const LadderRung& rung, std::size_t y) const {
    const std::size_t from = line_of(rung.from);
    const std::size_t to = line_of(rung.to);
    const std::size_t left = std::min(from, to);
    const std::size_t room = (std::max(from, to) - left) / kLetterWidth;
    const bool fits = rung.text.size() + 2 <= std::max(room, lane_ / kLetterWidth);
    const std::string shown =
        fits ? rung.text : rung.text.substr(0, std::max(room, lane_ / kLetterWidth) - 4) + "...";
    std::string svg = fmt::format("<g><title>{}</title>", html_text(rung.text));
    svg += fmt::format(
        "<text class=\"dim\" x=\"8\" y=\"{}\" xml:space=\"preserve\">{:>5} {:>9.3f}</text>", y + 4,
        rung.first_packet, to_seconds(rung.at));
    if (from != to) svg += draw_arrow(rung, from, to, y);
    for (std::size_t party = rung.from + 1; rung.to_everybody && party < rung.to; ++party) {
      svg += draw_arrow(rung, from, line_of(party), y);
    }
    std::string words =
        fmt::format("<text x=\"{}\" y=\"{}\">{}</text>", left + 12, y - 5, html_text(shown));
    if (!link_prefix_.empty()) {
      words = fmt::format("<a href=\"#{}{}\">{}</a>", link_prefix_, rung.first_step, words);
    }
    return svg + words + draw_notes(rung, y) + "</g>\n";
  }

  const Ladder& ladder_;
  std::string_view link_prefix_;
  std::size_t lane_ = 0;
  std::size_t behind_ = kBehind;
};

std::string file_style() {
  return fmt::format("<style>{}{}svg{{background:var(--paper)}}</style>", kColours, kPictureStyle);
}

}  // namespace

std::string ladder_svg(const Ladder& ladder) { return SvgLadder(ladder, {}).draw(file_style()); }

std::string ladder_svg(std::span<const Ladder> ladders) {
  if (ladders.size() == 1) return ladder_svg(ladders.front());
  SvgFrame frame;
  std::string inside;
  for (const Ladder& ladder : ladders) {
    const SvgLadder picture(ladder, {});
    inside += picture.draw_nested(frame.height);
    frame.width = std::max(frame.width, picture.width());
    frame.height += picture.height();
  }
  return open_svg(frame, fmt::format("Ladders of {} boots", ladders.size())) + file_style() +
         inside + "</svg>\n";
}

std::string ladder_inline_svg(const Ladder& ladder, std::string_view link_prefix) {
  return SvgLadder(ladder, link_prefix).draw({});
}

}  // namespace pxeproof::trace
