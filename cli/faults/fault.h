#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/failure.h"
#include "protocol/addresses.h"
#include "protocol/datagram_service.h"
#include "protocol/dhcp/message.h"
#include "protocol/result.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::cli {

// What a server says, as faults name it.
enum class Said { Offer, Ack, Ack4011, Nak, Oack, Data, Error, Dhcp, Tftp, All };
std::string_view to_string(Said said);

// Which packets a fault is for.
struct WhichPackets {
  Said said = Said::All;
  double probability = 1;
  // Blocks for DATA, else the how-manieth of this kind for one client (DHCP) or transfer (TFTP).
  std::uint64_t first = 1;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t every = 1;
  bool is_numbered = false;
  bool is_last_block = false;
  enum class Again { Spared, Hit } again = Again::Hit;  // a block that is sent once more
  std::optional<MacAddress> client{};
  std::string file{};           // as it was asked for, or what stands behind its last slash
  std::size_t larger_than = 0;  // octets of UDP payload
};

// What is done to a packet.
struct Drop {};
struct Delay {
  Duration by{};
};
struct Duplicate {
  std::size_t copies = 1;  // beyond the packet itself
};
struct Reorder {};
struct Corrupt {
  std::optional<std::size_t> offset{};  // of the UDP payload; nullopt: drawn
};
struct Truncate {
  std::size_t size = 0;
};
struct EditDhcp {
  std::function<void(dhcp::Message& reply)> edit{};
  bool is_padded = true;  // to 300 octets
};
// An option whose length runs past the end of the message.
struct TearOption {
  std::uint8_t code = 0;
};
struct EditOack {
  std::function<void(tftp::Oack& oack, const tftp::Request& request)> edit{};
};
// Changes a DATA packet as it lies on the wire, of a transfer with this block size.
struct EditData {
  std::function<void(Bytes& packet, std::size_t block_size)> edit{};
};
// The block is sent once more, after the next one.
struct Resend {};
struct FromPort {
  std::optional<std::uint16_t> port{};  // nullopt: any other of the server's
};
struct FromAddress {
  Ipv4Address address{};
};
struct ToPort {
  std::uint16_t port = 0;
};
struct ByBroadcast {};
// An ERROR in place of a packet; the transfer is over.
struct SendError {
  std::uint16_t code = 0;
  std::string text{};
  std::uint64_t at = 0;  // a block; 0: the first reply, whatever it is
};
// Nothing that comes to a port is heard.
struct Silence {
  std::uint16_t port = 0;
  std::optional<Duration> lasts{};  // from the first datagram on; nullopt: for ever
};
using FaultAction =
    std::variant<Drop, Delay, Duplicate, Reorder, Corrupt, Truncate, EditDhcp, TearOption, EditOack,
                 EditData, Resend, FromPort, FromAddress, ToPort, ByBroadcast, SendError, Silence>;

// One way in which a server of `serve --fault` is wrong. The server itself knows nothing of it.
struct Fault {
  std::string text{};  // as it was written
  WhichPackets which{};
  // Also: the packet goes out as it is, and the faulty one behind it.
  enum class Original { Replaced, Kept } original = Original::Replaced;
  FaultAction action{};
};

// Why a text is no list of faults, and what to do.
struct FaultSyntaxError {
  std::size_t position = 0;  // of the character, counted from 1
  std::string problem{};
};

// Reads faults with ';' between them. The grammar: docs/faults.md.
Result<std::vector<Fault>, FaultSyntaxError> parse_faults(std::string_view text);

// All that --fault options say; the failure is "--fault:POSITION: what, and what to do".
Outcome<std::vector<Fault>> read_faults(std::span<const std::string> texts);

// A fault's text as a word for a shell.
std::string in_quotes(std::string_view text);

// One form of a fault, for lists and for the page about them.
struct FaultForm {
  std::string_view form{};
  std::string_view what{};
  std::string_view example{};
};
std::span<const FaultForm> fault_forms();

// The text of `--fault list`.
std::string list_faults();

}  // namespace pxeproof::cli
