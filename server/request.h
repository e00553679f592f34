#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/datagram_service.h"
#include "protocol/dhcp/message.h"
#include "protocol/time.h"
#include "server/compiled_configuration.h"
#include "server/served_networks.h"
#include "server/tag_bits.h"

namespace pxeproof::server {

// Which of the two sockets a datagram came to.
enum class ServerPort { Dhcp, BootServer };

// Option 93 without allocation. RFC 4578 s.2.1 sets no limit; sixteen elements are looked at.
struct Architectures {
  std::array<std::uint16_t, 16> numbers{};
  std::size_t count = 0;

  std::span<const std::uint16_t> list() const { return std::span(numbers).first(count); }
  std::optional<std::uint16_t> first() const {
    return count == 0 ? std::nullopt : std::optional(numbers[0]);
  }
};
Architectures read_architectures(ByteView option_93);

// The first instance of an option with at least so many octets: shorter ones count as absent.
std::optional<ByteView> find_option(const dhcp::MessageView& message, dhcp::OptionCode code,
                                    std::size_t minimum_size);
std::optional<ByteView> find_option(const dhcp::MessageView& message, std::uint8_t code,
                                    std::size_t minimum_size);

// The value of a sub-option in a list of code, length and value; PAD and END as in option 43.
std::optional<ByteView> find_sub_option(ByteView list, std::uint8_t code, std::size_t minimum_size);

inline constexpr std::uint8_t kRapidCommit = 80;  // RFC 4039
inline constexpr std::uint8_t kClientFqdn = 81;   // RFC 4702
inline constexpr std::size_t kFqdnHeader = 3;     // flags and two result codes before the name

// The host name that a client gives in option 81 or 12, up to its first dot; empty when there is
// none or it is no legal name.
std::string_view client_host_name(const dhcp::MessageView& message);
// The same with the domain that the client gave it.
std::string client_full_name(const dhcp::MessageView& message);

// A request on its way through the server: what was read from it and what the configuration says
// of it.
struct Request {
  const dhcp::MessageView& message;
  const IncomingDatagram& datagram;
  const ServedNetworks::Interface& interface;
  ServerPort port = ServerPort::Dhcp;
  std::uint8_t type = 0;  // option 53 as it is
  bool is_bootp = false;  // without option 53
  Ipv4Address ciaddr{};   // unspecified in a DISCOVER and when option 50 is there
  Architectures architectures{};
  std::string_view vendor{};            // the dhcp-pxe-vendor that matched; empty: no PXE client
  std::optional<ByteView> boot_item{};  // 43.71, four octets or more
  std::optional<Ipv4Address> server_override{};  // RFC 5107
  Ipv4Address subnet_selector{};                 // RFC 3011 or RFC 3527
  std::span<const MatchedRange> ranges{};
  const TagBits* own_tags = nullptr;  // before tag-if
  const TagBits* tags = nullptr;      // after tag-if
  const Host* host = nullptr;

  bool is(dhcp::MessageType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
};

}  // namespace pxeproof::server
