#include "cli/conform_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>

#include "cli/conform_capture.h"
#include "cli/conform_fixture.h"
#include "cli/conform_live.h"
#include "cli/conform_remote.h"
#include "cli/conform_virtual.h"
#include "conformance/catalogue.h"
#include "conformance/plan.h"
#include "conformance/report_json.h"
#include "live/event_loop.h"
#include "live/monotonic_clock.h"
#include "live/private_namespaces.h"
#include "live/temporary_directory.h"
#include "live/watchdog.h"
#include "trace/packet_text.h"

namespace pxeproof::cli {

namespace {

using conformance::CaseResult;
using conformance::Instance;
using conformance::TargetFile;
using conformance::TargetResult;
using conformance::Verdict;

// Of real time, for an instance in virtual time: far more than one takes on a busy machine.
constexpr std::chrono::seconds kLightLimit{120};
constexpr std::chrono::seconds kAloneLimit{30};  // for one case that is not heavy
constexpr std::chrono::seconds kHeavyLimit{900};

constexpr int kNeverCameBack = 97;  // of a process that its watchdog ended

constexpr std::string_view kAbility = "ability ";
constexpr std::string_view kNote = "note ";
constexpr std::string_view kFailed = "failed ";
constexpr std::string_view kPacket = "packet ";
constexpr std::string_view kUnclear = "unclear ";

std::filesystem::path capture_directory(const ConformRunOptions& options,
                                        const TargetResult& result) {
  std::string name = result.target;
  if (!result.version.empty()) name += "-" + result.version;
  return std::filesystem::path(options.out) / name;
}

// The packets of a case, a line each, for -v.
std::vector<std::string> packet_lines(const std::vector<conformance::CaseFrame>& frames,
                                      int verbosity) {
  std::vector<std::string> lines;
  if (verbosity == 0 || frames.empty()) return lines;
  const Instant begun = frames.front().at;
  for (const conformance::CaseFrame& frame : frames) {
    const bool sent = frame.direction == conformance::CaseFrame::Direction::Sent;
    lines.push_back(fmt::format("    {:8.4f} {} {}", to_seconds(frame.at - begun),
                                sent ? "->" : "<-", trace::describe_packet(frame.octets)));
    if (verbosity > 1) lines.push_back(trace::hex_dump(frame.octets, "             "));
  }
  return lines;
}

// Gathers what instances say into the result of a target.
class Gatherer {
 public:
  Gatherer(TargetResult& result, const ConformRunOptions& options, std::size_t all)
      : result_(result), options_(options), all_(all) {}

  void add(CaseResult each) {
    const conformance::Case* subject = conformance::find_case(each.id);
    if (subject == nullptr || !seen_.insert(each.id).second) return;
    result_.cases.push_back(std::move(each));
    if (options_.progress) options_.progress(result_.cases.size(), all_);
  }
  void add_ability(const std::string& name) {
    auto& all = result_.abilities;
    if (std::ranges::find(all, name) == all.end()) all.push_back(name);
  }
  void add_note(std::string note) {
    auto& all = result_.notes;
    if (std::ranges::find(all, note) == all.end()) all.push_back(std::move(note));
  }
  bool has(std::string_view id) const { return seen_.contains(std::string(id)); }
  // Cases that have to be run again, with a target of their own.
  void add_unclear(std::string id) { unclear_.insert(std::move(id)); }
  bool is_unclear(std::string_view id) const { return unclear_.contains(std::string(id)); }
  std::set<std::string> take_unclear() { return std::exchange(unclear_, {}); }

 private:
  TargetResult& result_;
  const ConformRunOptions& options_;
  std::size_t all_;
  std::set<std::string> seen_;
  std::set<std::string> unclear_;
};

std::vector<const conformance::Case*> all_of(const Instance& instance) {
  std::vector<const conformance::Case*> all = instance.cases;
  all.insert(all.end(), instance.after.begin(), instance.after.end());
  return all;
}

bool is_heavy(const Instance& instance) {
  return std::ranges::any_of(all_of(instance), [](const conformance::Case* each) {
    return each->weight == conformance::Weight::Heavy;
  });
}

void say(std::string_view mark, std::string text) {
  std::ranges::replace(text, '\n', '\r');  // one line
  fmt::print("{}{}\n", mark, text);
}

void say_packets(const std::vector<conformance::CaseFrame>& frames, int verbosity) {
  for (const std::string& line : packet_lines(frames, verbosity)) say(kPacket, line);
}

void say_result(const CaseResult& result) {
  fmt::print("{}\n", conformance::write_line(result));
  std::fflush(stdout);
}

int say_failure(const Failure& failure) {
  say(kFailed, failure.message);
  return static_cast<int>(failure.code);
}

// The body of a process that runs one instance in virtual time. Our server runs in this very
// process, and may bring it down.
int run_virtually_aside(const Instance& instance, const VirtualRunOptions& virtual_options,
                        const std::filesystem::path& captures, const ConformRunOptions& options) {
  const live::Watchdog watchdog({.limit = is_heavy(instance)             ? kHeavyLimit
                                          : all_of(instance).size() == 1 ? kAloneLimit
                                                                         : kLightLimit,
                                 .message = "",
                                 .exit_code = kNeverCameBack});
  const auto ran =
      run_virtual_instance(instance, virtual_options,
                           [&](const conformance::Case&, CaseResult each, const auto& frames) {
                             if (!options.out.empty())
                               each.capture = save_case(captures, each, frames, {});
                             say_packets(frames, options.verbosity);
                             say_result(each);
                           });
  return ran ? 0 : say_failure(ran.error());
}

// The body of a process that runs one instance: what it finds goes to standard output.
int run_instance_aside(const Instance& instance, const TargetFile& target,
                       const std::filesystem::path& captures, const ConformRunOptions& options) {
  const auto exit = live::run_in_private_namespaces([&] {
    const live::WallClock clock;
    const auto ran = run_live_instance(
        instance,
        {.target = target,
         .seed = options.seed,
         .mutant = options.mutant,
         .on_unclear =
             [](const conformance::Case& subject) { say(kUnclear, std::string(subject.id)); }},
        [&](const conformance::Case&, CaseResult each, const auto& frames) {
          if (!options.out.empty() && !frames.empty()) {
            const Instant first = frames.front().at;
            const Duration offset = Duration(clock.nanoseconds(first)) - first.time_since_epoch();
            each.capture = save_case(captures, each, frames, offset);
          }
          say_packets(frames, options.verbosity);
          say_result(each);
        });
    if (!ran) return say_failure(ran.error());
    for (const std::string& ability : ran->abilities) say(kAbility, ability);
    for (const std::string& note : ran->lines) say(kNote, instance.name + ": " + note);
    return 0;
  });
  if (!exit) {
    say(kFailed, exit.error().message);
    return static_cast<int>(ExitCode::EnvironmentFailed);
  }
  return exit->shell_code();
}

// One instance in a process of its own.
struct RunningInstance {
  const Instance* instance = nullptr;
  live::ChildProcess process;
  Instant begun{};
  std::string failure{};
};

void take_lines(RunningInstance& running, Gatherer& gatherer) {
  for (std::string& line : running.process.take_lines()) {
    const auto rest = [&line](std::string_view mark) { return line.substr(mark.size()); };
    if (auto result = conformance::read_line(line)) {
      gatherer.add(std::move(*result));
    } else if (line.starts_with(kAbility)) {
      gatherer.add_ability(rest(kAbility));
    } else if (line.starts_with(kUnclear)) {
      gatherer.add_unclear(rest(kUnclear));
    } else if (line.starts_with(kNote)) {
      gatherer.add_note(rest(kNote));
    } else if (line.starts_with(kPacket)) {
      std::string text = rest(kPacket);
      std::ranges::replace(text, '\r', '\n');
      fmt::print("{}\n", text);
    } else if (line.starts_with(kFailed)) {
      running.failure = rest(kFailed);
      std::ranges::replace(running.failure, '\r', '\n');
    } else if (!line.empty()) {
      gatherer.add_note(line);  // of a sanitizer, or of something that died
    }
  }
}

// How the instances of a target run, each in a process of its own.
struct AsidePlan {
  std::size_t jobs = 1;                        // at once
  std::function<int(const Instance&)> body{};  // of a process; says what it finds
  Verdict when_ended = Verdict::Error;         // of a case that its process left without verdict
  std::string_view ended = "its lab ended";
};

// The words for a process that said nothing of a case.
std::string why_ended(const AsidePlan& plan, const live::Exit& exit) {
  if (exit.code == kNeverCameBack && !exit.signal) {
    return "the server never came back: it loops for ever";
  }
  return fmt::format("{}: {}", plan.ended, to_string(exit));
}

Outcome<void> run_aside(const std::vector<Instance>& instances, const AsidePlan& plan,
                        TargetResult& result, Gatherer& gatherer) {
  auto loop = live::EventLoop::create();
  if (!loop) return environment_failed(loop.error().message);
  std::vector<std::unique_ptr<RunningInstance>> running;
  std::size_t next = 0;
  std::string failure;
  const auto start_more = [&]() -> Outcome<void> {
    while (next < instances.size() && running.size() < plan.jobs) {
      const Instance& instance = instances[next++];
      std::fflush(stdout);
      auto process = live::ChildProcess::start([&] { return plan.body(instance); });
      if (!process) return environment_failed(process.error().message);
      running.push_back(std::unique_ptr<RunningInstance>(
          new RunningInstance{&instance, std::move(*process), live::now(), std::string()}));
      if (const auto added = loop->add(running.back()->process); !added)
        return environment_failed(added.error().message);
    }
    return {};
  };
  if (auto started = start_more(); !started) return started;
  while (!running.empty()) {
    auto ended = running.end();
    const auto waited = loop->run([&] {
      for (auto each = running.begin(); each != running.end(); ++each) {
        take_lines(**each, gatherer);
        if ((*each)->process.exit()) ended = each;
      }
      return ended != running.end();
    });
    if (!waited) return environment_failed(waited.error().message);
    RunningInstance& over = **ended;
    loop->remove(over.process);
    over.process.on_wake(live::now());
    take_lines(over, gatherer);
    const double took = to_seconds(live::now() - over.begun);
    double& seconds = is_heavy(*over.instance) ? result.heavy_seconds : result.seconds;
    seconds = plan.jobs == 1 ? seconds + took : std::max(seconds, took);
    if (!over.failure.empty() && failure.empty()) failure = over.failure;
    const auto all = all_of(*over.instance);
    for (const conformance::Case* each : all) {
      if (gatherer.has(each->id) || gatherer.is_unclear(each->id)) continue;
      const bool is_alone = all.size() == 1;
      if (!over.failure.empty()) {
        gatherer.add(
            {.id = std::string(each->id), .verdict = Verdict::Error, .seen = over.failure});
      } else if (is_alone || plan.when_ended == Verdict::Error) {
        gatherer.add({.id = std::string(each->id),
                      .verdict = plan.when_ended,
                      .seen = why_ended(plan, *over.process.exit())});
      } else {
        gatherer.add_unclear(std::string(each->id));  // which of them was it?
      }
    }
    running.erase(ended);
    if (auto started = start_more(); !started) return started;
  }
  if (const auto unclear = gatherer.take_unclear(); !unclear.empty()) {
    std::vector<Instance> alone;
    for (const std::string& id : unclear) {
      const conformance::Case* subject = conformance::find_case(id);
      alone.push_back({.name = id, .variant = std::string(subject->variant), .cases = {subject}});
    }
    return run_aside(alone, plan, result, gatherer);
  }
  // Nothing at all could be tried: that is about the environment, not about cases.
  const auto counts = conformance::count(result.cases);
  if (counts.tested() == 0 && counts.error > 0) return environment_failed(failure);
  return {};
}

Outcome<void> run_in_labs(const std::vector<Instance>& instances, const TargetFile& target,
                          TargetResult& result, Gatherer& gatherer,
                          const ConformRunOptions& options) {
  const auto body = [&](const Instance& instance) {
    return run_instance_aside(instance, target, capture_directory(options, result), options);
  };
  return run_aside(instances, {.jobs = options.jobs, .body = body}, result, gatherer);
}

// One after the other: they share one tree of files.
Outcome<void> run_virtually(const std::vector<Instance>& instances, TargetResult& result,
                            Gatherer& gatherer, const ConformRunOptions& options) {
  auto directory = live::TemporaryDirectory::create("pxeproof-conform-");
  if (!directory) return environment_failed(directory.error().message);
  const auto foreign = make_conformance_fixture(directory->path());
  if (!foreign) return fail(foreign.error());
  const VirtualRunOptions virtual_options{.seed = options.seed,
                                          .fixture = directory->path(),
                                          .has_foreign_files = *foreign == ForeignFiles::Made,
                                          .mutant = options.mutant};
  const auto body = [&](const Instance& instance) {
    return run_virtually_aside(instance, virtual_options, capture_directory(options, result),
                               options);
  };
  const AsidePlan plan{.body = body,
                       .when_ended = Verdict::Fail,
                       .ended = "the server died and took its process along"};
  return run_aside(instances, plan, result, gatherer);
}

}  // namespace

Outcome<TargetResult> run_target(const TargetFile& target,
                                 const std::vector<const conformance::Case*>& cases,
                                 const ConformRunOptions& options) {
  if (target.kind == TargetFile::Kind::Remote) return run_remote(target, cases, options);
  TargetResult result;
  result.target = target.name;
  const bool is_builtin = target.kind == TargetFile::Kind::Builtin;
  const bool is_virtual = is_builtin && options.time != ConformRunOptions::Time::Real;
  result.time = is_virtual ? "virtual" : "real";
  if (!is_builtin && options.time == ConformRunOptions::Time::Virtual) {
    return wrong_usage(fmt::format(
        "--time virtual: only the builtin server runs in virtual time, not {}", target.name));
  }
  if (is_builtin) {
    result.version = PXEPROOF_VERSION;
  } else {
    auto version = version_of(target);
    if (!version) return fail(version.error());
    result.version = *version;
  }
  std::vector<Instance> instances = conformance::plan_instances(cases);
  // The longest timers first, so that the rest runs beside them.
  std::ranges::stable_sort(instances, {}, [](const Instance& each) {
    return each.name == "TLOSS" ? 0 : is_heavy(each) ? 1 : 2;
  });
  Gatherer gatherer(result, options, cases.size());
  const auto ran = is_virtual ? run_virtually(instances, result, gatherer, options)
                              : run_in_labs(instances, target, result, gatherer, options);
  if (!ran) return fail(ran.error());
  const auto place = [&cases](const CaseResult& each) {
    return std::ranges::find(cases, each.id, &conformance::Case::id) - cases.begin();
  };
  std::ranges::sort(result.cases, {}, place);
  for (const conformance::Need need : target.claims) {
    const std::string_view claim = to_string(need);
    if (is_virtual || std::ranges::find(result.abilities, claim) != result.abilities.end())
      continue;
    if (!result.abilities.empty()) {
      gatherer.add_note(
          fmt::format("{} claims {}, but the probe did not find it", target.name, claim));
    }
  }
  return result;
}

}  // namespace pxeproof::cli
