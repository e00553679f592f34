#include "tests/bench/sockets.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "tests/bench/settings.h"

namespace pxeproof::bench {
namespace {

constexpr int kBufferOctets = 4 << 20;

void set_option(int socket, int level, int name, int value, const char* what) {
  if (setsockopt(socket, level, name, &value, sizeof value) != 0) give_up_with_errno(what);
}

// Beyond the system's limit where we may, up to it elsewhere.
void enlarge_buffers(int socket) {
  const int octets = kBufferOctets;
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0) {
    set_option(socket, SOL_SOCKET, SO_RCVBUF, octets, "receive buffer");
  }
  if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets) != 0) {
    set_option(socket, SOL_SOCKET, SO_SNDBUF, octets, "send buffer");
  }
}

}  // namespace

sockaddr_in socket_address(Endpoint endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  address.sin_addr.s_addr = htonl(endpoint.address.value);
  return address;
}

Endpoint endpoint_of(const sockaddr_in& address) {
  return {{ntohl(address.sin_addr.s_addr)}, ntohs(address.sin_port)};
}

live::FileDescriptor open_udp(Endpoint local) {
  live::FileDescriptor descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!descriptor.is_open()) give_up_with_errno("UDP socket");
  set_option(descriptor.number(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  // Without DO, each datagram takes an IP identification under a lock.
  set_option(descriptor.number(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, "IP_MTU_DISCOVER");
  enlarge_buffers(descriptor.number());
  const sockaddr_in address = socket_address(local);
  if (bind(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    give_up_with_errno("bind to " + to_string(local));
  }
  return descriptor;
}

void use_interface(int socket, const std::string& interface) {
  if (setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, interface.data(),
                 static_cast<socklen_t>(interface.size())) != 0) {
    give_up_with_errno("bind to " + interface);
  }
  set_option(socket, SOL_SOCKET, SO_BROADCAST, 1, "SO_BROADCAST");
}

PacketSocket open_packet_socket(const std::string& interface) {
  PacketSocket result{.descriptor = live::FileDescriptor(
                          socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP))),
                      .mac = {}};
  const int socket = result.descriptor.number();
  if (socket < 0) give_up_with_errno("packet socket");
  enlarge_buffers(socket);
  set_option(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if (bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    give_up_with_errno("bind to " + interface);
  }
  ifreq request{};
  interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
  if (ioctl(socket, SIOCGIFHWADDR, &request) != 0) give_up_with_errno("MAC of " + interface);
  std::memcpy(result.mac.octets.data(), request.ifr_hwaddr.sa_data, result.mac.octets.size());
  return result;
}

void set_receive_timeout(int socket, std::uint32_t milliseconds) {
  const timeval timeout{.tv_sec = milliseconds / 1000,
                        .tv_usec = static_cast<suseconds_t>(milliseconds % 1000 * 1000)};
  if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) {
    give_up_with_errno("receive timeout");
  }
}

ReceiveBatch::ReceiveBatch(std::size_t octets_each)
    : octets_each_(octets_each), octets_(octets_each * kBatch) {
  for (unsigned i = 0; i < kBatch; ++i) {
    vectors_[i] = {.iov_base = &octets_[i * octets_each], .iov_len = octets_each};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_name = &sources_[i];
    messages_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
  }
}

unsigned ReceiveBatch::receive(int socket, int flags) {
  // The kernel has shortened the room for names in those that it filled.
  for (unsigned i = 0; i < filled_; ++i) messages_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
  filled_ = 0;
  const int count = recvmmsg(socket, messages_.data(), kBatch, flags, nullptr);
  if (count >= 0) return filled_ = static_cast<unsigned>(count);
  // ECONNREFUSED is an ICMP error about an earlier datagram; nothing was received.
  if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED) return 0;
  give_up_with_errno("receive");
}

SendBatch::SendBatch(int socket, std::size_t octets_each)
    : socket_(socket), octets_each_(octets_each), octets_(octets_each * kBatch) {
  for (unsigned i = 0; i < kBatch; ++i) {
    vectors_[i].iov_base = &octets_[i * octets_each];
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

void SendBatch::flush() {
  send_all(socket_, messages_.data(), used_);
  used_ = 0;
}

void send_all(int socket, mmsghdr* messages, unsigned count) {
  for (unsigned sent = 0; sent < count;) {
    const int now = sendmmsg(socket, messages + sent, count - sent, 0);
    if (now > 0) {
      sent += static_cast<unsigned>(now);
      continue;
    }
    if (errno == EINTR) continue;
    // The client may be gone (ECONNREFUSED) or the queue full: this one datagram is lost, as it
    // would be on a cable.
    if (errno != ECONNREFUSED && errno != ENOBUFS) give_up_with_errno("send");
    ++sent;
  }
}

}  // namespace pxeproof::bench
