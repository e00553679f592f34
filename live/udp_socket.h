#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "live/file_descriptor.h"
#include "live/system_error.h"
#include "protocol/addresses.h"

namespace pxeproof::live {

// What the IP header of a socket's datagrams says.
enum class Marking {
  Dhcp,      // TOS 0xC0, may be fragmented: as dnsmasq
  Transfer,  // TOS 0, "don't fragment": a TFTP block is never larger than the link
};

struct UdpSocketOptions {
  Endpoint local{};          // port 0: the kernel chooses; address 0: all
  std::string interface {};  // only this one; empty: all
  Marking marking = Marking::Transfer;
  // As much of it as the kernel grants: at most net.core.rmem_max without CAP_NET_ADMIN.
  int receive_buffer_bytes = 4 * 1024 * 1024;
  // The port may be another socket's that allows it (UdpSocket::set_sharing); forbidden afterwards.
  bool is_successor = false;
  // The port may be other sockets' that say the same, for as long as this one is open: servers
  // beside each other on different interfaces.
  bool is_shared = false;
};

// A bound socket that never blocks, tells where each datagram arrived, and may broadcast.
class UdpSocket {
 public:
  static SystemResult<UdpSocket> open(const UdpSocketOptions& options);

  int descriptor() const { return socket_.number(); }
  std::uint16_t port() const { return port_; }

  // A socket that somebody else opened and bound with the options of open.
  static SystemResult<UdpSocket> adopt(FileDescriptor bound);
  FileDescriptor release() { return std::move(socket_); }

  bool is_open() const { return socket_.is_open(); }
  void close() { socket_.close(); }

  // Whether a second socket that says the same may be bound to the port (SO_REUSEADDR). A socket
  // that was opened as shared stays so.
  enum class Sharing { Off, On };
  void set_sharing(Sharing sharing);

  // Hears what is sent to a multicast group on an interface. To have joined already is no error.
  SystemResult<void> join(Ipv4Address group, std::uint32_t interface_index);

  // Lets routers cut what is too large for the way.
  void allow_fragments();

 private:
  UdpSocket(FileDescriptor socket, std::uint16_t port, Sharing sharing)
      : socket_(std::move(socket)), port_(port), sharing_(sharing) {}

  FileDescriptor socket_;
  std::uint16_t port_;
  Sharing sharing_;  // how it was opened
};

// Ports taken before a server is made, so that it can be told their numbers: TFTP transfers.
class ReservedPorts {
 public:
  struct Range {
    std::uint16_t first = 0;  // both 0: chosen by the kernel, at random
    std::uint16_t last = 0;
  };
  struct Options {
    std::size_t count = 64;  // at most; a range may have fewer that are free
    Range range{};
    UdpSocketOptions socket{};
  };
  static SystemResult<ReservedPorts> reserve(const Options& options);

  std::vector<std::uint16_t> numbers() const;
  std::vector<UdpSocket> take() { return std::move(sockets_); }

 private:
  std::vector<UdpSocket> sockets_;
};

}  // namespace pxeproof::live
