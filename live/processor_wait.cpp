#include "live/processor_wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>

namespace pxeproof::live {

std::optional<Duration> processor_wait(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/schedstat", pid));
  std::int64_t ran = 0;
  std::int64_t waited = 0;
  if (!(file >> ran >> waited)) return std::nullopt;
  return std::chrono::nanoseconds(waited);
}

void ProcessorWaits::add(Instant now, Duration waited) {
  const Duration more = waited >= last_ ? waited - last_ : waited;
  last_ = waited;
  looks_.push_back({now, looks_.empty() ? Duration{} : looks_.back().total + more});
  if (looks_.size() > kLooks) looks_.pop_front();
}

Duration ProcessorWaits::since(Instant begun) const {
  if (looks_.empty()) return {};
  const auto later =
      std::ranges::upper_bound(looks_, begun, {}, [](const Look& look) { return look.at; });
  const Look& first = later == looks_.begin() ? looks_.front() : *(later - 1);
  return looks_.back().total - first.total;
}

}  // namespace pxeproof::live
