#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "trace/anonymizer.h"
#include "trace/boot_grouper.h"
#include "trace/link_layer.h"

namespace pxeproof::trace {

// Chooses what of a network's traffic belongs to a boot, from the moment a machine is switched on
// to the end of its boot, and says when that is. Frames before power-on wait in a ring.
//
//   Waiting --first sign of a network boot--> Booting --came whole, then quiet--> Booted
//                                             Booting --stuck, refused, silent--> Stalled
class BootRecorder {
 public:
  struct Options {
    std::optional<MacAddress> machine{};        // nullopt: everybody; the first to boot is watched
    Duration quiet = std::chrono::seconds(10);  // so long after its last file it has booted
    Duration patience = std::chrono::seconds(40);  // so long without a packet it has stalled
    Duration stuck = std::chrono::seconds(120);    // so long without getting further, too
    std::size_t ring_frames = 512;                 // kept from before power-on
    Duration ring_age = std::chrono::seconds(10);
    enum class Payload { Keep, Cut } payload = Payload::Keep;  // content of files
    std::optional<std::uint64_t> anonymous_seed{};             // nullopt: as it is
  };

  // A frame to be written.
  struct Recorded {
    Instant at;
    LinkType link = LinkType::Ethernet;
    std::uint32_t original_size = 0;
    Bytes octets;
    std::string comment;
  };

  enum class State { Waiting, Booting, Booted, Stalled };

  explicit BootRecorder(const Options& options);

  // A frame as captured.
  void on_frame(Instant at, LinkType link, ByteView octets, std::size_t original_size);

  // What is to be written next, in order.
  std::optional<Recorded> poll_recorded();

  // How the boot that is watched stands. Ask from time to time: its end is silence.
  State judge(Instant now);

  // The boot that is watched, as it stood when it was last judged. When the recording is anonymous,
  // so are its hardware address, its address and its verdict; its steps are not.
  const std::optional<Boot>& boot() const { return boot_; }
  // The machine that was asked for, as the recording names it.
  std::optional<MacAddress> machine();
  std::uint64_t recorded() const { return recorded_; }

 private:
  void make_anonymous(Boot& boot);
  bool concerns_machine(ByteView frame);
  void learn_addresses(const DhcpStep& step);
  Recorded prepare(Instant at, LinkType link, ByteView octets, std::size_t original_size,
                   const EthernetView& view);
  void begin();

  Options options_;
  LinkLayer link_layer_;
  BootGrouper grouper_;
  std::optional<Anonymizer> anonymizer_;
  std::uint32_t frames_ = 0;
  bool begun_ = false;
  std::set<Ipv4Address> addresses_;  // of the machine
  std::deque<Recorded> ring_;
  std::deque<Recorded> ready_;
  std::uint64_t recorded_ = 0;
  std::optional<MacAddress> watched_;
  std::optional<Boot> boot_;
  std::size_t progress_ = 0;  // steps that were not mere repetition, when last judged
  Instant progressed_at_;
};

}  // namespace pxeproof::trace
