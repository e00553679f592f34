#include "server/tftp_admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace pxeproof::server {
namespace {

using namespace std::chrono_literals;
using Kind = TftpAdmission::Verdict::Kind;
constexpr Instant kStart{10s};
constexpr Ipv4Address kA = Ipv4Address::of(10, 0, 0, 1);
constexpr Ipv4Address kB = Ipv4Address::of(10, 0, 0, 2);
constexpr Ipv4Address kC = Ipv4Address::of(10, 0, 0, 3);

TEST(TftpAdmission, TakesAPlaceFromTheAddressWithMostHalfOpenTransfers) {
  TftpAdmission admission({.half_open = 3}, Random(1));
  admission.start(kStart, kA, 0);
  admission.start(kStart + 1ms, kB, 1);
  admission.start(kStart + 2ms, kB, 2);
  EXPECT_EQ(admission.judge(kStart + 500ms, kC).kind, Kind::Wait);
  const auto verdict = admission.judge(kStart + 5s, kC);
  EXPECT_EQ(verdict.kind, Kind::Start);
  EXPECT_EQ(verdict.evict, 1U);
}

TEST(TftpAdmission, NeverTakesAPlaceFromAClientThatAnswered) {
  TftpAdmission admission({.transfers = 1, .waiting = 0}, Random(1));
  admission.start(kStart, kA, 0);
  admission.answered(kA, 0);
  const auto verdict = admission.judge(kStart + 50s, kB);
  EXPECT_EQ(verdict.kind, Kind::Refuse);
  EXPECT_EQ(verdict.reason, TftpReason::ServerFull);
}

TEST(TftpAdmission, DrawsEveryPortOnceBeforeOneTwice) {
  TftpAdmission admission({}, Random(1));
  const std::vector<std::uint16_t> pool{1, 2, 3, 4, 5, 6, 7, 8};
  std::set<std::uint16_t> drawn;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    const std::uint16_t port = admission.draw_port(kA, pool, 0);
    admission.take_port(kA, port);
    drawn.insert(port);
  }
  EXPECT_EQ(drawn.size(), pool.size());
  const std::uint16_t shared = admission.draw_port(kA, pool, 0);
  EXPECT_TRUE(drawn.contains(shared));
}

TEST(TftpAdmission, AvoidsThePortOfTheLastTransfer) {
  TftpAdmission admission({}, Random(1));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(admission.draw_port(kA, {7, 8}, 7), 8);
  EXPECT_EQ(admission.draw_port(kA, {7}, 7), 7);
}

}  // namespace
}  // namespace pxeproof::server
