#include "cli/boot_teller.h"

#include <utility>

#include "cli/serve_directory.h"
#include "live/wall_clock.h"

namespace pxeproof::cli {

BootTeller::BootTeller(BootWatch& watch, Options options, Print print)
    : watch_(watch), options_(std::move(options)), print_(std::move(print)) {
  // Reads the time zone while files can still be opened.
  static_cast<void>(live::wall_clock_time_of_day());
}

void BootTeller::tell(const ServedBoot& boot) const {
  std::string line = live::wall_clock_time_of_day() + "  " + describe(boot, options_.wanted);
  const bool is_unserved =
      boot.phase == ServedPhase::None && boot.architecture && !options_.directory.empty();
  if (is_unserved) line += "; " + how_to_serve(*boot.architecture, options_.directory);
  print_(boot, line);
}

live::Activity BootTeller::on_wake(Instant now) {
  while (const auto boot = watch_.poll_ended(now)) tell(*boot);
  return live::Activity::Idle;
}

void BootTeller::tell_rest() {
  while (const auto boot = watch_.take_rest()) tell(*boot);
}

}  // namespace pxeproof::cli
