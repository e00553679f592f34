#include "cli/boot_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/output_file.h"
#include "cli/step_json.h"

namespace pxeproof::cli {

using nlohmann::ordered_json;

Outcome<void> write_report(const std::string& where, const BootReport& report,
                           const std::vector<trace::Step>& steps) {
  ordered_json json;
  json["schema"] = "pxeproof/boot/1";
  json["tool"] = PXEPROOF_VERSION;
  json["verb"] = report.verb;
  json["seed"] = report.seed;
  json["server"] = report.server;
  json["firmware"] = report.firmware;
  json["mac"] = report.mac;
  json["until"] = report.reached;
  json["booted"] = !report.failure.has_value();
  if (report.failure) {
    json["failure"] = {{"expected", report.failure->expected},
                       {"seen", report.failure->seen},
                       {"firmware_words", printable(report.failure->firmware_words)}};
  }
  json["seconds"] = report.seconds;
  if (!report.capture_file.empty()) json["capture"] = report.capture_file;
  json["again"] = report.again;
  json["steps"] = steps_json(steps);
  const std::string text = json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
  return write_output({"--json", where}, text + "\n");
}

std::string failure_text(const BootReport& report) {
  const BootFailure& failure = *report.failure;
  return fmt::format("expected  {}\nseen      {}{}\nagain     {}\n", failure.expected, failure.seen,
                     failure.firmware_words.empty()
                         ? std::string()
                         : fmt::format("; the screen says: {}", failure.firmware_words),
                     report.again);
}

}  // namespace pxeproof::cli
