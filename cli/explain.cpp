#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/arguments.h"
#include "cli/capture_boots.h"
#include "cli/explain_html.h"
#include "cli/explain_text.h"
#include "cli/output_file.h"
#include "cli/verbs.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"as", "FIRMWARE",
               "judge as if it were edk2, ipxe, intel, uboot, grub, rpi or a profile"},
    OptionSpec{"boot", "N", "tell this boot of several"},
    OptionSpec{"mac", "MAC", "tell the boots of this machine"},
    OptionSpec{"ladder", "FORMAT", "only the ladder: text, svg, md or json"},
    OptionSpec{"rules", "list", "list the rules and end"},
    OptionSpec{"json", "FILE", "write a report (-: standard output)"},
    OptionSpec{"html", "FILE", "write a page: findings, ladder, timing, steps that unfold"},
};
constexpr Syntax kSyntax{
    .verb = "explain",
    .purpose = "Says in words why a captured boot failed, or that it worked and what was slow.",
    .options = kOptions,
    .positionals = "FILE|-",
    .foreign = ForeignOptions::Refuse,
};
constexpr std::array<std::string_view, 4> kLadderFormats = {"text", "svg", "md", "json"};

ExitCode report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return failure.code;
}

// What the command line asks for.
struct Request {
  std::string path;
  ExplainOptions options;
  std::optional<std::uint64_t> boot;
  std::optional<MacAddress> mac;
  std::optional<std::string> ladder;
  std::optional<std::string> json;
  std::optional<std::string> html;
  int verbosity = 0;
};

Outcome<Request> read_request(const Arguments& arguments) {
  Request request;
  if (arguments.positionals.size() != 1) {
    return wrong_usage("pxeproof explain: name one capture file, or - for standard input");
  }
  request.path = arguments.positionals[0];
  request.verbosity = arguments.verbosity;
  request.json = arguments.value("json");
  request.html = arguments.value("html");
  request.ladder = arguments.value("ladder");
  const bool known_format =
      !request.ladder || std::ranges::find(kLadderFormats, *request.ladder) != kLadderFormats.end();
  if (!known_format) {
    return wrong_usage(fmt::format("pxeproof explain: --ladder {}: no such format; known are {}",
                                   *request.ladder, fmt::join(kLadderFormats, ", ")));
  }
  if (const auto as = arguments.value("as")) {
    const auto family = parse_client_family(*as);
    if (!family) return fail(family.error());
    request.options.as = *family;
  }
  if (const auto boot = arguments.value("boot")) {
    const auto number = parse_count("pxeproof explain: --boot", *boot, 1, 4'000'000'000U);
    if (!number) return fail(number.error());
    request.boot = *number;
  }
  if (const auto mac = arguments.value("mac")) {
    request.mac = MacAddress::parse(*mac);
    if (!request.mac) {
      return wrong_usage(fmt::format(
          "pxeproof explain: --mac {}: no hardware address; write it as 52:54:00:12:34:56", *mac));
    }
  }
  return request;
}

// The boots that were asked for, by their places; without --boot and --mac all.
std::vector<std::size_t> chosen(const ExplainedCapture& capture, const Request& request) {
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < capture.boots.size(); ++at) {
    const trace::Boot& boot = capture.boots[at];
    if (request.boot && boot.number != *request.boot) continue;
    if (request.mac && boot.mac != *request.mac) continue;
    places.push_back(at);
  }
  return places;
}

std::string nothing_text(const ExplainedCapture& capture) {
  std::string text = fmt::format("{}: {} frames and no network boot among them", capture.path,
                                 capture.totals.frames);
  if (capture.totals.other_dhcp_clients > 0) {
    text += fmt::format(" ({} DHCP clients that show no sign of one)",
                        capture.totals.other_dhcp_clients);
  }
  if (capture.totals.dhcp_v6 > 0) {
    text += fmt::format(" ({} packets of DHCPv6: boots over IPv6 are not read)",
                        capture.totals.dhcp_v6);
  }
  if (capture.cut_frames > 0) {
    text += fmt::format(
        "; {} frames are cut short, and DHCP is told by what stands behind its first 236 octets: "
        "capture whole packets (tcpdump -s 0)",
        capture.cut_frames);
  }
  return text +
         "; capture with `tcpdump -i IF -w FILE udp or arp or icmp or tcp port 80` from before "
         "power-on, at the server or at a mirror port of the client";
}

// Of several boots: all in a table, and the first with a fault in full.
void print_story(const ExplainedCapture& capture, const std::vector<std::size_t>& places,
                 const Request& request) {
  const ExplainTextOptions options{
      .rungs = request.verbosity > 0 ? std::size_t{60} : std::size_t{16},
      .verbosity = request.verbosity};
  if (places.size() == 1 || request.boot || request.mac) {
    for (const std::size_t place : places) fmt::print("{}", boot_text(capture, place, options));
    return;
  }
  fmt::print("{} boots in {}\n{}", capture.boots.size() + capture.more_boots, capture.path,
             boots_table(capture));
  const auto faulty = std::ranges::find_if(places, [&](std::size_t place) {
    return capture.explanations[place].is_fault(capture.boots[place]);
  });
  if (faulty == places.end()) return;
  fmt::print("\n{}", boot_text(capture, *faulty, options));
}

ExitCode explain(const Request& request) {
  const auto checked =
      check_outputs({{"--json", request.json.value_or("")}, {"--html", request.html.value_or("")}},
                    {{"the capture", request.path}});
  if (!checked) return report(checked.error());
  const auto capture = explain_capture(request.path, request.options);
  if (!capture) return report(capture.error());
  if (!capture->damage.empty()) fmt::print(stderr, "{}\n", capture->damage);
  const std::vector<std::size_t> places = chosen(*capture, request);
  if (request.json) {
    const auto written = write_output({"--json", *request.json}, explain_json(*capture));
    if (!written) return report(written.error());
  }
  if (capture->boots.empty()) {
    return report({ExitCode::NothingTested, nothing_text(*capture)});
  }
  if (places.empty()) {
    return report({ExitCode::NothingTested,
                   fmt::format("{}: no such boot; without --boot and --mac all {} are listed",
                               request.path, capture->boots.size())});
  }
  if (request.html) {
    const auto written = write_output({"--html", *request.html}, explain_page(*capture, places));
    if (!written) return report(written.error());
  }
  if (request.ladder) {
    fmt::print("{}", ladders_of(*capture, places, *request.ladder, {.rungs = 1000}));
  } else if (request.json != "-" && request.html != "-") {
    print_story(*capture, places, request);
  }
  const bool all = !request.boot && !request.mac;
  const bool fault =
      all ? capture->has_fault() : std::ranges::any_of(places, [&](std::size_t place) {
        return capture->explanations[place].is_fault(capture->boots[place]);
      });
  return fault ? ExitCode::TestedThingFailed : ExitCode::AsExpected;
}

}  // namespace

ExitCode run_explain(std::span<const std::string> words) {
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) return report(arguments.error());
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(kSyntax));
    return ExitCode::AsExpected;
  }
  if (const auto rules = arguments->value("rules")) {
    if (*rules != "list") {
      return report({ExitCode::WrongUsage, "pxeproof explain: write --rules list"});
    }
    const auto json = arguments->value("json");
    const auto written = json ? write_output({"--json", *json}, rules_json())
                              : write_output({"--rules", "-"}, rules_text());
    return written ? ExitCode::AsExpected : report(written.error());
  }
  const auto request = read_request(*arguments);
  if (!request) return report(request.error());
  return explain(*request);
}

}  // namespace pxeproof::cli
