#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// Spells pcapng octet by octet, in either byte order, independently of the writer under test.
class PcapngBytes {
 public:
  enum class Order { Big, Little };
  explicit PcapngBytes(Order order) : order_(order) {}

  PcapngBytes& u8(unsigned value) {
    octets_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  PcapngBytes& u16(unsigned value) {
    return order_ == Order::Big ? u8(value >> 8U & 0xffU).u8(value & 0xffU)
                                : u8(value & 0xffU).u8(value >> 8U & 0xffU);
  }
  PcapngBytes& u32(std::uint32_t value) {
    return order_ == Order::Big ? u16(value >> 16U).u16(value & 0xffffU)
                                : u16(value & 0xffffU).u16(value >> 16U);
  }
  PcapngBytes& bytes(ByteView octets) {
    octets_.insert(octets_.end(), octets.begin(), octets.end());
    while (octets_.size() % 4 != 0) octets_.push_back(0);
    return *this;
  }
  PcapngBytes& option(unsigned code, ByteView value) {
    return u16(code).u16(static_cast<unsigned>(value.size())).bytes(value);
  }
  PcapngBytes& option(unsigned code, std::string_view text) { return option(code, as_bytes(text)); }

  // A whole block round a body.
  PcapngBytes& block(std::uint32_t type, const PcapngBytes& body) {
    const auto length = static_cast<std::uint32_t>(body.octets_.size() + 12);
    return u32(type).u32(length).bytes(body.octets_).u32(length);
  }
  PcapngBytes& section() {
    return block(0x0a0d0d0a, PcapngBytes(order_).u32(0x1a2b3c4d).u16(1).u16(0).u32(~0U).u32(~0U));
  }
  PcapngBytes& interface(unsigned link, std::uint32_t snap = 0) {
    return block(1, PcapngBytes(order_).u16(link).u16(0).u32(snap));
  }
  PcapngBytes& interface(unsigned link, const PcapngBytes& options) {
    return block(1, PcapngBytes(order_).u16(link).u16(0).u32(0).bytes(options.octets_));
  }
  PcapngBytes& packet(std::uint32_t interface, std::uint64_t time, ByteView octets,
                      std::uint32_t original = 0) {
    const auto size = static_cast<std::uint32_t>(octets.size());
    return block(6, PcapngBytes(order_)
                        .u32(interface)
                        .u32(static_cast<std::uint32_t>(time >> 32U))
                        .u32(static_cast<std::uint32_t>(time))
                        .u32(size)
                        .u32(original == 0 ? size : original)
                        .bytes(octets));
  }

  const Bytes& octets() const { return octets_; }

 private:
  Order order_;
  Bytes octets_;
};

}  // namespace pxeproof::trace
