#include "trace/recent_packets.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>

#include "trace/boot_index.h"

namespace pxeproof::trace {

namespace {

using namespace std::chrono_literals;

// Copies of one packet on two interfaces of a host, or of a bridge, come this close together.
constexpr Duration kCopyOnAnotherInterface = 20ms;
constexpr Duration kCopyOnTheSame = 500us;
constexpr std::uint16_t kDhcpPorts[] = {dhcp::kServerPort, dhcp::kClientPort,
                                        dhcp::kBootServerPort};

bool is_dhcp_port(std::uint16_t port) {
  return std::ranges::find(kDhcpPorts, port) != std::end(kDhcpPorts);
}

std::uint64_t hash_of(ByteView octets) {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(octets.data()), octets.size()});
}

// Tells payloads of one sender within milliseconds apart. Blocks of a file differ in their head,
// and are too many to be looked at whole.
std::uint64_t hash_of_payload(const SeenPacket& packet) {
  constexpr std::size_t kHead = 64;
  constexpr std::size_t kTail = 32;
  const ByteView payload = packet.payload;
  if (is_on_dhcp_port(packet) || payload.size() <= kHead + kTail) return hash_of(payload);
  return hash_of(payload.first(kHead)) ^ hash_of(payload.last(kTail)) * 3 ^ payload.size();
}

std::uint64_t hash_of_packet(const SeenPacket& packet) {
  const std::uint8_t identity[] = {
      static_cast<std::uint8_t>(packet.facts.identification >> 8U),
      static_cast<std::uint8_t>(packet.facts.identification & 0xffU),
      static_cast<std::uint8_t>(packet.source.port >> 8U),
      static_cast<std::uint8_t>(packet.source.port & 0xffU),
      static_cast<std::uint8_t>(packet.destination.port >> 8U),
      static_cast<std::uint8_t>(packet.destination.port & 0xffU),
  };
  return hash_of_payload(packet) ^ hash_of(identity) * 0x9e3779b97f4a7c15U ^
         (std::uint64_t{packet.source.address.value} << 32U | packet.destination.address.value);
}

}  // namespace

bool is_on_dhcp_port(const SeenPacket& packet) {
  return is_dhcp_port(packet.source.port) || is_dhcp_port(packet.destination.port);
}

bool RecentPackets::is_copy(Instant at, std::uint32_t interface, std::uint32_t network,
                            const SeenPacket& packet) {
  if (packet.is_cut() && packet.payload.size() < 32) return false;
  const std::uint64_t hash = hash_of_packet(packet);
  for (std::size_t back = 1; back <= std::min(count_, recent_.size()); ++back) {
    const Recent& recent = recent_[(count_ - back) % recent_.size()];
    const Duration apart = at - recent.at;
    if (apart > kCopyOnAnotherInterface) break;
    // On its way through a router a packet comes into another VLAN, and its hops are counted down.
    const bool may_be_copy =
        BootIndex::may_be_one(recent.network, network) || recent.ttl != packet.facts.ttl;
    if (recent.hash != hash || !may_be_copy) continue;
    const bool elsewhere = recent.interface != interface && apart <= kCopyOnAnotherInterface;
    // A sender that numbers its datagrams does not send the same again: a mirror port made a copy.
    const Duration longest =
        packet.facts.identification != 0 ? kCopyOnAnotherInterface : kCopyOnTheSame;
    if (elsewhere || (recent.interface == interface && apart <= longest)) return true;
  }
  recent_[count_++ % recent_.size()] = {hash, at, interface, network, packet.facts.ttl};
  return false;
}

}  // namespace pxeproof::trace
