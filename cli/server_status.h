#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/running_server.h"

namespace pxeproof::cli {

// What of a server's life is not the server's own business.
struct ServeHistory {
  Instant started{};
  std::uint64_t reloads = 0;
  std::uint64_t failed_reloads = 0;
  std::string last_reload_error;  // empty: the last reload went well
  std::string confinement;        // what confine() said
};

// The answers of the control socket, each one line of JSON.
std::string status_json(const RunningServer& server, const ServeHistory& history, Instant now);
std::string counters_json(const RunningServer& server, const ServeHistory& history, Instant now);
std::string transfers_json(const RunningServer& server, Instant now);
std::string leases_json(const RunningServer& server, Instant now);
std::string reload_json(const Outcome<void>& reloaded);
std::string control_error_json(std::string_view problem);

// The status of another process's server as a text for people, from its two answers.
Outcome<std::string> status_text(const std::string& status, const std::string& counters);

}  // namespace pxeproof::cli
