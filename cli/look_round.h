#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/dhcp_probe.h"
#include "cli/running_server.h"
#include "live/event_loop.h"
#include "live/packet_port.h"

namespace pxeproof::cli {

// "serving: arch 0 pxelinux.0" for an interface of a directory's server; "not served
// (--interface)".
std::string describe_service(const RunningServer& server, const NetworkInterface& interface);

// A line for each network of a directory's server: what is served there.
std::vector<std::string> describe_networks(const RunningServer& server);

// Looks which other servers answer on the networks that a server serves, all at once and while it
// serves, and prints a line for each network when it knows.
class LookRound : public live::EventSource {
 public:
  using Print = std::function<void(const std::string& line)>;

  // Asks; needs CAP_NET_RAW, and from then on no rights. The server outlives this.
  LookRound(const RunningServer& server, std::uint64_t seed, Print print);

  // The machines that it asked as.
  std::set<MacAddress> askers() const;
  // Whether every network's line is printed.
  bool is_over() const;
  // Hears no answers any more; to be called outside a loop.
  void close();

  // A client's request to another server, which may have come later than the question.
  void on_event(const server::ServerEvent& event);

  std::vector<int> descriptors() const override;
  live::Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override;

 private:
  struct Network {
    NetworkInterface interface;
    std::optional<DhcpProbe> probe{};  // nothing: it is not served
    std::optional<live::PacketPort> port{};
    std::string seen{};  // where it could not be asked
    bool is_told = false;
  };
  void ask(Network& network, DhcpProbe::Options options);
  void tell(Network& network);
  static bool is_asked(const Network& network);

  const RunningServer& server_;
  Print print_;
  std::vector<Network> networks_;
};

}  // namespace pxeproof::cli
