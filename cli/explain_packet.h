#pragma once

#include <string>

#include "cli/configuration_record.h"
#include "cli/failure.h"

namespace pxeproof::cli {

// What a configuration would answer to a packet of a capture, and why.
struct PacketExplanation {
  std::string text;  // for people, several lines
  // Refused: by a TFTP ERROR.
  enum class Fate { Answered, Refused, Silent } fate = Fate::Silent;
};

// The packet is "FILE" or "FILE#NUMBER"; without a number it is the first one to a port of the
// server. NothingTested: the packet is none that a server hears.
Outcome<PacketExplanation> explain_packet(const std::string& packet,
                                          const ConfigurationOrigin& origin);

}  // namespace pxeproof::cli
