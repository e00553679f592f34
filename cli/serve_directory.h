#pragma once

#include <string>
#include <vector>

#include "cli/failure.h"
#include "protocol/datagram_service.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// The configuration for serving a directory without a configuration file: a proxy range for every
// network of this machine, and for each architecture the program in the directory that it can run,
// by what is in the files.
Outcome<std::string> directory_configuration(const std::string& directory,
                                             const std::vector<NetworkInterface>& interfaces);

// "serving: arch 0 pxelinux.0, arch 7+9 grubx64.efi   not served: arch 6, 11".
std::string describe_services(const server::Configuration& configuration);

// What to do that an architecture is served: "add an EFI program for ARM64 ...".
std::string how_to_serve(std::uint16_t architecture, const std::string& directory);

}  // namespace pxeproof::cli
