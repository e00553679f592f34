#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/fingerprint.h"
#include "protocol/addresses.h"
#include "protocol/time.h"
#include "trace/steps.h"

namespace pxeproof::trace {

// What a machine was doing when its boot ended, or waits for. In the order in which a boot passes
// through them.
enum class RomState {
  WaitsForOffer,       // DISCOVER sent, no offer it could use
  WaitsForAck,         // REQUEST sent
  HasAddress,          // leased, but nothing says what to boot
  WaitsForBootServer,  // asked port 4011, or for a boot server
  FetchesNbp,          // the first file
  RunsNbp,             // the first file came whole; nothing further was asked for
  SearchesConfig,      // its second stage fetches modules and looks for a configuration
  FetchesPayload,      // kernel, initrd and what else the configuration names
  FetchesByHttp,
  RunsPayload,  // everything came whole
  LocalBoot,    // it was told to boot from its own disk
};
std::string_view to_string(RomState state);

// How a boot ended, from the packets alone.
struct BootVerdict {
  enum class Kind {
    Booted,      // what it asked for came whole, and it went quiet or its system spoke up
    Stalled,     // it waits for something, or gave up
    Refused,     // somebody said no: a NAK, a TFTP ERROR, an HTTP status, an ICMP message
    Unfinished,  // the capture ends while it goes on
  };
  Kind kind = Kind::Unfinished;
  RomState state = RomState::WaitsForOffer;
  std::string text;                       // in words, one sentence without a full stop
  std::optional<Ipv4Address> refused_by;  // with Refused
  std::vector<std::uint32_t> packets;     // that show it
};
std::string_view to_string(BootVerdict::Kind kind);

// One boot of one machine: all that a capture shows from its first packet to its last, through all
// stages and servers. A second DHCP round of iPXE, GRUB or an operating system is part of it.
struct Boot {
  std::uint32_t number = 0;                   // in the order of beginning, from 1
  MacAddress mac;                             // zero when no packet told it
  std::optional<Guid> guid;                   // option 97
  std::optional<std::uint16_t> architecture;  // of the first stage: option 93, first element
  Ipv4Address address;                        // its last one; unspecified when it never had one
  firmware::FirmwareGuess firmware;           // of the first stage
  bool is_network_boot = false;  // false: a DHCP client that shows no sign of network boot
  bool begins_before_capture = false;
  Instant begun;
  Instant ended;                     // its last packet
  Instant known_until;               // nothing of it was seen from its end to this moment
  bool restarted = false;            // then it began anew, as the next boot
  std::vector<Step> steps;           // by time
  std::uint64_t steps_left_out = 0;  // of the middle, for lack of room
  std::uint64_t packets = 0;
  std::uint64_t duplicates = 0;  // frames that the capture holds twice
  std::uint64_t fragments = 0;   // of IP datagrams to or from it
  std::uint64_t cut = 0;         // of its packets, by the snap length
  std::uint64_t cut_names = 0;   // of its read requests: the end of the file's name is missing
  std::uint64_t malformed = 0;   // DHCP packets that are none
  // The first of these that a server sent to it.
  struct BrokenAnswer {
    std::uint32_t packet = 0;
    Endpoint source;
    std::size_t size_octets = 0;
  };
  std::optional<BrokenAnswer> broken_answer;
  // Another host that uses the machine's address while it boots: the machine spoke after it did.
  // Each number is the first packet that shows it, 0 when none does.
  struct AddressRival {
    MacAddress mac;
    Ipv4Address address;
    Instant at;                   // of the first of these packets
    std::uint32_t claim = 0;      // in ARP it says that the address is its own
    std::uint32_t delivered = 0;  // what was for the machine goes to it
    std::uint32_t refusal = 0;    // its ICMP unreachable about such a packet
    std::uint32_t lease = 0;      // a server acknowledged the address to it, too
    std::uint32_t held = 0;       // another server's acknowledgement to it, which is in force
    std::uint32_t asked = 0;      // it asks for files from the address, which no server gave
    bool has_others = false;      // it claims further addresses: a router, perhaps
  };
  std::vector<AddressRival> address_rivals;
  Instant last_spoke;  // the last packet that the machine sent
  BootVerdict verdict;

  Duration duration() const { return ended - begun; }
};

// Judges a boot by its steps.
BootVerdict judge_boot(const Boot& boot);

}  // namespace pxeproof::trace
