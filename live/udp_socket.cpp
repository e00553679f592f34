#include "live/udp_socket.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include <cerrno>

#include "live/socket_address.h"

namespace pxeproof::live {
namespace {

constexpr int kDhcpTypeOfService = 0xc0;  // internetwork control, facts of dnsmasq

template <typename Value>
bool set_option(int socket, int level, int name, const Value& value) {
  return setsockopt(socket, level, name, &value, sizeof value) == 0;
}

std::string describe(const UdpSocketOptions& options) {
  std::string text = "UDP port " + std::to_string(options.local.port);
  if (!options.local.address.is_unspecified()) {
    text += " of " + to_string(options.local.address);
  }
  if (!options.interface.empty()) {
    text += " on " + options.interface;
  }
  return text;
}

std::string advise(int code, std::uint16_t port) {
  if (code == EADDRINUSE) {
    return "another server has it: `ss -lunp sport = " + std::to_string(port) + "` names it";
  }
  if (code == EACCES || code == EPERM) {
    return "run as root, or: setcap cap_net_bind_service,cap_net_raw+ep on the program";
  }
  if (code == EADDRNOTAVAIL) {
    return "no interface has this address";
  }
  return {};
}

}  // namespace

SystemResult<UdpSocket> UdpSocket::open(const UdpSocketOptions& options) {
  FileDescriptor descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int number = descriptor.number();
  if (!descriptor.is_open()) {
    return fail(last_error(describe(options)));
  }
  if (!options.interface.empty() &&
      setsockopt(number, SOL_SOCKET, SO_BINDTODEVICE, options.interface.data(),
                 static_cast<socklen_t>(options.interface.size())) != 0) {
    return fail(last_error(describe(options),
                           errno == ENODEV ? "see `ip link` for their names" : "run as root"));
  }
  if (options.is_successor || options.is_shared) {
    set_option(number, SOL_SOCKET, SO_REUSEADDR, int{1});
  }
  const sockaddr_in local = to_kernel(options.local);
  if (bind(number, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return fail(last_error(describe(options), advise(errno, options.local.port)));
  }
  const bool is_dhcp = options.marking == Marking::Dhcp;
  const int type_of_service = is_dhcp ? kDhcpTypeOfService : 0;
  const int discovery = is_dhcp ? IP_PMTUDISC_DONT : IP_PMTUDISC_DO;
  if (!set_option(number, SOL_SOCKET, SO_BROADCAST, int{1}) ||
      !set_option(number, IPPROTO_IP, IP_PKTINFO, int{1}) ||
      !set_option(number, IPPROTO_IP, IP_TOS, type_of_service) ||
      !set_option(number, IPPROTO_IP, IP_MTU_DISCOVER, discovery) ||
      !set_option(number, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes)) {
    return fail(last_error(describe(options)));
  }
  set_option(number, SOL_SOCKET, SO_RCVBUFFORCE, options.receive_buffer_bytes);
  if (options.is_successor && !options.is_shared) {
    set_option(number, SOL_SOCKET, SO_REUSEADDR, int{0});
  }
  return adopt(std::move(descriptor));
}

SystemResult<UdpSocket> UdpSocket::adopt(FileDescriptor bound) {
  sockaddr_in local{};
  socklen_t size = sizeof local;
  if (getsockname(bound.number(), reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return fail(last_error("UDP socket"));
  }
  int reuse = 0;
  size = sizeof reuse;
  getsockopt(bound.number(), SOL_SOCKET, SO_REUSEADDR, &reuse, &size);
  return UdpSocket(std::move(bound), from_kernel(local).port,
                   reuse != 0 ? Sharing::On : Sharing::Off);
}

void UdpSocket::set_sharing(Sharing sharing) {
  set_option(socket_.number(), SOL_SOCKET, SO_REUSEADDR,
             sharing == Sharing::On || sharing_ == Sharing::On ? 1 : 0);
}

SystemResult<void> UdpSocket::join(Ipv4Address group, std::uint32_t interface_index) {
  ip_mreqn membership{};
  membership.imr_multiaddr = to_kernel(group);
  membership.imr_ifindex = static_cast<int>(interface_index);
  if (!set_option(socket_.number(), IPPROTO_IP, IP_ADD_MEMBERSHIP, membership) &&
      errno != EADDRINUSE) {
    return fail(last_error("multicast group " + to_string(group),
                           "give an address of 224.0.0.0 to 239.255.255.255"));
  }
  return {};
}

void UdpSocket::allow_fragments() {
  set_option(socket_.number(), IPPROTO_IP, IP_MTU_DISCOVER, int{IP_PMTUDISC_DONT});
}

SystemResult<ReservedPorts> ReservedPorts::reserve(const Options& options) {
  ReservedPorts reserved;
  UdpSocketOptions one = options.socket;
  std::uint32_t candidate = options.range.first;
  const bool is_free_choice = options.range.last == 0;
  while (reserved.sockets_.size() < options.count &&
         (is_free_choice || candidate <= options.range.last)) {
    one.local.port = is_free_choice ? std::uint16_t{0} : static_cast<std::uint16_t>(candidate);
    ++candidate;
    auto socket = UdpSocket::open(one);
    if (socket) {
      reserved.sockets_.push_back(std::move(*socket));
    } else if (is_free_choice || socket.error().code != EADDRINUSE) {
      return fail(std::move(socket.error()));
    }
  }
  if (reserved.sockets_.empty()) {
    return fail(error_of(EADDRINUSE,
                         "UDP ports " + std::to_string(options.range.first) + " to " +
                             std::to_string(options.range.last),
                         "choose another range"));
  }
  return reserved;
}

std::vector<std::uint16_t> ReservedPorts::numbers() const {
  std::vector<std::uint16_t> numbers;
  for (const UdpSocket& socket : sockets_) {
    numbers.push_back(socket.port());
  }
  return numbers;
}

}  // namespace pxeproof::live
