#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/result.h"

namespace pxeproof::pxe {

// Sub-options of option 43 in PXE messages (PXE 2.1 s.2.1.1, table 2-1;
// draft-henry-remote-boot-protocol-00 s.3.2.3).
enum class VendorTag : std::uint8_t {
  Pad = 0,
  MtftpAddress = 1,
  MtftpClientPort = 2,
  MtftpServerPort = 3,
  MtftpTimeout = 4,
  MtftpDelay = 5,
  DiscoveryControl = 6,
  DiscoveryMulticast = 7,
  BootServers = 8,
  BootMenu = 9,
  MenuPrompt = 10,
  MulticastAllocation = 11,
  CredentialTypes = 12,
  BootItem = 71,
  End = 255,
};

// Bits of the discovery control octet.
inline constexpr std::uint8_t kNoBroadcastDiscovery = 0x01;
inline constexpr std::uint8_t kNoMulticastDiscovery = 0x02;
inline constexpr std::uint8_t kOnlyListedServers = 0x04;
inline constexpr std::uint8_t kUseBootFile =
    0x08;  // "bit 3": load the named file, no prompt, no discovery

// One boot server type and the addresses that serve it (sub-option 8). No address: any server of
// that type.
struct BootServerEntry {
  std::uint16_t type = 0;
  std::vector<Ipv4Address> addresses;

  friend bool operator==(const BootServerEntry&, const BootServerEntry&) = default;
};

// One line of the boot menu (sub-option 9). Type 0 is the local disk.
struct MenuEntry {
  std::uint16_t type = 0;
  std::string text;

  friend bool operator==(const MenuEntry&, const MenuEntry&) = default;
};

// The prompt before the menu (sub-option 10).
struct MenuPrompt {
  std::uint8_t timeout_seconds = 0;  // 0: take the first entry at once; 255: wait for ever
  std::string text;

  friend bool operator==(const MenuPrompt&, const MenuPrompt&) = default;
};

// The entry that was chosen (sub-option 71).
struct BootItem {
  std::uint16_t type = 0;
  std::uint16_t layer = 0;  // the top bit asks for credentials

  friend auto operator<=>(const BootItem&, const BootItem&) = default;
};

enum class Fault {
  SubOptionTruncated,  // a sub-option runs past the end of option 43
  MissingEnd,          // no END inside the length; harmless, and not reported by decode
  BadServerList,
  BadMenu,
  BadPrompt,
  BadLength,
};
std::string_view to_string(Fault fault);

struct DecodeError {
  Fault fault;
  std::size_t offset;  // octets from the start of the option's value

  friend bool operator==(const DecodeError&, const DecodeError&) = default;
};

struct SubOption {
  std::uint8_t tag = 0;
  Bytes value;

  friend bool operator==(const SubOption&, const SubOption&) = default;
};

// Option 43 of a PXE message, in wire order, byte-true: encode(decode(x)) == x.
struct VendorOptions {
  std::vector<SubOption> sub_options;  // duplicates and PADs included, without END
  bool end = true;
  Bytes after_end;

  const SubOption* find(VendorTag tag) const;
  bool has(VendorTag tag) const { return find(tag) != nullptr; }

  // Appends a sub-option; false, and nothing is added, when a length does not fit its octet.
  bool add(VendorTag tag, ByteView value);
  bool add_servers(const std::vector<BootServerEntry>& servers);
  bool add_menu(const std::vector<MenuEntry>& entries);
  bool add_prompt(const MenuPrompt& prompt);

  void add_control(std::uint8_t bits);
  void add_item(const BootItem& item);

  friend bool operator==(const VendorOptions&, const VendorOptions&) = default;
};

// The value of option 43, all instances joined.
Result<VendorOptions, DecodeError> decode(ByteView value);
Bytes encode(const VendorOptions& options);

// Readers of one sub-option's value.
Result<std::vector<BootServerEntry>, DecodeError> decode_servers(ByteView value);
Result<std::vector<MenuEntry>, DecodeError> decode_menu(ByteView value);
Result<MenuPrompt, DecodeError> decode_prompt(ByteView value);
Result<BootItem, DecodeError> decode_item(ByteView value);

}  // namespace pxeproof::pxe
