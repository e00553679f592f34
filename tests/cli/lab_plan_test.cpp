#include "cli/lab_plan.h"

#include <gtest/gtest.h>

#include "cli/article.h"
#include "cli/configuration_disk.h"

namespace pxeproof::cli {
namespace {

Outcome<LabPlan> plan(const std::string& text) {
  auto loaded = load_configuration_text("test.conf", text);
  if (!loaded) return fail(loaded.error());
  return plan_lab(loaded->configuration, "test.conf");
}

TEST(PlanLab, PutsTheArticleIntoItsOwnNetwork) {
  const auto article = plan(std::string(article_configuration()));
  ASSERT_TRUE(article) << article.error().message;
  EXPECT_EQ(article->boot_server.address, Ipv4Address::of(192, 168, 178, 2));
  ASSERT_TRUE(article->address_server);
  EXPECT_EQ(article->address_server->address, Ipv4Address::of(192, 168, 178, 1));
  EXPECT_LT(article->first_lease, article->last_lease);
}

TEST(PlanLab, GivesTheServerTheAddressThatTheConfigurationNames) {
  const auto fog = plan("dhcp-range=10.1.2.3,proxy\ndhcp-boot=undionly.kpxe,,10.1.2.3\n");
  ASSERT_TRUE(fog) << fog.error().message;
  EXPECT_EQ(fog->boot_server.address, Ipv4Address::of(10, 1, 2, 3));
}

TEST(PlanLab, KeepsBothServersOutOfTheLeases) {
  for (const std::string own : {"10.1.2.1", "10.1.2.2", "10.1.2.100", "10.1.2.150", "10.1.2.200"}) {
    const auto made = plan("dhcp-range=" + own + ",proxy\n");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_NE(made->boot_server.address, made->address_server->address);
    for (const Ipv4Address server : {made->boot_server.address, made->address_server->address}) {
      EXPECT_FALSE(server >= made->first_lease && server <= made->last_lease) << own;
    }
  }
}

TEST(PlanLab, NeedsNoAddressServerForAServerWithAPool) {
  const auto made = plan("dhcp-range=10.1.2.50,10.1.2.99,1h\n");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_FALSE(made->address_server);
  EXPECT_FALSE(made->boot_server.address >= Ipv4Address::of(10, 1, 2, 50) &&
               made->boot_server.address <= Ipv4Address::of(10, 1, 2, 99));
}

TEST(PlanLab, CallsTheInterfaceAsTheConfigurationDoes) {
  EXPECT_EQ(plan("interface=enp3s0\ndhcp-range=10.1.2.0,proxy\n")->interface, "enp3s0");
  EXPECT_EQ(plan("interface=en*\ndhcp-range=10.1.2.0,proxy\n")->interface, "eth0");
}

TEST(PlanLab, RefusesAConfigurationThatServesNobody) { EXPECT_FALSE(plan("port=0\n")); }

}  // namespace
}  // namespace pxeproof::cli
