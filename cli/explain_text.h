#pragma once

#include <span>
#include <string>

#include "cli/explained_capture.h"

namespace pxeproof::cli {

struct ExplainTextOptions {
  std::size_t rungs = 12;  // of the ladder
  enum class Colour { No, Yes } colour = Colour::No;
  int verbosity = 0;
};

// One boot on one screen: who, ladder, verdict, cause, fix, others, how to verify.
std::string boot_text(const ExplainedCapture& capture, std::size_t which,
                      const ExplainTextOptions& options);

// One line for each boot.
std::string boots_table(const ExplainedCapture& capture);

// The table of rules.
std::string rules_text();

// The ladders of these boots with the findings' rule ids at their packets: "text", "md", "svg" or
// "json", each one document.
std::string ladders_of(const ExplainedCapture& capture, std::span<const std::size_t> which,
                       std::string_view format, const ExplainTextOptions& options);

// schema pxeproof/explain/1.
std::string explain_json(const ExplainedCapture& capture);
std::string rules_json();

}  // namespace pxeproof::cli
