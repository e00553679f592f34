#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/ruling.h"
#include "protocol/bytes.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"

namespace pxeproof::conformance {

struct Flow;

// A transfer from request to last ACK, by a client that is always right. What is lost is written in
// the case, never drawn.
struct Read {
  std::string file{};
  std::string mode = "octet";
  std::vector<tftp::Option> options{};
  std::size_t host = 0;
  std::uint16_t port = 0;        // 0: a fresh one
  std::shared_ptr<Flow> flow{};  // of the script, to go on with afterwards; empty: one of its own
  // The first copies of these that we act as if they were lost. Blocks count from 1, without wrap.
  std::set<std::uint64_t> lose_data{};
  std::set<std::uint64_t> lose_acks{};
  bool lose_oack = false;
  // What the octets are compared with; empty: the fixture of that name.
  std::optional<Bytes> content{};
  // Blocks whose octets are looked at: all, or the first and last MiB only (for holes).
  enum class Look { All, Ends } look = Look::All;
  // The longest silence before the transfer counts as dead.
  Duration patience = std::chrono::seconds(40);
  // Wait this long before each ACK.
  Duration think_time{0};
  // Ask again after this long without any answer, as clients do; 0: never.
  Duration ask_again{0};
  // After that many blocks the client vanishes; 0: never.
  std::uint64_t stop_after = 0;
};

// What became of it.
struct ReadResult {
  enum class Ending {
    Complete,  // every octet equal, short block acknowledged
    Refused,   // ERROR
    Silent,    // nothing for longer than the patience
    Wrong,     // octets, sizes or order that cannot be: fault says what
    Stopped,   // as asked by stop_after
  };
  Ending ending = Ending::Silent;
  std::optional<tftp::Oack> oack{};
  std::optional<tftp::Error> error{};
  std::string fault{};
  std::uint64_t octets = 0;
  std::uint64_t last_block = 0;  // without wrap
  std::uint16_t last_wire_block = 0;
  std::size_t last_size = 0;
  std::uint64_t resent = 0;  // DATA or OACK that came again
  std::uint16_t server_port = 0;
  Duration until_first{};  // from the request to its first answer
  Duration took{};

  // The same in every run: "the whole file", "ERROR 1", "nothing".
  std::string words() const;
};

using JudgeRead = std::function<Ruling(const ReadResult&)>;

}  // namespace pxeproof::conformance
