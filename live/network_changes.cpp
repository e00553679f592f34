#include "live/network_changes.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace pxeproof::live {

SystemResult<NetworkChanges> NetworkChanges::create() {
  FileDescriptor descriptor(
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!descriptor.is_open()) return fail(last_error("changes of interfaces: netlink"));
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  local.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR;
  if (bind(descriptor.number(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return fail(last_error("changes of interfaces: netlink"));
  }
  return NetworkChanges(std::move(descriptor));
}

bool NetworkChanges::take_change() { return std::exchange(has_changed_, false); }

// What changed is not read: after more messages than the socket holds (ENOBUFS) it would not be
// all, so the interfaces are listed anew in any case.
Activity NetworkChanges::on_wake(Instant) {
  std::array<char, 16384> message{};
  for (;;) {
    const ssize_t got = recv(socket_.number(), message.data(), message.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != ENOBUFS) return Activity::Idle;
    has_changed_ = true;
  }
}

}  // namespace pxeproof::live
