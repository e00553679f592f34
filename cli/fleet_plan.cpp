#include "cli/fleet_options.h"
#include "protocol/random.h"

namespace pxeproof::cli {

rom::FleetPlan plan_fleet(const FleetOptions& options, std::size_t clients,
                          const rom::ExpectedContent* expected) {
  constexpr std::uint64_t kArrivalStream = 11;
  constexpr std::uint64_t kMixStream = 12;
  constexpr std::uint64_t kLinkStream = 13;
  const Random random(options.seed);
  rom::FleetPlan plan;
  for (const FleetOptions::Share& share : options.mix) {
    plan.kinds.push_back({share.name, share.profile});
  }
  for (const FleetLinkOption& link : options.links) {
    plan.cables.push_back({link.impairment, link.impairment});
  }
  plan.until = options.until;
  plan.waits = options.waits;
  plan.expected = expected;
  plan.seed = options.seed;
  plan.failures_kept = options.keep_failures;

  double total = 0;
  for (const FleetOptions::Share& share : options.mix) total += share.weight;
  const auto times =
      rom::power_on_times(options.arrivals, clients, random.fork(kArrivalStream).next());
  Duration blocked{};
  if (const auto* tree = std::get_if<rom::SpanningTree>(&options.arrivals)) blocked = tree->blocked;
  Random mix = random.fork(kMixStream);
  Random luck = random.fork(kLinkStream);
  plan.clients.resize(clients);
  for (std::size_t i = 0; i < clients; ++i) {
    if (options.duration && times[i] > *options.duration) {
      plan.clients.resize(i);
      break;
    }
    rom::FleetClient& client = plan.clients[i];
    client.power_on = times[i];
    client.blocked = blocked;
    constexpr std::uint64_t kResolution = 1U << 30U;
    double place = static_cast<double>(mix.below(kResolution)) / kResolution * total;
    while (client.kind + 1U < options.mix.size() && place >= options.mix[client.kind].weight) {
      place -= options.mix[client.kind].weight;
      ++client.kind;
    }
    // The first that fits, so that what is said of one profile comes before what is said of all.
    for (std::size_t link = 0; link < options.links.size(); ++link) {
      const FleetLinkOption& wanted = options.links[link];
      const bool chosen = luck.chance(wanted.share);
      const bool fits = wanted.kind.empty() || wanted.kind == options.mix[client.kind].name;
      if (client.cable == 0 && fits && chosen) client.cable = static_cast<std::uint16_t>(link + 1);
    }
  }
  return plan;
}

}  // namespace pxeproof::cli
