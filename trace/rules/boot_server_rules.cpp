#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "protocol/tftp/packet.h"
#include "trace/rules/advice.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"

namespace pxeproof::trace::rule {

namespace {

// The offer that sent the client to the boot server it asked.
const SeenDhcp* promising_offer(const BootSession& session) {
  const Ipv4Address asked = session.boot_server_requests.back()->destination.address;
  const SeenDhcp* best = nullptr;
  for (const SeenDhcp& offer : session.offers) {
    const bool points_there = identity_of(*offer.what) == asked || offer->siaddr == asked ||
                              offer->source.address == asked;
    const bool lists_it =
        std::ranges::any_of(offer->boot_servers, [&](const pxe::BootServerEntry& entry) {
          return std::ranges::find(entry.addresses, asked) != entry.addresses.end();
        });
    if (!says_pxe(*offer.what) || (!points_there && !lists_it)) continue;
    if (best == nullptr || !gives_address(*offer.what)) best = &offer;
  }
  return best;
}

// What the packets tell of the silence: closed, absent, or nothing at all.
void explain_silence(const RuleInput& in, Finding& finding) {
  const SeenDhcp& asked = in.session.boot_server_requests.back();
  const Ipv4Address server = asked->destination.address;
  if (const SeenIcmp* icmp = port_closed(in.session, server, asked->destination.port)) {
    finding.confidence = Confidence::Certain;
    finding.packets.push_back(icmp->packet());
    finding.cause += fmt::format(
        " {} says that {} (ICMP unreachable).", to_string(icmp->what->sender),
        icmp->what->is_host_unreachable() ? "this host cannot be reached" : "nobody listens there");
    return;
  }
  if (const SeenArp* arp = no_neighbour(in.session, server)) {
    finding.confidence = Confidence::Certain;
    finding.packets.push_back(arp->packet());
    finding.cause +=
        " Nobody answers ARP for its address: the host is down, or in another network.";
    return;
  }
  finding.elsewhere =
      "whether the request reaches it is not decidable from this side: capture at "
      "the server";
}

std::string requests_in_words(const BootSession& session) {
  const SeenDhcp& last = session.boot_server_requests.back();
  return fmt::format("{} requests to {} are not answered", session.boot_server_requests.size(),
                     to_string(last->destination));
}

// The menu names a type of boot server, and not where it is.
Finding silent_discovery(const RuleInput& in, Finding finding) {
  const DhcpStep& asked = *in.session.boot_server_requests.back().what;
  const std::vector<SeenDhcp> proxies = proxy_offers(in.session);
  if (!proxies.empty()) finding.packets.insert(finding.packets.begin(), proxies.front().packet());
  finding.cause = fmt::format(
      "The client looks for a boot server{} by {}, as discovery control (43.6) of {} lets it, and "
      "{} requests are not answered: no such server hears them.",
      asked.item ? fmt::format(" of type {:04x}", asked.item->type) : std::string(),
      asked.destination.address.is_broadcast()
          ? std::string("broadcast")
          : fmt::format("multicast to {}", to_string(asked.destination.address)),
      proxies.empty() ? std::string("the offer") : to_string(identity_of(*proxies.front().what)),
      in.session.boot_server_requests.size());
  finding.fixes = {
      {"dnsmasq", "let pxe-service write option 43: it names its own address in 43.8"},
      {"others",
       "name the boot server in 43.8 and set 43.6 to 03, so that the client asks it "
       "directly"},
      {"network",
       "or start the boot server of this type in the client's network: routers pass no "
       "broadcast on"}};
  finding.elsewhere =
      "whether the request reaches it is not decidable from this side: capture at the server";
  return finding;
}

}  // namespace

Look proxy_silent_on_4011(const RuleInput& in) {
  if (!boot_server_is_silent(in.session) || in.session.fetches()) return std::nullopt;
  const SeenDhcp* offer = promising_offer(in.session);
  if (offer != nullptr && gives_address(*offer->what)) return std::nullopt;
  Finding finding;
  finding.until = "4011";
  finding.packets = packets_of(in.session.boot_server_requests);
  const DhcpStep& asked = *in.session.boot_server_requests.back().what;
  if (asked.destination.address.is_broadcast() || asked.destination.address.is_multicast()) {
    return silent_discovery(in, std::move(finding));
  }
  if (offer != nullptr) finding.packets.insert(finding.packets.begin(), offer->packet());
  finding.cause = fmt::format(
      "{} sends the client to port 4011, but {}.",
      offer != nullptr ? fmt::format("The proxy offer of {}", to_string(identity_of(*offer->what)))
                       : std::string("The proxy"),
      requests_in_words(in.session));
  finding.fixes = {
      {"dnsmasq",
       "check that it runs, that port 4011/udp is open, and that it has a pxe-service or "
       "pxe-prompt line (else it opens no 4011)"},
      {"others", "answer on 4011, or name file and server in the offer itself with 43.6 = 08"},
      {"firewall", "allow udp dport { 67, 69, 4011 }"}};
  explain_silence(in, finding);
  return finding;
}

Look address_server_promises_pxe(const RuleInput& in) {
  if (!boot_server_is_silent(in.session) || in.session.fetches()) return std::nullopt;
  const SeenDhcp* offer = promising_offer(in.session);
  if (offer == nullptr || offer->what->cut || !gives_address(*offer->what) ||
      !offer->what->boot_file.empty()) {
    return std::nullopt;
  }
  Finding finding;
  finding.until = "4011";
  finding.packets = packets_of(in.session.boot_server_requests);
  finding.packets.insert(finding.packets.begin(), offer->packet());
  finding.cause = fmt::format(
      "The address server {} says option 60 \"PXEClient\" without a boot file: that promises a "
      "boot "
      "server on its port 4011, and {}.",
      to_string(identity_of(*offer->what)), requests_in_words(in.session));
  finding.fixes = {
      {"Windows DHCP", "remove option 060 from the server or scope, unless WDS runs on this host"},
      {"ISC dhcpd", "remove option vendor-class-identifier \"PXEClient\""},
      {"dnsmasq",
       "with a range that leases addresses and one pxe-service for UEFI it sends this "
       "offer and then does not answer 4011: add dhcp-boot=FILE"}};
  explain_silence(in, finding);
  return finding;
}

Look asks_4011_despite_file(const RuleInput& in) {
  if (!boot_server_is_silent(in.session) || in.session.fetches()) return std::nullopt;
  const SeenDhcp* offer = promising_offer(in.session);
  if (offer == nullptr || offer->what->cut || offer->what->boot_file.empty() ||
      uses_boot_file(*offer->what) || !offer->what->menu.empty()) {
    return std::nullopt;
  }
  Finding finding;
  finding.until = "4011";
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(in.session.boot_server_requests);
  finding.packets.insert(finding.packets.begin(), offer->packet());
  finding.cause = fmt::format(
      "The offer of {} names {} and says PXEClient, but not \"use this file\" (43.6 bit 3). UEFI "
      "and "
      "many BIOS ROMs then ask port 4011 all the same, and {}.",
      to_string(identity_of(*offer->what)), quote(offer->what->boot_file),
      requests_in_words(in.session));
  // Where it leases the address too, a pxe-service for UEFI would be answered no better.
  std::string lines = "dhcp-option=vendor:PXEClient,6,08";
  if (!in.is_uefi() || !gives_address(*offer->what)) {
    lines += fmt::format("\nor {} on a dnsmasq that answers 4011",
                         service_line(in, offer->what->boot_file));
  }
  finding.fixes = {{"dnsmasq", lines},
                   {"ISC dhcpd", "option vendor-encapsulated-options 06:01:08:ff;"},
                   {"Kea", "option 43 with 06 01 08 ff"},
                   {"others", "or drop option 60 from the answer"}};
  return finding;
}

Look answer_without_file(const RuleInput& in) {
  const auto& answers = in.session.boot_server_answers;
  if (answers.empty() || in.session.fetches()) return std::nullopt;
  const bool useful = std::ranges::any_of(answers, [](const SeenDhcp& answer) {
    return !answer->boot_file.empty() || !answer->menu.empty();
  });
  if (useful || answer_misaddressed(in)) return std::nullopt;
  Finding finding;
  finding.until = "4011";
  finding.confidence = Confidence::Certain;
  finding.packets = {in.session.boot_server_requests.empty()
                         ? answers.front().packet()
                         : in.session.boot_server_requests.front().packet(),
                     answers.front().packet()};
  finding.cause =
      fmt::format("{} answers on 4011 without naming a file: it has nothing to boot for {}.",
                  to_string(identity_of(*answers.front().what)),
                  dhcp::describe_architecture(in.architecture()));
  if (in.architecture() == 9 || in.architecture() == 7) {
    const std::uint16_t other = in.architecture() == 9 ? 7 : 9;
    finding.cause += fmt::format(" In dnsmasq {} means {} only, and {} is {}.", csa_name(other),
                                 other, in.architecture(), csa_name(in.architecture()));
  }
  finding.fixes = fixes_by_architecture(in, example_file(in), namer_of(in.session));
  weaken_by_cut_answers(in.session, finding);
  return finding;
}

namespace {

// Without a server's name the client asks who gave it the address, and nobody answers there.
bool asks_lessor_in_vain(const BootSession& session, const DhcpStep& answer) {
  const SeenTransfer* last = last_transfer(session);
  return last != nullptr && session.http.empty() && !has_file(session) &&
         last->what->outcome == TransferStep::Outcome::Unanswered && !last->what->stranger &&
         last->what->asked == identity_of(answer);
}

// Option 66 names a server, and the client does not read it: it asks its lessor. Names need DNS,
// which iPXE asks.
bool leaves_server_name_unread(const RuleInput& in, const DhcpStep& answer) {
  if (is_url(answer.boot_file) || !answer.siaddr.is_unspecified()) return false;
  if (in.family == firmware::Family::Uboot) return true;
  const bool is_address = Ipv4Address::parse(answer.server_name).has_value();
  const bool is_another = answer.server_name != to_string(identity_of(answer));
  return is_another && (is_address || in.family != firmware::Family::Ipxe) &&
         asks_lessor_in_vain(in.session, answer);
}

}  // namespace

Look file_without_server(const RuleInput& in) {
  std::vector<SeenDhcp> guilty;
  bool usable = false;
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    // A menu leads to a boot server; the file beside it is not asked for.
    const bool is_menu = !answer->menu.empty() && !uses_boot_file(*answer.what);
    if (answer->boot_file.empty() || is_menu) continue;
    if (can_be_fetched(*answer.what) && !leaves_server_name_unread(in, *answer.what)) {
      usable = true;
    } else {
      guilty.push_back(answer);
    }
  }
  const bool leased = !address_offers(in.session).empty() || !in.session.acks.empty();
  if (guilty.empty() || usable || !leased) return std::nullopt;
  const bool asks_lessor = asks_lessor_in_vain(in.session, *guilty.back().what);
  if (in.session.fetches() && !asks_lessor) return std::nullopt;
  const bool asks_for_item =
      std::ranges::any_of(guilty, [](const SeenDhcp& answer) { return answer->item.has_value(); });
  if (asks_for_item && boot_server_is_silent(in.session)) return std::nullopt;
  Finding finding;
  finding.confidence =
      in.family == firmware::Family::Ipxe ? Confidence::Certain : Confidence::Likely;
  finding.packets = packets_of(guilty);
  add_packets(finding.packets, in.session.boot_server_requests);
  const DhcpStep& answer = *guilty.front().what;
  finding.cause = fmt::format(
      "{} names {} but no server to fetch it from: siaddr is 0.0.0.0 and there is no option 66. "
      "iPXE needs both and asks on; UEFI would take the server's own address.",
      to_string(identity_of(answer)), quote(answer.boot_file));
  if (asks_lessor) {
    const SeenTransfer& asked = *last_transfer(in.session);
    add_packets(finding.packets, *asked.step);
    const SeenIcmp* icmp = port_closed(in.session, asked->asked, tftp::kPort);
    if (icmp != nullptr) finding.packets.push_back(icmp->packet());
    finding.confidence = icmp != nullptr ? Confidence::Certain : Confidence::Likely;
    finding.cause = fmt::format(
        "{} names {} but no server to fetch it from: siaddr is 0.0.0.0{}. The client then asks the "
        "DHCP server itself, {}.",
        to_string(identity_of(answer)), quote(answer.boot_file),
        answer.server_name.empty() ? " and there is no option 66"
                                   : fmt::format(", and option 66 ({}) is not read by this client",
                                                 quote(answer.server_name)),
        icmp != nullptr ? "where nobody listens on port 69 (ICMP unreachable)"
                        : "which does not answer");
    const std::string server =
        Ipv4Address::parse(answer.server_name) ? answer.server_name : std::string("TFTP-SERVER");
    finding.fixes = {
        {"dnsmasq", fmt::format("dhcp-boot={},,{}", dnsmasq_word(answer.boot_file), server)},
        {"ISC dhcpd", fmt::format("next-server {};", server)},
        {"Kea", fmt::format("\"next-server\": \"{}\"", server)},
        {"Windows, others", "set next-server (siaddr), not only option 66"}};
    weaken_by_cut_answers(in.session, finding);
    return finding;
  }
  finding.fixes = {
      {"dnsmasq",
       fmt::format("dhcp-boot={},,{}\n(in proxy mode dhcp-boot=FILE alone leaves siaddr 0 "
                   "for BIOS; a server name needs DNS: not port=0)",
                   dnsmasq_word(answer.boot_file), to_string(identity_of(answer)))},
      {"ISC dhcpd", fmt::format("next-server {};", to_string(identity_of(answer)))},
      {"Kea", fmt::format("\"next-server\": \"{}\"", to_string(identity_of(answer)))}};
  weaken_by_cut_answers(in.session, finding);
  return finding;
}

}  // namespace pxeproof::trace::rule
