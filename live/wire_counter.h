#pragma once

#include <cstdint>
#include <string>

#include "live/file_descriptor.h"
#include "live/system_error.h"

namespace pxeproof::live {

// Counts the frames of one kind that pass a network interface, in both directions, without taking
// one of them: the kernel filters and counts (packet(7), PACKET_STATISTICS).
class WireCounter {
 public:
  // The filter is written as tcpdump's (pcap-filter(7)) and comes from us. The interface is one of
  // the calling thread's network namespace; the counter stays there. Needs CAP_NET_RAW.
  static SystemResult<WireCounter> open(const std::string& interface, const std::string& filter);

  // How many have passed since the start.
  std::uint64_t count();

 private:
  explicit WireCounter(FileDescriptor socket) : socket_(std::move(socket)) {}

  FileDescriptor socket_;
  std::uint64_t count_ = 0;
};

}  // namespace pxeproof::live
