#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/boot_watch.h"
#include "live/event_loop.h"

namespace pxeproof::cli {

// Prints a line for each boot when it is over, with the time of day.
class BootTeller : public live::EventSource {
 public:
  using Print = std::function<void(const ServedBoot& boot, const std::string& line)>;
  struct Options {
    std::string directory{};              // for advice; empty: none is given
    std::optional<ServedPhase> wanted{};  // of a boot, by whoever waits for one
  };

  // The watch outlives this.
  BootTeller(BootWatch& watch, Options options, Print print);

  // Those that are not over yet.
  void tell_rest();

  std::vector<int> descriptors() const override { return {}; }
  live::Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return watch_.poll_timeout(); }

 private:
  void tell(const ServedBoot& boot) const;

  BootWatch& watch_;
  Options options_;
  Print print_;
};

}  // namespace pxeproof::cli
