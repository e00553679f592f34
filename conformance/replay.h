#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/dialogue.h"
#include "conformance/replay_judge.h"
#include "conformance/replay_read.h"
#include "protocol/frames/inspect.h"
#include "protocol/random.h"
#include "protocol/station.h"

namespace pxeproof::conformance {

// Where a recorded dialogue is held again.
struct ReplaySetting {
  Ipv4Address server{};  // the one under test
  Ipv4Address client{};  // the replayed client's, unless the server leases it one
  Ipv4Address other{};   // stands for every other server of the recording; 0: they stay as recorded
  Comparison comparison = Comparison::SameServer;
  std::uint64_t seed = 1;
};

// A turn as it went this time.
struct ReplayedTurn {
  const Turn* turn = nullptr;
  std::string sent{};      // "DISCOVER", "RRQ pxelinux.0"
  std::string recorded{};  // the answers, in words
  std::string live{};
  std::vector<Difference> differences{};
};

// A recorded client that speaks again: its packets in their order, each rewritten to the live
// dialogue (addresses, transaction, server, ports, block numbers), each sent when the answers to
// the one before have come, whatever the recorded times were.
//
//   Resolving --> Asking / Reading ... --> over
class ReplayStation : public Station {
 public:
  // The dialogue outlives the station.
  ReplayStation(const Dialogue& dialogue, ReplaySetting setting);

  void start(Instant now) override;
  void on_frame(Instant now, ByteView frame) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override;

  bool is_over() const { return is_over_; }
  // True when nobody answered ARP for the server: there is no verdict then.
  bool is_unreachable() const { return is_unreachable_; }
  const std::vector<ReplayedTurn>& turns() const { return told_; }

 private:
  // Of a question without recorded answer: so long the server must be silent.
  static constexpr Duration kSettle = std::chrono::milliseconds(150);
  // After the last expected answer: a second one would come at once.
  static constexpr Duration kAfterAnswer = std::chrono::milliseconds(10);
  static constexpr Duration kPatience = std::chrono::seconds(4);
  static constexpr Duration kArpRepeat = std::chrono::milliseconds(500);
  static constexpr int kArpTries = 6;

  void next_turn(Instant now);
  void ask(Instant now, const RecordedQuestion& question);
  void end_question(Instant now);
  void end_read(Instant now);
  void collect_read(Instant now);
  void on_udp(Instant now, const frames::Udp& udp);
  void on_dhcp(Instant now, const frames::Udp& udp);
  void learn_addresses(ByteView recorded, ByteView live);
  void ask_for_server(Instant now);
  Bytes rewritten(ByteView message);
  std::uint32_t live_xid(std::uint32_t recorded);
  void transmit(const Endpoint& source, const Endpoint& destination, ByteView payload);

  const Dialogue& dialogue_;
  ReplaySetting setting_;
  AddressMap addresses_;
  Random random_;
  Ipv4Address address_{};
  std::optional<MacAddress> server_mac_;
  int arp_tries_ = 0;
  std::size_t at_ = 0;  // the turn in progress
  bool in_turn_ = false;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> xids_;
  std::vector<LiveAnswer> answers_;
  Instant asked_{};
  std::optional<Instant> deadline_;
  std::unique_ptr<ReplayRead> read_;
  std::deque<Frame> outgoing_;
  std::uint16_t identification_ = 1;
  std::vector<ReplayedTurn> told_;
  bool is_over_ = false;
  bool is_unreachable_ = false;
};

}  // namespace pxeproof::conformance
