#include "simclient/pxelinux_stage.h"

#include <fmt/format.h>

#include <utility>

#include "simclient/pxelinux_machine.h"

namespace pxeproof::rom {

std::unique_ptr<BootStage> make_pxelinux_stage(PxelinuxOptions options) {
  return std::make_unique<PxelinuxMachine>(std::move(options));
}

PxelinuxMachine::PxelinuxMachine(PxelinuxOptions options)
    : options_(std::move(options)),
      search_(options_.fetch_limit),
      program_{.boot_file = options_.boot_file,
               .server = options_.server,
               .config_file = options_.config_file,
               .path_prefix = options_.path_prefix} {}

void PxelinuxMachine::start(Instant now) {
  now_ = now;
  if (options_.dhcp_profile) {
    asks_for_address_ = true;
    return;
  }
  begin_program(options_.boot_file);
  run();
}

std::optional<BootStage::Dhcp> PxelinuxMachine::poll_dhcp() {
  if (ending_ || !std::exchange(asks_for_address_, false)) return std::nullopt;
  return Dhcp{.profile = *options_.dhcp_profile};
}

void PxelinuxMachine::on_address(Instant now, const StageAddress& address) {
  now_ = now;
  if (!address.configured) {
    fail(FailureKind::Halted, "Failed to initialize network",
         "no server gave an address to a client without option 60, as which syslinux.efi asks");
    return;
  }
  begin_program(options_.boot_file);
  run();
}

void PxelinuxMachine::on_fetched(Instant now, const Fetched& fetched) {
  now_ = now;
  search_.on_fetched(fetched);
  run();
}

void PxelinuxMachine::on_timeout(Instant now) {
  now_ = now;
  const auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting == nullptr || ending_ || !waiting->until || now < *waiting->until) return;
  const Waiting over = *waiting;
  state_ = Idle{};
  wait_is_over(over);
  run();
}

std::optional<Fetch> PxelinuxMachine::poll_fetch() {
  return ending_ ? std::nullopt : search_.poll_fetch();
}

std::optional<Instant> PxelinuxMachine::poll_timeout() const {
  const auto* waiting = std::get_if<Waiting>(&state_);
  return waiting == nullptr || ending_ ? std::nullopt : waiting->until;
}

std::optional<std::string> PxelinuxMachine::poll_note() {
  if (notes_.empty()) return std::nullopt;
  std::string note = std::move(notes_.front());
  notes_.pop_front();
  return note;
}

// Goes from state to state until a file, a wait or the end is reached. A loop, not a recursion:
// the configuration decides how many states there are.
void PxelinuxMachine::run() {
  while (!ending_) {
    const std::optional<Result> result = search_.poll_result();
    if (!result) {
      const auto* waiting = std::get_if<Waiting>(&state_);
      if (waiting == nullptr || waiting->until) return;
      const Waiting skipped = *waiting;
      state_ = Idle{};
      wait_is_over(skipped);
      continue;
    }
    if (const auto* silent = std::get_if<PxelinuxSearch::FellSilent>(&*result)) {
      fail(FailureKind::Halted, "Boot failed: press a key to retry, or wait for reset...",
           fmt::format("the server fell silent in the middle of {}", silent->path));
      return;
    }
    if (const auto* limit = std::get_if<PxelinuxSearch::LimitReached>(&*result)) {
      fail(FailureKind::Limit, screen_,
           fmt::format("{} files asked for, which is the limit; the last one was {}",
                       options_.fetch_limit, limit->path));
      return;
    }
    State state = std::exchange(state_, Idle{});
    std::visit([&](auto& current) { go_on(std::move(current), *result); }, state);
  }
}

// A late or stray result: nobody waits for it.
void PxelinuxMachine::go_on(Idle, const Result&) {}
void PxelinuxMachine::go_on(Waiting state, const Result&) { state_ = std::move(state); }

void PxelinuxMachine::fail(FailureKind kind, std::string words, std::string reason) {
  ending_ = Failed{.firmware_words = std::move(words), .reason = std::move(reason), .kind = kind};
}

// A place that is reached again and again in the same way will be reached for ever.
bool PxelinuxMachine::counts_as_loop(const std::string& place, std::string_view what) {
  if (++visits_[place] <= options_.loop_rounds) return false;
  fail(FailureKind::Loops, screen_,
       fmt::format("{} again and again, for ever, as the real one does", what));
  return true;
}

}  // namespace pxeproof::rom
