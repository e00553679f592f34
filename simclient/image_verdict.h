#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "firmware/profile.h"
#include "simclient/received_file.h"

namespace pxeproof::rom {

// What a firmware does with a boot file that came whole; nullopt: it runs it.
std::optional<firmware::Failure> refusal_of(const firmware::Profile& profile,
                                            std::uint16_t architecture, const ReceivedFile& file);

// True for what a BIOS machine jumps into and never comes back from: an image for UEFI.
bool hangs_a_bios(firmware::BootImage image, std::optional<std::uint16_t> efi_machine);

// True for machines that boot by their BIOS (RFC 4578 s.2.1).
constexpr bool is_bios(std::uint16_t architecture) { return architecture == 0; }

}  // namespace pxeproof::rom
