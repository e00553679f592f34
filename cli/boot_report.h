#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "trace/steps.h"

namespace pxeproof::cli {

// Why a boot did not get as far as asked.
struct BootFailure {
  std::string expected;        // with the clause or rule it rests on
  std::string seen;            // what happened instead
  std::string firmware_words;  // what the machine's screen shows; empty when unknown
};

// The outcome of one boot, for --json (schemas/boot-1.json).
struct BootReport {
  std::string verb;      // "boot" or "lab boot"
  std::string server;    // "builtin", "dnsmasq" or an interface
  std::string firmware;  // profile or QEMU firmware
  std::string mac;
  std::string reached;  // the phase that was asked for
  std::optional<BootFailure> failure;
  std::uint64_t seed = 0;
  double seconds = 0;
  std::string capture_file;  // empty: none was saved
  std::string again;         // the command that shows it again
};

// Writes the report as JSON to a file, or to standard output for "-".
Outcome<void> write_report(const std::string& where, const BootReport& report,
                           const std::vector<trace::Step>& steps);

// The three lines that end every failure.
std::string failure_text(const BootReport& report);

}  // namespace pxeproof::cli
