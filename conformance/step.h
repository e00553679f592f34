#pragma once

#include <optional>

#include "conformance/script.h"

namespace pxeproof::conformance {

// One step of a script. It is entered once; then it is offered each packet that no earlier step
// took, and told when its deadline has come, until it is done.
class Script::Step {
 public:
  virtual ~Step() = default;
  virtual void enter(Script& script) = 0;
  enum class Take { Taken, Left };
  virtual Take on_reply(Script& /*script*/, const Reply& /*reply*/) { return Take::Left; }
  virtual void on_deadline(Script& /*script*/) {}
  virtual void on_action(Script& /*script*/, const ActionResult& /*result*/) {}

  bool done() const { return done_; }
  const std::optional<Instant>& deadline() const { return deadline_; }

 protected:
  void finish() {
    done_ = true;
    deadline_.reset();
  }
  void wait_until(Instant when) { deadline_ = when; }

 private:
  bool done_ = false;
  std::optional<Instant> deadline_;
};

// Whether a packet belongs to the exchange of this transaction: a packet with a transaction that
// nobody used belongs to every exchange, so that it is judged.
bool answers(const Script& script, const Reply& reply, std::uint32_t xid);
bool belongs(const Reply& reply, const Flow& flow);

// Asks the question that every server in order answers, again and again until it is answered.
class Sentinel {
 public:
  explicit Sentinel(Probe probe) : probe_(probe) {}

  void begin(Script& script);
  // Whether the packet was the sentinel's business.
  bool on_reply(Script& script, const Reply& reply);
  void on_deadline(Script& script);
  std::optional<Instant> deadline() const { return deadline_; }
  bool answered() const { return answered_; }
  bool gave_up() const { return gave_up_; }
  Duration answer_time() const { return answer_time_; }
  std::string words() const;

 private:
  void ask(Script& script);

  Probe probe_;
  std::size_t tries_ = 0;
  std::optional<Stimulus> discover_;
  FlowPtr flow_;
  Instant asked_{};
  std::optional<Instant> deadline_;
  bool answered_ = false;
  bool gave_up_ = false;
  Duration answer_time_{};
};

}  // namespace pxeproof::conformance
