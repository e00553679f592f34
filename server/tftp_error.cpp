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

// {name} is the file as the client names it, {client} its address, {reason} the reason in words.
struct Wording {
  tftp::ErrorCode code;
  std::string_view text;
};

Wording wording_of(TftpReason reason) {
  using tftp::ErrorCode;
  switch (reason) {
    case TftpReason::FileNotFound:
      return {ErrorCode::FileNotFound, "file {name} not found for {client}"};
    case TftpReason::NameTooLong:
      return {ErrorCode::FileNotFound, "cannot read {name}: File name too long"};
    case TftpReason::AccessDenied:
    case TftpReason::OutsideRoot:
    case TftpReason::UntrustedLink:
      return {ErrorCode::AccessViolation, "cannot access {name}: Permission denied"};
    case TftpReason::NotAFile:
      return {ErrorCode::AccessViolation, "cannot access {name}: Not a file"};
    case TftpReason::FileChanged:
    case TftpReason::ReadFailed:
    case TftpReason::OpenTimedOut:
      return {ErrorCode::NotDefined, "cannot read {name}: {reason}"};
    case TftpReason::TooManyOpenFiles:
    case TftpReason::ServerFull:
    case TftpReason::ClientFull:
    case TftpReason::WaitedTooLong:
      return {ErrorCode::DiskFull, "server busy: {reason}"};
    case TftpReason::RequestTooLong:
    case TftpReason::MalformedRequest:
    case TftpReason::WriteRequest:
    case TftpReason::UnknownMode:
      return {ErrorCode::IllegalOperation, "unsupported request from {client}"};
    case TftpReason::UnknownTransferId:
      return {ErrorCode::UnknownTransferId, "ignoring packet from {client} (TID mismatch)"};
    case TftpReason::NoAnswer:
    case TftpReason::LastBlockUnacknowledged:
      return {ErrorCode::NotDefined, "timeout: no acknowledgement came"};
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
  return {ErrorCode::NotDefined, "{reason}"};
}

}  // namespace

tftp::ErrorCode error_code(TftpReason reason) { return wording_of(reason).code; }

std::string error_text(TftpReason reason, std::string_view requested_name, Ipv4Address client) {
  return fmt::format(fmt::runtime(wording_of(reason).text), fmt::arg("name", shown(requested_name)),
                     fmt::arg("client", to_string(client)), fmt::arg("reason", to_string(reason)));
}

}  // namespace pxeproof::server
