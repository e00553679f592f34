#include "cli/serve_options.h"

#include <fmt/format.h>

#include <array>

#include "live/entropy.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"conf-file", "FILE", "dnsmasq's configuration file, unchanged"},
    OptionSpec{"test", "", "read the configuration, say what is wrong with it, and end"},
    OptionSpec{"seed", "N", "for everything random; drawn and printed otherwise"},
    OptionSpec{"control", "PATH", "a Unix socket that answers status, counters, reload ..."},
    OptionSpec{"status", "PATH", "ask the server behind that socket how it is, and end"},
    OptionSpec{"explain-packet", "FILE#N",
               "what this configuration answers to packet N of a capture"},
    OptionSpec{"metrics", "ADDR:PORT", "Prometheus metrics over HTTP; off without it"},
    OptionSpec{"log-format", "FORMAT", "text (as dnsmasq) or json (a line for each event)"},
    OptionSpec{"confine", "on|off", "give up rights once everything is open (default on)"},
};

constexpr Syntax kSyntax{
    .verb = "serve",
    .purpose =
        "Answers PXE clients: proxyDHCP on 67, boot server on 4011, TFTP on 69. Directives "
        "of dnsmasq may also be given as --key=value.",
    .options = kOptions,
    .positionals = {},
    .foreign = ForeignOptions::Collect,
};

auto not_one_of(std::string_view option, std::string_view value, std::string_view choices) {
  return wrong_usage(fmt::format("--{}: '{}' is not one of {}", option, value, choices));
}

}  // namespace

const Syntax& serve_syntax() { return kSyntax; }

Outcome<ServeOptions> read_serve_options(const Arguments& arguments) {
  ServeOptions options;
  options.origin = {.file = arguments.value_or("conf-file", ""), .directives = arguments.foreign};
  options.control = arguments.value_or("control", "");
  options.metrics = arguments.value_or("metrics", "");
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
