#include "live/lab_network.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>

#include "live/link_commands.h"

namespace pxeproof::live {
namespace {

constexpr const char* kSwitch = "switch";
constexpr std::size_t kMaximumName = 15;  // IFNAMSIZ without its NUL

SystemResult<void> check_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  });
  if (name.empty() || name.size() > kMaximumName || !plain) {
    return fail(
        error_of(EINVAL, "lab host \"" + name + "\"", "use up to 15 letters a-z, digits and '-'"));
  }
  return {};
}

SystemResult<void> join(int network, int mounts) {
  std::array<char, PATH_MAX> directory{};
  const char* here = getcwd(directory.data(), directory.size());
  if (setns(network, CLONE_NEWNET) != 0 || setns(mounts, CLONE_NEWNS) != 0) {
    return fail(last_error("lab host: cannot join its namespaces"));
  }
  // setns moves to the root directory; names that the user gave are relative to where they were.
  if (here != nullptr && chdir(here) != 0) {
    return {};
  }
  return {};
}

SystemResult<void> disable_ipv6() {
  for (const char* path : {"/proc/sys/net/ipv6/conf/all/disable_ipv6",
                           "/proc/sys/net/ipv6/conf/default/disable_ipv6"}) {
    const FileDescriptor setting(open(path, O_WRONLY | O_CLOEXEC));
    if (setting.is_open() && write(setting.number(), "1", 1) != 1) {
      return fail(last_error(path));
    }
  }
  return {};
}

SystemResult<void> make_host_namespaces(const HostOptions& options) {
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
    return fail(last_error("lab host " + options.name + ": cannot make namespaces"));
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return fail(last_error("lab host " + options.name + ": cannot make its mounts private"));
  }
  if (auto disabled = disable_ipv6(); !disabled) {
    return disabled;
  }
  std::vector<FileDescriptor> trees;
  trees.reserve(options.trees.size());
  for (const TreeMount& wanted : options.trees) {
    auto tree = take_tree(wanted);
    if (!tree) {
      return fail(std::move(tree.error()));
    }
    trees.push_back(std::move(*tree));
  }
  for (const std::string& path : options.private_directories) {
    if (auto mounted = mount_private_directory(path); !mounted) {
      return mounted;
    }
  }
  for (std::size_t i = 0; i < trees.size(); ++i) {
    if (auto mounted = put_tree(trees[i], options.trees[i]); !mounted) {
      return mounted;
    }
  }
  return {};
}

// Two descriptors through a socket (unix(7), SCM_RIGHTS).
using DescriptorPair = std::array<int, 2>;

union DescriptorMessage {
  std::array<char, CMSG_SPACE(sizeof(DescriptorPair))> space;
  cmsghdr aligned;
};

bool send_descriptors(int through, const DescriptorPair& descriptors) {
  char octet = 0;
  iovec text{.iov_base = &octet, .iov_len = 1};
  DescriptorMessage control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.space.data();
  message.msg_controllen = control.space.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptors);
  std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof descriptors);
  return sendmsg(through, &message, 0) == 1;
}

std::optional<DescriptorPair> receive_descriptors(int through) {
  char octet = 0;
  iovec text{.iov_base = &octet, .iov_len = 1};
  DescriptorMessage control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.space.data();
  message.msg_controllen = control.space.size();
  if (recvmsg(through, &message, MSG_CMSG_CLOEXEC) != 1) {
    return std::nullopt;
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
    return std::nullopt;
  }
  DescriptorPair descriptors{};
  std::memcpy(descriptors.data(), CMSG_DATA(header), sizeof descriptors);
  return descriptors;
}

}  // namespace

SystemResult<ChildProcess> Host::start(const Command& command) const {
  return ChildProcess::start(command, joining());
}

SystemResult<ChildProcess> Host::start(const std::function<int()>& body) const {
  return ChildProcess::start(body, joining());
}

ChildProcess::Preparation Host::joining() const {
  return [network = network_.number(), mounts = mounts_.number()] { return join(network, mounts); };
}

SystemResult<void> Host::within_network(const std::function<SystemResult<void>()>& work) const {
  const FileDescriptor own(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!own.is_open() || setns(network_.number(), CLONE_NEWNET) != 0) {
    return fail(last_error("lab host " + options_.name + ": cannot join its network"));
  }
  auto done = work();
  if (setns(own.number(), CLONE_NEWNET) != 0) {
    return fail(last_error("lab host " + options_.name + ": cannot leave its network"));
  }
  return done;
}

SystemResult<LabNetwork> LabNetwork::create() {
  const std::string name = kSwitch;
  auto made = run_ip_batch(
      {"link add name " + name + " type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
       "link set dev " + name + " up"});
  if (!made) {
    return fail(std::move(made.error()));
  }
  return LabNetwork();
}

SystemResult<Host> LabNetwork::add_host(HostOptions options) {
  if (auto checked = check_name(options.name); !checked) {
    return fail(std::move(checked.error()));
  }
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(last_error("lab host: socketpair"));
  }
  const FileDescriptor ours(ends[0]);
  const FileDescriptor theirs(ends[1]);
  // A process that lives only until its namespaces have been handed over and its cable is plugged.
  auto maker = ChildProcess::start(
      [&theirs] {
        const FileDescriptor network(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
        const FileDescriptor mounts(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
        char octet = 0;
        return send_descriptors(theirs.number(), {network.number(), mounts.number()}) &&
                       read(theirs.number(), &octet, 1) == 1
                   ? 0
                   : 1;
      },
      [&options] { return make_host_namespaces(options); });
  if (!maker) {
    return fail(std::move(maker.error()));
  }
  const auto descriptors = receive_descriptors(ours.number());
  if (!descriptors) {
    return fail(last_error("lab host " + options.name + ": cannot take its namespaces over"));
  }
  Host host(std::move(options), FileDescriptor((*descriptors)[0]),
            FileDescriptor((*descriptors)[1]));
  const HostOptions& wanted = host.options();
  const bool on_switch = wanted.cable == HostOptions::Cable::Switch;
  const std::string& interface = wanted.interface;
  const std::string mtu = std::to_string(wanted.mtu);
  auto plugged =
      run_ip_batch({"link add name " + wanted.name + " mtu " + mtu + " type veth peer name " +
                        interface + " mtu " + mtu + " address " + to_string(wanted.mac) +
                        " netns " + std::to_string(maker->pid()),
                    "link set dev " + wanted.name +
                        (on_switch ? std::string(" master ") + kSwitch : std::string()) + " up"});
  if (!plugged) {
    return fail(std::move(plugged.error()));
  }
  maker->stop(Duration(0));

  auto quiet = host.within_network([&interface] { return switch_offloads_off(interface); });
  if (!quiet) {
    return fail(std::move(quiet.error()));
  }
  const std::string address = to_string(wanted.address.address) + "/" +
                              std::to_string(std::popcount(wanted.address.netmask.value));
  std::vector<std::string> lines{
      "link set dev lo up", "address add " + address + " brd + dev " + interface,
      "link set dev " + interface + " up", "route add 224.0.0.0/4 dev " + interface};
  if (wanted.gateway) {
    lines.push_back("route add default via " + to_string(*wanted.gateway));
  }
  if (auto configured = run_ip_batch(lines, host.joining()); !configured) {
    return fail(std::move(configured.error()));
  }
  if (!on_switch) return host;
  if (auto ready = wait_until_forwarding(wanted.name); !ready) {
    return fail(std::move(ready.error()));
  }
  return host;
}

SystemResult<std::string> LabNetwork::add_port(const std::string& name) {
  if (auto checked = check_name(name); !checked) {
    return fail(std::move(checked.error()));
  }
  if (name.size() + 1 > kMaximumName) {
    return fail(error_of(EINVAL, "lab port " + name, "use up to 14 letters"));
  }
  const std::string plug = name + "s";
  auto plugged = run_ip_batch({"link add name " + plug + " type veth peer name " + name,
                               "link set dev " + plug + " master " + kSwitch + " up",
                               "link set dev " + name + " up"});
  if (!plugged) {
    return fail(std::move(plugged.error()));
  }
  if (auto ready = wait_until_forwarding(plug); !ready) {
    return fail(std::move(ready.error()));
  }
  return name;
}

}  // namespace pxeproof::live
