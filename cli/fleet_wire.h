#pragma once

#include <cstdint>
#include <vector>

#include "cli/boot_lab.h"
#include "cli/failure.h"
#include "cli/fleet_result.h"
#include "live/wire_counter.h"

namespace pxeproof::cli {

// Which of a lab's servers one is.
struct ServerPlace {
  bool is_boot_server = false;
  bool is_alone = false;
};

// Counts questions and answers where the lab's servers hear and speak: on their own interfaces, in
// their own network namespaces; and what was lost there for want of room in their sockets.
class FleetWire {
 public:
  // The lab lives longer.
  static Outcome<FleetWire> open(const BootLab& lab);

  // Fills in what the servers heard, said and lost.
  void write(FleetResult& result);

 private:
  enum class In { Ledger, ServerOnly };
  struct Counter {
    rom::Exchange exchange;
    rom::Traffic traffic;
    In in;
    live::WireCounter counter;
  };
  struct Server {
    const live::Host* host = nullptr;
    std::uint64_t overflows_before = 0;
    std::vector<Counter> counters{};
  };
  static Outcome<Server> watch(const live::Host& host, const ServerPlace& place);

  std::vector<Server> servers_;  // the boot server last
};

}  // namespace pxeproof::cli
