#include "server/diagnostic.h"

#include <fmt/format.h>

#include "protocol/bytes.h"

namespace pxeproof::server {

namespace {

std::string_view severity_prefix(Diagnostic::Severity severity) {
  switch (severity) {
    case Diagnostic::Severity::Error:
      return "";
    case Diagnostic::Severity::Warning:
      return "warning: ";
    case Diagnostic::Severity::Note:
      return "note: ";
  }
  return "";
}

}  // namespace

std::string to_string(const SourceLocation& location) {
  if (location.line == 0) return location.file;
  return fmt::format("{}:{}", location.file, location.line);
}

std::string to_string(const Diagnostic& diagnostic) {
  std::string text = fmt::format("{}: {}{}", to_string(diagnostic.location),
                                 severity_prefix(diagnostic.severity), printable(diagnostic.what));
  if (!diagnostic.remedy.empty()) text += "; " + printable(diagnostic.remedy);
  return text;
}

}  // namespace pxeproof::server
