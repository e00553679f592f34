#include "live/network_interfaces.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "live/file_descriptor.h"
#include "live/socket_address.h"

namespace pxeproof::live {
namespace {

Ipv4Address read_address(const sockaddr* address) {
  sockaddr_in internet{};
  std::memcpy(&internet, address, sizeof internet);
  return from_kernel(internet.sin_addr);
}

std::uint32_t read_mtu(const FileDescriptor& any_socket, const std::string& interface) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), sizeof request.ifr_name - 1);
  if (ioctl(any_socket.number(), SIOCGIFMTU, &request) != 0) {
    return NetworkInterface{}.mtu;
  }
  return static_cast<std::uint32_t>(request.ifr_mtu);
}

}  // namespace

SystemResult<std::vector<NetworkInterface>> list_network_interfaces() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) {
    return fail(last_error("network interfaces"));
  }
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(first, freeifaddrs);
  const FileDescriptor any_socket(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::vector<NetworkInterface> interfaces;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) {
      continue;
    }
    // "eth0:1" is an alias of eth0, an address more.
    std::string name(entry->ifa_name);
    name.resize(std::min(name.find(':'), name.size()));
    auto found =
        std::find_if(interfaces.begin(), interfaces.end(),
                     [&name](const NetworkInterface& known) { return known.name == name; });
    if (found == interfaces.end()) {
      NetworkInterface interface;
      interface.index = if_nametoindex(name.c_str());
      interface.name = name;
      interface.mtu = read_mtu(any_socket, name);
      found = interfaces.insert(interfaces.end(), std::move(interface));
    }
    if (entry->ifa_addr->sa_family == AF_PACKET) {
      sockaddr_ll link{};
      std::memcpy(&link, entry->ifa_addr, sizeof link);
      if (link.sll_halen == found->mac.octets.size()) {
        std::memcpy(found->mac.octets.data(), link.sll_addr, found->mac.octets.size());
      }
    } else if (entry->ifa_addr->sa_family == AF_INET) {
      const Ipv4Address netmask = entry->ifa_netmask != nullptr ? read_address(entry->ifa_netmask)
                                                                : Ipv4Address::broadcast();
      found->addresses.push_back({.address = read_address(entry->ifa_addr), .netmask = netmask});
    }
  }
  return interfaces;
}

}  // namespace pxeproof::live
