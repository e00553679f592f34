#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"
#include "server/lease_pool.h"

namespace pxeproof::server {

// A lease as it stands in a file, where time is that of the calendar.
struct WrittenLease {
  Lease lease;                                // without expires
  std::optional<std::int64_t> expires_epoch;  // seconds since 1970; nullopt: never
};

// "01:52:54:00".
std::string colon_separated(std::string_view octets);

// The hardware address as dnsmasq writes it, with its type before it where that is not Ethernet:
// "52:54:00:12:34:56", "06-aa:bb"; * for none.
std::string hardware_text(const LeaseClient& client);

// A line of dnsmasq's lease file: "1732627000 52:54:00:12:34:56 192.168.1.100 host 01:52:54:...",
// with 0 for a lease that never ends and * for what is not known.
std::string lease_line(const WrittenLease& lease);

// The line of a lease that has ended; of a journal only.
std::string ended_line(Ipv4Address address);

// What a lease file or journal says: of each address the last line counts. A last line without its
// end was being written when the writer died: it was not promised to anybody, and is left out.
struct LeaseText {
  std::vector<WrittenLease> leases;
  std::string foreign;  // whole lines, of dnsmasq's DHCPv6: to be kept as they are
  std::size_t lines = 0;
  struct Fault {
    std::size_t line = 0;  // counted from 1
    std::string message;
  };
  std::vector<Fault> faults;    // lines that were skipped
  std::size_t torn_octets = 0;  // at the end
  std::size_t understood = 0;   // lines of leases and of their ends
};
LeaseText read_lease_text(std::string_view text);

// Whether this is a file of something else: it has lines, and none of them is a lease.
bool is_no_lease_file(std::string_view text);

}  // namespace pxeproof::server
