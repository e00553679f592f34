#include "simclient/fleet_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "simclient/fleet_arrivals.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;

TEST(FleetNumbering, FindsTheMachineOfAnAddress) {
  const FleetNumbering numbering(7);
  for (const ClientIndex client : {0U, 1U, 255U, 256U, 99'999U, (1U << 24U) - 1}) {
    const MacAddress mac = numbering.mac(client);
    EXPECT_FALSE(mac.is_group());
    EXPECT_EQ(mac.octets[0] & 0x02U, 0x02U) << "locally administered";
    EXPECT_EQ(numbering.client_of(mac), client);
  }
}

TEST(FleetNumbering, KnowsNoAddressOfAnotherFleet) {
  EXPECT_EQ(FleetNumbering(7).client_of(FleetNumbering(8).mac(3)), std::nullopt);
  EXPECT_EQ(FleetNumbering(7).client_of(MacAddress::broadcast()), std::nullopt);
}

TEST(FleetPlan, GivesEveryMachineAGuidAndASeedOfItsOwn) {
  std::set<Guid> guids;
  std::set<std::uint64_t> seeds;
  for (ClientIndex client = 0; client < 1000; ++client) {
    guids.insert(guid_of(1, client));
    seeds.insert(rom_seed(1, client));
  }
  EXPECT_EQ(guids.size(), 1000U);
  EXPECT_EQ(seeds.size(), 1000U);
  EXPECT_EQ(guid_of(1, 5), guid_of(1, 5));
  EXPECT_NE(guid_of(1, 5), guid_of(2, 5));
}

TEST(FleetArrivals, AStormIsAtOnceOrSpread) {
  EXPECT_EQ(power_on_times(Storm{}, 3, 1), (std::vector<Duration>{0s, 0s, 0s}));
  const auto spread = power_on_times(Storm{2s}, 100, 1);
  EXPECT_TRUE(std::ranges::is_sorted(spread));
  EXPECT_LT(spread.back(), 2s);
  EXPECT_GT(spread.back() - spread.front(), 1s);
}

TEST(FleetArrivals, ARateIsEven) {
  EXPECT_EQ(power_on_times(SteadyRate{4}, 3, 1), (std::vector<Duration>{0ms, 250ms, 500ms}));
}

TEST(FleetArrivals, RacksComeOneAfterTheOther) {
  EXPECT_EQ(power_on_times(Racks{.machines = 2, .gap = 5s}, 5, 1),
            (std::vector<Duration>{0s, 0s, 5s, 5s, 10s}));
}

}  // namespace
}  // namespace pxeproof::rom
