// OFFER: the form of the proxy's offer on port 67.

#include <fmt/format.h>

#include <algorithm>

#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/fixture.h"
#include "conformance/script.h"
#include "conformance/variant.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;
using dhcp::OptionCode;

void answers_script(Script& s) {
  const Instant asked = s.now();
  const auto arrived = std::make_shared<Duration>();
  Stimulus discover = s.d0();
  const auto count = std::make_shared<int>(0);
  s.offer(discover, [&s, arrived, asked](const Reply& reply) -> Ruling {
    *arrived = s.now() - asked;
    if (reply.source.port != dhcp::kServerPort || reply.source.address != s.setting().server)
      return refuse("an OFFER that does not come from the server's port 67");
    return *arrived > 1s ? loosely("late OFFER") : admit("one OFFER");
  });
  // A second copy of it would be as wrong as none.
  s.then([&s, xid = discover.xid()] {
    auto flow = s.flow(0, dhcp::kClientPort);
    s.settle(flow, [xid](std::span<const Reply> replies) -> Ruling {
      const auto more = std::ranges::count_if(replies, [xid](const Reply& reply) {
        const auto view = reply.dhcp();
        return view && view->xid() == xid;
      });
      return more == 0 ? go_on() : refuse(fmt::format("{} OFFERs", more + 1));
    });
  });
  // RFC 2131 s.4.1 gives options no order.
  Stimulus turned = s.d0();
  std::ranges::reverse(turned.message.options);
  s.offer(turned.called("DISCOVER with its options in another order"),
          [](const Reply&) -> Ruling { return go_on(); });
}

void class_id_script(Script& s) {
  s.offer(s.d0(), [](const Reply& reply) -> Ruling {
    const std::string id = as_text(option_value(reply, 60));
    if (id.empty()) return refuse("an OFFER without option 60");
    if (!id.starts_with("PXEClient")) return refuse(fmt::format("60=\"{}\"", printable(id)));
    return admit("PXEClient");
  });
}

void no_address_script(Script& s) {
  s.offer(s.d0(), [](const Reply& reply) -> Ruling {
    if (!reply.dhcp()->yiaddr().is_unspecified()) return refuse("an OFFER with yiaddr");
    const std::string present = first_present(reply, {51, 58, 59, 1, 3, 6});
    return present.empty() ? admit("no address") : refuse("an OFFER with " + present);
  });
}

void server_id_script(Script& s) {
  s.offer(s.d0(), [&s](const Reply& reply) -> Ruling {
    const auto id = reply.dhcp()->address(OptionCode::ServerIdentifier);
    if (!id) return refuse("an OFFER without option 54");
    if (*id != s.setting().server) return refuse("an option 54 that is not the server's address");
    return admit("its address");
  });
  s.ask(s.r0(), [&s](std::span<const Reply> replies) -> Ruling {
    if (!replies.empty()) return go_on();
    s.read({.file = std::string(kSmallFile)}, [](const ReadResult& result) -> Ruling {
      return result.ending == ReadResult::Ending::Complete
                 ? go_on()
                 : refuse("nothing answers on the ports 4011 and 69 of option 54's address");
    });
    return go_on();
  });
}

void header_echo_script(Script& s) {
  for (int round = 0; round < 3; ++round) {
    Stimulus discover = s.d0(static_cast<std::size_t>(round));
    s.offer(discover, [discover](const Reply& reply) -> Ruling {
      const dhcp::Header got = reply.dhcp()->header();
      const dhcp::Header& sent = discover.message.header;
      if (got.op != dhcp::kBootReply) return refuse("op is not 2");
      if (got.htype != sent.htype || got.hlen != sent.hlen) return refuse("htype or hlen changed");
      if (got.xid != sent.xid) return refuse("another xid");
      if (got.chaddr != sent.chaddr) return refuse("another chaddr");
      if (got.giaddr != sent.giaddr) return refuse("another giaddr");
      if (!got.ciaddr.is_unspecified()) return refuse("ciaddr is not 0");
      return admit("echoed");
    });
  }
}

void hops_secs_script(Script& s) {
  Stimulus discover = s.d0();
  discover.message.header.secs = 10;
  discover.message.header.hops = 3;
  s.offer(discover, [](const Reply& reply) -> Ruling {
    const dhcp::Header got = reply.dhcp()->header();
    if (got.secs == 0 && got.hops == 0) return admit("zero");
    if ((got.secs == 0 || got.secs == 10) && (got.hops == 0 || got.hops == 3))
      return loosely("echoed");
    return refuse(fmt::format("secs {} hops {}", got.secs, got.hops));
  });
}

void flags_script(Script& s) {
  for (const std::uint16_t flags :
       {std::uint16_t{0}, std::uint16_t{0x8000}, std::uint16_t{0xffff}}) {
    Stimulus discover = s.d0();
    discover.flags(flags).called(fmt::format("DISCOVER flags {:04x}", flags));
    s.offer(discover, [flags](const Reply& reply) -> Ruling {
      if (!reply.link_destination.is_broadcast())
        return refuse(fmt::format("flags {:04x}: not delivered by broadcast", flags));
      const std::uint16_t got = reply.dhcp()->flags();
      if (got == flags) return admit("copied");
      if (got == dhcp::kBroadcastFlag) return loosely("broadcast flag forced");
      return refuse(fmt::format("flags {:04x} became {:04x}", flags, got));
    });
  }
}

void delivery_script(Script& s) {
  for (const std::uint16_t port : {dhcp::kClientPort, std::uint16_t{1068}}) {
    Stimulus discover = s.d0();
    discover.from_port(port).called(fmt::format("DISCOVER from port {}", port));
    s.offer(discover, [](const Reply& reply) -> Ruling {
      if (!reply.destination.address.is_broadcast() || !reply.link_destination.is_broadcast())
        return refuse("an OFFER that is no broadcast");
      if (reply.destination.port != dhcp::kClientPort)
        return refuse("an OFFER that is not to port 68");
      return admit("broadcast to 68");
    });
  }
}

// What holds for every DHCP message, short or long.
Ruling well_formed(const Reply& reply) {
  if (reply.payload.size() < dhcp::kMinimumMessage)
    return refuse(fmt::format("a message of {} octets", reply.payload.size()));
  const auto view = reply.dhcp();
  if (!view->has_end()) return refuse("options without End");
  if (view->op() != dhcp::kBootReply) return refuse("op is not 2");
  if (option_value(reply, 53).size() != 1) return refuse("option 53 is not one octet");
  if (option_value(reply, 54).size() != 4) return refuse("option 54 is not four octets");
  for (const auto& [code, count] : option_counts(reply)) {
    if (count > 1 && code != 43) return refuse(fmt::format("option {} {} times", code, count));
    // RFC 2132 gives each at least one octet; only Rapid Commit (80, RFC 4039) has none.
    if (code != 80 && option_value(reply, code).empty())
      return refuse(fmt::format("an empty option {}", code));
  }
  return admit("well-formed");
}

Ruling all_well_formed(std::span<const Reply> replies) {
  for (const Reply& reply : replies) {
    Ruling ruling = well_formed(reply);
    if (ruling.kind == Ruling::Kind::Refuse) return ruling;
  }
  return go_on();
}

void framing_script(Script& s) {
  s.offer(s.d0(), well_formed);
  // The shortest replies are those without a menu.
  Stimulus uefi = s.d0();
  uefi.arch(7);
  s.ask(uefi, all_well_formed);
  s.then([&s] {
    if (!s.setting().can(Need::BootServer)) return;
    s.ask(s.r0(), all_well_formed);
    Stimulus request = s.r0();
    request.arch(7);
    s.ask(request, all_well_formed);
    Stimulus item = s.r0();
    item.item(static_cast<std::uint16_t>(configured_boots().front().item), 0);
    s.ask(item, all_well_formed);
  });
}

void size_limit_script(Script& s) {
  struct Row {
    std::optional<std::uint16_t> size;
    std::size_t limit;
    std::string_view words;
  };
  // An IP header and a UDP header are part of option 57's number.
  for (const Row& row : {Row{std::uint16_t{576}, 576, "576"}, Row{std::nullopt, 576, "absent"},
                         Row{std::uint16_t{100}, 576, "100"}}) {
    // Of this architecture there is more to say than the smallest message holds.
    Stimulus discover = s.d0();
    discover.arch(1).called(fmt::format("DISCOVER arch 1 with option 57 {}", row.words));
    if (row.size) {
      const Bytes value{static_cast<std::uint8_t>(*row.size >> 8U),
                        static_cast<std::uint8_t>(*row.size)};
      discover.option(OptionCode::MaximumMessageSize, value);
    } else {
      discover.without(OptionCode::MaximumMessageSize);
    }
    s.offer(discover, [row](const Reply& reply) -> Ruling {
      if (reply.payload.size() + 28 > row.limit)
        return refuse(fmt::format("option 57 {}: {} octets", row.words, reply.payload.size() + 28));
      const auto vendor = reply.dhcp()->joined(OptionCode::VendorSpecific);
      if (vendor && !pxe::decode(*vendor)) return refuse("an option 43 that was cut");
      return admit("within the limit");
    });
  }
}

void never_sends_script(Script& s) {
  Stimulus discover = s.d0();
  discover.option(OptionCode::RequestedAddress, s.ip().octets());
  s.offer(discover, [](const Reply& reply) -> Ruling {
    const std::string present = first_present(reply, {50, 55, 57, 82});
    return present.empty() ? admit("none of them") : refuse("an OFFER with " + present);
  });
}

}  // namespace

std::vector<Case> offer_cases() {
  const std::vector<Need> dhcp{Need::Dhcp};
  return {
      {.id = "OFFER-01",
       .slug = "answers",
       .clause = "PXE 2.1 s.2.2.3; draft-henry-remote-boot-protocol-00 s.3.1.2",
       .requirement = "A proxy answers a PXE client's DISCOVER with one OFFER, within the client's "
                      "first window of four seconds.",
       .stimulus = "the canonical DISCOVER, and one with its options in another order",
       .answers = {"one OFFER", "~late OFFER"},
       .problems = "A server that waits on purpose (dhcp-reply-delay) answers late.",
       .needs = dhcp,
       .script = answers_script},
      {.id = "OFFER-02",
       .slug = "class-id",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.1; RFC 2132 s.9.13",
       .requirement =
           "Option 60 of the OFFER begins with PXEClient; this is how EDK2 and iPXE tell "
           "a proxy's offer.",
       .stimulus = "the canonical DISCOVER",
       .answers = {"PXEClient"},
       .problems = "Nine octets are enough; the client's whole identifier is fine too.",
       .needs = dhcp,
       .script = class_id_script},
      {.id = "OFFER-03",
       .slug = "no-address",
       .clause = "PXE 2.1 s.2.5.1.1; draft-henry-remote-boot-protocol-00 s.3.1.2",
       .requirement = "A proxy hands out no address and nothing that belongs to one.",
       .stimulus = "the canonical DISCOVER",
       .answers = {"no address"},
       .problems = "A server that also leases addresses on this subnet is no proxy.",
       .needs = dhcp,
       .script = no_address_script},
      {.id = "OFFER-04",
       .slug = "server-id",
       .clause = "RFC 2131 s.4.3.1 table 3, s.4.1",
       .requirement = "Option 54 is an address of the server that the client can reach.",
       .stimulus = "the canonical DISCOVER, then a REQUEST to port 4011 and a read request",
       .answers = {"its address"},
       .problems = "A server behind address translation names an inner address.",
       .needs = dhcp,
       .script = server_id_script},
      {.id = "OFFER-05",
       .slug = "header-echo",
       .clause = "RFC 2131 s.4.3.1 table 3",
       .requirement = "htype, hlen, xid, chaddr and giaddr come back unchanged; op is 2, ciaddr 0.",
       .stimulus = "three DISCOVERs with random transactions from three hosts",
       .answers = {"echoed"},
       .problems = "None known.",
       .needs = dhcp,
       .script = header_echo_script},
      {.id = "OFFER-06",
       .slug = "hops-secs",
       .clause = "RFC 2131 s.4.3.1 table 3",
       .level = Level::Should,
       .requirement = "hops and secs of a reply are zero.",
       .stimulus = "a DISCOVER with secs 10 and hops 3",
       .answers = {"zero", "~echoed"},
       .problems = "dnsmasq and ISC dhcpd copy the request's header; no client looks.",
       .needs = dhcp,
       .script = hops_secs_script},
      {.id = "OFFER-07",
       .slug = "flags",
       .clause = "RFC 2131 s.2, s.4.1, table 3",
       .requirement = "The flags are copied. An OFFER without an address has nowhere to go but "
                      "broadcast.",
       .stimulus = "DISCOVERs with flags 0000, 8000 and ffff",
       .answers = {"copied", "~broadcast flag forced"},
       .problems = "The bits that must be zero are copied by some and cleared by others.",
       .needs = dhcp,
       .script = flags_script},
      {.id = "OFFER-08",
       .slug = "delivery",
       .clause = "RFC 2131 s.4.1",
       .requirement = "The OFFER goes to 255.255.255.255 port 68 by Ethernet broadcast, whatever "
                      "port the DISCOVER came from.",
       .stimulus = "DISCOVERs from the ports 68 and 1068",
       .answers = {"broadcast to 68"},
       .problems = "None known.",
       .needs = dhcp,
       .script = delivery_script},
      {.id = "OFFER-09",
       .slug = "framing",
       .clause = "RFC 2131 s.3, s.4.1; RFC 2132 s.9.6; RFC 1542 s.2.1",
       .requirement = "Magic cookie, one octet of option 53, each option once and none empty, End, "
                      "and at least 300 octets.",
       .stimulus = "DISCOVERs of BIOS and x64 EFI, their REQUESTs to 4011, and one for an item",
       .answers = {"well-formed"},
       .problems = "Option 43 may come in parts (RFC 3396).",
       .needs = dhcp,
       .script = framing_script},
      {.id = "OFFER-10",
       .slug = "size-limit",
       .clause = "RFC 2131 s.2; RFC 2132 s.9.10",
       .requirement = "A reply is never larger than 576 octets or what option 57 allows, whichever "
                      "is more, and no option is cut.",
       .stimulus = "DISCOVERs with option 57 of 576, without it, and with the illegal 100, for an "
                   "architecture with a long menu and a long file name",
       .answers = {"within the limit"},
       .problems = "The numbers count the IP and UDP headers.",
       .variant = "overflow",
       .needs = dhcp,
       .script = size_limit_script},
      {.id = "OFFER-11",
       .slug = "never-sends",
       .clause = "RFC 2131 s.4.3.1 table 3; RFC 3046 s.2.2",
       .requirement = "The options 50, 55 and 57 are a client's, and 82 a relay's; a server never "
                      "sends them on its own.",
       .stimulus = "a DISCOVER with the options 50, 55 and 57",
       .answers = {"none of them"},
       .problems = "None known.",
       .needs = dhcp,
       .script = never_sends_script},
  };
}

}  // namespace pxeproof::conformance
