#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cli/recorded_boot.h"
#include "protocol/station.h"
#include "simclient/received_file.h"

namespace pxeproof::cli {

// The servers of a recorded boot: to the n-th packet of a client it sends what the real servers
// sent after the real client's n-th packet, as much later, with the numbers the client chose (xid,
// ports) put in the place of the recorded ones. What the real client had not read yet when its
// timer made it repeat its packet, the client gets after its own repetition. Both outlive it.
class ReplayedServer final : public Station {
 public:
  // File content that the capture has cut off is taken from the tree where that is known.
  ReplayedServer(const RecordedBoot& boot, const rom::ExpectedContent& tree);

  void start(Instant) override {}
  void on_frame(Instant now, ByteView frame) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override;

  // What the client sent, as far as it is compared.
  struct Sent {
    Instant at;
    Bytes octets;
  };
  const std::vector<Sent>& received() const { return received_; }

 private:
  struct Reply {
    Duration delay{};
    const RecordedFrame* frame = nullptr;
  };
  struct Step {
    const RecordedFrame* question = nullptr;
    std::vector<Reply> replies;
  };
  struct Transfer {
    std::string name;
    std::size_t block_size = 512;
  };
  struct Due {
    Instant at;
    Bytes octets;
  };

  void move_unread_replies();
  void learn(const Step& step, ByteView frame);
  void schedule(Instant now, const Step& step);
  Bytes translate(const RecordedFrame& recorded);
  void fill_data(Bytes& frame, std::uint16_t recorded_port);

  const rom::ExpectedContent& tree_;
  std::vector<Step> steps_;         // questions in IPv4 and ARP
  std::vector<Step> router_steps_;  // router solicitations
  std::size_t next_ = 0;
  std::size_t next_router_ = 0;
  std::map<std::uint32_t, std::uint32_t> xids_;   // recorded to present
  std::map<std::uint16_t, std::uint16_t> ports_;  // of the client, the same way
  std::map<std::uint16_t, Transfer> transfers_;   // by the recorded port of the client
  std::vector<Sent> received_;
  std::deque<Due> due_;  // by time
  Instant now_;
};

}  // namespace pxeproof::cli
