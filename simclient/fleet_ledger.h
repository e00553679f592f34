#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::rom {

// The questions of a boot and their answers, as a fleet counts them.
enum class Exchange {
  Discover,  // DISCOVER and the OFFERs
  Request,   // REQUEST to port 67 and its ACK or NAK
  BootItem,  // anything to port 4011, also when it asks the other port for a boot item
  File,      // RRQ and its OACK, first DATA or ERROR
  Block,     // ACK and the next DATA
};
inline constexpr std::size_t kExchanges = 5;
std::string_view to_string(Exchange exchange);  // "DISCOVER", "RRQ", ...

// What a frame is in the ledger, seen from a client.
enum class Traffic { Question, Answer };
struct Classified {
  Exchange exchange;
  Traffic traffic;
};

// Classifies a frame that a client sent or is to receive, by its ports, message type and opcode;
// nullopt for ARP and everything else. Never reads beyond the frame, and believes it otherwise.
std::optional<Classified> classify(ByteView frame);

// Where packets were lost. Every column counts frames; what is told apart only in some runs is
// filled in by whoever runs the fleet.
struct LedgerRow {
  std::uint64_t planned = 0;        // different questions; the rest of `asked` is repetition
  std::uint64_t asked = 0;          // handed to the cable by the clients
  std::uint64_t lost_on_cable = 0;  // on purpose, by --link
  std::uint64_t sent = 0;           // handed to the network
  std::uint64_t refused = 0;        // by this machine's kernel
  std::uint64_t reached = 0;        // seen on the server's wire
  std::uint64_t answered = 0;       // answers seen on the server's wire
  std::uint64_t received = 0;       // answers that came to a client, copies of its cable too
  std::uint64_t answers_lost_on_cable = 0;  // on purpose, by --link
  std::uint64_t to_machines_off = 0;        // answers to machines that have ended or not begun
  std::uint64_t used = 0;                   // answers that a client did not ignore
};

struct Ledger {
  std::array<LedgerRow, kExchanges> rows{};

  LedgerRow& row(Exchange exchange) { return rows[static_cast<std::size_t>(exchange)]; }
  const LedgerRow& row(Exchange exchange) const { return rows[static_cast<std::size_t>(exchange)]; }
};

}  // namespace pxeproof::rom
