#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "conformance/case_station.h"
#include "protocol/station.h"

namespace pxeproof::conformance {

// Many cases behind one network port, side by side: each frame goes to the case it is addressed to.
class Rack : public Station {
 public:
  struct Options {
    std::size_t at_once = 64;  // cases in progress
    std::uint64_t seed = 1;
    std::size_t first_number = 0;  // of the first case's addresses
  };
  // The cases start in this order. They and the setting outlive the rack.
  Rack(std::vector<const Case*> cases, const Setting& setting, Options options);

  void start(Instant now) override;
  void on_frame(Instant now, ByteView frame) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override;

  std::vector<MacAddress> macs() const;
  bool is_over() const { return finished_count_ == stations_.size(); }

  // A case that has ended since the last call.
  const CaseStation* poll_finished();
  // What a case wants done with the target; answer by on_action.
  struct Wish {
    std::size_t number = 0;
    TargetAction action{};
  };
  std::optional<Wish> poll_wish();
  void on_action(Instant now, std::size_t number, const ActionResult& result);

  // The cases in progress.
  std::vector<const Case*> running() const;
  // The cases that have not ended.
  std::vector<const Case*> unfinished() const;

 private:
  void power_on(Instant now);
  void follow(Instant now, std::size_t number);

  std::vector<std::unique_ptr<CaseStation>> stations_;
  Options options_;
  std::size_t next_ = 0;
  std::set<std::size_t> running_;
  std::set<std::pair<Instant, std::size_t>> deadlines_;
  std::vector<std::optional<Instant>> deadline_of_;
  std::deque<std::size_t> talking_;  // may have frames to send
  std::deque<std::size_t> finished_;
  std::deque<Wish> wishes_;
  std::size_t finished_count_ = 0;
};

}  // namespace pxeproof::conformance
