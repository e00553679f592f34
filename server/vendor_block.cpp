#include "server/vendor_block.h"

#include <algorithm>
#include <cassert>

namespace pxeproof::server {

namespace {

using pxe::VendorTag;

constexpr std::size_t kLargestSubOption = 253;
constexpr std::size_t kSubOptionHeader = 2;
constexpr std::size_t kMenuEntryHeader = 3;
constexpr std::size_t kServerEntryHeader = 3;
constexpr std::size_t kAddressSize = 4;

constexpr std::array<std::uint8_t, 4> kBootAtOnce{0, 'P', 'X', 'E'};
constexpr std::array<std::uint8_t, 4> kWaitForEver{255, 'P', 'X', 'E'};

bool contains(ByteView value, ByteView part) {
  return part.empty() ||
         std::search(value.begin(), value.end(), part.begin(), part.end()) != value.end();
}

bool has_tag(const UserSubOptions& user, VendorTag tag) {
  return std::ranges::any_of(user, [tag](const VendorSubOption* each) {
    return each->tag == static_cast<std::uint8_t>(tag);
  });
}

// The value of 43.8 or 43.9 while it grows.
class ListValue {
 public:
  void u8(std::uint8_t value) { octets_[size_++] = value; }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8U));
    u8(static_cast<std::uint8_t>(value));
  }
  void bytes(ByteView value) {
    std::ranges::copy(value, octets_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += value.size();
  }
  std::size_t size() const { return size_; }
  bool has_room(std::size_t more) const { return size_ + more <= kLargestSubOption; }
  ByteView view() const { return ByteView(octets_).first(size_); }

 private:
  std::array<std::uint8_t, kLargestSubOption> octets_;
  std::size_t size_ = 0;
};

std::size_t server_entry_size(const MenuItem& item) {
  return item.server_count == 0 ? 0 : kServerEntryHeader + kAddressSize * item.server_count;
}

std::size_t user_size(const UserSubOptions& user) {
  std::size_t size = 0;
  for (const VendorSubOption* each : user) size += kSubOptionHeader + each->value.size();
  return size;
}

bool is_control(const VendorSubOption& option) {
  return option.tag == static_cast<std::uint8_t>(VendorTag::DiscoveryControl) &&
         option.value.size() == 1;
}

// The bits of more_control are set in the user's discovery control.
std::size_t add_user(const UserSubOptions& user, std::uint8_t more_control, VendorBlock& out) {
  std::size_t left_out = 0;
  for (const VendorSubOption* each : user) {
    std::uint8_t control = more_control;
    ByteView value = each->value;
    if (is_control(*each)) {
      control = static_cast<std::uint8_t>(control | value[0]);
      value = ByteView(&control, 1);
    }
    if (!out.add(each->tag, value)) ++left_out;
  }
  return left_out;
}

}  // namespace

bool VendorBlock::add(std::uint8_t tag, ByteView value) {
  if (value.size() > kLargestSubOption || kSubOptionHeader + value.size() > room()) return false;
  octets_[size_++] = tag;
  octets_[size_++] = static_cast<std::uint8_t>(value.size());
  std::ranges::copy(value, octets_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += value.size();
  return true;
}

bool VendorBlock::add(VendorTag tag, ByteView value) {
  return add(static_cast<std::uint8_t>(tag), value);
}

void VendorBlock::close() {
  assert(size_ < octets_.size());
  octets_[size_++] = static_cast<std::uint8_t>(VendorTag::End);
}

void collect_user_sub_options(const CompiledConfiguration& configuration, ByteView vendor_class,
                              const TagBits& tags, UserSubOptions& out) {
  out.clear();
  if (vendor_class.empty()) return;
  for (const VendorSubOption& option : configuration.vendor_sub_options) {
    const auto names_client = [&](const std::string& name) {
      return contains(vendor_class, as_bytes(name));
    };
    // A prompt is for every class of dhcp-pxe-vendor; vendor:PXEClient is for PXEClient alone.
    const bool is_for_client =
        option.is_prompt ? std::ranges::any_of(configuration.lines().pxe_vendors, names_client)
                         : names_client(option.vendor_class);
    if (!is_for_client || !option.filter.holds(tags)) continue;
    const bool is_superseded = std::ranges::any_of(
        out, [&](const VendorSubOption* each) { return each->tag == option.tag; });
    if (!is_superseded) out.push_back(&option);
  }
}

MenuBlock write_menu(std::span<const MenuItem> items, const UserSubOptions& user,
                     std::optional<Ipv4Address> discovery_group, AnswerFile file,
                     VendorBlock& out) {
  const bool has_control = !has_tag(user, VendorTag::DiscoveryControl);
  const bool names_group = has_tag(user, VendorTag::DiscoveryMulticast);
  const bool has_group = discovery_group && !names_group;
  const bool has_prompt = !has_tag(user, VendorTag::MenuPrompt);
  const bool has_servers = !has_tag(user, VendorTag::BootServers);
  const bool has_menu = !has_tag(user, VendorTag::BootMenu);

  // What is there whatever the menu holds comes off the room first, so that the menu gives way.
  std::size_t fixed = user_size(user);
  if (has_control) fixed += kSubOptionHeader + 1;
  if (has_group) fixed += kSubOptionHeader + kAddressSize;
  if (has_prompt) fixed += kSubOptionHeader + kBootAtOnce.size();
  const std::size_t room = out.room() < fixed ? 0 : out.room() - fixed;

  MenuBlock written;
  std::uint8_t control = pxe::kNoBroadcastDiscovery | pxe::kNoMulticastDiscovery;
  ListValue menu;
  ListValue servers;
  for (const MenuItem& item : items) {
    const std::size_t menu_size = kMenuEntryHeader + item.text.size();
    const std::size_t server_size = has_servers ? server_entry_size(item) : 0;
    std::size_t total = menu.size() + menu_size + kSubOptionHeader;
    if (servers.size() + server_size > 0) total += servers.size() + server_size + kSubOptionHeader;
    if (!menu.has_room(menu_size) || !servers.has_room(server_size) || total > room) {
      ++written.left_out;
      continue;
    }
    ++written.entries;
    menu.u16(item.type);
    menu.u8(static_cast<std::uint8_t>(item.text.size()));
    menu.bytes(as_bytes(item.text));
    if (item.server_count == 0) {
      // Nobody knows the server of this type, so the client may look for it.
      if (item.type != 0) control = pxe::kNoMulticastDiscovery;
      continue;
    }
    if (!has_servers) continue;
    servers.u16(item.type);
    servers.u8(static_cast<std::uint8_t>(item.server_count));
    for (std::size_t at = 0; at < item.server_count; ++at) servers.bytes(item.servers[at].octets());
  }
  if (written.entries == 0 && !items.empty()) return written;
  if (written.entries == 0) control = pxe::kUseBootFile;
  // Whoever names a group (draft-henry-remote-boot-protocol-00 s.3.2.3.2) wants it to be used.
  if ((has_group || names_group) && written.entries != 0) {
    control = static_cast<std::uint8_t>(control & ~unsigned{pxe::kNoMulticastDiscovery});
  }

  if (has_control) out.add(VendorTag::DiscoveryControl, ByteView(&control, 1));
  if (has_group && written.entries != 0) {
    out.add(VendorTag::DiscoveryMulticast, discovery_group->octets());
  }
  if (has_prompt) {
    out.add(VendorTag::MenuPrompt, written.entries > 1 ? kWaitForEver : kBootAtOnce);
  }
  if (servers.size() > 0) out.add(VendorTag::BootServers, servers.view());
  if (has_menu && menu.size() > 0) out.add(VendorTag::BootMenu, menu.view());
  // A control octet without "use the file" and no menu beside it leaves EDK2 with nothing to do.
  const bool is_file_alone = items.empty() && file == AnswerFile::Named && has_servers && has_menu;
  written.left_out += add_user(user, is_file_alone ? pxe::kUseBootFile : std::uint8_t{0}, out);
  out.close();
  return written;
}

std::size_t write_boot_item(const pxe::BootItem& item, const UserSubOptions& user,
                            VendorBlock& out) {
  const std::array<std::uint8_t, 4> value{
      static_cast<std::uint8_t>(item.type >> 8U), static_cast<std::uint8_t>(item.type),
      static_cast<std::uint8_t>(item.layer >> 8U), static_cast<std::uint8_t>(item.layer)};
  out.add(VendorTag::BootItem, value);
  std::size_t left_out = 0;
  for (const VendorSubOption* each : user) {
    if (each->tag == static_cast<std::uint8_t>(VendorTag::BootItem)) continue;
    if (!out.add(each->tag, each->value)) ++left_out;
  }
  out.close();
  return left_out;
}

}  // namespace pxeproof::server
