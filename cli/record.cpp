#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/output_file.h"
#include "cli/record_options.h"
#include "cli/recording.h"
#include "cli/verbs.h"
#include "live/capture.h"
#include "live/event_loop.h"
#include "live/monotonic_clock.h"
#include "live/stop_signals.h"
#include "trace/capture_reader.h"
#include "trace/step_text.h"
#include "trace/time_order.h"

namespace pxeproof::cli {

namespace {

using State = trace::BootRecorder::State;

// Cheap, and in the kernel: what no boot needs never reaches us. Which UDP belongs to a boot is
// decided here, since TFTP answers from ports that nobody can know before. Of TCP on other ports
// only SYN and RST: a URL may name any port. Of IPv6 the search for a router: firmware waits for
// it.
constexpr std::string_view kWanted =
    "arp or icmp or (udp and not port 53 and not port 443) or tcp port 80 or tcp port 8080 or "
    "tcp[13] & 6 != 0 or (icmp6 and (ip6[40] == 133 or ip6[40] == 134))";

// Judging costs more than a packet; the end of a boot is silence anyway.
constexpr Duration kBetweenJudgements = std::chrono::milliseconds(150);

ExitCode report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return failure.code;
}

// How a recording ended.
struct Ending {
  State state = State::Waiting;
  enum class Cause { Boot, Time, Signal, File } cause = Cause::Boot;
  trace::PcapngWriter::Statistics statistics{};
};

// Wakes the loop up, so that silence is noticed.
class Ticker : public live::EventSource {
 public:
  explicit Ticker(Instant now) : next_(now + kTick) {}
  std::vector<int> descriptors() const override { return {}; }
  live::Activity on_wake(Instant now) override {
    if (now >= next_) next_ = now + kTick;
    return live::Activity::Idle;
  }
  std::optional<Instant> deadline() const override { return next_; }

 private:
  static constexpr Duration kTick = std::chrono::milliseconds(200);
  Instant next_;
};

// Hands the frames of a live capture to the recording.
class LiveFrames : public live::FrameObserver {
 public:
  explicit LiveFrames(Recording& recording) : recording_(recording) {}
  void set_link(int link) { link_ = static_cast<trace::LinkType>(link); }
  void on_frame(Instant when, live::Direction /*direction*/, ByteView frame) override {
    recording_.on_frame(when, std::chrono::nanoseconds(clock_.nanoseconds(when)), link_, frame,
                        frame.size());
  }
  std::chrono::nanoseconds time_of_day(Instant when) const {
    return std::chrono::nanoseconds(clock_.nanoseconds(when));
  }

 private:
  Recording& recording_;
  trace::LinkType link_ = trace::LinkType::Ethernet;
  live::WallClock clock_;
};

bool is_end(State state, const RecordOptions& options) {
  return (state == State::Booted && options.until_booted) ||
         (state == State::Stalled && options.until_stalled);
}

// The kernel hands tagged frames over with their tag put back in front of the network layer.
std::string ethernet_filter() { return fmt::format("{0} or (vlan and ({0}))", kWanted); }

Outcome<Ending> record_live(const RecordOptions& options, Recording& recording) {
  LiveFrames frames(recording);
  auto capture = live::LiveCapture::open({.interface = options.interface,
                                          .filter = std::string(kWanted),
                                          .ethernet_filter = ethernet_filter()},
                                         frames);
  if (!capture) return environment_failed(capture.error().message);
  frames.set_link(capture->link_type());
  auto loop = live::EventLoop::create();
  if (!loop) return environment_failed(loop.error().message);
  auto signals = live::StopSignals::create();
  if (!signals) return environment_failed(signals.error().message);
  Ticker ticker(live::now());
  for (live::EventSource* source :
       std::initializer_list<live::EventSource*>{&*capture, &*signals, &ticker}) {
    if (const auto added = loop->add(*source); !added)
      return environment_failed(added.error().message);
  }
  if (options.is_told()) {
    fmt::print("recording on {}{}; switch the machine on now (Ctrl-C ends)\n", options.interface,
               options.recorder.machine && !options.recorder.anonymous_seed
                   ? " " + to_string(*options.recorder.machine)
                   : "");
    std::fflush(stdout);
  }
  Ending ending;
  std::optional<Instant> deadline;
  if (options.until_time) deadline = live::now() + *options.until_time;
  Instant judged = live::now();
  const auto ended = loop->run(
      [&] {
        if (signals->stop()) {
          ending.cause = Ending::Cause::Signal;
          return true;
        }
        if (capture->error() || recording.error()) return true;
        const Instant now = live::now();
        if (now - judged < kBetweenJudgements) return false;
        judged = now;
        return is_end(recording.judge(now), options);
      },
      deadline);
  if (!ended) return environment_failed(ended.error().message);
  if (capture->error()) return environment_failed(capture->error()->message);
  if (*ended == live::EventLoop::End::DeadlinePassed) ending.cause = Ending::Cause::Time;
  const Instant now = live::now();
  ending.state = recording.judge(now);
  const auto counted = capture->statistics();
  ending.statistics = {.received = counted.received, .dropped = counted.dropped};
  recording.finish(ending.statistics, frames.time_of_day(now));
  return ending;
}

// Sees when a file has come to the end that was asked for, by the times of its frames.
class FileEnd {
 public:
  explicit FileEnd(const RecordOptions& options) : options_(options) {}

  // Before a frame of this time is recorded: how the recording ends, when it does.
  std::optional<Ending> ends_before(Instant at, Recording& recording) {
    if (options_.until == RecordOptions::Until::Default) return std::nullopt;
    if (!begun_) begun_ = judged_ = at;
    const bool is_over = options_.until_time && at - *begun_ >= *options_.until_time;
    const Instant now = is_over ? *begun_ + *options_.until_time : at;
    if (!is_over && now - judged_ < kBetweenJudgements) return std::nullopt;
    judged_ = now;
    const State state = recording.judge(now);
    if (is_end(state, options_)) return Ending{.state = state, .cause = Ending::Cause::Boot};
    if (is_over) return Ending{.state = state, .cause = Ending::Cause::Time};
    return std::nullopt;
  }

 private:
  const RecordOptions& options_;
  std::optional<Instant> begun_;
  Instant judged_;
};

// The whole file is read, or as far as was asked for; its last boot is judged as if silence
// followed.
Outcome<Ending> record_from_file(const RecordOptions& options, trace::CaptureReader& reader,
                                 Recording& recording) {
  std::optional<Ending> ending;
  FileEnd end(options);
  Instant last;
  std::uint64_t received = 0;
  trace::TimeOrder order;  // a boot is recorded as it went, however its frames lie in the file
  const auto record_ordered = [&] {
    while (const auto frame = order.poll_frame()) {
      if (!ending) ending = end.ends_before(frame->at, recording);
      if (ending) return;
      last = frame->at;
      recording.on_frame(frame->at, frame->at.time_since_epoch(), frame->link, frame->octets,
                         frame->original_size);
    }
  };
  while (const auto frame = reader.next()) {
    ++received;
    order.on_frame({.at = frame->at,
                    .number = frame->number,
                    .link = reader.interfaces()[frame->interface].link,
                    .original_size = frame->original_size,
                    .octets = Bytes(frame->raw.begin(), frame->raw.end())});
    record_ordered();
    if (ending || recording.error()) break;
  }
  order.finish();
  record_ordered();
  if (reader.error()) fmt::print(stderr, "{}\n", reader.error()->message);
  if (!ending) {
    ending = Ending{.state = recording.judge(last + options.recorder.patience),
                    .cause = Ending::Cause::File};
  }
  ending->statistics.received = received;
  recording.finish(ending->statistics, last.time_since_epoch());
  return *ending;
}

std::string_view to_string(State state) {
  switch (state) {
    case State::Waiting:
      return "nothing booted";
    case State::Booting:
      return "still booting";
    case State::Booted:
      return "booted";
    case State::Stalled:
      return "stalled";
  }
  return {};
}

Outcome<void> write_json(const RecordOptions& options, const Ending& ending,
                         const trace::BootRecorder& recorder) {
  nlohmann::ordered_json json;
  json["schema"] = "pxeproof/record/1";
  json["capture"] = options.output;
  json["state"] = to_string(ending.state);
  json["frames"] = recorder.recorded();
  json["lost"] = ending.statistics.dropped;
  if (recorder.boot()) {
    json["mac"] = to_string(recorder.boot()->mac);
    json["verdict"] = recorder.boot()->verdict.text;
    json["seconds"] = to_seconds(recorder.boot()->duration());
  }
  const std::string text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  return write_output({"--json", options.json}, text + "\n");
}

void tell_failure(const RecordOptions& options, std::string_view expected,
                  const std::string& seen) {
  fmt::print(options.is_told() ? stdout : stderr, "expected  {}\nseen      {}\nagain     {}\n",
             expected, seen, options.again);
}

ExitCode tell_lost(const RecordOptions& options, std::uint64_t lost) {
  tell_failure(options, "every packet captured",
               fmt::format("{} packets lost by the capture itself; record on a quieter machine, "
                           "or name the machine with --mac",
                           lost));
  return ExitCode::EnvironmentFailed;
}

ExitCode conclude(const RecordOptions& options, const Ending& ending, const Recording& recording) {
  const trace::BootRecorder& recorder = recording.recorder();
  if (recorder.recorded() == 0) {
    // The machine may have booted in what was lost.
    if (ending.statistics.dropped > 0) return tell_lost(options, ending.statistics.dropped);
    const std::string who =
        options.recorder.machine
            ? fmt::format("{} does not boot", to_string(*options.recorder.machine))
            : std::string("none");
    tell_failure(options, "a machine that boots from the network",
                 fmt::format("{} in {} frames; is this the right interface, and is it on the "
                             "machine's side of every switch and relay?",
                             who, ending.statistics.received));
    return ExitCode::NothingTested;
  }
  const auto& boot = recorder.boot();
  if (options.is_told()) {
    const std::string_view next =
        options.purpose == RecordOptions::Purpose::Case ? "conform --replay" : "explain";
    fmt::print("{}: {}\n{} frames in {}; next: pxeproof {} {}\n", to_string(ending.state),
               boot ? boot->verdict.text : std::string("no verdict yet"), recorder.recorded(),
               options.output, next, options.output);
  }
  if (ending.statistics.dropped > 0) return tell_lost(options, ending.statistics.dropped);
  if (ending.state == State::Stalled ||
      (ending.state != State::Booted && ending.cause == Ending::Cause::Time &&
       options.until_booted)) {
    tell_failure(options, "a boot that comes to its end",
                 boot ? boot->verdict.text : std::string("no verdict"));
    return ExitCode::TestedThingFailed;
  }
  return ExitCode::AsExpected;
}

Outcome<Ending> record_into(const RecordOptions& options, Recording& recording) {
  if (options.from.empty()) return record_live(options, recording);
  auto reader = trace::CaptureReader::open(options.from);
  if (!reader) return wrong_usage(reader.error().message);
  return record_from_file(options, *reader, recording);
}

Outcome<ExitCode> record(const RecordOptions& options) {
  const std::string_view names_output =
      options.purpose == RecordOptions::Purpose::Case ? "--to-case" : "--output";
  if (auto checked = check_outputs({{names_output, options.output}, {"--json", options.json}},
                                   {{"the capture", options.from}});
      !checked) {
    return fail(checked.error());
  }
  auto recording = Recording::create(options);
  if (!recording) return fail(recording.error());
  const auto ending = record_into(options, *recording);
  if (!ending) return fail(ending.error());
  if (recording->error()) return environment_failed(recording->error()->message);
  if (!options.json.empty()) {
    if (auto written = write_json(options, *ending, recording->recorder()); !written) {
      return fail(written.error());
    }
  }
  return conclude(options, *ending, *recording);
}

}  // namespace

ExitCode run_record(std::span<const std::string> words) {
  const auto arguments = parse_arguments(record_syntax(), words);
  if (!arguments) return report(arguments.error());
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(record_syntax()));
    return ExitCode::AsExpected;
  }
  const auto options = read_record_options(*arguments, words);
  if (!options) return report(options.error());
  const auto code = record(*options);
  return code ? *code : report(code.error());
}

}  // namespace pxeproof::cli
