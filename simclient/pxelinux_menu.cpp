#include "simclient/pxelinux_menu.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pxeproof::rom {

PxelinuxMenu::PxelinuxMenu(PxelinuxConfig config)
    : config_(std::move(config)), total_left_(config_.total_timeout) {}

PxelinuxMenu::Outcome PxelinuxMenu::show() {
  if (menu().entries.empty()) return HasNoEntries{};
  if (config_.menu_shift_key) return choose_after(Duration::zero());

  Duration timeout = menu().timeout;
  // The module takes a default that cannot be selected for a moved cursor, and a moved cursor
  // stops the countdown.
  const bool moved = !config_.menu_hidden && selectable_entry() != menu().default_entry;
  if (moved) timeout = Duration::zero();
  if (timeout == Duration::zero() && total_left_ == Duration::zero()) {
    return WaitsForever{moved ? "its default entry cannot be selected" : "it has no TIMEOUT"};
  }
  if (total_left_ > Duration::zero()) {
    timeout = timeout == Duration::zero() ? total_left_ : std::min(timeout, total_left_);
    // When the total is used up the module fires at once, each time.
    total_left_ = std::max(total_left_ - timeout, Duration(std::chrono::milliseconds(1)));
  }
  return choose_after(timeout);
}

PxelinuxMenu::Outcome PxelinuxMenu::choose_after(Duration timeout) {
  Chosen chosen{.wait = timeout, .command = std::nullopt};
  const PxelinuxConfig::Entry& standard = entry(menu().default_entry);
  if (standard.action == PxelinuxConfig::Action::Command) chosen.command = standard.command;
  if (menu().on_timeout && !config_.menu_shift_key) chosen.command = menu().on_timeout;
  return chosen;
}

std::size_t PxelinuxMenu::selectable_entry() const {
  const std::size_t count = menu().entries.size();
  const auto disabled = [&](std::size_t index) {
    return entry(index).action == PxelinuxConfig::Action::Disabled;
  };
  std::size_t index = menu().default_entry;
  if (index == 0) {
    while (index < count && disabled(index)) ++index;
  }
  if (index + 1 >= count) {
    index = count - 1;
    while (index > 0 && disabled(index)) --index;
  }
  return index;
}

std::optional<std::string> PxelinuxMenu::take_background() {
  if (menu().background.empty() || menu().background == shown_background_) return std::nullopt;
  shown_background_ = menu().background;
  return shown_background_;
}

}  // namespace pxeproof::rom
