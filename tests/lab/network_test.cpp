#include "lab/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lab/scripted_station.h"

namespace pxeproof::lab {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

constexpr MacAddress kMacA{{2, 0, 0, 0, 0, 1}};
constexpr MacAddress kMacB{{2, 0, 0, 0, 0, 2}};
constexpr MacAddress kMacC{{2, 0, 0, 0, 0, 3}};
constexpr MacAddress kNobody{{2, 0, 0, 0, 0, 9}};
constexpr Instant kStart{};

Frame frame_to(const MacAddress& destination, std::uint8_t mark) {
  Frame frame(60, 0);
  std::ranges::copy(destination.octets, frame.begin());
  frame.back() = mark;
  return frame;
}

std::vector<int> marks(const ScriptedStation& station) {
  std::vector<int> result;
  for (const auto& heard : station.heard) result.push_back(heard.octets.back());
  return result;
}

// Three stations on one segment; a sends.
struct Lab {
  explicit Lab(Link link = {}, NetworkOptions options = {}) : network(options) {
    network.attach(a, {.name = "a", .macs = {kMacA}, .link = link});
    network.attach(b, {.name = "b", .macs = {kMacB}});
    network.attach(c, {.name = "c", .macs = {kMacC}});
  }
  ScriptedStation a;
  ScriptedStation b;
  ScriptedStation c;
  Network network;
};

TEST(Network, DeliversUnicastToItsOwnerOnly) {
  Lab lab;
  lab.a.plan(kStart + 1s, frame_to(kMacB, 7));

  EXPECT_EQ(lab.network.run_until(kStart + 10s), RunEnd::Idle);

  EXPECT_THAT(lab.b.heard,
              ElementsAre(ScriptedStation::Heard{kStart + 1s + 10us, frame_to(kMacB, 7)}));
  EXPECT_THAT(lab.c.heard, IsEmpty());
  EXPECT_THAT(lab.a.heard, IsEmpty());
}

TEST(Network, DeliversGroupAddressesToAllOthers) {
  Lab lab;
  lab.a.plan(kStart, frame_to(MacAddress::broadcast(), 1));
  lab.a.plan(kStart, frame_to(MacAddress{{0x01, 0, 0x5e, 0, 0, 1}}, 2));

  lab.network.run_until(kStart + 1s);

  EXPECT_THAT(marks(lab.b), ElementsAre(1, 2));
  EXPECT_THAT(marks(lab.c), ElementsAre(1, 2));
  EXPECT_THAT(lab.a.heard, IsEmpty());
}

TEST(Network, FloodsUnicastThatNobodyOwns) {
  Lab lab;
  lab.a.plan(kStart, frame_to(kNobody, 1));

  lab.network.run_until(kStart + 1s);

  EXPECT_THAT(marks(lab.b), ElementsAre(1));
  EXPECT_THAT(marks(lab.c), ElementsAre(1));
}

TEST(Network, KeepsSegmentsApart) {
  Network network;
  ScriptedStation a;
  ScriptedStation b;
  network.attach(a, {.name = "a", .macs = {kMacA}});
  network.attach(b, {.name = "b", .macs = {kMacB}, .segment = 1});
  a.plan(kStart, frame_to(kMacB, 1));
  a.plan(kStart, frame_to(MacAddress::broadcast(), 2));

  network.run_until(kStart + 1s);

  EXPECT_THAT(b.heard, IsEmpty());
  EXPECT_THAT(network.capture(), Each(Field(&CapturedFrame::fate, Fate::NoReceiver)));
}

TEST(Network, StartsStationsWhenTheyArePoweredOn) {
  Network network;
  ScriptedStation early;
  ScriptedStation late;
  network.attach(early, {.name = "early", .macs = {kMacA}});
  network.attach(late, {.name = "late", .macs = {kMacB}, .power_on = kStart + 5s});
  early.plan(kStart + 4s, frame_to(kMacB, 1));
  early.plan(kStart + 6s, frame_to(kMacB, 2));

  network.run_until(kStart + 10s);

  EXPECT_EQ(early.started, kStart);
  EXPECT_EQ(late.started, kStart + 5s);
  EXPECT_THAT(marks(late), ElementsAre(2));
}

TEST(Network, CapturesEveryFrameWithItsFate) {
  Lab lab;
  lab.network.set_loss_mask(lose_frames({1}));
  for (std::uint8_t mark = 0; mark < 3; ++mark) {
    lab.a.plan(kStart + mark * 1s, frame_to(kMacB, mark));
  }
  lab.a.plan(kStart + 3s, Frame(13, 0));
  lab.a.plan(kStart + 4s, Frame(1515, 0));

  lab.network.run_until(kStart + 10s);

  EXPECT_THAT(marks(lab.b), ElementsAre(0, 2));
  std::vector<Fate> fates;
  for (const CapturedFrame& frame : lab.network.capture()) fates.push_back(frame.fate);
  EXPECT_THAT(fates, ElementsAre(Fate::Delivered, Fate::Lost, Fate::Delivered, Fate::Malformed,
                                 Fate::Malformed));
  EXPECT_THAT(lab.network.capture()[2].deliveries,
              ElementsAre(CapturedFrame::Delivery{1, kStart + 2s + 10us}));
  EXPECT_EQ(lab.network.capture()[2].at, kStart + 2s);
}

TEST(Network, LosesWhatThePredicateNames) {
  Lab lab;
  lab.network.set_loss_mask([](const CapturedFrame& frame) { return frame.octets.back() == 2; });
  for (std::uint8_t mark = 0; mark < 4; ++mark) lab.a.plan(kStart, frame_to(kMacB, mark));

  lab.network.run_until(kStart + 1s);

  EXPECT_THAT(marks(lab.b), ElementsAre(0, 1, 3));
}

TEST(Network, DiscardsTheCaptureButKeepsCounting) {
  Lab lab({}, {.capture = NetworkOptions::Capture::Discard});
  for (std::uint8_t mark = 0; mark < 100; ++mark) {
    lab.a.plan(kStart + mark * 1ms, frame_to(kMacB, mark));
  }

  lab.network.run_until(kStart + 1s);

  EXPECT_THAT(lab.b.heard, SizeIs(100));
  EXPECT_THAT(lab.network.capture(), IsEmpty());
  EXPECT_EQ(lab.network.frames_sent(), 100U);
}

TEST(Network, DelaysFrames) {
  Lab lab({.sent = {.delay = 30ms}, .received = {.delay = 5ms}});
  lab.a.plan(kStart, frame_to(kMacB, 1));
  lab.b.answer_with(frame_to(kMacA, 2));

  lab.network.run_until(kStart + 1s);

  ASSERT_THAT(lab.b.heard, SizeIs(1));
  EXPECT_EQ(lab.b.heard[0].at, kStart + 30ms + 10us);
  ASSERT_THAT(lab.a.heard, SizeIs(1));
  EXPECT_EQ(lab.a.heard[0].at, kStart + 35ms + 20us);
}

TEST(Network, JitterAloneDoesNotReorder) {
  Lab lab({.sent = {.jitter = 50ms}});
  std::vector<int> sent;
  for (std::uint8_t mark = 0; mark < 100; ++mark) {
    lab.a.plan(kStart + mark * 1ms, frame_to(kMacB, mark));
    sent.push_back(mark);
  }

  lab.network.run_until(kStart + 10s);

  EXPECT_EQ(marks(lab.b), sent);
}

TEST(Network, ReorderingLetsLaterFramesOvertake) {
  Lab lab({.sent = {.reordering = 0.2, .reorder_delay = 3ms}});
  for (std::uint8_t mark = 0; mark < 100; ++mark) {
    lab.a.plan(kStart + mark * 1ms, frame_to(kMacB, mark));
  }

  lab.network.run_until(kStart + 10s);

  std::vector<int> heard = marks(lab.b);
  EXPECT_FALSE(std::ranges::is_sorted(heard));
  std::ranges::sort(heard);
  EXPECT_THAT(heard, SizeIs(100));
  EXPECT_EQ(std::ranges::adjacent_find(heard), heard.end());
}

TEST(Network, DuplicationDeliversTwice) {
  Lab lab({.sent = {.duplication = 1.0}});
  lab.a.plan(kStart, frame_to(kMacB, 1));

  lab.network.run_until(kStart + 1s);

  EXPECT_THAT(marks(lab.b), ElementsAre(1, 1));
  EXPECT_THAT(lab.network.capture(), SizeIs(1));
  EXPECT_THAT(lab.network.capture()[0].deliveries, SizeIs(2));
}

TEST(Network, LossOnOneReceiversCableSparesTheOthers) {
  Network network;
  ScriptedStation a;
  ScriptedStation deaf;
  ScriptedStation c;
  network.attach(a, {.name = "a", .macs = {kMacA}});
  network.attach(deaf, {.name = "deaf", .macs = {kMacB}, .link = {.received = {.loss = 1.0}}});
  network.attach(c, {.name = "c", .macs = {kMacC}});
  a.plan(kStart, frame_to(MacAddress::broadcast(), 1));
  a.plan(kStart, frame_to(kMacB, 2));

  network.run_until(kStart + 1s);

  EXPECT_THAT(deaf.heard, IsEmpty());
  EXPECT_THAT(marks(c), ElementsAre(1));
  EXPECT_EQ(network.capture()[0].fate, Fate::Delivered);
  EXPECT_EQ(network.capture()[1].fate, Fate::Lost);
}

std::deque<CapturedFrame> impaired_run(std::uint64_t seed) {
  const Impairment bad{.loss = 0.1,
                       .duplication = 0.1,
                       .reordering = 0.1,
                       .reorder_delay = 3ms,
                       .delay = 1ms,
                       .jitter = 2ms};
  Lab lab({.sent = bad, .received = bad, .seed = seed});
  lab.b.answer_with(frame_to(kMacA, 0xbb));
  for (std::uint8_t mark = 0; mark < 200; ++mark) {
    lab.a.plan(kStart + mark * 1ms, frame_to(kMacB, mark));
  }
  lab.network.run_until(kStart + 10s);
  return lab.network.capture();
}

TEST(Network, RepeatsExactlyFromItsSeed) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(impaired_run(seed), impaired_run(seed)) << "seed " << seed;
  }
  EXPECT_NE(impaired_run(1), impaired_run(2));
}

TEST(Network, LosesAboutTheAskedShare) {
  Lab lab({.sent = {.loss = 0.25}, .seed = 3});
  for (int i = 0; i < 4000; ++i) lab.a.plan(kStart + i * 1ms, frame_to(kMacB, 1));

  lab.network.run_until(kStart + 10s);

  EXPECT_NEAR(static_cast<double>(lab.b.heard.size()), 3000.0, 120.0);
}

// One more probability must not shift the choices of the others: a failing seed stays comparable.
TEST(Network, MoreDuplicationDoesNotChangeWhatIsLost) {
  const auto lost = [](double duplication) {
    Lab lab({.sent = {.loss = 0.2, .duplication = duplication}, .seed = 5});
    for (int i = 0; i < 300; ++i) lab.a.plan(kStart + i * 1ms, frame_to(kMacB, 1));
    lab.network.run_until(kStart + 10s);
    std::vector<std::size_t> numbers;
    for (const CapturedFrame& frame : lab.network.capture()) {
      if (frame.fate == Fate::Lost) numbers.push_back(frame.number);
    }
    return numbers;
  };
  EXPECT_EQ(lost(0.0), lost(0.5));
}

TEST(Network, HandlesTheSameInstantInTheOrderOfCause) {
  Network network({.wire_delay = 0us});
  ScriptedStation first;
  ScriptedStation second;
  ScriptedStation listener;
  network.attach(first, {.name = "first", .macs = {kMacA}});
  network.attach(second, {.name = "second", .macs = {kMacB}});
  network.attach(listener, {.name = "listener", .macs = {kMacC}});
  second.plan(kStart + 1s, frame_to(kMacC, 2));
  first.plan(kStart + 1s, frame_to(kMacC, 1));
  listener.answer_with(frame_to(kNobody, 3));

  network.run_until(kStart + 2s);

  // The frame of the first station arrives before the second station's timeout of that instant.
  std::vector<StationId> senders;
  for (const CapturedFrame& frame : network.capture()) senders.push_back(frame.sender);
  EXPECT_THAT(senders, ElementsAre(0, 2, 1, 2));
}

TEST(Network, StopsAtTheDeadlineAndGoesOn) {
  Lab lab;
  lab.a.plan(kStart + 5s, frame_to(kMacB, 1));

  EXPECT_EQ(lab.network.run_until(kStart + 2s), RunEnd::Deadline);
  EXPECT_EQ(lab.network.now(), kStart + 2s);
  EXPECT_EQ(lab.network.run_until(kStart + 6s), RunEnd::Idle);
  EXPECT_THAT(marks(lab.b), ElementsAre(1));
}

TEST(Network, StopsWhenTheConditionHolds) {
  Lab lab;
  for (std::uint8_t mark = 0; mark < 10; ++mark) {
    lab.a.plan(kStart + mark * 1s, frame_to(kMacB, mark));
  }

  const RunEnd end = lab.network.run_until([&] { return lab.b.heard.size() == 3; }, kStart + 1min);

  EXPECT_EQ(end, RunEnd::Done);
  EXPECT_EQ(lab.network.now(), kStart + 2s + 10us);
}

TEST(Network, FailsInsteadOfHangingWhenStationsKeepEachOtherBusy) {
  Lab lab({}, {.wire_delay = 0us, .event_limit = 1000});
  lab.a.answer_with(frame_to(kMacB, 1));
  lab.b.answer_with(frame_to(kMacA, 1));
  lab.a.plan(kStart, frame_to(kMacB, 1));

  EXPECT_EQ(lab.network.run_until(kStart + 1s), RunEnd::EventLimit);
}

// A station that never stops sending.
class Babbler : public ScriptedStation {
  bool poll_transmit(Frame& out) override {
    out = frame_to(kMacB, 1);
    return true;
  }
};

TEST(Network, FailsInsteadOfHangingWhenAStationNeverStopsSending) {
  Network network({.event_limit = 1000});
  Babbler babbler;
  network.attach(babbler, {.name = "babbler", .macs = {kMacA}});

  EXPECT_EQ(network.run_until(kStart + 1s), RunEnd::EventLimit);
}

// A station whose deadline never moves.
class Sleepless : public ScriptedStation {
  std::optional<Instant> poll_timeout() const override { return kStart; }
};

TEST(Network, FailsInsteadOfHangingWhenADeadlineNeverPasses) {
  Network network({.event_limit = 1000});
  Sleepless sleepless;
  network.attach(sleepless, {.name = "sleepless", .macs = {kMacA}});

  EXPECT_EQ(network.run_until(kStart + 1s), RunEnd::EventLimit);
  EXPECT_EQ(network.now(), kStart);
}

TEST(Network, WakeCollectsWhatAnotherCallerCaused) {
  Lab lab;
  lab.network.run_until(kStart + 1s);
  lab.a.plan(kStart + 3s, frame_to(kMacB, 1));
  EXPECT_EQ(lab.network.run_until(kStart + 5s), RunEnd::Idle);

  lab.network.wake(0);
  lab.network.run_until(kStart + 5s);

  EXPECT_THAT(marks(lab.b), ElementsAre(1));
}

}  // namespace
}  // namespace pxeproof::lab
