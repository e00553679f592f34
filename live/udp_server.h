#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "live/event_loop.h"
#include "live/file_descriptor.h"
#include "live/udp_socket.h"
#include "protocol/datagram_service.h"

namespace pxeproof::live {

struct UdpServerOptions {
  std::string interface {};  // listen on this one only; empty: all
  Ipv4Address address{};     // listen on this one only (broadcasts are not heard then); 0: all
  std::set<std::uint16_t> dhcp_ports{67, 4011};  // marked as DHCP, all others as transfers
  // Where the sender's MAC address is looked up in the kernel's neighbour table: 69 for
  // tftp-unique-root=mac.
  std::set<std::uint16_t> neighbour_ports{};
};

// Runs a DatagramService on the kernel's UDP sockets, one for each of its ports. The service
// belongs to the caller.
class UdpServer : public EventSource {
 public:
  struct Statistics {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t refused = 0;  // by the kernel, on sending
    std::string last_refusal;   // its words
  };

  // A datagram that the kernel did not send.
  struct Refusal {
    std::uint32_t interface_index = 0;  // 0: left to routing
    int code = 0;                       // errno
    Endpoint destination{};
  };

  // Opens every port of the service that is not among the reserved ones.
  static SystemResult<UdpServer> create(DatagramService& service, const UdpServerOptions& options);
  static SystemResult<UdpServer> create(DatagramService& service, const UdpServerOptions& options,
                                        ReservedPorts reserved);
  // Opens nothing: the sockets are those of the service's ports.
  static SystemResult<UdpServer> run_on(DatagramService& service, const UdpServerOptions& options,
                                        std::vector<UdpSocket> sockets);
  UdpServer(UdpServer&&) noexcept;
  UdpServer& operator=(UdpServer&&) noexcept;
  ~UdpServer() override;

  // As in UdpServerOptions.
  void set_neighbour_ports(std::set<std::uint16_t> ports) { neighbour_ports_ = std::move(ports); }
  void set_dhcp_ports(std::set<std::uint16_t> ports) { dhcp_ports_ = std::move(ports); }

  // A socket more, or in the place of the one that has its port.
  SystemResult<void> adopt(UdpSocket socket);
  void close_port(std::uint16_t port);
  std::set<std::uint16_t> open_ports() const;

  // Whether successors may be bound to the same ports, before they are adopted.
  void set_sharing(UdpSocket::Sharing sharing);

  // The interfaces have changed.
  void set_interfaces(std::vector<NetworkInterface> interfaces) {
    interfaces_ = std::move(interfaces);
  }

  // Sends what the service has to say after a call from elsewhere.
  void send_waiting() { drain(); }

  const Statistics& statistics() const { return statistics_; }
  // What the kernel refused since the last call: one each time for each interface and code.
  std::optional<Refusal> poll_refusal();

  // Hears a multicast group on one of its ports, on every interface that has an address.
  SystemResult<void> join(std::uint16_t port, Ipv4Address group);

  std::vector<int> descriptors() const override { return {events_.number()}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return service_->poll_timeout(); }

 private:
  struct Receiving;
  struct Sending;

  UdpServer(DatagramService& service, const UdpServerOptions& options);
  SystemResult<void> prepare();
  SystemResult<void> watch(UdpSocket socket);
  bool take_expected(Instant now);
  std::size_t receive(Instant now, UdpSocket& socket);
  void drain();
  void send_collected();
  void send_from(UdpSocket& socket, const std::vector<const OutgoingDatagram*>& datagrams);
  void send_frame(const OutgoingDatagram& datagram);
  const NetworkInterface* find_interface(std::uint32_t index);
  std::optional<MacAddress> find_neighbour(const UdpSocket& socket, std::uint32_t interface_index,
                                           Ipv4Address address);
  void count_refusal(const OutgoingDatagram& datagram, int code);

  DatagramService* service_;
  std::set<std::uint16_t> dhcp_ports_;
  std::set<std::uint16_t> neighbour_ports_;
  std::vector<UdpSocket> sockets_;
  std::unordered_map<std::uint16_t, std::size_t> socket_of_port_;
  FileDescriptor events_;                // epoll over the sockets
  std::optional<std::size_t> expected_;  // place of the socket that had the last DHCP message
  int taken_in_a_row_ = 0;
  FileDescriptor frames_;  // packet socket, for datagrams that must not be preceded by ARP
  std::vector<NetworkInterface> interfaces_;
  std::unique_ptr<Receiving> receiving_;
  std::unique_ptr<Sending> sending_;
  Statistics statistics_;
  std::vector<Refusal> refusals_;  // not polled yet
};

}  // namespace pxeproof::live
