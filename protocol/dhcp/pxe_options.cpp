#include "protocol/dhcp/pxe_options.h"

#include <algorithm>
#include <cassert>

namespace pxeproof::pxe {

namespace {

constexpr std::uint8_t kPad = 0;
constexpr std::uint8_t kEnd = 255;
constexpr std::size_t kMaximumLength = 255;  // what the length octet can say

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::SubOptionTruncated:
      return "a sub-option runs past the end of option 43";
    case Fault::MissingEnd:
      return "option 43 has no END";
    case Fault::BadServerList:
      return "the boot server list (43.8) does not add up";
    case Fault::BadMenu:
      return "the boot menu (43.9) does not add up";
    case Fault::BadPrompt:
      return "the menu prompt (43.10) is empty";
    case Fault::BadLength:
      return "a sub-option has the wrong length";
  }
  return {};
}

const SubOption* VendorOptions::find(VendorTag tag) const {
  const auto found =
      std::ranges::find(sub_options, static_cast<std::uint8_t>(tag), &SubOption::tag);
  return found == sub_options.end() ? nullptr : &*found;
}

bool VendorOptions::add(VendorTag tag, ByteView value) {
  if (value.size() > kMaximumLength) return false;
  sub_options.push_back({static_cast<std::uint8_t>(tag), Bytes(value.begin(), value.end())});
  return true;
}

void VendorOptions::add_control(std::uint8_t bits) {
  add(VendorTag::DiscoveryControl, ByteView(&bits, 1));
}

bool VendorOptions::add_servers(const std::vector<BootServerEntry>& servers) {
  Bytes value;
  ByteWriter writer(value);
  for (const BootServerEntry& entry : servers) {
    if (entry.addresses.size() > kMaximumLength) return false;
    writer.u16(entry.type);
    writer.u8(static_cast<std::uint8_t>(entry.addresses.size()));
    for (const Ipv4Address address : entry.addresses) writer.u32(address.value);
  }
  return add(VendorTag::BootServers, value);
}

bool VendorOptions::add_menu(const std::vector<MenuEntry>& entries) {
  Bytes value;
  ByteWriter writer(value);
  for (const MenuEntry& entry : entries) {
    if (entry.text.size() > kMaximumLength) return false;
    writer.u16(entry.type);
    writer.u8(static_cast<std::uint8_t>(entry.text.size()));
    writer.text(entry.text);
  }
  return add(VendorTag::BootMenu, value);
}

bool VendorOptions::add_prompt(const MenuPrompt& prompt) {
  Bytes value;
  ByteWriter writer(value);
  writer.u8(prompt.timeout_seconds);
  writer.text(prompt.text);
  return add(VendorTag::MenuPrompt, value);
}

void VendorOptions::add_item(const BootItem& item) {
  Bytes value;
  ByteWriter writer(value);
  writer.u16(item.type);
  writer.u16(item.layer);
  add(VendorTag::BootItem, value);
}

Result<VendorOptions, DecodeError> decode(ByteView value) {
  VendorOptions options;
  options.end = false;
  std::size_t offset = 0;
  while (offset < value.size()) {
    const std::uint8_t tag = value[offset];
    if (tag == kPad) {
      options.sub_options.push_back({kPad, {}});
      ++offset;
      continue;
    }
    if (tag == kEnd) {
      options.end = true;
      const ByteView behind = value.subspan(offset + 1);
      options.after_end.assign(behind.begin(), behind.end());
      break;
    }
    if (offset + 1 >= value.size() || offset + 2 + value[offset + 1] > value.size()) {
      return fail(DecodeError{Fault::SubOptionTruncated, offset});
    }
    options.add(static_cast<VendorTag>(tag), value.subspan(offset + 2, value[offset + 1]));
    offset += 2U + value[offset + 1];
  }
  return options;
}

Bytes encode(const VendorOptions& options) {
  Bytes out;
  ByteWriter writer(out);
  for (const SubOption& sub_option : options.sub_options) {
    writer.u8(sub_option.tag);
    if (sub_option.tag == kPad) continue;
    assert(sub_option.value.size() <= kMaximumLength);
    writer.u8(static_cast<std::uint8_t>(sub_option.value.size()));
    writer.bytes(sub_option.value);
  }
  if (options.end) writer.u8(kEnd);
  writer.bytes(options.after_end);
  return out;
}

Result<std::vector<BootServerEntry>, DecodeError> decode_servers(ByteView value) {
  std::vector<BootServerEntry> servers;
  ByteReader reader(value);
  while (!reader.at_end()) {
    const std::size_t start = reader.offset();
    BootServerEntry entry;
    const auto type = reader.u16();
    const auto count = reader.u8();
    if (!type || !count || reader.left() < std::size_t{4} * *count) {
      return fail(DecodeError{Fault::BadServerList, start});
    }
    entry.type = *type;
    for (unsigned i = 0; i < *count; ++i) entry.addresses.push_back({reader.u32().value_or(0)});
    servers.push_back(std::move(entry));
  }
  return servers;
}

Result<std::vector<MenuEntry>, DecodeError> decode_menu(ByteView value) {
  std::vector<MenuEntry> entries;
  ByteReader reader(value);
  while (!reader.at_end()) {
    const std::size_t start = reader.offset();
    const auto type = reader.u16();
    const auto length = reader.u8();
    const auto text = length ? reader.take(*length) : std::nullopt;
    if (!type || !text) return fail(DecodeError{Fault::BadMenu, start});
    entries.push_back({*type, as_text(*text)});
  }
  return entries;
}

Result<MenuPrompt, DecodeError> decode_prompt(ByteView value) {
  ByteReader reader(value);
  const auto timeout = reader.u8();
  if (!timeout) return fail(DecodeError{Fault::BadPrompt, 0});
  return MenuPrompt{*timeout, as_text(reader.rest())};
}

Result<BootItem, DecodeError> decode_item(ByteView value) {
  ByteReader reader(value);
  const auto type = reader.u16();
  const auto layer = reader.u16();
  if (!type || !layer || !reader.at_end()) return fail(DecodeError{Fault::BadLength, 0});
  return BootItem{*type, *layer};
}

}  // namespace pxeproof::pxe
