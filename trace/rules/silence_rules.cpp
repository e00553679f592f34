#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "trace/rules/advice.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/session_signs.h"

namespace pxeproof::trace::rule {

namespace {

// A relay hears the client, and no answer comes to it.
std::optional<Finding> relay_unanswered(const RuleInput& in) {
  const std::vector<SeenDhcp> relayed = relayed_questions(in.session);
  if (relayed.empty()) return std::nullopt;
  const Ipv4Address relay = relayed.front()->giaddr;
  const Ipv4Address server = relayed.front()->destination.address;
  const bool is_known = !server.is_broadcast() && !server.is_unspecified();
  Finding finding;
  finding.packets = packets_of(relayed);
  finding.until = "offer";
  finding.confidence = Confidence::Likely;
  const std::string asked = is_known ? to_string(server) : std::string("the server");
  if (const SeenIcmp* icmp = port_closed(in.session, server, dhcp::kServerPort)) {
    finding.confidence = Confidence::Certain;
    finding.packets.push_back(icmp->packet());
    finding.cause = fmt::format("The relay {} asks {}, where no DHCP server listens (ICMP).",
                                to_string(relay), asked);
    finding.fixes = {{"relay", "name the DHCP server's address as helper"},
                     {"server", fmt::format("start it on {}, port 67/udp", asked)}};
    return finding;
  }
  finding.cause = fmt::format(
      "The relay {} asks {} for this client and gets no answer: the server has no range for the "
      "network of {}, or its answer finds no way back to the relay.",
      to_string(relay), asked, to_string(relay));
  finding.fixes = {
      {"dnsmasq", fmt::format("dhcp-range=FIRST,LAST,NETMASK with addresses in the network of {}",
                              to_string(relay))},
      {"ISC dhcpd, Kea", fmt::format("a subnet that holds {}, with a pool", to_string(relay))},
      {"network",
       fmt::format("a route from the server to {}, port 67/udp open both ways", to_string(relay))}};
  finding.elsewhere = kCaptureAtServer;
  return finding;
}

}  // namespace

Look nobody_answers(const RuleInput& in) {
  if (answer_misaddressed(in) || answer_broken(in)) return std::nullopt;
  const bool stuck = in.boot.verdict.state == RomState::WaitsForOffer;
  if (!in.session.offers.empty() || in.session.discovers.empty() || !stuck) return std::nullopt;
  if (in.boot.verdict.kind == BootVerdict::Kind::Unfinished) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(in.session.discovers);
  finding.until = "offer";
  const bool others_served = std::ranges::any_of(in.capture.boots, [&](const Boot* other) {
    return other != &in.boot && other->mac != in.boot.mac && !other->address.is_unspecified();
  });
  finding.cause =
      others_served
          ? "No server answers this client, though others in this capture were answered."
          : "No server answers DISCOVER: none hears the broadcast, or none has a range for this "
            "network.";
  finding.confidence = Confidence::Likely;
  if (const SeenDhcp* before = answered_before(in)) {
    finding.packets.push_back(before->packet());
    finding.cause = fmt::format(
        "{} answered the firmware of this machine, and nobody answers {}, which it loaded: the "
        "server has no answer for that kind of client, or the link is not up again (spanning "
        "tree).",
        to_string(identity_of(*before->what)),
        in.session.kind == ClientKind::Ipxe ? "iPXE" : "the program");
    finding.fixes = {
        {"dnsmasq", "see with log-dhcp whether a tag of iPXE (option 175 or 77) sets dhcp-ignore"},
        {"ISC dhcpd, Kea", "see that no class or pool leaves out user-class \"iPXE\""},
        {"switch", "spanning-tree portfast (edge port) on the client's port"}};
    finding.elsewhere = kCaptureAtServer;
    return finding;
  }
  if (auto relay = relay_unanswered(in); relay && !others_served) return relay;
  finding.fixes = {
      {"network",
       "servers in containers need the host's network or macvlan; behind a router a DHCP "
       "relay is needed; switch ports: portfast"},
      {"dnsmasq",
       "dhcp-range=ADDRESS-OF-THIS-NETWORK,proxy (it logs \"no address range available\" "
       "when it has none)"}};
  finding.elsewhere = kCaptureAtServer;
  return finding;
}

}  // namespace pxeproof::trace::rule
