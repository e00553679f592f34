#include "live/udp_server.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "live/monotonic_clock.h"
#include "live/network_interfaces.h"
#include "live/socket_address.h"
#include "protocol/frames/build.h"

namespace pxeproof::live {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kMaximumDatagram = 65536;
constexpr std::size_t kMaximumCollected = 256;  // outgoing datagrams, sorted by socket when sent
constexpr int kMaximumRoundsPerWake = 16;       // then the other sources get their turn
constexpr int kSendPatienceMilliseconds = 10;
constexpr std::uint8_t kDhcpTypeOfService = 0xc0;

union PacketInformation {
  std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> space;
  cmsghdr aligned;
};

std::optional<in_pktinfo> find_information(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo information{};
      std::memcpy(&information, CMSG_DATA(header), sizeof information);
      return information;
    }
  }
  return std::nullopt;
}

void write_information(msghdr& message, PacketInformation& control,
                       const OutgoingDatagram& datagram) {
  if (datagram.interface_index == 0 && datagram.source.address.is_unspecified()) {
    return;
  }
  message.msg_control = control.space.data();
  message.msg_controllen = control.space.size();
  in_pktinfo information{};
  information.ipi_ifindex = static_cast<int>(datagram.interface_index);
  information.ipi_spec_dst = to_kernel(datagram.source.address);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof information);
  std::memcpy(CMSG_DATA(header), &information, sizeof information);
}

}  // namespace

struct UdpServer::Receiving {
  std::unique_ptr<std::uint8_t[]> payloads =
      std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * kMaximumDatagram);
  std::array<sockaddr_in, kBatch> sources;
  std::array<PacketInformation, kBatch> information;
  std::array<iovec, kBatch> vectors;
  std::array<mmsghdr, kBatch> messages;
};

struct UdpServer::Sending {
  std::vector<OutgoingDatagram> collected;  // the first `count` are waiting, the rest is spare room
  std::size_t count = 0;
  std::vector<std::vector<const OutgoingDatagram*>> by_socket;
  std::array<sockaddr_in, kBatch> destinations;
  std::array<PacketInformation, kBatch> information;
  std::array<std::array<iovec, 2>, kBatch> vectors;
  std::array<mmsghdr, kBatch> messages;
  Bytes frame;
  Bytes payload;
  std::uint16_t identification = 0;
};

UdpServer::UdpServer(DatagramService& service, std::set<std::uint16_t> neighbour_ports)
    : service_(&service),
      neighbour_ports_(std::move(neighbour_ports)),
      receiving_(std::make_unique<Receiving>()),
      sending_(std::make_unique<Sending>()) {}
UdpServer::UdpServer(UdpServer&&) noexcept = default;
UdpServer& UdpServer::operator=(UdpServer&&) noexcept = default;
UdpServer::~UdpServer() = default;

SystemResult<UdpServer> UdpServer::create(DatagramService& service,
                                          const UdpServerOptions& options) {
  return create(service, options, ReservedPorts{});
}

SystemResult<UdpServer> UdpServer::create(DatagramService& service, const UdpServerOptions& options,
                                          ReservedPorts reserved) {
  UdpServer server(service, options.neighbour_ports);
  if (auto prepared = server.prepare(); !prepared) {
    return fail(std::move(prepared.error()));
  }
  for (UdpSocket& socket : reserved.take()) {
    if (auto watched = server.watch(std::move(socket)); !watched) {
      return fail(std::move(watched.error()));
    }
  }
  for (const std::uint16_t port : service.ports()) {
    if (server.socket_of_port_.contains(port)) {
      continue;
    }
    const Marking marking = options.dhcp_ports.contains(port) ? Marking::Dhcp : Marking::Transfer;
    auto socket = UdpSocket::open({.local = {.address = options.address, .port = port},
                                   .interface = options.interface,
                                   .marking = marking});
    if (!socket) {
      return fail(std::move(socket.error()));
    }
    if (auto watched = server.watch(std::move(*socket)); !watched) {
      return fail(std::move(watched.error()));
    }
  }
  return server;
}

SystemResult<UdpServer> UdpServer::run_on(DatagramService& service,
                                          std::vector<UdpSocket> sockets) {
  UdpServer server(service, {});
  if (auto prepared = server.prepare(); !prepared) {
    return fail(std::move(prepared.error()));
  }
  for (UdpSocket& socket : sockets) {
    if (auto watched = server.watch(std::move(socket)); !watched) {
      return fail(std::move(watched.error()));
    }
  }
  return server;
}

SystemResult<void> UdpServer::prepare() {
  events_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!events_.is_open()) {
    return fail(last_error("server: epoll"));
  }
  // Without CAP_NET_RAW the server still runs; such datagrams are then broadcast (RFC 2131 s.4.1).
  frames_ = FileDescriptor(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  auto interfaces = list_network_interfaces();
  if (!interfaces) {
    return fail(std::move(interfaces.error()));
  }
  interfaces_ = std::move(*interfaces);
  return {};
}

// A socket keeps its place until it is closed; a free place is used again.
SystemResult<void> UdpServer::watch(UdpSocket socket) {
  const auto free = std::find_if(sockets_.begin(), sockets_.end(),
                                 [](const UdpSocket& each) { return !each.is_open(); });
  const auto place = static_cast<std::size_t>(free - sockets_.begin());
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = place;
  if (epoll_ctl(events_.number(), EPOLL_CTL_ADD, socket.descriptor(), &event) != 0) {
    return fail(last_error("server: epoll"));
  }
  socket_of_port_.insert_or_assign(socket.port(), place);
  if (free == sockets_.end()) {
    sockets_.push_back(std::move(socket));
  } else {
    *free = std::move(socket);
  }
  return {};
}

SystemResult<void> UdpServer::adopt(UdpSocket socket) {
  close_port(socket.port());
  return watch(std::move(socket));
}

void UdpServer::close_port(std::uint16_t port) {
  const auto found = socket_of_port_.find(port);
  if (found == socket_of_port_.end()) return;
  sockets_[found->second].close();
  socket_of_port_.erase(found);
}

std::set<std::uint16_t> UdpServer::open_ports() const {
  std::set<std::uint16_t> ports;
  for (const auto& [port, place] : socket_of_port_) ports.insert(port);
  return ports;
}

void UdpServer::set_sharing(UdpSocket::Sharing sharing) {
  for (UdpSocket& socket : sockets_) {
    if (socket.is_open()) socket.set_sharing(sharing);
  }
}

Activity UdpServer::on_wake(Instant now) {
  bool busy = false;
  for (int round = 0; round < kMaximumRoundsPerWake; ++round) {
    std::array<epoll_event, kBatch> events{};
    const int ready = epoll_wait(events_.number(), events.data(), static_cast<int>(kBatch), 0);
    if (ready <= 0) {
      break;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(ready); ++i) {
      if (receive(now, sockets_[static_cast<std::size_t>(events[i].data.u64)]) > 0) {
        busy = true;
        drain();
      }
    }
    now = live::now();
  }
  const auto due = service_->poll_timeout();
  if (due && *due <= now) {
    service_->on_timeout(now);
    drain();
  }
  return busy ? Activity::Busy : Activity::Idle;
}

std::size_t UdpServer::receive(Instant now, UdpSocket& socket) {
  Receiving& room = *receiving_;
  for (std::size_t i = 0; i < kBatch; ++i) {
    room.vectors[i] = {.iov_base = room.payloads.get() + i * kMaximumDatagram,
                       .iov_len = kMaximumDatagram};
    msghdr& header = room.messages[i].msg_hdr;
    header = {};
    header.msg_name = &room.sources[i];
    header.msg_namelen = sizeof room.sources[i];
    header.msg_iov = &room.vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = room.information[i].space.data();
    header.msg_controllen = room.information[i].space.size();
  }
  const int count = recvmmsg(socket.descriptor(), room.messages.data(), kBatch, 0, nullptr);
  if (count <= 0) {
    return 0;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto information = find_information(room.messages[i].msg_hdr);
    if (!information) {
      continue;
    }
    IncomingDatagram datagram{
        .source = from_kernel(room.sources[i]),
        .destination = {.address = from_kernel(information->ipi_addr), .port = socket.port()},
        .interface_index = static_cast<std::uint32_t>(information->ipi_ifindex),
        .payload = {room.payloads.get() + i * kMaximumDatagram, room.messages[i].msg_len}};
    if (neighbour_ports_.contains(socket.port())) {
      datagram.source_mac =
          find_neighbour(socket, datagram.interface_index, datagram.source.address);
    }
    service_->on_datagram(now, datagram);
  }
  statistics_.received += static_cast<std::uint64_t>(count);
  return static_cast<std::size_t>(count);
}

void UdpServer::drain() {
  Sending& room = *sending_;
  for (;;) {
    if (room.count == room.collected.size()) {
      room.collected.emplace_back();
    }
    const bool more = service_->poll_transmit(room.collected[room.count]);
    room.count += more ? 1 : 0;
    if (!more || room.count == kMaximumCollected) {
      send_collected();
    }
    if (!more) {
      return;
    }
  }
}

void UdpServer::send_collected() {
  Sending& room = *sending_;
  room.by_socket.resize(sockets_.size());
  for (std::size_t i = 0; i < room.count; ++i) {
    const OutgoingDatagram& datagram = room.collected[i];
    const auto socket = socket_of_port_.find(datagram.source.port);
    const bool needs_frame = datagram.addressing == LinkAddressing::Direct ||
                             (datagram.addressing == LinkAddressing::Broadcast &&
                              !datagram.destination.address.is_broadcast());
    if (needs_frame) {
      send_frame(datagram);
    } else if (socket == socket_of_port_.end()) {
      count_refusal(datagram, EADDRNOTAVAIL);
    } else {
      room.by_socket[socket->second].push_back(&datagram);
    }
  }
  for (std::size_t i = 0; i < room.by_socket.size(); ++i) {
    if (!room.by_socket[i].empty()) {
      send_from(sockets_[i], room.by_socket[i]);
      room.by_socket[i].clear();
    }
  }
  room.count = 0;
}

void UdpServer::send_from(UdpSocket& socket,
                          const std::vector<const OutgoingDatagram*>& datagrams) {
  Sending& room = *sending_;
  std::size_t next = 0;
  int retried = 0;
  while (next < datagrams.size()) {
    const std::size_t count = std::min(datagrams.size() - next, kBatch);
    for (std::size_t i = 0; i < count; ++i) {
      const OutgoingDatagram& datagram = *datagrams[next + i];
      room.destinations[i] = to_kernel(datagram.destination);
      // sendmmsg only reads; the vectors' type is shared with recvmmsg.
      room.vectors[i] = {{{.iov_base = const_cast<std::uint8_t*>(datagram.head.data()),
                           .iov_len = datagram.head.size()},
                          {.iov_base = const_cast<std::uint8_t*>(datagram.body.data()),
                           .iov_len = datagram.body.size()}}};
      msghdr& header = room.messages[i].msg_hdr;
      header = {};
      header.msg_name = &room.destinations[i];
      header.msg_namelen = sizeof room.destinations[i];
      header.msg_iov = room.vectors[i].data();
      header.msg_iovlen = datagram.body.empty() ? 1 : 2;
      write_information(header, room.information[i], datagram);
    }
    const int sent =
        sendmmsg(socket.descriptor(), room.messages.data(), static_cast<unsigned>(count), 0);
    if (sent > 0) {
      statistics_.sent += static_cast<std::uint64_t>(sent);
      next += static_cast<std::size_t>(sent);
      retried = 0;
      continue;
    }
    const int code = errno;
    if (code == EINTR) {
      continue;
    }
    if (retried++ == 0 && (code == EAGAIN || code == ENOBUFS)) {
      pollfd writable{.fd = socket.descriptor(), .events = POLLOUT, .revents = 0};
      poll(&writable, 1, kSendPatienceMilliseconds);
      continue;
    }
    if (retried == 1 && code == EMSGSIZE) {
      socket.allow_fragments();
      continue;
    }
    count_refusal(*datagrams[next], code);
    ++next;
    retried = 0;
  }
}

// Builds the frame itself: the kernel would ask ARP for an address that the client does not have
// yet.
void UdpServer::send_frame(const OutgoingDatagram& datagram) {
  Sending& room = *sending_;
  const NetworkInterface* interface = find_interface(datagram.interface_index);
  if (interface == nullptr) {
    count_refusal(datagram, ENODEV);
    return;
  }
  if (!frames_.is_open()) {
    OutgoingDatagram broadcast = datagram;
    broadcast.addressing = LinkAddressing::Broadcast;
    broadcast.destination.address = Ipv4Address::broadcast();
    if (const auto socket = socket_of_port_.find(datagram.source.port);
        socket != socket_of_port_.end()) {
      send_from(sockets_[socket->second], {&broadcast});
    }
    return;
  }
  frames::UdpSpec spec;
  spec.destination_mac = datagram.addressing == LinkAddressing::Direct ? datagram.link_address
                                                                       : MacAddress::broadcast();
  spec.source_mac = interface->mac;
  spec.source = datagram.source;
  if (spec.source.address.is_unspecified() && !interface->addresses.empty()) {
    spec.source.address = interface->addresses.front().address;
  }
  spec.destination = datagram.destination;
  spec.identification = room.identification++;
  spec.tos = kDhcpTypeOfService;
  room.payload.assign(datagram.head.begin(), datagram.head.end());
  room.payload.insert(room.payload.end(), datagram.body.begin(), datagram.body.end());
  frames::build_udp(spec, room.payload, room.frame);

  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = to_network_order(ETH_P_IP);
  address.sll_ifindex = static_cast<int>(interface->index);
  address.sll_halen = ETH_ALEN;
  std::memcpy(address.sll_addr, spec.destination_mac.octets.data(), ETH_ALEN);
  if (sendto(frames_.number(), room.frame.data(), room.frame.size(), 0,
             reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    count_refusal(datagram, errno);
    return;
  }
  ++statistics_.sent;
}

const NetworkInterface* UdpServer::find_interface(std::uint32_t index) {
  const auto search = [this, index] {
    return std::find_if(interfaces_.begin(), interfaces_.end(),
                        [index](const NetworkInterface& one) { return one.index == index; });
  };
  auto found = search();
  if (found == interfaces_.end()) {  // It may have come up since.
    if (auto interfaces = list_network_interfaces()) {
      interfaces_ = std::move(*interfaces);
      found = search();
    }
  }
  return found == interfaces_.end() ? nullptr : &*found;
}

std::optional<MacAddress> UdpServer::find_neighbour(const UdpSocket& socket,
                                                    std::uint32_t interface_index,
                                                    Ipv4Address address) {
  const NetworkInterface* interface = find_interface(interface_index);
  if (interface == nullptr) {
    return std::nullopt;
  }
  arpreq request{};
  const sockaddr_in asked = to_kernel(Endpoint{.address = address, .port = 0});
  std::memcpy(&request.arp_pa, &asked, sizeof asked);
  std::strncpy(request.arp_dev, interface->name.c_str(), sizeof request.arp_dev - 1);
  if (ioctl(socket.descriptor(), SIOCGARP, &request) != 0 || (request.arp_flags & ATF_COM) == 0) {
    return std::nullopt;
  }
  MacAddress mac;
  std::memcpy(mac.octets.data(), request.arp_ha.sa_data, mac.octets.size());
  return mac;
}

void UdpServer::count_refusal(const OutgoingDatagram& datagram, int code) {
  ++statistics_.refused;
  statistics_.last_refusal =
      to_string(datagram.destination) + ": " + std::generic_category().message(code);
}

}  // namespace pxeproof::live
