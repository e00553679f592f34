#include "cli/metrics_exposer.h"

#include <fmt/format.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <exception>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

#include "live/confinement.h"
#include "live/helper_process.h"
#include "live/line_server.h"

namespace pxeproof::cli {

namespace {

using nlohmann::json;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr Duration kPatience = std::chrono::seconds(5);
// One that says nothing must not keep the others waiting, nor itself for long.
constexpr const char* kThreads = "4";
constexpr const char* kRequestTimeout = "5000";  // ms

// A row for each number that the counters hold as it is.
struct PlainMetric {
  const char* name;
  const char* help;
  MetricType type;
  const char* where;  // a JSON pointer
};
constexpr std::array kPlain = {
    PlainMetric{"pxeproof_uptime_seconds", "Seconds since the server started.", MetricType::Gauge,
                "/uptime_seconds"},
    PlainMetric{"pxeproof_reloads_total", "Configurations that were read again.",
                MetricType::Counter, "/reloads/done"},
    PlainMetric{"pxeproof_reload_failures_total",
                "Configurations that were broken; the old one stayed.", MetricType::Counter,
                "/reloads/failed"},
    PlainMetric{"pxeproof_datagrams_received_total", "Datagrams that arrived.", MetricType::Counter,
                "/datagrams/received"},
    PlainMetric{"pxeproof_datagrams_sent_total", "Datagrams that were sent.", MetricType::Counter,
                "/datagrams/sent"},
    PlainMetric{"pxeproof_datagrams_refused_total", "Datagrams that the kernel did not send.",
                MetricType::Counter, "/datagrams/refused_by_kernel"},
    PlainMetric{"pxeproof_leases", "Leases in force.", MetricType::Gauge, "/leases/active"},
    PlainMetric{"pxeproof_leases_limit", "dhcp-lease-max.", MetricType::Gauge, "/leases/limit"},
    PlainMetric{"pxeproof_lease_journal_lines", "Lines in the lease journal.", MetricType::Gauge,
                "/leases/journal/lines"},
    PlainMetric{"pxeproof_lease_journal_failures_total", "Writes to the lease journal that failed.",
                MetricType::Counter, "/leases/journal/failed"},
    PlainMetric{"pxeproof_tftp_requests_total", "Sound read requests.", MetricType::Counter,
                "/tftp/requests"},
    PlainMetric{"pxeproof_tftp_queued_total", "Requests that waited for a free transfer.",
                MetricType::Counter, "/tftp/queued"},
    PlainMetric{"pxeproof_tftp_started_total", "Transfers that began.", MetricType::Counter,
                "/tftp/started"},
    PlainMetric{"pxeproof_tftp_finished_total", "Transfers whose last block was acknowledged.",
                MetricType::Counter, "/tftp/finished"},
    PlainMetric{"pxeproof_tftp_sent_octets_total", "Octets of finished transfers.",
                MetricType::Counter, "/tftp/octets"},
    PlainMetric{"pxeproof_tftp_resent_total", "Datagrams that were sent again.",
                MetricType::Counter, "/tftp/resent"},
    PlainMetric{"pxeproof_tftp_transfers", "Transfers that run.", MetricType::Gauge,
                "/tftp/transfers"},
    PlainMetric{"pxeproof_tftp_half_open", "Of those, whose client has not answered yet.",
                MetricType::Gauge, "/tftp/half_open"},
    PlainMetric{"pxeproof_tftp_waiting", "Requests in the queue.", MetricType::Gauge,
                "/tftp/waiting"},
};

// A row for each object of counts, whose keys become a label.
struct LabelledMetric {
  const char* name;
  const char* help;
  MetricType type;
  const char* label;
  const char* where;
};
constexpr std::array kLabelled = {
    LabelledMetric{"pxeproof_dhcp_answers_total", "Answers of the DHCP side.", MetricType::Counter,
                   "kind", "/dhcp/answered"},
    LabelledMetric{"pxeproof_dhcp_silent_total", "Datagrams without an answer, by reason.",
                   MetricType::Counter, "reason", "/dhcp/silent"},
    LabelledMetric{"pxeproof_tftp_refused_total", "Requests that were answered with an ERROR.",
                   MetricType::Counter, "reason", "/tftp/refused"},
    LabelledMetric{"pxeproof_tftp_failed_total", "Transfers that began and did not complete.",
                   MetricType::Counter, "reason", "/tftp/failed"},
    LabelledMetric{"pxeproof_tftp_dropped_total", "TFTP packets that changed nothing.",
                   MetricType::Counter, "reason", "/tftp/dropped"},
    LabelledMetric{"pxeproof_tftp_limit", "The most there may be at once.", MetricType::Gauge,
                   "what", "/tftp/limits"},
};

ClientMetric metric_of(MetricType type, double value) {
  ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return metric;
}

std::vector<MetricFamily> families_of(const std::string& counters) {
  std::vector<MetricFamily> families;
  const json numbers = json::parse(counters);
  for (const PlainMetric& row : kPlain) {
    const json::json_pointer where(row.where);
    if (!numbers.contains(where)) continue;
    families.push_back(
        {row.name, row.help, row.type, {metric_of(row.type, numbers[where].get<double>())}});
  }
  for (const LabelledMetric& row : kLabelled) {
    const json::json_pointer where(row.where);
    if (!numbers.contains(where)) continue;
    MetricFamily family{row.name, row.help, row.type, {}};
    for (const auto& [key, count] : numbers[where].items()) {
      ClientMetric metric = metric_of(row.type, count.get<double>());
      metric.label.push_back({row.label, key});
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }
  return families;
}

// Asks the server at each collection. The exposer's threads take turns.
class ServerCounters : public prometheus::Collectable {
 public:
  explicit ServerCounters(live::FileDescriptor server) : server_(std::move(server)) {}

  std::vector<MetricFamily> Collect() const override {
    const std::lock_guard<std::mutex> turn(mutex_);
    const auto counters = live::ask_line(server_, "counters", kPatience);
    if (!counters) return {};
    try {
      return families_of(*counters);
    } catch (const json::exception&) {
      return {};
    }
  }

 private:
  mutable std::mutex mutex_;
  live::FileDescriptor server_;
};

// The address was read before.
std::uint16_t port_of(std::string_view address) {
  std::uint16_t port = 0;
  const std::string_view digits = address.substr(address.rfind(':') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

// The body of the process: says through the report whether it listens, then serves until the
// server's end of the connection is gone.
int expose(const std::string& address, live::FileDescriptor server, live::FileDescriptor report) {
  const auto say = [&report](const std::string& text) {
    const ssize_t written = write(report.number(), text.data(), text.size());
    return written == static_cast<ssize_t>(text.size());
  };
  try {
    // Before the library's threads are there, which would keep what this one gives up.
    live::confine_listener(port_of(address));
    prometheus::Exposer exposer(std::vector<std::string>{"listening_ports", address, "num_threads",
                                                         kThreads, "request_timeout_ms",
                                                         kRequestTimeout});
    const int connection = server.number();
    // Its port is free as soon as the server is gone, for the next one.
    const live::EndsWithPeer ends(connection, nullptr);
    auto counters = std::make_shared<ServerCounters>(std::move(server));
    exposer.RegisterCollectable(counters);
    if (!say("\n")) return 1;
    report.close();
    live::wait_for_hang_up(connection);
    return 0;
  } catch (const std::exception&) {
    // The library does not know which of the two it was.
    say(
        fmt::format("--metrics {}: cannot listen there: the port is taken, or the address is not "
                    "this machine's; give ADDRESS:PORT of this machine, with a free port\n",
                    address));
    return 1;
  }
}

}  // namespace

std::string metrics_text(const std::string& counters) {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families_of(counters));
  return text.str();
}

Outcome<live::FileDescriptor> start_metrics_exposer(const std::string& address) {
  auto connection = live::connected_pair();
  auto report = live::connected_pair();
  if (!connection) return environment_failed(connection.error().message);
  if (!report) return environment_failed(report.error().message);
  const auto started = live::start_helper(
      [&] { return expose(address, std::move(connection->second), std::move(report->second)); },
      {connection->second.number(), report->second.number()});
  if (!started) return environment_failed(started.error().message);
  connection->second.close();
  report->second.close();
  const auto said = live::read_line(report->first, std::chrono::seconds(10));
  if (!said) return environment_failed("--metrics: " + said.error().message);
  if (!said->empty()) return environment_failed(*said);
  return std::move(connection->first);
}

}  // namespace pxeproof::cli
