#include <fmt/format.h>

#include "simclient/pxelinux_machine.h"

// The prompt and the menus.
namespace pxeproof::rom {
namespace {

constexpr std::string_view kPrompt = "boot:";

std::string seconds(Duration duration) { return fmt::format("{:g} s", to_seconds(duration)); }

}  // namespace

void PxelinuxMachine::prompt() {
  const Duration timeout =
      config_.timeout > Duration::zero() ? config_.timeout : config_.total_timeout;
  const std::string words = screen_.empty() ? std::string(kPrompt) : screen_;
  const std::string trouble = trouble_.empty() ? "nothing starts" : trouble_;
  if (prompt_rounds_ >= options_.loop_rounds) {
    const std::string rhythm = config_.no_escape ? "" : " every " + seconds(timeout);
    fail(FailureKind::Loops, words,
         fmt::format("{}; the {} prompt tries again{} for ever, as the real one does", trouble,
                     kPrompt, rhythm));
    return;
  }
  if (config_.no_escape) {
    autoboots_left_ = 1;
    next_autoboot();
    return;
  }
  if (timeout == Duration::zero()) {
    fail(FailureKind::WaitsForever, words,
         fmt::format("{}; without TIMEOUT the {} prompt waits for ever, as the real one does",
                     prompt_rounds_ == 0 ? "PROMPT 1 stops the boot" : trouble, kPrompt));
    return;
  }
  wait({.place = Waiting::Place::Prompt, .duration = timeout});
}

void PxelinuxMachine::show_menu() {
  const std::optional<std::string> background =
      menu_kind_ == ModuleKind::GraphicalMenu ? menu_->take_background() : std::nullopt;
  if (!background) {
    wait_at_menu();
    return;
  }
  state_ = LoadingBackground{};
  search_.look_for({*background}, Fetch::Use::Image);
}

void PxelinuxMachine::go_on(LoadingBackground, const Result&) { wait_at_menu(); }

void PxelinuxMachine::wait_at_menu() {
  const PxelinuxMenu::Outcome outcome = menu_->show();
  if (std::holds_alternative<PxelinuxMenu::HasNoEntries>(outcome)) {
    screen_ = "Initial menu has no LABEL entries!";
    trouble_ = "the menu has no LABEL";
    leave_modules();
    prompt();
    return;
  }
  if (const auto* forever = std::get_if<PxelinuxMenu::WaitsForever>(&outcome)) {
    fail(FailureKind::WaitsForever, screen_,
         fmt::format("waiting at the menu for ever, as the real one does: {}", forever->why));
    return;
  }
  const auto& chosen = std::get<PxelinuxMenu::Chosen>(outcome);
  if (menu_rounds_ >= options_.loop_rounds) {
    fail(FailureKind::Loops, screen_,
         fmt::format("{}; the menu tries again every {} for ever, as the real one does", trouble_,
                     seconds(chosen.wait)));
    return;
  }
  wait({.place = Waiting::Place::Menu, .duration = chosen.wait, .menu_command = chosen.command});
}

void PxelinuxMachine::wait(Waiting waiting) {
  const bool skip = options_.waits == PxelinuxWaits::SkipIdle;
  if (waiting.duration > Duration::zero()) {
    notes_.push_back(
        fmt::format("{} {} {}", skip ? "skips" : "waits", seconds(waiting.duration),
                    waiting.place == Waiting::Place::Menu ? "in the menu" : "at the boot: prompt"));
  }
  if (!skip) waiting.until = now_ + waiting.duration;
  state_ = std::move(waiting);
}

void PxelinuxMachine::wait_is_over(const Waiting& waiting) {
  if (waiting.place == Waiting::Place::Prompt) {
    if (config_.on_timeout && !config_.on_timeout->empty()) {
      run_line(*config_.on_timeout);
    } else {
      autoboot();
    }
    return;
  }
  ++menu_rounds_;
  if (!waiting.menu_command) {
    trouble_ = "the menu's default entry starts nothing";
    leave_modules();
    prompt();
    return;
  }
  starter_ = Starter::Menu;
  execute(*waiting.menu_command);
}

}  // namespace pxeproof::rom
