#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "protocol/time.h"
#include "server/server_event.h"
#include "server/tftp_event.h"
#include "server/tftp_server.h"

namespace pxeproof::cli {

// How far a client's boot has come, as a server sees it.
enum class ServedPhase { None, Answered, Nbp, Config, Payload };
std::string_view to_string(ServedPhase phase);

// One client's boot.
struct ServedBoot {
  std::optional<MacAddress> mac;
  std::optional<Ipv4Address> address;
  std::optional<std::uint16_t> architecture;
  ServedPhase phase = ServedPhase::None;
  std::vector<std::string> steps;  // "offer", "4011", "pxelinux.0 42 KiB in 0.02 s"
  std::string trouble;             // the last thing that went wrong; empty: nothing
  std::uint64_t octets = 0;        // of whole files
  std::size_t missing = 0;         // names that were not found: loaders look for many
  std::string last_missing;        // the last of them, where no file came after it
  std::string file;                // that an answer named; empty: none yet
  struct Transfer {
    Endpoint client;
    std::string name;
    std::optional<std::uint64_t> size{};    // octets of the file, once it is open
    std::optional<std::uint64_t> octets{};  // that the client has, as far as somebody looked
    std::string failure{};                  // why it ended; empty: it is under way
  };
  std::vector<Transfer> transfers;  // under way
  std::vector<Transfer> failed;     // and did not come whole later
  Instant began{};
  Instant last_event{};
};

// Whether the boot came so far, to whoever waits for that. A kernel whose initrd is still on its
// way, or failed, is no boot.
bool has_reached(const ServedBoot& boot, ServedPhase wanted);

// How a boot stands or ended: "booted", "still fetching initrd, 3 KiB of 1.2 MiB". Of one that came
// as far as is wanted of it nothing more is expected.
std::string outcome_of(const ServedBoot& boot, std::optional<ServedPhase> wanted = std::nullopt);

// "52:54:00:12:34:56  arch 7  offer -> 4011 -> grubx64.efi 1.2 MiB in 0.21 s  booted".
std::string describe(const ServedBoot& boot, std::optional<ServedPhase> wanted = std::nullopt);

// Follows the boots of all clients by a server's events.
class BootWatch {
 public:
  // A boot without a further event for so long is over, unless a transfer is under way.
  static constexpr Duration kQuiet = std::chrono::seconds(5);
  // And with one, in case its end was never told.
  static constexpr Duration kLongestTransfer = std::chrono::hours(1);
  static constexpr std::size_t kMaximumBoots = 4096;

  void on_event(const server::ServerEvent& event);
  void on_event(const server::TftpEvent& event);

  // How far the transfers have come that are under way.
  void on_progress(const std::vector<server::TftpTransferStatus>& transfers);

  // A boot that is over; nullopt when there is none.
  std::optional<ServedBoot> poll_ended(Instant now);
  std::optional<Instant> poll_timeout() const;
  // A boot that is not over, as if it were; nullopt when there is none.
  std::optional<ServedBoot> take_rest();

  // The boot that has come furthest; nullptr before the first.
  const ServedBoot* furthest() const;
  // Whether a boot that came so far is over.
  bool has_ended_at(ServedPhase wanted) const;

 private:
  using Boots = std::deque<ServedBoot>;
  ServedBoot& begin(Instant at);
  ServedBoot& boot_of(const server::ServerEvent& event);
  ServedBoot* find(const MacAddress& mac, Instant at);
  // A client that is known to have another MAC address is none of that IP address.
  ServedBoot* find(Ipv4Address address, const std::optional<MacAddress>& mac, Instant at);
  ServedBoot& boot_of(const server::TftpEvent& event);
  void on_answer(const server::ServerEvent& event, std::string step);
  void on_silence(const server::ServerEvent& event);
  ServedBoot end(Boots::iterator boot);

  // A machine that was told of as not served, and goes on asking.
  struct Unserved {
    MacAddress mac;
    std::string trouble;
    Instant last_event{};
  };
  Unserved* find_unserved(const MacAddress& mac, const std::string& trouble);

  Boots boots_;  // in order of their beginning
  std::optional<ServedBoot> furthest_ended_;
  std::deque<Unserved> unserved_;  // in order of their ends
};

}  // namespace pxeproof::cli
