// QUIET: when a proxy says nothing. Each silence is proved by the sentinel.

#include <fmt/format.h>

#include <algorithm>

#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

std::uint8_t number(MessageType type) { return static_cast<std::uint8_t>(type); }

void not_pxe_script(Script& s) {
  Stimulus without = s.d0();
  without.without(OptionCode::VendorClass).called("DISCOVER without option 60");
  s.silent(without);
  for (const std::string_view id : {"MSFT 5.0", "PXECli", "pxeclient:Arch:00000:UNDI:002001"}) {
    Stimulus other = s.d0();
    other.text(OptionCode::VendorClass, id).called(fmt::format("DISCOVER 60=\"{}\"", id));
    s.silent(other);
  }
}

void http_client_script(Script& s) {
  Stimulus http = s.d0();
  http.arch(16).text(OptionCode::VendorClass, "HTTPClient:Arch:00016:UNDI:003001");
  http.called("DISCOVER 60=\"HTTPClient:Arch:00016\"");
  s.silent(http);
}

void bootp_script(Script& s) {
  Stimulus bootp = s.d0();
  bootp.without(OptionCode::MessageType).called("BOOTP request");
  s.silent(bootp);
}

void replies_script(Script& s) {
  Stimulus reply = s.d0();
  reply.message.header.op = dhcp::kBootReply;
  reply.called("DISCOVER with op 2");
  s.silent(reply);
  for (const MessageType type : {MessageType::Offer, MessageType::Ack, MessageType::Nak}) {
    Stimulus wrong = s.d0();
    wrong.type(number(type)).called(std::string(to_string(type)));
    s.silent(wrong);
  }
  // Its own OFFER, sent back to it.
  s.offer(s.d0(), [&s](const Reply& offer) -> Ruling {
    Stimulus looped = s.d0();
    looped.raw = offer.payload;
    looped.message.header.xid = offer.dhcp()->xid();
    looped.called("its own OFFER");
    s.silent(looped);
    return go_on();
  });
}

void other_types_script(Script& s) {
  for (const std::uint8_t type : {number(MessageType::Decline), number(MessageType::Release),
                                  std::uint8_t{0}, std::uint8_t{99}}) {
    Stimulus other = s.d0();
    other.type(type).called(fmt::format("message type {}", type));
    s.silent(other);
  }
}

// The ordinary exchange with the real DHCP server passes a proxy by.
void lease_request_script(Script& s) {
  Stimulus select = s.d0();
  select.type(number(MessageType::Request))
      .option(OptionCode::RequestedAddress, s.ip().octets())
      .option(OptionCode::ServerIdentifier, s.setting().router.octets())
      .called("REQUEST that selects the DHCP server");
  s.silent(select);
  Stimulus reboot = s.d0();
  reboot.type(number(MessageType::Request))
      .option(OptionCode::RequestedAddress, s.ip().octets())
      .called("REQUEST of a rebooted client");
  s.silent(reboot);
  Stimulus renew = s.d0();
  renew.type(number(MessageType::Request)).called("REQUEST that renews");
  renew.message.header.ciaddr = s.ip();
  renew.message.header.flags = 0;
  renew.source = s.ip();
  renew.destination = {s.setting().server, dhcp::kServerPort};
  renew.link_broadcast = false;
  s.silent(renew);
}

void inform_script(Script& s) {
  Stimulus inform = s.d0();
  inform.type(number(MessageType::Inform)).called("INFORM to 67");
  inform.message.header.ciaddr = s.ip();
  inform.source = s.ip();
  s.ask(inform, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    const Reply& reply = replies.front();
    if (!reply.is(MessageType::Ack)) return refuse("INFORM to 67: " + reply.words());
    return reply.dhcp()->yiaddr().is_unspecified() ? admit("ACK without yiaddr")
                                                   : refuse("INFORM to 67: ACK with yiaddr");
  });
}

void policy_script(Script& s) {
  Stimulus unwanted = s.d0(2);
  unwanted.called("DISCOVER of an unwanted client");
  s.silent(unwanted);
  s.act({.kind = TargetAction::Kind::ReadLog},
        [mac = to_string(s.mac(2))](const ActionResult& log) -> Ruling {
          if (!log.done) return skip("its log cannot be read");
          return log.text.find(mac) != std::string::npos
                     ? admit("silent, with a log line")
                     : refuse("silence without a word in the log");
        });
}

}  // namespace

std::vector<Case> quiet_cases() {
  const std::vector<Need> needs{Need::Dhcp};
  return {
      {.id = "QUIET-01",
       .slug = "not-pxe",
       .clause = "PXE 2.1 s.2.5.1.1",
       .requirement = "A proxy answers clients only whose option 60 begins with PXEClient.",
       .stimulus = "DISCOVERs without option 60 and with MSFT 5.0, PXECli and pxeclient",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = not_pxe_script},
      {.id = "QUIET-02",
       .slug = "http-client",
       .clause = "PXE 2.1 s.2.5.1.1",
       .requirement = "An HTTP boot client is left alone where HTTP boot is not configured.",
       .stimulus = "a DISCOVER with option 60 of HTTPClient",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = http_client_script},
      {.id = "QUIET-03",
       .slug = "bootp",
       .clause = "RFC 2131 s.3",
       .requirement = "A proxy has nothing to say to BOOTP.",
       .stimulus = "a request without option 53",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = bootp_script},
      {.id = "QUIET-04",
       .slug = "replies",
       .clause = "RFC 2131 s.2",
       .requirement = "What another server says is not for this one.",
       .stimulus = "op 2; OFFER, ACK and NAK; its own OFFER sent back",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = replies_script},
      {.id = "QUIET-05",
       .slug = "other-types",
       .clause = "RFC 2131 s.4.3",
       .requirement = "DECLINE, RELEASE and unknown types get no answer.",
       .stimulus = "option 53 of 4, 7, 0 and 99",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = other_types_script},
      {.id = "QUIET-06",
       .slug = "lease-request",
       .clause = "PXE 2.1 s.2.5.1.1; RFC 2131 s.4.3.2",
       .requirement = "A proxy never acknowledges or refuses a lease: that is the DHCP server's.",
       .stimulus = "REQUESTs to port 67 that select, reboot and renew",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = lease_request_script},
      {.id = "QUIET-07",
       .slug = "inform-67",
       .clause = "RFC 2131 s.3.4",
       .level = Level::Should,
       .requirement = "An INFORM to port 67 gets an ACK without an address, or nothing.",
       .stimulus = "an INFORM to port 67 without 43.71",
       .answers = {"silent", "ACK without yiaddr"},
       .problems = "None known.",
       .needs = needs,
       .script = inform_script},
      {.id = "QUIET-08",
       .slug = "policy",
       .clause = "RFC 2131 s.4.2",
       .level = Level::May,
       .requirement = "Whom the configuration excludes gets no answer, and the log says so.",
       .stimulus = "a DISCOVER of a client whose MAC address is excluded",
       .answers = {"silent, with a log line"},
       .problems = "The log line is looked for by the client's MAC address.",
       .variant = "policy",
       .needs = {Need::Dhcp, Need::Log},
       .reach = Reach::LabOnly,
       .script = policy_script},
  };
}

}  // namespace pxeproof::conformance
