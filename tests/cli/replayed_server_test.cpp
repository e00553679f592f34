#include "cli/replayed_server.h"

#include <gtest/gtest.h>

#include "cli/tree_content.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using Sender = RecordedFrame::Sender;

constexpr Instant kStart{1000s};
constexpr MacAddress kClientMac{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
constexpr MacAddress kServerMac{{0x52, 0x54, 0, 0, 0, 1}};
constexpr Endpoint kClient{Ipv4Address::of(10, 0, 0, 57), 2070};
constexpr Endpoint kServer{Ipv4Address::of(10, 0, 0, 1), 40000};

// A recorded dialogue of one transfer.
class Recording {
 public:
  Recording& client(Duration at, const tftp::Packet& packet) {
    add(at, Sender::Client, from_client(packet));
    return *this;
  }
  Recording& server(Duration at, const tftp::Packet& packet) {
    add(at, Sender::Server, frame(kServerMac, kServer, kClientMac, kClient, packet));
    return *this;
  }
  static Bytes from_client(const tftp::Packet& packet) {
    return frame(kClientMac, kClient, kServerMac, kServer, packet);
  }
  const RecordedBoot& boot() const { return boot_; }

 private:
  static Bytes frame(const MacAddress& from_mac, const Endpoint& from, const MacAddress& to_mac,
                     const Endpoint& to, const tftp::Packet& packet) {
    return frames::build_udp(
        {.destination_mac = to_mac, .source_mac = from_mac, .source = from, .destination = to},
        tftp::encode(packet));
  }
  void add(Duration at, Sender sender, Bytes octets) {
    const auto number = static_cast<std::uint32_t>(boot_.frames.size() + 1);
    boot_.frames.push_back({number, kStart + at, std::move(octets), 0, sender});
  }
  RecordedBoot boot_;
};

tftp::Ack ack(std::uint16_t block) { return {block, {}}; }

// How many frames the server sends to this one, until then.
std::size_t answers(ReplayedServer& server, Instant at, const tftp::Packet& packet, Instant until) {
  server.on_frame(at, Recording::from_client(packet));
  server.on_timeout(until);
  std::size_t count = 0;
  Frame out;
  while (server.poll_transmit(out)) ++count;
  return count;
}

// The machine looked for packets after its timer had fired: DATA 2 lay there unread.
TEST(ReplayedServer, GivesAnUnreadBlockAfterTheRepetition) {
  const Bytes content(512, 'x');
  Recording recording;
  recording.client(0ms, ack(1)).server(52ms, tftp::Data{2, content});
  recording.client(54ms, ack(1)).client(55ms, ack(2));
  const TreeContent tree("");
  ReplayedServer server(recording.boot(), tree);
  EXPECT_EQ(answers(server, kStart, ack(1), kStart + 53ms), 0U);
  EXPECT_EQ(answers(server, kStart + 54ms, ack(1), kStart + 54ms), 1U);
}

// A block that comes twice is acknowledged twice: this repetition answers it.
TEST(ReplayedServer, GivesARepeatedBlockAtItsTime) {
  const Bytes content(512, 'x');
  Recording recording;
  recording.client(0ms, ack(1)).server(52ms, tftp::Data{1, content}).client(54ms, ack(1));
  const TreeContent tree("");
  ReplayedServer server(recording.boot(), tree);
  EXPECT_EQ(answers(server, kStart, ack(1), kStart + 53ms), 1U);
}

}  // namespace
}  // namespace pxeproof::cli
