#include "cli/explain_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "trace/boot_session.h"
#include "trace/folded_text.h"
#include "trace/ladder_text.h"
#include "trace/rules/oracle.h"
#include "trace/step_text.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kColumns = trace::FoldedTextOptions{}.columns;
constexpr std::size_t kMargin = trace::FoldedTextOptions{}.margin;
constexpr std::size_t kShownAlternatives = 3;

using trace::folded;
using trace::width_of;

std::string packets_text(const std::vector<std::uint32_t>& packets) {
  constexpr std::size_t kShown = 8;
  std::vector<std::uint32_t> shown(
      packets.begin(),
      packets.begin() + static_cast<std::ptrdiff_t>(std::min(packets.size(), kShown)));
  return fmt::format("packet{} {}{}", packets.size() == 1 ? "" : "s", fmt::join(shown, ", "),
                     packets.size() > kShown ? ", ..." : "");
}

std::string firmware_text(const trace::Boot& boot) {
  const firmware::FirmwareGuess& guess = boot.firmware;
  if (guess.family == firmware::Family::Unknown) return "firmware unknown";
  return fmt::format("firmware {}, {} ({} %)", guess.name,
                     firmware::confidence_word(guess.confidence), guess.confidence);
}

std::string heading(const trace::Boot& boot, firmware::Family family) {
  std::string who = boot.mac == MacAddress{} ? to_string(boot.address) : to_string(boot.mac);
  std::string text = fmt::format("boot {}: {}", boot.number, who);
  if (boot.architecture)
    text += fmt::format("  {}", dhcp::describe_architecture(*boot.architecture));
  text += fmt::format("  {}", firmware_text(boot));
  if (family != boot.firmware.family) text += fmt::format(", taken for {}", to_string(family));
  if (boot.guid) text += fmt::format("  GUID {}", to_string(*boot.guid));
  return text;
}

trace::LadderNotes notes_of(const trace::Explanation& explanation) {
  trace::LadderNotes notes;
  for (const trace::Finding& finding : explanation.faults) {
    if (&finding != &explanation.faults.front()) break;
    for (const std::uint32_t packet : finding.packets) {
      notes.emplace(packet, trace::LadderNote{trace::LadderNote::Mark::Failure,
                                              std::string(finding.rule->id)});
    }
  }
  return notes;
}

// A line of configuration is there to be copied and stays whole; what is too wide beside it is
// words.
std::string narrow(std::string_view line, std::size_t indent) {
  std::string out;
  while (width_of(line) > kColumns) {
    std::size_t blank = line.rfind(' ', kColumns);
    if (blank == std::string_view::npos || line.find_first_not_of(' ') >= blank) break;
    // Not within a line of configuration such as pxe-service=0,"Network boot",pxelinux.
    const std::size_t equals = line.find('=');
    const std::size_t word = equals == std::string_view::npos ? equals : line.rfind(' ', equals);
    const std::size_t behind = line.find(" (", equals == std::string_view::npos ? 0 : equals);
    if (word != std::string_view::npos && behind != std::string_view::npos && word < blank &&
        behind < blank) {
      blank = behind;
    }
    out += std::string(line.substr(0, blank)) + "\n" + std::string(indent, ' ');
    line.remove_prefix(blank + 1);
    if (width_of(line) + indent <= kColumns) break;
    const std::size_t next = line.rfind(' ', kColumns - indent);
    if (next == std::string_view::npos) break;
    out += std::string(line.substr(0, next)) + "\n" + std::string(indent, ' ');
    line.remove_prefix(next + 1);
  }
  return out + std::string(line);
}

std::string fixes_text(const trace::Finding& finding) {
  std::string out;
  std::size_t width = 0;
  for (const trace::Fix& fix : finding.fixes) width = std::max(width, width_of(fix.server));
  for (const trace::Fix& fix : finding.fixes) {
    std::string text;
    for (std::size_t from = 0; from <= fix.text.size();) {
      const std::size_t end = std::min(fix.text.find('\n', from), fix.text.size());
      const std::string label = from == 0 ? fix.server : std::string();
      text += fmt::format("{:<{}}  {}\n", label, width, fix.text.substr(from, end - from));
      from = end + 1;
    }
    text.pop_back();
    std::string rows;
    for (std::size_t from = 0; from <= text.size();) {
      const std::size_t end = std::min(text.find('\n', from), text.size());
      const std::string row = fmt::format("{:<{}}{}", out.empty() && from == 0 ? "fix" : "",
                                          kMargin, text.substr(from, end - from));
      rows += narrow(row, kMargin + width + 2) + "\n";
      from = end + 1;
    }
    out += rows;
  }
  return out;
}

std::string finding_text(std::string_view label, const trace::Finding& finding) {
  return folded(label, fmt::format("{} {}  ({})  {}\n{}", finding.rule->id, finding.rule->name,
                                   packets_text(finding.packets), to_string(finding.confidence),
                                   finding.cause));
}

// Where the time of a boot went.
std::string timing_text(const trace::Boot& boot) {
  const auto sessions = trace::split_sessions(boot);
  const trace::BootSession* session = trace::deciding_session(sessions);
  if (session == nullptr) return {};
  std::vector<std::string> parts;
  const auto part = [&](std::string_view name, Duration time) {
    parts.push_back(fmt::format("{} {}", name, trace::describe_duration(time)));
  };
  const trace::BootSession& first = sessions.front();
  if (!first.offers.empty()) part("offer", first.offers.front().at() - first.begun);
  if (!first.acks.empty()) part("address", first.acks.front().at() - first.begun);
  Duration files{};
  Duration longest{};
  std::string longest_name;
  std::uint64_t octets = 0;
  std::size_t count = 0;
  for (const trace::BootSession& each : sessions) {
    for (const trace::SeenTransfer& seen : each.transfers) {
      if (!trace::came_whole(*seen.what)) continue;
      const Duration time = seen->ended - seen->begun;
      files += time;
      octets += seen->octets;
      ++count;
      if (time > longest) {
        longest = time;
        longest_name = seen->filename;
      }
    }
  }
  if (count > 0) {
    parts.push_back(fmt::format("{} file{}, {} octets in {}", count, count == 1 ? "" : "s",
                                trace::with_thousands(octets), trace::describe_duration(files)));
    parts.push_back(
        fmt::format("longest {} {}", printable(longest_name), trace::describe_duration(longest)));
  }
  part("in all", boot.duration());
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string steps_text(const trace::Boot& boot) {
  std::string out;
  trace::StoryText story(boot.begun);
  for (const trace::Step& step : boot.steps) {
    for (const std::string& line : story.on_step(step)) {
      out += fmt::format("{:>6}  {}\n", step.first_packet, line);
    }
  }
  for (const std::string& line : story.finish()) out += fmt::format("{:>6}  {}\n", "", line);
  return out;
}

std::string notices(const ExplainedCapture& capture, const trace::Boot& boot) {
  std::vector<std::string> parts;
  if (capture.moved_frames > 0) {
    parts.push_back(
        fmt::format("{} frames stood behind later ones in the file and were put in order of time",
                    capture.moved_frames));
  }
  if (boot.begins_before_capture) parts.emplace_back("it began before the capture");
  if (boot.duplicates > 0) {
    parts.push_back(fmt::format("{} frames stand twice in the capture", boot.duplicates));
  }
  if (boot.fragments > 0) parts.push_back(fmt::format("{} IP fragments", boot.fragments));
  if (boot.cut > 0) {
    parts.push_back(fmt::format(
        "{} of its packets are cut by the snap length, and what stood behind is not known{}: "
        "capture whole packets (tcpdump -s 0)",
        boot.cut,
        boot.cut_names > 0
            ? fmt::format(" ({} file names among it, which end in ... here)", boot.cut_names)
            : std::string()));
  }
  if (boot.malformed > 0) parts.push_back(fmt::format("{} broken DHCP packets", boot.malformed));
  if (boot.steps_left_out > 0) {
    parts.push_back(fmt::format("{} steps of the middle are left out", boot.steps_left_out));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

trace::Ladder ladder_of(const ExplainedCapture& capture, std::size_t which) {
  return trace::make_ladder(capture.boots[which], notes_of(capture.explanations[which]));
}

std::string ladder_text_of(const trace::Ladder& ladder, const ExplainTextOptions& options) {
  return trace::ladder_text(ladder, {.columns = kColumns,
                                     .maximum_rungs = options.rungs,
                                     .colour = options.colour == ExplainTextOptions::Colour::Yes
                                                   ? trace::LadderTextOptions::Colour::Yes
                                                   : trace::LadderTextOptions::Colour::No});
}

}  // namespace

std::string ladders_of(const ExplainedCapture& capture, std::span<const std::size_t> which,
                       std::string_view format, const ExplainTextOptions& options) {
  std::vector<trace::Ladder> ladders;
  for (const std::size_t boot : which) ladders.push_back(ladder_of(capture, boot));
  if (format == "svg") return trace::ladder_svg(ladders);
  if (format == "json") return trace::ladder_json(ladders);
  std::string text;
  for (const trace::Ladder& ladder : ladders) {
    text += format == "md" ? trace::ladder_markdown(ladder) : ladder_text_of(ladder, options);
  }
  return text;
}

std::string boot_text(const ExplainedCapture& capture, std::size_t which,
                      const ExplainTextOptions& options) {
  const trace::Boot& boot = capture.boots[which];
  const trace::Explanation& explanation = capture.explanations[which];
  const firmware::Family family =
      explanation.family == firmware::Family::Unknown ? boot.firmware.family : explanation.family;
  const auto sessions = trace::split_sessions(boot);
  const trace::BootSession* session = trace::deciding_session(sessions);
  std::string out = folded("", heading(boot, family)).substr(kMargin);
  out += ladder_text_of(ladder_of(capture, which), options);
  if (options.verbosity > 0) out += steps_text(boot);
  std::string verdict = fmt::format("{} in {}: {}", to_string(boot.verdict.kind),
                                    trace::describe_duration(boot.duration()), boot.verdict.text);
  if (session != nullptr) {
    const std::string words = trace::screen_words(family, boot.verdict, *session);
    // A capture that just ends shows nothing of the screen.
    const bool may_go_on = boot.verdict.kind == trace::BootVerdict::Kind::Unfinished;
    if (!words.empty() && (!may_go_on || !explanation.faults.empty())) {
      verdict += fmt::format("; its screen shows {}", words);
    }
  }
  out += folded("verdict", verdict);
  for (const trace::Finding& finding : explanation.faults) {
    const bool is_first = &finding == &explanation.faults.front();
    const auto at = static_cast<std::size_t>(&finding - explanation.faults.data());
    if (at > kShownAlternatives && options.verbosity == 0) {
      out += folded("or", fmt::format("{} more: -v", explanation.faults.size() - at));
      break;
    }
    if (is_first || options.verbosity > 0) {
      out += finding_text(is_first ? "cause" : "or", finding);
    } else {
      out +=
          folded("or", fmt::format("{} {} ({}, {})", finding.rule->id, finding.rule->name,
                                   packets_text(finding.packets), to_string(finding.confidence)));
    }
    if (is_first || options.verbosity > 0) {
      if (!finding.elsewhere.empty()) out += folded("", finding.elsewhere);
      out += fixes_text(finding);
    }
    if (is_first) out += folded("verify", verify_command(boot, finding.until));
  }
  if (!explanation.undecided.empty()) out += folded("cause", explanation.undecided);
  if (!explanation.is_fault(boot)) out += folded("timing", timing_text(boot));
  for (const trace::Finding& finding : explanation.slow) {
    out += finding_text("slow", finding);
    if (options.verbosity > 0) out += fixes_text(finding);
  }
  if (options.verbosity > 0) {
    for (const trace::Finding& finding : explanation.benign) out += finding_text("normal", finding);
    for (const std::string& match : boot.firmware.matches) out += folded("for it", match);
    for (const std::string& miss : boot.firmware.misses) out += folded("against", miss);
  } else if (!explanation.benign.empty()) {
    std::vector<std::string> names;
    for (const trace::Finding& finding : explanation.benign) {
      names.push_back(fmt::format("{} {}", finding.rule->id, finding.rule->name));
    }
    out += folded("normal", fmt::format("{}", fmt::join(names, ", ")));
  }
  if (session != nullptr && explanation.is_fault(boot)) {
    std::string others;
    for (const std::string& line : trace::other_firmware(family, *session)) {
      others += (others.empty() ? "" : "\n") + line;
    }
    if (!others.empty()) out += folded("others", others);
  }
  if (const std::string text = notices(capture, boot); !text.empty()) out += folded("note", text);
  if (explanation.is_fault(boot)) {
    out += folded("expected", trace::expected_next(boot.verdict.state));
    out += folded("seen", boot.verdict.text);
    out +=
        folded("again", fmt::format("pxeproof explain {} --boot {} -v", capture.path, boot.number));
  }
  return out;
}

std::string boots_table(const ExplainedCapture& capture) {
  std::string out;
  for (std::size_t at = 0; at < capture.boots.size(); ++at) {
    const trace::Boot& boot = capture.boots[at];
    const trace::Explanation& explanation = capture.explanations[at];
    std::string what = boot.verdict.text;
    if (!explanation.faults.empty()) {
      const trace::Finding& first = explanation.faults.front();
      what = fmt::format("{} {}: {}", first.rule->id, first.rule->name, boot.verdict.text);
    }
    std::string line = fmt::format(
        "{:>4}  {:<17}  {:<18}  {:<10}  {}", boot.number,
        boot.mac == MacAddress{} ? to_string(boot.address) : to_string(boot.mac),
        boot.architecture ? dhcp::describe_architecture(*boot.architecture) : std::string("-"),
        to_string(boot.verdict.kind), what);
    if (line.size() > kColumns) line = line.substr(0, kColumns - 3) + "...";
    out += line + "\n";
  }
  if (capture.more_boots > 0) {
    out += fmt::format("      and {} more boots, {} of them stalled or refused\n",
                       capture.more_boots, capture.more_faults);
  }
  return out;
}

std::string rules_text() {
  std::string out;
  for (const trace::Rule& rule : trace::rules()) {
    out += fmt::format("{}  {:<32} {}\n", rule.id, rule.name, rule.title);
  }
  return out;
}

}  // namespace pxeproof::cli
