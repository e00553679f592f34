#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "cli/learned_options.h"
#include "cli/recorded_boot.h"
#include "firmware/profile.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::cli {

// A DHCP message of the machine; it points into the recording.
struct ObservedMessage {
  const RecordedFrame* frame = nullptr;
  frames::Udp udp;
  dhcp::MessageView message;
  bool same_run = false;  // the DHCP message before it was of the same phase
};

// A file that the machine asked for.
struct ObservedRequest {
  const RecordedFrame* frame = nullptr;
  std::uint16_t port = 0;
  tftp::Request request;
  const RecordedFrame* error_frame = nullptr;  // with which the machine ended it
  tftp::Error error;
};

// What one machine of a recording sent, sorted by what a profile calls it. It points into the
// recording.
struct ObservedMachine {
  KnownValues known;
  std::map<std::string, std::vector<ObservedMessage>> phases;  // by table: "dhcp.discover"
  std::vector<std::string> order;                              // of tables as they came
  std::vector<frames::Udp> datagrams;                          // all of them
  std::vector<const RecordedFrame*> datagram_frames;
  std::vector<ObservedRequest> requests;
  std::vector<const RecordedFrame*> arp_requests;
  std::vector<const RecordedFrame*> announcements;
  bool leased = false;                    // a server sent an ACK
  std::vector<std::uint32_t> cut_frames;  // of the machine, and too short for a look inside

  static ObservedMachine of(const RecordedBoot& boot);
};

// "packet 7" or "packets 1, 3, 5 and 7 more".
std::string name_packets(const std::vector<std::uint32_t>& numbers);

}  // namespace pxeproof::cli
