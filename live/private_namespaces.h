#pragma once

#include <functional>

#include "live/child_process.h"
#include "live/system_error.h"

namespace pxeproof::live {

// Runs body in network, mount and PID namespaces of its own, with all capabilities over them, and
// returns how it ended. The network there has nothing but a loopback interface, without IPv6.
//
// As root, or as an ordinary user through a user namespace; where that is forbidden, the error says
// what grants it. Everything started in there dies with body, with the calling process and with
// this command, however any of them ends: nothing has a name, so nothing is left to clean up.
// Ctrl-C reaches body directly; SIGTERM and SIGHUP sent to the caller are handed on to it.
//
//   caller --- holder --- init (PID 1 of the new namespace) --- body
SystemResult<Exit> run_in_private_namespaces(const std::function<int()>& body);

}  // namespace pxeproof::live
