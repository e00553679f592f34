#include "cli/serve_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "live/entropy.h"
#include "server/command_line_form.h"
#include "server/directive_table.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    // libvirt and others give none, so that dnsmasq reads no default.
    OptionSpec{"conf-file", "FILE", "dnsmasq's configuration file, unchanged; empty: none", "",
               EmptyValue::Allowed},
    OptionSpec{"test", "", "read the configuration, say what is wrong with it, and end"},
    OptionSpec{"seed", "N", "for everything random; drawn and printed otherwise"},
    OptionSpec{"control", "PATH", "a Unix socket that answers status, counters, reload ..."},
    OptionSpec{"status", "PATH", "ask the server behind that socket how it is, and end"},
    OptionSpec{"command", "NAME", "with --status: one command's answer, as JSON"},
    OptionSpec{"explain-packet", "FILE#N",
               "what this configuration answers to packet N of a capture"},
    OptionSpec{"once", "", "end when one machine has booted (exit code 0) or did not (1)"},
    OptionSpec{"until", "PHASE", "nbp, config, payload (default), or a number of seconds to serve"},
    OptionSpec{"timeout", "SECONDS", "how long --once waits (default 300)"},
    OptionSpec{"json", "FILE|-", "a report of --once"},
    OptionSpec{"metrics", "ADDR:PORT", "Prometheus metrics over HTTP; off without it"},
    OptionSpec{"limit", "NAME=N",
               "transfers-per-client, half-open, waiting or waiting-per-client, of TFTP"},
    OptionSpec{"log-format", "FORMAT", "text (as dnsmasq) or json (a line for each event)"},
    OptionSpec{"fault", "FAULTS",
               "be wrong, for who writes clients: \"drop DATA 3; offer without 60\"; list: all"},
    OptionSpec{"mutant", "NAME", "be wrong in one way: `pxeproof conform list mutants`"},
    OptionSpec{"confine", "on|off", "give up rights once everything is open (default on)"},
};

constexpr Syntax kSyntax{
    .verb = "serve",
    .purpose =
        "Answers PXE clients: proxyDHCP on 67, boot server on 4011, TFTP on 69. A directory is "
        "served as it is; directives of dnsmasq may also be given as --key=value.",
    .options = kOptions,
    .positionals = "[DIRECTORY]",
    .foreign = ForeignOptions::Collect,
    .foreign_takes_next = server::takes_next_word,
};

auto not_one_of(std::string_view option, std::string_view value, std::string_view choices) {
  return wrong_usage(fmt::format("--{}: '{}' is not one of {}", option, value, choices));
}

struct LimitName {
  std::string_view name;
  std::optional<std::uint32_t> TftpLimitOptions::*value;
};
constexpr std::array kLimits = {
    LimitName{"transfers-per-client", &TftpLimitOptions::transfers_per_client},
    LimitName{"half-open", &TftpLimitOptions::half_open},
    LimitName{"waiting", &TftpLimitOptions::waiting},
    LimitName{"waiting-per-client", &TftpLimitOptions::waiting_per_client},
};
constexpr std::uint64_t kHighestLimit = 1'000'000;

Outcome<TftpLimitOptions> read_limits(const Arguments& arguments) {
  TftpLimitOptions limits;
  for (const std::string& text : arguments.all("limit")) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const auto row =
        std::ranges::find(kLimits, std::string_view(text).substr(0, equals), &LimitName::name);
    if (row == kLimits.end() || equals == text.size()) {
      return not_one_of("limit", text,
                        "transfers-per-client=N, half-open=N, waiting=N, waiting-per-client=N");
    }
    const auto count =
        parse_count("--limit " + std::string(row->name), text.substr(equals + 1), 1, kHighestLimit);
    if (!count) return fail(count.error());
    limits.*(row->value) = static_cast<std::uint32_t>(*count);
  }
  return limits;
}

// A misspelt option is named before the words that it left behind, whether it was to be one of ours
// or of dnsmasq's.
Outcome<void> check_foreign(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (server::takes_next_word(word)) ++i;
    if (!word.starts_with("--")) continue;
    const std::string name = word.substr(2, word.find('=') - 2);
    if (name.empty() || server::find_directive_by_beginning(name) != nullptr) continue;
    std::vector<std::string> names;
    for (const OptionSpec& spec : kOptions) names.emplace_back(spec.name);
    if (const auto near = server::nearest_directive(name); !near.empty()) names.emplace_back(near);
    const auto suggestion = nearest(name, names);
    return wrong_usage(fmt::format(
        "command line: --{} is no option of serve and none of dnsmasq; {}", printable(name),
        suggestion ? fmt::format("did you mean --{}?", *suggestion)
                   : "pxeproof serve --help lists the former"));
  }
  return {};
}

constexpr std::uint64_t kLongestWait = 7 * 24 * 3600;  // seconds

Outcome<std::optional<OnceOptions>> read_once(const Arguments& arguments) {
  const bool has_parts =
      arguments.has("until") || arguments.has("timeout") || arguments.has("json");
  if (!arguments.has("once")) {
    if (has_parts) return wrong_usage("serve: --until, --timeout and --json belong to --once");
    return std::optional<OnceOptions>();
  }
  OnceOptions once;
  once.json = arguments.value_or("json", "");
  const std::string until = arguments.value_or("until", "payload");
  if (until == "nbp") {
    once.until = ServedPhase::Nbp;
  } else if (until == "config") {
    once.until = ServedPhase::Config;
  } else if (until != "payload") {
    const std::string digits = until.ends_with('s') ? until.substr(0, until.size() - 1) : until;
    const auto seconds = parse_count("--until", digits, 1, kLongestWait);
    if (!seconds) return not_one_of("until", until, "nbp, config, payload, a number of seconds");
    once.duration = std::chrono::seconds(*seconds);
  }
  if (const auto timeout = arguments.value("timeout")) {
    const auto seconds = parse_count("--timeout", *timeout, 1, kLongestWait);
    if (!seconds) return fail(seconds.error());
    once.patience = std::chrono::seconds(*seconds);
  }
  return std::optional(std::move(once));
}

// What the web server takes: a port, or an address and a port.
Outcome<std::string> read_metrics(const Arguments& arguments) {
  std::string text = arguments.value_or("metrics", "");
  if (!arguments.has("metrics")) return text;
  const std::size_t colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  const std::string address = colon == std::string::npos ? "" : text.substr(0, colon);
  const bool is_ipv6 = address.starts_with('[') && address.ends_with(']');
  const bool is_address = colon == std::string::npos || is_ipv6 || Ipv4Address::parse(address);
  if (!is_address || !parse_count("--metrics", port, 1, 0xffff)) {
    return wrong_usage(fmt::format(
        "serve: --metrics {}: no address and port to listen on; give ADDR:PORT, such as "
        "127.0.0.1:9109",
        text));
  }
  return text;
}

}  // namespace

const Syntax& serve_syntax() { return kSyntax; }

Outcome<ServeOptions> read_serve_options(const Arguments& arguments,
                                         std::span<const std::string> words) {
  ServeOptions options;
  options.command = "pxeproof serve";
  for (const std::string& word : words) options.command += " " + word;
  options.origin = {.file = arguments.value_or("conf-file", ""),
                    .directives = arguments.foreign,
                    .directory = {}};
  if (auto checked = check_foreign(arguments.foreign); !checked) return fail(checked.error());
  if (arguments.positionals.size() > 1) {
    return wrong_usage(fmt::format("serve: one directory is served, and '{}' is a second one",
                                   arguments.positionals[1]));
  }
  if (!arguments.positionals.empty()) {
    options.origin.directory = arguments.positionals.front();
    if (!options.origin.file.empty()) {
      return wrong_usage(
          "serve: give a directory or --conf-file; a configuration names its own directory "
          "(tftp-root)");
    }
  }
  if (const auto name = arguments.value("mutant")) {
    options.mutant = find_mutant(*name);
    if (options.mutant == nullptr) {
      return wrong_usage(fmt::format(
          "--mutant: no mutant '{}'; `pxeproof conform list mutants` shows all", *name));
    }
  }
  if (arguments.has("fault")) {
    auto faults = read_faults(arguments.all("fault"));
    if (!faults) return fail(faults.error());
    options.faults = std::move(*faults);
  }
  auto limits = read_limits(arguments);
  if (!limits) return fail(limits.error());
  options.limits = *limits;
  auto once = read_once(arguments);
  if (!once) return fail(once.error());
  options.once = std::move(*once);
  options.control = arguments.value_or("control", "");
  auto metrics = read_metrics(arguments);
  if (!metrics) return fail(metrics.error());
  options.metrics = std::move(*metrics);
  options.verbosity = arguments.verbosity;
  const std::string format = arguments.value_or("log-format", "text");
  if (format == "json") {
    options.log_format = ServerLog::Format::Json;
  } else if (format != "text") {
    return not_one_of("log-format", format, "text, json");
  }
  const std::string confinement = arguments.value_or("confine", "on");
  if (confinement == "off") {
    options.confinement = ServeOptions::Confinement::Off;
  } else if (confinement != "on") {
    return not_one_of("confine", confinement, "on, off");
  }
  options.seed = live::draw_seed();
  if (const auto given = arguments.value("seed")) {
    const auto count = parse_count("--seed", *given, 0, ~std::uint64_t{0});
    if (!count) return fail(count.error());
    options.seed = *count;
  }
  return options;
}

}  // namespace pxeproof::cli
