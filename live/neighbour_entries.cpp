#include "live/neighbour_entries.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace pxeproof::live {
namespace {

// RTM_NEWNEIGH with the two attributes that an entry needs (rtnetlink(7)).
struct Request {
  nlmsghdr header{};
  ndmsg neighbour{};
  rtattr destination{};
  std::array<std::uint8_t, 4> address{};
  rtattr link_address{};
  std::array<std::uint8_t, 8> mac{};  // six octets and their padding
};
static_assert(sizeof(Request) == sizeof(nlmsghdr) + sizeof(ndmsg) + RTA_SPACE(4) + RTA_SPACE(6));

}  // namespace

SystemResult<NeighbourEntries> NeighbourEntries::open(const std::string& interface) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return fail(last_error("interface " + interface));
  FileDescriptor descriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!descriptor.is_open()) return fail(last_error("netlink socket"));
  return NeighbourEntries(std::move(descriptor), static_cast<int>(index));
}

SystemResult<void> NeighbourEntries::add(Ipv4Address address, const MacAddress& mac) {
  Request request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWNEIGH;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE;
  request.neighbour.ndm_family = AF_INET;
  request.neighbour.ndm_ifindex = interface_index_;
  request.neighbour.ndm_state = NUD_PERMANENT;
  request.destination = {.rta_len = RTA_LENGTH(4), .rta_type = NDA_DST};
  request.address = address.octets();
  request.link_address = {.rta_len = RTA_LENGTH(6), .rta_type = NDA_LLADDR};
  std::ranges::copy(mac.octets, request.mac.begin());
  // The kernel does its work within the call; it answers only when it refuses.
  if (send(socket_.number(), &request, sizeof request, 0) < 0) {
    return fail(last_error("neighbour entry for " + to_string(address)));
  }
  std::array<std::uint8_t, 256> answer{};
  const auto size = recv(socket_.number(), answer.data(), answer.size(), MSG_DONTWAIT);
  if (size >= static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(nlmsgerr))) {
    nlmsgerr refusal{};
    std::memcpy(&refusal, answer.data() + sizeof(nlmsghdr), sizeof refusal);
    if (refusal.error != 0) {
      return fail(error_of(-refusal.error, "neighbour entry for " + to_string(address), ""));
    }
  }
  return {};
}

}  // namespace pxeproof::live
