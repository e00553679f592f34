#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/datagram_service.h"
#include "protocol/station.h"
#include "protocol/time.h"

namespace pxeproof::cli {

// Another server that answered on a network.
struct SeenDhcpServer {
  Ipv4Address address;
  enum class Kind { Leases, Proxy } kind = Kind::Leases;

  friend bool operator==(const SeenDhcpServer&, const SeenDhcpServer&) = default;
};

// The machine that asks, which does not exist: the interface's own address, marked as locally
// administered.
MacAddress probing_address(const MacAddress& mac);

// One question as a PXE client would ask it (a DISCOVER that nobody follows up) on one network, and
// who answers it.
class DhcpProbe {
 public:
  // dnsmasq pings the address that it is going to offer for three seconds first.
  static constexpr Duration kPatience = std::chrono::seconds(5);
  // Proxies ping nothing: with an address server seen, they have had their time after this.
  static constexpr Duration kProxyPatience = std::chrono::milliseconds(1500);

  // Others beyond are nobody's servers.
  static constexpr std::size_t kMaximumServers = 16;

  struct Options {
    std::uint64_t seed = 0;
    std::vector<Ipv4Address> own{};  // this machine's, whose answers are this server's
  };
  DhcpProbe(const NetworkInterface& interface, Options options, Instant now);

  // To be sent once, at the time that the probe was made.
  const Frame& question() const { return question_; }

  void on_frame(ByteView frame);
  // Heard otherwise; whether it was not known before.
  bool on_server(const SeenDhcpServer& seen);

  // Whether what was to be seen has been.
  bool is_over(Instant now) const { return now >= poll_timeout(); }
  Instant poll_timeout() const;

  const std::vector<SeenDhcpServer>& servers() const { return servers_; }

 private:
  bool has_leases() const;

  Options options_;
  Instant asked_;
  Bytes message_;
  Frame question_;
  std::vector<SeenDhcpServer> servers_;
};

// "DHCP server seen: 10.0.0.1 (leases)   other proxy: none".
std::string describe(const std::vector<SeenDhcpServer>& servers);

}  // namespace pxeproof::cli
