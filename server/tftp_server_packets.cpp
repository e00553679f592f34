// What TftpServer makes of a packet.

#include <algorithm>
#include <array>

#include "protocol/tftp/packet.h"
#include "server/tftp_error.h"
#include "server/tftp_server.h"

namespace pxeproof::server {

namespace {

// Echo, daytime, quotd, chargen: what they are sent comes back as a new packet (case TSEC-06).
constexpr std::array<std::uint16_t, 5> kReflectorPorts{0, 7, 13, 17, 19};

std::uint64_t digest_of(ByteView packet) {
  std::uint64_t digest = 0xcbf29ce484222325U;
  for (const std::uint8_t octet : packet) digest = (digest ^ octet) * 0x100000001b3U;
  return digest;
}

std::string dashed(const MacAddress& mac) {
  std::string text = to_string(mac);
  std::ranges::replace(text, ':', '-');
  return text;
}

bool answerable(const Endpoint& source) {
  return !source.address.is_unspecified() && !source.address.is_broadcast() &&
         !source.address.is_multicast();
}

}  // namespace

// Packets to the request port.

void TftpServer::on_request_port(const IncomingDatagram& datagram) {
  if (const auto reason = judge_addresses(datagram)) return drop(datagram, *reason);
  if (datagram.payload.size() < 2) return drop(datagram, TftpReason::TooShort);
  const auto opcode = tftp::peek_opcode(datagram.payload);
  // Only a request is ever answered here. Two servers that answer each other's errors never stop
  // (facts D2, CVE-2024-2169).
  if (!opcode) return drop(datagram, TftpReason::UnknownOpcode);
  switch (*opcode) {
    case tftp::Opcode::Rrq:
    case tftp::Opcode::Wrq:
      return on_request(datagram);
    case tftp::Opcode::Data:
    case tftp::Opcode::Ack:
    case tftp::Opcode::Oack:
      if (single_port() || has_transfer_on_request_port(datagram.source)) {
        return on_transfer_packet(datagram);
      }
      return drop(datagram, TftpReason::NotARequest);
    case tftp::Opcode::Error:
      // A client whose request was not answered yet knows no other port to withdraw it.
      if (const TransferSlot slot = table_.find(datagram.source);
          slot != kNoSlot && table_.at(slot).session() == nullptr &&
          table_.at(slot).local.address == datagram.destination.address) {
        return on_client_error(datagram, slot);
      }
      if (single_port() || has_transfer_on_request_port(datagram.source)) {
        return on_transfer_packet(datagram);
      }
      return drop(datagram, TftpReason::ErrorToRequestPort);
  }
}

bool TftpServer::has_transfer_on_request_port(const Endpoint& client) const {
  const TransferSlot slot = table_.find(client);
  return slot != kNoSlot && table_.at(slot).local.port == options_.request_port;
}

std::optional<TftpReason> TftpServer::judge_addresses(const IncomingDatagram& datagram) const {
  const TftpInterface* interface = find_interface(datagram.interface_index);
  if (interface == nullptr) return TftpReason::InterfaceNotServed;
  // RFC 1123 s.4.2.3.5.
  const Ipv4Address destination = datagram.destination.address;
  const bool to_subnet_broadcast =
      std::ranges::any_of(interface->interface.addresses, [destination](const Subnet& subnet) {
        return destination == subnet.broadcast() && destination != subnet.address;
      });
  if (destination.is_broadcast() || destination.is_multicast() || to_subnet_broadcast) {
    return TftpReason::BroadcastRequest;
  }
  if (!answerable(datagram.source)) return TftpReason::InvalidSource;
  if (std::ranges::find(kReflectorPorts, datagram.source.port) != kReflectorPorts.end()) {
    return TftpReason::ReflectorPort;
  }
  return std::nullopt;
}

void TftpServer::on_request(const IncomingDatagram& datagram) {
  if (datagram.payload.size() > options_.limits.request_octets) {
    return refuse(datagram, TftpReason::RequestTooLong, {});
  }
  const auto packet = tftp::decode(datagram.payload);
  if (!packet) return refuse(datagram, TftpReason::MalformedRequest, {});
  const auto& request = std::get<tftp::Request>(*packet);
  if (request.opcode == tftp::Opcode::Wrq) {
    return refuse(datagram, TftpReason::WriteRequest, request.filename);
  }
  const auto wishes = read_wishes(request);
  if (!wishes) return refuse(datagram, TftpReason::UnknownMode, request.filename);

  const SoundRequest sound{request.filename, *wishes, digest_of(datagram.payload)};
  if (repeats(datagram, sound)) return drop(datagram, TftpReason::RepeatedRequest);
  ++counters_.requests;
  tell(datagram.source, datagram.destination,
       TftpRequested{printable(request.filename), wishes->mode, datagram.source_mac});
  const auto name = resolve(request.filename, datagram.source.address, datagram.source_mac,
                            datagram.interface_index);
  if (!name) return refuse(datagram, reason_for(name.error()), request.filename);
  admit(datagram, sound);
}

void TftpServer::refuse(const IncomingDatagram& datagram, TftpReason reason,
                        std::string_view name) {
  Endpoint source = datagram.destination;
  if (!single_port()) {
    source.port = options_.transfer_ports[random_.below(options_.transfer_ports.size())];
  }
  reply_error(source, datagram.source, reason, name);
  recent_.note(datagram.source, source.port);
  ++counters_.refused[static_cast<std::size_t>(reason)];
  tell(datagram.source, datagram.destination,
       TftpRefused{.name = printable(name), .reason = reason, .code = error_code(reason)});
}

// A client endpoint has one transfer (case TLOSS-06). The same request again means that the first
// answer was lost, or is a late copy; but when the client has not answered for a while it has
// started anew, and so it has when it asks for something else. Then the old transfer must be
// silent: its packets would reach the new one's port.
bool TftpServer::repeats(const IncomingDatagram& datagram, const SoundRequest& request) {
  const TransferSlot slot = table_.find(datagram.source);
  if (slot == kNoSlot) return false;
  Transfer& transfer = table_.at(slot);
  const bool same = transfer.request_digest == request.digest &&
                    transfer.filename == request.filename &&
                    transfer.local.address == datagram.destination.address;
  if (same && transfer.opening()) return true;
  if (auto* waiting = std::get_if<Transfer::Waiting>(&transfer.state); same && waiting != nullptr) {
    waiting->expires = now_ + options_.limits.waiting_time;
    return true;
  }
  if (TftpSession* session = transfer.session(); same && session != nullptr) {
    if (!session->answered()) {
      session->on_repeated_request(now_);
      follow(slot);
      return true;
    }
    if (session->flowing(now_)) return true;
  }
  fail_transfer(slot, TftpReason::Superseded, Answer::Silence);
  return false;
}

void TftpServer::admit(const IncomingDatagram& datagram, const SoundRequest& request) {
  const Ipv4Address client = datagram.source.address;
  const TftpAdmission::Verdict verdict = admission_.judge(now_, client);
  if (verdict.kind == TftpAdmission::Verdict::Kind::Refuse) {
    return refuse(datagram, verdict.reason, request.filename);
  }
  if (verdict.evict != kNoSlot) {
    fail_transfer(verdict.evict, TftpReason::HalfOpenEvicted, Answer::Silence);
  }
  if (verdict.kind == TftpAdmission::Verdict::Kind::Wait) promote_waiting();

  const Instant expires = now_ + options_.limits.waiting_time;
  const TransferSlot slot = table_.add({.client = datagram.source,
                                        .local = {datagram.destination.address, 0},
                                        .interface_index = datagram.interface_index,
                                        .request_digest = request.digest,
                                        .requested = now_,
                                        .filename = std::string(request.filename),
                                        .mac = datagram.source_mac,
                                        .wishes = request.wishes,
                                        .state = Transfer::Waiting{expires}});
  if (verdict.kind == TftpAdmission::Verdict::Kind::Start) return start(slot);
  admission_.wait(client, slot);
  table_.wake_at(slot, expires);
  ++counters_.queued;
  tell(datagram.source, datagram.destination, TftpQueued{printable(request.filename)});
}

Result<ResolvedName, FileFault> TftpServer::resolve(std::string_view filename, Ipv4Address client,
                                                    const std::optional<MacAddress>& mac,
                                                    std::uint32_t interface_index) const {
  FileNameRules rules{.lowercase = options_.lowercase};
  if (const TftpInterface* interface = find_interface(interface_index)) {
    rules.root = interface->root;
  } else {
    return fail(FileFault::AccessDenied);
  }
  switch (options_.unique_root) {
    case TftpConfiguration::UniqueRoot::Off:
      break;
    case TftpConfiguration::UniqueRoot::ByAddress:
      rules.unique_directory = to_string(client);
      break;
    case TftpConfiguration::UniqueRoot::ByMac:
      if (mac) rules.unique_directory = dashed(*mac);
      break;
  }
  return resolve_name(filename, rules);
}

// Packets to a transfer.

void TftpServer::on_transfer_packet(const IncomingDatagram& datagram) {
  if (datagram.payload.size() < 2) return drop(datagram, TftpReason::TooShort);
  const auto opcode = tftp::peek_opcode(datagram.payload);
  if (!opcode) return drop(datagram, TftpReason::UnknownOpcode);
  const TransferSlot slot = table_.find(datagram.source);
  if (slot == kNoSlot || table_.at(slot).local != datagram.destination ||
      table_.at(slot).session() == nullptr) {
    return on_stray(datagram, *opcode);
  }
  switch (*opcode) {
    case tftp::Opcode::Ack:
      return on_ack(datagram, slot);
    case tftp::Opcode::Error:
      return on_client_error(datagram, slot);
    case tftp::Opcode::Rrq:
    case tftp::Opcode::Wrq:
    case tftp::Opcode::Data:
    case tftp::Opcode::Oack:
      return drop(datagram, TftpReason::UnexpectedPacket);
  }
}

// RFC 1350 s.4: a packet from a wrong TID is answered with ERROR 5 and disturbs nobody. Only what
// can belong to a transfer is answered, and never an ERROR; a client whose own transfer just ended
// or began is left alone, as it may take the ERROR for the answer to its next request.
void TftpServer::on_stray(const IncomingDatagram& datagram, tftp::Opcode opcode) {
  switch (opcode) {
    case tftp::Opcode::Error:
      return drop(datagram, TftpReason::ErrorFromStranger);
    case tftp::Opcode::Rrq:
    case tftp::Opcode::Wrq:
    case tftp::Opcode::Oack:
      return drop(datagram, TftpReason::UnexpectedPacket);
    case tftp::Opcode::Data:
    case tftp::Opcode::Ack:
      break;
  }
  if (datagram.payload.size() < tftp::kDataHeaderSize) {
    return drop(datagram, TftpReason::TooShort);
  }
  if (!answerable(datagram.source) || datagram.destination.address.is_broadcast() ||
      datagram.destination.address.is_multicast()) {
    return drop(datagram, TftpReason::InvalidSource);
  }
  if (recent_.port_of(datagram.source) == datagram.destination.port ||
      table_.find(datagram.source) != kNoSlot) {
    return drop(datagram, TftpReason::LatePacket);
  }
  drop(datagram, TftpReason::UnknownTransferId);
  reply_error(datagram.destination, datagram.source, TftpReason::UnknownTransferId, {});
}

void TftpServer::on_ack(const IncomingDatagram& datagram, TransferSlot slot) {
  ByteReader reader(datagram.payload.subspan(2));
  const auto block = reader.u16();
  if (!block) return drop(datagram, TftpReason::TooShort);
  TftpSession& session = *table_.at(slot).session();
  const bool answered_before = session.answered();
  const auto reason = session.on_ack(now_, *block);
  if (reason) drop(datagram, *reason);
  if (!answered_before && session.answered()) {
    admission_.answered(datagram.source.address, slot);
  }
  follow(slot);
}

void TftpServer::on_client_error(const IncomingDatagram& datagram, TransferSlot slot) {
  const auto packet = tftp::decode(datagram.payload);
  if (!packet) return drop(datagram, TftpReason::TooShort);
  const auto& error = std::get<tftp::Error>(*packet);
  Transfer& transfer = table_.at(slot);
  const TftpSession* session = transfer.session();
  const TftpReason reason =
      transfer.wishes.transfer_size && session != nullptr && !session->answered()
          ? TftpReason::ProbeAborted
          : TftpReason::ClientError;
  tell_failure(slot, reason, &error);
  release(slot);
}

}  // namespace pxeproof::server
