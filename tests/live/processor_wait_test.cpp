#include "live/processor_wait.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace pxeproof::live {
namespace {

using namespace std::chrono_literals;
constexpr Instant kStart{100s};

TEST(ProcessorWaits, CountFromTheLookBeforeTheBeginning) {
  ProcessorWaits waits;
  EXPECT_EQ(waits.since(kStart), 0s);
  waits.add(kStart, 5s);
  waits.add(kStart + 1s, 6s);
  waits.add(kStart + 2s, 6s);
  waits.add(kStart + 3s, 9s);
  EXPECT_EQ(waits.since(kStart - 1s), 4s);
  EXPECT_EQ(waits.since(kStart), 4s);
  EXPECT_EQ(waits.since(kStart + 1500ms), 3s);
  EXPECT_EQ(waits.since(kStart + 3s), 0s);
}

TEST(ProcessorWaits, GoOnWithTheProcessThatTookTheOnesPlace) {
  ProcessorWaits waits;
  waits.add(kStart, 5s);
  waits.add(kStart + 1s, 7s);
  waits.add(kStart + 2s, 1s);
  EXPECT_EQ(waits.since(kStart), 3s);
}

TEST(ProcessorWaits, AreKnownOfThisProcess) {
  const auto waited = processor_wait(getpid());
  if (!waited) GTEST_SKIP() << "this kernel does not count them";
  EXPECT_GE(*waited, 0s);
  EXPECT_EQ(processor_wait(-1), std::nullopt);
}

}  // namespace
}  // namespace pxeproof::live
