// Mutants of one field each: the slips of a single line that a server's author may make.

#include <algorithm>
#include <map>
#include <utility>

#include "cli/mutant.h"
#include "cli/mutants/edited_service.h"
#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::cli {

namespace {

using dhcp::Message;
using dhcp::OptionCode;
using pxe::VendorTag;
using server::Configuration;

template <void (*Edit)(Message&)>
ServicePtr replies(DatagramService& inner, const Configuration&) {
  return edit_replies(inner, [](Message& reply, OutgoingDatagram&) { Edit(reply); });
}
template <void (*Edit)(Message&)>
ServicePtr requests(DatagramService& inner, const Configuration&) {
  return edit_requests(inner, [](Message& request, IncomingDatagram&, Mouth&) {
    Edit(request);
    return Pass::On;
  });
}
// Changes one sub-option of option 43 wherever it stands.
template <VendorTag Tag, void (*Edit)(Bytes&)>
ServicePtr sub_option(DatagramService& inner, const Configuration&) {
  return edit_vendor_options(inner, [](pxe::VendorOptions& vendor) {
    for (pxe::SubOption& each : vendor.sub_options) {
      if (each.tag == static_cast<std::uint8_t>(Tag)) Edit(each.value);
    }
  });
}

// ---- Headers.

void swap_flags(Message& reply) {
  reply.header.flags =
      static_cast<std::uint16_t>(reply.header.flags << 8U | reply.header.flags >> 8U);
}
void no_siaddr(Message& reply) { reply.header.siaddr = {}; }

void empty_host_name(Message& reply) { set_option(reply, 12, {}); }
void pairs_torn(Message& reply) { set_option(reply, 93, {0, 0, 0}); }
void relay_option_twice(Message& reply) {
  for (const dhcp::Option& option : std::vector<dhcp::Option>(reply.options)) {
    if (option.code == 82) reply.options.push_back(option);
  }
}
void relay_option_invented(Message& reply) {
  const bool relayed = std::ranges::any_of(
      reply.options, [](const dhcp::Option& option) { return option.code == 82; });
  if (!relayed) set_option(reply, 82, {1, 2, 'e', '0'});
}

// Looks for option 53 where it usually stands.
ServicePtr wants_53_first(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    const bool elsewhere =
        is_dhcp_port(datagram.destination.port) && payload.size() > 240 && payload[240] != 53;
    return elsewhere ? Pass::Drop : Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// What a message would be without RFC 1542's padding to 300 octets.
ServicePtr unpadded(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.say = [](OutgoingDatagram& out, Mouth&) {
    if (!is_dhcp_port(out.source.port)) return Pass::On;
    while (!out.head.empty() && out.head.back() == 0) out.head.pop_back();
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// No client reads such a message, and no probe finds a server: its cases have to run all the same.
ServicePtr swapped_cookie(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.say = [](OutgoingDatagram& out, Mouth&) {
    if (is_dhcp_port(out.source.port) && out.head.size() > dhcp::kOptionsOffset)
      std::swap(out.head[dhcp::kHeaderSize], out.head[dhcp::kHeaderSize + 1]);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// ---- Whom and how much.

void low_octet_of_architecture(Message& request) {
  dhcp::Option* arch = request.find(OptionCode::ClientArchitecture);
  if (arch != nullptr && arch->value.size() >= 2) arch->value[0] = 0;
}
void room_of_a_frame(Message& request) {
  if (request.find(OptionCode::MaximumMessageSize) == nullptr) set_option(request, 57, {5, 220});
}

ServicePtr to_the_relays_port(DatagramService& inner, const Configuration&) {
  auto asked = std::make_shared<std::map<Ipv4Address, std::uint16_t>>();
  Edits edits;
  edits.hear = [asked](IncomingDatagram& datagram, Bytes&, Mouth&) {
    (*asked)[datagram.source.address] = datagram.source.port;
    return Pass::On;
  };
  edits.say = [asked](OutgoingDatagram& out, Mouth&) {
    const auto known = asked->find(out.destination.address);
    if (out.destination.port == dhcp::kServerPort && known != asked->end())
      out.destination.port = known->second;
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// ---- Answers for an item.

template <OptionCode Code>
void item_without(Message& reply) {
  if (is_item_answer(reply)) reply.remove(Code);
}
void item_unclosed(Message& reply) {
  constexpr std::size_t kItemSize = 6;
  if (!is_item_answer(reply)) return;
  Bytes& vendor = reply.find(OptionCode::VendorSpecific)->value;
  vendor.resize(std::min(vendor.size(), kItemSize));
}

// ---- Option 43.

void swap_addresses(Bytes& servers) {
  auto entries = pxe::decode_servers(servers);
  if (!entries) return;
  pxe::VendorOptions made;
  for (pxe::BootServerEntry& entry : *entries) {
    for (Ipv4Address& address : entry.addresses) {
      auto octets = address.octets();
      std::ranges::reverse(octets);
      address = Ipv4Address::of(octets[0], octets[1], octets[2], octets[3]);
    }
  }
  if (made.add_servers(*entries)) servers = made.sub_options.front().value;
}
template <void (*Edit)(std::vector<pxe::MenuEntry>&)>
void menu_with(Bytes& menu) {
  edit_menu(menu, Edit);
}
void reverse_menu(std::vector<pxe::MenuEntry>& entries) { std::ranges::reverse(entries); }
void one_type(std::vector<pxe::MenuEntry>& entries) {
  for (pxe::MenuEntry& entry : entries) entry.type = entries.front().type;
}
void text_with_nul(std::vector<pxe::MenuEntry>& entries) {
  for (pxe::MenuEntry& entry : entries) entry.text += '\0';
}
void cut_prompt(Bytes& prompt) {
  if (prompt.size() > 4) prompt.resize(prompt.size() - 1);
}

}  // namespace

std::vector<Mutant> field_mutants() {
  return {
      {.name = "unpadded",
       .what = "messages are shorter than 300 octets",
       .killed_by = {"OFFER-09"},
       .wrap = unpadded},
      {.name = "cookie-swapped",
       .what = "the magic cookie is another",
       .killed_by = {"OFFER-01", "BOOT-01"},
       .wrap = swapped_cookie},
      {.name = "flags-swapped",
       .what = "the octets of flags are swapped",
       .killed_by = {"OFFER-07", "RELAY-01"},
       .wrap = replies<swap_flags>},
      {.name = "no-siaddr",
       .what = "a file is named without its server",
       .killed_by = {"OFFER-12", "BOOT-04", "BOOT-05"},
       .wrap = replies<no_siaddr>},
      {.name = "arch-low-octet",
       .what = "only the low octet of an architecture is read",
       .killed_by = {"OFFER-14"},
       .wrap = requests<low_octet_of_architecture>},
      {.name = "room-of-a-frame",
       .what = "who names no size is taken to have room for 1500 octets",
       .killed_by = {"OFFER-10"},
       .wrap = requests<room_of_a_frame>},
      {.name = "relay-source-port",
       .what = "a relay is answered on the port that it sent from",
       .killed_by = {"RELAY-01"},
       .wrap = to_the_relays_port},
      {.name = "item-no-60",
       .what = "the answer for an item lacks option 60",
       .killed_by = {"BOOT-05"},
       .wrap = replies<item_without<OptionCode::VendorClass>>},
      {.name = "item-no-54",
       .what = "the answer for an item lacks option 54",
       .killed_by = {"BOOT-05", "OFFER-09"},
       .wrap = replies<item_without<OptionCode::ServerIdentifier>>},
      {.name = "item-no-97",
       .what = "the answer for an item lacks option 97",
       .killed_by = {"ECHO-01"},
       .wrap = replies<item_without<OptionCode::ClientMachineIdentifier>>},
      {.name = "item-no-255",
       .what = "option 43 of the answer for an item is not closed",
       .killed_by = {"ECHO-05"},
       .wrap = replies<item_unclosed>},
      {.name = "servers-swapped",
       .what = "the addresses of 43.8 are in the other order of octets",
       .killed_by = {"CTRL-04"},
       .wrap = sub_option<VendorTag::BootServers, swap_addresses>},
      {.name = "menu-reversed",
       .what = "menus begin with their last entry",
       .killed_by = {"CTRL-05"},
       .wrap = sub_option<VendorTag::BootMenu, menu_with<reverse_menu>>},
      {.name = "menu-type-twice",
       .what = "all entries of a menu are of the first one's type",
       .killed_by = {"CTRL-05"},
       .wrap = sub_option<VendorTag::BootMenu, menu_with<one_type>>},
      {.name = "empty-option",
       .what = "replies hold an option without octets",
       .killed_by = {"OFFER-09"},
       .wrap = replies<empty_host_name>},
      {.name = "pairs-torn",
       .what = "replies hold one architecture and a half",
       .killed_by = {"ECHO-03"},
       .wrap = replies<pairs_torn>},
      {.name = "82-twice",
       .what = "option 82 comes back twice",
       .killed_by = {"RELAY-02"},
       .wrap = replies<relay_option_twice>},
      {.name = "82-invented",
       .what = "option 82 stands in answers to clients without a relay",
       .killed_by = {"OFFER-11"},
       .wrap = replies<relay_option_invented>},
      {.name = "wants-53-first",
       .what = "requests are heard only if option 53 is their first",
       .killed_by = {"OFFER-01"},
       .wrap = wants_53_first},
      {.name = "menu-text-nul",
       .what = "the texts of a menu end with a NUL",
       .killed_by = {"CTRL-05"},
       .wrap = sub_option<VendorTag::BootMenu, menu_with<text_with_nul>>},
      {.name = "prompt-cut",
       .what = "the prompt lacks its last letter",
       .killed_by = {"CTRL-06"},
       .wrap = sub_option<VendorTag::MenuPrompt, cut_prompt>},
  };
}

}  // namespace pxeproof::cli
