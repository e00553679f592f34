#pragma once

#include <optional>

#include "live/event_loop.h"
#include "live/file_descriptor.h"

namespace pxeproof::live {

// Catches SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 while it lives, instead of letting them end
// the process. SIGUSR2, with which others have their log opened anew, does nothing.
class StopSignals : public EventSource {
 public:
  static SystemResult<StopSignals> create();
  StopSignals(StopSignals&&) noexcept = default;
  StopSignals& operator=(StopSignals&&) noexcept = default;
  ~StopSignals() override;

  // SIGINT or SIGTERM, once it has arrived.
  std::optional<int> stop() const { return stop_; }

  // Whether SIGHUP arrived since the last call.
  bool take_reload();

  // The same of SIGUSR1.
  bool take_report();

  std::vector<int> descriptors() const override { return {signals_.number()}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  explicit StopSignals(FileDescriptor signals) : signals_(std::move(signals)) {}

  FileDescriptor signals_;
  std::optional<int> stop_;
  bool reload_ = false;
  bool report_ = false;
};

}  // namespace pxeproof::live
