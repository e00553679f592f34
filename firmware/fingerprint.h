#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"

namespace pxeproof::firmware {

// The families of network boot clients that can be told apart by their packets.
enum class Family {
  Unknown,
  Ipxe,
  Edk2,
  IntelRom,  // Intel's PXE 2.1 base code and its many licensees
  Uboot,
  Grub,         // GRUB's own DHCP
  RaspberryPi,  // the boot ROM or EEPROM of a Raspberry Pi
  UefiIp4,      // the plain DHCP of a UEFI network stack, as syslinux.efi causes it
  OtherPxe,     // says PXEClient, and is none of the above
  OtherHttp,    // says HTTPClient, and is none of the above
  OperatingSystem,
};
std::string_view to_string(Family family);

// The headers below DHCP, as far as they set one sender apart from another.
struct SenderTraits {
  std::uint8_t ttl = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  bool has_checksum = true;
  std::uint16_t source_port = 0;
};

// What sent a packet, and how sure that is.
struct FirmwareGuess {
  Family family = Family::Unknown;
  std::string name;         // "EDK2 (UEFI x64)"
  std::string profile;      // of ours that behaves like it, such as "edk2-x64"; empty: none
  unsigned confidence = 0;  // 0..100
  std::vector<std::string> matches;  // traits that speak for it, in words
  std::vector<std::string> misses;   // traits that speak against it

  friend bool operator==(const FirmwareGuess&, const FirmwareGuess&) = default;
};

// The profile of ours that behaves like a family's firmware on an architecture (option 93); empty:
// there is none.
std::string profile_of(Family family, std::optional<std::uint16_t> architecture);

// Guesses from a DISCOVER or REQUEST of a client (the octets of the message). The traits are those
// of facts that captures of real ROMs show; see docs/fingerprints.md.
FirmwareGuess guess_firmware(ByteView message, const std::optional<SenderTraits>& sender);

// "likely", "certain", ... for a confidence.
std::string_view confidence_word(unsigned confidence);

}  // namespace pxeproof::firmware
