#pragma once

#include <vector>

#include "cli/boot_lab.h"
#include "cli/failure.h"
#include "live/wire_counter.h"
#include "simclient/fleet_ledger.h"

namespace pxeproof::cli {

// Counts questions and answers where the lab's servers hear and speak: on their own interfaces, in
// their own network namespaces.
class FleetWire {
 public:
  static Outcome<FleetWire> open(const BootLab& lab);

  // Fills the two columns in.
  void write(rom::Ledger& ledger);

 private:
  struct Counter {
    rom::Exchange exchange;
    rom::Traffic traffic;
    live::WireCounter counter;
  };
  std::vector<Counter> counters_;
};

}  // namespace pxeproof::cli
