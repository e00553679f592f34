#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/case.h"
#include "protocol/result.h"

namespace pxeproof::conformance {

// A server that cases can be run against: how to start it, when it is ready, what it claims
// (docs/conform.md).
struct TargetFile {
  std::string name{};
  enum class Kind {
    Builtin,  // our server
    Exec,     // a program, started in a network of its own
    Remote,   // a host that is already running
  };
  Kind kind = Kind::Exec;
  std::vector<std::string> command{};  // with {placeholders}; no shell is involved
  struct Version {
    std::vector<std::string> run{};
    std::string match{};  // a regular expression; its first group is the version
  };
  std::optional<Version> version{};
  std::vector<std::uint16_t> ready_ports{};  // ready when it is bound to these
  // Which configurations it reads: "dnsmasq" means all of the suite's, a text its own standard one;
  // empty: it has none.
  std::string configuration{};
  std::map<std::string, std::string> variants{};  // further ones of its own, by the suite's names
  // What it is able to do by its own words: cases that need it run, whatever the probe finds.
  std::vector<Need> claims{};
  std::string package{};  // what to install where it is missing
  // Remote: its address.
  std::string address{};

  bool reads_dnsmasq() const { return configuration == "dnsmasq"; }
  // By its own words it can do something, and DHCP is not among it.
  bool serves_files_only() const;
};

// Reads a target's TOML; the error is "origin:line: what".
Result<TargetFile, std::string> read_target(std::string_view text, const std::string& origin);

// One of the targets that are compiled in; nullopt when it has no such name.
std::optional<TargetFile> builtin_target(std::string_view name);
std::vector<std::string> builtin_target_names();

}  // namespace pxeproof::conformance
