#include "live/message_channel.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace pxeproof::live {
namespace {

union DescriptorControl {
  std::array<char, CMSG_SPACE(sizeof(int) * MessageChannel::kMaximumDescriptors)> space;
  cmsghdr aligned;
};

MessageChannel::Outcome outcome_of(int code) {
  return code == EAGAIN || code == ENOBUFS ? MessageChannel::Outcome::WouldBlock
                                           : MessageChannel::Outcome::Closed;
}

}  // namespace

SystemResult<std::pair<MessageChannel, MessageChannel>> MessageChannel::create_pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(last_error("channel between processes"));
  }
  return std::pair(MessageChannel(FileDescriptor(ends[0])),
                   MessageChannel(FileDescriptor(ends[1])));
}

MessageChannel::Outcome MessageChannel::send(ByteView octets, std::span<const int> descriptors,
                                             Waiting waiting) {
  iovec part{.iov_base = const_cast<std::uint8_t*>(octets.data()), .iov_len = octets.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  DescriptorControl control{};
  if (!descriptors.empty()) {
    message.msg_control = control.space.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  const int flags = MSG_NOSIGNAL | (waiting == Waiting::Forbidden ? MSG_DONTWAIT : 0);
  for (;;) {
    if (sendmsg(socket_.number(), &message, flags) >= 0) return Outcome::Done;
    if (errno != EINTR) return outcome_of(errno);
  }
}

MessageChannel::Outcome MessageChannel::receive(Message& out, Waiting waiting) {
  out.descriptors.clear();
  iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
  DescriptorControl control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.space.data();
  message.msg_controllen = control.space.size();
  const int flags = MSG_CMSG_CLOEXEC | (waiting == Waiting::Forbidden ? MSG_DONTWAIT : 0);
  ssize_t size = -1;
  do {
    size = recvmsg(socket_.number(), &message, flags);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return outcome_of(errno);
  out.octets.assign(buffer_.begin(), buffer_.begin() + size);
  out.descriptors_lost = (message.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof number);
      out.descriptors.emplace_back(number);
    }
  }
  // An end of file is a message without octets, which we never send.
  return size == 0 ? Outcome::Closed : Outcome::Done;
}

}  // namespace pxeproof::live
