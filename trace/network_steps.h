#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/addresses.h"
#include "trace/file_head.h"
#include "trace/seen_packet.h"

namespace pxeproof::trace {

// A request that was seen to begin on a TCP connection, and the first line of its answer; or a
// connection without a request that can be read.
struct HttpStep {
  Endpoint client;
  Endpoint server;
  std::string method{};  // "GET" or "HEAD"
  std::string target{};  // "/boot/vmlinuz"
  std::string host{};    // the Host field, when it was in the same segment
  std::optional<std::uint16_t> status{};
  std::optional<std::uint64_t> length{};  // octets of the content, as the answer says
  std::optional<std::uint64_t> octets{};  // of it that came; nullopt: the capture does not show it
  FileHead head{};                        // of its content, as captured
  enum class Connection {
    Open,       // a request was seen
    Refused,    // RST
    Silent,     // the client's SYN was not answered
    Encrypted,  // to port 443: what is said there cannot be read
  };
  Connection connection = Connection::Open;
  std::uint32_t attempts = 1;  // to connect, when that is all there was

  bool is_cut_short() const { return length && octets && *octets < *length; }
};

// An ICMP message about one of the boot's packets.
struct IcmpStep {
  Ipv4Address sender;
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint8_t about_protocol = 0;
  Endpoint about_source;
  Endpoint about_destination;
  std::uint16_t next_mtu = 0;  // of "fragmentation needed" (RFC 1191), 0 when not told

  bool is_unreachable() const { return type == 3; }
  bool is_port_unreachable() const { return is_unreachable() && code == 3; }
  bool is_host_unreachable() const { return is_unreachable() && code < 2; }  // or its network
  bool is_fragmentation_needed() const { return is_unreachable() && code == 4; }
};

// The client's search for a neighbour by ARP; one step for all requests in a row.
struct ArpStep {
  Ipv4Address target;
  std::uint32_t requests = 1;
  bool answered = false;
  // Of the client's question for its own address: who has it.
  std::optional<MacAddress> holder{};
};

}  // namespace pxeproof::trace
