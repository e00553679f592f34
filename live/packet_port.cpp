#include "live/packet_port.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "live/socket_address.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::live {
namespace {

constexpr std::size_t kVlanTagSize = 4;
constexpr std::size_t kMaximumFrame = 65536 + 64;  // segmentation offload makes such giants
constexpr std::size_t kIpOffset = frames::kEthernetHeaderSize;
constexpr std::size_t kSlot = kVlanTagSize + kMaximumFrame;
constexpr int kSendPatienceMilliseconds = 10;
// Newer than some headers (Linux 4.20).
constexpr int kPacketIgnoreOutgoing = 23;

union AuxiliaryData {
  std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> space;
  cmsghdr aligned;
};

const tpacket_auxdata* find_auxiliary(const msghdr& message, tpacket_auxdata& storage) {
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_PACKET ||
      header->cmsg_type != PACKET_AUXDATA) {
    return nullptr;
  }
  std::memcpy(&storage, CMSG_DATA(header), sizeof storage);
  return &storage;
}

// What the sender's network card would have written, had the frame met one: RFC 768.
void fill_udp_checksum(std::span<std::uint8_t> frame) {
  if (frame.size() < kIpOffset + frames::kIpv4HeaderSize || frame[12] != 0x08 ||
      frame[13] != 0x00) {
    return;
  }
  const std::size_t header_length = std::size_t{frame[kIpOffset] & 0x0fU} * 4;
  const std::size_t total_length = (std::size_t{frame[kIpOffset + 2]} << 8U) | frame[kIpOffset + 3];
  const std::size_t udp = kIpOffset + header_length;
  if (frame[kIpOffset + 9] != frames::kProtocolUdp || kIpOffset + total_length > frame.size() ||
      total_length < header_length + frames::kUdpHeaderSize) {
    return;
  }
  frame[udp + 6] = 0;
  frame[udp + 7] = 0;
  const std::size_t length = total_length - header_length;
  std::uint32_t pseudo_header = frames::kProtocolUdp + static_cast<std::uint32_t>(length);
  for (std::size_t i = 12; i < 20; i += 2) {
    pseudo_header += (std::uint32_t{frame[kIpOffset + i]} << 8U) | frame[kIpOffset + i + 1];
  }
  std::uint16_t checksum = frames::internet_checksum(frame.subspan(udp, length), pseudo_header);
  if (checksum == 0) {
    checksum = 0xffff;
  }
  frame[udp + 6] = static_cast<std::uint8_t>(checksum >> 8U);
  frame[udp + 7] = static_cast<std::uint8_t>(checksum & 0xffU);
}

template <typename Value>
bool set_option(int socket, int level, int name, const Value& value) {
  return setsockopt(socket, level, name, &value, sizeof value) == 0;
}

}  // namespace

// Room for one batch each way, allocated once; pages nobody writes to cost nothing.
struct PacketPort::Batch {
  Batch() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {.iov_base = slots.get() + i * kSlot + kVlanTagSize, .iov_len = kMaximumFrame};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = auxiliary[i].space.data();
      renew(i);
    }
  }

  // The kernel has written how much of its room a message took.
  void renew(std::size_t i) {
    messages[i].msg_hdr.msg_controllen = auxiliary[i].space.size();
    messages[i].msg_hdr.msg_flags = 0;
  }

  std::unique_ptr<std::uint8_t[]> slots =
      std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * kSlot);
  std::array<AuxiliaryData, kBatch> auxiliary;
  std::array<iovec, kBatch> vectors;
  std::array<mmsghdr, kBatch> messages;
  std::vector<ByteView> views;
  std::array<iovec, kBatch> sent_vectors;
  std::array<mmsghdr, kBatch> sent_messages;
};

void PacketPort::DestroyBatch::operator()(Batch* batch) const { delete batch; }

PacketPort::PacketPort(FileDescriptor socket, std::string interface)
    : socket_(std::move(socket)), interface_(std::move(interface)), batch_(new Batch) {}

SystemResult<PacketPort> PacketPort::open(const std::string& interface) {
  return open(interface, Options{});
}

SystemResult<PacketPort> PacketPort::open(const std::string& interface, const Options& options) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) {
    return fail(last_error("interface " + interface, "see `ip link` for their names"));
  }
  // Protocol 0: nothing arrives before the socket is bound to its one interface.
  FileDescriptor descriptor(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor.is_open()) {
    return fail(last_error("packet socket on " + interface,
                           "run as root, or: setcap cap_net_raw+ep on the program"));
  }
  const int number = descriptor.number();
  set_option(number, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
  set_option(number, SOL_SOCKET, SO_RCVBUFFORCE, options.receive_buffer_bytes);
  if (!set_option(number, SOL_PACKET, PACKET_AUXDATA, int{1}) ||
      !set_option(number, SOL_PACKET, kPacketIgnoreOutgoing, int{1})) {
    return fail(last_error("packet socket on " + interface));
  }
  if (options.reception == Reception::Promiscuous) {
    packet_mreq membership{};
    membership.mr_ifindex = static_cast<int>(index);
    membership.mr_type = PACKET_MR_PROMISC;
    if (!set_option(number, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)) {
      return fail(last_error("promiscuous mode on " + interface));
    }
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = to_network_order(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);
  if (bind(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(last_error("packet socket on " + interface));
  }
  return PacketPort(std::move(descriptor), interface);
}

SystemResult<std::span<const ByteView>> PacketPort::receive() {
  Batch& batch = *batch_;
  batch.views.clear();
  const int count = recvmmsg(socket_.number(), batch.messages.data(), kBatch, 0, nullptr);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return std::span<const ByteView>{};
    }
    return fail(
        last_error("interface " + interface_ + ": receiving",
                   errno == ENETDOWN ? "set it up: ip link set " + interface_ + " up" : ""));
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    std::uint8_t* begin = batch.slots.get() + i * kSlot + kVlanTagSize;
    std::size_t size = batch.messages[i].msg_len;
    tpacket_auxdata storage{};
    const tpacket_auxdata* auxiliary = find_auxiliary(batch.messages[i].msg_hdr, storage);
    batch.renew(i);
    if (auxiliary != nullptr && (auxiliary->tp_status & TP_STATUS_CSUMNOTREADY) != 0) {
      fill_udp_checksum({begin, size});
    }
    if (auxiliary != nullptr && (auxiliary->tp_status & TP_STATUS_VLAN_VALID) != 0 && size >= 12) {
      const std::uint16_t type = (auxiliary->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0
                                     ? auxiliary->tp_vlan_tpid
                                     : frames::kEtherTypeVlan;
      begin -= kVlanTagSize;
      size += kVlanTagSize;
      std::memmove(begin, begin + kVlanTagSize, 12);
      begin[12] = static_cast<std::uint8_t>(type >> 8U);
      begin[13] = static_cast<std::uint8_t>(type & 0xffU);
      begin[14] = static_cast<std::uint8_t>(auxiliary->tp_vlan_tci >> 8U);
      begin[15] = static_cast<std::uint8_t>(auxiliary->tp_vlan_tci & 0xffU);
    }
    batch.views.emplace_back(begin, size);
  }
  statistics_.received += batch.views.size();
  return std::span<const ByteView>(batch.views);
}

void PacketPort::send(std::span<const Frame> frames) {
  Batch& batch = *batch_;
  bool waited = false;
  while (!frames.empty()) {
    const std::size_t count = std::min(frames.size(), kBatch);
    for (std::size_t i = 0; i < count; ++i) {
      // sendmmsg only reads; its vectors are not const because recvmmsg shares their type.
      batch.sent_vectors[i] = {.iov_base = const_cast<std::uint8_t*>(frames[i].data()),
                               .iov_len = frames[i].size()};
      batch.sent_messages[i].msg_hdr = {};
      batch.sent_messages[i].msg_hdr.msg_iov = &batch.sent_vectors[i];
      batch.sent_messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent =
        sendmmsg(socket_.number(), batch.sent_messages.data(), static_cast<unsigned>(count), 0);
    if (sent > 0) {
      statistics_.sent += static_cast<std::uint64_t>(sent);
      frames = frames.subspan(static_cast<std::size_t>(sent));
      waited = false;
      continue;
    }
    if (errno == EINTR) {
      continue;
    }
    if ((errno == EAGAIN || errno == ENOBUFS) && !waited) {
      pollfd writable{.fd = socket_.number(), .events = POLLOUT, .revents = 0};
      poll(&writable, 1, kSendPatienceMilliseconds);
      waited = true;
      continue;
    }
    ++statistics_.refused;
    frames = frames.subspan(1);
    waited = false;
  }
}

PacketPort::Statistics PacketPort::statistics() {
  // The kernel counts from the last time it was asked.
  tpacket_stats counted{};
  socklen_t size = sizeof counted;
  if (getsockopt(socket_.number(), SOL_PACKET, PACKET_STATISTICS, &counted, &size) == 0) {
    statistics_.dropped += counted.tp_drops;
  }
  return statistics_;
}

}  // namespace pxeproof::live
