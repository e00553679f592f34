#include "live/udp_server.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "live/datagram_sender.h"
#include "live/monotonic_clock.h"
#include "live/network_interfaces.h"
#include "live/socket_address.h"
#include "protocol/frames/build.h"

namespace pxeproof::live {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kMaximumDatagram = 65536;
// From buffer to buffer: not a power of two, or the beginnings of all datagrams would fall into the
// same few lines of the processor's cache.
constexpr std::size_t kDatagramStride = kMaximumDatagram + 320;
constexpr std::size_t kMaximumCollected = 256;  // outgoing datagrams, sorted by socket when sent
constexpr std::size_t kFewPackets = 4;     // in one wake: so few transfers that each waits for us
constexpr int kMaximumRoundsPerWake = 16;  // then the other sources get their turn
constexpr std::size_t kMaximumRefusals = 32;  // that wait to be polled
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

}  // namespace

struct UdpServer::Receiving {
  Receiving() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {.iov_base = payloads.get() + i * kDatagramStride, .iov_len = kMaximumDatagram};
      messages[i].msg_hdr = {};
      messages[i].msg_hdr.msg_name = &sources[i];
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = information[i].space.data();
      prepare(i);
    }
  }

  // What the kernel has changed in a message.
  void prepare(std::size_t i) {
    messages[i].msg_hdr.msg_namelen = sizeof sources[i];
    messages[i].msg_hdr.msg_controllen = information[i].space.size();
  }

  std::unique_ptr<std::uint8_t[]> payloads =
      std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * kDatagramStride);
  std::array<sockaddr_in, kBatch> sources;
  std::array<PacketInformation, kBatch> information;
  std::array<iovec, kBatch> vectors;
  std::array<mmsghdr, kBatch> messages;
};

struct UdpServer::Sending {
  std::vector<OutgoingDatagram> collected;  // the first `count` are waiting, the rest is spare room
  std::size_t count = 0;
  std::vector<std::vector<const OutgoingDatagram*>> by_socket;
  DatagramSender sender;
  Bytes frame;
  Bytes payload;
  std::uint16_t identification = 0;
};

UdpServer::UdpServer(DatagramService& service, const UdpServerOptions& options)
    : service_(&service),
      dhcp_ports_(options.dhcp_ports),
      neighbour_ports_(options.neighbour_ports),
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
  UdpServer server(service, options);
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

SystemResult<UdpServer> UdpServer::run_on(DatagramService& service, const UdpServerOptions& options,
                                          std::vector<UdpSocket> sockets) {
  UdpServer server(service, options);
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

SystemResult<void> UdpServer::join(std::uint16_t port, Ipv4Address group) {
  const auto place = socket_of_port_.find(port);
  if (place == socket_of_port_.end()) return {};
  // Some may have come up since.
  auto interfaces = list_network_interfaces();
  if (!interfaces) return fail(std::move(interfaces.error()));
  interfaces_ = std::move(*interfaces);
  for (const NetworkInterface& interface : interfaces_) {
    if (interface.addresses.empty()) continue;
    if (auto joined = sockets_[place->second].join(group, interface.index); !joined) return joined;
  }
  return {};
}

// Where single DHCP messages come one after the other, each costs a system call less when the
// socket of the last one is read without asking which is ready. False when it had nothing, and now
// and then, for the other sockets' sake.
bool UdpServer::take_expected(Instant now) {
  constexpr int kTakenInARow = 8;
  const bool is_there = expected_ && sockets_[*expected_].is_open() &&
                        dhcp_ports_.contains(sockets_[*expected_].port());
  if (!is_there || ++taken_in_a_row_ > kTakenInARow) {
    taken_in_a_row_ = 0;
    return false;
  }
  const std::size_t received = receive(now, sockets_[*expected_]);
  if (received == 0) {
    expected_.reset();
    return false;
  }
  drain();
  return received <= kFewPackets;
}

// To poll on instead of sleeping pays where each packet waits for the one before, as in a few
// transfers in lock-step. Many of them come in batches, and DHCP clients do not wait for us.
Activity UdpServer::on_wake(Instant now) {
  std::size_t transfer_packets = 0;
  const bool is_done = take_expected(now);
  for (int round = 0; !is_done && round < kMaximumRoundsPerWake; ++round) {
    std::array<epoll_event, kBatch> events{};
    const int ready = epoll_wait(events_.number(), events.data(), static_cast<int>(kBatch), 0);
    if (ready <= 0) {
      break;
    }
    std::size_t dhcp_packets = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(ready); ++i) {
      const auto place = static_cast<std::size_t>(events[i].data.u64);
      UdpSocket& socket = sockets_[place];
      const bool is_dhcp = dhcp_ports_.contains(socket.port());
      const std::size_t received = receive(now, socket);
      if (received == 0) continue;
      (is_dhcp ? dhcp_packets : transfer_packets) += received;
      if (is_dhcp) expected_ = place;
      drain();
    }
    now = live::now();
    if (transfer_packets == 0 && dhcp_packets <= kFewPackets) break;
  }
  if (transfer_packets > 0) expected_.reset();
  const auto due = service_->poll_timeout();
  if (due && *due <= now) {
    service_->on_timeout(now);
    drain();
  }
  const bool is_lock_step = transfer_packets > 0 && transfer_packets <= kFewPackets;
  return is_lock_step ? Activity::Busy : Activity::Idle;
}

std::size_t UdpServer::receive(Instant now, UdpSocket& socket) {
  Receiving& room = *receiving_;
  const int count = recvmmsg(socket.descriptor(), room.messages.data(), kBatch, 0, nullptr);
  if (count <= 0) {
    return 0;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto information = find_information(room.messages[i].msg_hdr);
    room.prepare(i);
    if (!information) {
      continue;
    }
    IncomingDatagram datagram{
        .source = from_kernel(room.sources[i]),
        .destination = {.address = from_kernel(information->ipi_addr), .port = socket.port()},
        .interface_index = static_cast<std::uint32_t>(information->ipi_ifindex),
        .payload = {room.payloads.get() + i * kDatagramStride, room.messages[i].msg_len}};
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
  statistics_.sent += sending_->sender.send(
      socket, datagrams,
      [this](const OutgoingDatagram& datagram, int code) { count_refusal(datagram, code); });
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
  const bool is_known = std::any_of(refusals_.begin(), refusals_.end(), [&](const Refusal& each) {
    return each.interface_index == datagram.interface_index && each.code == code;
  });
  if (is_known || refusals_.size() == kMaximumRefusals) return;
  refusals_.push_back({datagram.interface_index, code, datagram.destination});
}

std::optional<UdpServer::Refusal> UdpServer::poll_refusal() {
  if (refusals_.empty()) return std::nullopt;
  const Refusal refusal = refusals_.back();
  refusals_.pop_back();
  return refusal;
}

}  // namespace pxeproof::live
