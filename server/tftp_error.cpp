#include "server/tftp_error.h"

#include <fmt/format.h>

namespace pxeproof::server {

namespace {

constexpr std::size_t kLongestName = 200;

std::string shown(std::string_view name) {
  const std::string escaped = printable(name);
  if (escaped.size() <= kLongestName) return escaped;
  return escaped.substr(0, kLongestName) + "...";
}

}  // namespace

tftp::ErrorCode error_code(TftpReason reason) {
  using tftp::ErrorCode;
  switch (reason) {
    case TftpReason::FileNotFound:
    case TftpReason::NameTooLong:
      return ErrorCode::FileNotFound;
    case TftpReason::AccessDenied:
    case TftpReason::OutsideRoot:
    case TftpReason::UntrustedLink:
    case TftpReason::NotAFile:
      return ErrorCode::AccessViolation;
    case TftpReason::TooManyOpenFiles:
    case TftpReason::ServerFull:
    case TftpReason::ClientFull:
    case TftpReason::WaitedTooLong:
      return ErrorCode::DiskFull;
    case TftpReason::RequestTooLong:
    case TftpReason::MalformedRequest:
    case TftpReason::WriteRequest:
    case TftpReason::UnknownMode:
      return ErrorCode::IllegalOperation;
    case TftpReason::UnknownTransferId:
      return ErrorCode::UnknownTransferId;
    case TftpReason::FileChanged:
    case TftpReason::ReadFailed:
    case TftpReason::OpenTimedOut:
    case TftpReason::NoAnswer:
    case TftpReason::LastBlockUnacknowledged:
    case TftpReason::InterfaceNotServed:
    case TftpReason::BroadcastRequest:
    case TftpReason::InvalidSource:
    case TftpReason::ReflectorPort:
    case TftpReason::TooShort:
    case TftpReason::UnknownOpcode:
    case TftpReason::NotARequest:
    case TftpReason::ErrorToRequestPort:
    case TftpReason::RepeatedRequest:
    case TftpReason::HalfOpenEvicted:
    case TftpReason::ErrorFromStranger:
    case TftpReason::LatePacket:
    case TftpReason::UnexpectedPacket:
    case TftpReason::DuplicateAck:
    case TftpReason::StaleAck:
    case TftpReason::FutureAck:
    case TftpReason::ClientError:
    case TftpReason::ProbeAborted:
    case TftpReason::Superseded:
      break;
  }
  return ErrorCode::NotDefined;
}

std::string error_text(TftpReason reason, std::string_view requested_name, Ipv4Address client) {
  switch (reason) {
    case TftpReason::FileNotFound:
      return fmt::format("file {} not found for {}", shown(requested_name), to_string(client));
    case TftpReason::NameTooLong:
      return fmt::format("cannot read {}: File name too long", shown(requested_name));
    case TftpReason::AccessDenied:
    case TftpReason::OutsideRoot:
    case TftpReason::UntrustedLink:
      return fmt::format("cannot access {}: Permission denied", shown(requested_name));
    case TftpReason::NotAFile:
      return fmt::format("cannot access {}: Not a file", shown(requested_name));
    case TftpReason::FileChanged:
    case TftpReason::ReadFailed:
    case TftpReason::OpenTimedOut:
      return fmt::format("cannot read {}: {}", shown(requested_name), to_string(reason));
    case TftpReason::TooManyOpenFiles:
    case TftpReason::ServerFull:
    case TftpReason::ClientFull:
    case TftpReason::WaitedTooLong:
      return fmt::format("server busy: {}", to_string(reason));
    case TftpReason::RequestTooLong:
    case TftpReason::MalformedRequest:
    case TftpReason::WriteRequest:
    case TftpReason::UnknownMode:
      return fmt::format("unsupported request from {}", to_string(client));
    case TftpReason::UnknownTransferId:
      return fmt::format("ignoring packet from {} (TID mismatch)", to_string(client));
    case TftpReason::NoAnswer:
    case TftpReason::LastBlockUnacknowledged:
      return "timeout: no acknowledgement came";
    case TftpReason::InterfaceNotServed:
    case TftpReason::BroadcastRequest:
    case TftpReason::InvalidSource:
    case TftpReason::ReflectorPort:
    case TftpReason::TooShort:
    case TftpReason::UnknownOpcode:
    case TftpReason::NotARequest:
    case TftpReason::ErrorToRequestPort:
    case TftpReason::RepeatedRequest:
    case TftpReason::HalfOpenEvicted:
    case TftpReason::ErrorFromStranger:
    case TftpReason::LatePacket:
    case TftpReason::UnexpectedPacket:
    case TftpReason::DuplicateAck:
    case TftpReason::StaleAck:
    case TftpReason::FutureAck:
    case TftpReason::ClientError:
    case TftpReason::ProbeAborted:
    case TftpReason::Superseded:
      break;
  }
  return std::string(to_string(reason));
}

}  // namespace pxeproof::server
