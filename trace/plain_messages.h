#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/dhcp/option_code.h"
#include "protocol/time.h"
#include "trace/seen_packet.h"
#include "trace/steps.h"

namespace pxeproof::trace {

// What a few octets of a DHCP message tell, when none of its options is a sign of network boot.
struct PlainMessage {
  std::optional<dhcp::MessageType> type;  // nullopt: BOOTP
  bool is_from_client = false;
  MacAddress client;
  Ipv4Address ciaddr;
  Ipv4Address yiaddr;
  Ipv4Address giaddr;
};

// nullopt when the message may be of a network boot, or is not sound: then it must be read whole.
std::optional<PlainMessage> look_at_message(const SeenPacket& packet);

// The last messages of a machine that shows no sign of network boot, as they came. Most such
// machines never show one, and then nobody reads them.
class PlainMessages {
 public:
  static constexpr std::size_t kKept = 16;

  // True when it took the place of the oldest.
  bool keep(std::uint32_t number, Instant at, std::uint32_t interface, const SeenPacket& packet);
  std::size_t size() const { return kept_.size(); }

  // Reads them, in order; none are kept then.
  std::vector<Step> take();

 private:
  struct Kept {
    std::uint32_t number = 0;
    Instant at;
    PacketFacts facts;
    Endpoint source;
    Endpoint destination;
    Bytes payload;
  };
  std::vector<Kept> kept_;
  std::size_t oldest_ = 0;
};

}  // namespace pxeproof::trace
