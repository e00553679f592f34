#include <gmock/gmock.h>

#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;

Script small_tree() {
  Script script;
  script.files["pxelinux.0"] = pxelinux_like(9000);
  script.files["ldlinux.c32"] = std::string(5000, 'l');
  script.files["config"] = "default x";
  script.files["kernel"] = std::string(2816, 'k');
  return script;
}

RomOptions options_with_stage(std::uint64_t seed = 1) {
  RomOptions options = ipxe_options();
  options.seed = seed;
  options.make_stage = [](const StageInput&) {
    return make_scripted_stage({{"ldlinux.c32", kBootServer, Fetcher::Program, Fetch::Use::Library},
                                {"config", kBootServer, Fetcher::Program, Fetch::Use::Text},
                                {"kernel", kBootServer, Fetcher::Program, Fetch::Use::Image}});
  };
  return options;
}

std::size_t frames_of_a_boot() {
  RomBench bench(options_with_stage(), small_tree());
  bench.run();
  EXPECT_TRUE(bench.rom().booted());
  return bench.frames_on_wire();
}

// Runs a boot with one fault at one frame; expects it to end booted.
void expect_boot_with(std::size_t frame, Fault fault) {
  RomBench bench(options_with_stage(), small_tree(),
                 [=](std::size_t at) { return at == frame ? fault : Fault{}; });
  bench.run();
  EXPECT_TRUE(bench.rom().booted())
      << "frame " << frame << ": "
      << (bench.rom().failed() != nullptr ? bench.rom().failed()->reason : "still waiting");
}

TEST(RomFaults, EverySingleLostFrameIsRecovered) {
  const std::size_t frames = frames_of_a_boot();
  for (std::size_t frame = 0; frame < frames; ++frame) {
    expect_boot_with(frame, {.kind = Fault::Kind::Lose});
  }
}

TEST(RomFaults, EverySingleDuplicateIsHarmless) {
  const std::size_t frames = frames_of_a_boot();
  for (std::size_t frame = 0; frame < frames; ++frame) {
    expect_boot_with(frame, {.kind = Fault::Kind::Duplicate});
  }
}

TEST(RomFaults, EverySingleLateFrameIsHarmless) {
  const std::size_t frames = frames_of_a_boot();
  for (const Duration delay : {Duration(350us), Duration(300ms)}) {
    for (std::size_t frame = 0; frame < frames; ++frame) {
      expect_boot_with(frame, {.kind = Fault::Kind::Delay, .delay = delay});
    }
  }
}

// Loss, duplication and reordering at random: a boot ends booted or in the ROM's own give-up.
TEST(RomFaults, RandomFaultsEndBootedOrInTheRomsOwnWords) {
  int booted = 0;
  constexpr int kSeeds = 200;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    RomBench bench(options_with_stage(seed), small_tree(), [&](std::size_t) -> Fault {
      if (random.chance(0.05)) return {.kind = Fault::Kind::Lose};
      if (random.chance(0.05)) return {.kind = Fault::Kind::Duplicate};
      if (random.chance(0.05)) return {.kind = Fault::Kind::Delay, .delay = 2ms};
      return {};
    });
    bench.run();
    ASSERT_TRUE(bench.rom().is_over()) << "seed " << seed;
    if (bench.rom().booted() != nullptr) {
      ++booted;
    } else {
      EXPECT_FALSE(bench.rom().failed()->firmware_words.empty()) << "seed " << seed;
      EXPECT_LT(bench.rom().failed()->phase, Phase::Nbp) << "seed " << seed << " failed in TFTP";
    }
  }
  EXPECT_GT(booted, kSeeds * 8 / 10);
}

TEST(RomFaults, TheSameSeedGivesTheSameBoot) {
  const auto frames = [](std::uint64_t seed) {
    RomBench bench(options_with_stage(seed), small_tree());
    bench.run();
    std::vector<Frame> result;
    for (const Sent& sent : bench.sent()) result.push_back(sent.frame);
    return result;
  };
  EXPECT_EQ(frames(7), frames(7));
  EXPECT_NE(frames(7), frames(8));
}

TEST(RomFaults, HostileFramesNeverBreakIt) {
  Random random(3);
  RomBench reference(options_with_stage(), small_tree());
  reference.run();
  for (int round = 0; round < 300; ++round) {
    RomOptions options = options_with_stage();
    options.checksums = frames::ChecksumPolicy::Ignore;
    RomBench bench(std::move(options), small_tree(), [](std::size_t) { return Fault{}; });
    bench.start();
    bench.run_until(kStart + Duration(random.below(6'000'000)));
    for (int i = 0; i < 8 && !bench.sent().empty(); ++i) {
      // A frame of the ROM itself, turned round and bitten into.
      Frame frame = bench.sent()[random.below(bench.sent().size())].frame;
      std::swap_ranges(frame.begin(), frame.begin() + 6, frame.begin() + 6);
      if (frame.size() > 38)
        std::swap_ranges(frame.begin() + 34, frame.begin() + 36, frame.begin() + 36);
      for (int bite = 0; bite < 3; ++bite) {
        frame[14 + random.below(frame.size() - 14)] = static_cast<std::uint8_t>(random.next());
      }
      frame.resize(frame.size() - random.below(std::min<std::size_t>(frame.size() - 14, 40)));
      bench.deliver(frame);
    }
    bench.run_until(kStart + 1s);
  }
}

}  // namespace
}  // namespace pxeproof::rom
