#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

#include "simclient/grub_machine.h"

// The menu in front of nobody: no key is ever pressed.
namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMessageWait = 10s;      // normal/term.c, grub_wait_after_message
constexpr Duration kFallbackWait = 2500ms;  // normal/menu.c, DEFAULT_ENTRY_ERROR_DELAY_MS
constexpr std::uint64_t kLongestTimeout = 1'000'000;

// The number a text begins with.
std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  std::size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) != 0) {
    value = std::min(value * 10 + static_cast<std::uint64_t>(text[digits] - '0'), kLongestTimeout);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return value;
}

// normal/menu.c, menuentry_eq: up to a single '>'; a doubled one stands for itself.
bool names_entry(std::string_view specification, std::string_view id) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < specification.size(); ++i) {
    if (specification[i] == '>') {
      if (i + 1 >= specification.size() || specification[i + 1] != '>') return at == id.size();
      ++i;
    }
    if (at == id.size() || id[at] != specification[i]) return false;
    ++at;
  }
  return at == id.size();
}

// What stands behind the first single '>'.
std::optional<std::string> behind_arrow(std::string_view specification) {
  for (std::size_t i = 0; i < specification.size(); ++i) {
    if (specification[i] != '>') continue;
    if (i + 1 < specification.size() && specification[i + 1] == '>') {
      ++i;
      continue;
    }
    if (i + 1 == specification.size()) return std::nullopt;
    return std::string(specification.substr(i + 1));
  }
  return std::nullopt;
}

}  // namespace

std::size_t GrubMachine::default_entry() const {
  const std::vector<MenuEntry>& menu = contexts_.back().menu;
  const auto specification = find_variable("default");
  if (!specification) return 0;
  if (const auto number = leading_number(specification->value)) {
    return *number < menu.size() ? static_cast<std::size_t>(*number) : 0;
  }
  for (std::size_t index = 0; index < menu.size(); ++index) {
    if (names_entry(specification->value, menu[index].title) ||
        names_entry(specification->value, menu[index].id)) {
      return index;
    }
  }
  return 0;
}

void GrubMachine::step(Menu task) {
  using Step = Menu::Step;
  const auto timeout = find_variable("timeout");
  const auto seconds = timeout ? leading_number(timeout->value) : std::nullopt;
  switch (task.step) {
    case Step::Show: {
      task.step = Step::Theme;
      const bool themed = graphical_ && !variable("theme").empty() && seconds.value_or(1) > 0;
      push(std::move(task));
      if (!themed) return;
      push(Files{.waiting = {{variable("theme"), Fetch::Use::Text}},
                 .then = Files::Then::Theme,
                 .command = "theme"});
      push(Modules{.waiting = {"gfxmenu"}, .optional = true});
      return;
    }
    case Step::Theme:
      if (!seconds) {
        fail(Failed::Kind::WaitsForever,
             fmt::format("{}: the menu waits for a key, for ever, as the real one does",
                         task.rounds > 0 ? "its default entry starts nothing and the time-out "
                                           "counts once only"
                                         : "there is no timeout"));
        return;
      }
      task.step = Step::Run;
      if (*seconds > 0) {
        push(std::move(task));
        wait(std::chrono::seconds(static_cast<std::int64_t>(*seconds)), "in the menu");
        return;
      }
      push(std::move(task));
      return;
    case Step::Wait:
    case Step::Run: {
      Entry entry{.index = default_entry(), .automatic = true, .auto_booted = task.auto_booted};
      if (context().menu.empty()) return;
      entry.entry = context().menu[entry.index];
      task.step = Step::Show;
      ++task.rounds;
      const bool ends = task.auto_booted;
      notes_.push_back(fmt::format("menu entry '{}'", printable(entry.entry.title)));
      if (!ends) push(std::move(task));
      push(std::move(entry));
      return;
    }
  }
}

void GrubMachine::step(Entry task) {
  using Step = Entry::Step;
  switch (task.step) {
    case Step::Begin: {
      task.errors = errors_;
      task.chosen = find_variable("chosen");
      task.default_entry = find_variable("default");
      if (task.entry.submenu) {
        open_context();
        if (task.automatic) set("timeout", "0");
      }
      std::string chosen = task.chosen ? task.chosen->value + ">" : std::string();
      for (const char c : task.entry.id) {
        if (c == '>') chosen.push_back('>');
        chosen.push_back(c);
      }
      context().variables["chosen"] = {chosen, true};
      const auto rest = task.default_entry ? behind_arrow(task.default_entry->value) : std::nullopt;
      if (rest) {
        set("default", *rest);
      } else {
        context().variables.erase("default");
      }
      task.step = Step::Ran;
      Script script{.code = task.entry.code, .arguments = task.entry.arguments};
      // The lines of an entry run in a scope of their own, where $1 is the title.
      push(std::move(task));
      push(std::move(script));
      return;
    }
    case Step::Ran: {
      const bool boots = loaded_.has_value() && !task.entry.submenu;
      const bool failed = errors_ != task.errors;
      task.step = Step::Submenu;
      const bool submenu = task.entry.submenu && !context().menu.empty();
      push(std::move(task));
      if (boots) {
        call_boot({});
        return;
      }
      if (submenu) push(Menu{.nested = true, .auto_booted = true});
      if (failed) wait(kMessageWait, "for a key, with the error on the screen");
      return;
    }
    case Step::Submenu:
      finish_entry(std::move(task));
      return;
  }
}

// The entry came back, and that counts as failed; the next of $fallback is tried.
void GrubMachine::finish_entry(Entry task) {
  if (task.entry.submenu) contexts_.pop_back();
  restore("chosen", task.chosen);
  restore("default", task.default_entry);
  context().variables.erase("timeout");
  const auto fallback = find_variable("fallback");
  const auto number = fallback ? leading_number(fallback->value) : std::nullopt;
  if (number && *number < context().menu.size()) {
    const std::size_t digits = fallback->value.find_first_not_of("0123456789");
    std::string rest = digits == std::string::npos ? std::string() : fallback->value.substr(digits);
    rest.erase(0, std::min(rest.find_first_not_of(" \t"), rest.size()));
    set("fallback", rest);
    Entry next{.index = static_cast<std::size_t>(*number),
               .automatic = true,
               .of_fallback = true,
               .auto_booted = task.auto_booted};
    next.entry = context().menu[next.index];
    notes_.push_back(fmt::format("falls back to '{}'", printable(next.entry.title)));
    push(std::move(next));
    wait(kFallbackWait, "before the fallback");
    return;
  }
  if (fallback) context().variables.erase("fallback");
  if (task.auto_booted) return;
  if (screen_.empty()) screen_ = "Failed to boot both default and fallback entries.";
  wait(kMessageWait, "for a key, with the error on the screen");
}

}  // namespace pxeproof::rom
