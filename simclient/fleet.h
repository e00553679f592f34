#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "protocol/deadline_heap.h"
#include "protocol/station.h"
#include "simclient/fleet_machine.h"
#include "simclient/fleet_plan.h"
#include "simclient/fleet_tally.h"

namespace pxeproof::rom {

// A failed boot with its packets.
struct KeptFailure {
  FleetOutcome outcome;
  std::vector<RecordedFrame> frames;
  bool is_cut = false;  // recording_limit left no room for its later packets
};

// Thousands of ROMs on one cable, as one Station with many MAC addresses: each machine is powered
// on at its planned time, boots with its own addresses, timers and cable, and is switched off when
// it has booted or failed.
//
// What a switch would deliver to all of them is delivered to whom it concerns: an ARP request to
// the machine that has the address, a broadcast DHCP answer to the machine that its chaddr names.
// To every other machine such a frame is one that its card takes and its ROM passes over.
class Fleet final : public Station {
 public:
  explicit Fleet(FleetPlan plan);
  ~Fleet() override;

  void start(Instant now) override;
  void on_frame(Instant now, ByteView frame) override;
  void expect(ByteView frame) const override;
  void on_timeout(Instant now) override;
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override;

  // Machines that ended since the last call, in the order in which they did.
  std::optional<FleetOutcome> poll_outcome();
  std::optional<KeptFailure> poll_failure();

  // An address that a machine has got, for those who prepare its way.
  struct Leased {
    MacAddress mac;
    Ipv4Address address;
  };
  std::optional<Leased> poll_leased();

  bool is_over() const { return tally_.is_over(); }
  const FleetTally& tally() const { return tally_; }
  FleetTally& tally() { return tally_; }
  const FleetPlan& plan() const { return plan_; }
  const FleetNumbering& numbering() const { return numbering_; }
  Instant started() const { return started_; }

  // What the machines under way wait for.
  std::vector<FleetWait> waits(Instant now) const;

  // No further machine is powered on, and those under way are switched off. The tally keeps them as
  // they were.
  void stop(Instant now);

  // The slowest boots that ended well, slowest first.
  const std::vector<FleetLadder>& slowest() const { return slowest_; }

 private:
  struct Delayed {
    Instant at;
    std::uint64_t sequence = 0;
    ClientIndex client = 0;
    Traffic way = Traffic::Question;
    Frame frame;

    friend bool operator>(const Delayed& left, const Delayed& right) {
      return std::pair(left.at, left.sequence) > std::pair(right.at, right.sequence);
    }
  };

  std::optional<ClientIndex> receiver_of(ByteView frame) const;
  FleetMachine* machine_of(ClientIndex client);
  void power_on(Instant now, ClientIndex client);
  void hand_over(Instant now, ClientIndex client, FleetMachine& machine, ByteView frame,
                 const std::optional<Classified>& kind);
  void collect(Instant now, ClientIndex client, FleetMachine& machine);
  void depart(Instant now, ClientIndex client, FleetMachine& machine, Frame& frame);
  void transmit(Frame& frame, const std::optional<Classified>& kind);
  void settle(Instant now, ClientIndex client, FleetMachine& machine);
  void end(Instant now, ClientIndex client, FleetMachine& machine, FleetOutcome outcome);
  void count_failure(const FleetMachine& machine, const FleetOutcome& outcome);
  void keep_if_slow(const FleetOutcome& outcome, const FleetMachine& machine);
  void record(Instant now, FleetMachine& machine, ByteView frame);
  void delay(Instant at, ClientIndex client, Traffic way, ByteView frame);
  void count_received(const Classified& kind, ByteView frame, std::uint64_t copies);
  void count_offer_to_nobody(Instant now, ClientIndex client);
  void take_address(ClientIndex client, const FleetMachine& machine);

  FleetPlan plan_;
  FleetNumbering numbering_;
  Instant started_;
  std::size_t next_ = 0;  // client to be powered on
  bool stopped_ = false;
  std::vector<std::unique_ptr<FleetMachine>> machines_;  // nullptr: off
  std::unordered_map<Ipv4Address, ClientIndex> owners_;
  DeadlineHeap timers_;
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_;
  std::uint64_t next_sequence_ = 0;
  std::deque<Frame> outbox_;
  std::vector<Frame> spare_;  // for their capacity
  Frame scratch_;
  FleetTally tally_;
  FleetNames names_;
  std::deque<FleetOutcome> outcomes_;
  std::deque<KeptFailure> failures_;
  std::deque<Leased> leased_;
  // Machines that gave up waiting for an offer, and what has come since.
  struct GaveUp {
    Instant at;
    bool was_offered = false;
  };
  std::unordered_map<ClientIndex, GaveUp> gave_up_;
  std::size_t failures_kept_ = 0;
  std::size_t recorded_octets_ = 0;
  std::vector<FleetLadder> slowest_;
};

}  // namespace pxeproof::rom
