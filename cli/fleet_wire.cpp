#include "cli/fleet_wire.h"

#include <fmt/format.h>

#include <array>

#include "live/udp_statistics.h"

namespace pxeproof::cli {

namespace {

using rom::Exchange;
using rom::Traffic;

// Where a kind of packet is counted. Every server hears a DISCOVER, but each is one question.
enum class At { BootServer, AddressServer, Everywhere };

struct Kind {
  Exchange exchange;
  Traffic traffic;
  At at;
  std::string_view filter;
};
// Octets from the start of the UDP header: option 53 is the first behind the cookie with every
// known firmware and server, so its value lies at 8 + 240 + 2; a TFTP opcode lies at 8.
constexpr std::array kKinds{
    Kind{Exchange::Discover, Traffic::Question, At::BootServer, "udp dst port 67 and udp[250] = 1"},
    Kind{Exchange::Discover, Traffic::Answer, At::Everywhere, "udp src port 67 and udp[250] = 2"},
    Kind{Exchange::Request, Traffic::Question, At::AddressServer,
         "udp dst port 67 and udp[250] != 1"},
    Kind{Exchange::Request, Traffic::Answer, At::Everywhere, "udp src port 67 and udp[250] != 2"},
    Kind{Exchange::BootItem, Traffic::Question, At::BootServer, "udp dst port 4011 and udp[8] = 1"},
    Kind{Exchange::BootItem, Traffic::Answer, At::BootServer, "udp port 4011 and udp[8] = 2"},
    Kind{Exchange::File, Traffic::Question, At::BootServer, "udp dst port 69 and udp[8:2] = 1"},
    Kind{Exchange::File, Traffic::Answer, At::BootServer,
         "udp and (udp[8:2] = 6 or udp[8:2] = 5) and udp src port not 67"},
    Kind{Exchange::Block, Traffic::Question, At::BootServer, "udp[8:2] = 4"},
    Kind{Exchange::Block, Traffic::Answer, At::BootServer, "udp[8:2] = 3"},
};

bool is_counted_at(const Kind& kind, const ServerPlace& place) {
  if (kind.at == At::Everywhere || place.is_alone) return true;
  return (kind.at == At::BootServer) == place.is_boot_server;
}

// 0 where the kernel does not tell.
std::uint64_t overflows_at(const live::Host& host) {
  std::uint64_t overflows = 0;
  const auto read = host.within_network([&overflows]() -> live::SystemResult<void> {
    overflows = live::udp_overflows();
    return {};
  });
  return read ? overflows : 0;
}

}  // namespace

Outcome<FleetWire::Server> FleetWire::watch(const live::Host& host, const ServerPlace& place) {
  Server server{.host = &host, .overflows_before = overflows_at(host)};
  const auto opened = host.within_network([&]() -> live::SystemResult<void> {
    for (const Kind& kind : kKinds) {
      const bool is_in_ledger = is_counted_at(kind, place);
      if (!is_in_ledger && kind.exchange != Exchange::Discover) continue;
      // What the host itself says, or what is said to it.
      const std::string filter =
          fmt::format("{}ether src {} and {}", kind.traffic == Traffic::Answer ? "" : "not ",
                      to_string(host.options().mac), kind.filter);
      auto counter = live::WireCounter::open(host.options().interface, filter);
      if (!counter) return fail(std::move(counter.error()));
      server.counters.push_back({kind.exchange, kind.traffic,
                                 is_in_ledger ? In::Ledger : In::ServerOnly, std::move(*counter)});
    }
    return {};
  });
  if (!opened) return environment_failed("the lab: " + opened.error().message);
  return server;
}

Outcome<FleetWire> FleetWire::open(const BootLab& lab) {
  FleetWire wire;
  const auto hosts = lab.hosts();
  for (const live::Host* host : hosts) {
    auto server =
        watch(*host, {.is_boot_server = host == hosts.back(), .is_alone = hosts.size() == 1});
    if (!server) return fail(server.error());
    wire.servers_.push_back(std::move(*server));
  }
  return wire;
}

void FleetWire::write(FleetResult& result) {
  rom::Ledger& ledger = result.tally.ledger;
  for (rom::LedgerRow& row : ledger.rows) row.reached = row.answered = 0;
  result.watched.clear();
  for (Server& server : servers_) {
    const bool is_boot_server = &server == &servers_.back();
    WatchedServer watched{.name = is_boot_server ? "boot server" : "address server"};
    for (Counter& each : server.counters) {
      const std::uint64_t count = each.counter.count();
      const bool is_question = each.traffic == Traffic::Question;
      rom::LedgerRow& row = ledger.row(each.exchange);
      if (each.in == In::Ledger) (is_question ? row.reached : row.answered) += count;
      if (each.exchange != Exchange::Discover) continue;
      (is_question ? watched.discovers : watched.offers) += count;
    }
    const std::uint64_t overflows = overflows_at(*server.host);
    if (overflows > server.overflows_before) {
      watched.overflows = overflows - server.overflows_before;
    }
    result.watched.push_back(std::move(watched));
  }
  result.harness.has_wire = true;
}

}  // namespace pxeproof::cli
