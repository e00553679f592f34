#include <fmt/format.h>

#include <utility>

#include "conformance/read_step.h"
#include "conformance/step.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLeastSettleTime = 50ms;
constexpr int kSettleFactor = 3;  // times the sentinel's answer time

// Does something, at once.
class Work : public Script::Step {
 public:
  explicit Work(std::function<void()> work) : work_(std::move(work)) {}
  void enter(Script& /*script*/) override {
    work_();
    finish();
  }

 private:
  std::function<void()> work_;
};

class Pause : public Script::Step {
 public:
  explicit Pause(Duration duration) : duration_(duration) {}
  void enter(Script& script) override { wait_until(script.now() + duration_); }
  void on_deadline(Script& /*script*/) override { finish(); }

 private:
  Duration duration_;
};

using Filter = std::function<bool(const Reply&)>;

// Waits for the next packet of an exchange.
class Await : public Script::Step {
 public:
  Await(Filter filter, Duration within, Judge judge, std::string wanted)
      : filter_(std::move(filter)),
        within_(within),
        judge_(std::move(judge)),
        wanted_(std::move(wanted)) {}

  void enter(Script& script) override { wait_until(script.now() + within_); }
  Take on_reply(Script& script, const Reply& reply) override {
    if (!filter_(reply)) return Take::Left;
    finish();
    script.rule(judge_(reply));
    return Take::Taken;
  }
  void on_deadline(Script& script) override {
    finish();
    script.rule(refuse(fmt::format("no {} within {:.0f} s", wanted_, to_seconds(within_))));
  }

 private:
  Filter filter_;
  Duration within_;
  Judge judge_;
  std::string wanted_;
};

// Collects what belongs to an exchange until the sentinel has been answered and a moment has
// passed: then whatever would have come has come.
class Settle : public Script::Step {
 public:
  Settle(Filter filter, Probe probe, JudgeAll judge)
      : filter_(std::move(filter)), sentinel_(probe), judge_(std::move(judge)) {}

  void enter(Script& script) override {
    sentinel_.begin(script);
    follow(script);
  }
  Take on_reply(Script& script, const Reply& reply) override {
    if (filter_(reply)) {
      collected_.push_back(reply);
      return Take::Taken;
    }
    if (!sentinel_.on_reply(script, reply)) return Take::Left;
    if (!settling_ && sentinel_.answered()) {
      settling_ = true;
      wait_until(script.now() +
                 std::max<Duration>(kLeastSettleTime, kSettleFactor * sentinel_.answer_time()));
    }
    return Take::Taken;
  }
  void on_deadline(Script& script) override {
    if (settling_) {
      finish();
      return script.rule(judge_(collected_));
    }
    sentinel_.on_deadline(script);
    if (!sentinel_.gave_up()) return follow(script);
    finish();
    script.rule(
        refuse(fmt::format("after it the server no longer answers a {}", sentinel_.words())));
  }

 private:
  void follow(Script& script) { wait_until(sentinel_.deadline().value_or(script.now())); }

  Filter filter_;
  Sentinel sentinel_;
  JudgeAll judge_;
  bool settling_ = false;
  std::vector<Reply> collected_;
};

// Collects what belongs to an exchange for a fixed time.
class Watch : public Script::Step {
 public:
  Watch(Filter filter, Duration duration, JudgeAll judge)
      : filter_(std::move(filter)), duration_(duration), judge_(std::move(judge)) {}
  void enter(Script& script) override { wait_until(script.now() + duration_); }
  Take on_reply(Script& /*script*/, const Reply& reply) override {
    if (!filter_(reply)) return Take::Left;
    collected_.push_back(reply);
    return Take::Taken;
  }
  void on_deadline(Script& script) override {
    finish();
    script.rule(judge_(collected_));
  }

 private:
  Filter filter_;
  Duration duration_;
  JudgeAll judge_;
  std::vector<Reply> collected_;
};

class Act : public Script::Step {
 public:
  Act(TargetAction action, JudgeAction judge)
      : action_(std::move(action)), judge_(std::move(judge)) {}
  void enter(Script& script) override { script.ask_for(action_); }
  void on_action(Script& script, const ActionResult& result) override {
    finish();
    script.rule(judge_(result));
  }

 private:
  TargetAction action_;
  JudgeAction judge_;
};

// The question whose answer proves life.
class Alive : public Script::Step {
 public:
  explicit Alive(Probe probe) : sentinel_(probe) {}
  void enter(Script& script) override {
    sentinel_.begin(script);
    wait_until(sentinel_.deadline().value_or(script.now()));
  }
  Take on_reply(Script& script, const Reply& reply) override {
    if (!sentinel_.on_reply(script, reply)) return Take::Left;
    if (sentinel_.answered()) finish();
    return Take::Taken;
  }
  void on_deadline(Script& script) override {
    sentinel_.on_deadline(script);
    if (!sentinel_.gave_up()) return wait_until(sentinel_.deadline().value_or(script.now()));
    finish();
    script.rule(
        refuse(fmt::format("afterwards the server no longer answers a {}", sentinel_.words())));
  }

 private:
  Sentinel sentinel_;
};

Judge must_be(dhcp::MessageType type, Judge judge) {
  return [type, judge = std::move(judge)](const Reply& reply) -> Ruling {
    if (!reply.is(type)) return refuse(reply.words());
    return judge(reply);
  };
}

}  // namespace

bool answers(const Script& script, const Reply& reply, std::uint32_t xid) {
  if (reply.source.port == tftp::kPort) return false;
  const auto view = reply.dhcp();
  if (!view) {
    return reply.destination.port == dhcp::kClientPort ||
           reply.destination.port == dhcp::kServerPort ||
           reply.destination.port == dhcp::kBootServerPort;
  }
  return view->xid() == xid || !script.issued(view->xid());
}

bool belongs(const Reply& reply, const Flow& flow) {
  return reply.host == flow.host && reply.destination.port == flow.port;
}

void Script::then(std::function<void()> work) { add(std::make_unique<Work>(std::move(work))); }

void Script::pause(Duration duration) { add(std::make_unique<Pause>(duration)); }

void Script::send(Stimulus stimulus) {
  then([this, stimulus = std::move(stimulus)] {
    note_sent(stimulus.words);
    put(stimulus);
  });
}

void Script::answer(Stimulus stimulus, Judge judge, Duration within) {
  const std::uint32_t xid = stimulus.xid();
  send(std::move(stimulus));
  add(std::make_unique<Await>(
      [this, xid](const Reply& reply) { return answers(*this, reply, xid); }, within,
      std::move(judge), "answer"));
}

void Script::offer(Stimulus stimulus, Judge judge, Duration within) {
  answer(std::move(stimulus), must_be(dhcp::MessageType::Offer, std::move(judge)), within);
}

void Script::ack(Stimulus stimulus, Judge judge, Duration within) {
  answer(std::move(stimulus), must_be(dhcp::MessageType::Ack, std::move(judge)), within);
}

void Script::ask(Stimulus stimulus, JudgeAll judge) {
  const std::uint32_t xid = stimulus.xid();
  send(std::move(stimulus));
  add(std::make_unique<Settle>(
      [this, xid](const Reply& reply) { return answers(*this, reply, xid); }, Probe::Dhcp,
      std::move(judge)));
}

void Script::silent(Stimulus stimulus) {
  std::string words = stimulus.words;
  ask(std::move(stimulus), [words](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return go_on();
    return refuse(fmt::format("{}: {}", words, replies.front().words()));
  });
}

void Script::request(const FlowPtr& flow, tftp::Request request) {
  request_to(flow, std::move(request), {setting_.server, tftp::kPort});
}

void Script::request_to(const FlowPtr& flow, tftp::Request request, Endpoint destination,
                        ScriptDatagram::Link link) {
  then([this, flow, request = std::move(request), destination, link] {
    flow->server = destination;
    flow->has_transfer_port = false;
    Bytes payload = tftp::encode(request);
    note_sent(tftp_words(payload));
    put(ScriptDatagram{.host = flow->host,
                       .link = link,
                       .source = {ip(flow->host), flow->port},
                       .destination = destination,
                       .payload = std::move(payload)});
  });
}

void Script::raw(const FlowPtr& flow, Bytes payload, std::string words) {
  then([this, flow, payload = std::move(payload), words = std::move(words)] {
    note_sent(words);
    put_tftp(*flow, payload);
  });
}

void Script::ack_block(const FlowPtr& flow, std::uint16_t block) {
  then([this, flow, block] {
    note_sent(fmt::format("ACK {}", block));
    put_tftp(*flow, tftp::encode(tftp::Ack{block, {}}));
  });
}

void Script::error(const FlowPtr& flow, std::uint16_t code) {
  then([this, flow, code] {
    Bytes payload;
    tftp::encode_error(static_cast<tftp::ErrorCode>(code), "conformance case", payload);
    note_sent(fmt::format("ERROR {}", code));
    put_tftp(*flow, payload);
  });
}

void Script::next(const FlowPtr& flow, Judge judge, Duration within) {
  add(std::make_unique<Await>([flow](const Reply& reply) { return belongs(reply, *flow); }, within,
                              [flow, judge = std::move(judge)](const Reply& reply) {
                                if (!flow->has_transfer_port) {
                                  flow->has_transfer_port = true;
                                  flow->server = reply.source;
                                }
                                return judge(reply);
                              },
                              "answer"));
}

void Script::blocks(const FlowPtr& flow, std::uint16_t first, std::uint16_t last) {
  for (std::uint32_t block = first; block <= last; ++block) {
    next(flow, [block](const Reply& reply) -> Ruling {
      const auto data = reply.as_data();
      if (!data || data->block != block)
        return refuse(fmt::format("{} where DATA {} was due", reply.words(), block));
      return go_on();
    });
  }
}

void Script::settle(const FlowPtr& flow, JudgeAll judge) {
  add(std::make_unique<Settle>([flow](const Reply& reply) { return belongs(reply, *flow); }, probe_,
                               std::move(judge)));
}

void Script::nothing(const FlowPtr& flow) {
  settle(flow, [this](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return go_on();
    return refuse(fmt::format("{} was answered by {}", sent_, replies.front().words()));
  });
}

void Script::watch(const FlowPtr& flow, Duration duration, JudgeAll judge) {
  add(std::make_unique<Watch>([flow](const Reply& reply) { return belongs(reply, *flow); },
                              duration, std::move(judge)));
}

void Script::read(Read what, JudgeRead judge) {
  add(make_read_step(std::move(what), std::move(judge)));
}

void Script::act(TargetAction action, JudgeAction judge) {
  add(std::make_unique<Act>(std::move(action), std::move(judge)));
}

void Script::forget() {
  then([this] { waiting_.clear(); });
}

void Script::alive(Probe probe) { add(std::make_unique<Alive>(probe)); }

}  // namespace pxeproof::conformance
