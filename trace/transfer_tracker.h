#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"
#include "trace/sha256.h"

namespace pxeproof::trace {

// One TFTP read, from its request to its end.
struct TransferStep {
  enum class Outcome {
    Complete,    // the last block was acknowledged
    Aborted,     // the client sent ERROR; after an OACK that is the usual size probe
    Refused,     // the server sent ERROR
    Unanswered,  // no answer at all
    Unfinished,  // it went silent in the middle
  };
  Outcome outcome = Outcome::Unanswered;
  Endpoint client;
  Endpoint server;  // the port is the server's transfer identifier once it answered
  std::string filename;
  std::string mode;
  std::vector<tftp::Option> requested;
  std::vector<tftp::Option> acknowledged;
  std::uint16_t block_size = tftp::kDefaultBlockSize;
  std::uint64_t octets = 0;  // of file content, in order
  std::uint64_t blocks = 0;  // DATA packets of new content
  std::uint64_t resent = 0;  // packets seen again: requests, OACKs, DATA
  std::optional<std::uint16_t> error_code;
  std::string error_text;
  std::string sha256;  // of the content; empty when octets are missing from the capture
  Instant begun;
  Instant ended;
};

// Follows TFTP reads from port 69 to their transfer identifiers.
class TransferTracker {
 public:
  // A UDP datagram between a client and a server; others are ignored.
  void on_datagram(std::uint32_t number, Instant at, const Endpoint& source,
                   const Endpoint& destination, ByteView payload);

  // Ends all that is open.
  void finish();

  struct Ended {
    TransferStep transfer;
    std::uint32_t first_packet = 0;
    std::uint32_t last_packet = 0;
  };
  std::optional<Ended> poll_ended();

 private:
  struct Open {
    TransferStep transfer;
    std::uint32_t first_packet = 0;
    std::uint32_t last_packet = 0;
    bool answered = false;
    std::optional<std::uint64_t> last_block;  // the number of the short block, once seen
    bool content_whole = true;
    Sha256 hash;
  };
  using Key = std::pair<Endpoint, Ipv4Address>;  // the client's endpoint and the server's address

  void on_request(std::uint32_t number, Instant at, const Endpoint& client, const Endpoint& server,
                  const tftp::Request& request);
  void on_server_packet(Open& open, Instant at, const tftp::Packet& packet);
  void on_data(Open& open, const tftp::Data& data);
  void end(std::map<Key, Open>::iterator which, TransferStep::Outcome outcome);

  std::map<Key, Open> open_;
  std::deque<Ended> ended_;
};

}  // namespace pxeproof::trace
