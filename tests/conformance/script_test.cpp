#include "conformance/script.h"

#include <gtest/gtest.h>

#include "conformance/fixture.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{};

Setting test_setting() {
  Setting setting;
  setting.network = {Ipv4Address::of(10, 77, 0, 0), Ipv4Address::of(255, 255, 0, 0)};
  setting.server = Ipv4Address::of(10, 77, 0, 2);
  setting.abilities = {Need::Dhcp, Need::Tftp};
  return setting;
}

// A script and the hand that answers it.
class Bench {
 public:
  explicit Bench(void (*play)(Script&), std::string_view id = "OFFER-01")
      : subject_{.id = id, .answers = {"right", "~loose"}, .script = play},
        script_(subject_, setting_, 0, Random(1)) {}

  Script& script() { return script_; }

  std::vector<ScriptDatagram> sent() {
    std::vector<ScriptDatagram> all;
    ScriptDatagram datagram;
    while (script_.poll_datagram(datagram)) all.push_back(datagram);
    return all;
  }

  // An answer of that type to a DHCP packet of the script.
  static Reply offer(const ScriptDatagram& to, dhcp::MessageType type = dhcp::MessageType::Offer) {
    auto message = *dhcp::decode(to.payload);
    message.header.op = dhcp::kBootReply;
    message.options.clear();
    message.add_type(type);
    Reply reply;
    reply.host = to.host;
    reply.source = {Ipv4Address::of(10, 77, 0, 2), dhcp::kServerPort};
    reply.destination = {Ipv4Address::broadcast(), dhcp::kClientPort};
    reply.payload = dhcp::encode(message);
    return reply;
  }

  // A TFTP packet to where a datagram of the script came from.
  static Reply tftp(const ScriptDatagram& to, const Bytes& payload, std::uint16_t port = 40000) {
    Reply reply;
    reply.host = to.host;
    reply.source = {Ipv4Address::of(10, 77, 0, 2), port};
    reply.destination = to.source;
    reply.payload = payload;
    return reply;
  }

  static Bytes block(std::uint16_t number, std::string_view file, std::size_t size) {
    Bytes out;
    tftp::encode_data_header(number, out);
    Bytes content(size);
    fill_fixture(*find_fixture(file), 512U * (number - 1U), content);
    out.insert(out.end(), content.begin(), content.end());
    return out;
  }

  // Answers everything from now on as a healthy proxy does, until the script is over.
  void finish(Instant now) {
    for (int round = 0; round < 50 && !script_.is_over(); ++round) {
      const auto questions = sent();
      for (const ScriptDatagram& each : questions) {
        if (each.destination.port == dhcp::kServerPort) script_.on_reply(now, offer(each));
      }
      if (!questions.empty()) continue;
      if (const auto next = script_.poll_timeout()) {
        now = std::max(now, *next);
        script_.on_timeout(now);
      }
    }
  }

 private:
  Case subject_;
  Setting setting_ = test_setting();
  Script script_;
};

TEST(Script, PassesWithTheAnswerThatItsJudgeNames) {
  Bench bench([](Script& s) { s.offer(s.d0(), [](const Reply&) { return admit("right"); }); });
  bench.script().start(kStart);
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 1U);
  bench.script().on_reply(kStart + 1ms, Bench::offer(sent[0]));
  bench.finish(kStart + 1ms);
  EXPECT_EQ(bench.script().outcome().kind, Outcome::Kind::Pass);
  EXPECT_EQ(bench.script().outcome().answer, "right");
}

TEST(Script, RemembersALooseAnswer) {
  Bench bench([](Script& s) {
    s.offer(s.d0(), [](const Reply&) { return loosely("loose"); });
    s.offer(s.d0(), [](const Reply&) { return admit("right"); });
  });
  bench.script().start(kStart);
  for (int answer = 0; answer < 2; ++answer) {
    const auto sent = bench.sent();
    ASSERT_EQ(sent.size(), 1U);
    bench.script().on_reply(kStart + 1ms, Bench::offer(sent[0]));
  }
  bench.finish(kStart + 1ms);
  EXPECT_EQ(bench.script().outcome().kind, Outcome::Kind::Loose);
  EXPECT_EQ(bench.script().outcome().answer, "loose");
}

TEST(Script, EndsAtTheFirstRefusalButAsksForALifeSign) {
  Bench bench([](Script& s) {
    s.offer(s.d0(), [](const Reply&) { return refuse("wrong"); });
    s.offer(s.d0(), [](const Reply&) { return admit("right"); });
  });
  bench.script().start(kStart);
  const auto first = bench.sent();
  bench.script().on_reply(kStart, Bench::offer(first[0]));
  const auto life_sign = bench.sent();
  ASSERT_EQ(life_sign.size(), 1U);
  EXPECT_EQ(life_sign[0].host, bench.script().sentinel_host());
  EXPECT_FALSE(bench.script().is_over());
  bench.script().on_reply(kStart, Bench::offer(life_sign[0]));
  EXPECT_TRUE(bench.script().is_over());
  EXPECT_EQ(bench.script().outcome().kind, Outcome::Kind::Fail);
  EXPECT_EQ(bench.script().outcome().seen, "wrong");
}

TEST(Script, ProvesSilenceByTheSentinelNotByWaiting) {
  Bench bench([](Script& s) { s.silent(s.d0()); });
  bench.script().start(kStart);
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 2U) << "the stimulus, and the sentinel right behind it";
  bench.script().on_reply(kStart + 1ms, Bench::offer(sent[1]));
  EXPECT_EQ(bench.script().poll_timeout(), kStart + 51ms) << "50 ms at least";
  bench.finish(kStart + 51ms);
  EXPECT_EQ(bench.script().outcome().kind, Outcome::Kind::Pass);
}

TEST(Script, SettlesLongerForASlowServer) {
  Bench bench([](Script& s) { s.silent(s.d0()); });
  bench.script().start(kStart);
  const auto sent = bench.sent();
  bench.script().on_reply(kStart + 100ms, Bench::offer(sent[1]));
  EXPECT_EQ(bench.script().poll_timeout(), kStart + 400ms);
}

TEST(Script, SeesAnAnswerThatShouldNotHaveCome) {
  Bench bench([](Script& s) { s.silent(s.d0()); });
  bench.script().start(kStart);
  const auto sent = bench.sent();
  bench.script().on_reply(kStart + 1ms, Bench::offer(sent[1]));
  bench.script().on_reply(kStart + 20ms, Bench::offer(sent[0]));
  bench.finish(kStart + 51ms);
  EXPECT_EQ(bench.script().outcome().kind, Outcome::Kind::Fail);
  EXPECT_EQ(bench.script().outcome().seen, "DISCOVER: OFFER");
}

TEST(Script, FailsWhenTheServerNoLongerAnswersTheSentinel) {
  Bench bench([](Script& s) { s.silent(s.d0()); });
  bench.script().start(kStart);
  Instant now = kStart;
  for (int round = 0; round < 30 && !bench.script().is_over(); ++round) {
    bench.sent();
    now = bench.script().poll_timeout().value_or(now);
    bench.script().on_timeout(now);
  }
  EXPECT_TRUE(bench.script().is_over());
  EXPECT_EQ(bench.script().outcome().kind, Outcome::Kind::Fail);
  EXPECT_EQ(bench.script().outcome().seen, "after it the server no longer answers a DISCOVER");
}

TEST(Script, FailsWhenNoAnswerComes) {
  Bench bench([](Script& s) { s.offer(s.d0(), [](const Reply&) { return admit("right"); }); });
  bench.script().start(kStart);
  bench.sent();
  EXPECT_EQ(bench.script().poll_timeout(), kStart + 4s);
  bench.script().on_timeout(kStart + 4s);
  bench.finish(kStart + 4s);
  EXPECT_EQ(bench.script().outcome().seen, "no answer within 4 s");
}

TEST(Script, TakesAnAnswerWithAForeignTransactionForOneOfItsOwn) {
  Bench bench([](Script& s) {
    Stimulus discover = s.d0();
    s.offer(discover, [xid = discover.xid()](const Reply& reply) {
      return reply.dhcp()->xid() == xid ? admit("right") : refuse("another xid");
    });
  });
  bench.script().start(kStart);
  Reply reply = Bench::offer(bench.sent()[0]);
  reply.payload[7] ^= 1U;
  bench.script().on_reply(kStart, reply);
  bench.finish(kStart);
  EXPECT_EQ(bench.script().outcome().seen, "another xid");
}

TEST(Script, RunsWhatAJudgeAddsBeforeWhatWasWrittenBehindIt) {
  static std::string order;
  order.clear();
  Bench bench([](Script& s) {
    s.then([&s] {
      order += "a";
      s.then([] { order += "b"; });
      s.then([] { order += "c"; });
    });
    s.then([] { order += "d"; });
  });
  bench.script().start(kStart);
  EXPECT_EQ(order, "abcd");
}

TEST(Script, SkipsWithoutALifeSign) {
  Bench bench([](Script& s) { s.then([&s] { s.rule(skip("not offered: x")); }); });
  bench.script().start(kStart);
  EXPECT_TRUE(bench.script().is_over());
  EXPECT_TRUE(bench.sent().empty());
  EXPECT_EQ(bench.script().outcome().kind, Outcome::Kind::Skip);
}

TEST(Script, GivesUpACaseThatNeverEnds) {
  Bench bench([](Script& s) { s.pause(1h); });
  bench.script().start(kStart);
  bench.script().on_timeout(kStart + 150s);
  EXPECT_EQ(bench.script().outcome().kind, Outcome::Kind::Broken);
}

TEST(Read, FetchesAFileAndComparesEveryOctet) {
  Bench bench([](Script& s) { s.read({.file = "k1024.bin"}); }, "TFTP-01");
  bench.script().start(kStart);
  const auto request = bench.sent()[0];
  bench.script().on_reply(kStart, Bench::tftp(request, Bench::block(1, "k1024.bin", 512)));
  EXPECT_EQ(bench.sent().at(0).payload, (Bytes{0, 4, 0, 1}));
  bench.script().on_reply(kStart, Bench::tftp(request, Bench::block(2, "k1024.bin", 512)));
  bench.script().on_reply(kStart, Bench::tftp(request, Bench::block(3, "k1024.bin", 0)));
  bench.sent();
  EXPECT_FALSE(bench.script().is_over()) << "the life sign is due";
}

TEST(Read, RefusesOctetsThatAreNotTheFiles) {
  Bench bench([](Script& s) { s.read({.file = "k1024.bin"}); }, "TFTP-01");
  bench.script().start(kStart);
  const auto request = bench.sent()[0];
  Bytes wrong = Bench::block(1, "k1024.bin", 512);
  wrong[100] ^= 1U;
  bench.script().on_reply(kStart, Bench::tftp(request, wrong));
  const auto said = bench.sent();
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said[0].payload[1], 5) << "the server is told, so that it stops";
}

TEST(Read, ActsAsIfTheBlockOfItsMaskWereLost) {
  Bench bench([](Script& s) { s.read({.file = "a.bin", .lose_data = {1}}); }, "TLOSS-01");
  bench.script().start(kStart);
  const auto request = bench.sent()[0];
  const Bytes block = Bench::block(1, "a.bin", 310);
  bench.script().on_reply(kStart, Bench::tftp(request, block));
  EXPECT_TRUE(bench.sent().empty());
  bench.script().on_reply(kStart + 1s, Bench::tftp(request, block));
  EXPECT_EQ(bench.sent().at(0).payload, (Bytes{0, 4, 0, 1}));
}

TEST(Read, TellsAStrangerThatItIsOne) {
  Bench bench([](Script& s) { s.read({.file = "k1024.bin"}); }, "TFTP-01");
  bench.script().start(kStart);
  const auto request = bench.sent()[0];
  const Bytes block = Bench::block(1, "k1024.bin", 512);
  bench.script().on_reply(kStart, Bench::tftp(request, block));
  bench.sent();
  bench.script().on_reply(kStart, Bench::tftp(request, block, 40001));
  const auto said = bench.sent();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].destination.port, 40001);
  EXPECT_EQ(said[0].payload[3], 5);
}

}  // namespace

}  // namespace pxeproof::conformance
