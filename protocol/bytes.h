#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// The octets of a text, without a terminator. The view lives as long as the text.
ByteView as_bytes(std::string_view text);

// The octets read as text, unchanged and unchecked.
std::string as_text(ByteView octets);

// Lower-case hexadecimal without separators: "0a1f".
std::string to_hex(ByteView octets);

// Reads "0a1f", "0a:1f" or "0a 1f"; nullopt when a digit is missing or foreign.
std::optional<Bytes> from_hex(std::string_view text);

// Printable ASCII as it is, everything else as \xNN: safe for logs and terminals.
std::string printable(std::string_view text);

// Equal octets, whatever holds them.
bool equal(ByteView left, ByteView right);

// Reads big-endian numbers from a packet. Every read is bounds-checked: past the end it gives
// nullopt and does not move.
class ByteReader {
 public:
  explicit ByteReader(ByteView octets) : octets_(octets) {}

  std::optional<std::uint8_t> u8();
  std::optional<std::uint16_t> u16();
  std::optional<std::uint32_t> u32();
  std::optional<ByteView> take(std::size_t count);

  // Octets up to the next NUL, which is consumed but not part of the result; nullopt when there is
  // none.
  std::optional<std::string_view> c_string();

  // All that is left; the reader is at its end afterwards.
  ByteView rest();

  std::size_t offset() const { return offset_; }
  std::size_t left() const { return octets_.size() - offset_; }
  bool at_end() const { return left() == 0; }

 private:
  ByteView octets_;
  std::size_t offset_ = 0;
};

// Appends big-endian numbers to a buffer that somebody else owns.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void bytes(ByteView octets) { out_.insert(out_.end(), octets.begin(), octets.end()); }
  void text(std::string_view text) { out_.insert(out_.end(), text.begin(), text.end()); }
  void zeros(std::size_t count) { out_.insert(out_.end(), count, std::uint8_t{0}); }

  // Overwrites two octets written earlier, for a length or checksum known only later.
  void patch_u16(std::size_t offset, std::uint16_t value);

  std::size_t size() const { return out_.size(); }

 private:
  Bytes& out_;
};

}  // namespace pxeproof
