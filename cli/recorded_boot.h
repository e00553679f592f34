#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/time.h"

namespace pxeproof::cli {

// One frame of a recorded boot, as long as it was on the wire; what the capture cut off is zeros.
struct RecordedFrame {
  std::uint32_t number = 0;  // in the file, from 1
  Instant at;
  Bytes octets;
  std::size_t cut_octets = 0;  // at its end, that the capture does not hold
  enum class Sender { Client, Server } sender = Sender::Server;
};

// A capture of one machine's boot, from its first DISCOVER on: IPv4, ARP, and the IPv6 router's
// part.
struct RecordedBoot {
  MacAddress client;
  Guid guid;  // of option 97; zero when there is none
  std::vector<RecordedFrame> frames;
  std::size_t boots_in_file = 1;  // of this machine

  // Reads a capture file of any kind: the boot of the first machine that sends a DISCOVER, or of
  // the one given, without what the others sent and were sent. A machine that was switched on
  // several times in the file has several boots; the number, from 1, says which is meant.
  static Outcome<RecordedBoot> read(const std::string& path,
                                    std::optional<MacAddress> machine = std::nullopt,
                                    std::size_t number = 1);
};

// Who boots in a capture, and what else is in it.
struct CaptureSurvey {
  std::vector<MacAddress> machines;  // that sent a DISCOVER, in order
  std::size_t frames = 0;
  std::size_t replies = 0;                // DHCP messages of servers
  std::uint32_t cut_request = 0;          // number of the first cut packet to port 67; 0: none
  std::size_t cut_request_size = 0;       // octets of it in the capture
  std::size_t cut_request_wire_size = 0;  // and on the wire
};
Outcome<CaptureSurvey> survey_capture(const std::string& path);

// Copies a capture without the content of files: of each TFTP DATA packet only the headers stay,
// and its size. The result is pcapng with a comment.
Outcome<void> keep_recording(const std::string& from, const std::string& to,
                             const std::string& comment);

// True for frames whose order and octets a boot is judged by: IPv4 and ARP.
bool is_compared(ByteView frame);
// True for an ARP reply: when one is sent is up to the server that asks, and so they are compared
// among themselves.
bool is_arp_reply(ByteView frame);
// True for a router solicitation or advertisement.
bool is_router_discovery(ByteView frame);

}  // namespace pxeproof::cli
