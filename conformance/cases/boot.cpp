// BOOT: the boot server on port 4011.

#include <fmt/format.h>

#include <algorithm>

#include "conformance/cases/boot_path.h"
#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/script.h"
#include "conformance/variant.h"

namespace pxeproof::conformance {

namespace {

using dhcp::OptionCode;

constexpr std::uint16_t kFirstItem = 0x8000;  // the x86PC entry of the standard configuration
constexpr std::uint16_t kX64Item = 0x8002;

void ack_script(Script& s) {
  Stimulus request = s.r0();
  s.ack(request, [&s, request](const Reply& reply) -> Ruling {
    const dhcp::Header got = reply.dhcp()->header();
    if (reply.source != Endpoint{s.setting().server, dhcp::kBootServerPort})
      return refuse(fmt::format("an ACK from port {}", reply.source.port));
    if (reply.destination != Endpoint{s.ip(), dhcp::kClientPort})
      return refuse("an ACK that is not to ciaddr port 68");
    if (got.xid != request.xid() || got.chaddr != request.message.header.chaddr)
      return refuse("another xid or chaddr");
    if (!as_text(option_value(reply, 60)).starts_with("PXEClient"))
      return refuse("an ACK without option 60 of PXEClient");
    if (reply.dhcp()->address(OptionCode::ServerIdentifier) != s.setting().server)
      return refuse("an ACK whose option 54 is not the server's address");
    return admit("ACK from 4011");
  });
}

void source_port_script(Script& s) {
  Stimulus request = s.r0();
  request.from_port(dhcp::kBootServerPort).called("REQUEST from port 4011");
  s.ack(request, [&s](const Reply& reply) -> Ruling {
    if (reply.destination == Endpoint{s.ip(), dhcp::kBootServerPort}) return admit("to port 4011");
    return refuse(fmt::format("an ACK to port {}", reply.destination.port));
  });
}

void same_server_id_script(Script& s) {
  const auto offered = std::make_shared<Bytes>();
  s.offer(s.d0(), [offered](const Reply& reply) -> Ruling {
    *offered = option_value(reply, 54);
    return offered->empty() ? refuse("an OFFER without option 54") : go_on();
  });
  s.ack(s.r0(), [offered](const Reply& reply) -> Ruling {
    return option_value(reply, 54) == *offered ? admit("the same")
                                               : refuse("the ACK has another option 54");
  });
}

void bootfile_by_arch_script(Script& s) {
  struct Row {
    std::uint16_t arch;
    std::string_view file;
    std::uint16_t item;
  };
  for (const Row& row : {Row{0, "pxelinux.0", kFirstItem}, Row{7, "x64.efi", kX64Item},
                         Row{9, "x64.efi", kX64Item}}) {
    Stimulus request = s.r0();
    request.arch(row.arch);
    s.ack(request, [&s, row](const Reply& reply) -> Ruling {
      const bool right_server = names_server(reply) && reply.boot_server() == s.setting().server;
      if (reply.boot_file() == row.file && right_server) return admit("its file");
      if (reply.boot_file() == row.file)
        return refuse(fmt::format("arch {}: an ACK without the file's server", row.arch));
      if (!reply.boot_file().empty())
        return refuse(fmt::format("arch {}: file \"{}\"", row.arch, reply.boot_file()));
      const auto menu = sub_option(reply, pxe::VendorTag::BootMenu);
      if (!menu) return refuse(fmt::format("arch {}: an ACK without file or menu", row.arch));
      const auto entries = pxe::decode_menu(*menu);
      if (!entries || entries->empty())
        return refuse(fmt::format("arch {}: a menu without entries", row.arch));
      Stimulus chosen = s.r0();
      chosen.arch(row.arch).item(entries->front().type, 0);
      s.ack(chosen, [row](const Reply& last) -> Ruling {
        if (last.boot_file() == row.file && names_server(last))
          return admit("a menu that leads there");
        return refuse(fmt::format("arch {}: the menu leads to \"{}\"", row.arch, last.boot_file()));
      });
      return go_on();
    });
  }
}

void item_echo_script(Script& s) {
  Stimulus request = s.r0();
  request.item(kFirstItem, 0);
  s.ack(request, [&s](const Reply& reply) -> Ruling {
    if (reply.boot_file().empty()) return refuse("an ACK without file");
    if (!names_server(reply) || reply.boot_server() != s.setting().server)
      return refuse("an ACK without the file's server");
    if (!as_text(option_value(reply, 60)).starts_with("PXEClient"))
      return refuse("an ACK without option 60 of PXEClient");
    // iPXE compares it with the OFFER's.
    if (reply.dhcp()->address(OptionCode::ServerIdentifier) != s.setting().server)
      return refuse("an ACK whose option 54 is not the server's address");
    const auto value = sub_option(reply, pxe::VendorTag::BootItem);
    if (!value) return refuse("an ACK without 43.71");
    const auto item = pxe::decode_item(*value);
    if (!item || *item != pxe::BootItem{kFirstItem, 0}) return refuse("another 43.71");
    return admit("echoed");
  });
}

void item_layer_script(Script& s) {
  Stimulus request = s.r0();
  request.item(kFirstItem, 1);
  s.ask(request, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    const Reply& reply = replies.front();
    const auto value = sub_option(reply, pxe::VendorTag::BootItem);
    const auto item =
        value ? pxe::decode_item(*value) : Result<pxe::BootItem, pxe::DecodeError>(pxe::BootItem{});
    if (!value || !item || item->layer != 1) return refuse("an ACK that does not echo layer 1");
    return reply.boot_file() == "pxelinux.1" ? admit("the file of layer 1")
                                             : refuse("layer 1 is \"" + reply.boot_file() + "\"");
  });
}

void unknown_type_script(Script& s) {
  for (const std::uint16_t type : {std::uint16_t{1}, std::uint16_t{0xffff}}) {
    Stimulus request = s.r0();
    request.item(type, 0);
    s.silent(request);
  }
}

void type_zero_script(Script& s) {
  Stimulus request = s.r0();
  request.item(0, 0);
  s.silent(request);
}

void credentials_script(Script& s) {
  Stimulus request = s.r0();
  request.item(kFirstItem, 0x8000);
  s.ask(request, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    if (sub_option(replies.front(), pxe::VendorTag::CredentialTypes))
      return admit("ACK with credential types");
    return refuse("an ACK without 43.12");
  });
}

void broadcast_discovery_script(Script& s) {
  const auto bits = std::make_shared<std::uint8_t>(0);
  s.offer(s.d0(), [bits](const Reply& reply) -> Ruling {
    *bits = control_bits(reply);
    return go_on();
  });
  Stimulus request = s.r0();
  request.item(kFirstItem, 0);
  request.destination = {Ipv4Address::broadcast(), dhcp::kServerPort};
  request.link_broadcast = true;
  request.called("REQUEST by broadcast to 67, item 8000");
  s.ask(request, [bits](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) {
      return (*bits & pxe::kNoBroadcastDiscovery) != 0 ? admit("not offered")
                                                       : refuse("silence, though bit 0 is clear");
    }
    const Reply& reply = replies.front();
    if (!reply.is(dhcp::MessageType::Ack)) return refuse(reply.words());
    const std::uint16_t port = reply.source.port;
    if (port != dhcp::kServerPort && port != dhcp::kBootServerPort)
      return refuse(fmt::format("an ACK from port {}", port));
    return admit("ACK");
  });
}

void multicast_discovery_script(Script& s) {
  s.offer(s.d0(), [&s](const Reply& reply) -> Ruling {
    const auto group = sub_option(reply, pxe::VendorTag::DiscoveryMulticast);
    const auto address =
        group && group->size() == 4 ? Ipv4Address::from(*group) : std::optional<Ipv4Address>();
    const bool offered = address && (control_bits(reply) & pxe::kNoMulticastDiscovery) == 0;
    Stimulus request = s.r0();
    request.item(kFirstItem, 0);
    request.destination = {address.value_or(Ipv4Address::of(224, 0, 1, 2)), dhcp::kBootServerPort};
    request.called("REQUEST by multicast, item 8000");
    s.ask(request, [offered](std::span<const Reply> replies) -> Ruling {
      if (!offered) return replies.empty() ? admit("silent") : refuse(replies.front().words());
      return replies.empty() ? refuse("silence, though 43.7 was offered") : admit("ACK");
    });
    return go_on();
  });
}

void guid_chaddr_script(Script& s) {
  Stimulus request = s.r0();
  request.message.header.hlen = 16;
  request.message.header.chaddr = s.guid().octets;
  request.called("REQUEST with hlen 16");
  s.ack(request, [&s, request](const Reply& reply) -> Ruling {
    const dhcp::Header got = reply.dhcp()->header();
    if (reply.destination.address != s.ip()) return refuse("an ACK that is not to ciaddr");
    if (got.hlen != 16 || got.chaddr != request.message.header.chaddr)
      return refuse(fmt::format("hlen {} or another chaddr", got.hlen));
    return admit("ACK to ciaddr");
  });
}

void ciaddr_zero_script(Script& s) {
  Stimulus request = s.r0();
  request.message.header.ciaddr = {};
  request.called("REQUEST without ciaddr");
  s.ack(request, [&s](const Reply& reply) -> Ruling {
    return reply.destination.address == s.ip() ? admit("to the IP source")
                                               : refuse("an ACK that is not to the IP source");
  });
}

void no_reflection_script(Script& s) {
  Stimulus request = s.r0();
  request.message.header.ciaddr = s.ip(1);
  request.called("REQUEST with another host's ciaddr");
  s.ask(request, [&s](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    for (const Reply& reply : replies) {
      if (reply.destination.address != s.ip()) return refuse("an answer to a third address");
    }
    return admit("to the IP source");
  });
}

void cross_arch_script(Script& s) {
  Stimulus request = s.r0();
  request.item(kX64Item, 0);
  s.ask(request, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    const std::string file = replies.front().boot_file();
    if (file.empty() || file.starts_with("pxelinux")) return admit("nothing of another one");
    return refuse(fmt::format("architecture 0 is given \"{}\"", file));
  });
}

void foreign_server_script(Script& s) {
  Stimulus request = s.r0();
  request.option(OptionCode::ServerIdentifier, Ipv4Address::of(10, 77, 0, 99).octets());
  request.called("REQUEST for another server");
  s.ask(request, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    return replies.front().is(dhcp::MessageType::Ack) ? loosely("ACK")
                                                      : refuse(replies.front().words());
  });
}

void inform_script(Script& s) {
  for (const bool with_item : {true, false}) {
    Stimulus inform = s.r0();
    inform.type(static_cast<std::uint8_t>(dhcp::MessageType::Inform));
    if (with_item) inform.item(kFirstItem, 0);
    inform.called(with_item ? "INFORM to 4011, item 8000" : "INFORM to 4011");
    s.ask(inform, [&s, with_item](std::span<const Reply> replies) -> Ruling {
      if (replies.empty())
        return with_item ? refuse("INFORM with an item: silence") : loosely("silent without item");
      const Reply& reply = replies.front();
      if (!reply.is(dhcp::MessageType::Ack)) return refuse(reply.words());
      if (has_option(reply, 51)) return refuse("an ACK with a lease time");
      const Ipv4Address yiaddr = reply.dhcp()->yiaddr();
      if (yiaddr.is_unspecified()) return admit("ACK without yiaddr");
      return yiaddr == s.ip() ? loosely("yiaddr is the client's") : refuse("a foreign yiaddr");
    });
  }
}

void yiaddr_script(Script& s) {
  Stimulus request = s.r0();
  request.item(kFirstItem, 0);
  s.ack(request, [&s](const Reply& reply) -> Ruling {
    const Ipv4Address yiaddr = reply.dhcp()->yiaddr();
    if (yiaddr.is_unspecified()) return admit("yiaddr 0");
    return yiaddr == s.ip() ? admit("yiaddr = ciaddr") : refuse("a foreign yiaddr");
  });
}

void not_for_us_script(Script& s) {
  Stimulus plain = s.r0();
  plain.without(OptionCode::VendorClass).called("REQUEST to 4011 without option 60");
  s.silent(plain);
  Stimulus bootp = s.r0();
  bootp.without(OptionCode::MessageType).called("BOOTP request to 4011");
  s.silent(bootp);
  Stimulus discover = s.r0();
  discover.type(static_cast<std::uint8_t>(dhcp::MessageType::Discover)).called("DISCOVER to 4011");
  s.ask(discover, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    const Reply& reply = replies.front();
    if (reply.is(dhcp::MessageType::Offer) && reply.source.port == dhcp::kBootServerPort)
      return admit("OFFER from 4011");
    return refuse("DISCOVER to 4011: " + reply.words());
  });
}

}  // namespace

std::vector<Case> boot_cases() {
  const std::vector<Need> needs{Need::Dhcp, Need::BootServer};
  return {
      {.id = "BOOT-01",
       .slug = "ack",
       .clause = "PXE 2.1 s.2.2.3; iPXE accepts replies from port 4011 only",
       .requirement = "The boot server answers from port 4011 to ciaddr, with the client's xid and "
                      "chaddr and option 60.",
       .stimulus = "the canonical REQUEST to port 4011",
       .answers = {"ACK from 4011"},
       .problems = "None known.",
       .needs = needs,
       .script = ack_script},
      {.id = "BOOT-02",
       .slug = "src-port-4011",
       .clause = "EDK2 PxeBcDhcp4.c asks from and listens on 4011",
       .level = Level::Quirk,
       .quirk_of = "EDK2",
       .requirement = "The answer goes to the port that the request came from.",
       .stimulus = "the REQUEST from source port 4011",
       .answers = {"to port 4011"},
       .problems = "None known.",
       .needs = needs,
       .script = source_port_script},
      {.id = "BOOT-03",
       .slug = "same-server-id",
       .clause = "iPXE dhcp.c compares them",
       .level = Level::Quirk,
       .quirk_of = "iPXE",
       .requirement = "Option 54 of the ACK is that of the OFFER.",
       .stimulus = "a DISCOVER, then a REQUEST to 4011",
       .answers = {"the same"},
       .problems = "None known.",
       .needs = needs,
       .script = same_server_id_script},
      {.id = "BOOT-04",
       .slug = "bootfile-by-arch",
       .clause = "RFC 4578 s.2.1; EDK2's BINL path",
       .requirement = "Without an item, the ACK has server and file for the architecture, or a "
                      "menu that leads there.",
       .stimulus = "REQUESTs for the architectures 0, 7 and 9, without 43.71",
       .answers = {"its file", "a menu that leads there"},
       .problems = "In dnsmasq architecture 9 needs a line of its own.",
       .needs = needs,
       .script = bootfile_by_arch_script},
      {.id = "BOOT-05",
       .slug = "item-echo",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.6; iPXE compares the type",
       .requirement = "The ACK for an item has server and file, and the item itself in 43.71.",
       .stimulus = "a REQUEST for item 8000, layer 0",
       .answers = {"echoed"},
       .problems = "None known.",
       .needs = needs,
       .script = item_echo_script},
      {.id = "BOOT-06",
       .slug = "item-layer",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.6",
       .requirement = "A layer that is served is echoed and has its own file.",
       .stimulus = "a REQUEST for item 8000, layer 1",
       .answers = {"the file of layer 1", "silent"},
       .problems = "None known.",
       .needs = needs,
       .script = item_layer_script},
      {.id = "BOOT-07",
       .slug = "unknown-type",
       .clause = "IBM's PXE description: servers do not respond to types they do not support",
       .requirement = "An item that this server does not have gets no answer.",
       .stimulus = "REQUESTs for the items 0001 and ffff",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = unknown_type_script},
      {.id = "BOOT-08",
       .slug = "type-0-local",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.4, s.3.2.3.6",
       .level = Level::Should,
       .requirement = "Type 0 is the local disk; nobody serves it.",
       .stimulus = "a REQUEST for item 0000",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = type_zero_script},
      {.id = "BOOT-09",
       .slug = "credentials-bit",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.6, s.3.2.3.7",
       .level = Level::May,
       .requirement = "A client that asks for credentials gets their types, or nothing.",
       .stimulus = "a REQUEST for item 8000 with the top bit of the layer set",
       .answers = {"silent", "ACK with credential types"},
       .problems = "None known.",
       .needs = needs,
       .script = credentials_script},
      {.id = "BOOT-10",
       .slug = "broadcast-discovery",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.1",
       .requirement = "Where discovery control allows broadcast, a REQUEST by broadcast to port 67 "
                      "is answered.",
       .stimulus = "a REQUEST for item 8000 by broadcast to port 67",
       .answers = {"ACK", "not offered"},
       .problems = "None known.",
       .needs = needs,
       .script = broadcast_discovery_script},
      {.id = "BOOT-11",
       .slug = "multicast-discovery",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.2",
       .level = Level::May,
       .requirement = "A REQUEST to the group of 43.7 is answered; without 43.7 there is silence.",
       .stimulus = "a REQUEST for item 8000 to the multicast group, port 4011",
       .answers = {"silent", "ACK"},
       .problems = "Switches that snoop multicast may eat it.",
       .needs = needs,
       .script = multicast_discovery_script},
      {.id = "BOOT-12",
       .slug = "guid-chaddr",
       .clause = "EDK2 PxeBcDhcp4.c: chaddr may be the GUID, hlen 16",
       .level = Level::Quirk,
       .quirk_of = "EDK2",
       .requirement = "A hardware address of 16 octets is copied, and the answer goes to ciaddr.",
       .stimulus = "a REQUEST with hlen 16 and the GUID as chaddr",
       .answers = {"ACK to ciaddr"},
       .problems = "None known.",
       .needs = needs,
       .script = guid_chaddr_script},
      {.id = "BOOT-13",
       .slug = "ciaddr-zero",
       .clause = "RFC 2131 s.4.1",
       .level = Level::Should,
       .requirement = "Without ciaddr the answer goes where the request came from.",
       .stimulus = "a REQUEST with ciaddr 0 from the client's address",
       .answers = {"to the IP source"},
       .problems = "None known.",
       .needs = needs,
       .script = ciaddr_zero_script},
      {.id = "BOOT-14",
       .slug = "no-reflection",
       .clause = "none",
       .level = Level::Safe,
       .requirement = "Nobody can make the server send to a third address.",
       .stimulus = "a REQUEST whose ciaddr is another host's",
       .answers = {"silent", "to the IP source"},
       .problems = "None known.",
       .needs = needs,
       .script = no_reflection_script},
      {.id = "BOOT-15",
       .slug = "cross-arch-item",
       .clause = "RFC 4578 s.2.1",
       .level = Level::Safe,
       .requirement = "A machine never gets a boot file of another architecture.",
       .stimulus = "a REQUEST from architecture 0 for the item of x64 EFI",
       .answers = {"silent", "nothing of another one"},
       .problems = "None known.",
       .needs = needs,
       .script = cross_arch_script},
      {.id = "BOOT-16",
       .slug = "foreign-server-id",
       .clause = "RFC 2131 s.4.3.2",
       .level = Level::Should,
       .requirement = "A request that names another server is left alone.",
       .stimulus = "a REQUEST with another server's option 54",
       .answers = {"silent", "~ACK"},
       .problems = "None known.",
       .needs = needs,
       .script = foreign_server_script},
      {.id = "BOOT-17",
       .slug = "inform",
       .clause = "RFC 2131 s.3.4, s.4.3.5",
       .level = Level::Should,
       .requirement = "An INFORM is answered by an ACK without yiaddr and without a lease.",
       .stimulus = "INFORMs to port 4011, with and without 43.71",
       .answers = {"ACK without yiaddr", "~silent without item", "~yiaddr is the client's"},
       .problems = "None known.",
       .needs = needs,
       .script = inform_script},
      {.id = "BOOT-18",
       .slug = "yiaddr-in-ack",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.1; a field report of a stalling BIOS",
       .level = Level::Quirk,
       .quirk_of = "BIOS",
       .requirement = "yiaddr of a boot server's ACK is 0 or the client's own address.",
       .stimulus = "a REQUEST for item 8000",
       .answers = {"yiaddr 0", "yiaddr = ciaddr"},
       .problems = "None known.",
       .needs = needs,
       .script = yiaddr_script},
      {.id = "BOOT-19",
       .slug = "not-for-us",
       .clause = "PXE 2.1 s.2.5.1.1",
       .requirement = "On port 4011 only PXE clients are answered.",
       .stimulus = "a REQUEST without option 60, a BOOTP request and a DISCOVER, to port 4011",
       .answers = {"silent", "OFFER from 4011"},
       .problems = "None known.",
       .needs = needs,
       .script = not_for_us_script},
  };
}

}  // namespace pxeproof::conformance
