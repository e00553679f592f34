#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/datagram_service.h"
#include "server/configuration.h"

namespace pxeproof::server {

// Carries requests of clients to the DHCP servers of dhcp-relay lines, and their answers back
// (RFC 1542 s.4, RFC 2131). As in dnsmasq 2.90, every line with an address of the receiving
// interface gets the request, and the answer finds its way by giaddr.
class Relay {
 public:
  Relay(const Configuration& configuration, const std::vector<NetworkInterface>& interfaces);

  bool is_empty() const { return lines_.empty(); }

  // Whether a datagram is an answer that came back for one of the lines.
  bool is_answer(const IncomingDatagram& datagram) const { return line_of_answer(datagram); }

  // What to send for a request, in order of the lines; none when no line has an address on the
  // receiving interface, or the request has come round. The header must be whole.
  std::vector<OutgoingDatagram> forward(const IncomingDatagram& request) const;
  bool is_for(const IncomingDatagram& request) const;

  // The answer on its way to the client.
  std::optional<OutgoingDatagram> hand_back(const IncomingDatagram& answer) const;

 private:
  struct Line {
    DhcpRelay words;
    std::uint32_t interface_index = 0;         // of the clients
    std::uint32_t server_interface_index = 0;  // where it is broadcast to servers; 0: routed
  };
  const Line* line_of_answer(const IncomingDatagram& datagram) const;
  std::string_view name_of(std::uint32_t interface_index) const;

  std::vector<Line> lines_;
  std::vector<NetworkInterface> interfaces_;
  std::uint16_t server_port_ = 67;
  std::uint16_t client_port_ = 68;
};

}  // namespace pxeproof::server
