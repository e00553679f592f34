#include "cli/explain_html.h"

#include <fmt/format.h>

#include "cli/capture_boots.h"
#include "trace/boot_html.h"
#include "trace/step_text.h"

namespace pxeproof::cli {

namespace {

using trace::html_text;

// More boots would make a page nobody opens.
constexpr std::size_t kMaximumBoots = 20;

std::string_view style_of(const ExplainedCapture& capture, std::size_t place) {
  return capture.explanations[place].is_fault(capture.boots[place]) ? "bad" : "good";
}

std::string packets_text(const std::vector<std::uint32_t>& packets) {
  return fmt::format("{}", fmt::join(packets, ", "));
}

std::string finding_html(const trace::Finding& finding) {
  std::string html = fmt::format(
      "<h3>{} {}</h3>\n<p>{}</p>\n<p class=\"dim\">{}{}</p>\n", html_text(finding.rule->id),
      html_text(finding.rule->name), html_text(finding.cause), to_string(finding.confidence),
      finding.packets.empty() ? std::string() : "; packets " + packets_text(finding.packets));
  if (!finding.fixes.empty()) {
    trace::HtmlTable table{.caption = "How to mend it", .header = {"where", "what"}, .rows = {}};
    for (const trace::Fix& fix : finding.fixes) {
      table.rows.push_back(
          {.cells = {html_text(fix.server), "<pre>" + html_text(fix.text) + "</pre>"}});
    }
    html += html_table(table);
  }
  if (!finding.elsewhere.empty()) html += "<p>" + html_text(finding.elsewhere) + "</p>\n";
  return html;
}

std::string findings_html(const trace::Explanation& explanation) {
  std::string html;
  for (const trace::Finding& finding : explanation.faults) html += finding_html(finding);
  if (!explanation.undecided.empty()) {
    html += fmt::format("<p>{}</p>\n", html_text(explanation.undecided));
  }
  if (!explanation.slow.empty()) html += "<h3>What was slow</h3>\n";
  for (const trace::Finding& finding : explanation.slow) html += finding_html(finding);
  if (!explanation.benign.empty()) html += "<h3>What looks like a fault and is none</h3>\n<ul>";
  for (const trace::Finding& finding : explanation.benign) {
    html += fmt::format("<li>{} {}: {}</li>", html_text(finding.rule->id),
                        html_text(finding.rule->name), html_text(finding.cause));
  }
  if (!explanation.benign.empty()) html += "</ul>\n";
  return html.empty() ? std::string("<p class=\"good\">Nothing.</p>\n") : html;
}

trace::LadderNotes notes_of(const trace::Explanation& explanation) {
  trace::LadderNotes notes;
  for (const trace::Finding& finding : explanation.faults) {
    for (const std::uint32_t packet : finding.packets) {
      notes.emplace(packet, trace::LadderNote{trace::LadderNote::Mark::Failure,
                                              std::string(finding.rule->id)});
    }
  }
  return notes;
}

std::string table_html(const ExplainedCapture& capture, const std::vector<std::size_t>& places) {
  trace::HtmlTable table{.header = {"boot", "machine", "took", "verdict"}, .rows = {}};
  for (const std::size_t place : places) {
    const trace::Boot& boot = capture.boots[place];
    table.rows.push_back(
        {.cells = {fmt::format("<a href=\"#b{0}-found\">{0}</a>", boot.number),
                   html_text(describe_machine(boot)), trace::describe_duration(boot.duration()),
                   html_text(
                       fmt::format("{}: {}", to_string(boot.verdict.kind), boot.verdict.text))},
         .style = std::string(style_of(capture, place))});
  }
  return html_table(table);
}

}  // namespace

std::string explain_page(const ExplainedCapture& capture,
                         const std::vector<std::size_t>& all_places) {
  std::vector<std::size_t> places = all_places;
  if (places.size() > kMaximumBoots) places.resize(kMaximumBoots);
  const bool one = places.size() == 1;
  trace::HtmlPage page(one ? "Boot of " + describe_machine(capture.boots[places.front()])
                           : fmt::format("{} boots in {}", all_places.size(), capture.path));
  if (one) {
    const trace::Boot& boot = capture.boots[places.front()];
    page.set_verdict(fmt::format("{} in {}: {}", to_string(boot.verdict.kind),
                                 trace::describe_duration(boot.duration()), boot.verdict.text),
                     std::string(style_of(capture, places.front())));
  } else {
    page.add_section("boots", "Boots", table_html(capture, places));
  }
  page.set_lead(fmt::format("{}: {} frames, {} of them of boots.", capture.path,
                            capture.totals.frames, capture.totals.of_boots));
  for (const std::size_t place : places) {
    const trace::Boot& boot = capture.boots[place];
    const std::string prefix = fmt::format("b{}-", boot.number);
    const std::string suffix = one ? std::string() : fmt::format(" of boot {}", boot.number);
    page.add_section(prefix + "found", "What was found" + suffix,
                     findings_html(capture.explanations[place]));
    add_boot_sections(page,
                      {.boot = &boot,
                       .notes = notes_of(capture.explanations[place]),
                       .packets = trace::packet_excerpt(capture.path, boot),
                       .id_prefix = prefix},
                      suffix);
  }
  page.set_footer(all_places.size() > places.size()
                      ? fmt::format("pxeproof explain; the first {} boots of {}", places.size(),
                                    all_places.size())
                      : std::string("pxeproof explain"));
  return page.render();
}

}  // namespace pxeproof::cli
