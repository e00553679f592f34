#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "trace/boot.h"
#include "trace/boot_index.h"
#include "trace/frame_filter.h"
#include "trace/link_layer.h"
#include "trace/recent_packets.h"
#include "trace/transfer_tracker.h"

namespace pxeproof::trace {

// One frame as the grouper is handed it.
struct SeenFrame {
  std::uint32_t number = 0;  // in its file, counted from 1
  Instant at;
  std::uint32_t interface = 0;
  ByteView octets;  // as an Ethernet frame
  VlanTags vlans{};
};

// What the whole capture tells, beside its boots.
struct CaptureTotals {
  std::uint64_t frames = 0;
  std::uint64_t of_boots = 0;
  std::uint64_t malformed_dhcp = 0;
  std::uint64_t other_dhcp_clients = 0;  // machines that show no sign of network boot
  std::uint64_t dropped_boots = 0;       // closed early, for lack of room
  std::uint64_t dhcp_v6 = 0;             // packets; boots over IPv6 are not read
  std::uint64_t backward_frames = 0;     // that may be a boot's, and come behind a later one
  std::optional<Instant> first;
  std::optional<Instant> last;
};

class OpenBoot;

// Groups the frames of a capture into boots. Clients are told apart by hardware address, else by
// GUID; an address belongs to whom it was leased; a transaction identifier alone proves nothing
// (every Raspberry Pi has the same). Memory is bounded by the open boots, not by the file: a boot
// closes when its machine is silent for a while or begins anew.
class BootGrouper {
 public:
  struct Options {
    Duration idle = std::chrono::seconds(300);  // after so much silence a boot is over
    std::size_t open_boots = 4096;              // more, and the one longest silent is closed
    std::size_t steps_per_boot = 4096;          // more, and those of the middle are left out
    std::size_t steps_in_all = 100'000;         // of all open boots
  };
  explicit BootGrouper(Options options);
  BootGrouper() : BootGrouper(Options{}) {}
  BootGrouper(BootGrouper&&) noexcept;
  BootGrouper& operator=(BootGrouper&&) noexcept;
  ~BootGrouper();

  // A quick look: false when the frame cannot belong to any boot. on_frame asks it first.
  bool concerns_boots(ByteView frame) const;

  // Frames come in the order of their times; one that does not is counted.
  void on_frame(const SeenFrame& frame);

  // Closes all boots.
  void finish();

  // A boot that is over, judged; nullopt when none is. Clients that show no sign of network boot
  // are not handed out.
  std::optional<Boot> poll_boot();

  // The boot of a machine as it stands at a moment, judged, while it goes on; nullopt when none is
  // open. Without an address: the first network boot that is open.
  std::optional<Boot> look(std::optional<MacAddress> machine, Instant now) const;

  // The boot as which another card of the same machine goes on; nullopt when none does.
  std::optional<Boot> look_at_next_card(const Boot& boot, Instant now) const;

  // The content of an HTTP answer is on its way, and TCP segments tell how far it comes.
  bool follows_content() const { return contents_in_all_ > 0; }

  const CaptureTotals& totals() const { return totals_; }

 private:
  bool concerns_boots(FrameKind kind, ByteView frame) const;
  using Boots = std::list<std::unique_ptr<OpenBoot>>;  // the one longest silent first

  bool on_plain_message(const SeenFrame& frame, const SeenPacket& packet);  // kept unread
  bool on_dhcp(const SeenFrame& frame, const SeenPacket& packet);           // false: it is none
  void on_tftp(const SeenFrame& frame, const SeenPacket& packet);
  bool on_malformed_dhcp(const SeenFrame& frame, const SeenPacket& packet);
  void on_tcp(const SeenFrame& frame, const SeenPacket& packet);
  void on_content(const SeenFrame& frame, const SeenPacket& packet);
  void on_tcp_opening(const SeenFrame& frame, const SeenPacket& packet);
  void on_icmp(const SeenFrame& frame, const SeenPacket& packet);
  void on_arp(const SeenFrame& frame);
  void count_duplicate(const SeenPacket& packet);

  Boot look_at_open(const OpenBoot& open, Instant now) const;
  OpenBoot& open(Instant at);
  OpenBoot& open_unknown(const SeenFrame& frame, const SeenPacket& packet);
  bool may_fetch(Ipv4Address client, std::uint16_t port) const;
  OpenBoot* find_by_relay(Ipv4Address relay) const;
  OpenBoot& client_of(const DhcpStep& step, Instant at);
  void touch(OpenBoot& boot, const SeenFrame& frame);
  void add(OpenBoot& boot, Step step);
  void collect_transfers(OpenBoot& boot);
  void close(OpenBoot& boot, Instant known_until);
  void close_silent(Instant now);
  void make_room();

  Options options_;
  Boots boots_;
  BootIndex index_;
  std::bitset<65536> ports_;  // of clients that asked for files
  std::deque<Boot> closed_;
  std::size_t steps_in_all_ = 0;
  std::size_t contents_in_all_ = 0;  // of HTTP answers that are on their way
  std::uint32_t next_number_ = 1;
  CaptureTotals totals_;
  RecentPackets recent_;
  Instant newest_;  // of the frames that may be a boot's
};

}  // namespace pxeproof::trace
