#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/file_service.h"

namespace pxeproof::server {

// Why the TFTP server dropped a packet, refused a request or ended a transfer.
enum class TftpReason : std::uint8_t {
  // A packet to the request port.
  InterfaceNotServed,
  BroadcastRequest,
  InvalidSource,
  ReflectorPort,
  TooShort,
  UnknownOpcode,
  NotARequest,
  ErrorToRequestPort,
  RequestTooLong,
  MalformedRequest,
  WriteRequest,
  UnknownMode,
  RepeatedRequest,
  // The file.
  FileNotFound,
  AccessDenied,
  OutsideRoot,
  UntrustedLink,
  NotAFile,
  NameTooLong,
  FileChanged,
  ReadFailed,
  TooManyOpenFiles,
  OpenTimedOut,
  // Limits.
  ServerFull,
  ClientFull,
  WaitedTooLong,
  HalfOpenEvicted,
  // A packet to a transfer.
  UnknownTransferId,
  ErrorFromStranger,
  LatePacket,
  UnexpectedPacket,
  DuplicateAck,
  StaleAck,
  FutureAck,
  // The end of a transfer that did not complete.
  ClientError,
  ProbeAborted,
  Superseded,
  NoAnswer,
  LastBlockUnacknowledged,
};
inline constexpr std::size_t kTftpReasonCount =
    static_cast<std::size_t>(TftpReason::LastBlockUnacknowledged) + 1;

// A sentence for people.
std::string_view to_string(TftpReason reason);

// A stable lower-case name with hyphens, for metrics and tests.
std::string_view slug(TftpReason reason);

TftpReason reason_for(FileFault fault);

}  // namespace pxeproof::server
