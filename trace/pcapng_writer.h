#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/bytes.h"
#include "protocol/result.h"
#include "trace/captured_frame.h"

namespace pxeproof::trace {

// Writes pcapng: several interfaces, nanosecond times, comments on the file and on packets. Every
// frame is flushed: a capture of a process that was killed is still whole.
class PcapngWriter {
 public:
  struct Options {
    std::string comment{};                 // of the file; Wireshark shows it among its properties
    std::string application = "pxeproof";  // what wrote it
  };
  struct Interface {
    std::string name{};         // "eth0"
    std::string description{};  // for people
    LinkType link = LinkType::Ethernet;
    std::uint32_t snap_length = 0;  // octets kept of each frame; 0: all
  };
  struct Packet {
    std::uint32_t interface = 0;                   // what add_interface returned
    std::chrono::nanoseconds since_unix_epoch{0};  // not before it
    ByteView octets{};
    std::uint32_t original_size = 0;  // on the wire; 0: nothing was cut
    std::string_view comment{};       // empty: none; cut at 32 KiB
  };
  struct Statistics {
    std::uint64_t received = 0;
    std::uint64_t dropped = 0;
  };

  // "-" is standard output.
  static Result<PcapngWriter, CaptureError> create(const std::string& path);
  static Result<PcapngWriter, CaptureError> create(const std::string& path, const Options& options);

  // Describes an interface; its packets name it by the result.
  std::uint32_t add_interface(const Interface& interface);

  void write(const Packet& packet);

  // What the capture on this interface lost, up to this time.
  void write_statistics(std::uint32_t interface, std::chrono::nanoseconds since_unix_epoch,
                        const Statistics& statistics);

  // The first failure to write, such as a full disk; nullopt when all is on its way to the disk.
  const std::optional<CaptureError>& error() const { return error_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const;
  };
  PcapngWriter(std::unique_ptr<std::FILE, Close> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}

  void begin_block(std::uint32_t type);
  void end_block();
  void add_option(std::uint16_t code, ByteView value);
  void add_option(std::uint16_t code, std::string_view text);
  void add_time(std::chrono::nanoseconds since_unix_epoch);

  std::unique_ptr<std::FILE, Close> file_;
  std::string name_;
  Bytes block_;
  std::uint32_t interfaces_ = 0;
  std::optional<CaptureError> error_;
};

}  // namespace pxeproof::trace
