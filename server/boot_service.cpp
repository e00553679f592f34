#include "server/boot_service.h"

#include <algorithm>

namespace pxeproof::server {

BootService::BootService(DhcpServer* dhcp, TftpServer* tftp, FileOpener& files)
    : dhcp_(dhcp), tftp_(tftp), files_(files) {
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
  while (tftp_->poll_file_request(request_)) tftp_->on_file(now, files_.open(request_));
}

void BootService::on_datagram(Instant now, const IncomingDatagram& datagram) {
  if (dhcp_ports_.contains(datagram.destination.port)) {
    dhcp_->on_datagram(now, datagram);
    return;
  }
  if (tftp_ == nullptr) return;
  files_.begin_round();
  tftp_->on_datagram(now, datagram);
  open_files(now);
}

void BootService::on_timeout(Instant now) {
  if (dhcp_ != nullptr) dhcp_->on_timeout(now);
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
