// Loss, copies and disorder: each case by hand, then any pattern from a seed.

#include <deque>

#include "protocol/tftp/negotiation.h"
#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TftpLoss, OfAnyDataOrAckIsRepairedByTheSameBlock) {  // TLOSS-01, TLOSS-02
  const Bytes content = pattern(1300);
  for (std::uint16_t lost = 1; lost <= 3; ++lost) {
    TftpBench bench;
    bench.add("f", content);
    auto sent = bench.request(kClient, rrq("f"));
    for (std::uint16_t block = 1; block <= 3; ++block) {
      const ByteView octets = ByteView(content).subspan((block - 1) * 512U);
      const auto same = IsDataOf(block, octets.first(std::min<std::size_t>(512, octets.size())));
      ASSERT_THAT(sent, ElementsAre(same));
      if (block == lost) {
        do {
          sent = bench.next_timeout();
        } while (sent.empty());
        ASSERT_THAT(sent, ElementsAre(same));
      }
      bench.now += 1ms;
      sent = bench.answer(kClient, ack(block));
    }
    EXPECT_EQ(bench.server.counters().finished, 1U);
    EXPECT_EQ(bench.events_of<TftpFinished>().at(0).resent, 1U);
  }
}

TEST(TftpLoss, OfTheOackIsRepairedByTheSameOctets) {  // TLOSS-03
  TftpBench bench;
  bench.add("f", pattern(1300));
  const auto first = bench.request(kClient, rrq("f", {{"blksize", "600"}, {"tsize", "0"}}));
  const auto second = bench.wait(1s);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].octets, first[0].octets);
  EXPECT_EQ(second[0].source, first[0].source);
}

TEST(TftpLoss, ThreeEqualAcksBringOneBlock) {  // TLOSS-04, RFC 1123 s.4.2.3.1
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f"));
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsData(2)));
  EXPECT_THAT(bench.answer(kClient, ack(1)), IsEmpty());
  bench.now += 100ms;
  EXPECT_THAT(bench.answer(kClient, ack(1)), IsEmpty());
  EXPECT_TRUE(bench.dropped(TftpReason::DuplicateAck));
}

TEST(TftpLoss, AcksOfOldAndFutureBlocksAreIgnored) {  // TLOSS-05
  TftpBench bench;
  bench.add("f", pattern(50000));
  bench.request(kClient, rrq("f"));
  for (std::uint16_t block = 1; block < 5; ++block) bench.answer(kClient, ack(block));
  EXPECT_THAT(bench.answer(kClient, ack(3)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(55)), IsEmpty());
  EXPECT_TRUE(bench.dropped(TftpReason::FutureAck));
  EXPECT_THAT(bench.answer(kClient, ack(5)), ElementsAre(IsData(6)));
}

TEST(TftpLoss, ARepeatedRequestIsOneTransfer) {  // TLOSS-06, T5
  for (const Options& options : {Options{}, Options{{"blksize", "600"}}}) {
    TftpBench bench;
    bench.add("f", pattern(1300));
    const auto first = bench.request(kClient, rrq("f", options));
    EXPECT_THAT(bench.request(kClient, rrq("f", options)), IsEmpty());  // a copy on the wire
    EXPECT_EQ(bench.server.transfers(), 1U);
    bench.now += 250ms;
    const auto again = bench.request(kClient, rrq("f", options));
    ASSERT_THAT(again, SizeIs(1));
    EXPECT_EQ(again[0].octets, first[0].octets);
    EXPECT_EQ(again[0].source, first[0].source);
    EXPECT_EQ(bench.server.transfers(), 1U);
  }
}

TEST(TftpLoss, ARequestRepeatedWhileTheFileIsOpenedIsOneTransfer) {
  TftpBench bench;
  bench.add("f", pattern(10));
  bench.answer_files = false;
  bench.request(kClient, rrq("f"));
  bench.request(kClient, rrq("f"));
  bench.answer_files = true;
  EXPECT_THAT(bench.drain(), ElementsAre(IsData(1)));
  EXPECT_THAT(bench.asked, SizeIs(1));
}

TEST(TftpLoss, ALateCopyOfTheRequestDoesNotDisturbTheTransfer) {
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f"));
  bench.answer(kClient, ack(1));
  bench.now += 100ms;
  EXPECT_THAT(bench.request(kClient, rrq("f")), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(2)), ElementsAre(IsData(3)));
}

// As in a storm, where requests and acknowledgements wait in queues of their own: the copy comes
// after something was sent again. A new transfer would take the port from the client's own.
TEST(TftpLoss, ALateCopyOfTheRequestDoesNotDisturbASlowTransfer) {
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f"));
  bench.answer(kClient, ack(1));
  const Endpoint port = bench.peer;
  bench.wait(2s);  // block 2 goes out again
  bench.send(kClient, port, ack(1));
  EXPECT_THAT(bench.request(kClient, rrq("f")), IsEmpty());
  EXPECT_THAT(bench.send(kClient, port, ack(2)), ElementsAre(IsData(3)));
  EXPECT_EQ(bench.failed(TftpReason::Superseded), 0U);
}

TEST(TftpLoss, AMachineThatWasSwitchedOffAndOnBeginsAnewAtOnce) {
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f"));
  bench.answer(kClient, ack(1));
  const Endpoint old = bench.peer;
  bench.wait(3s);  // it no longer answers
  const auto sent = bench.request(kClient, rrq("f"));
  ASSERT_THAT(sent, ElementsAre(IsData(1)));
  EXPECT_NE(sent[0].source, old);
  EXPECT_EQ(bench.server.transfers(), 1U);
  EXPECT_EQ(bench.failed(TftpReason::Superseded), 1U);
  EXPECT_THAT(bench.send(kClient, old, ack(2)), IsEmpty());
}

TEST(TftpLoss, AnotherFileFromTheSamePortEndsTheOldTransferInSilence) {
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.add("g", pattern(700));
  bench.request(kClient, rrq("f"));
  EXPECT_EQ(download(bench, kClient, rrq("g")), pattern(700));
  EXPECT_EQ(bench.server.transfers(), 0U);
}

TEST(TftpLoss, AClientThatVanishesIsGivenUpAndTold) {  // TLOSS-07, D3
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f"));
  std::vector<double> times;
  std::vector<Sent> last;
  while (bench.server.transfers() > 0) {
    last = bench.next_timeout();
    if (!last.empty()) times.push_back(to_seconds(bench.now - kStart));
  }
  EXPECT_THAT(times, ElementsAre(1, 3, 7, 15, 31, 55));
  EXPECT_THAT(last, ElementsAre(IsError(tftp::ErrorCode::NotDefined)));
  EXPECT_EQ(bench.failed(TftpReason::NoAnswer), 1U);
  EXPECT_EQ(bench.server.poll_timeout(), std::nullopt);
}

TEST(TftpLoss, OfTheFinalAckIsRepairedWhileTheClientDallies) {  // TLOSS-08
  TftpBench bench;
  bench.add("f", pattern(600));
  bench.request(kClient, rrq("f"));
  bench.answer(kClient, ack(1));
  EXPECT_THAT(bench.next_timeout(), ElementsAre(IsData(2)));
  EXPECT_EQ(bench.now, kStart + 250ms);
  EXPECT_THAT(bench.answer(kClient, ack(2)), IsEmpty());
  EXPECT_EQ(bench.server.counters().finished, 1U);
  EXPECT_THAT(bench.events_of<TftpFailed>(), IsEmpty());
}

// A network between one client and the server that loses, copies and delays by chance.
struct Chances {
  double loss = 0;
  double copy = 0;
  double late = 0;  // comes up to three delays later, behind others
  Duration delay = 100us;
};

// A client by the book: RFC 1350, 2347, 7440. It repeats what it said last when nothing comes, ACKs
// each window, and the last good block at each gap.
class BookClient {
 public:
  enum class Dallying { Yes, No };

  BookClient(Bytes request, std::uint64_t block_size, std::uint64_t window)
      : request_(std::move(request)), block_size_(block_size), window_(window) {}

  void start(Instant now) { say(now, kRequestPort, request_); }

  void on_packet(Instant now, const Sent& sent) {
    if (server_ && sent.source != *server_) return;
    const auto packet = sent.packet();
    if (std::holds_alternative<tftp::Error>(packet)) {
      refused = !done;
      return;
    }
    server_ = sent.source;
    if (std::holds_alternative<tftp::Oack>(packet)) {
      if (good_ == 0) say(now, *server_, ack(0));
      return;
    }
    const auto& data = std::get<tftp::Data>(packet);
    const std::uint64_t block = tftp::unwrap_block(data.block, good_);
    if (block != good_ + 1) {
      // EDK2 and U-Boot acknowledge the last good block for anything unexpected.
      if (good_ > 0 || block > 1) say(now, *server_, ack(tftp::wire_block(good_)));
      in_window_ = 0;
      return;
    }
    ++good_;
    content.insert(content.end(), data.payload.begin(), data.payload.end());
    done = done || data.payload.size() < block_size_;
    if (++in_window_ == window_ || done) {
      in_window_ = 0;
      say(now, *server_, ack(tftp::wire_block(good_)));
    }
  }

  void on_timeout(Instant now) {
    if (done || refused || now < deadline) return;
    in_window_ = 0;
    if (!server_) return say(now, kRequestPort, request_);
    say(now, *server_, ack(tftp::wire_block(good_)));
  }

  struct Said {
    Endpoint to;
    Bytes packet;
  };
  std::deque<Said> said;
  Instant deadline{};
  Bytes content;
  bool done = false;
  bool refused = false;

 private:
  void say(Instant now, const Endpoint& to, Bytes packet) {
    said.push_back({to, std::move(packet)});
    deadline = now + 900ms;
  }

  Bytes request_;
  std::uint64_t block_size_;
  std::uint64_t window_;
  std::uint64_t good_ = 0;
  std::uint64_t in_window_ = 0;
  std::optional<Endpoint> server_;
};

struct Outcome {
  bool equal = false;
  bool right_so_far = false;  // what arrived is the beginning of the file
  bool refused = false;
  std::uint64_t datagrams = 0;  // sent by the server
  double seconds = 0;
  std::uint64_t transfers_left = 0;
};

Outcome run(std::uint64_t seed, const Chances& chances, std::size_t size, const Options& options,
            std::uint64_t block_size, std::uint64_t window, std::string_view mode = "octet") {
  Random random(seed);
  TftpBench bench(bench_options(), seed);
  const Bytes content = pattern(size);
  bench.add("f", content);
  BookClient client(rrq("f", options, mode), block_size, window);

  std::multimap<Instant, std::variant<Sent, BookClient::Said>> air;
  const auto put = [&](const auto& packet) {
    if (random.chance(chances.loss)) return;
    for (int copies = random.chance(chances.copy) ? 2 : 1; copies > 0; --copies) {
      const bool late = random.chance(chances.late);
      const auto three = static_cast<std::uint64_t>(3 * chances.delay.count());
      const Duration extra = late ? Duration(random.below(three)) : Duration{};
      air.emplace(bench.now + chances.delay + extra, packet);
    }
  };
  Outcome outcome;
  const auto collect = [&](const std::vector<Sent>& sent) {
    outcome.datagrams += sent.size();
    for (const Sent& each : sent) put(each);
    while (!client.said.empty()) {
      put(client.said.front());
      client.said.pop_front();
    }
  };
  client.start(bench.now);
  collect({});
  while (!client.refused && bench.now < kStart + 600s) {
    std::optional<Instant> next = bench.server.poll_timeout();
    const auto sooner = [&next](Instant at) { next = next ? std::min(*next, at) : at; };
    if (!air.empty()) sooner(air.begin()->first);
    if (!client.done) sooner(client.deadline);
    if (!next) break;
    bench.now = std::max(bench.now, *next);
    if (!air.empty() && air.begin()->first <= bench.now) {
      const auto packet = air.begin()->second;
      air.erase(air.begin());
      if (const auto* said = std::get_if<BookClient::Said>(&packet)) {
        collect(bench.send(kClient, said->to, said->packet));
      } else {
        client.on_packet(bench.now, std::get<Sent>(packet));
        collect({});
      }
      continue;
    }
    client.on_timeout(bench.now);
    bench.server.on_timeout(bench.now);
    collect(bench.drain());
  }
  outcome.seconds = to_seconds(bench.now - kStart);
  outcome.transfers_left = bench.server.transfers();
  if (mode == "netascii") {
    Bytes plain;
    for (std::size_t i = 0; i < client.content.size(); ++i) {
      const std::uint8_t octet = client.content[i];
      plain.push_back(octet);
      if (octet != '\r' || i + 1 == client.content.size()) continue;
      if (client.content[++i] == '\n') plain.back() = '\n';
    }
    outcome.equal = client.done && plain == content;
  } else {
    outcome.equal = client.done && client.content == content;
  }
  outcome.refused = client.refused;
  outcome.right_so_far = mode == "netascii" || (client.content.size() <= content.size() &&
                                                std::equal(client.content.begin(),
                                                           client.content.end(), content.begin()));
  return outcome;
}

struct Draw {
  Chances chances;
  std::uint64_t block_size = 512;
  std::uint64_t window = 1;
  std::size_t size = 0;
  std::string_view mode = "octet";
  Options options;
};
Draw draw(std::uint64_t seed, const Chances& chances) {
  Random random(seed);
  Draw drawn{.chances = chances, .options = {}};
  drawn.block_size = random.between(8, 1468);
  drawn.window = std::array<std::uint64_t, 5>{1, 2, 4, 16, 64}[random.below(5)];
  drawn.size = random.below(drawn.block_size * 100);
  if (random.chance(0.2)) drawn.mode = "netascii";
  drawn.options.push_back({"blksize", std::to_string(drawn.block_size)});
  if (drawn.window > 1) drawn.options.push_back({"windowsize", std::to_string(drawn.window)});
  return drawn;
}
Outcome run(std::uint64_t seed, const Draw& drawn) {
  return run(seed, drawn.chances, drawn.size, drawn.options, drawn.block_size, drawn.window,
             drawn.mode);
}

TEST(TftpLoss, NoPatternOfLossCopiesAndDisorderChangesTheContent) {  // TLOSS-09
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    const Draw drawn = draw(seed, {.loss = std::array{0.0, 0.01, 0.05, 0.10}[seed % 4],
                                   .copy = std::array{0.0, 0.05}[seed / 4 % 2],
                                   .late = std::array{0.0, 0.05}[seed / 8 % 2],
                                   .delay = std::array<Duration, 3>{100us, 5ms, 50ms}[seed % 3]});
    const Outcome outcome = run(seed, drawn);
    ASSERT_TRUE(outcome.equal) << "seed " << seed << ", window " << drawn.window << ", after "
                               << outcome.seconds << " s";
    ASSERT_EQ(outcome.transfers_left, 0U) << "seed " << seed;
  }
}

TEST(TftpLoss, ANetworkThatLosesAlmostEverythingEndsInAnErrorNeverInWrongContent) {
  int gave_up = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Outcome outcome =
        run(seed, draw(seed, {.loss = 0.4, .copy = 0.3, .late = 0.5, .delay = 100ms}));
    ASSERT_TRUE(outcome.equal || outcome.refused) << "seed " << seed;
    ASSERT_TRUE(outcome.right_so_far) << "seed " << seed;
    ASSERT_EQ(outcome.transfers_left, 0U) << "seed " << seed;
    if (!outcome.equal) ++gave_up;
  }
  EXPECT_GT(gave_up, 0);
}

TEST(TftpLoss, PlainRequestsSurviveToo) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Outcome outcome =
        run(seed, {.loss = 0.1, .copy = 0.1, .late = 0.1, .delay = 5ms}, 10000 + seed, {}, 512, 1);
    ASSERT_TRUE(outcome.equal) << "seed " << seed;
  }
}

TEST(TftpLoss, CopiesAloneNeverMultiplyTheTraffic) {  // the sorcerer's apprentice, with windows too
  for (const std::uint64_t window : {1U, 4U, 16U, 64U}) {
    std::uint64_t datagrams = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const Outcome outcome =
          run(seed, {.copy = 1.0, .delay = 1ms}, 100 * 500,
              {{"blksize", "100"}, {"windowsize", std::to_string(window)}}, 100, window);
      ASSERT_TRUE(outcome.equal);
      datagrams += outcome.datagrams;
    }
    EXPECT_LE(datagrams, 20U * 502U * 3U) << "window " << window;
  }
}

// A transfer of 50 blocks that loses one datagram, whichever side sent it.
void expect_repair_of_each_loss(std::uint64_t window) {
  const Options options{{"blksize", "100"}, {"windowsize", std::to_string(window)}};
  for (std::uint16_t lost = 0; lost < 110; ++lost) {
    TftpBench bench;
    const Bytes content = pattern(4950);
    bench.add("f", content);
    BookClient client(rrq("f", options), 100, window);
    std::uint16_t count = 0;
    client.start(bench.now);
    std::deque<Sent> to_client;
    for (int step = 0; step < 1000 && (!client.done || bench.server.transfers() > 0); ++step) {
      while (!client.said.empty() || !to_client.empty()) {
        if (!client.said.empty()) {
          const auto said = client.said.front();
          client.said.pop_front();
          if (count++ == lost) continue;
          for (const Sent& sent : bench.send(kClient, said.to, said.packet))
            to_client.push_back(sent);
          continue;
        }
        const Sent sent = to_client.front();
        to_client.pop_front();
        if (count++ == lost) continue;
        client.on_packet(bench.now, sent);
      }
      bench.now += 50ms;
      client.on_timeout(bench.now);
      for (const Sent& sent : bench.wait(0s)) to_client.push_back(sent);
    }
    EXPECT_EQ(client.content, content) << "window " << window << ", lost datagram " << lost;
    EXPECT_EQ(bench.server.transfers(), 0U) << "window " << window << ", lost datagram " << lost;
  }
}

// In windows of 4 and 16 that is DATA and ACK at each of their positions.
TEST(TftpLoss, EverySingleLossIsRepaired) {
  for (const std::uint64_t window : {1U, 4U, 16U}) expect_repair_of_each_loss(window);
}

}  // namespace
}  // namespace pxeproof::server
