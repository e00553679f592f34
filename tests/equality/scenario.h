#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/dhcp/message.h"

// Configurations and requests that are put to dnsmasq 2.90 and to our server alike, and what a
// reader of the configuration knows about them. Nothing here uses server/: who judges our server
// must not share its code.
namespace pxeproof::equality {

inline constexpr Ipv4Address kServer = Ipv4Address::of(192, 168, 77, 1);
inline constexpr Ipv4Address kNetmask = Ipv4Address::of(255, 255, 255, 0);
inline constexpr Ipv4Address kGateway = Ipv4Address::of(192, 168, 77, 254);
inline constexpr MacAddress kServerMac{{0x02, 0x77, 0, 0, 0, 1}};

// Where a directive says that its file is.
struct Server {
  enum class Kind { None, Address, KnownName, UnknownName };
  Kind kind = Kind::None;
  Ipv4Address address{};  // also what a known name stands for
  std::string name{};
};

// pxe-service.
struct Service {
  enum class Kind { File, Local, Numbered };
  std::string condition{};  // "", "ipxe" or "!ipxe"
  std::uint16_t architecture = 0;
  std::string text{};
  Kind kind = Kind::File;
  std::string basename{};
  std::uint16_t type = 0;  // of a file: counted from 0x8000 by count_types
  Server server{};
};

// dhcp-boot.
struct Boot {
  std::string condition{};
  std::string file{};
  std::string server_name{};
  Server server{};
};

// pxe-prompt.
struct Prompt {
  std::string condition{};
  std::string text{};
  std::optional<unsigned> timeout{};
};

// dhcp-option=vendor:CLASS.
struct UserOption {
  std::string condition{};
  std::string vendor_class = "PXEClient";
  std::uint8_t code = 0;
  std::string written{};  // as the line has it
  Bytes value{};
};

// A line that sets a tag, and what it means.
struct Tag {
  std::string name;
  std::string line;
  std::function<bool(const dhcp::Message&)> is_set;
};

// One request. The servers see the same octets, but for what a conversation fills in.
struct Step {
  std::string name{};
  dhcp::Message message{};
  Bytes raw{};  // sent instead of the message when not empty: octets that are no message
  Endpoint source{{}, 68};
  Endpoint destination{Ipv4Address::broadcast(), 67};
  MacAddress source_mac{};
  MacAddress destination_mac = MacAddress::broadcast();

  // What is taken over from the server's own last reply to this hardware address.
  enum class Fill {
    Nothing,
    Selected,  // options 50 and 54
    Wanted,    // option 50
    Held,      // ciaddr, source and (for a release) option 54
  };
  Fill fill = Fill::Nothing;
};

struct Scenario {
  std::string name{};
  std::vector<std::string> lines{};  // the ranges and all that has no field below
  bool has_pool = false;
  std::vector<std::string> pxe_vendors{"PXEClient"};
  std::vector<Tag> tags{};
  std::vector<Service> services{};
  std::vector<Boot> boots{};
  std::vector<Prompt> prompts{};
  std::vector<UserOption> user_options{};
  std::vector<MacAddress> ignored{};  // dhcp-host=MAC,ignore
  std::vector<Step> steps{};

  // The lines of the configuration in their order.
  std::string text() const;
  bool names_boot_file() const;  // by a dhcp-option line
  bool speaks_pxe() const { return !services.empty() || !prompts.empty(); }
};

// Numbers the services with a file as dnsmasq does.
void count_types(Scenario& scenario);

// What a message says.
std::vector<std::uint16_t> architectures(const dhcp::Message& message);
std::string text_of(const dhcp::Message& message, std::uint8_t code);
bool has(const dhcp::Message& message, std::uint8_t code);
std::optional<std::uint32_t> boot_item(const dhcp::Message& message);  // 43.71: type, then layer
Bytes sub_option(ByteView list, std::uint8_t code);

// What the configuration has for a client.
bool holds(const Scenario& scenario, const std::string& condition, const dhcp::Message& message);
std::vector<const Service*> services_for(const Scenario& scenario, const dhcp::Message& message,
                                         std::uint16_t architecture);
const Boot* boot_for(const Scenario& scenario, const dhcp::Message& message);
std::vector<const UserOption*> user_options_for(const Scenario& scenario,
                                                const dhcp::Message& message);

}  // namespace pxeproof::equality
