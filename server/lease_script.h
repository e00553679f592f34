#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/time.h"
#include "server/configuration.h"
#include "server/lease_pool.h"
#include "server/tftp_event.h"

namespace pxeproof::server {

// One run of the program of dhcp-script.
struct ScriptCall {
  std::vector<std::string> arguments{};
  std::vector<std::pair<std::string, std::string>> environment{};  // beside what it inherits
  // Stands for the last argument where no such file exists; empty: nothing does.
  std::string other_path{};

  friend bool operator==(const ScriptCall&, const ScriptCall&) = default;
};

// Says what dnsmasq 2.90 runs its script with: "add", "old" or "del" with hardware address, address
// and host name; "tftp" with size, client and path.
class LeaseScript {
 public:
  // The name of the interface that an address is reached through; empty: none.
  using InterfaceOf = std::function<std::string(Ipv4Address)>;

  struct Time {
    Instant now{};
    std::int64_t epoch_microseconds = 0;  // the same moment since 1970
  };

  LeaseScript(const Configuration& configuration, InterfaceOf interface_of)
      : domain_(configuration.domain),
        on_renewal_(configuration.script.on_renewal),
        logs_dhcp_(configuration.log_dhcp),
        interface_of_(std::move(interface_of)) {}

  // None for a renewal that changes nothing.
  std::vector<ScriptCall> calls_for(const Time& time, const LeaseChange& change) const;

  // For a lease of an earlier run, and after SIGHUP.
  ScriptCall call_for_known(const Time& time, const Lease& lease) const;

  // For a lease of an earlier run that has ended since.
  ScriptCall call_for_expired(const Lease& lease, std::int64_t ended_epoch) const;

  static ScriptCall call_for(const TftpFinished& finished, Ipv4Address client);

 private:
  ScriptCall begin(std::string_view action, const Lease& lease, std::string_view name) const;
  void add_time(const Time& time, const Lease& lease, ScriptCall& call) const;
  void add_missing(const Lease& lease, ScriptCall& call) const;
  ScriptCall call_for_end(const Time& time, const Lease& lease) const;
  void add_circumstances(const LeaseCircumstances& circumstances, ScriptCall& call) const;

  std::string domain_;
  bool on_renewal_ = false;
  bool logs_dhcp_ = false;
  InterfaceOf interface_of_;
};

}  // namespace pxeproof::server
