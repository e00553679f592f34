#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"
#include "trace/network_steps.h"
#include "trace/seen_packet.h"
#include "trace/transfer_tracker.h"

namespace pxeproof::trace {

// One DHCP message of a boot, as far as a boot turns on it.
struct DhcpStep {
  std::optional<dhcp::MessageType> type;  // nullopt: BOOTP
  enum class Direction { FromClient, ToClient };
  Direction direction = Direction::FromClient;
  MacAddress client;
  Endpoint source;
  Endpoint destination;
  std::uint32_t xid = 0;
  std::uint16_t secs = 0;
  std::uint16_t flags = 0;
  Ipv4Address ciaddr;
  Ipv4Address yiaddr;
  Ipv4Address siaddr;
  Ipv4Address giaddr;
  std::optional<Ipv4Address> server_id;
  std::optional<Ipv4Address> requested_address;
  std::optional<std::uint32_t> lease_seconds;
  std::string boot_file;    // option 67, else the file field
  std::string header_file;  // the file field, when it is not overloaded
  std::string server_name;  // option 66, else the sname field
  std::string vendor_class;
  std::string user_class;
  std::optional<std::uint16_t> architecture;  // first element of option 93
  std::optional<Guid> guid;
  std::optional<std::uint8_t> discovery_control;
  std::vector<pxe::MenuEntry> menu;
  std::vector<pxe::BootServerEntry> boot_servers;
  std::optional<pxe::MenuPrompt> prompt;
  std::optional<pxe::BootItem> item;
  std::string nak_text;
  PacketFacts packet;
  Bytes octets;                  // the message itself, for what has no field here
  bool cut = false;              // the capture's snap length left out its end
  std::size_t message_size = 0;  // octets on the wire

  // An answer without an address for the client, that names itself a PXE server.
  bool is_proxy_offer() const;
  bool to_boot_server() const { return destination.port == dhcp::kBootServerPort; }
  bool from_boot_server() const { return source.port == dhcp::kBootServerPort; }
};

// What happened, at what time, in which packets.
struct Step {
  Instant at;
  std::uint32_t first_packet = 0;  // counted from 1
  std::uint32_t last_packet = 0;
  std::variant<DhcpStep, TransferStep, HttpStep, IcmpStep, ArpStep> what;
};

// Reads the fields of a DHCP message into a step.
DhcpStep read_dhcp_step(const Endpoint& source, const Endpoint& destination,
                        const dhcp::MessageView& message);

// Turns the frames of one client's boot into steps, as they pass. A file's step comes when its
// transfer is over.
class StepReader {
 public:
  // With a MAC address, everybody else's packets are left out.
  explicit StepReader(std::optional<MacAddress> client) : client_(client) {}

  // An Ethernet frame; the capture may have cut its end off.
  void on_frame(std::uint32_t number, Instant at, ByteView frame);

  // Transfers that are still open become steps as they stand.
  void finish();

  std::optional<Step> poll_step();

 private:
  bool concerns_client(const MacAddress& source, const MacAddress& destination) const;

  std::optional<MacAddress> client_;
  TransferTracker transfers_;
  std::deque<Step> steps_;
};

}  // namespace pxeproof::trace
