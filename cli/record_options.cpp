#include "cli/record_options.h"

#include <fmt/format.h>

#include <array>

#include "live/entropy.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"interface", "IF", "capture there; any for all of them"},
    OptionSpec{"from", "FILE", "choose from a capture instead; - for standard input"},
    OptionSpec{"output", "FILE", "where to write; boot.pcapng by default, - for standard output"},
    OptionSpec{"mac", "MAC", "this machine only; else whatever boots, until the first is done"},
    OptionSpec{"until", "END",
               "booted, stalled, or a time such as 90s; both of the first by default, of --from "
               "the file's end"},
    OptionSpec{"quiet", "SECONDS", "so long after its last file a machine has booted (10)"},
    OptionSpec{"patience", "SECONDS", "so long without a packet it has stalled (40)"},
    OptionSpec{"to-case", "NAME", "write NAME.pcapng, for pxeproof conform --replay"},
    OptionSpec{"cut-payload", "", "leave the content of files out; their sizes stay"},
    OptionSpec{"anonymize", "", "replace addresses, GUIDs and host names; leave content out"},
    OptionSpec{"seed", "N", "for the addresses of --anonymize (secret by default)"},
    OptionSpec{"json", "FILE", "write a report; - for standard output"},
};

constexpr Syntax kSyntax{
    .verb = "record",
    .purpose = "Captures a boot, from power-on to its end, and nothing else.",
    .options = kOptions,
    .positionals = {},
    .foreign = ForeignOptions::Refuse,
};

Outcome<Duration> parse_seconds(std::string_view what, std::string_view text) {
  const auto seconds = parse_count(what, text, 1, 86400);
  if (!seconds) return fail(seconds.error());
  return std::chrono::seconds(*seconds);
}

Outcome<void> read_until(const std::string& text, RecordOptions& options) {
  options.until = RecordOptions::Until::Asked;
  options.until_booted = false;
  options.until_stalled = false;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    if (word == "booted") {
      options.until_booted = true;
    } else if (word == "stalled") {
      options.until_stalled = true;
    } else if (word.size() > 1 && word.back() == 's' &&
               word.find_first_not_of("0123456789") == word.size() - 1) {
      const auto time = parse_seconds("--until", word.substr(0, word.size() - 1));
      if (!time) return fail(time.error());
      options.until_time = *time;
    } else {
      return wrong_usage(fmt::format(
          "--until: \"{}\" is no end; write booted, stalled, or a time such as 90s", word));
    }
  }
  return {};
}

}  // namespace

const Syntax& record_syntax() { return kSyntax; }

Outcome<RecordOptions> read_record_options(const Arguments& arguments,
                                           std::span<const std::string> words) {
  RecordOptions options;
  options.interface = arguments.value_or("interface", "");
  options.from = arguments.value_or("from", "");
  if (!options.interface.empty() && !options.from.empty()) {
    return wrong_usage("record: --interface captures and --from reads a capture; give one of them");
  }
  if (options.interface.empty() && options.from.empty()) {
    return wrong_usage(
        "record: needs an interface or a capture; pxeproof record --interface IF, or --from FILE");
  }
  if (const auto output = arguments.value("output")) {
    options.output = *output;
    options.overwrite = RecordOptions::Overwrite::Yes;
  }
  if (const auto name = arguments.value("to-case")) {
    if (arguments.has("output")) {
      return wrong_usage("--to-case: names the file already; leave --output out");
    }
    options.output = *name + ".pcapng";
    options.purpose = RecordOptions::Purpose::Case;
  }
  if (const auto text = arguments.value("mac")) {
    options.recorder.machine = MacAddress::parse(*text);
    if (!options.recorder.machine) {
      return wrong_usage(
          fmt::format("--mac: {} is no MAC address; write 52:54:00:12:34:56", *text));
    }
  }
  if (const auto until = arguments.value("until")) {
    if (auto read = read_until(*until, options); !read) return fail(read.error());
  }
  if (const auto text = arguments.value("quiet")) {
    const auto time = parse_seconds("--quiet", *text);
    if (!time) return fail(time.error());
    options.recorder.quiet = *time;
  }
  if (const auto text = arguments.value("patience")) {
    const auto time = parse_seconds("--patience", *text);
    if (!time) return fail(time.error());
    options.recorder.patience = *time;
  }
  if (arguments.has("cut-payload")) {
    options.recorder.payload = trace::BootRecorder::Options::Payload::Cut;
  }
  std::uint64_t seed = 0;
  if (const auto text = arguments.value("seed")) {
    const auto number = parse_count("--seed", *text, 0, ~std::uint64_t{0});
    if (!number) return fail(number.error());
    seed = *number;
  } else {
    seed = live::draw_seed();
  }
  if (arguments.has("anonymize")) options.recorder.anonymous_seed = seed;
  options.json = arguments.value_or("json", "");
  options.again = "pxeproof record";
  for (const std::string& word : words) options.again += " " + word;
  return options;
}

}  // namespace pxeproof::cli
