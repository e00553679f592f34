#pragma once

#include <memory>
#include <string>

#include "live/event_loop.h"
#include "live/frame_observer.h"
#include "live/monotonic_clock.h"
#include "live/system_error.h"

struct pcap;
struct pcap_dumper;

namespace pxeproof::live {

// Writes every frame it is shown to a classic pcap file, whole, with nanoseconds.
class CaptureFile : public FrameObserver {
 public:
  // "-" is standard output.
  static SystemResult<CaptureFile> create(const std::string& path);

  void on_frame(Instant when, Direction direction, ByteView frame) override;

  // Writes what is still in memory; the error is that of any write before.
  SystemResult<void> flush();

 private:
  struct Close {
    void operator()(pcap* handle) const;
    void operator()(pcap_dumper* dumper) const;
  };
  CaptureFile() = default;

  std::string path_;
  std::unique_ptr<pcap, Close> handle_;
  std::unique_ptr<pcap_dumper, Close> dumper_;
  WallClock clock_;
};

// Shows an observer the frames that cross an interface and match a filter. Needs CAP_NET_RAW.
class LiveCapture : public EventSource {
 public:
  struct Options {
    std::string interface;  // "any" for all of them
    std::string filter{};   // pcap-filter(7); empty: every frame
    // Instead of it where the link is Ethernet: libpcap knows "vlan" there, not on "any" or a
    // tunnel.
    std::string ethernet_filter{};
    // The kernel's ring has a slot of this size for each frame of "any", however short: with
    // libpcap's usual 256 KiB a burst of 64 frames filled it. The largest frame is one of "lo".
    int snapshot_bytes = 65'600;
    int buffer_bytes = 32 * 1024 * 1024;
  };
  struct Statistics {
    std::uint64_t received = 0;
    std::uint64_t dropped = 0;  // because we read too slowly
  };

  static SystemResult<LiveCapture> open(const Options& options, FrameObserver& observer);

  // The DLT_ number of what the observer is shown; 1 is Ethernet.
  int link_type() const;
  Statistics statistics() const;
  const std::optional<SystemError>& error() const { return error_; }

  std::vector<int> descriptors() const override;
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  struct Close {
    void operator()(pcap* handle) const;
  };
  explicit LiveCapture(FrameObserver& observer) : observer_(&observer) {}

  std::unique_ptr<pcap, Close> handle_;
  FrameObserver* observer_;
  WallClock clock_;
  std::optional<SystemError> error_;
};

}  // namespace pxeproof::live
