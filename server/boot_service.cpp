#include "server/boot_service.h"

#include <algorithm>
#include <utility>

namespace pxeproof::server {

BootService::BootService(DhcpServer* dhcp, TftpServer* tftp, FileOpener& files, LeaseKeeper* leases)
    : dhcp_(dhcp), tftp_(tftp), files_(files), leases_(leases) {
  set_parts(dhcp, tftp);
}

void BootService::set_parts(DhcpServer* dhcp, TftpServer* tftp) {
  dhcp_ = dhcp;
  tftp_ = tftp;
  dhcp_ports_.clear();
  if (dhcp_ == nullptr) return;
  const std::vector<std::uint16_t> ports = dhcp_->ports();
  dhcp_ports_.insert(ports.begin(), ports.end());
}

std::vector<std::uint16_t> BootService::ports() const {
  std::vector<std::uint16_t> all(dhcp_ports_.begin(), dhcp_ports_.end());
  if (tftp_ == nullptr) return all;
  const std::vector<std::uint16_t> more = tftp_->ports();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void BootService::open_files(Instant now) {
  FileAnswer answer{};
  for (;;) {
    while (tftp_->poll_file_request(request_)) files_.ask(request_);
    if (!files_.poll_answer(answer)) return;
    tftp_->on_file(now, std::move(answer));
  }
}

void BootService::on_files(Instant now) {
  if (tftp_ == nullptr) return;
  files_.begin_round();
  open_files(now);
}

void BootService::keep_leases(Instant now) {
  bool changed = false;
  while (dhcp_->poll_lease_change(change_)) {
    if (leases_ == nullptr) continue;
    leases_->keep(now, change_);
    changed = true;
  }
  if (changed) leases_->flush(now);
}

void BootService::on_datagram(Instant now, const IncomingDatagram& datagram) {
  if (dhcp_ports_.contains(datagram.destination.port)) {
    if (dhcp_ == nullptr) return;
    dhcp_->on_datagram(now, datagram);
    keep_leases(now);
    return;
  }
  if (tftp_ == nullptr) return;
  files_.begin_round();
  tftp_->on_datagram(now, datagram);
  open_files(now);
}

void BootService::on_timeout(Instant now) {
  if (dhcp_ != nullptr) {
    dhcp_->on_timeout(now);
    keep_leases(now);
  }
  if (tftp_ == nullptr) return;
  files_.begin_round();
  tftp_->on_timeout(now);
  open_files(now);
}

bool BootService::poll_transmit(OutgoingDatagram& out) {
  if (dhcp_ != nullptr && dhcp_->poll_transmit(out)) return true;
  return tftp_ != nullptr && tftp_->poll_transmit(out);
}

std::optional<Instant> BootService::poll_timeout() const {
  std::optional<Instant> earliest;
  if (dhcp_ != nullptr) earliest = dhcp_->poll_timeout();
  const auto other = tftp_ == nullptr ? std::nullopt : tftp_->poll_timeout();
  if (other && (!earliest || *other < *earliest)) earliest = other;
  return earliest;
}

}  // namespace pxeproof::server
