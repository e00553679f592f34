#include "protocol/bytes.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace pxeproof {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::optional<std::uint8_t> digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<std::uint8_t>(digit - 'A' + 10);
  return std::nullopt;
}

bool is_separator(char character) { return character == ':' || character == ' '; }

}  // namespace

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string as_text(ByteView octets) { return {octets.begin(), octets.end()}; }

std::string to_hex(ByteView octets) {
  std::string text;
  text.reserve(octets.size() * 2);
  for (const std::uint8_t octet : octets) {
    text.push_back(kDigits[octet >> 4U]);
    text.push_back(kDigits[octet & 0xfU]);
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  Bytes octets;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_separator(text[at])) {
      ++at;
      continue;
    }
    if (at + 1 >= text.size()) return std::nullopt;
    const auto high = digit_value(text[at]);
    const auto low = digit_value(text[at + 1]);
    if (!high || !low) return std::nullopt;
    octets.push_back(static_cast<std::uint8_t>(*high << 4U | *low));
    at += 2;
  }
  return octets;
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char character : text) {
    const auto octet = static_cast<std::uint8_t>(character);
    if (octet >= 0x20 && octet < 0x7f) {
      result.push_back(character);
    } else {
      result += "\\x";
      result.push_back(kDigits[octet >> 4U]);
      result.push_back(kDigits[octet & 0xfU]);
    }
  }
  return result;
}

bool equal(ByteView left, ByteView right) { return std::ranges::equal(left, right); }

std::optional<std::uint8_t> ByteReader::u8() {
  if (left() < 1) return std::nullopt;
  return octets_[offset_++];
}

std::optional<std::uint16_t> ByteReader::u16() {
  if (left() < 2) return std::nullopt;
  const auto value = static_cast<std::uint16_t>(octets_[offset_] << 8U | octets_[offset_ + 1]);
  offset_ += 2;
  return value;
}

std::optional<std::uint32_t> ByteReader::u32() {
  if (left() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | octets_[offset_ + i];
  offset_ += 4;
  return value;
}

std::optional<ByteView> ByteReader::take(std::size_t count) {
  if (left() < count) return std::nullopt;
  const ByteView taken = octets_.subspan(offset_, count);
  offset_ += count;
  return taken;
}

std::optional<std::string_view> ByteReader::c_string() {
  const ByteView remaining = octets_.subspan(offset_);
  const auto nul = std::ranges::find(remaining, std::uint8_t{0});
  if (nul == remaining.end()) return std::nullopt;
  const auto length = static_cast<std::size_t>(nul - remaining.begin());
  offset_ += length + 1;
  return std::string_view(reinterpret_cast<const char*>(remaining.data()), length);
}

ByteView ByteReader::rest() {
  const ByteView remaining = octets_.subspan(offset_);
  offset_ = octets_.size();
  return remaining;
}

void ByteWriter::u16(std::uint16_t value) {
  const std::uint8_t octets[] = {static_cast<std::uint8_t>(value >> 8U),
                                 static_cast<std::uint8_t>(value & 0xffU)};
  out_.insert(out_.end(), std::begin(octets), std::end(octets));
}

void ByteWriter::u32(std::uint32_t value) {
  u16(static_cast<std::uint16_t>(value >> 16U));
  u16(static_cast<std::uint16_t>(value & 0xffffU));
}

void ByteWriter::patch_u16(std::size_t offset, std::uint16_t value) {
  assert(offset + 2 <= out_.size());
  out_[offset] = static_cast<std::uint8_t>(value >> 8U);
  out_[offset + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

}  // namespace pxeproof
