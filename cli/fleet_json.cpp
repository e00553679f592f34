#include <nlohmann/json.hpp>

#include "cli/fleet_report.h"

namespace pxeproof::cli {

namespace {

using nlohmann::ordered_json;

ordered_json histogram_json(const rom::LatencyHistogram& histogram) {
  ordered_json classes = ordered_json::array();
  for (const rom::LatencyHistogram::Class& each : histogram.classes()) {
    classes.push_back({each.from.count(), each.to.count(), each.count});
  }
  return {{"count", histogram.count()},
          {"min_s", to_seconds(histogram.minimum())},
          {"mean_s", to_seconds(histogram.mean())},
          {"p50_s", to_seconds(histogram.percentile(0.5))},
          {"p90_s", to_seconds(histogram.percentile(0.9))},
          {"p99_s", to_seconds(histogram.percentile(0.99))},
          {"p999_s", to_seconds(histogram.percentile(0.999))},
          {"max_s", to_seconds(histogram.maximum())},
          {"classes_ns", std::move(classes)}};
}

ordered_json ledger_json(const rom::Ledger& ledger, bool has_wire) {
  ordered_json json = ordered_json::object();
  for (std::size_t i = 0; i < rom::kExchanges; ++i) {
    const auto exchange = static_cast<rom::Exchange>(i);
    const rom::LedgerRow& row = ledger.row(exchange);
    ordered_json each{{"planned", row.planned},
                      {"asked", row.asked},
                      {"lost_on_cable", row.lost_on_cable},
                      {"sent", row.sent},
                      {"refused", row.refused}};
    if (has_wire) {
      each["reached_server"] = row.reached;
      each["answered"] = row.answered;
    }
    each["received"] = row.received;
    each["answers_lost_on_cable"] = row.answers_lost_on_cable;
    each["to_machines_off"] = row.to_machines_off;
    each["used"] = row.used;
    json[std::string(rom::to_string(exchange))] = std::move(each);
  }
  return json;
}

ordered_json evidence_json(const FleetResult& result) {
  const rom::FleetEvidence& evidence = result.tally.evidence;
  ordered_json closed = ordered_json::object();
  for (std::size_t i = 0; i < rom::kExchanges; ++i) {
    if (evidence.closed_ports[i] == 0) continue;
    closed[std::string(rom::to_string(static_cast<rom::Exchange>(i)))] = evidence.closed_ports[i];
  }
  ordered_json silent = ordered_json::object();
  for (const auto& [address, neighbour] : evidence.neighbours) {
    if (neighbour.answered == 0) silent[to_string(address)] = neighbour.asked;
  }
  return {{"refusals", evidence.refusals},
          {"proxy_offers", evidence.proxy_offers},
          {"proxy_offers_missed", evidence.proxy_offers_missed},
          {"closed_ports", std::move(closed)},
          {"no_tftp", evidence.no_tftp},
          {"shared_addresses", evidence.shared_addresses},
          {"late_offers", evidence.offer_lateness.count()},
          {"offered_late", evidence.offered_late},
          {"silent_neighbours", std::move(silent)},
          {"held_by_restart", result.held_by_restart.booted + result.held_by_restart.failed +
                                  result.held_by_restart.under_way}};
}

ordered_json watched_json(const FleetResult& result) {
  ordered_json servers = ordered_json::array();
  for (const WatchedServer& each : result.watched) {
    servers.push_back({{"name", each.name},
                       {"discovers", each.discovers},
                       {"offers", each.offers},
                       {"overflows", each.overflows}});
  }
  return servers;
}

}  // namespace

std::string fleet_report_json(const FleetOptions& options, const FleetResult& result) {
  const rom::FleetTally& tally = result.tally;
  const std::vector<ThresholdVerdict> verdicts = judge(options, result);
  ordered_json json{
      {"schema", "pxeproof/fleet/1"},
      {"tool", PXEPROOF_VERSION},
      {"seed", options.seed},
      {"against", options.interface.empty() ? std::string(to_string(options.target.server))
                                            : options.interface},
      {"time", options.time == FleetOptions::Time::Virtual ? "virtual" : "real"},
      {"mix", options.mix_text},
      {"arrive", options.arrivals_text},
      {"exit", static_cast<int>(exit_code(result, verdicts))},
      {"planned", tally.planned},
      {"left_out", result.left_out},
      {"powered_on", tally.powered_on},
      {"booted", tally.booted},
      {"failed", tally.failed},
      {"stopped", result.stopped},
      {"octets", tally.octets},
      {"files_checked", tally.files_checked},
      {"files_unchecked", tally.files_unchecked},
      {"files_missized", tally.files_missized},
      {"duplicates", tally.duplicates}};
  ordered_json thresholds = ordered_json::array();
  for (const ThresholdVerdict& verdict : verdicts) {
    ordered_json each{{"threshold", verdict.threshold.text}, {"holds", verdict.holds}};
    if (verdict.measured) {
      const bool is_time = verdict.threshold.metric.unit == FleetMetric::Unit::Time;
      each[is_time ? "measured_s" : "measured"] =
          is_time ? *verdict.measured / 1e9 : *verdict.measured;
    }
    if (verdict.is_undecided) each["undecided"] = true;
    thresholds.push_back(std::move(each));
  }
  json["thresholds"] = std::move(thresholds);
  ordered_json spans = ordered_json::object();
  for (std::size_t i = 0; i < rom::kSpans; ++i) {
    ordered_json each = histogram_json(tally.spans[i]);
    each["resent"] = tally.resent_in(static_cast<rom::Span>(i));
    spans[std::string(rom::to_string(static_cast<rom::Span>(i)))] = std::move(each);
  }
  json["spans"] = std::move(spans);
  json["ledger"] = ledger_json(tally.ledger, result.harness.has_wire);
  json["evidence"] = evidence_json(result);
  if (!result.watched.empty()) json["servers"] = watched_json(result);
  json["generator"] = {{"refused", result.harness.refused},
                       {"dropped", result.harness.dropped},
                       {"fault", own_fault(result, verdicts)},
                       {"power_on_lateness", histogram_json(tally.power_on_lateness)},
                       {"timer_lateness", histogram_json(tally.timer_lateness)}};
  // In virtual time these would differ from run to run.
  if (options.time == FleetOptions::Time::Real) {
    json["generator"]["cpu_s"] = result.harness.cpu_seconds;
    json["generator"]["wall_s"] = result.harness.wall_seconds;
    if (result.server.cpu_seconds) json["server"] = {{"cpu_s", *result.server.cpu_seconds}};
  }
  ordered_json failures = ordered_json::array();
  for (const auto& [kind, count] : tally.failures) {
    failures.push_back({{"reason", printable(kind.reason)},
                        {"before", rom::to_string(kind.phase)},
                        {"count", count.count},
                        {"first_client", count.first}});
  }
  json["failures"] = std::move(failures);
  if (const auto cause = find_cause(options, result)) {
    json["cause"] = {{"name", cause->name}, {"why", cause->why}, {"remedy", cause->remedy}};
  }
  json["again"] = options.again();
  return json.dump(2);
}

}  // namespace pxeproof::cli
