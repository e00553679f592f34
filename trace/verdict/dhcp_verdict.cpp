#include <fmt/format.h>

#include <algorithm>

#include "trace/session_signs.h"
#include "trace/step_text.h"
#include "trace/verdict/boot_view.h"

namespace pxeproof::trace {

namespace {

using Kind = BootVerdict::Kind;

BootVerdict judge_lease(const BootView& view, const BootSession& session) {
  const std::vector<std::uint32_t> packets{session.acks.back().packet()};
  if (const std::string disk = disk_of(session); !disk.empty()) {
    return view.system_follows()
               ? verdict(Kind::Booted, RomState::RunsPayload,
                         fmt::format("it boots the disk {}, and its system asks for an address "
                                     "of its own",
                                     quoted(disk)),
                         packets)
               : verdict(Kind::Unfinished, RomState::RunsPayload,
                         fmt::format("it boots the disk {} (option 17), which shows in no packet "
                                     "that is looked at here",
                                     quoted(disk)),
                         packets);
  }
  const std::string file = file_of_lease(session);
  if (!file.empty() && view.system_follows() && holds_dhcp_only(view.sessions())) {
    return verdict(Kind::Unfinished, RomState::RunsPayload,
                   fmt::format("it was told to load {}, and a system asks for an address later; "
                               "the capture holds nothing but DHCP between",
                               quoted(file)),
                   packets);
  }
  const Kind kind = view.when_silent();
  return verdict(kind, RomState::HasAddress, "it has an address, and asks for no file", packets);
}

BootVerdict judge_boot_server(const BootView& view, const BootSession& session) {
  const SeenDhcp& asked = session.boot_server_requests.back();
  std::size_t tries = session.boot_server_requests.size();
  if (session.boot_server_answers.empty()) {
    return verdict(view.stuck(session.boot_server_requests.front().at(), tries),
                   RomState::WaitsForBootServer,
                   fmt::format("{} does not answer its request for a boot file, sent {}",
                               to_string(asked->destination), in_times(tries)),
                   {session.boot_server_requests.front().packet(), asked.packet()});
  }
  const SeenDhcp& answer = session.boot_server_answers.back();
  const Kind kind = view.is_quiet() || tries >= kTriesOfTheStuck || view.went_on()
                        ? Kind::Stalled
                        : Kind::Unfinished;
  return verdict(kind, RomState::WaitsForBootServer,
                 answer->boot_file.empty() && answer->menu.empty()
                     ? "the boot server answered without naming a file"
                     : "the boot server answered, and no file is asked for",
                 {asked.packet(), answer.packet()});
}

}  // namespace

BootVerdict judge_dhcp(const BootView& view, const BootSession& session) {
  if (const SeenDhcp* refusal = refused_address(session)) {
    const SeenDhcp& nak = *refusal;
    auto refused = verdict(Kind::Refused, RomState::WaitsForAck,
                           "the address server refused the address (DHCPNAK)", {nak.packet()});
    refused.refused_by = nak->server_id.value_or(nak->source.address);
    return refused;
  }
  if (const SeenDhcp* menu = waiting_menu(session); menu != nullptr && !session.acks.empty()) {
    return verdict(Kind::Unfinished, RomState::LocalBoot,
                   fmt::format("it shows the menu of {} ({} entries) and waits for a key",
                               to_string(menu->what->source.address), menu->what->menu.size()),
                   {menu->packet()});
  }
  if (!session.declines.empty()) {
    return verdict(Kind::Stalled, RomState::WaitsForAck,
                   "the client declined the address it was given (DHCPDECLINE)",
                   {session.declines.back().packet()});
  }
  if (!session.boot_server_requests.empty()) return judge_boot_server(view, session);
  if (!session.acks.empty()) return judge_lease(view, session);
  if (!session.requests.empty()) {
    return verdict(
        view.stuck(session.requests.front().at(), session.requests.size()), RomState::WaitsForAck,
        fmt::format("its REQUEST, sent {}, is not acknowledged", in_times(session.requests.size())),
        {session.requests.front().packet(), session.requests.back().packet()});
  }
  if (session.discovers.empty()) {
    return verdict(Kind::Unfinished, RomState::WaitsForOffer,
                   "only answers to it were captured, none of its own packets", {});
  }
  const std::string what =
      session.offers.empty()
          ? fmt::format("its DISCOVER, sent {}, is not answered",
                        in_times(session.discovers.size()))
          : fmt::format("it sent DISCOVER {} and {}", in_times(session.discovers.size()),
                        session.offers.size() == 1
                            ? std::string("did not take the offer")
                            : fmt::format("took none of the {} offers", session.offers.size()));
  return verdict(view.stuck(session.discovers.front().at(), session.discovers.size()),
                 RomState::WaitsForOffer, what,
                 {session.discovers.front().packet(), session.discovers.back().packet()});
}

}  // namespace pxeproof::trace
