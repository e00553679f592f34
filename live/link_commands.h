#pragma once

#include <string>
#include <vector>

#include "live/child_process.h"

namespace pxeproof::live {

// Runs lines of iproute2's batch language ("link set dev lo up") in the network namespace that
// prepare joins. The words come from us, never from a packet or a file.
SystemResult<void> run_ip_batch(const std::vector<std::string>& lines,
                                const ChildProcess::Preparation& prepare = nullptr);

// Waits until a port of a bridge forwards frames, which the kernel decides some time after the
// cable was plugged in at both ends: what is sent before is lost.
SystemResult<void> wait_until_forwarding(const std::string& bridge_port);

// Makes the kernel fill in checksums and cut datagrams itself on this interface of the calling
// process's network namespace: packet sockets then see frames as a wire would carry them.
SystemResult<void> switch_offloads_off(const std::string& interface);

}  // namespace pxeproof::live
