#include <fmt/format.h>

#include <algorithm>

#include "trace/boot_files.h"
#include "trace/session_signs.h"
#include "trace/step_text.h"
#include "trace/verdict/boot_view.h"

namespace pxeproof::trace {

namespace {

using Kind = BootVerdict::Kind;

// What a system does that got its kernel: it connects to others than its boot servers.
bool is_of_system(const BootSession& session, const SeenHttp& seen) {
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

// The same of what came by HTTP.
std::string obstacle(const BootView& view, const BootSession& session, const SeenHttp& file) {
  const bool is_script =
      session.kind == ClientKind::Ipxe && role_of_target(file->target) == FileRole::Config;
  const bool is_first = is_http_program(session, file);
  if ((is_script || is_first) && file->head.is_web_page()) {
    return fmt::format("{} is a web page, and no {}", quoted(file->target),
                       is_first ? "program" : "script");
  }
  if (!is_first || !is_for_another_machine(view.boot(), session.kind, file->target, file->head)) {
    return {};
  }
  return for_another_machine(file->target, file->head);
}

BootVerdict judge_connection(const BootView& view, const SeenHttp& last) {
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
  return verdict(
      view.stuck(last.at(), last->attempts), RomState::FetchesByHttp,
      fmt::format("{} does not answer the connection, asked for {} times", server, last->attempts),
      packets);
}

// The web server grants the request.
BootVerdict judge_content(const BootView& view, const BootSession& session, const SeenHttp& last,
                          const std::vector<std::uint32_t>& packets) {
  const std::string name = quoted(last->target);
  const Kind silent = view.when_silent();
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
  if (std::string reason = obstacle(view, session, last); !reason.empty()) {
    const bool is_first = is_http_program(session, last);
    return verdict(Kind::Stalled, is_first ? RomState::RunsNbp : RomState::SearchesConfig,
                   std::move(reason), packets);
  }
  if (rounds_with_only(view.sessions(), last->target) >= kRoundsOfALoop && !view.system_spoke()) {
    const bool is_script = role_of_target(last->target) == FileRole::Config;
    return verdict(Kind::Stalled, is_script ? RomState::SearchesConfig : RomState::RunsNbp,
                   fmt::format("it fetches {} by HTTP again and again, and nothing else", name),
                   packets);
  }
  if (role_of_target(last->target) == FileRole::Config && !view.system_spoke()) {
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
  if (is_http_program(session, last) && next_device(view.sessions(), session) != nullptr) {
    return verdict(
        Kind::Stalled, RomState::RunsNbp,
        fmt::format("{} came by HTTP, then the firmware tried its next boot device", name),
        packets);
  }
  return verdict(Kind::Booted, RomState::RunsPayload,
                 fmt::format("its last file, {}, was answered by HTTP", name), packets);
}

}  // namespace

const SeenHttp* last_http(const BootSession& session) {
  const bool is_all = std::ranges::all_of(
      session.http, [](const SeenHttp& seen) { return is_accessory(seen->target); });
  for (auto at = session.http.rbegin(); at != session.http.rend(); ++at) {
    if (is_of_system(session, *at) || (is_accessory((*at)->target) && !is_all)) continue;
    const bool is_last = session.transfers.empty() || at->at() >= session.transfers.back().at();
    return is_last ? &*at : nullptr;
  }
  return nullptr;
}

BootVerdict judge_http(const BootView& view, const BootSession& session, const SeenHttp& last) {
  if (last->connection != HttpStep::Connection::Open) return judge_connection(view, last);
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
    return verdict(view.when_silent(), RomState::FetchesByHttp,
                   fmt::format("{} answered {} to {}, and the client does not follow",
                               to_string(last->server.address), *last->status, name),
                   packets);
  }
  if (!last->status) {
    return verdict(view.stuck(last.at(), 1), RomState::FetchesByHttp,
                   fmt::format("no answer to the request for {} was seen", name), packets);
  }
  return judge_content(view, session, last, packets);
}

}  // namespace pxeproof::trace
