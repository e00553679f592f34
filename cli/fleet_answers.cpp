#include "cli/fleet_answers.h"

#include <fmt/format.h>

#include "cli/fleet_fate.h"
#include "protocol/bytes.h"
#include "simclient/failure_reason.h"

namespace pxeproof::cli {

namespace {

using rom::Exchange;

// So often, at least, as half of the machines that it may have stopped.
bool is_enough(std::uint64_t count, std::uint64_t stopped) {
  return count > 0 && stopped > 0 && count * 2 >= stopped;
}

std::string_view meaning_of_closed(Exchange exchange) {
  switch (exchange) {
    case Exchange::Discover:
    case Exchange::Request:
      return "nothing listens on port 67";
    case Exchange::BootItem:
      return "nothing listens on port 4011";
    case Exchange::File:
      return "nothing listens on port 69";
    case Exchange::Block:
      return "the server has closed the ports of their transfers";
  }
  return {};
}

std::string_view remedy_of_closed(Exchange exchange) {
  if (exchange == Exchange::Block) {
    return "the TFTP server's log: it gave up their transfers, or was started anew";
  }
  return exchange == Exchange::File ? "a TFTP server there (dnsmasq is one only with enable-tftp), "
                                      "and no firewall before it"
                                    : "a server there, and no firewall before it";
}

}  // namespace

std::optional<FleetCause> refused_leases(const FleetOptions&, const FleetResult& result) {
  const rom::FleetEvidence& evidence = result.tally.evidence;
  const FleetPart& part = part_of(Exchange::Request);
  if (!is_enough(evidence.refusals, troubled_in(result.tally, part))) return std::nullopt;
  const std::string words = evidence.first_refusal.empty()
                                ? std::string()
                                : fmt::format(" (\"{}\")", printable(evidence.first_refusal));
  return FleetCause{
      "refused leases",
      fmt::format(
          "{} of {} answers to REQUESTs were DHCPNAKs{}: an address server refuses what was "
          "offered",
          evidence.refusals, result.tally.ledger.row(Exchange::Request).received, words),
      "the address server's log; a second address server may refuse what the first one offers"};
}

std::optional<FleetCause> shared_address(const FleetOptions&, const FleetResult& result) {
  const rom::FleetTally& tally = result.tally;
  const rom::FleetEvidence& evidence = tally.evidence;
  if (!is_enough(evidence.shared_addresses, tally.failed + tally.under_way())) return std::nullopt;
  return FleetCause{
      "shared address",
      fmt::format("{} of {} machines got an address that another machine under way had got, {} "
                  "first: answers to one of them go to another",
                  evidence.shared_addresses, tally.leases, to_string(*evidence.first_shared)),
      "an address server that remembers whom it gave an address"};
}

std::optional<FleetCause> closed_port(const FleetOptions&, const FleetResult& result) {
  for (const Exchange exchange :
       {Exchange::Request, Exchange::BootItem, Exchange::File, Exchange::Block}) {
    const FleetPart& part = part_of(exchange);
    const rom::LedgerRow& row = result.tally.ledger.row(exchange);
    const std::uint64_t closed =
        result.tally.evidence.closed_ports[static_cast<std::size_t>(exchange)];
    const std::uint64_t stopped = troubled_in(result.tally, part);
    // Kernels send so few of these a second that one may stand for many.
    const bool is_all_there_is = closed > 0 && stopped > 0 && row.received == 0;
    if (!is_all_there_is && !is_enough(closed, stopped)) continue;
    return FleetCause{"closed port",
                      fmt::format("{}: ICMP port unreachable came back {} times for {} {}",
                                  meaning_of_closed(exchange), closed, row.sent, part.name),
                      std::string(remedy_of_closed(exchange))};
  }
  return std::nullopt;
}

std::optional<FleetCause> silent_neighbour(const FleetOptions&, const FleetResult& result) {
  const std::uint64_t stopped = result.tally.failed + result.tally.under_way();
  for (const auto& [address, neighbour] : result.tally.evidence.neighbours) {
    // Each has asked again, and so has waited.
    if (neighbour.answered > 0 || stopped == 0 || neighbour.asked < 2 * stopped) continue;
    return FleetCause{
        "no such neighbour",
        fmt::format("nobody answered any of {} ARP requests for {}, where machines were sent",
                    neighbour.asked, to_string(address)),
        "the address of the boot server or router that the servers name"};
  }
  return std::nullopt;
}

std::optional<FleetCause> no_proxy(const FleetOptions&, const FleetResult& result) {
  const rom::FleetTally& tally = result.tally;
  const rom::FleetEvidence& evidence = tally.evidence;
  std::uint64_t untold = 0;
  for (const auto& [kind, failure] : tally.failures) {
    const bool is_untold = kind.reason == rom::reason_of(firmware::Failure::NothingToBoot);
    if (is_untold) untold += failure.count;
  }
  const bool has_proxy = evidence.proxy_offers + evidence.proxy_offers_lost_on_cable > 0;
  if (has_proxy || !is_enough(untold, tally.failed + tally.under_way())) return std::nullopt;
  return FleetCause{
      "no proxy",
      fmt::format("none of {} OFFERs is from a proxy, and none names a file for this firmware",
                  tally.ledger.row(Exchange::Discover).received),
      "the boot server's filters, and whether it has a boot file for this architecture"};
}

std::optional<FleetCause> no_address(const FleetOptions&, const FleetResult& result) {
  const rom::FleetTally& tally = result.tally;
  const rom::LedgerRow& offers = tally.ledger.row(Exchange::Discover);
  const std::uint64_t all = offers.received + offers.answers_lost_on_cable;
  const std::uint64_t of_proxy =
      tally.evidence.proxy_offers + tally.evidence.proxy_offers_lost_on_cable;
  const bool is_enough_failed =
      is_enough(failed_before(tally, rom::Phase::Offer), tally.failed + tally.under_way());
  if (of_proxy == 0 || of_proxy < all || !is_enough_failed) return std::nullopt;
  return FleetCause{
      "no address",
      fmt::format("all of {} OFFERs are from a proxy, and none has an address", of_proxy),
      "a DHCP server that gives addresses, and its filters"};
}

std::optional<FleetCause> unused_answers(const FleetOptions& options, const FleetResult& result) {
  // Copies that a cable made are no use to anybody either.
  for (const FleetLinkOption& link : options.links) {
    if (link.impairment.duplication > 0) return std::nullopt;
  }
  for (const Exchange exchange : {Exchange::Request, Exchange::BootItem, Exchange::File}) {
    const FleetPart& part = part_of(exchange);
    const rom::LedgerRow& row = result.tally.ledger.row(exchange);
    const std::uint64_t unused = row.received > row.used ? row.received - row.used : 0;
    if (!is_enough(unused, troubled_in(result.tally, part))) continue;
    // A few are always sent twice.
    if (unused * 2 < row.received || unused < fate_of(result, part).silent) continue;
    return FleetCause{"unused answers",
                      fmt::format("{} of {} answers to {} helped no machine: they came too late, "
                                  "or not as its firmware wants them",
                                  unused, row.received, part.name),
                      {}};
  }
  return std::nullopt;
}

std::optional<FleetCause> no_tftp(const FleetOptions&, const FleetResult& result) {
  const rom::Ledger& ledger = result.tally.ledger;
  const std::uint64_t count = result.tally.evidence.no_tftp;
  if (!is_enough(count, troubled_in(result.tally, part_of(Exchange::File)))) return std::nullopt;
  return FleetCause{
      "no TFTP",
      fmt::format("{} of {} answers to RRQs and ACKs are no TFTP: what answers there is no TFTP "
                  "server, or it is broken",
                  count,
                  ledger.row(Exchange::File).received + ledger.row(Exchange::Block).received),
      {}};
}

std::optional<FleetCause> late_offers(const FleetOptions& options, const FleetResult& result) {
  const rom::FleetEvidence& evidence = result.tally.evidence;
  const std::uint64_t without_proxy = failed_before(result.tally, rom::Phase::BootServer);
  const std::uint64_t stopped = failed_before(result.tally, rom::Phase::Offer);
  if (without_proxy > stopped && is_enough(evidence.proxy_offers_missed, without_proxy)) {
    return FleetCause{"late offers",
                      fmt::format("{} of a proxy's {} OFFERs came when their machines no longer "
                                  "waited for any: it was too slow",
                                  evidence.proxy_offers_missed, evidence.proxy_offers),
                      {}};
  }
  if (!is_enough(evidence.offered_late, stopped)) return std::nullopt;
  const rom::LatencyHistogram& lateness = evidence.offer_lateness;
  FleetCause cause{
      "late offers",
      fmt::format("{} OFFERs came after their {} machines had given up, the earliest "
                  "{} and the latest {} late",
                  lateness.count(), evidence.offered_late, duration_text(lateness.minimum()),
                  duration_text(lateness.maximum())),
      {}};
  if (result.server.pings) {
    cause.why += ": dnsmasq pings each address before it offers it";
    cause.remedy = remedy_line(options, "no-ping");
  }
  return cause;
}

}  // namespace pxeproof::cli
