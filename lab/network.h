#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/cable.h"
#include "protocol/station.h"
#include "protocol/time.h"

namespace pxeproof::lab {

using pxeproof::Impairment;

// The cable between a station and its segment.
struct Link {
  Impairment sent{};       // from the station
  Impairment received{};   // to the station
  std::uint64_t seed = 0;  // of the random choices; stations with equal seeds still differ
};

// Names a station within its network: 0, 1, ... in the order of attachment.
using StationId = std::size_t;

struct Attachment {
  std::string name{};              // for stories
  std::vector<MacAddress> macs{};  // unicast frames to these come here
  Link link{};
  std::optional<Instant> power_on{};  // nullopt: at once
  std::size_t segment = 0;  // stations hear those of their own segment only; a router has one port
                            // in each
};

// What became of a frame.
enum class Fate {
  Pending,     // still on its way
  Delivered,   // to one station at least
  Lost,        // by the mask or by a link, for every receiver
  NoReceiver,  // nobody else was there to hear it
  Malformed,   // shorter than an Ethernet header or longer than the segment carries
};

// One frame as its sender put it on the wire, and who received it.
struct CapturedFrame {
  struct Delivery {
    StationId receiver = 0;
    Instant at;

    friend bool operator==(const Delivery&, const Delivery&) = default;
  };

  std::size_t number = 0;  // counts all frames of the run from 0, lost ones too
  Instant at;              // when it was sent
  StationId sender = 0;
  Bytes octets;
  Fate fate = Fate::Pending;
  std::vector<Delivery> deliveries;  // a duplicate is listed twice

  friend bool operator==(const CapturedFrame&, const CapturedFrame&) = default;
};

// Decides on each frame as it is sent: true loses it for every receiver.
using LossMask = std::function<bool(const CapturedFrame&)>;

// Loses the frames with these numbers, counted from 0.
LossMask lose_frames(std::set<std::size_t> numbers);

struct NetworkOptions {
  Duration wire_delay = std::chrono::microseconds(10);  // from any station to any other
  std::size_t maximum_frame = 1514;                     // octets; longer frames are Malformed
  std::size_t event_limit = 5'000'000;  // per run: frames sent, frames received and timeouts
  enum class Capture { Keep, Discard } capture = Capture::Keep;
};

// Why a run ended.
enum class RunEnd {
  Done,        // the condition holds
  Deadline,    // the time is up
  Idle,        // no frame is on its way and no station waits for a time
  EventLimit,  // NetworkOptions::event_limit: the stations keep each other busy for ever
};

// Ethernet segments in virtual time. It drives stations, jumps from event to event, and repeats
// exactly: what happens at the same instant happens in the order in which it was caused; frames
// come before timeouts; timeouts go by StationId.
class Network {
 public:
  explicit Network(NetworkOptions options = {}) : options_(options) {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Attaches a station, which must outlive the network's last run.
  StationId attach(Station& station, Attachment attachment);

  // Applies to the frames sent from now on.
  void set_loss_mask(LossMask mask) { mask_ = std::move(mask); }

  // Runs until the condition holds or the deadline is reached, whichever is first. The condition is
  // asked before the first event and after each. At Deadline now() is the deadline.
  RunEnd run_until(const std::function<bool()>& condition, Instant deadline);
  RunEnd run_until(Instant deadline);

  // Collects what a station wants after somebody other than the network has called it.
  void wake(StationId station);

  Instant now() const { return now_; }
  const std::string& name(StationId station) const { return ports_[station].attachment.name; }

  // All frames of the run in the order in which they were sent; empty with Capture::Discard.
  const std::deque<CapturedFrame>& capture() const { return frames_; }
  std::size_t frames_sent() const { return frames_sent_; }

 private:
  struct Port {
    Station* station;
    Attachment attachment;
    Cable sent;
    Cable received;
    bool powered = false;
    std::optional<Instant> deadline;
  };
  struct PowerOn {
    StationId station;
  };
  struct Crossing {  // a copy has passed the sender's cable
    std::size_t frame;
  };
  struct Arrival {
    std::size_t frame;
    StationId receiver;
  };
  struct Event {
    Instant at;
    std::uint64_t sequence;
    std::variant<PowerOn, Crossing, Arrival> what;

    friend bool operator>(const Event& left, const Event& right) {
      return std::pair(left.at, left.sequence) > std::pair(right.at, right.sequence);
    }
  };

  void schedule(Instant at, std::variant<PowerOn, Crossing, Arrival> what);
  bool step(Instant deadline);
  void run_event(const Event& event);
  void cross(std::size_t number);
  void arrive(const Arrival& arrival);
  std::vector<StationId> receivers(const CapturedFrame& frame) const;
  void collect(StationId id);
  void send(StationId sender, const Frame& frame);
  CapturedFrame& frame(std::size_t number) { return frames_[number - first_kept_]; }
  void settle(std::size_t number);
  void forget_settled();

  NetworkOptions options_;
  LossMask mask_;
  Instant now_;
  std::deque<Port> ports_;
  std::unordered_map<MacAddress, std::vector<StationId>> owners_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::set<std::pair<Instant, StationId>> deadlines_;
  std::uint64_t next_sequence_ = 0;
  std::deque<CapturedFrame> frames_;
  std::deque<std::size_t> copies_;  // of each kept frame, those still on their way
  std::size_t first_kept_ = 0;      // number of frames_.front()
  std::size_t frames_sent_ = 0;
  std::size_t events_left_ = 0;
  Frame scratch_;
};

}  // namespace pxeproof::lab
