#include "live/wire_counter.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "live/socket_address.h"

namespace pxeproof::live {
namespace {

constexpr int kSnapLength = 65535;
// Room for nothing: a frame that passes the filter is counted, and then dropped before it is
// copied.
constexpr int kNoBuffer = 0;

struct ClosePcap {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};

SystemResult<std::vector<sock_filter>> compile(const std::string& filter) {
  const std::unique_ptr<pcap_t, ClosePcap> handle(pcap_open_dead(DLT_EN10MB, kSnapLength));
  bpf_program program{};
  if (handle == nullptr ||
      pcap_compile(handle.get(), &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return fail(error_of(EINVAL, "packet filter \"" + filter + "\"",
                         handle == nullptr ? "" : pcap_geterr(handle.get())));
  }
  std::vector<sock_filter> code(program.bf_len);
  std::transform(program.bf_insns, program.bf_insns + program.bf_len, code.begin(),
                 [](const bpf_insn& each) {
                   return sock_filter{each.code, each.jt, each.jf, each.k};
                 });
  pcap_freecode(&program);
  return code;
}

}  // namespace

SystemResult<WireCounter> WireCounter::open(const std::string& interface,
                                            const std::string& filter) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return fail(last_error("interface " + interface));
  auto code = compile(filter);
  if (!code) return fail(std::move(code.error()));
  // Protocol 0: nothing is counted before the filter is in place and the socket bound.
  FileDescriptor descriptor(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor.is_open()) return fail(last_error("packet socket on " + interface));
  const sock_fprog program{static_cast<unsigned short>(code->size()), code->data()};
  if (setsockopt(descriptor.number(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) !=
      0) {
    return fail(last_error("packet filter on " + interface));
  }
  setsockopt(descriptor.number(), SOL_SOCKET, SO_RCVBUF, &kNoBuffer, sizeof kNoBuffer);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = to_network_order(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);
  if (bind(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(last_error("packet socket on " + interface));
  }
  return WireCounter(std::move(descriptor));
}

std::uint64_t WireCounter::count() {
  // The kernel counts from the last time it was asked; what found no room is part of tp_packets.
  tpacket_stats counted{};
  socklen_t size = sizeof counted;
  if (getsockopt(socket_.number(), SOL_PACKET, PACKET_STATISTICS, &counted, &size) == 0) {
    count_ += counted.tp_packets;
  }
  return count_;
}

}  // namespace pxeproof::live
