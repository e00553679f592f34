#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/time.h"

namespace pxeproof {

// The next deadline of many owners, each known by a small number. A deadline that moves later costs
// nothing until the earlier one comes: it then looks like a call that came too early.
class DeadlineHeap {
 public:
  // owner wants to be woken at deadline, at the latest.
  void set(std::uint32_t owner, Instant deadline);
  void remove(std::uint32_t owner);

  std::optional<Instant> earliest() const;

  // Takes out one owner whose entry is due; nullopt when there is none.
  std::optional<std::uint32_t> pop_due(Instant now);

 private:
  struct Entry {
    Instant deadline;
    std::uint32_t owner;
  };
  static constexpr std::uint32_t kAbsent = 0xffffffffU;

  void place(std::size_t at, const Entry& entry);
  void sift_up(std::size_t at);
  void sift_down(std::size_t at);
  void take_out(std::size_t at);

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> position_;  // of each owner in entries_, or kAbsent
};

}  // namespace pxeproof
