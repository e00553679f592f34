#pragma once

#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/file_rules.h"
#include "protocol/datagram_service.h"
#include "server/configuration.h"
#include "server/diagnostic.h"

namespace pxeproof::cli {

struct DirectoryConfiguration {
  std::string text;  // in dnsmasq's language
  // About programs that are not offered, because a machine that asks for them would be refused, and
  // about those that get a machine no further.
  std::vector<server::Diagnostic> file_warnings;
};

// The configuration for serving a directory without a configuration file: a proxy range for every
// network of this machine, and for each architecture the program in the directory that it can run,
// by what is in the files.
// A directory without a program is refused, or waited at until one comes.
enum class NoProgram { Refused, Awaited };
Outcome<DirectoryConfiguration> directory_configuration(
    const std::string& directory, const std::vector<NetworkInterface>& interfaces,
    const FileRules& rules, NoProgram no_program = NoProgram::Refused);

// What that configuration is called where a diagnostic says which line it is about.
std::string source_name(const std::string& directory);

// "serving: arch 0 pxelinux.0, arch 7+9 grubx64.efi, Raspberry Pi, iPXE boot.ipxe   not served:
// arch 6, 11".
std::string describe_services(const server::Configuration& configuration);

// What to do that an architecture is served: "add an EFI program for ARM64 ...".
std::string how_to_serve(std::uint16_t architecture, const std::string& directory);

}  // namespace pxeproof::cli
