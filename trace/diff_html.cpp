#include <fmt/format.h>

#include <algorithm>

#include "trace/boot_html.h"
#include "trace/step_text.h"

namespace pxeproof::trace {

namespace {

std::string_view style_of(Rank rank) {
  switch (rank) {
    case Rank::Semantic:
      return "bad";
    case Rank::Timing:
      return "warn";
    case Rank::Cosmetic:
      return "dim";
  }
  return "";
}

std::string packet_text(std::uint32_t packet) {
  return packet == 0 ? std::string("-") : std::to_string(packet);
}

// The differences of one rank after the other, each linked to its place.
std::string differences_html(const ComparedBoots& pair, const std::string& prefix) {
  const BootDiff& diff = pair.diff;
  if (diff.differences.empty()) return "<p class=\"good\">No difference.</p>\n";
  HtmlTable table{.caption = aligned_text(diff),
                  .header = {"rank", "step", "what", "good", "bad", "packets", "consequence"},
                  .rows = {}};
  for (const Rank rank : {Rank::Semantic, Rank::Timing, Rank::Cosmetic}) {
    for (const Difference& difference : diff.differences) {
      if (difference.significance.rank != rank) continue;
      const std::string step = difference.place < diff.places.size()
                                   ? fmt::format("<a href=\"#{}place-{}\">{}</a>", prefix,
                                                 difference.place, html_text(difference.step))
                                   : html_text(difference.step);
      table.rows.push_back(
          {.cells = {std::string(to_string(rank)), step, html_text(difference.label),
                     "<code>" + html_text(difference.good) + "</code>",
                     "<code>" + html_text(difference.bad) + "</code>",
                     packet_text(difference.good_packet) + " : " +
                         packet_text(difference.bad_packet),
                     html_text(difference.significance.consequence)},
           .style = std::string(style_of(rank))});
    }
  }
  std::string html = html_table(table);
  const std::string fork = fork_text(diff);
  if (!fork.empty()) {
    html = fmt::format("<p><b class=\"bad\">First fork:</b> {}</p>\n", html_text(fork)) + html;
  }
  return html;
}

std::string hidden_html(const ComparedBoots& pair, const DiffReport& report) {
  std::string html;
  for (const std::string& text : hidden_texts(pair.diff, report.good_file, report.bad_file)) {
    html += fmt::format("<p class=\"warn\">{}</p>\n", html_text(text));
  }
  return html;
}

// What is different at a place, the worst first.
std::vector<const Difference*> at_place(const BootDiff& diff, std::size_t place) {
  std::vector<const Difference*> found;
  for (const Difference& difference : diff.differences) {
    if (difference.place == place) found.push_back(&difference);
  }
  std::ranges::stable_sort(
      found, {}, [](const Difference* difference) { return difference->significance.rank; });
  return found;
}

std::string side_html(const ComparedStep* step, const std::vector<const Difference*>& differences,
                      std::string_view label) {
  if (step == nullptr) return fmt::format("<p class=\"dim\">{}: not there</p>", label);
  HtmlTable table{.caption = fmt::format("{}: packet {}", label, step->packet),
                  .header = {"field", "value"},
                  .rows = {}};
  for (const ComparedField& field : step->fields) {
    std::string style;
    for (const Difference* difference : differences) {
      if (difference->kind == Difference::Kind::Field && difference->key == field.key) {
        style = style_of(difference->significance.rank);
      }
    }
    table.rows.push_back(
        {.cells = {html_text(field.label), "<code>" + html_text(field.value) + "</code>"},
         .style = style});
  }
  return html_table(table);
}

// Both boots step by step; a place unfolds to the fields of both sides.
std::string places_html(const ComparedBoots& pair, const std::string& prefix) {
  const BootDiff& diff = pair.diff;
  std::string html;
  for (std::size_t place = 0; place < diff.places.size(); ++place) {
    const AlignedPair& sides = diff.places[place];
    const ComparedStep* good = sides.good ? &diff.good[*sides.good] : nullptr;
    const ComparedStep* bad = sides.bad ? &diff.bad[*sides.bad] : nullptr;
    const auto differences = at_place(diff, place);
    const std::string_view style =
        differences.empty() ? "" : style_of(differences.front()->significance.rank);
    const auto title = [](const ComparedStep* step) {
      if (step == nullptr) return std::string("<span class=\"bad\">not there</span>");
      return html_text(step->title) +
             (step->times > 1 ? fmt::format(" ({} times)", step->times) : std::string());
    };
    const bool alike =
        good != nullptr && bad != nullptr && good->title == bad->title && good->times == bad->times;
    html +=
        html_details({.id = fmt::format("{}place-{}", prefix, place),
                      .summary = fmt::format(
                          "{} <span class=\"{}\">{}</span>",
                          alike ? "<b>" + title(good) + "</b>"
                                : "<b>" + title(good) + "</b> | <b>" + title(bad) + "</b>",
                          style.empty() ? "dim" : style,
                          differences.empty() ? std::string("alike")
                                              : fmt::format("{} difference{}", differences.size(),
                                                            differences.size() == 1 ? "" : "s")),
                      .content = "<div class=\"sides\">" + side_html(good, differences, "good") +
                                 side_html(bad, differences, "bad") + "</div>"});
  }
  return html;
}

LadderNotes notes_of(const BootDiff& diff, std::uint32_t Difference::*packet) {
  LadderNotes notes;
  for (const Difference& difference : diff.differences) {
    if (difference.*packet == 0 || difference.significance.rank == Rank::Cosmetic) continue;
    notes.emplace(difference.*packet, LadderNote{difference.significance.rank == Rank::Semantic
                                                     ? LadderNote::Mark::Failure
                                                     : LadderNote::Mark::Warning,
                                                 difference.label});
  }
  return notes;
}

std::string ladders_html(const ComparedBoots& pair, const std::string& prefix) {
  const BootForPage good{.boot = pair.good,
                         .notes = notes_of(pair.diff, &Difference::good_packet),
                         .id_prefix = prefix + "good-"};
  const BootForPage bad{.boot = pair.bad,
                        .notes = notes_of(pair.diff, &Difference::bad_packet),
                        .id_prefix = prefix + "bad-"};
  return "<div class=\"sides\"><div><h3>good</h3>" + ladder_html(good) + "</div><div><h3>bad</h3>" +
         ladder_html(bad) + "</div></div>\n";
}

std::string timings_html(const ComparedBoots& pair, const std::string& prefix) {
  return "<div class=\"sides\"><div><h3>good</h3>" + timing_html(*pair.good, prefix + "good-") +
         "</div><div><h3>bad</h3>" + timing_html(*pair.bad, prefix + "bad-") + "</div></div>\n";
}

std::string all_steps_html(const ComparedBoots& pair, const std::string& prefix) {
  return "<div class=\"sides\"><div><h3>good</h3>" +
         steps_html({.boot = pair.good, .id_prefix = prefix + "good-"}) +
         "</div><div><h3>bad</h3>" + steps_html({.boot = pair.bad, .id_prefix = prefix + "bad-"}) +
         "</div></div>\n";
}

std::string list_html(const std::vector<std::string>& items) {
  std::string html = "<ul>";
  for (const std::string& item : items) html += "<li>" + html_text(item) + "</li>";
  return html + "</ul>\n";
}

}  // namespace

std::string diff_page(const DiffReport& report) {
  HtmlPage page(fmt::format("{} against {}", report.good_file, report.bad_file));
  std::size_t semantic = report.only_good.size();
  std::size_t all = report.only_good.size();
  for (const ComparedBoots& pair : report.pairs) {
    semantic += pair.diff.count(Rank::Semantic);
    all += pair.diff.differences.size();
  }
  if (semantic > 0) {
    page.set_verdict(fmt::format("{} semantic difference{}", semantic, semantic == 1 ? "" : "s"),
                     "bad");
  } else {
    page.set_verdict(all == 0 ? "No difference" : fmt::format("Alike but for {} details", all),
                     "good");
  }
  page.set_lead("good: " + report.good_file + ", bad: " + report.bad_file +
                "; what must differ (addresses, identifiers, hours) is matched by first use.");
  for (std::size_t index = 0; index < report.pairs.size(); ++index) {
    const ComparedBoots& pair = report.pairs[index];
    const std::string prefix = fmt::format("b{}-", index + 1);
    const std::string of = report.pairs.size() > 1 ? " of " + pair.name : std::string();
    page.add_section(prefix + "differences", "Differences" + of,
                     hidden_html(pair, report) + differences_html(pair, prefix));
    page.add_section(prefix + "places", "Side by side" + of, places_html(pair, prefix));
    page.add_section(prefix + "ladders", "Ladders" + of, ladders_html(pair, prefix));
    page.add_section(prefix + "timing", "Timing" + of, timings_html(pair, prefix));
    page.add_section(prefix + "steps", "Steps" + of, all_steps_html(pair, prefix));
  }
  if (!report.only_good.empty()) {
    page.add_section("only-good", "Only in the good capture", list_html(report.only_good));
  }
  if (!report.only_bad.empty()) {
    page.add_section("only-bad", "Only in the bad capture", list_html(report.only_bad));
  }
  page.set_footer("pxeproof diff");
  return page.render();
}

}  // namespace pxeproof::trace
