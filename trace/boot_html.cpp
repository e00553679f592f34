#include "trace/boot_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "trace/compared_step.h"
#include "trace/dhcp_fields.h"
#include "trace/ladder_text.h"
#include "trace/step_text.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kMaximumBars = 60;

std::string describe_step(const Step& step) {
  return std::visit([](const auto& what) { return describe(what); }, step.what);
}

std::string packets_of(const Step& step) {
  return step.last_packet > step.first_packet
             ? fmt::format("{}–{}", step.first_packet, step.last_packet)
             : std::to_string(step.first_packet);
}

std::string fields_html(const ComparedStep& step) {
  HtmlTable table{.header = {"field", "value"}, .rows = {}};
  for (const ComparedField& field : step.fields) {
    table.rows.push_back(
        {.cells = {html_text(field.label), "<code>" + html_text(field.value) + "</code>"}});
  }
  return html_table(table);
}

std::string packets_html(const Step& step, const PacketLines& packets) {
  std::string lines;
  for (auto at = packets.lower_bound(step.first_packet);
       at != packets.end() && at->first <= step.last_packet; ++at) {
    lines += fmt::format("{:>6}  {}\n", at->first, html_text(at->second));
  }
  if (lines.empty()) return {};
  return fmt::format("<pre tabindex=\"0\" aria-label=\"packets\">{}</pre>\n", lines);
}

std::string_view style_of(const Step& step) {
  const auto* transfer = std::get_if<TransferStep>(&step.what);
  if (transfer == nullptr) return "";
  switch (transfer->outcome) {
    case TransferStep::Outcome::Complete:
      return "good";
    case TransferStep::Outcome::Aborted:
      return "dim";
    case TransferStep::Outcome::Refused:
      return "warn";
    case TransferStep::Outcome::Unanswered:
    case TransferStep::Outcome::Unfinished:
      return "bad";
  }
  return "";
}

}  // namespace

std::string ladder_html(const BootForPage& shown) {
  return "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"ladder\">" +
         ladder_inline_svg(make_ladder(*shown.boot, shown.notes), shown.id_prefix + "step-") +
         "</div>\n";
}

std::string timing_html(const Boot& boot, std::string_view id_prefix) {
  std::vector<ChartBar> bars;
  std::map<std::uint32_t, Instant> asked;
  for (std::size_t index = 0; index < boot.steps.size() && bars.size() < kMaximumBars; ++index) {
    const Step& step = boot.steps[index];
    Instant begin = step.at;
    Instant end = step.at;
    if (const auto* message = std::get_if<DhcpStep>(&step.what)) {
      if (message->direction == DhcpStep::Direction::FromClient) {
        asked[message->xid] = step.at;
        continue;
      }
      // An answer took as long as since the question.
      const auto question = asked.find(message->xid);
      if (question != asked.end()) begin = question->second;
    } else if (const auto* transfer = std::get_if<TransferStep>(&step.what)) {
      end = transfer->ended;
    } else {
      continue;
    }
    bars.push_back({.label = lay_out(step, boot.address).title,
                    .begin = to_seconds(begin - boot.begun),
                    .length = to_seconds(end - begin),
                    .value = describe_duration(end - begin),
                    .style = std::string(style_of(step)),
                    .link = fmt::format("#{}step-{}", id_prefix, index)});
  }
  std::string html =
      html_bars("From the question to its answer, and each file, since power-on", "s", bars);
  if (bars.size() == kMaximumBars) html += "<p class=\"dim\">The first of many.</p>\n";
  return html;
}

std::string steps_html(const BootForPage& shown) {
  const Boot& boot = *shown.boot;
  std::string html =
      "<p class=\"dim\">Each step unfolds: with the mouse, or with Tab and Enter.</p>\n";
  for (std::size_t index = 0; index < boot.steps.size(); ++index) {
    const Step& step = boot.steps[index];
    const ComparedStep laid_out = lay_out(step, boot.address);
    html +=
        html_details({.id = fmt::format("{}step-{}", shown.id_prefix, index),
                      .summary = fmt::format("<code>{:>9.3f} s</code> <b class=\"{}\">{}</b> {} "
                                             "<span class=\"dim\">packet {}</span>",
                                             to_seconds(step.at - boot.begun), style_of(step),
                                             html_text(laid_out.title),
                                             html_text(describe_step(step)), packets_of(step)),
                      .content = fields_html(laid_out) + packets_html(step, shown.packets)});
  }
  if (boot.steps_left_out > 0) {
    html += fmt::format("<p class=\"warn\">{} steps of the middle are left out.</p>\n",
                        boot.steps_left_out);
  }
  return html;
}

void add_boot_sections(HtmlPage& page, const BootForPage& shown, std::string_view suffix) {
  page.add_section(shown.id_prefix + "ladder", fmt::format("Ladder{}", suffix), ladder_html(shown));
  page.add_section(shown.id_prefix + "timing", fmt::format("Timing{}", suffix),
                   timing_html(*shown.boot, shown.id_prefix));
  page.add_section(shown.id_prefix + "steps", fmt::format("Steps{}", suffix), steps_html(shown));
}

}  // namespace pxeproof::trace
