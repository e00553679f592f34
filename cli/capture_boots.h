#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"
#include "firmware/fingerprint.h"
#include "trace/boot.h"

namespace pxeproof::cli {

// The boots of one capture file.
struct CaptureBoots {
  std::string path;
  std::vector<trace::Boot> boots;  // by their beginning
  std::string damage;              // the file ends in the middle; empty when it is whole
  std::uint64_t moved = 0;         // frames that stood behind later ones, and were sorted
  std::uint64_t cut_frames = 0;    // by a snap length
  std::uint64_t left_out = 0;      // boots beyond the limit
};

// More boots than anybody compares.
inline constexpr std::size_t kMaximumComparedBoots = 4096;

// Reads a file whole; "-" is standard input. A file that cannot be read, or holds frames that
// nobody here can read, is a failure.
Outcome<CaptureBoots> read_boots(const std::string& path);

// "52:54:00:12:34:56, arch 9 (UEFI x64), EDK2".
std::string describe_machine(const trace::Boot& boot);

// The family of clients that a word of --as means: "edk2", or the name of a profile.
Outcome<firmware::Family> parse_client_family(std::string_view text);

// Which boots of two captures belong together: first those of the same MAC address, in order; then
// of the same GUID; then of the same architecture; last one that is left on either side.
struct BootPairs {
  struct Pair {
    const trace::Boot* good = nullptr;
    const trace::Boot* bad = nullptr;
  };
  std::vector<Pair> pairs;
  std::vector<const trace::Boot*> only_good;
  std::vector<const trace::Boot*> only_bad;
};
struct BootChoice {
  std::optional<MacAddress> good;  // only boots of this machine
  std::optional<MacAddress> bad;
};
BootPairs match_boots(const CaptureBoots& good, const CaptureBoots& bad, const BootChoice& choice);

}  // namespace pxeproof::cli
