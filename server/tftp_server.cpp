#include "server/tftp_server.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/tftp/packet.h"
#include "server/tftp_error.h"
#include "server/tftp_negotiation.h"

namespace pxeproof::server {

namespace {

// A client that still sends to such a transfer must learn that it is gone.
bool client_may_not_know(TftpReason reason) {
  return reason == TftpReason::NoAnswer || reason == TftpReason::LastBlockUnacknowledged ||
         reason == TftpReason::HalfOpenEvicted;
}

}  // namespace

std::string_view to_string(TftpTransferStatus::Phase phase) {
  switch (phase) {
    case TftpTransferStatus::Phase::Waiting:
      return "waiting";
    case TftpTransferStatus::Phase::Opening:
      return "opening";
    case TftpTransferStatus::Phase::HalfOpen:
      return "half-open";
    case TftpTransferStatus::Phase::Sending:
      return "sending";
  }
  return {};
}

TftpServer::TftpServer(TftpOptions options, Random random)
    : options_(std::move(options)),
      random_(random),
      hash_{random_.fork(1).next()},
      admission_(options_.limits, random_.fork(2)),
      table_(hash_),
      recent_(hash_) {
  assert(validate(options_));
}

std::vector<std::uint16_t> TftpServer::ports() const {
  std::vector<std::uint16_t> all{options_.request_port};
  all.insert(all.end(), options_.transfer_ports.begin(), options_.transfer_ports.end());
  return all;
}

void TftpServer::set_options(TftpOptions options) {
  assert(validate(options));
  assert(options.request_port == options_.request_port);
  options_ = std::move(options);
  admission_.set_limits(options_.limits);
}

std::set<std::uint16_t> TftpServer::ports_in_use() const {
  std::set<std::uint16_t> ports;
  table_.for_each([&ports](const Transfer& transfer) {
    if (!transfer.waiting()) ports.insert(transfer.local.port);
  });
  return ports;
}

std::vector<TftpTransferStatus> TftpServer::list_transfers(Instant now, std::size_t limit) const {
  std::vector<TftpTransferStatus> list;
  table_.for_each([&](const Transfer& transfer) {
    if (list.size() >= limit) return;
    using Phase = TftpTransferStatus::Phase;
    TftpTransferStatus status{.client = transfer.client,
                              .local = transfer.local,
                              .name = printable(transfer.filename),
                              .phase = transfer.waiting() ? Phase::Waiting : Phase::Opening,
                              .age = now - transfer.requested};
    if (const TftpSession* session = transfer.session()) {
      status.phase = session->answered() ? Phase::Sending : Phase::HalfOpen;
      status.size = session->content()->size();
      status.acknowledged_octets = session->acknowledged_octets();
      status.resent = session->resent();
    }
    list.push_back(std::move(status));
  });
  return list;
}

void TftpServer::on_datagram(Instant now, const IncomingDatagram& datagram) {
  begin(now);
  if (datagram.destination.port == options_.request_port) {
    on_request_port(datagram);
  } else {
    on_transfer_packet(datagram);
  }
  promote_waiting();
}

void TftpServer::on_timeout(Instant now) {
  begin(now);
  while (const auto slot = table_.pop_due(now)) on_deadline(*slot);
  promote_waiting();
}

std::optional<Instant> TftpServer::poll_timeout() const {
  if (admission_.next_promotion(now_)) return now_;  // a transfer ended while it was polled
  const auto transfers = table_.earliest_deadline();
  const auto admission = admission_.poll_timeout();
  if (transfers && admission) return std::min(*transfers, *admission);
  return transfers ? transfers : admission;
}

bool TftpServer::poll_transmit(OutgoingDatagram& out) {
  out.interface_index = 0;
  out.addressing = LinkAddressing::Resolve;
  for (;;) {
    if (!replies_.empty()) {
      Reply& reply = replies_.front();
      out.source = reply.source;
      out.destination = reply.destination;
      out.head.assign(reply.packet.begin(), reply.packet.end());
      out.body = {};
      replies_.pop_front();
      return true;
    }
    const TransferSlot slot = table_.first_ready();
    if (slot == kNoSlot) return false;
    // A whole window goes out in one piece, so that the runner can hand it to the kernel as one.
    TftpSession* session = table_.contains(slot) ? table_.at(slot).session() : nullptr;
    if (session != nullptr && session->poll_transmit(out.head, out.body)) {
      out.source = table_.at(slot).local;
      out.destination = table_.at(slot).client;
      return true;
    }
    table_.pop_ready();
    if (session != nullptr && session->ended()) finish(slot);
  }
}

bool TftpServer::poll_file_request(FileRequest& out) {
  while (!to_open_.empty()) {
    const std::uint64_t id = to_open_.front();
    to_open_.pop_front();
    const TransferSlot slot = table_.find_id(id);
    if (slot == kNoSlot) continue;
    const Transfer& transfer = table_.at(slot);
    const auto name =
        resolve(transfer.filename, transfer.client.address, transfer.mac, transfer.interface_index);
    if (!name) {
      fail_transfer(slot, reason_for(name.error()), Answer::Error);
      continue;
    }
    out.id = id;
    out.root = name->root;
    out.unique_directory = name->unique_directory;
    out.path = name->path;
    out.require_world_readable = options_.require_world_readable;
    out.require_own_file = options_.require_own_file;
    return true;
  }
  return false;
}

void TftpServer::on_file(Instant now, FileAnswer answer) {
  begin(now);
  const TransferSlot slot = table_.find_id(answer.id);
  if (slot == kNoSlot || !table_.at(slot).opening()) return;
  if (!answer.content) {
    fail_transfer(slot, reason_for(answer.content.error()), Answer::Error);
    promote_waiting();
    return;
  }
  Transfer& transfer = table_.at(slot);
  const std::shared_ptr<FileContent>& content = *answer.content;
  const TftpInterface* interface = find_interface(transfer.interface_index);
  TransferTerms terms =
      negotiate(transfer.wishes, content->size(),
                interface == nullptr ? NetworkInterface{}.mtu : interface->interface.mtu, options_);
  tell(transfer.client, transfer.local,
       TftpStarted{.name = printable(transfer.filename),
                   .size = content->size(),
                   .block_size = terms.block_size,
                   .window_size = terms.window_size,
                   .negotiated = !terms.oack.empty()});
  ++counters_.started;
  transfer.state.emplace<TftpSession>(content, std::move(terms), now_);
  follow(slot);
}

bool TftpServer::poll_event(TftpEvent& out) {
  if (events_.empty()) return false;
  out = std::move(events_.front());
  events_.pop_front();
  return true;
}

void TftpServer::begin(Instant now) {
  now_ = now;
  released_.clear();
}

const TftpInterface* TftpServer::find_interface(std::uint32_t index) const {
  const auto found = std::ranges::find(
      options_.interfaces, index, [](const TftpInterface& each) { return each.interface.index; });
  return found == options_.interfaces.end() ? nullptr : &*found;
}

// The life of a transfer.

void TftpServer::start(TransferSlot slot) {
  Transfer& transfer = table_.at(slot);
  admission_.start(now_, transfer.client.address, slot);
  transfer.local.port = single_port()
                            ? options_.request_port
                            : admission_.draw_port(transfer.client.address, options_.transfer_ports,
                                                   recent_.port_of(transfer.client));
  admission_.take_port(transfer.client.address, transfer.local.port);
  const Instant expires = now_ + options_.limits.opening_time;
  transfer.state = Transfer::Opening{expires};
  table_.wake_at(slot, expires);
  to_open_.push_back(table_.id_of(slot));
}

void TftpServer::promote_waiting() {
  while (const auto promotion = admission_.next_promotion(now_)) {
    if (promotion->evict != kNoSlot) {
      fail_transfer(promotion->evict, TftpReason::HalfOpenEvicted, Answer::Silence);
    }
    admission_.remove_waiting(table_.at(promotion->start).client.address, promotion->start);
    start(promotion->start);
  }
}

void TftpServer::on_deadline(TransferSlot slot) {
  Transfer& transfer = table_.at(slot);
  if (const auto* waiting = std::get_if<Transfer::Waiting>(&transfer.state)) {
    if (now_ < waiting->expires) return table_.wake_at(slot, waiting->expires);
    return fail_transfer(slot, TftpReason::WaitedTooLong, Answer::Error);
  }
  if (const auto* opening = std::get_if<Transfer::Opening>(&transfer.state)) {
    if (now_ < opening->expires) return table_.wake_at(slot, opening->expires);
    return fail_transfer(slot, TftpReason::OpenTimedOut, Answer::Error);
  }
  transfer.session()->on_timeout(now_);
  follow(slot);
}

// What every call into a session is followed by.
void TftpServer::follow(TransferSlot slot) {
  TftpSession& session = *table_.at(slot).session();
  if (session.ended()) return finish(slot);
  table_.wake_at(slot, *session.poll_timeout());
  if (session.wants_to_transmit()) table_.make_ready(slot);
}

void TftpServer::finish(TransferSlot slot) {
  Transfer& transfer = table_.at(slot);
  const TftpSession& session = *transfer.session();
  if (const auto failure = session.failure()) return fail_transfer(slot, *failure, Answer::Error);
  ++counters_.finished;
  counters_.octets += session.acknowledged_octets();
  counters_.resent += session.resent();
  TftpFinished finished{.name = printable(transfer.filename),
                        .octets = session.acknowledged_octets(),
                        .duration = now_ - transfer.requested,
                        .resent = session.resent()};
  if (options_.tells_paths) tell_paths(transfer, finished);
  tell(transfer.client, transfer.local, std::move(finished));
  release(slot);
}

void TftpServer::tell_paths(const Transfer& transfer, TftpFinished& finished) const {
  finished.size = transfer.session()->content()->size();
  const auto name =
      resolve(transfer.filename, transfer.client.address, transfer.mac, transfer.interface_index);
  if (!name) return;
  finished.path = name->root + "/" + name->path;
  if (name->unique_directory.empty()) return;
  finished.shared_path =
      std::exchange(finished.path, name->root + "/" + name->unique_directory + "/" + name->path);
}

void TftpServer::fail_transfer(TransferSlot slot, TftpReason reason, Answer answer) {
  Transfer& transfer = table_.at(slot);
  if (answer == Answer::Error) {
    Endpoint source = transfer.local;
    if (source.port == 0) {
      source.port = single_port()
                        ? options_.request_port
                        : options_.transfer_ports[random_.below(options_.transfer_ports.size())];
    }
    reply_error(source, transfer.client, reason, transfer.filename);
  }
  tell_failure(slot, reason, nullptr);
  const Endpoint client = transfer.client;
  release(slot);
  if (client_may_not_know(reason)) recent_.forget(client);
}

void TftpServer::tell_failure(TransferSlot slot, TftpReason reason,
                              const tftp::Error* from_client) {
  Transfer& transfer = table_.at(slot);
  const TftpSession* session = transfer.session();
  if (session == nullptr && from_client == nullptr && reason != TftpReason::Superseded &&
      reason != TftpReason::HalfOpenEvicted) {
    ++counters_.refused[static_cast<std::size_t>(reason)];
    return tell(
        transfer.client, transfer.local,
        TftpRefused{
            .name = printable(transfer.filename), .reason = reason, .code = error_code(reason)});
  }
  ++counters_.failed[static_cast<std::size_t>(reason)];
  TftpFailed failed{.name = printable(transfer.filename),
                    .reason = reason,
                    .duration = now_ - transfer.requested};
  if (session != nullptr) {
    failed.octets = session->acknowledged_octets();
    failed.resent = session->resent();
    counters_.resent += session->resent();
  }
  if (from_client != nullptr) {
    failed.client_text = printable(from_client->text);
    failed.client_code = from_client->code;
  }
  tell(transfer.client, transfer.local, std::move(failed));
}

void TftpServer::release(TransferSlot slot) {
  Transfer& transfer = table_.at(slot);
  const Ipv4Address address = transfer.client.address;
  if (transfer.waiting()) {
    admission_.remove_waiting(address, slot);
  } else {
    admission_.remove_transfer(
        address, slot,
        transfer.half_open() ? TftpAdmission::Was::HalfOpen : TftpAdmission::Was::Answered);
    admission_.give_port_back(address, transfer.local.port);
    recent_.note(transfer.client, transfer.local.port);
  }
  if (TftpSession* session = transfer.session()) released_.push_back(session->content());
  table_.release(slot);
}

void TftpServer::drop(const IncomingDatagram& datagram, TftpReason reason) {
  ++counters_.dropped[static_cast<std::size_t>(reason)];
  tell(datagram.source, datagram.destination, TftpDropped{reason});
}

void TftpServer::reply_error(const Endpoint& source, const Endpoint& destination, TftpReason reason,
                             std::string_view name) {
  if (replies_.size() >= options_.limits.replies) return;
  Reply& reply = replies_.emplace_back(Reply{source, destination, {}});
  tftp::encode_error(error_code(reason), error_text(reason, name, destination.address),
                     reply.packet);
}

void TftpServer::tell(const Endpoint& client, const Endpoint& local,
                      decltype(TftpEvent::what) what) {
  if (events_.size() >= options_.limits.events) {
    ++counters_.lost_events;
    return;
  }
  events_.push_back({now_, client, local, std::move(what)});
}

}  // namespace pxeproof::server
