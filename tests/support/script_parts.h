#pragma once

#include "tests/support/capture_script.h"

namespace pxeproof::testing {

// Pieces of dialogues that captures are made of.

// A proxy's offer of a menu whose entry leads to port 4011.
Answer pxelinux_offer();
// A boot server's answer with a file of the proxy.
Answer file_answer(std::string file);

ScriptClient pi_client();
// The iPXE program on the same machine.
ScriptClient as_ipxe(const ScriptClient& client);

// A BIOS machine's boot of pxelinux and memtest through the proxy; the part behind pxelinux.0.
void boot_pxelinux(CaptureScript& script, ScriptClient& client);
void finish_pxelinux(CaptureScript& script, ScriptClient& client);
// Up to the answer of the boot server.
void reach_file(CaptureScript& script, ScriptClient& client, const std::string& file);
// A UEFI machine's boot of one file through the proxy.
void boot_edk2(CaptureScript& script, ScriptClient& client, const std::string& file,
               std::size_t size);

// The head of an EFI program for a machine type.
Bytes efi_program(std::uint16_t machine, std::size_t size);

}  // namespace pxeproof::testing
