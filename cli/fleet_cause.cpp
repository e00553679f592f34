#include <fmt/format.h>

#include <algorithm>

#include "cli/fleet_answers.h"
#include "cli/fleet_fate.h"
#include "cli/fleet_result.h"

namespace pxeproof::cli {

namespace {

// A wait for an answer that no server needs to think for, and that a retransmission ended: so long
// in itself, or against the wait of most.
constexpr Duration kLongWait = std::chrono::milliseconds(500);
constexpr Duration kShortestLongWait = std::chrono::milliseconds(20);
constexpr int kLongAgainstMost = 10;
// How near a count must come to a limit to be held down by it.
constexpr double kNear = 0.8;
constexpr double kBusy = 0.85;  // of one processor

struct Question {
  const FleetOptions& options;
  const FleetResult& result;
  const rom::FleetTally& tally = result.tally;
  const FleetServer& server = result.server;
};

bool is_near(std::uint64_t count, std::uint64_t limit) {
  return static_cast<double>(count) >= kNear * static_cast<double>(limit);
}

// So many at once that the limit, and nothing else, held them down. dnsmasq lets one more begin,
// and what has ended there is still open here for a moment.
bool is_held_by(std::uint64_t count, std::uint64_t limit) {
  constexpr std::uint64_t kMomentShare = 50;
  return is_near(count, limit) && count <= limit + 1 + limit / kMomentShare;
}

// Machines that never got an address while the pool is used up. A server may offer an address to
// several and lease it to one.
std::optional<FleetCause> address_pool(const Question& question) {
  const std::uint64_t leases = question.tally.leases;
  const std::uint64_t troubled = troubled_in(question.tally, part_of(rom::Exchange::Request));
  if (troubled == 0 || !question.server.pool || question.tally.powered_on <= leases) {
    return std::nullopt;
  }
  const std::uint64_t without = question.tally.powered_on - leases;
  if (leases >= *question.server.pool) {
    return FleetCause{"address pool",
                      fmt::format("{} machines got no address: all {} of the pool are leased",
                                  without, *question.server.pool),
                      "a larger dhcp-range"};
  }
  if (question.server.lease_max && leases >= *question.server.lease_max) {
    return FleetCause{"dhcp-lease-max",
                      fmt::format("{} machines got no address: {} leases are given, and "
                                  "dhcp-lease-max is {}",
                                  without, leases, *question.server.lease_max),
                      remedy_line(question.options,
                                  fmt::format("dhcp-lease-max={}", question.tally.planned * 2))};
  }
  return std::nullopt;
}

std::uint64_t failed_over_files(const rom::FleetTally& tally) {
  return failed_in(tally, part_of(rom::Exchange::File));
}

struct Waiting {
  std::uint64_t unanswered;  // RRQs that got no answer, each time they were sent
  Duration longest;
  bool is_long;
};

Waiting waiting_for_files(const rom::FleetTally& tally) {
  const rom::LedgerRow& files = tally.ledger.row(rom::Exchange::File);
  const std::uint64_t answers = files.received + files.answers_lost_on_cable;
  Waiting waiting{files.sent > answers ? files.sent - answers : 0,
                  std::max(tally.answer_wait.maximum(), tally.vain_wait.maximum()), false};
  const Duration long_wait = std::clamp(kLongAgainstMost * tally.answer_wait.percentile(0.5),
                                        kShortestLongWait, kLongWait);
  waiting.is_long =
      waiting.unanswered > 0 && (waiting.longest >= long_wait || failed_over_files(tally) > 0);
  return waiting;
}

// RRQs go unanswered while as many transfers are open as the server allows.
std::optional<FleetCause> transfer_limit(const Question& question) {
  const Waiting waiting = waiting_for_files(question.tally);
  if (!waiting.is_long) return std::nullopt;
  const std::uint64_t peak = question.tally.peak_open;
  const std::string evidence = fmt::format(
      "{} RRQs stayed unanswered (up to {} at once, the longest wait {}) while {} "
      "transfers were open and never more",
      waiting.unanswered, question.tally.peak_unanswered, duration_text(waiting.longest), peak);
  if (question.server.transfer_ports && is_held_by(peak, *question.server.transfer_ports)) {
    return FleetCause{
        "ports",
        fmt::format("{}: tftp-port-range has {} ports", evidence, *question.server.transfer_ports),
        "a wider tftp-port-range"};
  }
  if (question.server.tftp_max && is_held_by(peak, *question.server.tftp_max)) {
    return FleetCause{
        "tftp-max",
        fmt::format("{}: tftp-max={}{}", evidence, *question.server.tftp_max,
                    question.server.tftp_max_is_default ? " (the default)" : ""),
        remedy_line(question.options, fmt::format("tftp-max={}", question.tally.planned + 100))};
  }
  // Of servers that nobody described, a plateau is all that can be seen.
  if (!question.server.tftp_max && peak > 0 && question.tally.peak_unanswered > peak) {
    return FleetCause{
        "transfers at once",
        fmt::format("{}: looks like a limit of the server (dnsmasq's tftp-max is 50 unless set)",
                    evidence),
        "tftp-max=600 in the server's configuration, if it is dnsmasq"};
  }
  return std::nullopt;
}

// The built-in server gives up transfers whose client has not answered, to make room for others.
std::optional<FleetCause> half_open(const Question& question) {
  const std::uint64_t waiting = question.tally.peak_unanswered;
  if (!question.server.half_open || waiting < *question.server.half_open) return std::nullopt;
  if (failed_over_files(question.tally) == 0) return std::nullopt;
  return FleetCause{
      "half-open",
      fmt::format("{} machines waited for a first answer at once, and the built-in server gives up "
                  "transfers when more than {} have not been answered by their client",
                  waiting, *question.server.half_open),
      "machines that arrive over a longer time, such as --arrive storm=60s"};
}

// The server's process works all the time.
std::optional<FleetCause> processor(const Question& question) {
  const FleetHarness& harness = question.result.harness;
  if (!question.server.cpu_seconds || harness.wall_seconds <= 0) return std::nullopt;
  const double share = *question.server.cpu_seconds / harness.wall_seconds;
  if (share < kBusy) return std::nullopt;
  return FleetCause{"cpu",
                    fmt::format("the boot server's process used {:.0f} % of a processor over the "
                                "{:.1f} s of the run",
                                share * 100, harness.wall_seconds),
                    "a faster machine, fewer machines at once, or a lighter server"};
}

// What came to the wire of a server, and what it answered there.
struct Heard {
  std::string server = "server";
  std::uint64_t questions = 0;
  std::uint64_t answers = 0;
};

// Every server hears each DISCOVER, and owes an answer: the most silent one counts.
Heard heard_by_server(const Question& question, const FleetPart& part) {
  if (!question.result.harness.has_wire) return {};
  const rom::LedgerRow& row = question.tally.ledger.row(part.exchange);
  Heard heard{.questions = row.reached, .answers = row.answered};
  if (part.exchange != rom::Exchange::Discover || question.result.watched.empty()) return heard;
  const auto most_silent =
      std::ranges::max_element(question.result.watched, {}, [](const WatchedServer& each) {
        return each.discovers > each.offers ? each.discovers - each.offers : 0;
      });
  return {most_silent->name, most_silent->discovers, most_silent->offers};
}

// A server reads its sockets more slowly than datagrams come.
std::optional<FleetCause> overflow(const Question& question) {
  constexpr std::uint64_t kFewMachines = 100;  // one in so many: what a percentile tells of
  const std::uint64_t stopped = question.tally.failed + question.tally.under_way();
  if (stopped > 0 && worst_exchange(question.result).in_vain() == 0) return std::nullopt;
  for (const WatchedServer& each : question.result.watched) {
    if (each.overflows == 0 || each.overflows * 2 < stopped ||
        each.overflows * kFewMachines < question.tally.powered_on) {
      continue;
    }
    return FleetCause{
        "socket buffer",
        fmt::format("the {}'s socket buffers overflowed {} times: it was too slow to read",
                    each.name, each.overflows),
        "machines that arrive over a longer time, such as --arrive storm=30s"};
  }
  return std::nullopt;
}

// Questions that reached the server's wire, or left us, and were not answered.
std::optional<FleetCause> silence(const Question& question) {
  const FleetFate fate = worst_exchange(question.result);
  if (fate.in_vain() == 0) return std::nullopt;
  const rom::LedgerRow& row = question.tally.ledger.row(fate.part.exchange);
  const Heard heard = heard_by_server(question, fate.part);
  const bool is_for_address =
      fate.part.exchange == rom::Exchange::Discover || fate.part.exchange == rom::Exchange::Request;
  const bool has_offered = question.tally.ledger.row(rom::Exchange::Discover).received > 0;
  if (question.server.pings && is_for_address && has_offered) {
    return FleetCause{"server silent",
                      fmt::format("{} of {} {} were not answered: dnsmasq pings each address "
                                  "before it offers it, and hears nothing else meanwhile",
                                  fate.silent, row.sent, fate.part.name),
                      remedy_line(question.options, "no-ping")};
  }
  if (heard.questions > heard.answers) {
    return FleetCause{
        "server silent",
        fmt::format("{} of {} {} that reached the {} were not answered: it was down, "
                    "too busy to read them, or did not want to",
                    heard.questions - heard.answers, heard.questions, fate.part.name, heard.server),
        {}};
  }
  return FleetCause{
      "unanswered",
      fmt::format("{} of {} {} were not answered", fate.silent, row.sent, fate.part.name),
      {}};
}

// Some of the fleet's own cables lose frames, as was wanted: more than the servers left unanswered,
// and one at least for each machine that came to grief.
std::optional<FleetCause> cables(const Question& question) {
  const FleetFate fate = worst_exchange(question.result);
  if (fate.lost() == 0 || fate.lost() < fate.silent) return std::nullopt;
  if (lost_on_cables(question.result) < question.tally.failed + question.tally.under_way())
    return std::nullopt;
  return FleetCause{"cables",
                    fmt::format("{} of {} {} and {} of their answers were lost on the machines' "
                                "own cables, as --link or --arrive stp wanted",
                                fate.questions_lost, fate.asked, fate.part.name, fate.answers_lost),
                    {}};
}

// The boot server was killed because the user wanted it, and machines waited for it.
std::optional<FleetCause> restart(const Question& question) {
  const FleetResult::HeldByRestart& held = question.result.held_by_restart;
  const std::uint64_t under_way = question.tally.under_way();
  const std::uint64_t stopped = question.tally.failed + under_way;
  const std::uint64_t held_up = held.failed + held.under_way;
  if (stopped > 0 ? held_up * 2 < stopped : held.booted == 0) return std::nullopt;
  const std::string machines =
      stopped > 0 ? fmt::format("{} of the {} machines that {}", held_up, stopped,
                                under_way == 0 ? "failed" : "failed or had not ended")
                  : fmt::format("{} machines", held.booted);
  return FleetCause{"restart",
                    fmt::format("{} waited for an answer of the boot server when it was killed and "
                                "started anew, as --restart wanted",
                                machines),
                    {}};
}

std::optional<FleetCause> death(const Question& question) {
  if (question.server.death.empty()) return std::nullopt;
  return FleetCause{"server ended", question.server.death,
                    "its own log, and the same again with -v"};
}

}  // namespace

std::string remedy_line(const FleetOptions& options, const std::string& line) {
  FleetOptions changed = options;
  changed.server_lines.push_back(line);
  return fmt::format("{}    check: {}", line, changed.again());
}

std::optional<FleetCause> find_cause(const FleetOptions& options, const FleetResult& result) {
  const std::vector<ThresholdVerdict> verdicts = judge(options, result);
  const bool all_hold =
      std::ranges::all_of(verdicts, [](const ThresholdVerdict& each) { return each.holds; });
  const Question question{options, result};
  if (auto cause = death(question)) return cause;
  // A transfer limit is worth a word also where everybody booted in the end.
  if (auto cause = transfer_limit(question)) return cause;
  if (all_hold && result.tally.is_over()) return std::nullopt;
  if (auto cause = address_pool(question)) return cause;
  if (auto cause = shared_address(options, result)) return cause;
  if (auto cause = half_open(question)) return cause;
  // What a fleet always meets says nothing where a signal ended a run in which all went well.
  const bool is_only_stopped = all_hold && result.stopped;
  if (!is_only_stopped) {
    if (auto cause = processor(question)) return cause;
  }
  // Machines that wait for what a dead server owed them do not go well.
  if (!is_only_stopped || result.held_by_restart.under_way > 0) {
    if (auto cause = restart(question)) return cause;
  }
  // A server that waits for its own pings reads nothing, and its sockets overflow.
  if (result.server.pings) {
    if (auto cause = late_offers(options, result)) return cause;
  }
  if (auto cause = overflow(question)) return cause;
  for (const auto& look : {refused_leases, silent_neighbour, closed_port, no_tftp}) {
    if (auto cause = look(options, result)) return cause;
  }
  if (!is_only_stopped) {
    if (auto cause = cables(question)) return cause;
  }
  for (const auto& look : {late_offers, no_address}) {
    if (auto cause = look(options, result)) return cause;
  }
  if (auto cause = silence(question)) return cause;
  if (auto cause = unused_answers(options, result)) return cause;
  return no_proxy(options, result);
}

}  // namespace pxeproof::cli
