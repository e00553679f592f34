#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/boot_watch.h"
#include "live/event_loop.h"

namespace pxeproof::cli {

// Prints a line for each boot when it is over, with the time of day.
class BootTeller : public live::EventSource {
 public:
  using Print = std::function<void(const std::string& line)>;

  // The directory is for advice; empty: none is given. The watch outlives this.
  BootTeller(BootWatch& watch, std::string directory, Print print);

  // Those that are not over yet.
  void tell_rest();

  std::vector<int> descriptors() const override { return {}; }
  live::Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return watch_.poll_timeout(); }

 private:
  void tell(const ServedBoot& boot) const;

  BootWatch& watch_;
  std::string directory_;
  Print print_;
};

}  // namespace pxeproof::cli
