#include "cli/conform_virtual.h"

#include <fmt/format.h>

#include "cli/configuration_disk.h"
#include "cli/server_under_test.h"
#include "conformance/catalogue.h"
#include "conformance/fixture.h"
#include "conformance/rack.h"
#include "conformance/target_file.h"
#include "conformance/variant.h"
#include "lab/network.h"
#include "lab/service_host.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;
using conformance::ActionResult;
using conformance::TargetAction;

constexpr Duration kLongest = 2h;  // of virtual time
constexpr std::size_t kEventLimit = 400'000'000;
constexpr MacAddress kServerMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x02}};

std::string slurp(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Our server and the network that its cases share.
class VirtualInstance {
 public:
  VirtualInstance(server::Configuration configuration, const conformance::Setting& setting,
                  const VirtualRunOptions& options)
      : options_(options),
        network_({.wire_delay = 10us,
                  .maximum_frame = 1514,
                  .event_limit = kEventLimit,
                  .capture = lab::NetworkOptions::Capture::Discard}),
        interface_{.index = 2,
                   .name = "eth0",
                   .mac = kServerMac,
                   .addresses = {{setting.server, setting.network.netmask},
                                 {setting.second_server, setting.network.netmask}},
                   .mtu = 1500},
        server_(std::move(configuration), interface_, options.seed, options.mutant),
        host_({.interface = interface_, .gateway = setting.router, .seed = options.seed},
              {&server_}) {
    network_.attach(host_, {.name = "server", .macs = {kServerMac}});
  }

  // Runs cases to their end; false when the network came to rest before.
  void run(conformance::Rack& rack,
           const std::function<void(const conformance::CaseStation&)>& on_end) {
    const lab::StationId id = network_.attach(rack, {.name = "cases", .macs = rack.macs()});
    const Instant deadline = network_.now() + kLongest;
    while (true) {
      std::optional<conformance::Rack::Wish> wish;
      const auto end = network_.run_until(
          [&] {
            while (const auto* ended = rack.poll_finished()) on_end(*ended);
            wish = rack.poll_wish();
            return wish.has_value() || rack.is_over();
          },
          deadline);
      if (!wish || end != lab::RunEnd::Done) return;
      rack.on_action(network_.now(), wish->number, act(wish->action));
      network_.wake(id);
    }
  }

 private:
  ActionResult act(const TargetAction& action) {
    std::error_code failed;
    switch (action.kind) {
      case TargetAction::Kind::Restart:
        server_.restart();
        return {.done = true};
      case TargetAction::Kind::Truncate:
        std::filesystem::resize_file(options_.fixture / action.path, action.size, failed);
        return {.done = !failed, .text = failed.message()};
      case TargetAction::Kind::ReadLog:
        return {.done = true, .text = slurp(server_.log())};
      case TargetAction::Kind::LookUp:
        return {
            .done = true,
            .text = std::filesystem::exists(options_.fixture / action.path, failed) ? "yes" : "no"};
      case TargetAction::Kind::Memory:
        return {.done = false, .text = "in virtual time there is no process to measure"};
    }
    return {};
  }

  const VirtualRunOptions& options_;
  lab::Network network_;
  NetworkInterface interface_;
  ServerUnderTest server_;
  lab::ServiceHost host_;
};

}  // namespace

conformance::Setting conformance_setting(std::uint64_t seed) {
  conformance::Setting setting;
  setting.network = {Ipv4Address::of(10, 77, 0, 0), Ipv4Address::of(255, 255, 0, 0)};
  setting.server = Ipv4Address::of(10, 77, 0, 2);
  setting.second_server = Ipv4Address::of(10, 77, 0, 3);
  setting.router = Ipv4Address::of(10, 77, 0, 1);
  setting.routed_network = {Ipv4Address::of(10, 78, 0, 0), Ipv4Address::of(255, 255, 0, 0)};
  setting.seed = seed;
  return setting;
}

void add_local_abilities(conformance::Setting& setting, bool has_foreign_files) {
  using conformance::Need;
  setting.abilities.insert({Need::LocalFiles, Need::Restart, Need::SecondAddress, Need::Log});
  if (has_foreign_files) setting.abilities.insert(Need::Superuser);
}

conformance::CaseResult result_of(const conformance::Case& subject,
                                  const conformance::Outcome& outcome, Duration took) {
  using conformance::Outcome;
  using conformance::Verdict;
  conformance::CaseResult result;
  result.id = std::string(subject.id);
  result.answer = outcome.answer;
  result.seen = outcome.seen;
  result.sent = outcome.sent;
  result.seconds = to_seconds(took);
  switch (outcome.kind) {
    case Outcome::Kind::Pass:
      result.verdict = Verdict::Pass;
      break;
    case Outcome::Kind::Loose:
      result.verdict = Verdict::Loose;
      break;
    case Outcome::Kind::Fail:
      result.verdict = subject.level == conformance::Level::Info ? Verdict::Loose : Verdict::Fail;
      break;
    case Outcome::Kind::Skip:
      result.verdict = Verdict::Skip;
      break;
    case Outcome::Kind::Broken:
      result.verdict = Verdict::Error;
      break;
  }
  return result;
}

Outcome<void> run_virtual_instance(const conformance::Instance& instance,
                                   const VirtualRunOptions& options, const OnCase& on_case) {
  conformance::Setting setting = conformance_setting(options.seed);
  setting.time = conformance::Setting::Time::Virtual;
  setting.root = (options.fixture / conformance::kFixtureRoot).string();
  const conformance::Variant* variant = conformance::find_variant(instance.variant);
  if (variant == nullptr) return wrong_usage("no configuration variant " + instance.variant);
  const std::string text = conformance::configuration_text(*variant, setting);
  auto loaded = load_configuration_text("variant " + instance.variant, text);
  if (!loaded) return fail(loaded.error());
  VirtualInstance running(std::move(loaded->configuration), setting, options);

  conformance::Rack probe({&conformance::probe_case()}, setting, {.seed = options.seed});
  running.run(probe, [&](const conformance::CaseStation& ended) {
    setting.abilities = ended.script().found();
  });
  // Our server is broken when the probe does not find what it claims: then the cases say how.
  if (const auto target = conformance::builtin_target("builtin")) {
    setting.abilities.insert(target->claims.begin(), target->claims.end());
  }
  add_local_abilities(setting, options.has_foreign_files);

  std::size_t number = 1;
  for (const auto* part : {&instance.cases, &instance.after}) {
    std::vector<const conformance::Case*> able;
    for (const conformance::Case* each : *part) {
      const std::string why = conformance::why_skipped(*each, setting);
      if (why.empty()) {
        able.push_back(each);
        continue;
      }
      on_case(*each,
              {.id = std::string(each->id), .verdict = conformance::Verdict::Skip, .seen = why},
              {});
    }
    if (able.empty()) continue;
    conformance::Rack rack(
        able, setting, {.at_once = options.at_once, .seed = options.seed, .first_number = number});
    number += able.size();
    running.run(rack, [&](const conformance::CaseStation& ended) {
      on_case(ended.subject(),
              result_of(ended.subject(), ended.outcome(), ended.ended() - ended.begun()),
              ended.frames());
    });
    for (const conformance::Case* left : rack.unfinished()) {
      on_case(*left,
              {.id = std::string(left->id),
               .verdict = conformance::Verdict::Error,
               .seen = "the case never ended"},
              {});
    }
  }
  return {};
}

}  // namespace pxeproof::cli
