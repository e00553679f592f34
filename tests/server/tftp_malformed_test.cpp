// Truncated, mutated and invented packets: no crash, no growth, and the next client is served.

#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using namespace testing;

std::vector<Bytes> sound_packets() {
  return {rrq("f"),
          rrq("pxelinux.cfg/default", {{"tsize", "0"}, {"blksize", "1408"}}),
          rrq("f", {{"blksize", "8"}, {"windowsize", "64"}, {"timeout", "1"}}, "netascii"),
          ack(0),
          ack(1),
          ack(65535),
          error(8, "User aborted the transfer"),
          tftp::encode(tftp::Data{1, {}}),
          tftp::encode(tftp::Oack{{{"blksize", "8"}}, {}}),
          tftp::encode(tftp::Request{
              .opcode = tftp::Opcode::Wrq, .filename = "w", .options = {}, .trailer = {}})};
}

void expect_alive(TftpBench& bench) {
  EXPECT_EQ(download(bench, {Ipv4Address::of(10, 9, 8, 7), 7777}, rrq("f")), pattern(3000));
}

TEST(TftpMalformed, EveryTruncationIsSurvived) {
  TftpBench bench;
  bench.add("f", pattern(3000));
  for (const Bytes& packet : sound_packets()) {
    for (std::size_t size = 0; size <= packet.size(); ++size) {
      bench.request(kClient, rrq("f"));
      const ByteView cut = ByteView(packet).first(size);
      bench.send(kClient, kRequestPort, cut);
      bench.send(kClient, bench.peer, cut);
      bench.send(kStranger, bench.peer, cut);
    }
  }
  expect_alive(bench);
}

TEST(TftpMalformed, SeededMutationsAreSurvivedAndBounded) {
  TftpBench bench;
  bench.add("f", pattern(3000));
  bench.add("pxelinux.cfg/default", pattern(700));
  const std::vector<Bytes> sound = sound_packets();
  Random random(2024);
  for (int round = 0; round < 100000; ++round) {
    Bytes packet = sound[random.below(sound.size())];
    for (std::uint64_t changes = random.below(4); changes > 0; --changes) {
      if (packet.empty()) break;
      const std::size_t at = random.below(packet.size());
      switch (random.below(3)) {
        case 0:
          packet[at] = static_cast<std::uint8_t>(random.next());
          break;
        case 1:
          packet.erase(packet.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        default:
          packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(at),
                        static_cast<std::uint8_t>(random.next()));
      }
    }
    const Endpoint from{Ipv4Address::of(10, 0, 0, static_cast<std::uint8_t>(random.below(20))),
                        static_cast<std::uint16_t>(2000 + random.below(10))};
    const std::vector<std::uint16_t> ports = bench.server.ports();
    const auto sent = bench.send(
        from, {kServerAddress, ports[random.below(3) == 0 ? 0 : random.below(ports.size())]},
        packet);
    ASSERT_LE(sent.size(), 128U);
    ASSERT_LE(bench.server.transfers(), 200U);
    bench.events.clear();
    bench.asked.clear();
    if (round % 1000 == 0) bench.wait(1s);
  }
  expect_alive(bench);
}

}  // namespace
}  // namespace pxeproof::server
