#include <fmt/format.h>

#include "cli/faults/fault.h"
#include "cli/fleet_options.h"

namespace pxeproof::cli {

namespace {

// As an option takes it, to the last microsecond.
std::string exact_text(Duration duration) {
  constexpr std::int64_t kMicrosecond = 1'000;
  constexpr std::int64_t kMillisecond = 1'000'000;
  const bool is_whole = duration.count() % kMillisecond == 0;
  return is_whole ? fmt::format("{}ms", duration.count() / kMillisecond)
                  : fmt::format("{}us", duration.count() / kMicrosecond);
}

// As a shell takes it for one word; most words need no quotes.
std::string word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,%@+-";
  const bool is_plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos;
  return is_plain ? text : in_quotes(text);
}

}  // namespace

std::vector<OutputFile> FleetOptions::outputs() const {
  return {{"--json", json}, {"--jsonl", jsonl}, {"--html", html}};
}

std::string FleetOptions::again() const {
  std::string command =
      fmt::format("pxeproof fleet --clients {} --arrive {}", clients, word(arrivals_text));
  if (mix_text != "ipxe-bios") command += " --mix " + word(mix_text);
  if (!interface.empty()) {
    command += " --interface " + word(interface);
  } else {
    const std::string file =
        target.configuration_file.empty() ? "" : ":" + target.configuration_file;
    command += " --against " + word(std::string(to_string(target.server)) + file);
  }
  for (const std::string& text : link_texts) command += " --link " + in_quotes(text);
  for (const std::string& line : server_lines) command += " --set " + in_quotes(line);
  for (const Duration at : restarts) command += " --restart " + exact_text(at);
  if (relays > 0) command += fmt::format(" --relays {}", relays);
  if (until != rom::Phase::Payload) command += fmt::format(" --until {}", rom::to_string(until));
  if (waits == rom::Waits::Real) command += " --real-waits";
  if (duration) command += " --duration " + exact_text(*duration);
  for (const FleetThreshold& each : thresholds) {
    if (each.text != "boot.failed==0") command += " --threshold " + in_quotes(each.text);
  }
  if (time == Time::Virtual) command += " --time virtual";
  return command + fmt::format(" --seed {}", seed);
}

}  // namespace pxeproof::cli
