#include "cli/fleet_wire.h"

#include <fmt/format.h>

#include <array>

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

bool is_counted_at(const Kind& kind, bool is_boot_server, bool is_alone) {
  if (kind.at == At::Everywhere || is_alone) return true;
  return (kind.at == At::BootServer) == is_boot_server;
}

}  // namespace

Outcome<FleetWire> FleetWire::open(const BootLab& lab) {
  FleetWire wire;
  const auto hosts = lab.hosts();
  for (const live::Host* host : hosts) {
    const bool is_boot_server = host == hosts.back();
    const auto opened = host->within_network([&]() -> live::SystemResult<void> {
      for (const Kind& kind : kKinds) {
        if (!is_counted_at(kind, is_boot_server, hosts.size() == 1)) continue;
        // What the host itself says, or what is said to it.
        const std::string filter =
            fmt::format("{}ether src {} and {}", kind.traffic == Traffic::Answer ? "" : "not ",
                        to_string(host->options().mac), kind.filter);
        auto counter = live::WireCounter::open(host->options().interface, filter);
        if (!counter) return fail(std::move(counter.error()));
        wire.counters_.push_back({kind.exchange, kind.traffic, std::move(*counter)});
      }
      return {};
    });
    if (!opened) return environment_failed("the lab: " + opened.error().message);
  }
  return wire;
}

void FleetWire::write(rom::Ledger& ledger) {
  for (rom::LedgerRow& row : ledger.rows) row.reached = row.answered = 0;
  for (Counter& each : counters_) {
    rom::LedgerRow& row = ledger.row(each.exchange);
    (each.traffic == Traffic::Question ? row.reached : row.answered) += each.counter.count();
  }
}

}  // namespace pxeproof::cli
