#include "protocol/deadline_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "protocol/random.h"

namespace pxeproof {
namespace {

using namespace std::chrono_literals;
constexpr Instant kStart{10s};

TEST(DeadlineHeap, GivesOwnersInTheOrderOfTheirDeadlines) {
  DeadlineHeap heap;
  heap.set(5, kStart + 3s);
  heap.set(1, kStart + 1s);
  heap.set(9, kStart + 2s);

  EXPECT_EQ(heap.earliest(), kStart + 1s);
  EXPECT_EQ(heap.pop_due(kStart + 2s), 1U);
  EXPECT_EQ(heap.pop_due(kStart + 2s), 9U);
  EXPECT_EQ(heap.pop_due(kStart + 2s), std::nullopt);
  EXPECT_EQ(heap.earliest(), kStart + 3s);
}

TEST(DeadlineHeap, KeepsTheEarlierDeadlineWhenItMovesLater) {
  DeadlineHeap heap;
  heap.set(1, kStart + 1s);
  heap.set(1, kStart + 5s);
  EXPECT_EQ(heap.earliest(), kStart + 1s);
  heap.set(1, kStart + 500ms);
  EXPECT_EQ(heap.earliest(), kStart + 500ms);
}

TEST(DeadlineHeap, NeverWakesAnOwnerLateInAnyOrderOfCalls) {
  Random random(3);
  DeadlineHeap heap;
  std::map<std::uint32_t, Instant> wanted;
  for (int step = 0; step < 20000; ++step) {
    const auto owner = static_cast<std::uint32_t>(random.below(200));
    const Instant deadline = kStart + std::chrono::milliseconds(random.below(1000));
    switch (random.below(4)) {
      case 0:
        heap.remove(owner);
        wanted.erase(owner);
        break;
      case 1:
        while (const auto due = heap.pop_due(deadline)) wanted.erase(*due);
        for (const auto& [left, when] : wanted) ASSERT_GT(when, deadline) << left;
        break;
      default: {
        heap.set(owner, deadline);
        const auto [entry, added] = wanted.emplace(owner, deadline);
        if (!added) entry->second = std::min(entry->second, deadline);
      }
    }
    const auto first =
        std::ranges::min_element(wanted, {}, [](const auto& entry) { return entry.second; });
    ASSERT_EQ(heap.earliest(),
              first == wanted.end() ? std::nullopt : std::optional<Instant>(first->second));
  }
}

}  // namespace
}  // namespace pxeproof
