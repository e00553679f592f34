#include <fmt/format.h>

#include <algorithm>

#include "conformance/read_step.h"
#include "conformance/step.h"

namespace pxeproof::conformance {

namespace {

// Steps side by side; done when all are.
class Together : public Script::Step {
 public:
  explicit Together(std::vector<std::unique_ptr<Script::Step>> steps) : steps_(std::move(steps)) {}

  void enter(Script& script) override {
    for (const auto& step : steps_) step->enter(script);
    follow();
  }
  Take on_reply(Script& script, const Reply& reply) override {
    for (const auto& step : steps_) {
      if (step->done() || step->on_reply(script, reply) == Take::Left) continue;
      follow();
      return Take::Taken;
    }
    return Take::Left;
  }
  void on_deadline(Script& script) override {
    for (const auto& step : steps_) {
      if (!step->done() && step->deadline() && *step->deadline() <= script.now()) {
        step->on_deadline(script);
      }
    }
    follow();
  }

 private:
  void follow() {
    std::optional<Instant> first;
    bool all_done = true;
    for (const auto& step : steps_) {
      if (step->done()) continue;
      all_done = false;
      const auto deadline = step->deadline();
      if (deadline && (!first || *deadline < *first)) first = deadline;
    }
    if (all_done) return finish();
    if (first) wait_until(*first);
  }

  std::vector<std::unique_ptr<Script::Step>> steps_;
};

constexpr Duration kFirstWindow = std::chrono::seconds(4);  // PXE 2.1 s.2.2.3

// A DISCOVER at each interval; each has to be answered in time.
class PulseStep : public Script::Step {
 public:
  explicit PulseStep(Script::Pulse pulse) : pulse_(pulse) {}

  void enter(Script& script) override { ask(script); }
  Take on_reply(Script& script, const Reply& reply) override {
    const auto view = reply.dhcp();
    if (!view || view->xid() != discover_.xid()) return Take::Left;
    answered_ = true;
    if (script.now() - asked_ > pulse_.within) late(script);
    return Take::Taken;
  }
  void on_deadline(Script& script) override {
    if (!answered_) {
      // The interval may be shorter than the time allowed. On a busy machine the client's own
      // first window counts.
      const Duration allowed =
          script.setting().time == Setting::Time::Virtual ? pulse_.within : kFirstWindow;
      if (script.now() - asked_ < allowed) return wait_until(asked_ + allowed);
      late(script);
    }
    if (++sent_ == pulse_.times) return finish();
    ask(script);
  }

 private:
  void ask(Script& script) {
    discover_ = script.d0(pulse_.host);
    asked_ = script.now();
    answered_ = false;
    script.put(discover_);
    wait_until(asked_ + pulse_.interval);
  }
  void late(Script& script) const {
    if (answered_ && script.setting().time == Setting::Time::Real) {
      return script.rule(loosely("late OFFER"));
    }
    script.rule(refuse(
        fmt::format("a DISCOVER is not answered within {:.0f} s", to_seconds(pulse_.within))));
  }

  Script::Pulse pulse_;
  Stimulus discover_;
  std::size_t sent_ = 0;
  Instant asked_{};
  bool answered_ = false;
};

std::vector<std::unique_ptr<Script::Step>> make_steps(
    std::vector<std::pair<Read, JudgeRead>> reads) {
  std::vector<std::unique_ptr<Script::Step>> steps;
  steps.reserve(reads.size());
  for (auto& [what, judge] : reads)
    steps.push_back(make_read_step(std::move(what), std::move(judge)));
  return steps;
}

}  // namespace

void Script::read_together(std::vector<std::pair<Read, JudgeRead>> reads) {
  add(std::make_unique<Together>(make_steps(std::move(reads))));
}

void Script::read_together(std::vector<std::pair<Read, JudgeRead>> reads, Pulse pulse) {
  auto steps = make_steps(std::move(reads));
  steps.push_back(std::make_unique<PulseStep>(pulse));
  add(std::make_unique<Together>(std::move(steps)));
}

}  // namespace pxeproof::conformance
