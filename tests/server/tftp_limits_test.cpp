// Concurrency and limits: who gets a place, who waits, who is told to go.

#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tftp::ErrorCode;

Endpoint client(std::uint32_t number, std::uint16_t port = 2070) {
  return {{Ipv4Address::of(10, 0, 0, 0).value + 1 + number}, port};
}
TftpOptions with_limits(TftpLimits limits) {
  TftpOptions options = bench_options();
  options.limits = limits;
  return options;
}

// Begins a transfer whose client answers once, so that it is no longer half-open.
void begin_answered(TftpBench& bench, const Endpoint& who) {
  bench.request(who, rrq("f"));
  bench.answer(who, ack(1));
}

TEST(TftpLimits, ServeManyClientsOfOneFileAtOnce) {  // CONC-01
  TftpBench bench;
  const Bytes content = pattern(3000);
  bench.add("f", content);
  std::map<Endpoint, std::pair<Endpoint, Bytes>> downloads;
  const auto take = [&downloads](const std::vector<Sent>& sent) {
    for (const Sent& each : sent) {
      auto& [server, received] = downloads[each.destination];
      server = each.source;
      received.insert(received.end(), each.octets.begin() + 4, each.octets.end());
    }
  };
  for (std::uint32_t i = 0; i < 1000; ++i) take(bench.request(client(i), rrq("f")));
  for (std::uint16_t block = 1; block <= 6; ++block) {
    for (std::uint32_t i = 0; i < 1000; ++i) {
      take(bench.send(client(i), downloads[client(i)].first, ack(block)));
    }
  }
  EXPECT_EQ(bench.server.counters().finished, 1000U);
  for (const auto& [who, download] : downloads) EXPECT_EQ(download.second, content);
}

TEST(TftpLimits, LetASlowReaderHoldUpNobody) {  // CONC-02
  TftpBench bench;
  bench.add("f", pattern(3000));
  bench.request(client(0), rrq("f"));
  const Endpoint slow = bench.peer;
  for (std::uint32_t i = 1; i <= 20; ++i) {
    EXPECT_EQ(download(bench, client(i), rrq("f")), pattern(3000));
  }
  EXPECT_EQ(bench.now, kStart);
  bench.now += 900ms;
  EXPECT_THAT(bench.send(client(0), slow, ack(1)), ElementsAre(IsData(2)));
}

TEST(TftpLimits, HoldExactlyAsManyTransfersAsAllowed) {  // T4
  TftpBench bench(with_limits({.transfers = 3}));
  bench.add("f", pattern(5000));
  for (std::uint32_t i = 0; i < 3; ++i) begin_answered(bench, client(i));
  EXPECT_THAT(bench.request(client(3), rrq("f")), IsEmpty());
  EXPECT_EQ(bench.server.transfers(), 3U);
  EXPECT_EQ(bench.server.waiting(), 1U);
  EXPECT_THAT(bench.events_of<TftpQueued>(), SizeIs(1));
}

// It knows no port but 69 yet. Before, DATA 1 came all the same when a place was free.
TEST(TftpLimits, ForgetAWaitingRequestThatItsClientWithdraws) {
  for (const bool single_port : {false, true}) {
    TftpOptions options = with_limits({.transfers = 1});
    if (single_port) options.transfer_ports.clear();
    TftpBench bench(options);
    bench.add("f", pattern(700));
    begin_answered(bench, client(0));
    const Endpoint first = bench.peer;
    bench.request(client(1), rrq("f"));
    bench.send(client(2), kRequestPort, rrq("f"));
    ASSERT_EQ(bench.server.waiting(), 2U);

    EXPECT_THAT(bench.send(client(1), kRequestPort, error(0, "aborted")), IsEmpty());
    EXPECT_EQ(bench.server.waiting(), 1U);
    EXPECT_EQ(bench.failed(TftpReason::ClientError), 1U);
    const auto next = bench.send(client(0), first, ack(2));
    ASSERT_THAT(next, ElementsAre(IsData(1)));
    EXPECT_EQ(next[0].destination, client(2));
  }
}

TEST(TftpLimits, ForgetARequestThatIsWithdrawnWhileItsFileIsOpened) {
  TftpBench bench;
  bench.add("f", pattern(700));
  bench.answer_files = false;
  bench.request(client(0), rrq("f"));
  bench.send(client(0), kRequestPort, error(0, "aborted"));
  bench.answer_files = true;
  EXPECT_THAT(bench.drain(), IsEmpty());
  EXPECT_EQ(bench.server.transfers(), 0U);
}

TEST(TftpLimits, StartAWaitingRequestWhenATransferEnds) {
  TftpBench bench(with_limits({.transfers = 1}));
  bench.add("f", pattern(700));
  begin_answered(bench, client(0));
  const Endpoint first = bench.peer;
  bench.request(client(1), rrq("f"));
  const auto sent = bench.send(client(0), first, ack(2));
  ASSERT_THAT(sent, ElementsAre(IsData(1)));
  EXPECT_EQ(sent[0].destination, client(1));
}

TEST(TftpLimits, StartAWaitingRequestWhenAFileBreaks) {
  TftpBench bench(with_limits({.transfers = 1}));
  const auto file = bench.add("f", pattern(7000));
  bench.add("g", pattern(70));
  begin_answered(bench, client(0));
  const Endpoint first = bench.peer;
  bench.request(client(1), rrq("g"));
  file->truncate(0);
  EXPECT_THAT(bench.send(client(0), first, ack(2)), ElementsAre(IsError(ErrorCode::NotDefined)));
  EXPECT_EQ(bench.server.poll_timeout(), bench.now);
  EXPECT_THAT(bench.wait(0s), ElementsAre(IsData(1)));
}

TEST(TftpLimits, KeepARequestWaitingOnceHoweverOftenItComes) {
  TftpBench bench(with_limits({.transfers = 1}));
  bench.add("f", pattern(5000));
  begin_answered(bench, client(0));
  for (int i = 0; i < 5; ++i) bench.request(client(1), rrq("f"));
  EXPECT_EQ(bench.server.waiting(), 1U);
}

TEST(TftpLimits, TellWhoWaitedInVain) {
  TftpBench bench(with_limits({.transfers = 1, .waiting_time = 10s}));
  bench.add("f", pattern(50000));
  begin_answered(bench, client(0));
  const Endpoint first = bench.peer;
  bench.request(client(1), rrq("f"));
  for (std::uint16_t block = 2; block < 20; ++block) {
    bench.wait(500ms);
    bench.send(client(0), first, ack(block));
    if (block != 10) continue;
    EXPECT_THAT(bench.request(client(1), rrq("f")), IsEmpty());  // it is still there
  }
  EXPECT_EQ(bench.server.waiting(), 1U);
  std::vector<Sent> told;
  for (std::uint16_t block = 20; block < 60 && told.empty(); ++block) {
    for (const Sent& sent : bench.wait(500ms)) {
      if (sent.destination == client(1)) told.push_back(sent);
    }
    bench.send(client(0), first, ack(block));
  }
  EXPECT_THAT(told, ElementsAre(IsError(ErrorCode::DiskFull)));
  EXPECT_EQ(bench.refused(TftpReason::WaitedTooLong), 1U);
  EXPECT_EQ(bench.server.waiting(), 0U);
}

TEST(TftpLimits, RefuseWhenTheQueueIsFullOfClientsAndAllTransfersAreAlive) {
  TftpBench bench(with_limits({.transfers = 2, .waiting = 2}));
  bench.add("f", pattern(5000));
  for (std::uint32_t i = 0; i < 2; ++i) begin_answered(bench, client(i));
  for (std::uint32_t i = 2; i < 4; ++i) EXPECT_THAT(bench.request(client(i), rrq("f")), IsEmpty());
  EXPECT_THAT(bench.request(client(4), rrq("f")), ElementsAre(IsError(ErrorCode::DiskFull)));
  EXPECT_EQ(bench.refused(TftpReason::ServerFull), 1U);
}

TEST(TftpLimits, LetOneClientHaveItsShareOnly) {
  TftpBench bench(with_limits({.transfers_per_client = 2, .waiting_per_client = 1}));
  bench.add("f", pattern(5000));
  begin_answered(bench, client(0, 1001));
  begin_answered(bench, client(0, 1002));
  const Endpoint second = bench.peer;
  EXPECT_THAT(bench.request(client(0, 1003), rrq("f")), IsEmpty());
  EXPECT_THAT(bench.request(client(0, 1004), rrq("f")), ElementsAre(IsError(ErrorCode::DiskFull)));
  EXPECT_EQ(bench.refused(TftpReason::ClientFull), 1U);
  EXPECT_THAT(bench.request(client(1), rrq("f")),
              ElementsAre(IsData(1)));  // others are not touched
  const auto sent = bench.send(client(0, 1002), second, error(0, "stop"));
  ASSERT_THAT(sent, ElementsAre(IsData(1)));
  EXPECT_EQ(sent[0].destination, client(0, 1003));
}

TEST(TftpLimits, GoRoundAmongWaitingClients) {
  TftpBench bench(with_limits({.transfers = 1}));
  bench.add("f", pattern(100));
  bench.request(client(9), rrq("f"));
  bench.answer(client(9), ack(0));
  Endpoint running = bench.peer;
  // One client asks thrice before another asks once.
  for (std::uint16_t port = 1001; port <= 1003; ++port) bench.request(client(1, port), rrq("f"));
  bench.request(client(2), rrq("f"));
  std::vector<Ipv4Address> order;
  Endpoint who = client(9);
  for (int i = 0; i < 4; ++i) {
    const auto sent = bench.send(who, running, ack(1));
    ASSERT_THAT(sent, SizeIs(1));
    who = sent[0].destination;
    running = sent[0].source;
    order.push_back(who.address);
  }
  EXPECT_THAT(order, ElementsAre(client(1).address, client(2).address, client(1).address,
                                 client(1).address));
}

TEST(TftpLimits, LetAnHonestClientThroughAFloodOfInventedOnes) {  // TSEC-07
  TftpBench bench;
  bench.add("f", pattern(3000));
  Bytes received;
  Endpoint server;
  std::uint16_t block = 0;
  const Endpoint honest{Ipv4Address::of(192, 168, 77, 9), 2070};
  const auto take = [&](const std::vector<Sent>& sent) {
    for (const Sent& each : sent) {
      if (each.destination != honest || each.octets[1] != 3) continue;
      server = each.source;
      received.insert(received.end(), each.octets.begin() + 4, each.octets.end());
      ++block;
    }
  };
  for (std::uint32_t i = 0; i < 60000; ++i) {
    take(bench.request(client(i), rrq("f")));
    bench.now += 30us;
    if (i == 30000) take(bench.request(honest, rrq("f")));
    if (i > 30000 && i % 100 == 0 && block > 0) take(bench.send(honest, server, ack(block)));
    ASSERT_LE(bench.server.half_open(), 10000U);
    ASSERT_LE(bench.server.waiting(), 16384U);
  }
  EXPECT_EQ(received, pattern(3000));
  EXPECT_GT(bench.failed(TftpReason::HalfOpenEvicted), 0U);
}

TEST(TftpLimits, MakeAFloodFromOneAddressThatAddressesProblem) {  // TSEC-07
  TftpBench bench(with_limits({.transfers = 100, .half_open = 50, .waiting = 20}));
  bench.add("f", pattern(3000));
  bench.request(client(1), rrq("f"));
  const Endpoint honest = bench.peer;
  for (std::uint16_t port = 1001; port < 3000; ++port) {
    bench.request(client(0, port), rrq("f"));
    bench.now += 1ms;
  }
  EXPECT_THAT(bench.send(client(1), honest, ack(1)), Contains(IsData(2)));
  // A newcomer gets in as well.
  bench.request(client(2), rrq("f"));
  bench.wait(1s);
  EXPECT_EQ(bench.failed(TftpReason::HalfOpenEvicted) > 0, true);
}

TEST(TftpLimits, GiveWayToAWaitingClientWhenNobodyAnswersForAWhile) {
  TftpBench bench(with_limits({.transfers = 2, .half_open_grace = 1s}));
  bench.add("f", pattern(3000));
  bench.request(client(0), rrq("f"));
  bench.now += 1ms;
  bench.request(client(1), rrq("f"));
  EXPECT_THAT(bench.request(client(2), rrq("f")), IsEmpty());
  EXPECT_LE(*bench.server.poll_timeout(), kStart + 1s);
  std::vector<Sent> sent = bench.wait(kStart + 1s - bench.now);
  bool served = false;
  for (const Sent& each : sent) served = served || each.destination == client(2);
  EXPECT_TRUE(served);
  EXPECT_EQ(bench.failed(TftpReason::HalfOpenEvicted), 1U);
}

TEST(TftpLimits, CountLostEvents) {
  TftpBench bench(with_limits({.events = 10}));
  for (int i = 0; i < 100; ++i) {
    const Bytes packet = ack(1);
    bench.server.on_datagram(
        kStart,
        {.source = kClient, .destination = kRequestPort, .interface_index = 2, .payload = packet});
  }
  bench.drain();
  EXPECT_THAT(bench.events, SizeIs(10));
  EXPECT_EQ(bench.server.counters().lost_events, 90U);
}

TEST(TftpLimits, LeaveNothingBehindAfterAnyMixture) {
  Random random(99);
  TftpBench bench(with_limits({.transfers = 20,
                               .transfers_per_client = 3,
                               .half_open = 10,
                               .waiting = 10,
                               .waiting_per_client = 3}));
  bench.add("f", pattern(1500));
  std::map<Endpoint, Endpoint> last;
  for (int step = 0; step < 20000; ++step) {
    const Endpoint who = client(static_cast<std::uint32_t>(random.below(12)),
                                static_cast<std::uint16_t>(1000 + random.below(5)));
    std::vector<Sent> sent;
    switch (random.below(6)) {
      case 0:
      case 1:
        sent = bench.request(who, rrq(random.chance(0.8) ? "f" : "missing"));
        break;
      case 2:
        sent = bench.send(who, last[who], error(0, "x"));
        break;
      case 3:
        sent = bench.wait(std::chrono::milliseconds(random.below(400)));
        break;
      default:
        sent = bench.send(who, last[who], ack(static_cast<std::uint16_t>(random.below(4))));
    }
    for (const Sent& each : sent) last[each.destination] = each.source;
    ASSERT_LE(bench.server.transfers(), 20U);
    ASSERT_LE(bench.server.half_open(), 10U);
    ASSERT_LE(bench.server.waiting(), 10U);
  }
  for (int i = 0; i < 200; ++i) bench.wait(1s);
  EXPECT_EQ(bench.server.transfers(), 0U);
  EXPECT_EQ(bench.server.half_open(), 0U);
  EXPECT_EQ(bench.server.waiting(), 0U);
  EXPECT_EQ(bench.server.poll_timeout(), std::nullopt);
}

}  // namespace
}  // namespace pxeproof::server
