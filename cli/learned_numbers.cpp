#include "cli/learned_numbers.h"

#include <chrono>
#include <cmath>

#include "cli/packet_fields.h"

namespace pxeproof::cli {

namespace {

using firmware::SessionXid;
using Identification = firmware::IpRules::Identification;

Identification identification_of(const std::vector<frames::Udp>& all,
                                 const firmware::IpRules& base) {
  bool constant = true;
  bool counts = true;
  bool high_counts = true;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto step = static_cast<std::uint16_t>(all[i].identification - all[i - 1].identification);
    constant = constant && step == 0;
    counts = counts && step == 1;
    const auto high = static_cast<std::uint8_t>((all[i].identification >> 8U) -
                                                (all[i - 1].identification >> 8U));
    high_counts = high_counts && high == 1;
  }
  if (all.size() < 2) return base.identification;
  if (constant) return Identification::Constant;
  if (high_counts) return Identification::CountAndReceived;
  if (counts && base.identification == Identification::RandomCounter) {
    return Identification::RandomCounter;
  }
  constexpr std::uint16_t kLikelyStart = 16;  // a counter that begins with the machine
  if (counts && (all.front().identification < kLikelyStart ||
                 all.front().identification == base.first_identification)) {
    return Identification::Counter;
  }
  return counts ? Identification::RandomCounter : base.identification;
}

}  // namespace

std::string_view identification_rule(const std::vector<frames::Udp>& datagrams,
                                     const firmware::IpRules& base) {
  switch (identification_of(datagrams, base)) {
    case Identification::Counter:
      return "counter";
    case Identification::CountAndReceived:
      return "count-and-received";
    case Identification::RandomCounter:
      return "random-counter";
    case Identification::Constant:
      return "constant";
  }
  return {};
}

LearnedXid xid_rule(const ObservedMessage& first, const MacAddress& mac,
                    const firmware::Profile& base) {
  const std::uint32_t xid = first.message.xid();
  const auto tail = static_cast<std::uint32_t>(number_of(ByteView(mac.octets).subspan(2)));
  if (base.xid == SessionXid::MacAndMilliseconds && ((xid ^ tail) >> 24U) == 0) {
    return {"mac-and-milliseconds", "near the last four octets of the MAC"};
  }
  if (xid == tail) return {"mac", "the last four octets of the MAC"};
  constexpr std::uint32_t kFirstOctet = 0x01000000;
  if (xid == tail + kFirstOctet) {
    return {"mac-first-octet-plus-one", "the last four octets of the MAC, one added to the first"};
  }
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::seconds>(first.frame->at.time_since_epoch());
  constexpr std::int64_t kDay = 86400;  // a machine's clock may be in another zone
  if (std::abs(since_epoch.count() - static_cast<std::int64_t>(xid)) < kDay) {
    return {"unix-time", "the time of the capture"};
  }
  if (base.xid == SessionXid::UnixTime) return {"unix-time", "as in the profile below"};
  if (base.xid == SessionXid::Fixed && base.fixed_xid == xid) {
    return {"fixed", "the number that is known of this firmware"};
  }
  return {"random", "drawn, as far as one boot shows"};
}

}  // namespace pxeproof::cli
