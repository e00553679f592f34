#include "protocol/frames/inspect.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <bit>
#include <cstring>

namespace pxeproof::frames {

namespace {

std::uint16_t read_u16(ByteView octets, std::size_t offset) {
  return static_cast<std::uint16_t>(octets[offset] << 8U | octets[offset + 1]);
}

std::uint32_t read_u32(ByteView octets, std::size_t offset) {
  return std::uint32_t{read_u16(octets, offset)} << 16U | read_u16(octets, offset + 2);
}

MacAddress read_mac(ByteView octets, std::size_t offset) {
  MacAddress mac;
  for (std::size_t i = 0; i < 6; ++i) mac.octets[i] = octets[offset + i];
  return mac;
}

std::uint16_t fold(std::uint64_t sum) {
  while ((sum >> 16U) != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

// The two halves of the eight octets at a place, added: no carry is lost in a sum of them.
std::uint64_t halves_at(const std::uint8_t* place) {
  std::uint64_t word = 0;
  std::memcpy(&word, place, sizeof word);
  return (word & 0xffffffffU) + (word >> 32U);
}

// Words as this machine orders them: RFC 1071 s.2(B), the sum of swapped octets is the swapped sum.
// The halves of each word are summed apart, so that nothing is carried away, and two rows of sums
// run side by side, since neither waits for the other then. The octets fill whole rows.
constexpr std::size_t kRow = 32;

std::uint64_t sum_of_rows(ByteView octets) {
  using Lanes = std::uint64_t __attribute__((vector_size(16)));  // what every x86-64 and ARM64 has
  static_assert(kRow == 2 * sizeof(Lanes));
  constexpr std::uint64_t kLow = 0xffffffff;
  Lanes even_low{};
  Lanes even_high{};
  Lanes odd_low{};
  Lanes odd_high{};
  for (std::size_t i = 0; i < octets.size(); i += kRow) {
    Lanes even;
    Lanes odd;
    std::memcpy(&even, octets.data() + i, sizeof even);
    std::memcpy(&odd, octets.data() + i + sizeof even, sizeof odd);
    even_low += even & kLow;
    even_high += even >> 32U;
    odd_low += odd & kLow;
    odd_high += odd >> 32U;
  }
  const Lanes sums = even_low + even_high + odd_low + odd_high;
  return sums[0] + sums[1];
}

#if defined(__x86_64__)
// The same in twice as wide registers, for processors that have them. They add up pairs of signed
// words only: 0x8000 is taken off each word and added again for all at the end. A sum of pairs
// holds 32,768 rows.
constexpr std::size_t kRowsOfASum = 32768;

__attribute__((target("avx2"))) __m256i pairs_of_row(const std::uint8_t* place) {
  const __m256i row = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place));
  const __m256i bias = _mm256_set1_epi16(static_cast<std::int16_t>(0x8000));
  return _mm256_madd_epi16(_mm256_xor_si256(row, bias), _mm256_set1_epi16(1));
}

__attribute__((target("avx2"))) std::uint64_t sum_of_rows_avx2(ByteView octets) {
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  std::size_t i = 0;
  for (; i + 2 * kRow <= octets.size(); i += 2 * kRow) {
    even = _mm256_add_epi32(even, pairs_of_row(octets.data() + i));
    odd = _mm256_add_epi32(odd, pairs_of_row(octets.data() + i + kRow));
  }
  if (i < octets.size()) even = _mm256_add_epi32(even, pairs_of_row(octets.data() + i));
  alignas(__m256i) std::array<std::int32_t, 16> sums{};
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums.data()), even);
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums.data() + 8), odd);
  std::int64_t sum = std::int64_t{0x8000} * static_cast<std::int64_t>(octets.size() / 2);
  for (const std::int32_t lane : sums) sum += lane;
  return static_cast<std::uint64_t>(sum);
}

const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
#endif

std::uint64_t sum_of_long_rows(ByteView octets) {
#if defined(__x86_64__)
  if (has_avx2 && octets.size() <= kRowsOfASum * kRow) return sum_of_rows_avx2(octets);
#endif
  return sum_of_rows(octets);
}

// The words of the octets added up, each as this machine orders its octets.
std::uint64_t native_sum(ByteView octets) {
  constexpr std::size_t kWorthwhile = 2 * kRow;
  const std::uint8_t* place = octets.data();
  std::size_t left = octets.size();
  std::uint64_t sum = 0;
  if (left >= kWorthwhile) {
    const std::size_t rows = left - left % kRow;
    sum = sum_of_long_rows(octets.first(rows));
    place += rows;
    left -= rows;
  }
  for (; left >= 8; left -= 8, place += 8) sum += halves_at(place);
  if ((left & 4U) != 0) {
    std::uint32_t word = 0;
    std::memcpy(&word, place, sizeof word);
    sum += word;
    place += sizeof word;
  }
  // What is left is a word whose missing octets are zero.
  std::array<std::uint8_t, 4> last{};
  for (std::size_t i = 0; i < (left & 3U); ++i) last[i] = place[i];
  std::uint32_t word = 0;
  std::memcpy(&word, last.data(), sizeof word);
  return sum + word;
}

// Between this machine's order of octets and that of the wire.
std::uint16_t swapped(std::uint16_t word) {
  if constexpr (std::endian::native == std::endian::little) {
    return static_cast<std::uint16_t>((word << 8U) | (word >> 8U));
  }
  return word;
}

// The ones' complement sum of what holds its own checksum is all ones, in any order of octets.
constexpr std::uint16_t kHolds = 0xffff;

// With the pseudo-header of RFC 768.
bool udp_checksum_holds(ByteView ip, ByteView udp) {
  const std::uint64_t pseudo = halves_at(ip.data() + 12) + swapped(kProtocolUdp) +
                               swapped(static_cast<std::uint16_t>(udp.size()));
  return fold(native_sum(udp) + pseudo) == kHolds;
}

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::TooShort:
      return "too short for an Ethernet frame";
    case Fault::ForeignType:
      return "neither ARP nor IPv4";
    case Fault::BadArp:
      return "not an ARP packet for Ethernet and IPv4";
    case Fault::BadIpHeader:
      return "the IP header does not add up";
    case Fault::IpTruncated:
      return "the IP datagram is cut";
    case Fault::IpChecksum:
      return "the IP header checksum is wrong";
    case Fault::Fragment:
      return "a fragment of an IP datagram";
    case Fault::ForeignProtocol:
      return "not UDP";
    case Fault::UdpTruncated:
      return "the UDP length does not fit";
    case Fault::UdpChecksum:
      return "the UDP checksum is wrong";
  }
  return {};
}

std::uint16_t internet_checksum(ByteView octets, std::uint32_t initial) {
  return static_cast<std::uint16_t>(
      ~fold(std::uint64_t{swapped(fold(native_sum(octets)))} + initial));
}

Result<EthernetHeader, InspectError> inspect_ethernet(ByteView frame) {
  if (frame.size() < kEthernetHeaderSize) return fail(InspectError{Fault::TooShort, frame.size()});
  EthernetHeader header;
  header.destination = read_mac(frame, 0);
  header.source = read_mac(frame, 6);
  header.type = read_u16(frame, 12);
  header.payload_offset = kEthernetHeaderSize;
  if (header.type == kEtherTypeVlan) {
    if (frame.size() < kEthernetHeaderSize + 4) {
      return fail(InspectError{Fault::TooShort, frame.size()});
    }
    header.vlan = static_cast<std::uint16_t>(read_u16(frame, 14) & 0x0fffU);
    header.type = read_u16(frame, 16);
    header.payload_offset += 4;
  }
  return header;
}

Result<Arp, InspectError> inspect_arp(ByteView frame) {
  const auto ethernet = inspect_ethernet(frame);
  if (!ethernet) return fail(ethernet.error());
  const std::size_t at = ethernet->payload_offset;
  if (ethernet->type != kEtherTypeArp) return fail(InspectError{Fault::ForeignType, 12});
  if (frame.size() < at + 28) return fail(InspectError{Fault::BadArp, frame.size()});
  const bool ethernet_and_ipv4 = read_u16(frame, at) == 1 &&
                                 read_u16(frame, at + 2) == kEtherTypeIpv4 && frame[at + 4] == 6 &&
                                 frame[at + 5] == 4;
  if (!ethernet_and_ipv4) return fail(InspectError{Fault::BadArp, at});
  return Arp{read_u16(frame, at + 6), read_mac(frame, at + 8),
             Ipv4Address{read_u32(frame, at + 14)}, read_mac(frame, at + 18),
             Ipv4Address{read_u32(frame, at + 24)}};
}

Result<Udp, InspectError> inspect_udp(ByteView frame, ChecksumPolicy policy) {
  const auto ethernet = inspect_ethernet(frame);
  if (!ethernet) return fail(ethernet.error());
  const std::size_t at = ethernet->payload_offset;
  if (ethernet->type != kEtherTypeIpv4) return fail(InspectError{Fault::ForeignType, 12});
  if (frame.size() < at + kIpv4HeaderSize) return fail(InspectError{Fault::IpTruncated, at});
  const std::size_t header_size = std::size_t{4} * (frame[at] & 0x0fU);
  const std::size_t total = read_u16(frame, at + 2);
  if ((frame[at] >> 4U) != 4 || header_size < kIpv4HeaderSize || total < header_size) {
    return fail(InspectError{Fault::BadIpHeader, at});
  }
  if (frame.size() < at + total) return fail(InspectError{Fault::IpTruncated, at + 2});
  const ByteView ip = frame.subspan(at, total);
  if (fold(native_sum(ip.first(header_size))) != kHolds) {
    return fail(InspectError{Fault::IpChecksum, at + 10});
  }
  const std::uint16_t fragment = read_u16(ip, 6);
  if ((fragment & 0x3fffU) != 0) return fail(InspectError{Fault::Fragment, at + 6});
  if (ip[9] != kProtocolUdp) return fail(InspectError{Fault::ForeignProtocol, at + 9});
  const ByteView segment = ip.subspan(header_size);
  if (segment.size() < kUdpHeaderSize) {
    return fail(InspectError{Fault::UdpTruncated, at + header_size});
  }
  const std::size_t length = read_u16(segment, 4);
  if (length < kUdpHeaderSize || length > segment.size()) {
    return fail(InspectError{Fault::UdpTruncated, at + header_size + 4});
  }
  Udp udp;
  udp.ethernet = *ethernet;
  udp.tos = ip[1];
  udp.identification = read_u16(ip, 4);
  udp.dont_fragment = (fragment & 0x4000U) != 0;
  udp.ttl = ip[8];
  udp.checksum = read_u16(segment, 6);
  udp.source = {Ipv4Address{read_u32(ip, 12)}, read_u16(segment, 0)};
  udp.destination = {Ipv4Address{read_u32(ip, 16)}, read_u16(segment, 2)};
  udp.payload = segment.subspan(kUdpHeaderSize, length - kUdpHeaderSize);
  if (policy == ChecksumPolicy::Verify && udp.checksum != 0 &&
      !udp_checksum_holds(ip, segment.first(length))) {
    return fail(InspectError{Fault::UdpChecksum, at + header_size + 6});
  }
  return udp;
}

}  // namespace pxeproof::frames
