#include "cli/server_status.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "live/wall_clock.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::cli {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaximumListed = 10'000;
constexpr auto kReplace = ordered_json::error_handler_t::replace;

std::string line_of(const ordered_json& object) { return object.dump(-1, ' ', false, kReplace); }

ordered_json begin(std::string_view what) {
  return {{"schema", fmt::format("pxeproof/serve/{}/1", what)}};
}

std::string dashed(std::string_view text) {
  std::string slug(text);
  std::ranges::replace(slug, ' ', '-');
  return slug;
}

ordered_json dhcp_counters(const server::DhcpCounters& counters) {
  ordered_json answered = ordered_json::object();
  for (std::size_t i = 1; i < counters.answered.size(); ++i) {
    const auto kind = static_cast<server::ServerEvent::Kind>(i);
    answered[dashed(server::to_string(kind))] = counters.answered[i];
  }
  ordered_json silent = ordered_json::object();
  for (const server::ReasonText& each : server::all_reasons()) {
    silent[std::string(each.slug)] = counters.silent[static_cast<std::size_t>(each.reason)];
  }
  return {{"answered", answered}, {"silent", silent}};
}

template <typename Counts>
ordered_json by_reason(const Counts& counts) {
  ordered_json object = ordered_json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    object[std::string(server::slug(static_cast<server::TftpReason>(i)))] = counts[i];
  }
  return object;
}

ordered_json tftp_counters(const server::TftpServer& tftp) {
  const server::TftpCounters& counters = tftp.counters();
  return {{"requests", counters.requests},
          {"queued", counters.queued},
          {"started", counters.started},
          {"finished", counters.finished},
          {"octets", counters.octets},
          {"resent", counters.resent},
          {"lost_events", counters.lost_events},
          {"transfers", tftp.transfers()},
          {"half_open", tftp.half_open()},
          {"waiting", tftp.waiting()},
          {"limits",
           {{"transfers", tftp.limits().transfers},
            {"transfers-per-client", tftp.limits().transfers_per_client},
            {"half-open", tftp.limits().half_open},
            {"waiting", tftp.limits().waiting},
            {"waiting-per-client", tftp.limits().waiting_per_client}}},
          {"dropped", by_reason(counters.dropped)},
          {"refused", by_reason(counters.refused)},
          {"failed", by_reason(counters.failed)}};
}

ordered_json lease_counters(const RunningServer& server) {
  ordered_json object = {{"active", server.dhcp() ? server.dhcp()->leases().size() : 0},
                         {"limit", server.configuration().maximum_leases}};
  if (const LeaseJournal* journal = server.leases()) {
    object["journal"] = {{"path", journal->path()},
                         {"lines", journal->statistics().lines},
                         {"written", journal->statistics().written},
                         {"failed", journal->statistics().failed},
                         {"compactions", journal->statistics().compactions}};
  }
  return object;
}

// "name 12, other 3", the largest first; without those that are 0.
std::string largest(const ordered_json& counts) {
  std::vector<std::pair<std::uint64_t, std::string>> sorted;
  for (const auto& [name, count] : counts.items()) {
    if (count.get<std::uint64_t>() > 0) sorted.emplace_back(count.get<std::uint64_t>(), name);
  }
  std::ranges::sort(sorted, std::greater<>());
  std::string text;
  for (const auto& [count, name] : sorted) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::string status_json(const RunningServer& server, const ServeHistory& history, Instant now) {
  ordered_json object = begin("status");
  object["version"] = PXEPROOF_VERSION;
  object["pid"] = getpid();
  object["uptime_seconds"] = to_seconds(now - history.started);
  object["serving"] = server.describe();
  object["confinement"] = history.confinement;
  object["reloads"] = {{"done", history.reloads},
                       {"failed", history.failed_reloads},
                       {"last_error", history.last_reload_error}};
  return line_of(object);
}

std::string counters_json(const RunningServer& server, const ServeHistory& history, Instant now) {
  ordered_json object = begin("counters");
  object["uptime_seconds"] = to_seconds(now - history.started);
  object["reloads"] = {{"done", history.reloads}, {"failed", history.failed_reloads}};
  const auto& sockets = server.sockets().statistics();
  object["datagrams"] = {{"received", sockets.received},
                         {"sent", sockets.sent},
                         {"refused_by_kernel", sockets.refused}};
  if (server.dhcp() != nullptr) {
    object["dhcp"] = dhcp_counters(server.dhcp()->counters());
    object["leases"] = lease_counters(server);
  }
  if (server.tftp() != nullptr) object["tftp"] = tftp_counters(*server.tftp());
  return line_of(object);
}

std::string transfers_json(const RunningServer& server, Instant now) {
  ordered_json object = begin("transfers");
  object["transfers"] = ordered_json::array();
  if (server.tftp() != nullptr) {
    for (const auto& each : server.tftp()->list_transfers(now, kMaximumListed)) {
      ordered_json entry = {{"client", to_string(each.client)},
                            {"port", each.local.port},
                            {"file", each.name},
                            {"phase", server::to_string(each.phase)},
                            {"seconds", to_seconds(each.age)}};
      if (each.size) entry["size"] = *each.size;
      entry["acknowledged"] = each.acknowledged_octets;
      entry["resent"] = each.resent;
      object["transfers"].push_back(std::move(entry));
    }
  }
  return line_of(object);
}

std::string leases_json(const RunningServer& server, Instant now) {
  ordered_json object = begin("leases");
  object["leases"] = ordered_json::array();
  if (server.dhcp() != nullptr) {
    const std::int64_t today = live::wall_clock_seconds();
    for (const auto& [address, lease] : server.dhcp()->leases().all()) {
      if (object["leases"].size() >= kMaximumListed) break;
      ordered_json entry = {{"address", to_string(address)},
                            {"hardware", to_hex(as_bytes(lease.client.hardware))},
                            {"hardware_type", lease.client.hardware_type},
                            {"client_id", to_hex(as_bytes(lease.client.client_id))},
                            {"host", printable(lease.host_name)}};
      if (lease.expires) {
        entry["expires"] =
            today + std::chrono::duration_cast<std::chrono::seconds>(*lease.expires - now).count();
      }
      object["leases"].push_back(std::move(entry));
    }
  }
  return line_of(object);
}

std::string reload_json(const Outcome<void>& reloaded) {
  ordered_json object = begin("reload");
  object["reloaded"] = reloaded.has_value();
  if (!reloaded) object["error"] = reloaded.error().message;
  return line_of(object);
}

std::string control_error_json(std::string_view problem) {
  ordered_json object = begin("error");
  object["error"] = problem;
  return line_of(object);
}

Outcome<std::string> status_text(const std::string& status, const std::string& counters) {
  try {
    const auto about = ordered_json::parse(status);
    const auto counts = ordered_json::parse(counters);
    std::string text = fmt::format(
        "pxeproof {}, process {}, up {:.0f} s\n", about.at("version").get<std::string>(),
        about.at("pid").get<int>(), about.at("uptime_seconds").get<double>());
    for (const auto& line : about.at("serving")) text += "  " + line.get<std::string>() + "\n";
    text += "confined: " + about.at("confinement").get<std::string>() + "\n";
    const auto& reloads = about.at("reloads");
    text += fmt::format("reloads: {} done, {} failed", reloads.at("done").get<std::uint64_t>(),
                        reloads.at("failed").get<std::uint64_t>());
    const auto error = reloads.at("last_error").get<std::string>();
    text += (error.empty() ? "" : "; the last: " + error) + "\n";
    if (counts.contains("dhcp")) {
      text += "DHCP answered: " + largest(counts["dhcp"].at("answered")) + "\n";
      text += "DHCP silent:   " + largest(counts["dhcp"].at("silent")) + "\n";
      text += fmt::format("leases: {}\n", counts["leases"].at("active").get<std::uint64_t>());
    }
    if (counts.contains("tftp")) {
      const auto& tftp = counts["tftp"];
      text += fmt::format(
          "TFTP: {} requests, {} sent, {} octets, {} running ({} half-open), {} waiting\n",
          tftp.at("requests").get<std::uint64_t>(), tftp.at("finished").get<std::uint64_t>(),
          tftp.at("octets").get<std::uint64_t>(), tftp.at("transfers").get<std::uint64_t>(),
          tftp.at("half_open").get<std::uint64_t>(), tftp.at("waiting").get<std::uint64_t>());
      text += "TFTP refused: " + largest(tftp.at("refused")) + "\n";
      text += "TFTP failed:  " + largest(tftp.at("failed")) + "\n";
      text += "TFTP dropped: " + largest(tftp.at("dropped")) + "\n";
    }
    return text;
  } catch (const nlohmann::json::exception& error) {
    return environment_failed(
        fmt::format("control socket: the server's answer is no status ({})", error.what()));
  }
}

}  // namespace pxeproof::cli
