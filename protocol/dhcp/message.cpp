#include "protocol/dhcp/message.h"

#include <algorithm>
#include <cassert>

namespace pxeproof::dhcp {

namespace {

constexpr std::size_t kSnameOffset = 44;
constexpr std::size_t kSnameSize = 64;
constexpr std::size_t kFileOffset = 108;
constexpr std::size_t kFileSize = 128;
constexpr std::uint8_t kOverloadFile = 1;   // RFC 2132 s.9.3
constexpr std::uint8_t kOverloadSname = 2;  // RFC 2132 s.9.3
constexpr std::uint8_t kPad = 0;
constexpr std::uint8_t kEnd = 255;
constexpr std::size_t kMaximumOption = 255;

std::uint16_t read_u16(ByteView packet, std::size_t offset) {
  return static_cast<std::uint16_t>(packet[offset] << 8U | packet[offset + 1]);
}

std::uint32_t read_u32(ByteView packet, std::size_t offset) {
  return std::uint32_t{read_u16(packet, offset)} << 16U | read_u16(packet, offset + 2);
}

std::string_view text_before_nul(ByteView field) {
  const auto nul = std::ranges::find(field, std::uint8_t{0});
  return {reinterpret_cast<const char*>(field.data()),
          static_cast<std::size_t>(nul - field.begin())};
}

template <std::size_t Size>
bool write_text(std::array<std::uint8_t, Size>& field, std::string_view text) {
  if (text.size() >= Size) return false;
  // The text may lie in the field itself.
  std::array<std::uint8_t, Size> written{};
  std::ranges::copy(as_bytes(text), written.begin());
  field = written;
  return true;
}

std::size_t field_end(OptionField field, ByteView packet) {
  switch (field) {
    case OptionField::Options:
      return packet.size();
    case OptionField::File:
      return kFileOffset + kFileSize;
    case OptionField::Sname:
      return kSnameOffset + kSnameSize;
  }
  return 0;
}

// Walks one field; the offset of the octet behind END, or of the end of the field when END is
// missing.
struct FieldWalk {
  bool ended = false;
  std::size_t behind_end = 0;
};

// No datagram is longer; what is (in a file) is searched without the index.
constexpr std::size_t kIndexedSize = 0xffff;

using FirstOffsets = std::array<std::uint16_t, 256>;

// Checks one field and notes where each code stands for the first time.
Result<FieldWalk, DecodeError> walk_field(ByteView packet, std::size_t offset, std::size_t end,
                                          FirstOffsets& first) {
  while (offset < end) {
    const std::uint8_t code = packet[offset];
    if (code == kPad) {
      ++offset;
      continue;
    }
    if (code == kEnd) return FieldWalk{true, offset + 1};
    if (offset + 1 >= end || offset + 2 + packet[offset + 1] > end) {
      return fail(DecodeError{Fault::OptionTruncated, offset});
    }
    if (first[code] == 0 && offset < kIndexedSize) {
      first[code] = static_cast<std::uint16_t>(offset);
    }
    offset += 2U + packet[offset + 1];
  }
  return FieldWalk{false, end};
}

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::TooShort:
      return "too short for a DHCP message";
    case Fault::BadCookie:
      return "the magic cookie is wrong";
    case Fault::OptionTruncated:
      return "an option runs past the end of its field";
  }
  return {};
}

MacAddress Header::mac() const {
  MacAddress mac;
  std::copy_n(chaddr.begin(), mac.octets.size(), mac.octets.begin());
  return mac;
}

void Header::set_mac(const MacAddress& mac) {
  chaddr.fill(0);
  std::ranges::copy(mac.octets, chaddr.begin());
}

std::string_view Header::sname_text() const { return text_before_nul(sname); }
std::string_view Header::file_text() const { return text_before_nul(file); }
bool Header::set_sname(std::string_view text) { return write_text(sname, text); }
bool Header::set_file(std::string_view text) { return write_text(file, text); }

Result<MessageView, DecodeError> MessageView::parse(ByteView packet) {
  if (packet.size() < kOptionsOffset) return fail(DecodeError{Fault::TooShort, packet.size()});
  if (read_u32(packet, kHeaderSize) != kMagicCookie) {
    return fail(DecodeError{Fault::BadCookie, kHeaderSize});
  }
  MessageView view(packet);
  const auto walk = walk_field(packet, kOptionsOffset, packet.size(), view.first_);
  if (!walk) return fail(walk.error());
  view.has_end_ = walk->ended;

  const auto overload = view.first(OptionCode::Overload);
  if (!overload) return view;
  // An illegal value is ignored rather than fatal: the options field itself is sound (case MAL-06).
  if (overload->size() != 1 || overload->front() < 1 || overload->front() > 3) return view;
  if ((overload->front() & kOverloadFile) != 0) {
    const auto file = walk_field(packet, kFileOffset, kFileOffset + kFileSize, view.first_);
    if (!file) return fail(file.error());
  }
  if ((overload->front() & kOverloadSname) != 0) {
    const auto sname = walk_field(packet, kSnameOffset, kSnameOffset + kSnameSize, view.first_);
    if (!sname) return fail(sname.error());
  }
  view.overload_ = overload->front();
  return view;
}

std::optional<OptionView> MessageView::next_option(Cursor& cursor) const {
  while (true) {
    const std::size_t end = field_end(cursor.field, packet_);
    while (cursor.offset < end) {
      const std::size_t at = cursor.offset;
      const std::uint8_t code = packet_[at];
      if (code == kPad) {
        ++cursor.offset;
        continue;
      }
      if (code == kEnd) break;
      const std::uint8_t length = packet_[at + 1];
      cursor.offset += 2U + length;
      return OptionView{code, packet_.subspan(at + 2, length), cursor.field, at};
    }
    // RFC 2131 s.4.1: the options field first, then file, then sname.
    if (cursor.field == OptionField::Options && (overload_ & kOverloadFile) != 0) {
      cursor = {OptionField::File, kFileOffset};
    } else if (cursor.field != OptionField::Sname && (overload_ & kOverloadSname) != 0) {
      cursor = {OptionField::Sname, kSnameOffset};
    } else {
      return std::nullopt;
    }
  }
}

Header MessageView::header() const {
  Header header;
  header.op = op();
  header.htype = htype();
  header.hlen = hlen();
  header.hops = packet_[3];
  header.xid = xid();
  header.secs = secs();
  header.flags = flags();
  header.ciaddr = ciaddr();
  header.yiaddr = yiaddr();
  header.siaddr = siaddr();
  header.giaddr = giaddr();
  std::ranges::copy(chaddr(), header.chaddr.begin());
  std::ranges::copy(packet_.subspan(kSnameOffset, kSnameSize), header.sname.begin());
  std::ranges::copy(packet_.subspan(kFileOffset, kFileSize), header.file.begin());
  return header;
}

std::uint32_t MessageView::xid() const { return read_u32(packet_, 4); }
std::uint16_t MessageView::secs() const { return read_u16(packet_, 8); }
std::uint16_t MessageView::flags() const { return read_u16(packet_, 10); }
Ipv4Address MessageView::ciaddr() const { return {read_u32(packet_, 12)}; }
Ipv4Address MessageView::yiaddr() const { return {read_u32(packet_, 16)}; }
Ipv4Address MessageView::siaddr() const { return {read_u32(packet_, 20)}; }
Ipv4Address MessageView::giaddr() const { return {read_u32(packet_, 24)}; }

MacAddress MessageView::mac() const {
  MacAddress mac;
  std::ranges::copy(packet_.subspan(28, 6), mac.octets.begin());
  return mac;
}

std::string_view MessageView::sname_text() const {
  if ((overload_ & kOverloadSname) != 0) return {};
  return text_before_nul(packet_.subspan(kSnameOffset, kSnameSize));
}

std::string_view MessageView::file_text() const {
  if ((overload_ & kOverloadFile) != 0) return {};
  return text_before_nul(packet_.subspan(kFileOffset, kFileSize));
}

std::optional<ByteView> MessageView::first(std::uint8_t code) const {
  if (packet_.size() <= kIndexedSize) {
    const std::size_t at = first_[code];
    if (at == 0) return std::nullopt;
    return packet_.subspan(at + 2, packet_[at + 1]);
  }
  Cursor cursor{OptionField::Options, kOptionsOffset};
  while (const auto option = next_option(cursor)) {
    if (option->code == code) return option->value;
  }
  return std::nullopt;
}

std::optional<ByteView> MessageView::first(OptionCode code) const {
  return first(static_cast<std::uint8_t>(code));
}

std::optional<Bytes> MessageView::joined(OptionCode code) const {
  std::optional<Bytes> value;
  each_option([&](const OptionView& option) {
    if (option.code != static_cast<std::uint8_t>(code)) return;
    if (!value) value.emplace();
    value->insert(value->end(), option.value.begin(), option.value.end());
  });
  return value;
}

std::optional<MessageType> MessageView::type() const {
  const auto value = first(OptionCode::MessageType);
  if (!value || value->empty() || (*value)[0] < 1 || (*value)[0] > 8) return std::nullopt;
  return static_cast<MessageType>((*value)[0]);
}

std::optional<Ipv4Address> MessageView::address(OptionCode code) const {
  const auto value = first(code);
  return value ? Ipv4Address::from(*value) : std::nullopt;
}

std::optional<std::uint16_t> MessageView::number16(OptionCode code) const {
  const auto value = first(code);
  if (!value || value->size() != 2) return std::nullopt;
  return read_u16(*value, 0);
}

std::optional<std::uint32_t> MessageView::number32(OptionCode code) const {
  const auto value = first(code);
  if (!value || value->size() != 4) return std::nullopt;
  return read_u32(*value, 0);
}

std::string_view MessageView::text(OptionCode code) const {
  const auto value = first(code);
  if (!value) return {};
  std::string_view text(reinterpret_cast<const char*>(value->data()), value->size());
  if (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  return text;
}

std::string_view MessageView::boot_file() const {
  const std::string_view named = text(OptionCode::BootFileName);
  return named.empty() ? file_text() : named;
}

void Message::add(std::uint8_t code, ByteView value) {
  options.push_back({code, Bytes(value.begin(), value.end())});
}

void Message::add(OptionCode code, ByteView value) { add(static_cast<std::uint8_t>(code), value); }

void Message::add_u8(OptionCode code, std::uint8_t value) { add(code, ByteView(&value, 1)); }

void Message::add_u16(OptionCode code, std::uint16_t value) {
  Bytes octets;
  ByteWriter(octets).u16(value);
  add(code, octets);
}

void Message::add_u32(OptionCode code, std::uint32_t value) {
  Bytes octets;
  ByteWriter(octets).u32(value);
  add(code, octets);
}

void Message::add_address(OptionCode code, Ipv4Address value) { add_u32(code, value.value); }

void Message::add_text(OptionCode code, std::string_view value) { add(code, as_bytes(value)); }

const Option* Message::find(OptionCode code) const {
  const auto found = std::ranges::find(options, static_cast<std::uint8_t>(code), &Option::code);
  return found == options.end() ? nullptr : &*found;
}

Option* Message::find(OptionCode code) {
  const auto found = std::ranges::find(options, static_cast<std::uint8_t>(code), &Option::code);
  return found == options.end() ? nullptr : &*found;
}

void Message::remove(OptionCode code) {
  std::erase_if(options, [code](const Option& option) {
    return option.code == static_cast<std::uint8_t>(code);
  });
}

Result<Message, DecodeError> decode(ByteView packet) {
  const auto view = MessageView::parse(packet);
  if (!view) return fail(view.error());
  Message message;
  message.header = view->header();
  message.end = false;
  std::size_t offset = kOptionsOffset;
  while (offset < packet.size()) {
    const std::uint8_t code = packet[offset];
    if (code == kPad) {
      message.options.push_back({kPad, {}});
      ++offset;
      continue;
    }
    if (code == kEnd) {
      message.end = true;
      const ByteView behind = packet.subspan(offset + 1);
      message.after_end.assign(behind.begin(), behind.end());
      break;
    }
    message.add(code, packet.subspan(offset + 2, packet[offset + 1]));
    offset += 2U + packet[offset + 1];
  }
  return message;
}

void encode_into(const Message& message, std::size_t minimum_size, Bytes& out) {
  constexpr std::size_t kMostMessages = 600;  // octets; larger ones grow
  out.clear();
  out.reserve(std::max(minimum_size, kMostMessages));
  ByteWriter writer(out);
  const Header& header = message.header;
  writer.u8(header.op);
  writer.u8(header.htype);
  writer.u8(header.hlen);
  writer.u8(header.hops);
  writer.u32(header.xid);
  writer.u16(header.secs);
  writer.u16(header.flags);
  writer.u32(header.ciaddr.value);
  writer.u32(header.yiaddr.value);
  writer.u32(header.siaddr.value);
  writer.u32(header.giaddr.value);
  writer.bytes(header.chaddr);
  writer.bytes(header.sname);
  writer.bytes(header.file);
  writer.u32(kMagicCookie);
  for (const Option& option : message.options) {
    if (option.code == kPad) {
      writer.u8(kPad);
      continue;
    }
    ByteView value = option.value;
    do {
      const ByteView part = value.first(std::min(value.size(), kMaximumOption));
      writer.u8(option.code);
      writer.u8(static_cast<std::uint8_t>(part.size()));
      writer.bytes(part);
      value = value.subspan(part.size());
    } while (!value.empty());
  }
  if (message.end) writer.u8(kEnd);
  writer.bytes(message.after_end);
  if (out.size() < minimum_size) out.resize(minimum_size, 0);
}

Bytes encode(const Message& message) {
  Bytes out;
  encode_into(message, 0, out);
  return out;
}

}  // namespace pxeproof::dhcp
