#include "live/datagram_sender.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "live/socket_address.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::live {
namespace {

constexpr std::size_t kMessages = 64;      // of one system call
constexpr std::size_t kVectors = 512;      // of all of them
constexpr std::size_t kMostSegments = 64;  // of one piece: the kernel's UDP_MAX_SEGMENTS
constexpr int kSendPatienceMilliseconds = 10;

// Room for the source of a datagram and the size of its segments.
union Control {
  std::array<char, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t))> space;
  cmsghdr aligned;
};

template <typename T>
void add_control(msghdr& message, int level, int type, const T& value) {
  auto* header =
      reinterpret_cast<cmsghdr*>(static_cast<char*>(message.msg_control) + message.msg_controllen);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
}

bool same_way(const OutgoingDatagram& left, const OutgoingDatagram& right) {
  return left.destination == right.destination && left.source == right.source &&
         left.interface_index == right.interface_index;
}

// What the kernel says when it cannot cut a piece up: no such option, no checksums from the card,
// or segments that do not fit the link.
bool may_be_about_segments(int code) {
  return code == EINVAL || code == EIO || code == EOPNOTSUPP || code == ENOPROTOOPT ||
         code == EMSGSIZE;
}

}  // namespace

struct DatagramSender::Room {
  std::array<sockaddr_in, kMessages> destinations;
  std::array<Control, kMessages> controls;
  std::array<iovec, kVectors> vectors;
  std::array<mmsghdr, kMessages> messages;
  std::array<std::size_t, kMessages> datagrams;  // in each message
  std::size_t message_count = 0;
  bool has_segmentation = true;
};

DatagramSender::DatagramSender() : room_(std::make_unique<Room>()) {}
DatagramSender::DatagramSender(DatagramSender&&) noexcept = default;
DatagramSender& DatagramSender::operator=(DatagramSender&&) noexcept = default;
DatagramSender::~DatagramSender() = default;

// How many of the first datagrams can go as one piece: all of one length, the last may be shorter.
std::size_t DatagramSender::run_length(std::span<const OutgoingDatagram* const> datagrams) const {
  const OutgoingDatagram& first = *datagrams.front();
  const std::size_t segment = first.size_bytes();
  if (!room_->has_segmentation || segment == 0) return 1;
  std::size_t total = segment;
  std::size_t count = 1;
  while (count < std::min(datagrams.size(), kMostSegments)) {
    const OutgoingDatagram& next = *datagrams[count];
    const std::size_t size = next.size_bytes();
    total += size;
    if (size == 0 || size > segment || total > frames::kMaximumUdpPayload) break;
    if (!same_way(first, next)) break;
    ++count;
    if (size < segment) break;
  }
  return count;
}

// Makes messages of as many datagrams as there is room for; returns their number.
std::size_t DatagramSender::collect(std::span<const OutgoingDatagram* const> datagrams) {
  Room& room = *room_;
  room.message_count = 0;
  std::size_t taken = 0;
  std::size_t vector = 0;
  while (taken < datagrams.size() && room.message_count < kMessages) {
    const std::size_t run = run_length(datagrams.subspan(taken));
    if (vector + 2 * run > kVectors) break;
    const OutgoingDatagram& first = *datagrams[taken];
    msghdr& message = room.messages[room.message_count].msg_hdr;
    message = {};
    room.destinations[room.message_count] = to_kernel(first.destination);
    message.msg_name = &room.destinations[room.message_count];
    message.msg_namelen = sizeof(sockaddr_in);
    message.msg_iov = &room.vectors[vector];
    message.msg_control = room.controls[room.message_count].space.data();
    for (std::size_t at = 0; at < run; ++at) {
      const OutgoingDatagram& datagram = *datagrams[taken + at];
      // sendmmsg only reads; the vectors' type is shared with recvmmsg.
      room.vectors[vector++] = {.iov_base = const_cast<std::uint8_t*>(datagram.head.data()),
                                .iov_len = datagram.head.size()};
      if (datagram.body.empty()) continue;
      room.vectors[vector++] = {.iov_base = const_cast<std::uint8_t*>(datagram.body.data()),
                                .iov_len = datagram.body.size()};
    }
    message.msg_iovlen = static_cast<std::size_t>(&room.vectors[vector] - message.msg_iov);
    if (first.interface_index != 0 || !first.source.address.is_unspecified()) {
      in_pktinfo information{};
      information.ipi_ifindex = static_cast<int>(first.interface_index);
      information.ipi_spec_dst = to_kernel(first.source.address);
      add_control(message, IPPROTO_IP, IP_PKTINFO, information);
    }
    if (run > 1) {
      const auto segment = static_cast<std::uint16_t>(first.size_bytes());
      add_control(message, SOL_UDP, UDP_SEGMENT, segment);
    }
    if (message.msg_controllen == 0) message.msg_control = nullptr;
    room.datagrams[room.message_count++] = run;
    taken += run;
  }
  return taken;
}

std::size_t DatagramSender::send(UdpSocket& socket,
                                 std::span<const OutgoingDatagram* const> datagrams,
                                 const Refused& refused) {
  Room& room = *room_;
  std::size_t sent_datagrams = 0;
  int retried = 0;
  while (!datagrams.empty()) {
    collect(datagrams);
    const int sent = sendmmsg(socket.descriptor(), room.messages.data(),
                              static_cast<unsigned>(room.message_count), 0);
    if (sent > 0) {
      for (std::size_t at = 0; at < static_cast<std::size_t>(sent); ++at) {
        sent_datagrams += room.datagrams[at];
        datagrams = datagrams.subspan(room.datagrams[at]);
      }
      retried = 0;
      continue;
    }
    const int code = errno;
    if (code == EINTR) continue;
    if (retried++ == 0 && (code == EAGAIN || code == ENOBUFS)) {
      pollfd writable{.fd = socket.descriptor(), .events = POLLOUT, .revents = 0};
      poll(&writable, 1, kSendPatienceMilliseconds);
      continue;
    }
    if (room.datagrams[0] > 1 && may_be_about_segments(code)) {
      room.has_segmentation = false;
      retried = 0;
      continue;
    }
    if (retried == 1 && code == EMSGSIZE) {
      socket.allow_fragments();
      continue;
    }
    refused(*datagrams.front(), code);
    datagrams = datagrams.subspan(1);
    retried = 0;
  }
  return sent_datagrams;
}

}  // namespace pxeproof::live
