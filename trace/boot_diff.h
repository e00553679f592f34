#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "firmware/fingerprint.h"
#include "trace/alignment.h"
#include "trace/boot.h"
#include "trace/compared_step.h"
#include "trace/difference_rules.h"

namespace pxeproof::trace {

// One difference between two boots that should be the same.
struct Difference {
  enum class Kind {
    Field,    // a value of a step that both have
    Missing,  // a step that only the good boot has
    Extra,    // a step that only the bad boot has
    Moved,    // both have the step, in another order
    Repeats,  // it was said more often, or less
    Took,     // it took longer, or less
    Pause,    // the client waited longer before it, or less
    Verdict,  // how the boots ended
  };
  Kind kind = Kind::Field;
  Significance significance;
  std::size_t place = 0;  // in BootDiff::places
  std::string step;       // "OFFER proxy"
  std::string key;        // of the field: what --ignore names
  std::string label;      // "43.10 menu-prompt"
  std::string good;       // values, for people
  std::string bad;
  std::uint32_t good_packet = 0;  // 0: none
  std::uint32_t bad_packet = 0;
  bool follows = false;  // it comes after the fork, and may be its consequence
};

// Two boots laid side by side.
struct BootDiff {
  std::vector<ComparedStep> good;
  std::vector<ComparedStep> bad;
  std::vector<AlignedPair> places;      // of good and bad
  std::vector<Difference> differences;  // by place
  std::optional<std::size_t> fork;      // of differences: where the boots first part
  std::optional<std::size_t> cause;     // of differences: what came before it, if anything did
  std::size_t aligned = 0;
  // What a snap length cut off, and so is not compared.
  struct Hidden {
    std::uint64_t packets = 0;      // of the boot
    std::uint64_t dhcp_frames = 0;  // cut in the file, when none of the boot's DHCP can be read
    bool dhcp_steps = false;        // what DHCP there was, as opposed to what it said

    bool any() const { return packets > 0 || dhcp_frames > 0; }
  };
  Hidden good_hidden;
  Hidden bad_hidden;
  struct Normalised {
    std::size_t macs = 0;
    std::size_t addresses = 0;
    std::size_t guids = 0;
    std::size_t xids = 0;
    std::size_t ports = 0;
    std::size_t host_names = 0;
    Duration clock_shift{0};  // from the good boot's begin to the bad one's
  } normalised;

  std::size_t count(Rank rank) const;
};

struct BootDiffOptions {
  // "semantic", "timing", "cosmetic", a field's key, or STEP:KEY such as "OFFER proxy:siaddr".
  std::set<std::string> ignore{};
  // For a client of which family the differences are judged; nullopt: what the good boot looks
  // like, or the bad one when a cut leaves that open.
  std::optional<firmware::Family> family{};
  Duration least_delay = std::chrono::milliseconds(200);  // a smaller change of time is none
  double least_ratio = 2;                                 // and neither is a smaller factor
  // Frames of each file that a snap length cut: DHCP that is missing may be among them.
  std::uint64_t good_cut_frames = 0;
  std::uint64_t bad_cut_frames = 0;
};

BootDiff compare_boots(const Boot& good, const Boot& bad, const BootDiffOptions& options);

}  // namespace pxeproof::trace
