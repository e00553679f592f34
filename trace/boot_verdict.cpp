#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "trace/boot_files.h"
#include "trace/boot_session.h"
#include "trace/session_signs.h"
#include "trace/step_text.h"

namespace pxeproof::trace {

namespace {

using namespace std::chrono_literals;
using Kind = BootVerdict::Kind;

// A client that asked so often, or waited so long, is stuck; less, and the capture may just end.
constexpr std::size_t kTriesOfTheStuck = 2;
constexpr Duration kWaitOfTheStuck = 5s;

std::string quoted(std::string_view name) { return fmt::format("\"{}\"", printable(name)); }

bool is_miss(const TransferStep& transfer) {
  return transfer.outcome == TransferStep::Outcome::Refused;
}

// Names that loaders look for along a path, until one is there.
bool is_searched_for(std::string_view name) {
  const FileRole role = role_of(name);
  return role == FileRole::Config || role == FileRole::Optional || role == FileRole::Module;
}

std::size_t count_whole(const BootSession& session) {
  return static_cast<std::size_t>(std::ranges::count_if(
      session.transfers, [](const SeenTransfer& seen) { return came_whole(*seen.what); }));
}

const SeenTransfer* first_whole(const BootSession& session) {
  const auto found = std::ranges::find_if(
      session.transfers, [](const SeenTransfer& seen) { return came_whole(*seen.what); });
  return found == session.transfers.end() ? nullptr : &*found;
}

class Judge {
 public:
  Judge(const Boot& boot, const std::vector<BootSession>& sessions)
      : boot_(boot), sessions_(sessions) {}

  BootVerdict judge() const {
    const BootSession* session = deciding_session(sessions_);
    if (session == nullptr)
      return verdict(Kind::Unfinished, RomState::WaitsForOffer, "no packets", {});
    BootVerdict judged = judge_session(*session);
    // Half a dialogue does not show how it ended; the system that follows it does.
    if (judged.kind == Kind::Booted) return judged;
    if (const char* text = half_of_it(); text != nullptr) {
      judged.kind = Kind::Unfinished;
      judged.text = text;
      judged.refused_by.reset();
    }
    return judged;
  }

 private:
  const char* half_of_it() const {
    switch (captured_sides(sessions_)) {
      case CapturedSides::Both:
        return nullptr;
      case CapturedSides::WithoutTransfers:
        return "it went on from file to file, so answers came: the capture lacks the transfers, as "
               "one filtered by port 69 does";
      case CapturedSides::ClientOnly:
        return "only its own packets were captured, none of the answers that it took";
      case CapturedSides::ServersOnly:
        return "only answers to it were captured, none of its own packets";
    }
    return nullptr;
  }

  BootVerdict judge_session(const BootSession& session) const {
    if (const SeenHttp* refused = refused_payload(session)) return judge_http(session, *refused);
    if (const SeenTransfer* failed = failed_payload(session)) {
      return judge_transfer(session, *failed);
    }
    if (const SeenHttp* last = last_http(session)) return judge_http(session, *last);
    if (!session.transfers.empty()) return judge_files(session);
    return judge_dhcp(session);
  }

  static BootVerdict verdict(Kind kind, RomState state, std::string text,
                             std::vector<std::uint32_t> packets) {
    BootVerdict made;
    made.kind = kind;
    made.state = state;
    made.text = std::move(text);
    made.packets = std::move(packets);
    return made;
  }

  // Stalled when the client waited long or asked often; else the capture may end too early to say.
  Kind stuck(Instant since, std::size_t tries) const {
    const bool is_stuck =
        boot_.known_until - since >= kWaitOfTheStuck || tries >= kTriesOfTheStuck || went_on();
    return is_stuck ? Kind::Stalled : Kind::Unfinished;
  }

  // The machine did something else after the round that decides.
  bool went_on() const { return deciding_session(sessions_) != &sessions_.back(); }
  // It did not go on: it was silent for long, or began anew.
  bool is_quiet() const {
    return boot_.restarted || boot_.known_until - boot_.ended >= kWaitOfTheStuck;
  }
  bool system_spoke() const { return count_files() > 0 && system_follows(); }
  bool system_follows() const {
    const BootSession* decides = deciding_session(sessions_);
    return std::ranges::any_of(sessions_, [decides](const BootSession& session) {
      return session.begun > decides->begun && session.kind == ClientKind::Plain;
    });
  }
  std::size_t count_files() const {
    std::size_t count = 0;
    for (const BootSession& session : sessions_) count += count_whole(session);
    return count;
  }

  // What a system does that got its kernel: it connects to others than its boot servers.
  static bool is_of_system(const BootSession& session, const SeenHttp& seen) {
    if (seen->connection == HttpStep::Connection::Open) return false;
    bool has_payload = false;
    bool is_boot_server = false;
    for (const SeenHttp& other : session.http) {
      if (other.at() >= seen.at() || other->connection != HttpStep::Connection::Open) continue;
      has_payload =
          has_payload || (other->status == 200 && is_payload(role_of_target(other->target)));
      is_boot_server = is_boot_server || other->server.address == seen->server.address;
    }
    for (const SeenTransfer& file : session.transfers) {
      if (file.at() >= seen.at() || !came_whole(*file.what)) continue;
      has_payload = has_payload || is_payload(role_of(file->filename));
      is_boot_server = is_boot_server || file->asked == seen->server.address;
    }
    const bool is_encrypted = seen->connection == HttpStep::Connection::Encrypted;
    return has_payload && (is_encrypted || !is_boot_server);
  }

  // nullptr: the last thing that it fetched came by TFTP.
  static const SeenHttp* last_http(const BootSession& session) {
    const bool is_all = std::ranges::all_of(
        session.http, [](const SeenHttp& seen) { return is_accessory(seen->target); });
    for (auto at = session.http.rbegin(); at != session.http.rend(); ++at) {
      if (is_of_system(session, *at) || (is_accessory((*at)->target) && !is_all)) continue;
      const bool is_last = session.transfers.empty() || at->at() >= session.transfers.back().at();
      return is_last ? &*at : nullptr;
    }
    return nullptr;
  }

  BootVerdict judge_dhcp(const BootSession& session) const {
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
    if (!session.boot_server_requests.empty()) return judge_boot_server(session);
    if (!session.acks.empty()) return judge_lease(session);
    if (!session.requests.empty()) {
      return verdict(stuck(session.requests.front().at(), session.requests.size()),
                     RomState::WaitsForAck,
                     fmt::format("its REQUEST, sent {}, is not acknowledged",
                                 in_times(session.requests.size())),
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
    return verdict(stuck(session.discovers.front().at(), session.discovers.size()),
                   RomState::WaitsForOffer, what,
                   {session.discovers.front().packet(), session.discovers.back().packet()});
  }

  BootVerdict judge_lease(const BootSession& session) const {
    const std::vector<std::uint32_t> packets{session.acks.back().packet()};
    if (const std::string disk = disk_of(session); !disk.empty()) {
      return system_follows()
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
    if (!file.empty() && system_follows() && holds_dhcp_only(sessions_)) {
      return verdict(Kind::Unfinished, RomState::RunsPayload,
                     fmt::format("it was told to load {}, and a system asks for an address later; "
                                 "the capture holds nothing but DHCP between",
                                 quoted(file)),
                     packets);
    }
    const Kind kind = is_quiet() || went_on() ? Kind::Stalled : Kind::Unfinished;
    return verdict(kind, RomState::HasAddress, "it has an address, and asks for no file", packets);
  }

  BootVerdict judge_boot_server(const BootSession& session) const {
    const SeenDhcp& asked = session.boot_server_requests.back();
    std::size_t tries = session.boot_server_requests.size();
    if (session.boot_server_answers.empty()) {
      return verdict(stuck(session.boot_server_requests.front().at(), tries),
                     RomState::WaitsForBootServer,
                     fmt::format("{} does not answer its request for a boot file, sent {}",
                                 to_string(asked->destination), in_times(tries)),
                     {session.boot_server_requests.front().packet(), asked.packet()});
    }
    const SeenDhcp& answer = session.boot_server_answers.back();
    const Kind kind =
        is_quiet() || tries >= kTriesOfTheStuck || went_on() ? Kind::Stalled : Kind::Unfinished;
    return verdict(kind, RomState::WaitsForBootServer,
                   answer->boot_file.empty() && answer->menu.empty()
                       ? "the boot server answered without naming a file"
                       : "the boot server answered, and no file is asked for",
                   {asked.packet(), answer.packet()});
  }

  BootVerdict judge_connection(const SeenHttp& last) const {
    const std::vector<std::uint32_t> packets{last.step->first_packet, last.step->last_packet};
    const std::string server = to_string(last->server);
    if (last->connection == HttpStep::Connection::Encrypted) {
      return verdict(Kind::Unfinished, RomState::FetchesByHttp,
                     fmt::format("it talks to {} by HTTPS, which a capture does not show", server),
                     packets);
    }
    if (last->connection == HttpStep::Connection::Refused) {
      auto refused = verdict(Kind::Refused, RomState::FetchesByHttp,
                             fmt::format("{} refuses the connection", server), packets);
      refused.refused_by = last->server.address;
      return refused;
    }
    return verdict(stuck(last.at(), last->attempts), RomState::FetchesByHttp,
                   fmt::format("{} does not answer the connection, asked for {} times", server,
                               last->attempts),
                   packets);
  }

  BootVerdict judge_http(const BootSession& session, const SeenHttp& last) const {
    if (last->connection != HttpStep::Connection::Open) return judge_connection(last);
    const std::string name = quoted(last->target);
    const std::vector<std::uint32_t> packets{last.step->first_packet, last.step->last_packet};
    if (last->status && *last->status >= 400) {
      auto refused = verdict(
          Kind::Refused, RomState::FetchesByHttp,
          fmt::format("{} answered {} to {}", to_string(last->server.address), *last->status, name),
          packets);
      refused.refused_by = last->server.address;
      return refused;
    }
    constexpr std::uint16_t kRedirects = 300;
    if (last->status && *last->status >= kRedirects) {
      return verdict(is_quiet() || went_on() ? Kind::Stalled : Kind::Unfinished,
                     RomState::FetchesByHttp,
                     fmt::format("{} answered {} to {}, and the client does not follow",
                                 to_string(last->server.address), *last->status, name),
                     packets);
    }
    if (!last->status) {
      return verdict(stuck(last.at(), 1), RomState::FetchesByHttp,
                     fmt::format("no answer to the request for {} was seen", name), packets);
    }
    return judge_content(session, last, packets);
  }

  // The web server grants the request.
  BootVerdict judge_content(const BootSession& session, const SeenHttp& last,
                            const std::vector<std::uint32_t>& packets) const {
    const std::string name = quoted(last->target);
    const Kind silent = is_quiet() || went_on() ? Kind::Stalled : Kind::Unfinished;
    if (last->is_cut_short()) {
      return verdict(
          silent, RomState::FetchesByHttp,
          fmt::format("{} came to {} of its {} octets by HTTP", name, *last->octets, *last->length),
          packets);
    }
    if (last->method == "HEAD") {
      return verdict(silent, RomState::FetchesByHttp,
                     fmt::format("it asked how large {} is, and does not fetch it", name), packets);
    }
    if (last->length == 0U) {
      return verdict(
          silent, RomState::FetchesByHttp,
          fmt::format("{} sends {} as an empty file", to_string(last->server.address), name),
          packets);
    }
    if (std::string reason = obstacle(session, last); !reason.empty()) {
      const bool is_first = is_http_program(session, last);
      return verdict(Kind::Stalled, is_first ? RomState::RunsNbp : RomState::SearchesConfig,
                     std::move(reason), packets);
    }
    if (rounds_with_only(sessions_, last->target) >= kRoundsOfALoop && !system_spoke()) {
      const bool is_script = role_of_target(last->target) == FileRole::Config;
      return verdict(Kind::Stalled, is_script ? RomState::SearchesConfig : RomState::RunsNbp,
                     fmt::format("it fetches {} by HTTP again and again, and nothing else", name),
                     packets);
    }
    if (role_of_target(last->target) == FileRole::Config && !system_spoke()) {
      if (silent == Kind::Unfinished) {
        return verdict(silent, RomState::SearchesConfig,
                       fmt::format("{} came by HTTP, then the capture ends", name), packets);
      }
      return verdict(Kind::Booted, RomState::LocalBoot,
                     fmt::format("{} came by HTTP and names nothing to fetch: a menu that waits, a "
                                 "shell, or the local disk",
                                 name),
                     packets);
    }
    if (is_http_program(session, last) && next_device(sessions_, session) != nullptr) {
      return verdict(
          Kind::Stalled, RomState::RunsNbp,
          fmt::format("{} came by HTTP, then the firmware tried its next boot device", name),
          packets);
    }
    return verdict(Kind::Booted, RomState::RunsPayload,
                   fmt::format("its last file, {}, was answered by HTTP", name), packets);
  }

  // The last file that decides: size probes, names looked for in vain before others, and what does
  // not run itself are passed over.
  static const SeenTransfer& deciding_transfer(const BootSession& session) {
    for (auto at = session.transfers.rbegin(); at != session.transfers.rend(); ++at) {
      const bool optional_miss =
          is_miss(*at->what) && role_of((*at)->filename) == FileRole::Optional;
      const bool is_shown = came_whole(*at->what) && is_accessory((*at)->filename);
      if (!is_size_probe(*at->what) && !optional_miss && !is_shown) return *at;
    }
    return session.transfers.back();
  }

  RomState state_of(const BootSession& session, const SeenTransfer& last) const {
    const SeenTransfer* nbp = first_whole(session);
    if (nbp == nullptr || nbp->step == last.step) {
      return nbp != nullptr ? RomState::RunsNbp : RomState::FetchesNbp;
    }
    return is_searched_for(last->filename) ? RomState::SearchesConfig : RomState::FetchesPayload;
  }

  // Which of its files came is not to be seen; what it asked for last, and who speaks then, is.
  BootVerdict judge_unseen(const SeenTransfer& last, const std::vector<std::uint32_t>& packets,
                           RomState state) const {
    const FileRole role = role_of(last->filename);
    const bool may_be_system = is_payload(role) || role == FileRole::Other;
    if (!may_be_system || !system_follows()) {
      return verdict(Kind::Unfinished, state, quoted(last->filename), packets);
    }
    return verdict(Kind::Booted, RomState::RunsPayload,
                   fmt::format("{} was its last file, and its system asks for an address of its "
                               "own; the capture lacks the transfers, as one filtered by port 69 "
                               "does",
                               quoted(last->filename)),
                   packets);
  }

  BootVerdict judge_files(const BootSession& session) const {
    const SeenTransfer& last = deciding_transfer(session);
    if (boot_.begins_before_capture && is_miss(*last.what) &&
        role_of(last->filename) == FileRole::Optional) {
      return verdict(Kind::Unfinished, RomState::FetchesPayload,
                     fmt::format("it began before the capture, and {}, which was not there, may be "
                                 "missing",
                                 quoted(last->filename)),
                     {last.step->first_packet, last.step->last_packet});
    }
    return judge_transfer(session, last);
  }

  BootVerdict judge_transfer(const BootSession& session, const SeenTransfer& last) const {
    const std::vector<std::uint32_t> packets{last.step->first_packet, last.step->last_packet};
    const RomState state = state_of(session, last);
    const std::string name = quoted(last->filename);
    if (captured_sides(sessions_) == CapturedSides::WithoutTransfers) {
      return judge_unseen(last, packets, state);
    }
    if (came_whole(*last.what)) return judge_whole(session, last, state, packets);
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
        return verdict(is_size_probe(*last.what) && !is_quiet() && !went_on() ? Kind::Unfinished
                                                                              : Kind::Stalled,
                       state,
                       fmt::format("the client stopped {} itself: ERROR {} \"{}\"", name,
                                   last->error_code.value_or(0), printable(last->error_text)),
                       packets);
      case TransferStep::Outcome::Unanswered:
        return verdict(
            stuck(first_try(session, last), count_tries(session, last)), state,
            fmt::format("{} does not answer the request for {}, sent {}", to_string(last->server),
                        name, in_times(count_tries(session, last))),
            packets);
      case TransferStep::Outcome::Unfinished:
      case TransferStep::Outcome::Complete:
        break;
    }
    const Kind kind = is_quiet() || last->longest_pause >= kWaitOfTheStuck ||
                              last->resent >= kTriesOfTheStuck || went_on()
                          ? Kind::Stalled
                          : Kind::Unfinished;
    return verdict(
        kind, state,
        fmt::format("the transfer of {} stopped after {}", name, counted(last->blocks, "block")),
        packets);
  }

  // Some ROMs take a new port for each try.
  static std::size_t count_tries(const BootSession& session, const SeenTransfer& last) {
    std::size_t tries = 0;
    for (const SeenTransfer& seen : session.transfers) {
      if (seen->filename == last->filename && seen->outcome == TransferStep::Outcome::Unanswered) {
        tries += seen->requests;
      }
    }
    return tries;
  }
  static Instant first_try(const BootSession& session, const SeenTransfer& last) {
    for (const SeenTransfer& seen : session.transfers) {
      if (seen->filename == last->filename) return seen.at();
    }
    return last.at();
  }

  // The ROM's program, or the first one of a round of iPXE.
  bool is_first_program(const BootSession& session, const SeenTransfer& file) const {
    const SeenTransfer* first = first_whole(session);
    if (first == nullptr || first->step != file.step) return false;
    const auto with_file = std::ranges::find_if(sessions_, has_file);
    return session.kind == ClientKind::Ipxe || &*with_file == &session;
  }

  static std::string for_another_machine(std::string_view name, const FileHead& head) {
    return fmt::format(
        "{} came whole, and is made for {}, which this firmware cannot run", quoted(name),
        dhcp::describe_architecture(architecture_of_machine(*head.pe_machine).value_or(0)));
  }

  // The same of what came by HTTP.
  std::string obstacle(const BootSession& session, const SeenHttp& file) const {
    const bool is_script =
        session.kind == ClientKind::Ipxe && role_of_target(file->target) == FileRole::Config;
    const bool is_first = is_http_program(session, file);
    if ((is_script || is_first) && file->head.is_web_page()) {
      return fmt::format("{} is a web page, and no {}", quoted(file->target),
                         is_first ? "program" : "script");
    }
    if (!is_first || !is_for_another_machine(boot_, session.kind, file->target, file->head)) {
      return {};
    }
    return for_another_machine(file->target, file->head);
  }

  // Why a file that came whole cannot run, for certain; empty when nothing speaks against it.
  std::string obstacle(const BootSession& session, const SeenTransfer& file) const {
    const FileRole role = role_of(file->filename);
    const bool is_first = is_first_program(session, file);
    const bool may_be_empty = role == FileRole::Config || role == FileRole::Optional;
    if (file->octets == 0 && !may_be_empty && (is_first || is_payload(role))) {
      return fmt::format("{} sends {} as an empty file", to_string(file->server.address),
                         quoted(file->filename));
    }
    if (!is_first || !is_for_another_machine(boot_, session.kind, file->filename, file->head)) {
      return {};
    }
    return for_another_machine(file->filename, file->head);
  }

  BootVerdict judge_whole(const BootSession& session, const SeenTransfer& last, RomState state,
                          const std::vector<std::uint32_t>& packets) const {
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
    if (const std::string text = obstacle(session, last); !text.empty()) {
      return verdict(Kind::Stalled, state, text, packets);
    }
    if (system_spoke()) {
      return verdict(Kind::Booted, RomState::RunsPayload,
                     fmt::format("{} runs: its system asks for an address of its own", name),
                     packets);
    }
    const FileRole role = role_of(last->filename);
    if (state == RomState::RunsNbp) return judge_nbp(session, last, packets);
    if (role == FileRole::Module || role == FileRole::Config || fetches_more(role)) {
      if (!is_quiet() && !went_on()) {
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
      if (is_chosen_by_configuration(session, last)) {
        return verdict(Kind::Booted, RomState::LocalBoot,
                       fmt::format("{} came whole, as its configuration wants, and nothing more is "
                                   "asked for: a menu that waits, or the local disk",
                                   name),
                       packets);
      }
      return verdict(Kind::Stalled, RomState::SearchesConfig,
                     fmt::format("{} came whole, {}", name,
                                 next_device(sessions_, session) != nullptr
                                     ? "then the firmware tried its next boot device"
                                     : "and nothing further is asked for"),
                     packets);
    }
    if (next_device(sessions_, session) != nullptr) {
      return verdict(
          Kind::Stalled, RomState::FetchesPayload,
          fmt::format("{} came whole, then the firmware tried its next boot device", name),
          packets);
    }
    return verdict(Kind::Booted, RomState::RunsPayload, fmt::format("{} came whole and runs", name),
                   packets);
  }

  // A menu, what a menu needs, or a program such as chain.c32 that boots the local disk.
  bool is_chosen_by_configuration(const BootSession& session, const SeenTransfer& module) const {
    if (role_of(module->filename) != FileRole::Module || next_device(sessions_, session) != nullptr)
      return false;
    return std::ranges::any_of(session.transfers, [&](const SeenTransfer& seen) {
      return seen.at() < module.at() && came_whole(*seen.what) &&
             role_of(seen->filename) == FileRole::Config;
    });
  }

  // Nothing but the first file came.
  BootVerdict judge_nbp(const BootSession& session, const SeenTransfer& last,
                        const std::vector<std::uint32_t>& packets) const {
    const std::string name = quoted(last->filename);
    const bool again = std::ranges::any_of(sessions_, [&](const BootSession& other) {
      const SeenTransfer* nbp = first_whole(other);
      return &other != &session && nbp != nullptr && (*nbp)->filename == last->filename;
    });
    if (again) {
      return verdict(Kind::Stalled, RomState::RunsNbp,
                     fmt::format("it fetches {} again and again, and nothing else", name), packets);
    }
    if (went_on()) {
      return verdict(
          Kind::Stalled, RomState::RunsNbp,
          fmt::format("{} came whole, then the firmware tried its next boot device", name),
          packets);
    }
    if (fetches_more(role_of(last->filename))) {
      return verdict(is_quiet() ? Kind::Stalled : Kind::Unfinished, RomState::RunsNbp,
                     fmt::format("{} came whole, and asks for nothing", name), packets);
    }
    return verdict(Kind::Booted, RomState::RunsPayload,
                   fmt::format("{} came whole; what it does puts nothing on the wire", name),
                   packets);
  }

  const Boot& boot_;
  const std::vector<BootSession>& sessions_;
};

}  // namespace

std::string_view to_string(RomState state) {
  switch (state) {
    case RomState::WaitsForOffer:
      return "waits for an offer";
    case RomState::WaitsForAck:
      return "waits for its address";
    case RomState::HasAddress:
      return "has an address and no file";
    case RomState::WaitsForBootServer:
      return "waits for the boot server";
    case RomState::FetchesNbp:
      return "fetches its first file";
    case RomState::RunsNbp:
      return "has its first file";
    case RomState::SearchesConfig:
      return "looks for its configuration";
    case RomState::FetchesPayload:
      return "fetches what its configuration names";
    case RomState::FetchesByHttp:
      return "fetches by HTTP";
    case RomState::RunsPayload:
      return "has all it asked for";
    case RomState::LocalBoot:
      return "boots locally, or shows a menu";
  }
  return {};
}

std::string_view to_string(BootVerdict::Kind kind) {
  switch (kind) {
    case Kind::Booted:
      return "BOOTED";
    case Kind::Stalled:
      return "STALLED";
    case Kind::Refused:
      return "REFUSED";
    case Kind::Unfinished:
      return "UNFINISHED";
  }
  return {};
}

BootVerdict judge_boot(const Boot& boot) {
  const std::vector<BootSession> sessions = split_sessions(boot);
  return Judge(boot, sessions).judge();
}

}  // namespace pxeproof::trace
