#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/time.h"

namespace pxeproof::rom {

// How long things took, from a microsecond up, each told apart to one part in 256 (as
// HdrHistogram does): two histograms merge into the one that would have counted both, and a
// percentile is never off by more than 0.4 %. Exact below 256 microseconds.
class LatencyHistogram {
 public:
  // Negative durations count as zero.
  void record(Duration duration) { record(duration, 1); }
  void record(Duration duration, std::uint64_t times);
  void merge(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  Duration minimum() const { return count_ == 0 ? Duration{} : minimum_; }
  Duration maximum() const { return maximum_; }
  Duration mean() const;

  // The smallest recorded duration that at least this share of all, in (0, 1], does not exceed;
  // the upper end of its class. Zero when nothing was recorded.
  Duration percentile(double share) const;

  // The classes that are not empty, in rising order: for files, plots and merging elsewhere.
  struct Class {
    Duration from;  // included
    Duration to;    // not included
    std::uint64_t count = 0;
  };
  std::vector<Class> classes() const;

 private:
  std::vector<std::uint64_t> counts_;  // as long as the highest class in use needs
  std::uint64_t count_ = 0;
  Duration minimum_ = Duration::max();
  Duration maximum_{};
  double sum_ = 0;  // of nanoseconds
};

}  // namespace pxeproof::rom
