#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/time.h"
#include "simclient/fleet_ledger.h"
#include "simclient/latency_histogram.h"

namespace pxeproof::rom {

// A machine's wait for an answer, after the fleet's start: from the first question that left the
// machine to the answer that it could go on with, or to the machine's end.
struct FleetWait {
  Duration from{};
  Duration to{};
  Duration last_asked{};  // the question, for the last time
  Exchange exchange = Exchange::Discover;

  Duration length() const { return to - from; }
};

// An address that machines ask for by ARP, before they can send anything to it.
struct AskedNeighbour {
  std::uint64_t asked = 0;     // requests that left the machines and their cables
  std::uint64_t answered = 0;  // ARP packets that came from it
};

// What answers, and what came in their place, say against the servers of a fleet.
struct FleetEvidence {
  std::uint64_t refusals = 0;      // NAKs that came to a machine
  std::string first_refusal;       // what the first of them says (option 56)
  std::uint64_t proxy_offers = 0;  // OFFERs without an address, of those in the ledger
  std::uint64_t proxy_offers_lost_on_cable = 0;
  std::uint64_t proxy_offers_missed = 0;  // came when their machines no longer waited for OFFERs
  std::array<std::uint64_t, kExchanges> closed_ports{};  // ICMP port unreachable, for a question
  std::uint64_t no_tftp = 0;           // came to the port of a transfer, and are no TFTP answers
  std::uint64_t shared_addresses = 0;  // given to a machine while another under way had them
  std::optional<Ipv4Address> first_shared;
  LatencyHistogram offer_lateness;  // of OFFERs to machines that had given up waiting for one
  std::uint64_t offered_late = 0;   // such machines
  std::map<Ipv4Address, AskedNeighbour> neighbours;  // the first few
};

// Whether an OFFER has an address; whether a server's DHCP answer is a NAK, and what it says.
bool offers_address(ByteView frame);
std::optional<std::string> refusal_text(ByteView frame);

// Whether a server says that it knows nothing of the transfer (RFC 1350: ERROR 5).
bool knows_no_transfer(ByteView frame);

// The question for which an ICMP port unreachable came back; nullopt: it is none.
std::optional<Exchange> closed_port(ByteView frame);

// Counts an ARP packet that a machine sent or that came to one; other frames are passed over.
void count_arp_sent(FleetEvidence& evidence, ByteView frame);
void count_arp_received(FleetEvidence& evidence, ByteView frame);

// The port that a UDP datagram goes to; nullopt for all other frames.
std::optional<std::uint16_t> destination_port(ByteView frame);

}  // namespace pxeproof::rom
