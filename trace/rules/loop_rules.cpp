#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "protocol/letter_case.h"
#include "trace/rules/advice.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/session_signs.h"
#include "trace/step_text.h"

namespace pxeproof::trace::rule {

namespace {

using namespace std::chrono_literals;

// Three boots of one machine, each so soon after the one before, are a loop.
constexpr Duration kSoonAgain = 60min;
constexpr std::size_t kLoopOfBoots = 3;
constexpr std::size_t kLoopOfFiles = 5;

// A script after which iPXE asks for an address and for the script again.
Look script_begins_anew(const RuleInput& in) {
  const SeenTransfer* file = last_transfer(in.session);
  const bool by_http = !in.session.http.empty();
  if (!by_http && file == nullptr) return std::nullopt;
  const std::string& name = by_http ? in.session.http.back()->target : (*file)->filename;
  const std::size_t rounds = rounds_with_only(in.sessions, name);
  if (rounds < kRoundsOfALoop || in.session.kind != ClientKind::Ipxe ||
      role_of(std::string_view(name).substr(0, name.find('?'))) != FileRole::Config) {
    return std::nullopt;
  }
  Finding finding;
  finding.packets = by_http ? std::vector{in.session.http.back().packet()} : packets_of(*file);
  finding.cause = fmt::format(
      "{} was fetched in {} rounds of DHCP and nothing after it: the script fails, or ends in "
      "reboot or autoboot, and iPXE begins anew.",
      quote(name), rounds);
  finding.fixes = {{"iPXE",
                    "its screen names the command that fails; put \"|| shell\" behind the commands "
                    "to stop there"}};
  finding.until = "payload";
  return finding;
}

// The same by HTTP: each round of iPXE ends with the same program.
Look ipxe_loop_by_http(const RuleInput& in) {
  if (in.session.kind != ClientKind::Ipxe || in.session.http.empty()) return std::nullopt;
  const SeenHttp& last = in.session.http.back();
  const std::string& name = last->target;
  const FileRole role = role_of(std::string_view(name).substr(0, name.find('?')));
  Finding finding;
  std::size_t rounds = 0;
  for (const BootSession& session : in.sessions) {
    if (session.kind != ClientKind::Ipxe || session.http.empty()) continue;
    const SeenHttp& ended = session.http.back();
    if (ended->target != name || ended->status != 200 || ended->is_cut_short()) continue;
    finding.packets.push_back(ended.packet());
    ++rounds;
  }
  const bool is_ipxe = role == FileRole::Ipxe && rounds >= 2;
  const bool is_program =
      role != FileRole::Config && rounds_with_only(in.sessions, name) >= kRoundsOfALoop;
  if (!is_ipxe && !is_program) return std::nullopt;
  finding.confidence = is_ipxe ? Confidence::Certain : Confidence::Likely;
  finding.cause = fmt::format(
      "iPXE asks again and is given {} by HTTP again ({} rounds), and nothing after it: the server "
      "does not recognise iPXE (option 77 \"iPXE\" or option 175){}.",
      quote(name), rounds, is_ipxe ? "" : ", or the program ends at once");
  finding.fixes = ipxe_fixes(in, name, namer_of(in.session));
  finding.until = "payload";
  return finding;
}

}  // namespace

Look ipxe_loop(const RuleInput& in) {
  if (auto by_http = ipxe_loop_by_http(in)) return by_http;
  // For each file that came whole: does iPXE, asking later, get it again?
  for (std::size_t at = 0; at < in.sessions.size(); ++at) {
    for (const SeenTransfer& seen : in.sessions[at].transfers) {
      if (!came_whole(*seen.what)) continue;
      const bool is_ipxe = role_of(seen->filename) == FileRole::Ipxe;
      Finding finding;
      finding.packets = {seen.packet()};
      std::size_t rounds = 1;
      bool offered = false;
      for (std::size_t later = at + 1; later < in.sessions.size(); ++later) {
        const BootSession& next = in.sessions[later];
        const bool asked_by_it =
            next.kind == ClientKind::Ipxe && (is_ipxe || in.sessions[at].kind != ClientKind::Ipxe);
        if (!asked_by_it) continue;
        const auto again = std::ranges::find_if(next.transfers, [&](const SeenTransfer& other) {
          return is_same_file(other->filename, seen->filename) && !is_size_probe(*other.what);
        });
        if (again != next.transfers.end()) {
          ++rounds;
          finding.packets.push_back(again->packet());
        }
        for (const SeenDhcp& answer : boot_answers(next)) {
          if (!is_same_file(answer->boot_file, seen->filename)) continue;
          if (!offered) finding.packets.push_back(answer.packet());
          offered = true;
        }
      }
      const bool only_offered = offered && &in.session == &in.sessions.back() &&
                                !in.session.fetches() && in.sessions.size() > at + 1;
      if (rounds < 2 && !only_offered) continue;
      finding.confidence = rounds >= 2 ? Confidence::Certain : Confidence::Likely;
      finding.cause = fmt::format(
          "iPXE runs, asks again and is given itself, {}, again{}: the server does not recognise "
          "iPXE (option 77 \"iPXE\" or option 175).",
          quote(seen->filename), rounds > 1 ? fmt::format(" ({} rounds)", rounds) : "");
      finding.fixes = ipxe_fixes(in, seen->filename, namer_of(in.sessions[at], seen->filename));
      finding.until = "payload";
      return finding;
    }
  }
  return std::nullopt;
}

Look reinstall_loop(const RuleInput& in) {
  std::vector<const Boot*> same;
  for (const Boot* other : in.capture.boots) {
    const bool is_same = (in.boot.mac != MacAddress{} && other->mac == in.boot.mac) ||
                         (in.boot.guid && other->guid == in.boot.guid);
    const bool ran = other->verdict.kind == BootVerdict::Kind::Booted &&
                     other->verdict.state == RomState::RunsPayload;
    if (is_same && ran) same.push_back(other);
  }
  std::ranges::sort(same, {}, [](const Boot* boot) { return boot->begun; });
  // The run of boots close together that this one is in.
  std::vector<const Boot*> run;
  bool holds_this = false;
  for (const Boot* boot : same) {
    if (!run.empty() && boot->begun - run.back()->ended > kSoonAgain) {
      if (holds_this) break;
      run.clear();
    }
    run.push_back(boot);
    holds_this = holds_this || boot == &in.boot;
  }
  if (!holds_this || run.size() < kLoopOfBoots) return std::nullopt;
  const auto payload = [](const Boot& boot) {
    std::string name;
    for (const Step& step : boot.steps) {
      const auto* transfer = std::get_if<TransferStep>(&step.what);
      if (transfer != nullptr && came_whole(*transfer)) name = transfer->filename;
      if (const auto* http = std::get_if<HttpStep>(&step.what)) name = http->target;
    }
    return name;
  };
  const std::string name = payload(in.boot);
  const bool all_alike =
      std::ranges::all_of(run, [&](const Boot* boot) { return payload(*boot) == name; });
  if (!all_alike || name.empty()) return std::nullopt;
  Finding finding;
  for (const Boot* boot : run) {
    if (!boot->steps.empty()) finding.packets.push_back(boot->steps.front().first_packet);
  }
  finding.cause = fmt::format(
      "This machine booted {} times in {}, each time to {}: after the installation it boots the "
      "network again.",
      run.size(), describe_duration(run.back()->ended - run.front()->begun), quote(name));
  finding.fixes = {
      {"boot order", "disk before network, or let the installer set it (efibootmgr)"},
      {"dnsmasq", "dhcp-host=MAC,set:installed\npxe-service=tag:!installed,..."},
      {"loader",
       "a default entry that boots the local disk, and an installer that is chosen once"}};
  finding.until = "config";
  return finding;
}

Look loader_loop(const RuleInput& in) {
  if (auto script = script_begins_anew(in)) return script;
  for (const SeenHttp& seen : in.session.http) {
    const auto times = std::ranges::count_if(in.session.http, [&](const SeenHttp& other) {
      return !other->target.empty() && other->target == seen->target && other->status == 200;
    });
    const bool is_script =
        role_of(seen->target.substr(0, seen->target.find('?'))) == FileRole::Config;
    if (!is_script || times < static_cast<std::ptrdiff_t>(kLoopOfFiles)) continue;
    Finding finding;
    finding.packets = {seen.packet(), in.session.http.back().packet()};
    finding.cause = fmt::format(
        "{} was fetched {} times in one boot: the script chains itself, or fails and begins anew.",
        quote(seen->target), times);
    finding.fixes = {{"iPXE", "look at the script's chain lines, and at what follows \"||\""}};
    finding.until = "payload";
    return finding;
  }
  for (const SeenTransfer& seen : in.session.transfers) {
    if (is_size_probe(*seen.what)) continue;
    std::size_t times = 0;
    for (const SeenTransfer& other : in.session.transfers) {
      if (other->filename == seen->filename && came_whole(*other.what)) ++times;
    }
    if (times < kLoopOfFiles) continue;
    Finding finding;
    finding.packets = packets_of(seen);
    finding.cause = fmt::format(
        "{} was fetched {} times in one boot: the loader starts itself, or fails and tries again "
        "for "
        "ever (a library of a menu module that is missing, a configuration that chains itself).",
        quote(seen->filename), times);
    finding.fixes = {{"loader", "look at the names refused beside it, and at UI and CONFIG lines"}};
    finding.until = "payload";
    return finding;
  }
  return std::nullopt;
}

}  // namespace pxeproof::trace::rule
