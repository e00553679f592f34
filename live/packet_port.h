#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "live/file_descriptor.h"
#include "live/system_error.h"
#include "protocol/bytes.h"
#include "protocol/station.h"

namespace pxeproof::live {

// Whole Ethernet frames in and out of one network interface (packet(7)). Needs CAP_NET_RAW.
class PacketPort {
 public:
  enum class Reception {
    Promiscuous,  // frames for any address: stations have addresses of their own
    OwnAddress,   // only what the interface would take for itself
  };
  struct Options {
    Reception reception = Reception::Promiscuous;
    int receive_buffer_bytes = 4 * 1024 * 1024;
  };
  struct Statistics {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t refused = 0;  // by the kernel, on sending
    std::uint64_t dropped = 0;  // by the kernel, because we read too slowly
  };

  static constexpr std::size_t kBatch = 64;  // frames that come, or go, in one system call

  static SystemResult<PacketPort> open(const std::string& interface);
  static SystemResult<PacketPort> open(const std::string& interface, const Options& options);

  int descriptor() const { return socket_.number(); }
  const std::string& interface() const { return interface_; }

  // A batch of frames that have arrived; after less than a whole one there were none left. A VLAN
  // tag that the kernel took off is put back, a checksum that the sender left to its card is filled
  // in. The views are valid until the next call.
  SystemResult<std::span<const ByteView>> receive();

  // Sends in order. A frame that the kernel refuses is counted and skipped.
  void send(std::span<const Frame> frames);

  Statistics statistics();

 private:
  struct Batch;
  struct DestroyBatch {
    void operator()(Batch* batch) const;
  };

  PacketPort(FileDescriptor socket, std::string interface);

  FileDescriptor socket_;
  std::string interface_;
  std::unique_ptr<Batch, DestroyBatch> batch_;
  Statistics statistics_;
};

}  // namespace pxeproof::live
