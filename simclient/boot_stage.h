#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/time.h"

namespace pxeproof::rom {

// How a stage's TFTP client asks for files: the options of its RRQ in order, its port rule and its
// timers are those of the program (facts/client.md), and so they are rows of data next to the
// stage, not code in the ROM.
enum class Fetcher { Rom, Pxelinux, Grub, Ipxe };

// A file that a second-stage program asks for.
struct Fetch {
  std::string name{};  // as it stands in the RRQ, octet for octet
  Ipv4Address server{};
  Fetcher fetcher = Fetcher::Pxelinux;
  // Text, Library: the stage wants the octets, a Library's if they are at hand. Probe: the program
  // only opens the file; once the server has answered the RRQ it ends the transfer.
  enum class Use { Text, Image, Library, Probe } use = Use::Image;
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

// A second-stage program (pxelinux, ...) that runs after the NBP came whole. A pure machine: the
// ROM runs its fetches one at a time with the program's own TFTP manners and hands it the outcome.
class BootStage {
 public:
  virtual ~BootStage() = default;

  virtual void start(Instant now) = 0;

  // The outcome of the fetch polled last.
  virtual void on_fetched(Instant now, const Fetched& fetched) = 0;
  virtual void on_timeout(Instant now) = 0;

  // The next file to fetch; nullopt while a fetch is under way, when waiting, or at the end.
  virtual std::optional<Fetch> poll_fetch() = 0;
  virtual std::optional<Instant> poll_timeout() const = 0;

  // How the stage ended; nullopt while it runs.
  struct Started {  // the kernel and its initrds came whole and would run now
    std::string image;
    std::string command_line;
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
  using Ending = std::variant<Started, LocalBoot, Failed>;
  virtual const std::optional<Ending>& ending() const = 0;

  // A line about what the program does now, for the story ("waiting 1.5 s at the prompt"); nullopt
  // when none is new.
  virtual std::optional<std::string> poll_note() = 0;
};

}  // namespace pxeproof::rom
