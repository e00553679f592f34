#include "server/tftp_reason.h"

#include <array>

namespace pxeproof::server {

namespace {

struct Row {
  TftpReason reason;
  std::string_view slug;
  std::string_view text;
};

using enum TftpReason;
constexpr std::array<Row, kTftpReasonCount> kRows{{
    {InterfaceNotServed, "interface-not-served", "TFTP is not served on this interface"},
    {BroadcastRequest, "broadcast-request", "a request to a broadcast address gets no answer"},
    {InvalidSource, "invalid-source", "the source is no address that can be answered"},
    {ReflectorPort, "reflector-port", "the source port belongs to a service that answers anything"},
    {TooShort, "too-short", "too short for a TFTP packet"},
    {UnknownOpcode, "unknown-opcode", "unknown opcode"},
    {NotARequest, "not-a-request", "only requests are answered on the request port"},
    {ErrorToRequestPort, "error-to-request-port", "an ERROR is never answered"},
    {RequestTooLong, "request-too-long", "the request is longer than the limit"},
    {MalformedRequest, "malformed-request", "the request has no complete name and mode"},
    {WriteRequest, "write-request", "files are not taken, only sent"},
    {UnknownMode, "unknown-mode", "the mode is neither octet nor netascii"},
    {RepeatedRequest, "repeated-request", "the request repeats one that is being served"},
    {FileNotFound, "file-not-found", "there is no such file"},
    {AccessDenied, "access-denied", "the file may not be read"},
    {OutsideRoot, "outside-root", "the name leads out of the root"},
    {UntrustedLink, "untrusted-link", "a link that is not trusted leads out of the root"},
    {NotAFile, "not-a-file", "not a regular file"},
    {NameTooLong, "name-too-long", "the name is too long"},
    {FileChanged, "file-changed", "the file changed during the transfer"},
    {ReadFailed, "read-failed", "the file could not be read"},
    {TooManyOpenFiles, "too-many-open-files", "too many files are open"},
    {OpenTimedOut, "open-timed-out", "the file could not be opened in time"},
    {ServerFull, "server-full", "all transfers are in use and the queue is full"},
    {ClientFull, "client-full", "this client has too many transfers and waiting requests"},
    {WaitedTooLong, "waited-too-long", "no transfer became free in time"},
    {HalfOpenEvicted, "half-open-evicted", "never answered, and another client needed the place"},
    {UnknownTransferId, "unknown-transfer-id", "no transfer between these two ports"},
    {ErrorFromStranger, "error-from-stranger", "an ERROR that belongs to no transfer"},
    {LatePacket, "late-packet", "the transfer of this packet has ended"},
    {UnexpectedPacket, "unexpected-packet", "a client that reads sends only ACK and ERROR"},
    {DuplicateAck, "duplicate-ack", "this block was acknowledged before"},
    {StaleAck, "stale-ack", "a later block was acknowledged before"},
    {FutureAck, "future-ack", "this block was never sent"},
    {ClientError, "client-error", "the client sent an ERROR"},
    {ProbeAborted, "probe-aborted", "the client only asked for the size"},
    {Superseded, "superseded", "the client began anew from the same port"},
    {NoAnswer, "no-answer", "the client stopped answering"},
    {LastBlockUnacknowledged, "last-block-unacknowledged",
     "everything was sent, but the last block was never acknowledged"},
}};

constexpr bool rows_stand_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].reason) != i) return false;
  }
  return true;
}
static_assert(rows_stand_in_order());

const Row& row(TftpReason reason) { return kRows[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view to_string(TftpReason reason) { return row(reason).text; }

std::string_view slug(TftpReason reason) { return row(reason).slug; }

TftpReason reason_for(FileFault fault) {
  switch (fault) {
    case FileFault::NotFound:
      return FileNotFound;
    case FileFault::AccessDenied:
      return AccessDenied;
    case FileFault::OutsideRoot:
      return OutsideRoot;
    case FileFault::UntrustedLink:
      return UntrustedLink;
    case FileFault::NotAFile:
      return NotAFile;
    case FileFault::NameTooLong:
      return NameTooLong;
    case FileFault::Changed:
      return FileChanged;
    case FileFault::ReadFailed:
      return ReadFailed;
    case FileFault::TooManyOpen:
      return TooManyOpenFiles;
  }
  return ReadFailed;
}

}  // namespace pxeproof::server
