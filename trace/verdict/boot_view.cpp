#include "trace/verdict/boot_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "trace/boot_files.h"
#include "trace/step_text.h"

namespace pxeproof::trace {

using Kind = BootVerdict::Kind;

Kind BootView::stuck(Instant since, std::size_t tries) const {
  const bool is_stuck =
      boot_.known_until - since >= kWaitOfTheStuck || tries >= kTriesOfTheStuck || went_on();
  return is_stuck ? Kind::Stalled : Kind::Unfinished;
}

bool BootView::went_on() const { return deciding_session(sessions_) != &sessions_.back(); }

bool BootView::is_quiet() const {
  return boot_.restarted || boot_.known_until - boot_.ended >= kWaitOfTheStuck;
}

Kind BootView::when_silent() const {
  return is_quiet() || went_on() ? Kind::Stalled : Kind::Unfinished;
}

bool BootView::system_spoke() const {
  return system_follows() && std::ranges::any_of(sessions_, [](const BootSession& session) {
           return std::ranges::any_of(
               session.transfers, [](const SeenTransfer& seen) { return came_whole(*seen.what); });
         });
}

bool BootView::system_follows() const {
  const BootSession* decides = deciding_session(sessions_);
  return std::ranges::any_of(sessions_, [decides](const BootSession& session) {
    return session.begun > decides->begun && session.kind == ClientKind::Plain;
  });
}

BootVerdict verdict(Kind kind, RomState state, std::string text,
                    std::vector<std::uint32_t> packets) {
  BootVerdict made;
  made.kind = kind;
  made.state = state;
  made.text = std::move(text);
  made.packets = std::move(packets);
  return made;
}

std::string quoted(std::string_view name) { return fmt::format("\"{}\"", printable(name)); }

std::string for_another_machine(std::string_view name, const FileHead& head) {
  return fmt::format(
      "{} came whole, and is made for {}, which this firmware cannot run", quoted(name),
      dhcp::describe_architecture(architecture_of_machine(*head.pe_machine).value_or(0)));
}

}  // namespace pxeproof::trace
