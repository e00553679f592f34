#include "simclient/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pxeproof::rom {

namespace {

constexpr unsigned kPrecisionBits = 8;  // 256 classes to each doubling
constexpr std::uint64_t kLinear = std::uint64_t{1} << kPrecisionBits;
constexpr std::int64_t kUnit = 1000;  // nanoseconds

// Values below kLinear are their own class; above, the leading one and the eight bits behind it
// name the class.
std::size_t class_of(std::uint64_t value) {
  if (value < kLinear) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kPrecisionBits;
  return static_cast<std::size_t>((std::uint64_t{shift} << kPrecisionBits) + (value >> shift));
}

struct Bounds {
  std::uint64_t from;
  std::uint64_t to;
};

Bounds bounds_of(std::size_t index) {
  if (index < kLinear) return {index, index + 1};
  const std::uint64_t shift = (index >> kPrecisionBits) - 1;
  const std::uint64_t from = (kLinear + (index & (kLinear - 1))) << shift;
  return {from, from + (std::uint64_t{1} << shift)};
}

Duration of_units(std::uint64_t units) {
  return Duration(static_cast<std::int64_t>(units) * kUnit);
}

}  // namespace

void LatencyHistogram::record(Duration duration, std::uint64_t times) {
  if (times == 0) return;
  duration = std::max(duration, Duration{});
  const std::size_t index = class_of(static_cast<std::uint64_t>(duration.count() / kUnit));
  if (index >= counts_.size()) counts_.resize(index + 1);
  counts_[index] += times;
  count_ += times;
  minimum_ = std::min(minimum_, duration);
  maximum_ = std::max(maximum_, duration);
  sum_ += static_cast<double>(duration.count()) * static_cast<double>(times);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  minimum_ = std::min(minimum_, other.minimum_);
  maximum_ = std::max(maximum_, other.maximum_);
  sum_ += other.sum_;
}

Duration LatencyHistogram::mean() const {
  if (count_ == 0) return Duration{};
  return Duration(std::llround(sum_ / static_cast<double>(count_)));
}

Duration LatencyHistogram::percentile(double share) const {
  if (count_ == 0) return Duration{};
  const double wanted = std::ceil(share * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    // The ends are known exactly.
    if (seen >= rank) return std::clamp(of_units(bounds_of(i).to), minimum_, maximum_);
  }
  return maximum_;
}

std::vector<LatencyHistogram::Class> LatencyHistogram::classes() const {
  std::vector<Class> result;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const Bounds bounds = bounds_of(i);
    result.push_back({of_units(bounds.from), of_units(bounds.to), counts_[i]});
  }
  return result;
}

}  // namespace pxeproof::rom
