#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/time.h"

namespace pxeproof::rom {

class ServerSettings;

// Whose TFTP client asks for a file: the program's own (firmware/programs), or the firmware's.
enum class Fetcher { Program, Rom };

// A file that a second-stage program asks for.
struct Fetch {
  std::string name{};  // as it stands in the RRQ, octet for octet
  Ipv4Address server{};
  Fetcher fetcher = Fetcher::Program;
  // Text, Library: the stage wants the octets, a Library's if they are at hand. Program: the stage
  // may start it, so its octets are kept as an NBP's are. Probe: the program only opens the file;
  // once the server has answered the RRQ it ends the transfer.
  enum class Use { Text, Image, Library, Program, Probe } use = Use::Image;
  // First: the program starts anew here, and its port rule with it.
  enum class Ports { Next, First } ports = Ports::Next;
};

// How a fetch ended.
struct Fetched {
  enum class Outcome { Complete, NotFound, Refused, TimedOut };
  Outcome outcome = Outcome::Complete;
  ByteView content{};        // the octets, valid during the call; empty unless Complete
  std::uint64_t size = 0;    // octets that came, also of a file that did not come whole
  std::string error_text{};  // the server's words, for NotFound and Refused
};

// How a DHCP session that a stage asked for has ended.
struct StageAddress {
  bool configured = false;  // false: no server gave an address
  Subnet subnet{};
  std::optional<Ipv4Address> router{};
  const ServerSettings* settings = nullptr;  // what the servers said, valid during the call
};

// A second-stage program (pxelinux, ...) that runs after the NBP came whole. A pure machine: the
// ROM runs its fetches one at a time with the program's own TFTP manners and hands it the outcome.
class BootStage {
 public:
  virtual ~BootStage() = default;

  // Its row in firmware/programs: TFTP manners, clock and network stack.
  virtual std::string_view program() const = 0;

  virtual void start(Instant now) = 0;

  // The outcome of the fetch polled last.
  virtual void on_fetched(Instant now, const Fetched& fetched) = 0;
  virtual void on_timeout(Instant now) = 0;

  // The next file to fetch; nullopt while a fetch is under way, when waiting, or at the end.
  virtual std::optional<Fetch> poll_fetch() = 0;
  // What it waits for; asked only when nothing is under way that was polled for.
  virtual std::optional<Instant> poll_timeout() const = 0;

  // A DHCP session of the program's own, described by a profile (firmware/profiles). Polled when no
  // file is under way; the answer comes before anything else is polled.
  struct Dhcp {
    std::string profile{};
    // Released: the address that the firmware configured is given up first.
    enum class Address { Kept, Released } address = Address::Released;
  };
  virtual std::optional<Dhcp> poll_dhcp() { return std::nullopt; }
  virtual void on_address(Instant /*now*/, const StageAddress& /*address*/) {}

  // How the stage ended; nullopt while it runs.
  struct Started {  // the kernel and its initrds came whole and would run now
    std::string image;
    std::string command_line;
  };
  struct Chained {  // another network boot program starts: the file fetched last for Use::Program
    std::string image;
    Ipv4Address server;
    std::string arguments{};
    // What the DHCP packets that the next program reads say now; nullopt: what they said before.
    std::optional<std::string> boot_file{};
    std::optional<std::string> config_file{};  // option 209
    std::optional<std::string> path_prefix{};  // option 210
  };
  struct LocalBoot {};  // handed back to the disk: no more traffic
  struct Failed {
    std::string firmware_words;  // what the screen shows, verbatim, such as "Unable to locate
                                 // configuration file"
    std::string reason;          // ours, one line
    // Halted: the program gave up. WaitsForever, Loops: the real one would never end, so the stage
    // does. Limit: ours, against hostile input.
    enum class Kind { Halted, WaitsForever, Loops, Limit } kind = Kind::Halted;
  };
  using Ending = std::variant<Started, Chained, LocalBoot, Failed>;
  virtual const std::optional<Ending>& ending() const = 0;

  // A line about what the program does now, for the story ("waiting 1.5 s at the prompt"); nullopt
  // when none is new.
  virtual std::optional<std::string> poll_note() = 0;
};

}  // namespace pxeproof::rom
