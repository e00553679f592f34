#include "cli/conform_remote.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/conform_virtual.h"
#include "conformance/catalogue.h"
#include "conformance/plan.h"
#include "conformance/rack.h"
#include "live/event_loop.h"
#include "live/packet_port.h"
#include "live/station_runner.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kRemoteHosts = 4;

// The cases' addresses are counted from a network with so many before the first.
constexpr std::uint32_t kBeforeFirst = 257;

Outcome<conformance::Setting> remote_setting(const conformance::TargetFile& target,
                                             const ConformRunOptions& options) {
  const auto server = Ipv4Address::parse(target.address);
  if (!server) {
    return wrong_usage(
        fmt::format("target {}: address: '{}' is no IPv4 address", target.name, target.address));
  }
  const auto first = Ipv4Address::parse(options.clients);
  if (!first || options.interface.empty()) {
    return wrong_usage(fmt::format(
        "target {} is remote: give --interface IF, and --clients ADDRESS, the first of {} free "
        "addresses on its link",
        target.name, kRemoteHosts));
  }
  conformance::Setting setting;
  setting.server = *server;
  setting.network = {{first->value - kBeforeFirst}, Ipv4Address::broadcast()};
  setting.seed = options.seed;
  setting.root = "/";
  return setting;
}

Outcome<void> run_rack(conformance::Rack& rack, live::PacketPort& port) {
  live::StationRunner runner(port);
  auto loop = live::EventLoop::create();
  if (!loop) return environment_failed(loop.error().message);
  if (const auto added = loop->add(runner); !added)
    return environment_failed(added.error().message);
  runner.add(rack);
  const auto end = loop->run([&] { return rack.is_over() || runner.error(); });
  loop->remove(runner);
  if (!end) return environment_failed(end.error().message);
  if (runner.error()) return environment_failed(runner.error()->message);
  return {};
}

}  // namespace

Outcome<conformance::TargetResult> run_remote(const conformance::TargetFile& target,
                                              const std::vector<const conformance::Case*>& cases,
                                              const ConformRunOptions& options) {
  auto setting = remote_setting(target, options);
  if (!setting) return fail(setting.error());
  auto port = live::PacketPort::open(options.interface);
  if (!port) return environment_failed(port.error().message);
  const auto may_run = [](const conformance::Case* each) {
    return each->reach == conformance::Reach::Anywhere && each->hosts <= kRemoteHosts &&
           each->variant.empty();
  };
  const auto number = std::ranges::count_if(cases, may_run);
  fmt::print(
      stderr,
      "remote: {} cases are going to be sent to {} on {}: DISCOVERs by broadcast, REQUESTs "
      "to port 4011, read requests\nremote: from {} to {} ({} and on); no flood, no fuzz, no "
      "writing, no restart\n",
      number, to_string(setting->server), options.interface,
      to_string(conformance::host_address(setting->network, {0, 0})),
      to_string(conformance::host_address(setting->network, {0, kRemoteHosts - 1})),
      to_string(conformance::host_mac({0, 0})));

  conformance::TargetResult result;
  result.target = target.name;
  result.time = "real";
  conformance::Rack probe({&conformance::probe_case()}, *setting, {.seed = options.seed});
  if (auto ran = run_rack(probe, *port); !ran) return fail(ran.error());
  if (const auto* ended = probe.poll_finished()) setting->abilities = ended->script().found();
  if (setting->abilities.empty()) {
    return environment_failed(
        fmt::format("target {}: {} answers neither ARP, a DISCOVER nor a read request on {}",
                    target.name, to_string(setting->server), options.interface));
  }
  for (const conformance::Need each : setting->abilities)
    result.abilities.emplace_back(to_string(each));
  setting->abilities.insert(target.claims.begin(), target.claims.end());

  for (const conformance::Case* each : cases) {
    std::string why =
        may_run(each) ? conformance::why_skipped(*each, *setting) : std::string("only in the lab");
    if (!why.empty()) {
      result.cases.push_back({.id = std::string(each->id),
                              .verdict = conformance::Verdict::Skip,
                              .seen = std::move(why)});
      continue;
    }
    conformance::Rack rack({each}, *setting, {.seed = options.seed});
    if (auto ran = run_rack(rack, *port); !ran) return fail(ran.error());
    if (const auto* ended = rack.poll_finished()) {
      result.cases.push_back(result_of(*each, ended->outcome(), ended->ended() - ended->begun()));
      result.seconds += result.cases.back().seconds;
    }
    if (options.progress) options.progress(result.cases.size(), cases.size());
  }
  return result;
}

}  // namespace pxeproof::cli
