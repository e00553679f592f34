#pragma once

#include <string>

#include "cli/failure.h"
#include "live/file_descriptor.h"

namespace pxeproof::cli {

// Starts a process that serves a server's counters to Prometheus at ADDRESS:PORT (/metrics): it
// knows no more than what it asks for through the connection, which is a control socket's. HTTP is
// read there and not where packets are. Returns when it listens.
Outcome<live::FileDescriptor> start_metrics_exposer(const std::string& address);

// The text of one collection, from the control socket's answer to "counters".
std::string metrics_text(const std::string& counters);

}  // namespace pxeproof::cli
