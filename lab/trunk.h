#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "lab/network.h"
#include "protocol/addresses.h"
#include "protocol/station.h"
#include "protocol/time.h"

namespace pxeproof::lab {

// A perfect wire in virtual time between a few hosts and one Station that stands for thousands: for
// runs of millions of frames, where Network's captures, cables and choices would cost more than the
// boots. Frames arrive in the order in which they were sent, each after the same delay.
class Trunk {
 public:
  struct Options {
    Duration wire_delay = std::chrono::microseconds(10);  // from any station to any other
  };
  Trunk() : Trunk(Options{}) {}
  explicit Trunk(const Options& options) : options_(options) {}
  Trunk(const Trunk&) = delete;
  Trunk& operator=(const Trunk&) = delete;

  // A station with one address. It must outlive the last run and is powered on at once.
  void attach_host(Station& station, const MacAddress& mac);

  // The station that has all other addresses; one at most.
  void attach_rest(Station& station);

  // Runs until the condition holds or the deadline is reached. The condition is asked before the
  // first event and after each.
  RunEnd run_until(const std::function<bool()>& condition, Instant deadline);

  Instant now() const { return now_; }
  std::uint64_t frames_sent() const { return frames_sent_; }

 private:
  struct Port {
    Station* station;
    std::optional<MacAddress> mac;  // nullopt: the rest
    std::optional<Instant> deadline{};
    std::vector<Frame> spare{};  // that it sent before, for their capacity
  };
  struct Crossing {
    Instant at;
    std::size_t sender;
    Frame frame;
  };

  void attach(Port port);
  void collect(std::size_t id);
  void expect_next() const;
  void deliver(const Crossing& crossing);
  void hand_over(std::size_t id, ByteView frame);

  Options options_;
  Instant now_;
  std::vector<Port> ports_;
  std::optional<std::size_t> rest_;
  std::deque<Crossing> wire_;
  std::uint64_t frames_sent_ = 0;
};

}  // namespace pxeproof::lab
