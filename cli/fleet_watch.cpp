#include "cli/fleet_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/explained_capture.h"
#include "live/monotonic_clock.h"
#include "trace/pcapng_writer.h"

namespace pxeproof::cli {

namespace {

using nlohmann::ordered_json;

constexpr Duration kShownOnTerminal = std::chrono::milliseconds(200);
constexpr Duration kShownElsewhere = std::chrono::seconds(5);
constexpr std::size_t kMostSamples = 2000;  // then every other one is dropped

bool is_terminal() { return isatty(STDERR_FILENO) != 0; }

// What the rules of `pxeproof explain` make of a capture; empty when it cannot be read.
std::vector<std::string> explained(const std::string& file) {
  const auto capture = explain_capture(file, {});
  if (!capture || capture->explanations.empty()) return {};
  const trace::Explanation& explanation = capture->explanations.front();
  if (explanation.faults.empty()) {
    if (explanation.undecided.empty()) return {};
    return {"explain: " + explanation.undecided};
  }
  const trace::Finding& fault = explanation.faults.front();
  return {fmt::format("explain: {} ({}): {}", fault.rule->id, to_string(fault.confidence),
                      fault.cause)};
}

ordered_json outcome_json(const rom::Fleet& fleet, const rom::FleetOutcome& outcome) {
  const rom::FleetPlan& plan = fleet.plan();
  ordered_json json{{"kind", "machine"},
                    {"client", outcome.client},
                    {"mac", to_string(fleet.numbering().mac(outcome.client))},
                    {"firmware", plan.kinds[plan.clients[outcome.client].kind].name},
                    {"booted", outcome.booted},
                    {"planned_s", to_seconds(outcome.planned)},
                    {"ended_s", to_seconds(outcome.ended)},
                    {"took_s", to_seconds(outcome.ended - outcome.planned)}};
  if (!outcome.booted) {
    json["before"] = rom::to_string(outcome.reached);
    json["reason"] = printable(outcome.reason);
  }
  return json;
}

ordered_json sample_json(const FleetSample& sample) {
  return {{"kind", "moment"},          {"at_s", to_seconds(sample.at)},
          {"waiting", sample.waiting}, {"busy_with", sample.busy_with},
          {"booted", sample.booted},   {"failed", sample.failed}};
}

}  // namespace

Outcome<FleetWatch> FleetWatch::open(const FleetOptions& options) {
  FleetWatch watch(options);
  if (!options.jsonl.empty() && options.jsonl != "-") {
    watch.jsonl_file_.open(options.jsonl);
    if (!watch.jsonl_file_) {
      return wrong_usage(fmt::format(
          "--jsonl: {} cannot be written; name a file in a directory that exists", options.jsonl));
    }
  }
  if (options.keep_failures > 0) {
    std::error_code error;
    std::filesystem::create_directories(options.keep_directory, error);
    if (error) {
      return wrong_usage(fmt::format("--keep-in: {} cannot be made ({}); name another directory",
                                     options.keep_directory, error.message()));
    }
  }
  return watch;
}

void FleetWatch::write_line(const std::string& line) {
  if (options_->jsonl == "-") {
    fmt::print("{}\n", line);
  } else if (jsonl_file_.is_open()) {
    jsonl_file_ << line << '\n';
  }
}

void FleetWatch::take(rom::Fleet& fleet) {
  while (const auto outcome = fleet.poll_outcome()) {
    count(*outcome);
    if (!options_->jsonl.empty()) write_line(outcome_json(fleet, *outcome).dump());
  }
  while (auto failure = fleet.poll_failure()) keep(fleet, std::move(*failure));
}

bool FleetWatch::is_held(const rom::FleetOutcome& outcome) const {
  return std::ranges::any_of(options_->restarts,
                             [&outcome](Duration at) { return was_held_by_restart(outcome, at); });
}

void FleetWatch::count(const rom::FleetOutcome& outcome) {
  if (is_held(outcome)) ++(outcome.booted ? held_by_restart_.booted : held_by_restart_.failed);
}

void FleetWatch::look(const rom::Fleet& fleet, Instant now) {
  if (now < next_look_) return;
  next_look_ = now + sample_gap_;
  const rom::FleetTally& tally = fleet.tally();
  const FleetSample sample{.at = now - fleet.started(),
                           .waiting = tally.planned - tally.powered_on,
                           .busy_with = tally.busy_with,
                           .booted = tally.booted,
                           .failed = tally.failed};
  samples_.push_back(sample);
  if (samples_.size() == kMostSamples) {
    for (std::size_t i = 0; i < kMostSamples / 2; ++i) samples_[i] = samples_[i * 2];
    samples_.resize(kMostSamples / 2);
    sample_gap_ *= 2;
  }
  if (!options_->jsonl.empty()) write_line(sample_json(sample).dump());
  show(tally, sample.at);
}

void FleetWatch::show(const rom::FleetTally& tally, Duration since_start) {
  const std::int64_t clock = live::now().time_since_epoch().count();
  const Duration gap = is_terminal() ? kShownOnTerminal : kShownElsewhere;
  if (last_shown_ns_ != 0 && clock - last_shown_ns_ < gap.count()) return;
  const std::uint64_t ended = tally.booted + tally.failed;
  const double seconds = static_cast<double>(clock - last_shown_ns_) / 1e9;
  const double rate = last_shown_ns_ == 0 ? 0 : static_cast<double>(ended - last_ended_) / seconds;
  std::string text = fmt::format(
      "{:.1f} s: {} waiting, {} dhcp, {} 4011, {} nbp, {} config, {} payload, {} booted, {} failed",
      to_seconds(since_start), tally.planned - tally.powered_on, tally.busy_with[0],
      tally.busy_with[1], tally.busy_with[2], tally.busy_with[3], tally.busy_with[4], tally.booted,
      tally.failed);
  // Of those that failed, nothing follows for the others.
  if (rate > 0 && tally.booted > 0) {
    text += fmt::format(", {:.0f}/s, {:.0f} s to go", rate,
                        static_cast<double>(tally.planned - ended) / rate);
  }
  last_shown_ns_ = clock;
  last_ended_ = ended;
  if (is_terminal()) {
    fmt::print(stderr, "\r\x1b[K{}", text);
    std::fflush(stderr);
    line_is_open_ = true;
  } else if (since_start > Duration{}) {
    fmt::print(stderr, "{}\n", text);
  }
}

void FleetWatch::keep(const rom::Fleet& fleet, rom::KeptFailure failure) {
  const std::filesystem::path path = std::filesystem::path(options_->keep_directory) /
                                     fmt::format("failed-boot-{}.pcapng", failure.outcome.client);
  KeptBoot kept{.file = path.string(),
                .mac = to_string(fleet.numbering().mac(failure.outcome.client)),
                .reason = failure.outcome.reason,
                .words = {}};
  std::string comment = fmt::format("{}: {}", kept.mac, printable(kept.reason));
  if (failure.is_cut) {
    comment += "; its later packets are not here: the captures of a fleet had no more room";
    kept.words.push_back(fmt::format(
        "cut after {} packets: too many machines were recorded at once; run fewer for a whole one",
        failure.frames.size()));
  }
  auto writer = trace::PcapngWriter::create(path.string(), {.comment = comment});
  if (!writer) {
    kept.words.push_back(writer.error().message);
  } else {
    const std::uint32_t interface = writer->add_interface({.name = "fleet"});
    for (const rom::RecordedFrame& frame : failure.frames) {
      writer->write({.interface = interface,
                     .since_unix_epoch = frame.at.time_since_epoch() + to_wall_clock_,
                     .octets = frame.octets,
                     .original_size = frame.original_size});
    }
    if (writer->error()) kept.words.push_back(writer->error()->message);
  }
  if (kept.words.empty()) kept.words = explained(kept.file);
  kept_.push_back(std::move(kept));
}

FleetResult FleetWatch::finish(rom::Fleet& fleet, Instant now) {
  take(fleet);
  next_look_ = now;
  look(fleet, now);
  for (const rom::FleetWait& wait : fleet.waits(now)) {
    rom::FleetOutcome unended;
    unended.wait = wait;
    if (is_held(unended)) ++held_by_restart_.under_way;
  }
  fleet.stop(now);
  if (line_is_open_) fmt::print(stderr, "\r\x1b[K");
  FleetResult result;
  result.tally = fleet.tally();
  result.slowest = fleet.slowest();
  result.samples = samples_;
  result.kept = kept_;
  result.held_by_restart = held_by_restart_;
  result.clients = fleet.plan().clients.size();
  result.left_out = options_->clients - std::min(options_->clients, result.clients);
  if (jsonl_file_.is_open() && !jsonl_file_.flush()) {
    result.lost_lines = fmt::format(
        "--jsonl: {} could not be written to its end; is the disk full?", options_->jsonl);
  }
  return result;
}

}  // namespace pxeproof::cli
