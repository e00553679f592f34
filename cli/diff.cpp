#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "cli/arguments.h"
#include "cli/capture_boots.h"
#include "cli/output_file.h"
#include "cli/verbs.h"
#include "trace/boot_diff.h"
#include "trace/boot_diff_text.h"
#include "trace/boot_html.h"
#include "trace/folded_text.h"
#include "trace/ignored_difference.h"
#include "trace/ladder_text.h"
#include "trace/step_text.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"ignore", "WHAT",
               "semantic, timing, cosmetic, a field such as siaddr, or STEP:FIELD"},
    OptionSpec{"as", "FIRMWARE",
               "judge for ipxe, edk2, intel, uboot, grub or rpi; a profile's name will do"},
    OptionSpec{"mac", "GOOD[,BAD]", "compare the boots of these machines only"},
    OptionSpec{"strict", "", "differences of time and form fail, too"},
    OptionSpec{"ladder", "", "draw both boots"},
    OptionSpec{"html", "FILE", "write a page with both boots side by side"},
    OptionSpec{"json", "FILE", "write a report; - for standard output"},
};

constexpr Syntax kSyntax{
    .verb = "diff",
    .purpose = "Compares two captured boots step by step, and names where they part.",
    .options = kOptions,
    .positionals = "GOOD BAD",
    .foreign = ForeignOptions::Refuse,
};

struct DiffRequest {
  std::string good;
  std::string bad;
  BootChoice choice;
  trace::BootDiffOptions options;
  enum class Strictness { Semantic, All } strictness = Strictness::Semantic;
  enum class Ladders { No, Yes } ladders = Ladders::No;
  std::string json;
  std::string html;
  int verbosity = 0;
  std::string again;  // the command line

  bool is_told() const { return json != "-" && html != "-"; }
};

ExitCode report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return failure.code;
}

Outcome<BootChoice> read_choice(const std::string& text) {
  const std::size_t comma = text.find(',');
  BootChoice choice;
  choice.good = MacAddress::parse(text.substr(0, comma));
  choice.bad = comma == std::string::npos ? choice.good : MacAddress::parse(text.substr(comma + 1));
  if (!choice.good || !choice.bad) {
    return wrong_usage(fmt::format(
        "--mac: {} is no MAC address; write 52:54:00:12:34:56, or two with a comma between", text));
  }
  return choice;
}

// A word that names nothing must not pass: the difference it was meant for would count, or a
// whole comparison be trusted that ignores nothing.
Outcome<std::string> read_ignored_word(const std::string& word) {
  if (auto ignored = trace::read_ignored(word)) return *ignored;
  const auto suggestion = nearest(word, trace::ignorable_like(word));
  return wrong_usage(fmt::format(
      "diff: --ignore {}: no such difference{}; write semantic, timing or cosmetic, a field as "
      "diff "
      "shows it (siaddr, 43.10, \"boot file\"), or \"STEP:FIELD\" such as \"OFFER proxy:siaddr\"",
      word, suggestion ? fmt::format("; did you mean \"{}\"?", *suggestion) : ""));
}

Outcome<DiffRequest> read_request(const Arguments& arguments, std::span<const std::string> words) {
  DiffRequest request;
  if (arguments.positionals.size() != 2) {
    return wrong_usage("diff: needs two captures; pxeproof diff GOOD BAD");
  }
  request.good = arguments.positionals[0];
  request.bad = arguments.positionals[1];
  if (request.good == "-" && request.bad == "-") {
    return wrong_usage("diff: standard input can be one of the captures only; name a file");
  }
  if (const auto mac = arguments.value("mac")) {
    const auto choice = read_choice(*mac);
    if (!choice) return fail(choice.error());
    request.choice = *choice;
  }
  if (const auto as = arguments.value("as")) {
    const auto family = parse_client_family(*as);
    if (!family) return fail(family.error());
    request.options.family = *family;
  }
  for (const std::string& list : arguments.all("ignore")) {
    std::size_t begin = 0;
    while (begin <= list.size()) {
      const std::size_t end = std::min(list.find(',', begin), list.size());
      if (end > begin) {
        const auto ignored = read_ignored_word(list.substr(begin, end - begin));
        if (!ignored) return fail(ignored.error());
        request.options.ignore.insert(*ignored);
      }
      begin = end + 1;
    }
  }
  if (arguments.has("strict")) request.strictness = DiffRequest::Strictness::All;
  if (arguments.has("ladder")) request.ladders = DiffRequest::Ladders::Yes;
  request.json = arguments.value_or("json", "");
  request.html = arguments.value_or("html", "");
  request.verbosity = arguments.verbosity;
  request.again = "pxeproof diff";
  for (const std::string& word : words) request.again += " " + word;
  return request;
}

trace::LadderNotes notes_of(const trace::BootDiff& diff, std::uint32_t trace::Difference::*packet) {
  trace::LadderNotes notes;
  for (const trace::Difference& difference : diff.differences) {
    if (difference.*packet == 0) continue;
    if (difference.significance.rank == trace::Rank::Cosmetic) continue;
    const bool semantic = difference.significance.rank == trace::Rank::Semantic;
    notes.emplace(difference.*packet, trace::LadderNote{semantic ? trace::LadderNote::Mark::Failure
                                                                 : trace::LadderNote::Mark::Warning,
                                                        difference.label});
  }
  return notes;
}

bool has_colours() { return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

void tell_boot(std::string_view label, const std::string& file, const trace::Boot& boot) {
  fmt::print("{:<5} {} boot {}: {}\n      {}: {}, {}\n", label, file, boot.number,
             describe_machine(boot), to_string(boot.verdict.kind), boot.verdict.text,
             trace::describe_duration(boot.duration()));
}

void tell_pair(const trace::ComparedBoots& pair, const trace::DiffReport& report,
               const DiffRequest& request) {
  tell_boot("good", report.good_file, *pair.good);
  tell_boot("bad", report.bad_file, *pair.bad);
  fmt::print("{}\n", aligned_text(pair.diff));
  const auto hidden = hidden_texts(pair.diff, report.good_file, report.bad_file);
  for (const std::string& text : hidden) {
    fmt::print("{}", trace::folded("note", text, {.margin = 6}));
  }
  const bool colours = has_colours();
  fmt::print("{}", boot_diff_text(
                       pair.diff,
                       {.detail = request.verbosity > 0 ? trace::BootDiffTextOptions::Detail::Full
                                                        : trace::BootDiffTextOptions::Detail::Short,
                        .colour = colours ? trace::BootDiffTextOptions::Colour::Yes
                                          : trace::BootDiffTextOptions::Colour::No}));
  const std::string fork = fork_text(pair.diff);
  if (!fork.empty()) {
    fmt::print("{}", trace::folded(
                         "first fork", fork,
                         {.margin = 12, .long_words = trace::FoldedTextOptions::LongWords::Break}));
  }
  if (pair.diff.differences.empty()) {
    fmt::print("no difference{}\n", hidden.empty() ? "" : " in what the captures hold");
  }
  if (request.ladders == DiffRequest::Ladders::Yes) {
    const auto colour =
        colours ? trace::LadderTextOptions::Colour::Yes : trace::LadderTextOptions::Colour::No;
    fmt::print(
        "\ngood: {}",
        ladder_text(make_ladder(*pair.good, notes_of(pair.diff, &trace::Difference::good_packet)),
                    {.colour = colour}));
    fmt::print(
        "\nbad: {}",
        ladder_text(make_ladder(*pair.bad, notes_of(pair.diff, &trace::Difference::bad_packet)),
                    {.colour = colour}));
  }
}

Outcome<trace::DiffReport> compare(const DiffRequest& request, const CaptureBoots& good,
                                   const CaptureBoots& bad) {
  trace::DiffReport report;
  report.good_file = request.good;
  report.bad_file = request.bad;
  const BootPairs matched = match_boots(good, bad, request.choice);
  if (matched.pairs.empty()) {
    const auto boots = [](const CaptureBoots& capture) {
      return fmt::format("{} holds {} boot{}", capture.path, capture.boots.size(),
                         capture.boots.size() == 1 ? "" : "s");
    };
    return fail(
        Failure{ExitCode::NothingTested,
                fmt::format("diff: nothing to compare: {}, {}; capture from before power-on "
                            "on (pxeproof record), or choose machines with --mac GOOD,BAD",
                            boots(good), boots(bad))});
  }
  trace::BootDiffOptions options = request.options;
  options.good_cut_frames = good.cut_frames;
  options.bad_cut_frames = bad.cut_frames;
  for (const BootPairs::Pair& pair : matched.pairs) {
    report.pairs.push_back({describe_machine(*pair.good), pair.good, pair.bad,
                            compare_boots(*pair.good, *pair.bad, options)});
  }
  for (const trace::Boot* boot : matched.only_good) {
    report.only_good.push_back(fmt::format("boot {}: {}", boot->number, describe_machine(*boot)));
  }
  for (const trace::Boot* boot : matched.only_bad) {
    report.only_bad.push_back(fmt::format("boot {}: {}", boot->number, describe_machine(*boot)));
  }
  return report;
}

// How many differences count against BAD. A machine that booted in GOOD only is one.
std::size_t failures(const trace::DiffReport& report, DiffRequest::Strictness strictness) {
  std::size_t count = report.only_good.size();
  for (const trace::ComparedBoots& pair : report.pairs) {
    count += strictness == DiffRequest::Strictness::All ? pair.diff.differences.size()
                                                        : pair.diff.count(trace::Rank::Semantic);
  }
  return count;
}

ExitCode conclude(const DiffRequest& request, const trace::DiffReport& report) {
  const std::size_t count = failures(report, request.strictness);
  if (count == 0) return ExitCode::AsExpected;
  std::string seen = fmt::format("{} difference{} that count{}", count, count == 1 ? "" : "s",
                                 count == 1 ? "s" : "");
  for (const trace::ComparedBoots& pair : report.pairs) {
    if (!pair.diff.fork) continue;
    seen += "; first fork: " + pair.diff.differences[*pair.diff.fork].step;
    break;
  }
  if (!report.only_good.empty()) seen += "; missing in BAD: " + report.only_good.front();
  fmt::print(request.is_told() ? stdout : stderr,
             "expected  the boots of both captures are alike\nseen      {}\nagain     {}\n", seen,
             request.again);
  return ExitCode::TestedThingFailed;
}

Outcome<ExitCode> diff(const DiffRequest& request) {
  if (auto checked =
          check_outputs({{"--json", request.json}, {"--html", request.html}},
                        {{"the first capture", request.good}, {"the second capture", request.bad}});
      !checked) {
    return fail(checked.error());
  }
  const auto good = read_boots(request.good);
  if (!good) return fail(good.error());
  const auto bad = read_boots(request.bad);
  if (!bad) return fail(bad.error());
  for (const CaptureBoots* capture : {&*good, &*bad}) {
    if (!capture->damage.empty()) fmt::print(stderr, "{}\n", capture->damage);
    if (capture->moved > 0) {
      fmt::print(stderr, "{}: {} frames stood behind later ones and were put in order of time\n",
                 capture->path, capture->moved);
    }
  }
  const auto report = compare(request, *good, *bad);
  if (!report) return fail(report.error());
  if (request.is_told()) {
    for (const trace::ComparedBoots& pair : report->pairs) {
      tell_pair(pair, *report, request);
      if (report->pairs.size() > 1) fmt::print("\n");
    }
    for (const std::string& boot : report->only_good) fmt::print("only in GOOD  {}\n", boot);
    for (const std::string& boot : report->only_bad) fmt::print("only in BAD   {}\n", boot);
  }
  for (const auto& [output, text] :
       {std::pair{OutputFile{"--json", request.json}, &trace::diff_json},
        std::pair{OutputFile{"--html", request.html}, &trace::diff_page}}) {
    if (output.file.empty()) continue;
    if (auto written = write_output(output, text(*report)); !written) return fail(written.error());
  }
  return conclude(request, *report);
}

}  // namespace

ExitCode run_diff(std::span<const std::string> words) {
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) return report(arguments.error());
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(kSyntax));
    return ExitCode::AsExpected;
  }
  const auto request = read_request(*arguments, words);
  if (!request) return report(request.error());
  const auto code = diff(*request);
  return code ? *code : report(code.error());
}

}  // namespace pxeproof::cli
