#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/recorded_boot.h"
#include "firmware/profile.h"
#include "simclient/received_file.h"

namespace pxeproof::cli {

struct FidelityOptions {
  std::shared_ptr<const firmware::Profile> profile;  // must be given
  const rom::ExpectedContent* tree = nullptr;        // what the server served; must be given
  std::uint64_t seed = 1;
  // How far a repetition may be off, beside the firmware's own tick.
  Duration tolerance = std::chrono::milliseconds(50);
  // How much later the real machine may be where no timer separates two packets.
  Duration own_time = std::chrono::seconds(1);
  enum class Waits { Compared, Ignored };
  Waits waits = Waits::Compared;  // Ignored: the recording was made on a host that was busy
};

// A place where the simulated boot is not as the real one.
struct FidelityDifference {
  std::uint32_t packet = 0;  // number in the capture; 0: it has no such packet
  std::string kind;          // of the packet
  std::string field;
  std::string real;
  std::string simulated;
};

struct FidelityReport {
  std::size_t packets = 0;                                    // of the client, compared
  std::size_t octets = 0;                                     // in them
  std::size_t gaps = 0;                                       // compared waits
  std::vector<std::pair<std::string, std::size_t>> declared;  // volatile fields that did differ
  std::vector<FidelityDifference> differences;
};

// Boots the simulated twin of a recorded machine against a replay of the servers it had, in virtual
// time, and compares what both sent: order, octets, times.
FidelityReport compare_with_recording(const RecordedBoot& boot, const FidelityOptions& options);

}  // namespace pxeproof::cli
