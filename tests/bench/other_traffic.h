#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pxeproof::bench {

// A kind of capture in which one boot is hidden.
struct TrafficKind {
  std::string_view name;
  std::string_view what;                 // for people
  std::optional<std::uint64_t> packets;  // noise is counted; nullopt: filled up to a size
};
std::span<const TrafficKind> traffic_kinds();

struct TrafficFile {
  std::string_view kind;
  std::string boot;          // the capture of one boot, which goes to the middle
  std::string path;          // to be written; pcapng when it ends in "ng", else classic pcap
  std::uint64_t octets = 0;  // for kinds without a number of packets
};

// Writes the file. False when the boot cannot be read or the file not be written.
bool write_traffic(const TrafficFile& file);

}  // namespace pxeproof::bench
