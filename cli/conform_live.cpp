#include "cli/conform_live.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <regex>
#include <utility>

#include "cli/conform_host.h"
#include "cli/target_program.h"
#include "conformance/catalogue.h"
#include "conformance/fixture.h"
#include "conformance/rack.h"
#include "conformance/variant.h"
#include "live/event_loop.h"
#include "live/monotonic_clock.h"
#include "live/packet_port.h"
#include "live/processor_wait.h"
#include "live/station_runner.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;
using conformance::TargetFile;

constexpr int kMaximumDeaths = 8;
constexpr Duration kLookInterval = 50ms;
// So long, and for a tenth of a case: far more than a busy machine makes a server wait that sleeps
// most of the time.
constexpr Duration kStarved = 1s;

// One instance in its lab.
class LiveInstance {
 public:
  LiveInstance(TargetHost& host, live::PacketPort& port) : host_(host), port_(port) {}

  Outcome<void> run(conformance::Rack& rack,
                    const std::function<void(const conformance::CaseStation&)>& on_end);
  const std::vector<std::string>& notes() const { return notes_; }
  // Why nothing can be held against the target since then: it, or we, had no processor. Empty: both
  // had.
  std::string starved_since(Instant begun);
  // How the target ended while this case was in progress; empty when it did not.
  std::string death_beside(const conformance::Case& subject) const {
    const auto found = deaths_beside_.find(&subject);
    return found == deaths_beside_.end() ? std::string() : found->second;
  }

 private:
  void look(Instant now);

  TargetHost& host_;
  live::PacketPort& port_;
  live::ProcessorWaits own_waits_;
  live::ProcessorWaits target_waits_;
  Instant next_look_;
  std::vector<std::string> notes_;
  std::map<const conformance::Case*, std::string> deaths_beside_;
  int deaths_ = 0;
};

void LiveInstance::look(Instant now) {
  if (const auto own = live::processor_wait(getpid())) own_waits_.add(now, *own);
  if (const auto target = live::processor_wait(host_.pid())) target_waits_.add(now, *target);
  next_look_ = now + kLookInterval;
}

std::string LiveInstance::starved_since(Instant begun) {
  const Instant now = live::now();
  look(now);
  for (const auto& [waits, who] :
       {std::pair(&target_waits_, "the server"), std::pair(&own_waits_, "the harness")}) {
    const Duration waited = waits->since(begun);
    if (waited < kStarved || waited * 10 < now - begun) continue;
    return fmt::format("{} waited {:.1f} s for a processor; the machine is too busy", who,
                       std::chrono::duration<double>(waited).count());
  }
  return {};
}

Outcome<void> LiveInstance::run(
    conformance::Rack& rack, const std::function<void(const conformance::CaseStation&)>& on_end) {
  live::StationRunner runner(port_);
  runner.add(rack);
  while (!rack.is_over()) {
    // The loop watches the target's process, which a restart replaces: a loop for each.
    auto loop = live::EventLoop::create();
    if (!loop) return environment_failed(loop.error().message);
    if (!loop->add(runner) || !loop->add(host_)) {
      return environment_failed("the lab: its sockets cannot be watched");
    }
    std::optional<conformance::Rack::Wish> wish;
    const auto end = loop->run([&] {
      if (const Instant now = live::now(); now >= next_look_) look(now);
      while (const auto* ended = rack.poll_finished()) on_end(*ended);
      wish = rack.poll_wish();
      return wish || rack.is_over() || runner.error() || host_.died();
    });
    loop->remove(host_);
    loop->remove(runner);
    if (!end) return environment_failed(end.error().message);
    if (runner.error()) return environment_failed(runner.error()->message);
    if (wish) {
      rack.on_action(live::now(), wish->number, host_.act(wish->action));
      runner.on_wake(live::now());
      continue;
    }
    if (const auto exit = host_.died(); exit && !rack.is_over()) {
      const std::string words = "the server died: " + to_string(*exit);
      notes_.push_back(words);
      for (const conformance::Case* each : rack.running()) deaths_beside_[each] = words;
      if (++deaths_ > kMaximumDeaths) return environment_failed("the target dies again and again");
      if (const auto again = host_.act({.kind = conformance::TargetAction::Kind::Restart});
          !again.done) {
        return environment_failed(again.text);
      }
    }
  }
  while (const auto* ended = rack.poll_finished()) on_end(*ended);
  return {};
}

// The configuration that this target gets for a variant; nullopt when it has none.
std::optional<std::string> configuration_for(const TargetFile& target,
                                             const conformance::Variant& variant,
                                             const conformance::Setting& setting) {
  if (const auto own = target.variants.find(std::string(variant.name));
      own != target.variants.end()) {
    return conformance::configuration_text({.name = variant.name, .text = own->second}, setting);
  }
  if (target.reads_dnsmasq()) return conformance::configuration_text(variant, setting);
  if (!variant.name.empty()) return std::nullopt;
  return conformance::configuration_text({.name = {}, .text = target.configuration}, setting);
}

conformance::CaseResult skipped(const conformance::Case& subject, std::string why) {
  return {
      .id = std::string(subject.id), .verdict = conformance::Verdict::Skip, .seen = std::move(why)};
}

std::vector<const conformance::Case*> all_of(const conformance::Instance& instance) {
  std::vector<const conformance::Case*> all = instance.cases;
  all.insert(all.end(), instance.after.begin(), instance.after.end());
  return all;
}

bool is_answer(const conformance::Case& subject, std::string_view name) {
  return std::ranges::find(subject.answers, name) != subject.answers.end();
}

}  // namespace

Outcome<std::string> version_of(const TargetFile& target) {
  if (!target.version) return std::string();
  live::Command command{.program = find_peer(target.version->run.front(), target.package),
                        .arguments = {target.version->run.begin() + 1, target.version->run.end()}};
  auto lines = live::run_to_end(command, nullptr);
  if (!lines) {
    const std::string hint =
        target.package.empty() ? "" : fmt::format("; the package is {}", target.package);
    return environment_failed(
        fmt::format("target {}: {}{}", target.name, lines.error().message, hint));
  }
  try {
    const std::regex pattern(target.version->match);
    for (const std::string& line : *lines) {
      std::smatch found;
      if (std::regex_search(line, found, pattern) && found.size() > 1) return found[1].str();
    }
  } catch (const std::regex_error& error) {
    return wrong_usage(fmt::format("target {}: version.match: {}", target.name, error.what()));
  }
  return environment_failed(fmt::format("target {}: {} says no version that matches {}",
                                        target.name, command.program, target.version->match));
}

Outcome<LiveInstanceNotes> run_live_instance(const conformance::Instance& instance,
                                             const LiveRunOptions& options, const OnCase& on_case) {
  conformance::Setting setting = conformance_setting(options.seed);
  setting.time = conformance::Setting::Time::Real;
  setting.root = std::string(kLabFixture) + "/" + std::string(conformance::kFixtureRoot);
  const conformance::Variant* variant = conformance::find_variant(instance.variant);
  if (variant == nullptr) return wrong_usage("no configuration variant " + instance.variant);
  const auto configuration = configuration_for(options.target, *variant, setting);
  if (!configuration) {
    for (const conformance::Case* each : all_of(instance)) {
      on_case(*each, skipped(*each, fmt::format("no configuration \"{}\"", variant->name)), {});
    }
    return LiveInstanceNotes{};
  }
  auto network = live::LabNetwork::create();
  if (!network) return environment_failed("the lab: " + network.error().message);
  auto host = TargetHost::start(*network, setting, *configuration, options);
  if (!host) {
    if (variant->start != conformance::Variant::Start::MayRefuse) return fail(host.error());
    for (const conformance::Case* each : all_of(instance)) {
      conformance::CaseResult result{.id = std::string(each->id),
                                     .verdict = conformance::Verdict::Pass,
                                     .answer = "refused at start"};
      if (!is_answer(*each, result.answer)) result = skipped(*each, "it refuses to start with it");
      on_case(*each, std::move(result), {});
    }
    return LiveInstanceNotes{};
  }
  const auto name = network->add_port("cases");
  if (!name) return environment_failed("the lab: " + name.error().message);
  auto port = live::PacketPort::open(*name);
  if (!port) return environment_failed("the lab: " + port.error().message);

  LiveInstance running(**host, *port);
  LiveInstanceNotes notes;
  conformance::Rack probe({&conformance::probe_case()}, setting, {.seed = options.seed});
  const auto probed = running.run(probe, [&](const conformance::CaseStation& ended) {
    setting.abilities = ended.script().found();
  });
  if (!probed) return fail(probed.error());
  for (const conformance::Need each : setting.abilities)
    notes.abilities.emplace_back(to_string(each));
  setting.abilities.insert(options.target.claims.begin(), options.target.claims.end());
  add_local_abilities(setting, (*host)->has_foreign_files());
  if (notes.abilities.empty()) {
    return environment_failed(
        fmt::format("target {}: answers neither a DISCOVER nor a read request of \"{}\"; {}",
                    options.target.name, conformance::kSmallFile, "is its configuration right?"));
  }

  std::size_t number = 1;
  for (const auto* part : {&instance.cases, &instance.after}) {
    std::vector<const conformance::Case*> able;
    for (const conformance::Case* each : *part) {
      std::string why = conformance::why_skipped(*each, setting);
      if (why.empty()) {
        able.push_back(each);
      } else {
        on_case(*each, skipped(*each, std::move(why)), {});
      }
    }
    if (able.empty()) continue;
    conformance::Rack rack(
        able, setting, {.at_once = options.at_once, .seed = options.seed, .first_number = number});
    number += able.size();
    const auto ran = running.run(rack, [&](const conformance::CaseStation& ended) {
      auto result = result_of(ended.subject(), ended.outcome(), ended.ended() - ended.begun());
      const std::uint64_t lost = port->statistics().dropped;
      if (lost > 0 && result.verdict == conformance::Verdict::Fail) {
        result.verdict = conformance::Verdict::Error;
        result.seen = fmt::format("the harness itself lost {} frames; {}", lost, result.seen);
      }
      const std::string starved = running.starved_since(ended.begun());
      if (!starved.empty() && result.verdict == conformance::Verdict::Fail) {
        result.verdict = conformance::Verdict::Error;
        result.seen = fmt::format("{}; {}", starved, result.seen);
      }
      if (const std::string death = running.death_beside(ended.subject()); !death.empty()) {
        if (all_of(instance).size() > 1 && options.on_unclear) {
          return options.on_unclear(ended.subject());
        }
        result.verdict = conformance::Verdict::Fail;
        result.seen = death;
      }
      on_case(ended.subject(), std::move(result), ended.frames());
    });
    if (!ran) return fail(ran.error());
  }
  notes.lines = running.notes();
  return notes;
}

}  // namespace pxeproof::cli
