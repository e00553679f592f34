#include "conformance/fragments.h"

#include <algorithm>

#include "protocol/frames/inspect.h"

namespace pxeproof::conformance {

namespace {

constexpr std::size_t kMaximumParts = 8;
constexpr std::size_t kMaximumDatagram = 65535;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint16_t kOffsetMask = 0x1fff;

std::uint16_t read_u16(ByteView octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8U | octets[at + 1]);
}

void write_u16(Bytes& octets, std::size_t at, std::uint16_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8U);
  octets[at + 1] = static_cast<std::uint8_t>(value);
}

}  // namespace

std::optional<Bytes> FragmentJoiner::join(ByteView frame) {
  constexpr std::size_t kIp = frames::kEthernetHeaderSize;
  constexpr std::size_t kHead = kIp + frames::kIpv4HeaderSize;
  if (frame.size() < kHead || read_u16(frame, 12) != frames::kEtherTypeIpv4 || frame[kIp] != 0x45) {
    return std::nullopt;
  }
  const std::uint16_t total_length = read_u16(frame, kIp + 2);
  const std::uint16_t flags = read_u16(frame, kIp + 6);
  const std::size_t offset = std::size_t{8} * (flags & kOffsetMask);
  const bool more = (flags & kMoreFragments) != 0;
  if ((!more && offset == 0) || total_length < frames::kIpv4HeaderSize ||
      kIp + total_length > frame.size()) {
    return std::nullopt;
  }
  const ByteView payload = frame.subspan(kHead, total_length - frames::kIpv4HeaderSize);
  if (offset + payload.size() > kMaximumDatagram) return std::nullopt;

  const auto source = *Ipv4Address::from(frame.subspan(kIp + 12, 4));
  const auto destination = *Ipv4Address::from(frame.subspan(kIp + 16, 4));
  const std::uint16_t identification = read_u16(frame, kIp + 4);
  auto part = std::ranges::find_if(parts_, [&](const Part& each) {
    return each.source == source && each.destination == destination &&
           each.identification == identification;
  });
  if (part == parts_.end()) {
    if (parts_.size() == kMaximumParts) parts_.pop_front();
    parts_.push_back({source, destination, identification, {}, {}, 0, std::nullopt});
    part = std::prev(parts_.end());
  }
  if (part->octets.size() < offset + payload.size()) part->octets.resize(offset + payload.size());
  std::ranges::copy(payload, part->octets.begin() + static_cast<std::ptrdiff_t>(offset));
  part->received += payload.size();
  if (offset == 0) part->head.assign(frame.begin(), frame.begin() + kHead);
  if (!more) part->total = offset + payload.size();
  if (!part->total || part->received < *part->total || part->head.empty()) return std::nullopt;

  Bytes whole = std::move(part->head);
  write_u16(whole, kIp + 2, static_cast<std::uint16_t>(frames::kIpv4HeaderSize + *part->total));
  write_u16(whole, kIp + 6, 0);
  write_u16(whole, kIp + 10, 0);
  write_u16(whole, kIp + 10,
            frames::internet_checksum(ByteView(whole).subspan(kIp, frames::kIpv4HeaderSize)));
  whole.insert(whole.end(), part->octets.begin(),
               part->octets.begin() + static_cast<std::ptrdiff_t>(*part->total));
  parts_.erase(part);
  return whole;
}

}  // namespace pxeproof::conformance
