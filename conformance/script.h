#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "conformance/case.h"
#include "conformance/read.h"
#include "conformance/reply.h"
#include "conformance/ruling.h"
#include "conformance/setting.h"
#include "conformance/stimulus.h"
#include "protocol/random.h"

namespace pxeproof::conformance {

using Judge = std::function<Ruling(const Reply&)>;
using JudgeAll = std::function<Ruling(std::span<const Reply>)>;

// One TFTP conversation of a case: a local port, and the port of the server once it has answered.
struct Flow {
  std::size_t host = 0;
  std::uint16_t port = 0;
  Endpoint server{};  // port 69 until the first answer
  bool has_transfer_port = false;
};
using FlowPtr = std::shared_ptr<Flow>;

// A datagram that a script wants sent.
struct ScriptDatagram {
  std::size_t host = 0;
  enum class Link { Server, Broadcast, Multicast } link = Link::Server;
  Endpoint source{};
  Endpoint destination{};
  Bytes payload{};
};

// Something that only whoever runs the target can do.
struct TargetAction {
  enum class Kind {
    Restart,   // stop by SIGTERM and start again
    Truncate,  // a file of the tree to a size
    ReadLog,   // what the target has written so far
    LookUp,    // whether a file exists below the fixture: "yes" or "no"
    Memory,    // its resident memory in KiB, as text
  };
  Kind kind = Kind::Restart;
  std::string path{};  // below the directory that holds the root
  std::uint64_t size = 0;
};
struct ActionResult {
  bool done = false;
  std::string text{};  // of the log; why it was not done
};
using JudgeAction = std::function<Ruling(const ActionResult&)>;

// Which question proves that the server is alive.
enum class Probe { Dhcp, Tftp, Either };

// How a case ended.
struct Outcome {
  enum class Kind { Pass, Loose, Fail, Skip, Broken };
  Kind kind = Kind::Broken;
  std::string answer{};  // the admissible answers seen, by name
  std::string seen{};    // of Fail: what was seen instead; of Skip and Broken: why
  std::string sent{};    // the last stimulus, in words
};

// A case in progress: a list of steps, each of which sends, waits or judges. A case writes its
// script once, with the calls below; a judge or a then() may write more steps, which come next. A
// machine: it is handed datagrams and the time, and polled for datagrams and its next deadline.
//
//   steps ... --refused--> (rest dropped) --> liveness --> over
class Script {
 public:
  Script(const Case& subject, const Setting& setting, std::size_t station, Random random);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  // ---- What a case knows.
  const Setting& setting() const { return setting_; }
  Random& random() { return random_; }
  Instant now() const { return now_; }
  Ipv4Address ip(std::size_t host = 0) const;
  MacAddress mac(std::size_t host = 0) const;
  Guid guid(std::size_t host = 0) const;
  // This host also answers for that address.
  void claim(Ipv4Address address, std::size_t host);

  // ---- Stimuli to begin with (conventions of docs/conformance.md).
  Stimulus d0(std::size_t host = 0);
  Stimulus r0(std::size_t host = 0);
  FlowPtr flow(std::size_t host = 0, std::uint16_t port = 0);

  // ---- Steps. What a step waits for is given before what judges it.
  void then(std::function<void()> work);
  void pause(Duration duration);
  void send(Stimulus stimulus);
  // The next answer to the stimulus, which must be an OFFER, an ACK, or anything.
  void offer(Stimulus stimulus, Judge judge, Duration within = std::chrono::seconds(4));
  void ack(Stimulus stimulus, Judge judge, Duration within = std::chrono::seconds(4));
  void answer(Stimulus stimulus, Judge judge, Duration within = std::chrono::seconds(4));
  // All answers until the sentinel has been answered; none is an answer too.
  void ask(Stimulus stimulus, JudgeAll judge);
  void silent(Stimulus stimulus);

  void request(const FlowPtr& flow, tftp::Request request);
  void request_to(const FlowPtr& flow, tftp::Request request, Endpoint destination,
                  ScriptDatagram::Link link = ScriptDatagram::Link::Server);
  void raw(const FlowPtr& flow, Bytes payload, std::string words);  // to its server port
  void ack_block(const FlowPtr& flow, std::uint16_t block);
  void error(const FlowPtr& flow, std::uint16_t code);
  // The next packet of the conversation.
  void next(const FlowPtr& flow, Judge judge, Duration within = std::chrono::seconds(8));
  // DATA with these block numbers, in order, and nothing else.
  void blocks(const FlowPtr& flow, std::uint16_t first, std::uint16_t last);
  // All packets of the conversation until the sentinel has been answered.
  void settle(const FlowPtr& flow, JudgeAll judge);
  void nothing(const FlowPtr& flow);  // settle, and none may have come
  // All packets of the conversation in this time: for the server's own timers only.
  void watch(const FlowPtr& flow, Duration duration, JudgeAll judge);
  // A whole transfer; without a judge it must come whole.
  void read(Read what, JudgeRead judge = nullptr);
  // Transfers at the same time, each with its judge.
  void read_together(std::vector<std::pair<Read, JudgeRead>> reads);
  // The same, while a DISCOVER of another host goes out at each interval and must be answered.
  struct Pulse {
    std::size_t host = 0;
    std::size_t times = 0;
    Duration interval{};
    Duration within{};
  };
  void read_together(std::vector<std::pair<Read, JudgeRead>> reads, Pulse pulse);

  void act(TargetAction action, JudgeAction judge);
  // Lets go of what nobody took.
  void forget();
  // The sentinel alone.
  void alive(Probe probe);
  void have(Need ability) { found_.insert(ability); }

  // For judges and then(): an answer by name, or the end.
  void rule(const Ruling& ruling);

  // ---- The machine, for whoever drives it.
  void start(Instant now);
  void on_reply(Instant now, Reply reply);
  void on_timeout(Instant now);
  bool poll_datagram(ScriptDatagram& out);
  std::optional<Instant> poll_timeout() const;
  std::optional<TargetAction> poll_action();
  void on_action(Instant now, const ActionResult& result);
  bool is_over() const { return phase_ == Phase::Over; }
  const Outcome& outcome() const { return outcome_; }
  const std::set<Need>& found() const { return found_; }
  bool issued(std::uint32_t xid) const { return xids_.contains(xid); }
  std::optional<std::size_t> owner_of(Ipv4Address address) const;
  std::size_t host_of(const MacAddress& mac) const;  // hosts() when it is none of ours
  std::size_t hosts() const { return subject_.hosts; }
  Probe probe() const { return probe_; }

  // ---- For steps.
  class Step;
  std::size_t sentinel_host() const { return subject_.hosts - 1; }
  std::uint16_t fresh_port();
  std::uint32_t fresh_xid();
  void put(ScriptDatagram datagram) { outgoing_.push_back(std::move(datagram)); }
  void put(const Stimulus& stimulus);
  void put_tftp(const Flow& flow, Bytes payload);
  void note_sent(std::string words) { sent_ = std::move(words); }
  void ask_for(const TargetAction& action) { action_ = action; }

 private:
  enum class Phase { Writing, Running, Closing, Over };

  void add(std::unique_ptr<Step> step);
  void advance();
  void offer_waiting(Step& step);
  void close();
  void conclude();
  void finish(Outcome outcome);

  const Case& subject_;
  const Setting& setting_;
  std::size_t station_;
  Random random_;
  Probe probe_;
  Phase phase_ = Phase::Writing;
  Instant now_{};
  Instant limit_{};
  std::list<std::unique_ptr<Step>> steps_;
  std::list<std::unique_ptr<Step>>::iterator insert_at_;
  bool entered_ = false;
  bool advancing_ = false;
  std::deque<Reply> waiting_;
  std::deque<ScriptDatagram> outgoing_;
  std::optional<TargetAction> action_;
  std::set<std::uint32_t> xids_;
  std::vector<std::pair<Ipv4Address, std::size_t>> claimed_;
  std::set<Need> found_;
  std::uint16_t next_port_;
  std::string sent_;
  std::vector<std::string> admitted_;
  std::vector<std::string> loose_;
  std::optional<Ruling> end_;  // Refuse or Skip
  Outcome outcome_;
};

// A request with options, for readability.
tftp::Request rrq(std::string_view name, std::vector<tftp::Option> options = {});

}  // namespace pxeproof::conformance
