#include "cli/fleet_fate.h"

#include <algorithm>
#include <array>

namespace pxeproof::cli {

namespace {

using rom::Exchange;
using rom::Phase;

constexpr std::array kParts{
    FleetPart{Exchange::Discover, Phase::Offer, Phase::BootServer, "DISCOVERs"},
    FleetPart{Exchange::Request, Phase::Offer, Phase::BootServer, "REQUESTs"},
    FleetPart{Exchange::BootItem, Phase::BootServer, Phase::BootServer, "requests to port 4011"},
    FleetPart{Exchange::File, Phase::Nbp, Phase::Payload, "RRQs"},
    FleetPart{Exchange::Block, Phase::Nbp, Phase::Payload, "ACKs"}};
static_assert(kParts.size() == rom::kExchanges);

bool explains_most(const FleetResult& result, const FleetFate& fate) {
  return (fate.lost() + fate.in_vain()) * 2 >= troubled_in(result.tally, fate.part);
}

// A DISCOVER has an answer of each server: of the one for addresses, and of a proxy where there is
// one. The more silent of them counts. Whether there is a proxy that says nothing at all, only the
// servers' own wires tell.
std::uint64_t unanswered_discovers(const FleetResult& result) {
  const rom::FleetTally& tally = result.tally;
  const rom::LedgerRow& row = tally.ledger.row(Exchange::Discover);
  const std::uint64_t all = row.received + row.answers_lost_on_cable;
  const std::uint64_t of_proxy =
      tally.evidence.proxy_offers + tally.evidence.proxy_offers_lost_on_cable;
  const std::uint64_t with_address = all - of_proxy;
  const std::uint64_t fewest = of_proxy > 0 ? std::min(with_address, of_proxy) : with_address;
  std::uint64_t unanswered = row.sent > fewest ? row.sent - fewest : 0;
  for (const WatchedServer& each : result.watched) {
    if (each.discovers > each.offers)
      unanswered = std::max(unanswered, each.discovers - each.offers);
  }
  return unanswered;
}

}  // namespace

const FleetPart& part_of(Exchange exchange) { return kParts[static_cast<std::size_t>(exchange)]; }

std::uint64_t failed_before(const rom::FleetTally& tally, Phase phase) {
  std::uint64_t count = 0;
  for (const auto& [kind, failure] : tally.failures) {
    if (kind.phase == phase) count += failure.count;
  }
  return count;
}

std::uint64_t failed_in(const rom::FleetTally& tally, const FleetPart& part) {
  std::uint64_t count = 0;
  for (const auto& [kind, failure] : tally.failures) {
    if (kind.phase >= part.first && kind.phase <= part.last) count += failure.count;
  }
  return count;
}

std::uint64_t busy_in(const rom::FleetTally& tally, const FleetPart& part) {
  std::uint64_t count = 0;
  for (auto i = static_cast<std::size_t>(part.first); i <= static_cast<std::size_t>(part.last);
       ++i) {
    count += tally.busy_with[i];
  }
  return count;
}

std::uint64_t troubled_in(const rom::FleetTally& tally, const FleetPart& part) {
  return failed_in(tally, part) + busy_in(tally, part);
}

FleetFate fate_of(const FleetResult& result, const FleetPart& part) {
  const rom::FleetTally& tally = result.tally;
  const rom::LedgerRow& row = tally.ledger.row(part.exchange);
  FleetFate fate{part, row.asked,           row.lost_on_cable, row.answers_lost_on_cable,
                 0,    busy_in(tally, part)};
  std::uint64_t answers = row.received + row.answers_lost_on_cable;
  // Nothing answers the ACK of a file's last block.
  if (part.exchange == Exchange::Block) answers += tally.files_checked + tally.files_unchecked;
  if (row.sent > answers) fate.silent = row.sent - answers;
  if (part.exchange == Exchange::Discover) fate.silent = unanswered_discovers(result);
  return fate;
}

FleetFate worst_exchange(const FleetResult& result) {
  std::uint64_t most = 0;
  for (const FleetPart& part : kParts) most = std::max(most, troubled_in(result.tally, part));
  FleetFate worst;
  for (const FleetPart& part : kParts) {
    if (troubled_in(result.tally, part) < most) continue;
    const FleetFate fate = fate_of(result, part);
    if (explains_most(result, fate) && fate.share() > worst.share()) worst = fate;
  }
  return worst;
}

std::uint64_t lost_on_cables(const FleetResult& result) {
  std::uint64_t lost = 0;
  for (const FleetPart& part : kParts) lost += fate_of(result, part).lost();
  return lost;
}

}  // namespace pxeproof::cli
