#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/datagram_service.h"
#include "protocol/random.h"
#include "protocol/result.h"
#include "protocol/tftp/packet.h"
#include "server/configuration.h"
#include "server/retransmission_timer.h"

namespace pxeproof::server {

// An interface on which files are served, and from where.
struct TftpInterface {
  NetworkInterface interface;
  std::string root;  // directory; empty: the whole file system
};

// How many of everything. One transfer takes less than 2 KiB beside the file itself.
struct TftpLimits {
  std::uint32_t transfers = 20000;                  // at once
  std::uint32_t transfers_per_client = 1024;        // at once, per IPv4 address
  std::uint32_t half_open = 10000;                  // transfers whose client has not answered yet
  std::uint32_t waiting = 16384;                    // requests in the queue
  std::uint32_t waiting_per_client = 256;           // per IPv4 address
  std::uint32_t request_octets = 2048;              // a longer request is refused
  std::uint32_t replies = 1024;                     // ERRORs that nobody polled yet
  std::uint32_t events = 65536;                     // events that nobody polled yet
  std::chrono::milliseconds waiting_time{10000};    // in the queue since the last request
  std::chrono::milliseconds opening_time{10000};    // until the file service has answered
  std::chrono::milliseconds half_open_grace{1000};  // a younger half-open transfer gives way only
                                                    // when the queue is full too
};

// What the operator decides about the TFTP server. The ports are fixed when the server is made; the
// rest may change while it runs and applies to requests from then on.
struct TftpOptions {
  std::uint16_t request_port = tftp::kPort;
  std::vector<std::uint16_t> transfer_ports;  // one is drawn per transfer; empty: single-port mode
  std::vector<TftpInterface> interfaces;      // a request from any other one gets no answer

  // Names and access (facts/server.md 2.3).
  TftpConfiguration::UniqueRoot unique_root = TftpConfiguration::UniqueRoot::Off;
  bool lowercase = false;
  bool require_own_file = false;        // tftp-secure
  bool require_world_readable = false;  // dnsmasq's rule when it runs as root

  bool tells_paths = false;  // in events of finished transfers

  // Negotiation.
  bool acknowledge_block_size = true;  // not tftp-no-blocksize
  std::uint32_t mtu = 0;               // tftp-mtu, octets; lowers the interface's; 0: does not
  std::uint16_t maximum_window = 64;   // blocks
  std::uint8_t maximum_timeout = 255;  // seconds; a longer one is not acknowledged
  RetransmissionLimits retransmission;

  TftpLimits limits;
};

enum class TftpOptionsFault {
  RequestPortZero,
  TransferPortZero,
  TransferPortTwice,
  TransferPortIsRequestPort,
  LimitZero,
  WindowZero,
  ShortestIntervalZero,
  IntervalsOutOfOrder,
  FewerThanFourSends,  // with the longest first interval, within give_up
};
std::string_view to_string(TftpOptionsFault fault);
Result<void, TftpOptionsFault> validate(const TftpOptions& options);

// The tftp-* lines of a configuration, for these interfaces of the machine. Only interfaces on
// which the configuration serves TFTP are taken. transfer_ports stays empty.
TftpOptions tftp_options(const Configuration& configuration,
                         const std::vector<NetworkInterface>& interfaces);

// Up to count different ports of [first, last], in random order: for tftp-port-range, and for
// simulations where no kernel chooses.
std::vector<std::uint16_t> draw_ports(std::uint16_t first, std::uint16_t last, std::size_t count,
                                      Random random);

}  // namespace pxeproof::server
