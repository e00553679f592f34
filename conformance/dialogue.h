#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/result.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"

namespace pxeproof::conformance {

// What a recorded server answered to a DHCP message.
struct RecordedAnswer {
  std::uint32_t packet = 0;  // in the capture, from 1
  Duration after{};          // since the question
  Endpoint source{};
  Endpoint destination{};
  bool link_broadcast = false;
  Bytes payload{};
};

// A DHCP message of the recorded client.
struct RecordedQuestion {
  Bytes payload{};
  Endpoint source{};
  Endpoint destination{};
  enum class To { Everybody, TheServer, AnotherServer, Group } to = To::Everybody;
};

// A file that the recorded client asked for, and what came of it.
struct RecordedRead {
  tftp::Request request{};
  std::uint16_t port = 0;  // the client's
  enum class Ending {
    Whole,       // to the short block
    Aborted,     // the client sent ERROR
    Refused,     // the server sent ERROR
    Unanswered,  // nothing came
    Unfinished,  // the capture or the transfer ends in the middle
  } ending = Ending::Unanswered;
  std::optional<tftp::Oack> oack{};
  std::optional<tftp::Error> refusal{};
  std::optional<tftp::Error> abort{};
  std::uint64_t octets = 0;  // of the file, as far as it was read
  Duration first_answer_after{};
};

// One thing the client said, with what the server under test answered.
struct Turn {
  std::uint32_t packet = 0;  // the client's, in the capture
  Instant at{};
  std::variant<RecordedQuestion, RecordedRead> said{};
  std::vector<RecordedAnswer> answers{};  // to a question
};

// A recorded boot as a conversation of one client with one server; what other servers said is left
// out.
struct Dialogue {
  MacAddress client{};
  Ipv4Address client_address{};  // its last one; 0: it never had any
  Ipv4Address server{};
  bool server_leases = false;  // its offers hold addresses
  std::vector<Turn> turns{};

  // The files that the server had, with their sizes as far as the capture tells them.
  struct File {
    std::string name;
    std::uint64_t size = 0;
  };
  std::vector<File> files() const;

  // What an edited case keeps beside the answers, so that an edited answer is one that the server
  // does not give: its configuration, with {root} for the tree, and its files. Nothing: told from
  // the answers.
  std::string configuration{};
  std::optional<std::vector<File>> kept_files{};

  // The same without the DHCP messages.
  Dialogue reads_only() const;

  // Whether the recorded answers bear dnsmasq's handwriting: its options in its order.
  bool looks_like_dnsmasq() const;
};

// Why a capture gives no dialogue.
struct DialogueError {
  enum class Kind { Unreadable, NoBoot } kind = Kind::Unreadable;
  std::string message;  // "boot.pcap: what is wrong, and what to do"
};

struct DialogueOptions {
  std::optional<Ipv4Address> server{};   // nullopt: the one that named or served the boot files
  std::size_t packet_limit = 1'000'000;  // of boots; later ones are left out
};

// The dialogues of a capture, one for each client, in the order in which they began.
Result<std::vector<Dialogue>, DialogueError> read_dialogues(const std::string& path,
                                                            const DialogueOptions& options);

}  // namespace pxeproof::conformance
