#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "cli/failure.h"
#include "live/event_loop.h"
#include "live/message_channel.h"
#include "server/lease_script.h"

namespace pxeproof::cli {

// Runs the program of dhcp-script in a process beside the confined server, one run at a time as
// dnsmasq does. That process knows the program from its start and is told only what to tell it;
// it runs with the rights that the server was started with, or as dhcp-scriptuser. Nothing here
// waits for a program.
class ScriptQueue : public live::EventSource {
 public:
  using Tell = std::function<void(const std::string& line)>;
  static constexpr std::size_t kMaximumWaiting = 65536;

  // Forks the process. To be called before anything is given up; tell gets what programs write.
  static Outcome<std::unique_ptr<ScriptQueue>> start(const server::ScriptConfiguration& script,
                                                     Tell tell);

  const std::string& program() const { return program_; }

  // To be run when those before it have ended; over the limit it is left out, and told of.
  void add(server::ScriptCall call);

  // Hands over what still waits, as far as the channel takes it: the process ends when all is run.
  void finish();

  std::vector<int> descriptors() const override { return {channel_.descriptor()}; }
  live::Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  ScriptQueue(live::MessageChannel channel, std::string program, Tell tell)
      : channel_(std::move(channel)), program_(std::move(program)), tell_(std::move(tell)) {}
  bool send_next();

  live::MessageChannel channel_;
  std::string program_;
  Tell tell_;
  std::deque<server::ScriptCall> waiting_;
  std::uint64_t left_out_ = 0;
  bool is_running_ = false;
  bool is_lost_ = false;
};

}  // namespace pxeproof::cli
