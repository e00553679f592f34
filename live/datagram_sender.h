#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_set>

#include "live/udp_socket.h"
#include "protocol/datagram_service.h"

namespace pxeproof::live {

// Sends datagrams through one socket, many with one system call. A run of equally long ones to the
// same receiver (a TFTP window) is handed over as one piece that the kernel or the card cuts up
// (UDP_SEGMENT, udp(7)), which costs a third; where the kernel has no such thing, one by one.
class DatagramSender {
 public:
  // Called with a datagram that the kernel refused, and errno.
  using Refused = std::function<void(const OutgoingDatagram& datagram, int code)>;

  DatagramSender();
  DatagramSender(DatagramSender&&) noexcept;
  DatagramSender& operator=(DatagramSender&&) noexcept;
  ~DatagramSender();

  // In order. Returns how many the kernel took.
  std::size_t send(UdpSocket& socket, std::span<const OutgoingDatagram* const> datagrams,
                   const Refused& refused);

 private:
  struct Room;

  std::size_t run_length(std::span<const OutgoingDatagram* const> datagrams) const;
  std::size_t collect(std::span<const OutgoingDatagram* const> datagrams);

  std::unique_ptr<Room> room_;
};

}  // namespace pxeproof::live
