#pragma once

#include <cstdint>
#include <optional>

#include "conformance/replay_judge.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"

namespace pxeproof::conformance {

// Reads a file as the recorded client did: the same request, the same abort behind an OACK, ACKs
// for the blocks that come now. A machine: handed packets and the time, polled for packets.
class ReplayRead {
 public:
  static constexpr Duration kRepeat = std::chrono::seconds(1);
  static constexpr int kTries = 6;
  // After its end: late packets of the server are still taken.
  static constexpr Duration kLinger = std::chrono::milliseconds(20);

  explicit ReplayRead(const RecordedRead& recorded) : recorded_(recorded) {}

  void start(Instant now);
  void on_packet(Instant now, std::uint16_t server_port, ByteView payload);
  void on_timeout(Instant now);
  // The next packet and the server's port that it goes to.
  struct Outgoing {
    std::uint16_t port = tftp::kPort;
    Bytes payload{};
  };
  std::optional<Outgoing> poll();
  std::optional<Instant> deadline() const { return deadline_; }
  bool is_over() const { return is_over_; }
  const LiveRead& result() const { return result_; }

 private:
  void send(Instant now, Bytes payload);
  void on_data(Instant now, const tftp::Data& data);
  void end(Instant now, RecordedRead::Ending ending);

  const RecordedRead& recorded_;
  LiveRead result_{};
  Instant asked_{};
  std::optional<std::uint16_t> server_port_;
  Bytes last_{};  // sent again when nothing comes
  std::optional<Outgoing> outgoing_;
  std::optional<Instant> deadline_;
  int tries_ = 0;
  std::uint64_t blocks_ = 0;
  std::uint64_t in_window_ = 0;
  std::size_t block_size_ = tftp::kDefaultBlockSize;
  std::uint64_t window_ = 1;
  bool has_ended_ = false;
  bool is_over_ = false;
};

}  // namespace pxeproof::conformance
