#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/time.h"

namespace pxeproof {

// A network interface as a server sees it. Made by live/ from the kernel or by lab/ from the
// scenario.
struct NetworkInterface {
  std::uint32_t index = 0;  // the kernel's number; unique within one server
  std::string name{};       // also a tag in dnsmasq's configuration language
  MacAddress mac{};
  std::vector<Subnet> addresses{};  // IPv4 only; the first is the primary one
  std::uint32_t mtu = 1500;         // octets of IP packet

  friend bool operator==(const NetworkInterface&, const NetworkInterface&) = default;
};

// A UDP datagram that the kernel (or the lab's IP layer) hands to a server.
struct IncomingDatagram {
  Endpoint source{};
  Endpoint destination{};             // as on the wire: tells broadcast and multicast from unicast
  std::uint32_t interface_index = 0;  // where it arrived
  ByteView payload{};                 // valid during the call only
  // The neighbour that sent it, where the runner knows it (tftp-unique-root=mac).
  std::optional<MacAddress> source_mac{};
};

// How the frame round an outgoing datagram is addressed.
enum class LinkAddressing {
  Resolve,    // by routing and ARP, as the kernel does
  Broadcast,  // Ethernet broadcast out of interface_index
  Direct,     // to link_address without asking ARP: the client has no address yet (RFC 2131 s.4.1)
};

// A UDP datagram that a server wants sent: a head it built, then a body it only points to.
struct OutgoingDatagram {
  Endpoint source{};  // the port names the socket; an unspecified address lets the sender choose
  Endpoint destination{};
  std::uint32_t interface_index = 0;  // 0: by routing
  LinkAddressing addressing = LinkAddressing::Resolve;
  MacAddress link_address{};  // for Direct
  Bytes head{};               // capacity is reused from datagram to datagram
  ByteView body{};  // file content that belongs to the service; valid until its next on_* call

  std::size_t size_bytes() const { return head.size() + body.size(); }
};

// A server. It has the shape of a Station, one layer up: in the real world the kernel does ARP and
// IP for it.
class DatagramService {
 public:
  virtual ~DatagramService() = default;

  // The UDP ports it listens on and sends from. Fixed from construction on.
  virtual std::vector<std::uint16_t> ports() const = 0;

  // A datagram arrived. The payload is valid during the call only.
  virtual void on_datagram(Instant now, const IncomingDatagram& datagram) = 0;

  // Time has passed. Early or repeated calls do nothing.
  virtual void on_timeout(Instant now) = 0;

  // The next datagram to send into out, whose capacity is reused; false when there is none. A
  // runner may collect many before it sends them: bodies stay valid until the next on_* call.
  virtual bool poll_transmit(OutgoingDatagram& out) = 0;

  // When on_timeout wants to be called next.
  virtual std::optional<Instant> poll_timeout() const = 0;
};

}  // namespace pxeproof
