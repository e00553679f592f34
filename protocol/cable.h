#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include "protocol/random.h"
#include "protocol/time.h"

namespace pxeproof {

// What happens to the frames that pass one direction of one cable.
struct Impairment {
  double loss = 0;         // probability that a frame vanishes
  double duplication = 0;  // probability that a frame arrives a second time
  double reordering = 0;   // probability that a frame is held back, so that later ones overtake it
  Duration reorder_delay = std::chrono::milliseconds(2);  // how long such a frame is held back
  Duration delay{0};                                      // added to every frame
  Duration jitter{0};  // up to so much more, evenly distributed; alone it never reorders

  bool is_perfect() const {
    return loss == 0 && duplication == 0 && reordering == 0 && delay == Duration{} &&
           jitter == Duration{};
  }
};

// One direction of a cable: decides what becomes of each frame, from a stream of its own.
class Cable {
 public:
  Cable(const Impairment& impairment, Random random) : impairment_(impairment), random_(random) {}

  // When the copies of a frame come out at the other end.
  struct Passage {
    std::size_t copies = 0;  // 0: lost
    std::array<Instant, 2> at{};

    const Instant* begin() const { return at.data(); }
    const Instant* end() const { return at.data() + copies; }
  };

  // Always draws four numbers, so that changing one probability leaves the other choices as they
  // were.
  Passage pass(Instant at);

 private:
  Impairment impairment_;
  Random random_;
  Instant last_arrival_ = Instant::min();  // frames that are not held back keep their order
};

}  // namespace pxeproof
