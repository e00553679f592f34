#pragma once

#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>

#include <optional>
#include <string>
#include <vector>

#include "live/link_commands.h"
#include "live/monotonic_clock.h"
#include "live/packet_port.h"
#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::live {

inline void run_ip(const std::vector<std::string>& lines) {
  const auto done = run_ip_batch(lines);
  EXPECT_TRUE(done) << done.error().message;
}

// A cable from an interface of the server to a client that writes its own frames.
inline void plug_in(const std::string& interface, const std::string& client,
                    const std::string& address) {
  run_ip({"link add " + interface + " type veth peer name " + client,
          "link set dev " + client + " up", "address add " + address + " dev " + interface,
          "link set dev " + interface + " up"});
}

// A PXE client at its end of the cable.
class WiredClient {
 public:
  explicit WiredClient(const std::string& interface) {
    auto port = PacketPort::open(interface);
    EXPECT_TRUE(port) << port.error().message;
    if (port) port_.emplace(std::move(*port));
  }

  // Directly, or as a relay at that address hands it on.
  void send_discover(Ipv4Address relay = {}) { port_->send(std::vector<Frame>{question(relay)}); }

  // Broadcasts a DISCOVER again and again until it is answered: who answers, or nobody within the
  // time.
  std::optional<Ipv4Address> discover(Duration patience = std::chrono::seconds(20)) {
    const Instant end = now() + patience;
    while (port_ && now() < end) {
      send_discover();
      const Instant next = std::min(end, now() + std::chrono::milliseconds(200));
      while (now() < next) {
        if (const auto server = hear()) return server;
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr MacAddress kMac{{2, 0, 0, 0, 0, 0x50}};

  static Frame question(Ipv4Address relay) {
    dhcp::Message discover;
    discover.header.set_mac(kMac);
    discover.header.giaddr = relay;
    discover.add_type(dhcp::MessageType::Discover);
    discover.add_text(dhcp::OptionCode::VendorClass, "PXEClient:Arch:00000:UNDI:002001");
    discover.add_u16(dhcp::OptionCode::ClientArchitecture, 0);
    return frames::build_udp({.destination_mac = MacAddress::broadcast(),
                              .source_mac = kMac,
                              .source = {{}, 68},
                              .destination = {Ipv4Address::broadcast(), 67}},
                             dhcp::encode(discover));
  }

  std::optional<Ipv4Address> hear() {
    pollfd readable{.fd = port_->descriptor(), .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, 20) <= 0) return std::nullopt;
    const auto received = port_->receive();
    if (!received) return std::nullopt;
    for (const ByteView frame : *received) {
      const auto udp = frames::inspect_udp(frame);
      if (udp && udp->destination.port == 68) return udp->source.address;
    }
    return std::nullopt;
  }

  std::optional<PacketPort> port_;
};

}  // namespace pxeproof::live
