#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/time.h"
#include "simclient/fleet_evidence.h"
#include "simclient/fleet_ledger.h"
#include "simclient/fleet_plan.h"
#include "simclient/latency_histogram.h"
#include "simclient/rom_events.h"

namespace pxeproof::rom {

// What is timed of each boot.
enum class Span {
  Offer,      // planned power-on to the first offer of an address
  Lease,      // planned power-on to an address of one's own
  BootItem,   // first packet to port 4011 to its answer
  FirstByte,  // first RRQ to the server's first word about the file
  Nbp,        // first RRQ to the last octet of the boot file
  Config,     // from there to the last octet of the configuration
  Payload,    // from there to the end of the boot
  Boot,       // planned power-on to the end of the boot
};
inline constexpr std::size_t kSpans = 8;
std::string_view to_string(Span span);  // "offer", ..., "boot": as thresholds name it
std::string_view title_of(Span span);   // as reports head its row
std::optional<Span> parse_span(std::string_view text);

// How one machine ended.
struct FleetOutcome {
  ClientIndex client = 0;
  bool booted = false;
  Phase reached = Phase::Offer;  // failed: the phase that was not reached
  Duration planned{};            // power-on, after the fleet's start
  Duration ended{};              // after the fleet's start
  std::string reason;            // failed: one line
  // Failed: the one that it ended in. Booted: the longest.
  std::optional<FleetWait> wait{};
};

// One step of a ladder: a packet's or file's part in a boot, as short words.
struct LadderStep {
  Duration at{};  // after the planned power-on
  enum class Way { Out, In, Inside } way = Way::Inside;
  std::string text;
};

struct FleetLadder {
  FleetOutcome outcome;
  std::vector<LadderStep> steps;
};

// What machines failed of, and the phase that they did not reach.
struct FailureKind {
  Phase phase = Phase::Offer;
  std::string reason;  // without what only one machine has
  friend auto operator<=>(const FailureKind&, const FailureKind&) = default;
};

// How often it was.
struct FailureCount {
  std::uint64_t count = 0;
  ClientIndex first = 0;
};

// What a fleet has done so far.
struct FleetTally {
  std::uint64_t planned = 0;
  std::uint64_t powered_on = 0;
  std::uint64_t booted = 0;
  std::uint64_t failed = 0;
  std::array<std::uint64_t, 5> busy_with{};  // machines under way, by the phase they work on
  std::array<LatencyHistogram, kSpans> spans{};
  std::array<std::uint64_t, kSpans> resent{};  // repeated sends within the span; see resent_in
  Ledger ledger;
  std::map<FailureKind, FailureCount> failures;
  std::uint64_t octets = 0;         // of files that came whole
  std::uint64_t files_checked = 0;  // octet by octet against the server's tree
  std::uint64_t files_unchecked = 0;
  std::uint64_t files_missized = 0;   // not of the size that the server's OACK had named
  std::uint64_t duplicates = 0;       // DATA that came more than once
  std::uint64_t frames_sent = 0;      // handed to the network
  std::uint64_t frames_received = 0;  // by the fleet, before its cables
  std::uint64_t frames_foreign = 0;   // for nobody here
  Duration first_power_on{};          // actual, after the fleet's start
  Duration last_power_on{};
  Duration last_end{};  // of a boot
  // Transfers under way: asked for and not answered yet, and answered and not ended yet.
  std::uint64_t unanswered = 0;
  std::uint64_t open_transfers = 0;
  std::uint64_t peak_unanswered = 0;
  std::uint64_t peak_open = 0;
  LatencyHistogram answer_wait;  // of every RRQ that was answered, from its first send
  LatencyHistogram vain_wait;    // of those that were not, to their giving up or the run's end
  std::uint64_t leases = 0;      // machines that got an address
  FleetEvidence evidence;
  LatencyHistogram power_on_lateness;  // of the run itself: actual less planned
  LatencyHistogram timer_lateness;     // of all other deadlines

  const LatencyHistogram& span(Span which) const { return spans[static_cast<std::size_t>(which)]; }
  // Repeated sends within a span: each is counted in one part of the boot, and in the whole.
  std::uint64_t resent_in(Span which) const;
  std::uint64_t under_way() const { return powered_on - booted - failed; }
  bool is_over() const { return booted + failed == planned; }
};

}  // namespace pxeproof::rom
