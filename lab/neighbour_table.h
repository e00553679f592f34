#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "protocol/addresses.h"
#include "protocol/station.h"
#include "protocol/time.h"

namespace pxeproof::lab {

// The manners of Linux' ARP (net.ipv4.neigh.default).
struct NeighbourOptions {
  std::size_t attempts = 3;                            // mcast_solicit, ucast_solicit
  Duration retry_interval = std::chrono::seconds(1);   // retrans_time_ms
  Duration reachable_time = std::chrono::seconds(30);  // base_reachable_time_ms; Linux draws 15..45
  Duration first_probe_delay = std::chrono::seconds(5);  // delay_first_probe_time
  std::size_t waiting_frames = 101;                      // per address; unres_qlen
  std::size_t addresses = 1024;                          // gc_thresh3
};

// Who has which MAC address, and the frames that wait to know it. A machine: it says whom to ask,
// the host puts the question.
//
//            used           answered              used later            5 s
//   (absent) -----> Asked ----------> Reachable ----------------> Delayed ---> Probed
//       |             |                   ^                          ^          |  |
//       | asks us     | no answer         |                     used |  answered|  | no answer
//       |             +--> (absent)       +--------------------------|----------+  +--> (absent)
//       +------------------------------------------------> Stale ----+
//
// A real server probes a client so, five seconds into a long transfer: a ROM has to answer.
class NeighbourTable {
 public:
  explicit NeighbourTable(NeighbourOptions options) : options_(options) {}

  // The MAC of an address that a frame is about to be sent to.
  std::optional<MacAddress> use(Instant now, Ipv4Address address);

  // Keeps a frame until the address is known; its destination MAC is filled in then.
  enum class Outcome { Queued, QueueFull, TableFull };
  Outcome resolve(Instant now, Ipv4Address address, const Frame& frame);

  // What an ARP packet says of its sender.
  enum class Source {
    Reply,    // to our question
    Request,  // the neighbour asks us: a new address is taken
    Passing,  // not meant for us: only corrects an address that is present (arp_accept=0)
  };
  void learn(Instant now, Ipv4Address address, const MacAddress& mac, Source source);

  void on_timeout(Instant now);
  std::optional<Instant> poll_timeout() const;

  // Whom to ask, by broadcast or, to probe, by unicast.
  struct Question {
    Ipv4Address address;
    std::optional<MacAddress> to;  // nullopt: broadcast

    friend bool operator==(const Question&, const Question&) = default;
  };
  std::optional<Question> poll_question();

  // The next frame whose destination has become known.
  bool poll_transmit(Frame& out);

  // Frames given up because nobody answered.
  std::uint64_t frames_dropped() const { return frames_dropped_; }

 private:
  struct Asked {
    std::size_t attempts;
    std::deque<Frame> waiting;
  };
  struct Reachable {
    MacAddress mac;
    Instant until;
  };
  struct Stale {
    MacAddress mac;
  };
  struct Delayed {
    MacAddress mac;
  };
  struct Probed {
    MacAddress mac;
    std::size_t attempts;
  };
  struct Entry {
    std::uint64_t serial = 0;                                        // the lowest is the oldest
    std::variant<Asked, Reachable, Stale, Delayed, Probed> state{};  // at first Asked, not yet once
    std::optional<Instant> alarm;
  };
  using Entries = std::map<Ipv4Address, Entry>;

  static std::optional<MacAddress> mac_of(const Entry& entry);
  Entry* insert(Ipv4Address address);
  void erase(Entries::iterator at);
  void set_alarm(Ipv4Address address, Entry& entry, std::optional<Instant> alarm);
  void ask(Instant now, Ipv4Address address, Entry& entry);

  NeighbourOptions options_;
  Entries entries_;
  std::map<std::uint64_t, Ipv4Address> by_age_;  // of all entries, by serial
  std::set<std::pair<Instant, Ipv4Address>> alarms_;
  std::deque<Question> questions_;
  std::deque<Frame> ready_;
  std::uint64_t next_serial_ = 0;
  std::uint64_t frames_dropped_ = 0;
};

}  // namespace pxeproof::lab
