#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/dhcp/pxe_options.h"
#include "server/compiled_configuration.h"

namespace pxeproof::server {

// The value of one option 43. A single instance, because no PXE ROM joins several (RFC 3396), and
// so at most 255 octets, each sub-option once, closed by END:
//
//   without prompt: 06 [07] 0a 08 09 user's     with pxe-prompt: 06 [07] 08 09, 0a and user's
//   boot item's answer: 47, 0a and user's
//
// A user's sub-option (dhcp-option=vendor:) takes the place of a built-in one with its tag (D14).
// Of 06 only so far: where the answer names a file and there is no menu, "use the file" is set in
// it.
class VendorBlock {
 public:
  explicit VendorBlock(std::size_t limit) : limit_(limit < 255 ? limit : 255) {}

  // Octets left for sub-options, END accounted for.
  std::size_t room() const { return limit_ < size_ + 1 ? 0 : limit_ - size_ - 1; }
  bool add(pxe::VendorTag tag, ByteView value);
  bool add(std::uint8_t tag, ByteView value);
  void close();

  ByteView octets() const { return ByteView(octets_).first(size_); }

 private:
  std::array<std::uint8_t, 255> octets_;
  std::size_t limit_;
  std::size_t size_ = 0;
};

// One line of the boot menu and where its boot server is. No server: found by broadcast.
struct MenuItem {
  std::uint16_t type = 0;
  std::string_view text;
  std::array<Ipv4Address, 2> servers;
  std::size_t server_count = 0;
};

using UserSubOptions = std::vector<const VendorSubOption*>;

// The user's sub-options for a client: its option 60 contains the vendor class (or, for PXEClient,
// one of the PXE vendors), the tags are set. Each tag once, the last line's; in LIFO order.
void collect_user_sub_options(const CompiledConfiguration& configuration, ByteView vendor_class,
                              const TagBits& tags, UserSubOptions& out);

struct MenuBlock {
  std::size_t entries = 0;   // in the menu
  std::size_t left_out = 0;  // menu entries and user's sub-options without room (D12, D13)
};

// Whether the answer around the block names a boot file.
enum class AnswerFile { None, Named };

// Writes discovery control, prompt, servers, menu and the user's sub-options. Writes nothing when
// there are items and not one fits: a client must not take that for "no menu".
MenuBlock write_menu(std::span<const MenuItem> items, const UserSubOptions& user,
                     std::optional<Ipv4Address> discovery_group, AnswerFile file, VendorBlock& out);

// Writes the answer to a boot item. Returns the number of user's sub-options without room.
std::size_t write_boot_item(const pxe::BootItem& item, const UserSubOptions& user,
                            VendorBlock& out);

}  // namespace pxeproof::server
