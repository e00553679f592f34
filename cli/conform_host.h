#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/conform_live.h"
#include "conformance/script.h"
#include "live/child_process.h"
#include "live/event_loop.h"
#include "live/lab_network.h"

namespace pxeproof::cli {

// The target in the lab: a host of its own with the fixture's tree, and the process that serves it.
class TargetHost : public live::EventSource {
 public:
  static Outcome<std::unique_ptr<TargetHost>> start(live::LabNetwork& network,
                                                    const conformance::Setting& setting,
                                                    const std::string& configuration,
                                                    const LiveRunOptions& options);

  conformance::ActionResult act(const conformance::TargetAction& action);
  // Of the process that serves, or served last.
  pid_t pid() const { return process_->pid(); }
  // How it ended, if it did without being asked to.
  std::optional<live::Exit> died();
  const std::vector<std::string>& log() const { return log_; }
  bool has_foreign_files() const { return has_foreign_files_; }

  std::vector<int> descriptors() const override { return process_->descriptors(); }
  live::Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  TargetHost(live::Host host, const LiveRunOptions& options)
      : host_(std::move(host)), options_(options) {}
  Outcome<void> launch();
  Outcome<void> wait_until_ready();

  live::Host host_;
  const LiveRunOptions& options_;
  std::string configuration_;
  std::string configuration_file_;
  std::string root_;
  bool has_foreign_files_ = true;
  std::optional<live::ChildProcess> process_;
  std::vector<std::string> log_;
};

// Where a lab's fixture lies.
inline constexpr std::string_view kLabFixture = "/var/lib/pxeproof/fixture";

}  // namespace pxeproof::cli
