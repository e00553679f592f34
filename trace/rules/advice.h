#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/rules/rule.h"

namespace pxeproof::trace {

// What fits this client and its servers in the lines that a finding prints.

// The kind of server that names the boot file, or should: the one that gives the address, or
// another beside it.
enum class Namer { Lessor, Proxy, Unknown };
// By the answers that name this file, else any; with none, by who sends the client to a server.
Namer namer_of(const BootSession& session, std::string_view file = {});

// dnsmasq answers with pxe-service only those that say PXEClient and send option 93.
bool reads_pxe_service(const RuleInput& in);

// "X86-64_EFI" for 7; the number where dnsmasq has no name.
std::string csa_name(std::uint16_t architecture);
// The same of the client; a placeholder when nothing tells its architecture.
std::string csa_name(const RuleInput& in);
// A boot file that suits an architecture: "grubx64.efi"; "FILE" for one that nobody knows.
std::string_view example_file(std::optional<std::uint16_t> architecture);
std::string_view example_file(const RuleInput& in);
// UEFI specification, table of default file names: "bootx64.efi".
std::string_view removable_media_file(std::uint16_t architecture);

// The pxe-service line for the client's architecture.
std::string service_line(const RuleInput& in, std::string_view file);
// The dhcp-boot line for it, with a tag by architecture where the client sends one.
std::string tagged_boot_lines(const RuleInput& in, std::string_view file);
// Lines by which dnsmasq names this file to this client: one way, or one for each kind of server.
std::vector<Fix> dnsmasq_fixes(const RuleInput& in, std::string_view file, Namer namer);
// The same with those of other servers, for clients of this architecture.
std::vector<Fix> fixes_by_architecture(const RuleInput& in, std::string_view file, Namer namer);
// dnsmasq's line in which a name is to be put right: "dhcp-boot=NAME".
std::string line_that_names(const RuleInput& in, std::string_view name, Namer namer);
// Lines that give iPXE its script, and all others the program.
std::string ipxe_lines(const RuleInput& in, std::string_view program, std::string_view script,
                       Namer namer);
// The same lines with a script of an HTTP server, and those of other servers.
std::vector<Fix> ipxe_fixes(const RuleInput& in, std::string_view program, Namer namer);

}  // namespace pxeproof::trace
