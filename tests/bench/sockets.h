#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "live/file_descriptor.h"
#include "protocol/addresses.h"
#include "protocol/bytes.h"

namespace pxeproof::bench {

// Datagrams per system call: more than this buys nothing measurable.
inline constexpr unsigned kBatch = 64;

sockaddr_in socket_address(Endpoint endpoint);
Endpoint endpoint_of(const sockaddr_in& address);

// A UDP socket with 4 MiB of receive buffer (what 1,000 clients need) that never fragments, bound
// to this address and port. A failure ends the program.
live::FileDescriptor open_udp(Endpoint local);

// Restricts a UDP socket to one interface and lets it broadcast there.
void use_interface(int socket, const std::string& interface);

// A packet socket for whole frames of one interface, without those that this host sends.
struct PacketSocket {
  live::FileDescriptor descriptor;
  MacAddress mac;  // of the interface
};
PacketSocket open_packet_socket(const std::string& interface);

// Puts an upper bound on how long a blocking receive waits.
void set_receive_timeout(int socket, std::uint32_t milliseconds);

// Memory for 64 datagrams received by one system call, allocated once.
class ReceiveBatch {
 public:
  explicit ReceiveBatch(std::size_t octets_each);
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // Waits for one datagram and takes those that are there with it. 0: none came in time.
  unsigned wait(int socket) { return receive(socket, MSG_WAITFORONE); }
  // Takes what is there. 0: nothing.
  unsigned take(int socket) { return receive(socket, MSG_DONTWAIT); }

  ByteView operator[](unsigned index) const {
    return {&octets_[index * octets_each_], messages_[index].msg_len};
  }
  const sockaddr_in& source(unsigned index) const { return sources_[index]; }

 private:
  unsigned receive(int socket, int flags);

  std::size_t octets_each_;
  unsigned filled_ = 0;
  std::vector<std::uint8_t> octets_;
  std::array<sockaddr_in, kBatch> sources_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
};

// Memory for 64 datagrams sent by one system call, allocated once. A datagram is written in place;
// the batch goes out when it is full or flushed.
class SendBatch {
 public:
  SendBatch(int socket, std::size_t octets_each);
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  // The octets of the next datagram, which keep what the slot held before.
  std::uint8_t* next() { return &octets_[used_ * octets_each_]; }
  std::uint8_t* slot(unsigned index) { return &octets_[index * octets_each_]; }

  // The datagram of next() is complete. The destination is not needed on packet sockets.
  void add(std::size_t size, const sockaddr_in& destination) {
    destinations_[used_] = destination;
    messages_[used_].msg_hdr.msg_name = &destinations_[used_];
    messages_[used_].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    add(size);
  }
  void add(std::size_t size) {
    vectors_[used_].iov_len = size;
    if (++used_ == kBatch) flush();
  }
  void flush();

 private:
  int socket_;
  std::size_t octets_each_;
  unsigned used_ = 0;
  std::vector<std::uint8_t> octets_;
  std::array<sockaddr_in, kBatch> destinations_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
};

// Sends all of them, in as many calls as the kernel wants.
void send_all(int socket, mmsghdr* messages, unsigned count);

// Big-endian numbers in flat memory whose bounds were checked before.
inline std::uint16_t load16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8U | at[1]);
}
inline std::uint32_t load32(const std::uint8_t* at) {
  return std::uint32_t{load16(at)} << 16U | load16(at + 2);
}
inline void store16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8U);
  at[1] = static_cast<std::uint8_t>(value);
}
inline void store32(std::uint8_t* at, std::uint32_t value) {
  store16(at, static_cast<std::uint16_t>(value >> 16U));
  store16(at + 2, static_cast<std::uint16_t>(value));
}

}  // namespace pxeproof::bench
