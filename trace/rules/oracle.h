#pragma once

#include <string>
#include <vector>

#include "trace/rules/rule.h"

namespace pxeproof::trace {

// What a firmware would make of the answers in a session.
struct Prediction {
  firmware::Family family = firmware::Family::Unknown;
  enum class Outcome { Boots, Asks4011InVain, NoBoot } outcome = Outcome::NoBoot;
  std::string text;  // "would fetch pxelinux.0 from 10.0.0.9"
};
Prediction predict(firmware::Family family, const BootSession& session);

// The other families' lot, for "what other firmware would have done"; those that do not differ are
// told in one line. None for a round of what the firmware loaded, nor of HTTP boot: the answers
// were for that.
std::vector<std::string> other_firmware(firmware::Family own, const BootSession& session);

// What the machine's screen shows when it ends so; empty when it is not known.
std::string screen_words(firmware::Family family, const BootVerdict& verdict,
                         const BootSession& session);

}  // namespace pxeproof::trace
