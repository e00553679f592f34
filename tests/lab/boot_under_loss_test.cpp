// The whole article boot in virtual time, from the built-in servers, under loss. This proves
// agreement of our own parts, and that no single loss can stop a boot; what the real ROM does is
// proved in tests/real.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "protocol/dhcp/message.h"
#include "protocol/frames/inspect.h"
#include "tests/support/virtual_boot.h"

namespace pxeproof::testing {
namespace {

using namespace std::chrono_literals;

constexpr double kLoss = 0.05;
constexpr double kDuplication = 0.02;
constexpr double kReordering = 0.02;

std::string saved_as(std::string_view test, std::uint64_t seed) {
  const std::string name = "pxeproof-" + std::string(test) + "-" + std::to_string(seed) + ".pcap";
  return (std::filesystem::temp_directory_path() / name).string();
}

bool is_dhcp(const frames::Udp& udp) {
  const auto is_dhcp_port = [](std::uint16_t port) {
    return port == dhcp::kServerPort || port == dhcp::kClientPort || port == dhcp::kBootServerPort;
  };
  return is_dhcp_port(udp.source.port) || is_dhcp_port(udp.destination.port);
}

TEST(BootUnderLoss, BootsWhenNothingIsLost) {
  VirtualBoot boot({});
  boot.run();
  ASSERT_NE(boot.rom().booted(), nullptr) << boot.rom().failed()->reason;
  EXPECT_EQ(boot.rom().booted()->image, "/memtest/memtest86+-5.01");
  EXPECT_GT(boot.network().frames_sent(), 450U);
}

TEST(BootUnderLoss, RepeatsExactlyFromItsSeed) {
  const auto capture_of = [](std::uint64_t seed) {
    VirtualBoot boot({.seed = seed, .impairment = {.loss = kLoss, .duplication = kDuplication}});
    boot.run();
    return boot.network().capture();
  };
  EXPECT_EQ(capture_of(7), capture_of(7));
  EXPECT_NE(capture_of(7), capture_of(8));
}

// Every single frame of the whole boot, one run each. Sharded so that the shards run side by side.
class EverySingleLoss : public ::testing::TestWithParam<std::size_t> {
 public:
  static constexpr std::size_t kShards = 8;
};

TEST_P(EverySingleLoss, DelaysTheBootAtMost) {
  VirtualBoot whole({});
  whole.run();
  const std::size_t frames = whole.network().frames_sent();
  for (std::size_t lost = GetParam(); lost < frames; lost += kShards) {
    VirtualBoot boot({.mask = lab::lose_frames({lost})});
    boot.run();
    EXPECT_NE(boot.rom().booted(), nullptr)
        << "without frame " << lost << ": "
        << (boot.rom().failed() ? boot.rom().failed()->reason : "it never ended") << ", see "
        << boot.save(saved_as("single-loss", lost));
  }
}
INSTANTIATE_TEST_SUITE_P(Shard, EverySingleLoss,
                         ::testing::Range(std::size_t{0}, EverySingleLoss::kShards));

// What the boot protocol's answers look like: nothing of the phase in which the ROM gave up may
// have reached it.
bool answer_reached_rom(const VirtualBoot& boot, std::uint16_t server_port,
                        dhcp::MessageType type) {
  for (const lab::CapturedFrame& frame : boot.network().capture()) {
    const bool delivered = std::ranges::any_of(frame.deliveries, [&boot](const auto& delivery) {
      return delivery.receiver == boot.rom_id();
    });
    const auto udp = frames::inspect_udp(frame.octets);
    if (!delivered || !udp || udp->source.port != server_port) continue;
    const auto message = dhcp::MessageView::parse(udp->payload);
    if (message && message->type() == type && message->op() == dhcp::kBootReply) return true;
  }
  return false;
}

// A failure that the ROM's own schedule explains: it asked as often as it does, and no answer came
// through.
std::string unexplained(const VirtualBoot& boot) {
  const rom::Failed& failed = *boot.rom().failed();
  if (!failed.failure) return "not the firmware's own failure: " + failed.reason;
  switch (*failed.failure) {
    case firmware::Failure::NoOffer:
      return answer_reached_rom(boot, dhcp::kServerPort, dhcp::MessageType::Offer)
                 ? "an OFFER had reached it"
                 : "";
    case firmware::Failure::NoAcknowledgement:
      return answer_reached_rom(boot, dhcp::kServerPort, dhcp::MessageType::Ack)
                 ? "an ACK had reached it"
                 : "";
    case firmware::Failure::BootServerSilent:
      return answer_reached_rom(boot, dhcp::kBootServerPort, dhcp::MessageType::Ack)
                 ? "the boot server's ACK had reached it"
                 : "";
    case firmware::Failure::NothingToBoot:
      // iPXE takes an address alone when no proxy spoke for two seconds; then it has no boot file.
      return {};
    default:
      return "it failed behind DHCP: " + failed.reason;
  }
}

class LossySeeds : public ::testing::TestWithParam<std::uint64_t> {
 public:
  static constexpr std::uint64_t kShards = 8;
  static constexpr std::uint64_t kSeeds = 1000;
};

TEST_P(LossySeeds, EndBootedOrWithTheRomsOwnGiveUp) {
  std::size_t booted = 0;
  std::size_t given_up = 0;
  for (std::uint64_t seed = GetParam(); seed < kSeeds; seed += kShards) {
    VirtualBoot boot(
        {.seed = seed,
         .impairment = {.loss = kLoss, .duplication = kDuplication, .reordering = kReordering}});
    boot.run();
    ASSERT_TRUE(boot.rom().is_over()) << "seed " << seed;
    if (boot.rom().booted() != nullptr) {
      ++booted;
      continue;
    }
    ++given_up;
    const std::string reason = unexplained(boot);
    EXPECT_EQ(reason, "") << "seed " << seed << ", see " << boot.save(saved_as("lossy", seed));
  }
  RecordProperty("booted", static_cast<int>(booted));
  RecordProperty("given_up", static_cast<int>(given_up));
  EXPECT_GT(booted, given_up * 10);
}

// Loss begins with the first TFTP request: then nothing may stop the boot.
TEST_P(LossySeeds, AllBootWhenDhcpIsSpared) {
  for (std::uint64_t seed = GetParam(); seed < kSeeds; seed += kShards) {
    Random random = Random(seed).fork(99);
    bool spared = true;
    const auto mask = [&random, &spared](const lab::CapturedFrame& frame) {
      const auto udp = frames::inspect_udp(frame.octets);
      if (udp && !is_dhcp(*udp)) spared = false;
      return !spared && random.chance(kLoss);
    };
    VirtualBoot boot({.seed = seed,
                      .impairment = {.duplication = kDuplication, .reordering = kReordering},
                      .mask = mask});
    boot.run();
    EXPECT_NE(boot.rom().booted(), nullptr)
        << "seed " << seed << ": "
        << (boot.rom().failed() ? boot.rom().failed()->reason : "it never ended") << ", see "
        << boot.save(saved_as("spared", seed));
  }
}
INSTANTIATE_TEST_SUITE_P(Shard, LossySeeds,
                         ::testing::Range(std::uint64_t{0}, LossySeeds::kShards));

}  // namespace
}  // namespace pxeproof::testing
