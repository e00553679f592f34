#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/time.h"
#include "trace/link_layer.h"

namespace pxeproof::trace {

// Why a capture file cannot be read or written.
struct CaptureError {
  std::string message;  // "boot.pcap:packet 7: what is wrong, and what to do"
};

// One frame of a capture as it lies in the file.
struct RawFrame {
  Instant at;  // since the Unix epoch, by the clock of whoever captured
  LinkType link = LinkType::Ethernet;
  std::uint32_t interface = 0;      // index into the reader's interfaces()
  std::uint32_t original_size = 0;  // octets on the wire; more than there are when they were cut
  ByteView octets;
  std::string_view comment;  // of the packet; several are joined with line ends
};

// One frame of a capture as decoders want it. Its views are valid until the next one is read.
struct CapturedFrame {
  std::uint32_t number = 0;  // from 1, as Wireshark counts
  Instant at;
  std::uint32_t interface = 0;
  std::uint32_t original_size = 0;
  ByteView octets;  // an untagged Ethernet frame (trace/link_layer.h); may be empty
  VlanTags vlans;
  std::size_t missing = 0;  // octets at its end that the capture cut off
  ByteView raw;             // as it lies in the file
  std::string_view comment;
};

// Where frames were captured.
struct CaptureInterface {
  std::string name;  // empty when the file does not say
  LinkType link = LinkType::Ethernet;
  std::uint32_t snap_length = 0;  // 0: no limit
};

}  // namespace pxeproof::trace
