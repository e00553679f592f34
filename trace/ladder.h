#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "protocol/time.h"
#include "trace/boot.h"

namespace pxeproof::trace {

// A vertical line of a ladder: the client, or a server under all the names it serves by.
struct LadderParty {
  std::string role;     // "client", "dhcp + tftp", "proxy"
  std::string address;  // "10.0.0.1"; the client's is its MAC address

  friend bool operator==(const LadderParty&, const LadderParty&) = default;
};

// What somebody has to say about a rung.
struct LadderNote {
  enum class Mark { Plain, Warning, Failure } mark = Mark::Plain;
  std::string text;  // "R07"

  friend bool operator==(const LadderNote&, const LadderNote&) = default;
};

// One rung: a message from one party to another, or a whole file.
struct LadderRung {
  Duration at{};  // since the boot began
  std::uint32_t first_packet = 0;
  std::uint32_t last_packet = 0;
  std::size_t first_step = 0;  // of Boot::steps, from 0; several steps may make one rung
  std::size_t last_step = 0;
  std::size_t from = 0;  // parties
  std::size_t to = 0;
  enum class Line { Message, File, Lost } line = Line::Message;  // Lost: nobody answered it
  bool to_everybody = false;                                     // a broadcast
  std::string text;
  std::vector<LadderNote> notes;
};

// A boot drawn as messages between parties, for people and for other programs.
struct Ladder {
  std::string title;                 // "52:54:00:12:34:56, UEFI x64"
  std::vector<LadderParty> parties;  // the client first
  std::vector<LadderRung> rungs;
  std::string verdict;  // "booted: ..."
};

// Notes by the number of the packet they are about.
using LadderNotes = std::multimap<std::uint32_t, LadderNote>;

// Repeated requests and offers, and files that were looked for in a row and not found, become one
// rung each. At most kMaximumLadderParties parties; servers beyond share the last.
inline constexpr std::size_t kMaximumLadderParties = 5;
Ladder make_ladder(const Boot& boot, const LadderNotes& notes = {});

}  // namespace pxeproof::trace
