#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/fingerprint.h"
#include "trace/boot.h"
#include "trace/boot_session.h"

namespace pxeproof::trace {

// What the capture shows beside the boot in question.
struct CaptureContext {
  std::vector<const Boot*> boots;  // all that are at hand, the one in question among them
  std::optional<Instant> first{};  // frame
  std::optional<Instant> last{};
  bool is_disordered = false;  // frames stand before earlier ones: what follows what is open
};

// What a rule looks at. Everything outlives the look.
struct RuleInput {
  const Boot& boot;
  const std::vector<BootSession>& sessions;
  const BootSession& session;  // the round that decides
  firmware::Family family = firmware::Family::Unknown;
  const CaptureContext& capture;
  std::optional<std::uint16_t> asked_for{};  // what the names it asked for are made for

  // nullopt: neither option 93 nor a name tells it.
  std::optional<std::uint16_t> known_architecture() const {
    return boot.architecture ? boot.architecture : asked_for;
  }
  std::uint16_t architecture() const { return boot.architecture.value_or(asked_for.value_or(0)); }
  bool is_uefi() const { return architecture() >= 6; }
};

enum class Confidence { Certain, Likely, Possible };
std::string_view to_string(Confidence confidence);

// Configuration lines, or another remedy, for one server.
struct Fix {
  std::string server;  // "dnsmasq", "ISC dhcpd", "Kea", "firewall", ...
  std::string text;    // lines
};

struct Rule;

// One rule's word on one boot.
struct Finding {
  const Rule* rule = nullptr;
  Confidence confidence = Confidence::Likely;
  std::vector<std::uint32_t> packets;  // the evidence
  std::string cause;                   // one or two sentences about this boot
  std::vector<Fix> fixes;
  std::string elsewhere;  // what this capture point cannot tell, and where to capture; or empty
  std::string_view until = "nbp";  // the phase of `pxeproof boot` that shows the fix works
};

// What kind of thing a rule finds.
enum class RuleKind {
  Fault,   // it explains why a boot failed; asked only when the boot did
  Always,  // a fault even when everything came whole
  Slow,    // it cost time
  Benign,  // it looks like a fault and is none
};
std::string_view to_string(RuleKind kind);

// One row of the table.
struct Rule {
  std::string_view id;    // "R07"
  std::string_view name;  // "boot-server-answer-without-file"
  RuleKind kind = RuleKind::Fault;
  int rank = 50;           // of several that apply, the lower comes first: the more specific one
  std::string_view title;  // what it recognises, one sentence
  std::string_view field;  // where it was met in the field: the failure of docs, or empty
  std::optional<Finding> (*look)(const RuleInput& input) = nullptr;
};

// All rules, by id.
std::span<const Rule> rules();
const Rule* find_rule(std::string_view id_or_name);

// What a boot's packets mean.
struct Explanation {
  firmware::Family family = firmware::Family::Unknown;  // that the rules took it for
  std::vector<Finding> faults;                          // the most telling first
  std::vector<Finding> slow;
  std::vector<Finding> benign;
  std::string undecided;  // when it failed and no rule applies: state, timer, what was to come
  bool is_fault(const Boot& boot) const {
    return !faults.empty() || boot.verdict.kind == BootVerdict::Kind::Stalled ||
           boot.verdict.kind == BootVerdict::Kind::Refused;
  }
};

// What should have come next, with the clause that wants it.
std::string_view expected_next(RomState state);

// Asks all rules. The family may be another than the boot's own guess.
Explanation explain_boot(const Boot& boot, firmware::Family family, const CaptureContext& capture);

}  // namespace pxeproof::trace
