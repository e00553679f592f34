#include <fmt/format.h>

#include <algorithm>

#include "trace/boot_files.h"
#include "trace/session_signs.h"
#include "trace/step_text.h"
#include "trace/verdict/boot_view.h"

namespace pxeproof::trace {

namespace {

using Kind = BootVerdict::Kind;

bool is_miss(const TransferStep& transfer) {
  return transfer.outcome == TransferStep::Outcome::Refused;
}

// Names that loaders look for along a path, until one is there.
bool is_searched_for(std::string_view name) {
  const FileRole role = role_of(name);
  return role == FileRole::Config || role == FileRole::Optional || role == FileRole::Module;
}

const SeenTransfer* first_whole(const BootSession& session) {
  const auto found = std::ranges::find_if(
      session.transfers, [](const SeenTransfer& seen) { return came_whole(*seen.what); });
  return found == session.transfers.end() ? nullptr : &*found;
}

// The last file that decides: size probes, names looked for in vain before others, and what does
// not run itself are passed over.
const SeenTransfer& deciding_transfer(const BootSession& session) {
  for (auto at = session.transfers.rbegin(); at != session.transfers.rend(); ++at) {
    const bool optional_miss = is_miss(*at->what) && role_of((*at)->filename) == FileRole::Optional;
    const bool is_shown = came_whole(*at->what) && is_accessory((*at)->filename);
    if (!is_size_probe(*at->what) && !optional_miss && !is_shown) return *at;
  }
  return session.transfers.back();
}

RomState state_of(const BootSession& session, const SeenTransfer& last) {
  const SeenTransfer* nbp = first_whole(session);
  if (nbp == nullptr || nbp->step == last.step) {
    return nbp != nullptr ? RomState::RunsNbp : RomState::FetchesNbp;
  }
  return is_searched_for(last->filename) ? RomState::SearchesConfig : RomState::FetchesPayload;
}

// Which of its files came is not to be seen; what it asked for last, and who speaks then, is.
BootVerdict judge_unseen(const BootView& view, const SeenTransfer& last,
                         const std::vector<std::uint32_t>& packets, RomState state) {
  const FileRole role = role_of(last->filename);
  const bool may_be_system = is_payload(role) || role == FileRole::Other;
  if (!may_be_system || !view.system_follows()) {
    return verdict(Kind::Unfinished, state, quoted(last->filename), packets);
  }
  return verdict(Kind::Booted, RomState::RunsPayload,
                 fmt::format("{} was its last file, and its system asks for an address of its "
                             "own; the capture lacks the transfers, as one filtered by port 69 "
                             "does",
                             quoted(last->filename)),
                 packets);
}

// Some ROMs take a new port for each try.
std::size_t count_tries(const BootSession& session, const SeenTransfer& last) {
  std::size_t tries = 0;
  for (const SeenTransfer& seen : session.transfers) {
    if (seen->filename == last->filename && seen->outcome == TransferStep::Outcome::Unanswered) {
      tries += seen->requests;
    }
  }
  return tries;
}

Instant first_try(const BootSession& session, const SeenTransfer& last) {
  for (const SeenTransfer& seen : session.transfers) {
    if (seen->filename == last->filename) return seen.at();
  }
  return last.at();
}

// The ROM's program, or the first one of a round of iPXE.
bool is_first_program(const BootView& view, const BootSession& session, const SeenTransfer& file) {
  const SeenTransfer* first = first_whole(session);
  if (first == nullptr || first->step != file.step) return false;
  const auto with_file = std::ranges::find_if(view.sessions(), has_file);
  return session.kind == ClientKind::Ipxe || &*with_file == &session;
}

// Why a file that came whole cannot run, for certain; empty when nothing speaks against it.
std::string obstacle(const BootView& view, const BootSession& session, const SeenTransfer& file) {
  const FileRole role = role_of(file->filename);
  const bool is_first = is_first_program(view, session, file);
  const bool may_be_empty = role == FileRole::Config || role == FileRole::Optional;
  if (file->octets == 0 && !may_be_empty && (is_first || is_payload(role))) {
    return fmt::format("{} sends {} as an empty file", to_string(file->server.address),
                       quoted(file->filename));
  }
  if (!is_first) return {};
  if (is_for_another_machine(view.boot(), session.kind, file->filename, file->head)) {
    return for_another_machine(file->filename, file->head);
  }
  if (session.kind == ClientKind::Rom && !view.system_spoke() &&
      is_no_program(view.boot(), view.boot().firmware.family, *file.what) &&
      (file->head.is_web_page() || file->head.is_surely_no_efi_program())) {
    return fmt::format("{} came whole, and is no program that this firmware can run",
                       quoted(file->filename));
  }
  return {};
}

// A menu, what a menu needs, or a program such as chain.c32 that boots the local disk.
bool is_chosen_by_configuration(const BootView& view, const BootSession& session,
                                const SeenTransfer& module) {
  if (role_of(module->filename) != FileRole::Module ||
      next_device(view.sessions(), session) != nullptr)
    return false;
  return std::ranges::any_of(session.transfers, [&](const SeenTransfer& seen) {
    return seen.at() < module.at() && came_whole(*seen.what) &&
           role_of(seen->filename) == FileRole::Config;
  });
}

// Nothing but the first file came.
BootVerdict judge_nbp(const BootView& view, const BootSession& session, const SeenTransfer& last,
                      const std::vector<std::uint32_t>& packets) {
  const std::string name = quoted(last->filename);
  const bool again = std::ranges::any_of(view.sessions(), [&](const BootSession& other) {
    const SeenTransfer* nbp = first_whole(other);
    return &other != &session && nbp != nullptr && (*nbp)->filename == last->filename;
  });
  if (again) {
    return verdict(Kind::Stalled, RomState::RunsNbp,
                   fmt::format("it fetches {} again and again, and nothing else", name), packets);
  }
  if (view.went_on()) {
    return verdict(Kind::Stalled, RomState::RunsNbp,
                   fmt::format("{} came whole, then the firmware tried its next boot device", name),
                   packets);
  }
  if (fetches_more(role_of(last->filename))) {
    return verdict(view.is_quiet() ? Kind::Stalled : Kind::Unfinished, RomState::RunsNbp,
                   fmt::format("{} came whole, and asks for nothing", name), packets);
  }
  return verdict(Kind::Booted, RomState::RunsPayload,
                 fmt::format("{} came whole; what it does puts nothing on the wire", name),
                 packets);
}

BootVerdict judge_whole(const BootView& view, const BootSession& session, const SeenTransfer& last,
                        RomState state, const std::vector<std::uint32_t>& packets) {
  const std::string name = quoted(last->filename);
  if (is_abort_program(last->filename)) {
    return verdict(Kind::Stalled, RomState::RunsNbp,
                   fmt::format("{} tells it to leave the network boot: {}",
                               to_string(last->server.address), name),
                   packets);
  }
  if (is_key_manager(last->filename)) {
    return verdict(Kind::Stalled, RomState::SearchesConfig,
                   fmt::format("shim asked for its key manager, {}, and waits at its menu", name),
                   packets);
  }
  if (const std::string text = obstacle(view, session, last); !text.empty()) {
    return verdict(Kind::Stalled, state, text, packets);
  }
  if (view.system_spoke()) {
    return verdict(Kind::Booted, RomState::RunsPayload,
                   fmt::format("{} runs: its system asks for an address of its own", name),
                   packets);
  }
  const FileRole role = role_of(last->filename);
  if (state == RomState::RunsNbp) return judge_nbp(view, session, last, packets);
  if (role == FileRole::Module || role == FileRole::Config || fetches_more(role)) {
    if (!view.is_quiet() && !view.went_on()) {
      return verdict(Kind::Unfinished, RomState::SearchesConfig,
                     fmt::format("{} came whole, then the capture ends", name), packets);
    }
    if (role == FileRole::Config) {
      return verdict(Kind::Booted, RomState::LocalBoot,
                     fmt::format("{} came whole and names nothing to fetch: a menu that waits, "
                                 "or the local disk",
                                 name),
                     packets);
    }
    if (is_chosen_by_configuration(view, session, last)) {
      return verdict(Kind::Booted, RomState::LocalBoot,
                     fmt::format("{} came whole, as its configuration wants, and nothing more is "
                                 "asked for: a menu that waits, or the local disk",
                                 name),
                     packets);
    }
    return verdict(Kind::Stalled, RomState::SearchesConfig,
                   fmt::format("{} came whole, {}", name,
                               next_device(view.sessions(), session) != nullptr
                                   ? "then the firmware tried its next boot device"
                                   : "and nothing further is asked for"),
                   packets);
  }
  if (next_device(view.sessions(), session) != nullptr) {
    return verdict(Kind::Stalled, RomState::FetchesPayload,
                   fmt::format("{} came whole, then the firmware tried its next boot device", name),
                   packets);
  }
  return verdict(Kind::Booted, RomState::RunsPayload, fmt::format("{} came whole and runs", name),
                 packets);
}

}  // namespace

BootVerdict judge_files(const BootView& view, const BootSession& session) {
  const SeenTransfer& last = deciding_transfer(session);
  if (view.boot().begins_before_capture && is_miss(*last.what) &&
      role_of(last->filename) == FileRole::Optional) {
    return verdict(Kind::Unfinished, RomState::FetchesPayload,
                   fmt::format("it began before the capture, and {}, which was not there, may be "
                               "missing",
                               quoted(last->filename)),
                   {last.step->first_packet, last.step->last_packet});
  }
  return judge_transfer(view, session, last);
}

BootVerdict judge_transfer(const BootView& view, const BootSession& session,
                           const SeenTransfer& last) {
  const std::vector<std::uint32_t> packets{last.step->first_packet, last.step->last_packet};
  const RomState state = state_of(session, last);
  const std::string name = quoted(last->filename);
  if (captured_sides(view.sessions()) == CapturedSides::WithoutTransfers) {
    return judge_unseen(view, last, packets, state);
  }
  if (came_whole(*last.what)) return judge_whole(view, session, last, state, packets);
  switch (last->outcome) {
    case TransferStep::Outcome::Refused: {
      auto refused =
          verdict(Kind::Refused, state,
                  fmt::format("{} refuses {}: ERROR {} \"{}\"", to_string(last->server.address),
                              name, last->error_code.value_or(0), printable(last->error_text)),
                  packets);
      refused.refused_by = last->server.address;
      return refused;
    }
    case TransferStep::Outcome::Aborted:
      return verdict(is_size_probe(*last.what) && !view.is_quiet() && !view.went_on()
                         ? Kind::Unfinished
                         : Kind::Stalled,
                     state,
                     fmt::format("the client stopped {} itself: ERROR {} \"{}\"", name,
                                 last->error_code.value_or(0), printable(last->error_text)),
                     packets);
    case TransferStep::Outcome::Unanswered:
      return verdict(
          view.stuck(first_try(session, last), count_tries(session, last)), state,
          fmt::format("{} does not answer the request for {}, sent {}", to_string(last->server),
                      name, in_times(count_tries(session, last))),
          packets);
    case TransferStep::Outcome::Unfinished:
    case TransferStep::Outcome::Complete:
      break;
  }
  const Kind kind = view.is_quiet() || last->longest_pause >= kWaitOfTheStuck ||
                            last->resent >= kTriesOfTheStuck || view.went_on()
                        ? Kind::Stalled
                        : Kind::Unfinished;
  return verdict(
      kind, state,
      fmt::format("the transfer of {} stopped after {}", name, counted(last->blocks, "block")),
      packets);
}

}  // namespace pxeproof::trace
