#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "protocol/addresses.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"
#include "server/tftp_reason.h"
#include "server/tftp_session.h"

namespace pxeproof::server {

// A sound read request came in.
struct TftpRequested {
  std::string name;
  TransferMode mode = TransferMode::Octet;
  std::optional<MacAddress> mac{};  // the client's, where the runner knows it
};
// It waits until another transfer ends.
struct TftpQueued {
  std::string name;
};
// The file is open; the first answer goes out.
struct TftpStarted {
  std::string name;
  std::uint64_t size = 0;  // octets of the file
  std::uint16_t block_size = 0;
  std::uint16_t window_size = 0;
  bool negotiated = false;  // answered with an OACK
};
struct TftpFinished {
  std::string name;
  std::uint64_t size = 0;  // of the file
  // On the server, where TftpOptions::tells_paths asks for it; and where the file is when the
  // client has no directory of its own.
  std::string path{};
  std::string shared_path{};
  std::uint64_t octets = 0;  // as sent; in netascii more than the file has
  Duration duration{};       // since the request
  std::uint64_t resent = 0;  // datagrams
};
// A transfer that began did not complete.
struct TftpFailed {
  std::string name;
  TftpReason reason = TftpReason::NoAnswer;
  std::uint64_t octets = 0;  // acknowledged
  Duration duration{};
  std::uint64_t resent = 0;
  std::string client_text{};                   // of the client's ERROR
  std::optional<std::uint16_t> client_code{};  // of the client's ERROR
};
// A request was answered with an ERROR.
struct TftpRefused {
  std::string name;
  TftpReason reason = TftpReason::FileNotFound;
  tftp::ErrorCode code = tftp::ErrorCode::NotDefined;
};
// A packet changed nothing. Only an UnknownTransferId is answered.
struct TftpDropped {
  TftpReason reason = TftpReason::DuplicateAck;
};

// What the TFTP server did, for log lines and stories. All texts are printable: octets of the
// network that are not are escaped.
struct TftpEvent {
  using Requested = TftpRequested;
  using Queued = TftpQueued;
  using Started = TftpStarted;
  using Finished = TftpFinished;
  using Failed = TftpFailed;
  using Refused = TftpRefused;
  using Dropped = TftpDropped;

  Instant at;
  Endpoint client;
  Endpoint local;  // where the packet arrived, or the transfer's own port
  std::variant<Requested, Queued, Started, Finished, Failed, Refused, Dropped> what;
};

// One line for -v, without the time.
std::string to_string(const TftpEvent& event);

// Totals since the server was made.
struct TftpCounters {
  std::uint64_t requests = 0;
  std::uint64_t queued = 0;
  std::uint64_t started = 0;
  std::uint64_t finished = 0;
  std::uint64_t octets = 0;       // of finished transfers
  std::uint64_t resent = 0;       // datagrams, of ended transfers
  std::uint64_t lost_events = 0;  // nobody polled them in time
  std::array<std::uint64_t, kTftpReasonCount> dropped{};
  std::array<std::uint64_t, kTftpReasonCount> refused{};
  std::array<std::uint64_t, kTftpReasonCount> failed{};
};

}  // namespace pxeproof::server
