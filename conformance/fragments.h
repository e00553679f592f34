#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "protocol/addresses.h"
#include "protocol/bytes.h"

namespace pxeproof::conformance {

// Puts IPv4 fragments together (RFC 791): a server may send blocks of 65464 octets over a link of
// 1500. Bounded: the oldest unfinished datagram makes room.
class FragmentJoiner {
 public:
  // The frame with the whole datagram once its last fragment has come; nullopt while some are
  // missing, and for frames that are no fragments.
  std::optional<Bytes> join(ByteView frame);

 private:
  struct Part {
    Ipv4Address source;
    Ipv4Address destination;
    std::uint16_t identification = 0;
    Bytes head;  // Ethernet and IP header of the first fragment
    Bytes octets;
    std::size_t received = 0;
    std::optional<std::size_t> total;  // known when the last fragment has come
  };
  std::deque<Part> parts_;
};

}  // namespace pxeproof::conformance
