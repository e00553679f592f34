#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "trace/boot_session.h"

namespace pxeproof::trace {

// Signs in the rounds of a boot that its verdict and the rules both go by.

// A kernel or an initial RAM disk came in this round.
bool has_payload(const BootSession& session);

// A request for a kernel or an initrd that the web server refused, or answered with an empty file,
// and that was not made good later; nullptr when there is none. What is reported to the server
// afterwards is no sign that it booted.
const SeenHttp* refused_payload(const BootSession& session);
// The same by TFTP: refused, or an empty file.
const SeenTransfer* failed_payload(const BootSession& session);

// The program that UEFI HTTP boot loads first, when nothing else is fetched in that round.
bool is_http_program(const BootSession& session, const SeenHttp& file);

// In how many rounds of DHCP the machine fetched this file, by TFTP or HTTP, and nothing else.
std::size_t rounds_with_only(const std::vector<BootSession>& sessions, std::string_view file);
// As many of them are a machine that does not get on.
inline constexpr std::size_t kRoundsOfALoop = 3;

// It went on from one file to the next and no answer to either was seen: answers came, and the
// capture lacks them. A filter on port 69 does that, for a transfer has a port of its own.
bool lacks_transfers(const std::vector<BootSession>& sessions);

// Nothing but DHCP was seen of the boot. Firmware that fetches asks at least by ARP for its server,
// so the capture's filter may have left all else out.
bool holds_dhcp_only(const std::vector<BootSession>& sessions);
// The file that an acknowledged address came with, and a server for it; empty when none is named.
std::string file_of_lease(const BootSession& session);

// By its PE header the program is made for another machine than the firmware's, which cannot run
// it.
bool is_for_another_machine(const Boot& boot, ClientKind kind, std::string_view name,
                            const FileHead& head);

// Firmware of this family runs EFI programs and nothing else. Of other machines it is not known
// what they load.
bool loads_efi_programs_only(const Boot& boot, firmware::Family family);
// What the firmware's first file begins with shows that it cannot be run: a web page, or for UEFI
// anything that is no EFI program.
bool is_no_program(const Boot& boot, firmware::Family family, const TransferStep& file);

// The disk in the network that iPXE is told to boot (option 17): "iscsi:10.0.0.9::::iqn...". Empty
// when the answer names none.
std::string disk_of(const DhcpStep& answer);
// Some answer to iPXE names one.
bool names_disk(const BootSession& session);
// The same of the last acknowledgement of a round of iPXE.
std::string disk_of(const BootSession& session);

// It got what a system is started with: its kernel, or a disk in the network.
bool starts_system(const BootSession& session);

}  // namespace pxeproof::trace
