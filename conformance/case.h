#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/time.h"

namespace pxeproof::conformance {

class Script;

// How binding a case is. Must, Should and May follow the words of the clause.
enum class Level {
  Must,
  Safe,  // robustness and security without a clause; gates like Must
  Should,
  May,
  Quirk,  // a client that is shipped requires it
  Info,   // recorded, never fails
};
std::string_view to_string(Level level);

// What a target must be able to do before a case makes sense; probed, never believed.
enum class Need {
  Dhcp,           // offers to a canonical DISCOVER
  BootServer,     // answers on port 4011
  Tftp,           // serves the file small.bin
  WindowSize,     // acknowledges windowsize (RFC 7440)
  TimeoutOption,  // acknowledges timeout (RFC 2349)
  TransferSize,   // acknowledges tsize (RFC 2349)
  BlockSize,      // acknowledges blksize (RFC 2348)
  LocalFiles,     // its tree is ours to change
  Restart,        // it can be stopped and started again
  SecondAddress,  // it has a second address on the link
  Log,            // what it writes can be read
  Superuser,      // the tree may hold files of another owner
};
std::string_view to_string(Need need);
// What a target may claim: the needs that a probe looks for, by name; nullopt for other words.
std::optional<Need> claim_named(std::string_view name);

// Where a case may run.
enum class Company {
  Shared,  // beside the other cases of its group, on one server
  Alone,   // it restarts, floods or loads: a server of its own
  After,   // judges ratios of times: after the others of its group
};

// Whether a case may be sent into a network that is not ours.
enum class Reach { Anywhere, LabOnly };

// The long and the large, reported apart.
enum class Weight { Light, Heavy };

// One conformance case. Ids and slugs never change and are never used again.
struct Case {
  std::string_view id{};      // "OFFER-01"
  std::string_view slug{};    // "answers"
  std::string_view clause{};  // "RFC 2131 s.4.1"
  Level level = Level::Must;
  std::string_view quirk_of{};     // the client of a Quirk
  std::string_view requirement{};  // the rule in our own words
  std::string_view stimulus{};     // what is sent
  // The admissible answers by name; those that begin with '~' are allowed, but not preferred.
  std::vector<std::string_view> answers{};
  std::string_view problems{};  // what may make a right server look wrong
  std::string_view variant{};   // the configuration it needs; empty: the standard one
  std::vector<Need> needs{};
  Company company = Company::Shared;
  Reach reach = Reach::Anywhere;
  Weight weight = Weight::Light;
  std::size_t hosts = 4;                       // addresses of its own, the sentinel's included
  Duration limit = std::chrono::seconds(150);  // then the case is broken
  void (*script)(Script&) = nullptr;

  std::string_view group() const { return id.substr(0, id.find('-')); }
};

// The answers as a sentence: "OFFER | silent   ~ late OFFER".
std::string describe_answers(const Case& subject);

}  // namespace pxeproof::conformance
