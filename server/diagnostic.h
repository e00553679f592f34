#pragma once

#include <string>
#include <vector>

#include "protocol/result.h"

namespace pxeproof::server {

// Where a directive stands. Prints as "/etc/dnsmasq.conf:12"; on the command line file is "command
// line" and line 0.
struct SourceLocation {
  std::string file{};
  int line = 0;
  int order = 0;  // counts directives in the order they are read, over all files

  friend bool operator==(const SourceLocation&, const SourceLocation&) = default;
};
std::string to_string(const SourceLocation& location);

// What is wrong with one argument, and what the user can do about it. Neither ends in a full stop.
struct Complaint {
  std::string what{};
  std::string remedy{};
};
using Judgement = Result<void, Complaint>;

// The error side of a Judgement.
inline auto refuse(std::string what, std::string remedy) {
  return fail(Complaint{std::move(what), std::move(remedy)});
}

// One sentence about a configuration.
struct Diagnostic {
  enum class Severity {
    Error,    // the configuration cannot be used
    Warning,  // some client will not boot, or dnsmasq would not do what the line seems to say
    Note,     // worth knowing, nothing breaks
  };
  Severity severity = Severity::Error;
  std::string rule{};  // a fixed name that a test can ask for: "unknown-directive", "silent-proxy"
  SourceLocation location{};
  std::string what{};
  std::string remedy{};
};

// "/etc/dnsmasq.conf:12: warning: what; remedy". Errors carry no word of severity.
std::string to_string(const Diagnostic& diagnostic);

}  // namespace pxeproof::server
