#include "simclient/fleet.h"

#include <gtest/gtest.h>

#include "firmware/profile.h"
#include "protocol/frames/build.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart = Instant{} + 100s;
constexpr Instant kLongAfter = kStart + 24h;

FleetPlan plan_of(std::size_t clients) {
  FleetPlan plan;
  plan.kinds.push_back({"ipxe-bios", firmware::builtin_profile("ipxe-bios").value()});
  plan.clients.resize(clients);
  return plan;
}

std::size_t drain(Fleet& fleet) {
  Frame frame;
  std::size_t count = 0;
  while (fleet.poll_transmit(frame)) ++count;
  return count;
}

// Runs the fleet's own timers until it is over, with somebody who looks at every frame it sends.
template <typename Peer>
void run_alone(Fleet& fleet, Peer&& peer) {
  fleet.start(kStart);
  Instant now = kStart;
  Frame frame;
  while (!fleet.is_over() && now < kLongAfter) {
    const auto next = fleet.poll_timeout();
    ASSERT_TRUE(next) << "nothing would ever end these machines";
    now = std::max(now, *next);
    fleet.on_timeout(now);
    while (fleet.poll_transmit(frame)) peer(now, frame);
  }
  EXPECT_TRUE(fleet.is_over());
}

void expect_failed_with_reasons(const Fleet& fleet) {
  EXPECT_EQ(fleet.tally().failed, fleet.tally().planned);
  std::uint64_t explained = 0;
  for (const auto& [kind, failure] : fleet.tally().failures) {
    EXPECT_FALSE(kind.reason.empty());
    explained += failure.count;
  }
  EXPECT_EQ(explained, fleet.tally().planned);
  EXPECT_EQ(fleet.tally().under_way(), 0U);
}

TEST(Fleet, FailsWithAReasonWhenNobodyAnswers) {
  Fleet fleet(plan_of(20));
  run_alone(fleet, [](Instant, const Frame&) {});
  expect_failed_with_reasons(fleet);
  EXPECT_EQ(fleet.tally().failures.begin()->first.reason, "no server offered an address");
}

// What it sent comes back changed, cut, or to the wrong machine; each of its machines ends.
TEST(Fleet, OutlivesAServerThatAnswersGarbage) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Fleet fleet(plan_of(10));
    Random random(seed);
    run_alone(fleet, [&](Instant now, const Frame& sent) {
      Frame frame = sent;
      const MacAddress to = random.chance(0.3)
                                ? MacAddress::broadcast()
                                : fleet.numbering().mac(static_cast<ClientIndex>(random.below(12)));
      std::copy(to.octets.begin(), to.octets.end(), frame.begin());
      for (std::uint64_t i = random.below(8); i > 0; --i) {
        frame[random.below(frame.size())] = static_cast<std::uint8_t>(random.next());
      }
      if (random.chance(0.2)) frame.resize(random.below(frame.size() + 1));
      fleet.on_frame(now, frame);
    });
    expect_failed_with_reasons(fleet);
  }
}

TEST(Fleet, PowersMachinesOnAtTheirTimes) {
  FleetPlan plan = plan_of(3);
  plan.clients[1].power_on = 1s;
  plan.clients[2].power_on = 5s;
  Fleet fleet(std::move(plan));
  fleet.start(kStart);
  EXPECT_EQ(fleet.poll_timeout(), kStart);
  fleet.on_timeout(kStart);
  EXPECT_EQ(drain(fleet), 1U);
  fleet.on_timeout(kStart + 1s + 30ms);
  EXPECT_EQ(fleet.tally().powered_on, 2U);
  EXPECT_GE(fleet.tally().power_on_lateness.maximum(), 30ms);
  fleet.stop(kStart + 2s);
  EXPECT_EQ(fleet.poll_timeout(), std::nullopt);
  fleet.on_timeout(kStart + 10s);
  EXPECT_EQ(fleet.tally().powered_on, 2U);
}

TEST(Fleet, CountsWhatItsCablesLose) {
  FleetPlan plan = plan_of(50);
  plan.cables.push_back({.sent = {.loss = 1}, .received = {.loss = 1}});
  for (std::size_t i = 0; i < 25; ++i) plan.clients[i].cable = 1;
  Fleet fleet(std::move(plan));
  fleet.start(kStart);
  fleet.on_timeout(kStart);
  EXPECT_EQ(drain(fleet), 25U);
  const LedgerRow& row = fleet.tally().ledger.row(Exchange::Discover);
  EXPECT_EQ(row.asked, 50U);
  EXPECT_EQ(row.sent, 25U);
  EXPECT_EQ(row.lost_on_cable, 25U);
}

TEST(Fleet, KeepsThePacketsOfTheFirstFailures) {
  FleetPlan plan = plan_of(5);
  plan.failures_kept = 2;
  Fleet fleet(std::move(plan));
  run_alone(fleet, [](Instant, const Frame&) {});
  const auto first = fleet.poll_failure();
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->outcome.booted);
  EXPECT_EQ(first->frames.size(), 4U) << "this firmware sends four DISCOVERs";
  EXPECT_TRUE(fleet.poll_failure());
  EXPECT_FALSE(fleet.poll_failure());
}

TEST(Fleet, MarksARecordingForWhichThereWasNoRoom) {
  FleetPlan plan = plan_of(5);
  plan.failures_kept = 5;
  plan.recording_limit = 2000;  // not four DISCOVERs of each
  Fleet fleet(std::move(plan));
  run_alone(fleet, [](Instant, const Frame&) {});
  std::size_t cut = 0;
  while (const auto failure = fleet.poll_failure()) {
    if (failure->is_cut) ++cut;
    EXPECT_EQ(failure->is_cut, failure->frames.size() < 4);
  }
  EXPECT_GT(cut, 0U);
}

TEST(FleetLedger, KnowsTheQuestionsAndAnswersOfABoot) {
  const auto kind_of = [](std::uint16_t from, std::uint16_t to, const Bytes& payload) {
    const frames::UdpSpec spec{.source = {Ipv4Address::of(10, 0, 0, 1), from},
                               .destination = {Ipv4Address::of(10, 0, 0, 2), to}};
    return classify(frames::build_udp(spec, payload));
  };
  Bytes dhcp(240);
  dhcp.insert(dhcp.end(), {12, 1, 'x', 53, 1, 1, 255});
  EXPECT_EQ(kind_of(68, 67, dhcp)->exchange, Exchange::Discover);
  dhcp[245] = 3;
  EXPECT_EQ(kind_of(68, 67, dhcp)->exchange, Exchange::Request);
  EXPECT_EQ(kind_of(67, 68, dhcp)->traffic, Traffic::Answer);
  EXPECT_EQ(kind_of(68, 4011, dhcp)->exchange, Exchange::BootItem);
  // EDK2 and Intel ask from the port that they ask, and are answered there.
  EXPECT_EQ(kind_of(4011, 4011, dhcp)->traffic, Traffic::Question);
  dhcp[0] = 2;
  EXPECT_EQ(kind_of(4011, 4011, dhcp)->traffic, Traffic::Answer);
  EXPECT_EQ(kind_of(1024, 69, {0, 1, 'a', 0})->exchange, Exchange::File);
  EXPECT_EQ(kind_of(1024, 40000, {0, 4, 0, 1})->exchange, Exchange::Block);
  EXPECT_EQ(kind_of(40000, 1024, {0, 6, 'a', 0})->traffic, Traffic::Answer);
  EXPECT_FALSE(kind_of(1024, 40000, {0}));
  EXPECT_FALSE(classify(Bytes(5)));
}

}  // namespace
}  // namespace pxeproof::rom
