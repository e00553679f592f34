// RELAY: DHCP relay agents and clients behind routers.

#include <fmt/format.h>

#include <algorithm>

#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using dhcp::OptionCode;

constexpr std::size_t kRelay = 1;
constexpr std::size_t kOtherRelay = 2;

Stimulus relayed(Script& s, std::size_t relay) {
  Stimulus discover = s.d0();
  discover.relayed_by(s.ip(relay), relay);
  discover.destination = {s.setting().server, dhcp::kServerPort};
  return discover;
}

void to_giaddr_script(Script& s) {
  const auto judge = [&s](const Reply& reply) -> Ruling {
    if (reply.destination.address != s.ip(kRelay)) return refuse("an OFFER that is not to giaddr");
    if (reply.destination.port != dhcp::kServerPort)
      return refuse(fmt::format("an OFFER to port {} of the relay", reply.destination.port));
    if (reply.dhcp()->giaddr() != s.ip(kRelay)) return refuse("another giaddr");
    if ((reply.dhcp()->flags() & dhcp::kBroadcastFlag) == 0)
      return refuse("an OFFER that has lost the broadcast flag");
    return admit("to the relay's port 67");
  };
  s.offer(relayed(s, kRelay), judge);
  // Where the relay sends from does not matter.
  Stimulus other_port = relayed(s, kRelay);
  other_port.from_port(1067).called("DISCOVER through a relay's port 1067");
  s.offer(other_port, judge);
}

void option_82_script(Script& s) {
  const Bytes value{1, 4, 'e', 't', 'h', '7', 2, 3, 'r', 'e', 'm', 151, 2, 0xab, 0xcd};
  Stimulus discover = relayed(s, kRelay);
  discover.option(OptionCode::RelayAgentInformation, value);
  s.offer(discover, [value](const Reply& reply) -> Ruling {
    const auto view = reply.dhcp();
    bool in_options = false;
    view->each_option([&in_options](const dhcp::OptionView& option) {
      in_options = in_options || (option.code == 82 && option.field == dhcp::OptionField::Options);
    });
    if (!has_option(reply, 82)) return refuse("an OFFER without option 82");
    if (option_counts(reply)[82] != 1) return refuse("option 82 twice");
    if (option_value(reply, 82) != value) return refuse("another option 82");
    if (!in_options) return refuse("option 82 in an overloaded field");
    return last_option(reply) == 82 ? admit("echoed, last") : loosely("echoed, not last");
  });
}

void unknown_subnet_script(Script& s) {
  Stimulus discover = relayed(s, kRelay);
  discover.message.header.giaddr = Ipv4Address::of(172, 31, 9, 1);
  discover.called("DISCOVER through a relay of an unknown subnet");
  s.ask(discover, [](std::span<const Reply> replies) -> Ruling {
    return replies.empty() ? admit("silent") : admit("answer");
  });
}

void two_relays_script(Script& s) {
  // The same DISCOVER, flooded through two relays, keeps its transaction.
  Stimulus first = relayed(s, kRelay);
  Stimulus second = first;
  second.relayed_by(s.ip(kOtherRelay), kOtherRelay);
  second.destination = first.destination;
  second.called("the same DISCOVER through two relays");
  s.send(first);
  s.ask(second, [&s](std::span<const Reply> replies) -> Ruling {
    for (const std::size_t relay : {kRelay, kOtherRelay}) {
      const auto count = std::ranges::count_if(replies, [&](const Reply& reply) {
        return reply.destination.address == s.ip(relay) && reply.dhcp() &&
               reply.dhcp()->giaddr() == s.ip(relay);
      });
      if (count != 1) return refuse(fmt::format("{} answers to one of two relays", count));
    }
    return admit("one answer to each");
  });
}

void routed_script(Script& s) {
  // This case plays the router, and a client behind it.
  const Ipv4Address client{s.setting().routed_network.network().value + 0x105U};
  s.claim(s.setting().router, kRelay);
  s.claim(client, kRelay);
  Stimulus request = s.r0();
  request.host = kRelay;
  request.source = client;
  request.message.header.ciaddr = client;
  request.called("REQUEST from behind a router");
  s.ack(request, [client](const Reply& reply) -> Ruling {
    return reply.destination == Endpoint{client, dhcp::kClientPort}
               ? admit("through the router")
               : refuse("an ACK that is not to ciaddr");
  });
}

}  // namespace

std::vector<Case> relay_cases() {
  const std::vector<Need> needs{Need::Dhcp};
  return {
      {.id = "RELAY-01",
       .slug = "to-giaddr",
       .clause = "RFC 2131 s.4.1",
       .requirement = "The answer to a relayed request goes to port 67 of giaddr, with giaddr and "
                      "the broadcast flag in it.",
       .stimulus = "a DISCOVER from a relay's port 67, with giaddr and hops 1",
       .answers = {"to the relay's port 67"},
       .problems = "None known.",
       .needs = needs,
       .script = to_giaddr_script},
      {.id = "RELAY-02",
       .slug = "option-82",
       .clause = "RFC 3046 s.2.2",
       .requirement = "Option 82 comes back octet for octet; it should be the last before End, and "
                      "never stands in an overloaded field.",
       .stimulus = "the same with circuit, remote and an unknown sub-option",
       .answers = {"echoed, last", "~echoed, not last"},
       .problems = "None known.",
       .needs = needs,
       .script = option_82_script},
      {.id = "RELAY-03",
       .slug = "unknown-subnet",
       .clause = "RFC 2131 s.4.3.1",
       .level = Level::Info,
       .requirement = "What a server does for a relay outside its ranges is recorded.",
       .stimulus = "a DISCOVER whose giaddr is in no range",
       .answers = {"silent", "answer"},
       .problems = "None known.",
       .needs = needs,
       .script = unknown_subnet_script},
      {.id = "RELAY-04",
       .slug = "two-relays",
       .clause = "RFC 2131 s.4.1",
       .level = Level::Should,
       .requirement = "A request that comes through two relays is answered through each.",
       .stimulus = "one transaction through two relays",
       .answers = {"one answer to each"},
       .problems = "None known.",
       .needs = needs,
       .script = two_relays_script},
      {.id = "RELAY-05",
       .slug = "routed-4011",
       .clause = "RFC 2131 s.4.1",
       .requirement = "A client behind a router gets its ACK by unicast through the router.",
       .stimulus = "a REQUEST to port 4011 from an address that is not on the link",
       .answers = {"through the router"},
       .problems = "The server needs a route to the client's network.",
       .needs = {Need::Dhcp, Need::BootServer},
       .reach = Reach::LabOnly,
       .script = routed_script},
  };
}

}  // namespace pxeproof::conformance
