#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/observed_machine.h"
#include "firmware/profile.h"
#include "protocol/time.h"

namespace pxeproof::cli {

// The waits between repetitions as a profile's TOML has them, and what they rest on.
struct LearnedWaits {
  std::string value;
  std::string note;
};

// What the repetitions in a run say of its waits; nullopt: nothing, or that they double as below.
std::optional<LearnedWaits> waits_of_run(const std::vector<const RecordedFrame*>& run,
                                         const firmware::RetryRule& below,
                                         const firmware::Profile& base);

// The waits of the base stay where the recorded repetitions came at them; else what was seen takes
// their place. The phase of the base is nullptr where it has none.
LearnedWaits waits_of_phase(const std::vector<ObservedMessage>& messages,
                            const firmware::DhcpPhase* phase, const firmware::Profile& base);

// A wait in whole milliseconds, one at least, such as 4000ms.
std::string milliseconds(Duration wait);

}  // namespace pxeproof::cli
