#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/dhcp/option_code.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/time.h"
#include "server/reason.h"
#include "server/request.h"

namespace pxeproof::server {

// What the DHCP server did with one datagram.
struct ServerEvent {
  enum class Kind : std::uint8_t {
    Silent,             // reason says why
    ProxyOffered,       // OFFER of boot information
    ProxyAcknowledged,  // ACK of the same on the boot server port
    ItemAcknowledged,   // ACK for a line of the menu
    AddressOffered,
    AddressLeased,
    AddressRefused,  // NAK, refusal says why
    Informed,
    RequestRelayed,  // dhcp-relay: to the servers
    AnswerRelayed,   // and back to the client
  };
  Kind kind = Kind::Silent;
  Instant at;
  Reason reason = Reason::TooShort;          // Silent
  std::optional<dhcp::MessageType> request;  // nullopt: BOOTP, unknown or unreadable
  ServerPort port = ServerPort::Dhcp;
  Endpoint source;
  Ipv4Address relay;
  std::optional<MacAddress> client;  // nullopt: unreadable
  std::uint32_t xid = 0;
  std::optional<std::uint16_t> architecture;
  std::optional<pxe::BootItem> item;
  Ipv4Address address;  // the client's: offered, leased, refused or known from ciaddr
  Ipv4Address server;   // siaddr of a boot answer; silence: option 54 of a REQUEST
  std::string file;     // of a boot answer; empty: the client has to ask for it
  std::string host_name;
  std::string refusal;
  Duration delay{};          // dhcp-reply-delay
  std::size_t left_out = 0;  // menu entries and sub-options that did not fit the answer
  std::string interface;
};
std::string_view to_string(ServerEvent::Kind kind);
inline constexpr std::size_t kServerEventKinds =
    static_cast<std::size_t>(ServerEvent::Kind::AnswerRelayed) + 1;

// Totals since the server was made; every datagram that arrives is in exactly one of them, but for
// those that are relayed and answered, too.
struct DhcpCounters {
  std::array<std::uint64_t, kServerEventKinds> answered{};  // by kind; none is Silent
  std::array<std::uint64_t, kReasonCount> silent{};
};

// The lines that dnsmasq writes for it, such as "PXE(eth0) 52:54:00:12:34:56 proxy"; none for most
// silences. With log-dhcp they begin with the xid.
enum class LogStyle { Plain, WithXid };
std::vector<std::string> log_lines(const ServerEvent& event, LogStyle style);

// One line for people that explains the event, silences too: "silent: option 93 is missing ...".
std::string describe(const ServerEvent& event);

}  // namespace pxeproof::server
