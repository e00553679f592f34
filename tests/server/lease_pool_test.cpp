#include "server/lease_pool.h"

#include <gtest/gtest.h>

#include <chrono>

namespace pxeproof::server {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{};
constexpr Ipv4Address kFirst = Ipv4Address::of(10, 0, 0, 1);
constexpr Ipv4Address kSecond = Ipv4Address::of(10, 0, 0, 2);

LeaseClient client(std::string hardware, std::string client_id = {}) {
  return {.hardware_type = 1, .hardware = std::move(hardware), .client_id = std::move(client_id)};
}

Lease lease(Ipv4Address address, LeaseClient client,
            std::optional<Instant> expires = kStart + 100s) {
  return {.address = address, .client = std::move(client), .host_name = {}, .expires = expires};
}

TEST(LeasePool, FindsByIdentifierBeforeHardware) {
  LeasePool pool({});
  pool.record(lease(kFirst, client("mac-a", "id-1")));
  EXPECT_EQ(pool.find(client("mac-b", "id-1"))->address, kFirst);
  EXPECT_EQ(pool.find(client("mac-a"))->address, kFirst);
  EXPECT_EQ(pool.find(client("mac-a", "id-2")), nullptr);
}

// A machine that asks by two identifiers has two leases; dnsmasq knows it by the later one.
TEST(LeasePool, FindsTheLatestLeaseOfAHardwareAddress) {
  LeasePool pool({});
  pool.record(lease(kFirst, client("mac-a", "id-1")));
  pool.record(lease(kSecond, client("mac-a", "id-2")));
  pool.record(lease(kFirst, client("mac-a", "id-1"), kStart + 200s));  // renewed, not newer
  EXPECT_EQ(pool.find(client("mac-a"))->address, kSecond);
  pool.end(kSecond);
  EXPECT_EQ(pool.find(client("mac-a"))->address, kFirst);
  pool.record(lease(kFirst, client("mac-b")));
  EXPECT_EQ(pool.find(client("mac-a")), nullptr);
}

TEST(LeasePool, EndsLeasesInTime) {
  LeasePool pool({});
  pool.record(lease(kFirst, client("a")));
  pool.record(lease(kSecond, client("b"), std::nullopt));
  EXPECT_EQ(pool.next_expiry(), kStart + 100s);
  pool.expire(kStart + 99s);
  EXPECT_NE(pool.find(kFirst), nullptr);
  pool.expire(kStart + 100s);
  EXPECT_EQ(pool.find(kFirst), nullptr);
  EXPECT_NE(pool.find(kSecond), nullptr);
  EXPECT_EQ(pool.next_expiry(), std::nullopt);
}

TEST(LeasePool, ReportsEachChangeOnce) {
  LeasePool pool({});
  pool.record(lease(kFirst, client("a")));
  pool.record(lease(kFirst, client("a"), kStart + 200s));
  pool.end(kFirst);
  pool.restore(lease(kSecond, client("b")));
  std::vector<LeaseChange::Kind> kinds;
  LeaseChange change;
  while (pool.poll_change(change)) kinds.push_back(change.kind);
  using enum LeaseChange::Kind;
  EXPECT_EQ(kinds, (std::vector{Granted, Renewed, Ended}));
}

TEST(LeasePool, KeepsAnOfferForItsClient) {
  LeasePool pool({});
  pool.hold(kFirst, client("a"), kStart + 60s);
  EXPECT_EQ(pool.held_for(client("a")), kFirst);
  EXPECT_FALSE(pool.is_held_for_another(kFirst, client("a")));
  EXPECT_TRUE(pool.is_held_for_another(kFirst, client("b")));
  EXPECT_EQ(pool.next_free(kFirst, kSecond), kSecond);
  pool.expire(kStart + 60s);
  EXPECT_EQ(pool.next_free(kFirst, kSecond), kFirst);
}

TEST(LeasePool, ForgetsTheOldestOfferWhenThereAreTooMany) {
  LeasePool pool({.leases = 10, .offers = 1, .changes = 10});
  pool.hold(kFirst, client("a"), kStart + 60s);
  pool.hold(kSecond, client("b"), kStart + 61s);
  EXPECT_EQ(pool.held_for(client("a")), std::nullopt);
  EXPECT_EQ(pool.held_for(client("b")), kSecond);
}

TEST(LeasePool, RefusesOneLeaseTooMany) {
  LeasePool pool({.leases = 1, .offers = 10, .changes = 10});
  EXPECT_NE(pool.record(lease(kFirst, client("a"))), nullptr);
  EXPECT_EQ(pool.record(lease(kSecond, client("b"))), nullptr);
  EXPECT_NE(pool.record(lease(kFirst, client("a"))), nullptr);
}

TEST(LeasePool, NeverHandsOutReservedAddresses) {
  LeasePool pool({});
  pool.set_reserved({kFirst});
  EXPECT_EQ(pool.next_free(kFirst, kSecond), kSecond);
  pool.record(lease(kFirst, client("a")));
  pool.end(kFirst);
  EXPECT_EQ(pool.next_free(kFirst, kSecond), kSecond);
  pool.set_reserved({});
  EXPECT_EQ(pool.next_free(kFirst, kSecond), kFirst);
}

}  // namespace
}  // namespace pxeproof::server
