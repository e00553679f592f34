#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "protocol/time.h"
#include "simclient/pxelinux_config.h"

namespace pxeproof::rom {

// A menu module (menu.c32, vesamenu.c32) in front of nobody: no key is ever pressed.
class PxelinuxMenu {
 public:
  struct HasNoEntries {};
  struct WaitsForever {
    std::string why;
  };
  struct Chosen {
    Duration wait{};                       // until the time-out chooses
    std::optional<std::string> command{};  // nullopt: the module ends
  };
  using Outcome = std::variant<HasNoEntries, WaitsForever, Chosen>;

  explicit PxelinuxMenu(PxelinuxConfig config);

  // Shows the menu once: how long it stands and what it then starts.
  Outcome show();

  // What is started when the command of the last show failed; nullopt: nothing.
  std::optional<std::string> on_error() const { return menu().on_error; }

  // The picture behind the menu, when it has one that is not shown already.
  std::optional<std::string> take_background();

 private:
  const PxelinuxConfig::Menu& menu() const { return config_.menus[config_.start_menu]; }
  const PxelinuxConfig::Entry& entry(std::size_t index) const {
    return config_.entries[menu().entries[index]];
  }
  std::size_t selectable_entry() const;
  Outcome choose_after(Duration timeout);

  PxelinuxConfig config_;
  Duration total_left_{};
  std::string shown_background_;
};

}  // namespace pxeproof::rom
