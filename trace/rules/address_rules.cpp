#include <fmt/format.h>

#include <algorithm>

#include "trace/rules/looks.h"
#include "trace/rules/queries.h"

namespace pxeproof::trace::rule {

namespace {

bool has_relay_information(const DhcpStep& step) {
  const auto message = dhcp::MessageView::parse(step.octets);
  return message && message->has(dhcp::OptionCode::RelayAgentInformation);
}

bool went_on(const BootSession& session) {
  return session.fetches() || !session.acks.empty() || !session.boot_server_requests.empty();
}

}  // namespace

Look relay_drops_answers(const RuleInput& in) {
  const std::vector<SeenDhcp> questions = relayed_questions(in.session);
  if (questions.empty() || went_on(in.session) || in.session.offers.empty()) return std::nullopt;
  const Ipv4Address relay = questions.front()->giaddr;
  const bool forwarded = std::ranges::any_of(in.session.offers, [&](const SeenDhcp& offer) {
    return offer->destination.port == dhcp::kClientPort && offer->source.address == relay;
  });
  if (forwarded) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(questions);
  finding.until = "offer";
  const bool asked_with_82 = has_relay_information(*questions.front().what);
  for (const SeenDhcp& offer : in.session.offers) {
    if (asked_with_82 && !has_relay_information(*offer.what)) {
      finding.confidence = Confidence::Likely;
      finding.packets.push_back(offer.packet());
      finding.cause = fmt::format(
          "The relay {} adds option 82, {} answers without it, and the client goes on asking: many "
          "relays drop such an answer (RFC 3046 s.2.2).",
          to_string(relay), to_string(identity_of(*offer.what)));
      finding.fixes = {{"server", "echo option 82 in every answer to a relayed request"},
                       {"relay", "Cisco: ip dhcp relay information trusted; or stop adding 82"}};
      return finding;
    }
  }
  const auto to_relay = std::ranges::find_if(in.session.offers, [&](const SeenDhcp& offer) {
    return offer->destination == Endpoint{relay, dhcp::kServerPort};
  });
  const auto to_client = std::ranges::find_if(in.session.offers, [&](const SeenDhcp& offer) {
    return offer->destination.port == dhcp::kClientPort;
  });
  if (to_client != in.session.offers.end()) {
    finding.confidence = Confidence::Certain;
    finding.packets.push_back(to_client->packet());
    finding.cause = fmt::format(
        "{} answers a relayed request to {} instead of the relay {} port 67 (RFC 2131 s.4.1): the "
        "answer never crosses the router.",
        to_string(identity_of(*to_client->what)), to_string(to_client->what->destination),
        to_string(relay));
    finding.fixes = {{"dnsmasq", "dhcp-range=CLIENT-NETWORK,proxy,NETMASK"},
                     {"server", "send to giaddr port 67"}};
    return finding;
  }
  if (to_relay == in.session.offers.end()) return std::nullopt;
  finding.packets.push_back(to_relay->packet());
  const auto icmp = std::ranges::find_if(in.session.icmp, [&](const SeenIcmp& seen) {
    return seen->is_unreachable() && seen->about_destination.address == relay;
  });
  if (icmp != in.session.icmp.end()) {
    finding.confidence = Confidence::Certain;
    finding.packets.push_back(icmp->packet());
    finding.cause = fmt::format(
        "{} answers to the relay {}, and {} says that this address cannot be reached (ICMP "
        "unreachable): the server has no way back to the client's network.",
        to_string(identity_of(*to_relay->what)), to_string(relay), to_string(icmp->what->sender));
    finding.fixes = {{"server", fmt::format("a route to {}: ip route add CLIENT-NETWORK via ROUTER",
                                            to_string(relay))},
                     {"relay", "or let it send from an address that the server can reach"}};
    return finding;
  }
  finding.confidence = Confidence::Possible;
  finding.cause = fmt::format(
      "{} answered to the relay {}, and the client goes on asking: the relay does not pass the "
      "answer on, or it is lost behind it.",
      to_string(identity_of(*to_relay->what)), to_string(relay));
  finding.fixes = {{"relay",
                    "check that it forwards from this server's address (helper address, "
                    "access lists, DHCP snooping trust)"}};
  finding.elsewhere = "not decidable from this side: capture in the client's network";
  return finding;
}

Look proxy_ignores_relay(const RuleInput& in) {
  const std::vector<SeenDhcp> questions = relayed_questions(in.session);
  if (questions.empty() || in.session.fetches()) return std::nullopt;
  const Ipv4Address relay = questions.front()->giaddr;
  Finding finding;
  finding.until = "offer";
  finding.packets = packets_of(questions);
  for (const SeenDhcp& proxy : proxy_offers(in.session)) {
    const bool from_relay = proxy->source.address == relay;
    if (from_relay || proxy->destination.port != dhcp::kClientPort) continue;
    finding.confidence = Confidence::Certain;
    finding.packets.push_back(proxy.packet());
    finding.cause = fmt::format(
        "The proxy {} answers a relayed request by {} in its own network; the client is behind the "
        "relay {} and never sees it.",
        to_string(identity_of(*proxy.what)), to_string(proxy->destination), to_string(relay));
    finding.fixes = {{"dnsmasq", "dhcp-range=CLIENT-NETWORK,proxy,NETMASK"},
                     {"others", "unicast the offer to giaddr port 67"}};
    return finding;
  }
  const bool leased = !address_offers(in.session).empty();
  const bool any_boot = std::ranges::any_of(in.session.offers, [](const SeenDhcp& offer) {
    return says_pxe(*offer.what) || names_boot(*offer.what);
  });
  if (!leased || any_boot) return std::nullopt;
  finding.confidence = Confidence::Likely;
  add_packets(finding.packets, in.session.offers);
  finding.cause = fmt::format(
      "The request came through the relay {}; an address server answered it and no proxy did: the "
      "proxy has no range for the client's network, or the relay does not send to it.",
      to_string(relay));
  finding.fixes = {{"relay", "add the proxy as a second helper address"},
                   {"dnsmasq", "dhcp-range=CLIENT-NETWORK,proxy,NETMASK"}};
  finding.elsewhere = kCaptureAtServer;
  return finding;
}

Look identifier_malformed(const RuleInput& in) {
  if (went_on(in.session) || in.session.discovers.empty()) return std::nullopt;
  const SeenDhcp& question = in.session.discovers.front();
  const auto message = dhcp::MessageView::parse(question->octets);
  if (!message || question->cut) return std::nullopt;
  constexpr std::size_t kIdentifierSize = 17;  // RFC 4578 s.2.3
  const auto identifier = message->first(dhcp::OptionCode::ClientMachineIdentifier);
  const bool pxe = says_pxe(*question.what);
  if (!pxe || (identifier && identifier->size() == kIdentifierSize)) return std::nullopt;
  const bool others_served = std::ranges::any_of(in.capture.boots, [&](const Boot* other) {
    return other != &in.boot && !other->address.is_unspecified();
  });
  Finding finding;
  finding.confidence =
      others_served && in.session.offers.empty() ? Confidence::Likely : Confidence::Possible;
  finding.packets = {question.packet()};
  finding.cause = identifier
                      ? fmt::format(
                            "The client's option 97 has {} octets instead of 17; strict servers "
                            "do not answer it.",
                            identifier->size())
                      : std::string(
                            "The client sends no option 97 (machine identifier); strict servers "
                            "do not answer it.");
  finding.fixes = {{"server", "accept requests without a sound option 97 (dnsmasq does)"},
                   {"firmware", "set a machine UUID in the BIOS setup"}};
  finding.until = "offer";
  return finding;
}

Look server_off_net(const RuleInput& in) {
  if (in.session.acks.empty()) return std::nullopt;
  const DhcpStep& ack = *in.session.acks.back().what;
  const auto mask = option_address(ack, dhcp::OptionCode::SubnetMask);
  const auto router = option_address(ack, dhcp::OptionCode::Router);
  if (!mask || (router && !router->is_unspecified())) return std::nullopt;
  const Subnet own{ack.yiaddr, *mask};
  Ipv4Address server;
  std::uint32_t packet = in.session.acks.back().packet();
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    if (!answer->siaddr.is_unspecified() && names_boot(*answer.what) &&
        !own.contains(answer->siaddr)) {
      server = answer->siaddr;
      packet = answer.packet();
    }
  }
  const SeenTransfer* last = last_transfer(in.session);
  const bool reached = last != nullptr && last->what->first_answer.has_value();
  if (server.is_unspecified() || reached) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = {packet};
  finding.cause = fmt::format(
      "The boot server {} is not in the client's network, and its address server {} names no "
      "router "
      "(option 3): the client cannot reach it.",
      to_string(server), to_string(identity_of(ack)));
  finding.fixes = {{"dnsmasq", "dhcp-option=option:router,ROUTER"},
                   {"ISC dhcpd", "option routers ROUTER;"},
                   {"Kea", "option \"routers\""}};
  return finding;
}

Look netmask_missing(const RuleInput& in) {
  if (in.session.fetches() || in.family == firmware::Family::Ipxe) return std::nullopt;
  std::vector<SeenDhcp> candidates = in.session.acks;
  if (candidates.empty() && in.session.declines.empty()) return std::nullopt;
  if (candidates.empty()) candidates = address_offers(in.session);
  for (const SeenDhcp& answer : candidates) {
    if (answer->cut || !gives_address(*answer.what) ||
        option_address(*answer.what, dhcp::OptionCode::SubnetMask))
      continue;
    Finding finding;
    finding.confidence =
        in.family == firmware::Family::Edk2 ? Confidence::Certain : Confidence::Possible;
    finding.packets = {answer.packet()};
    finding.cause =
        fmt::format("{} gives an address without a netmask (option 1); UEFI refuses such a lease.",
                    to_string(identity_of(*answer.what)));
    finding.fixes = {{"server", "send option 1 whenever option 55 asks for it"},
                     {"ISC dhcpd", "option subnet-mask 255.255.255.0;"}};
    finding.until = "4011";
    return finding;
  }
  return std::nullopt;
}

Look address_refused(const RuleInput& in) {
  const SeenDhcp* refusal = refused_address(in.session);
  if (refusal == nullptr) return std::nullopt;
  const SeenDhcp& nak = *refusal;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = {nak.packet()};
  finding.cause = fmt::format(
      "{} refuses the address that the client asked for (DHCPNAK{}).{}",
      to_string(identity_of(*nak.what)),
      nak->nak_text.empty() ? "" : fmt::format(": {}", quote(nak->nak_text)),
      in.family == firmware::Family::Edk2 ? " UEFI ends the boot at once (PXE-E07)." : "");
  const bool its_own = std::ranges::any_of(in.session.offers, [&](const SeenDhcp& offer) {
    return gives_address(*offer.what) && identity_of(*offer.what) == identity_of(*nak.what);
  });
  const bool two = std::ranges::any_of(in.session.offers, [&](const SeenDhcp& offer) {
    return gives_address(*offer.what) && identity_of(*offer.what) != identity_of(*nak.what);
  });
  if (two) finding.cause += " Another server had offered that address: two servers disagree.";
  const auto asked =
      in.session.requests.empty() ? std::nullopt : in.session.requests.back()->server_id;
  const bool not_asked = asked && *asked != identity_of(*nak.what);
  if (not_asked) {
    finding.packets.push_back(in.session.requests.back().packet());
    finding.cause += fmt::format(" The client had asked {}, not this one.", to_string(*asked));
  }
  finding.until = "4011";
  if (its_own && !two && !not_asked) {
    finding.cause += " It had offered an address itself.";
    finding.fixes = {
        {"server",
         fmt::format("see the log of {} for this request: the address went to another client "
                     "between offer and request, its lease file is not writable, or a failover "
                     "partner holds it",
                     to_string(identity_of(*nak.what)))}};
    return finding;
  }
  finding.fixes = {
      {"network",
       fmt::format("one DHCP server for each network; the one to look for is {} (hardware address "
                   "{})",
                   to_string(identity_of(*nak.what)), to_string(nak->packet.link_source))},
      {"dnsmasq", "dhcp-authoritative only where it is the only server; free the pool"}};
  return finding;
}

Look address_declined(const RuleInput& in) {
  if (in.session.declines.empty() || netmask_missing(in)) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Likely;
  finding.packets = packets_of(in.session.declines);
  add_packets(finding.packets, in.session.acks);
  finding.cause =
      "The client declined its address: another host uses it already, or the answer changed "
      "between "
      "offer and acknowledgement.";
  if (!in.session.address_conflicts.empty()) {
    const SeenArp& conflict = in.session.address_conflicts.back();
    finding.confidence = Confidence::Certain;
    add_packets(finding.packets, *conflict.step);
    finding.cause =
        fmt::format("The client declined its address {}: {} has it already and answers ARP for it.",
                    to_string(conflict->target), to_string(*conflict->holder));
  }
  finding.fixes = {{"network", "find the host with the fixed address inside the pool"},
                   {"dnsmasq", "dhcp-host=MAC,OTHER-ADDRESS; do not set no-ping"}};
  finding.until = "4011";
  return finding;
}

namespace {

// An address is the other's too only while that one goes on as well: then it knows of this one.
bool is_mutual(const RuleInput& in, const Boot::AddressRival& rival) {
  return std::ranges::any_of(in.capture.boots, [&](const Boot* other) {
    return other->mac == rival.mac &&
           std::ranges::any_of(other->address_rivals, [&](const Boot::AddressRival& back) {
             return back.lease == rival.lease && back.asked == rival.asked &&
                    back.mac == in.boot.mac;
           });
  });
}

// Where a boot waits for answers that may go to another host.
bool waits_for_answers(const Boot& boot) {
  const RomState state = boot.verdict.state;
  return state == RomState::WaitsForBootServer || state == RomState::FetchesNbp ||
         state == RomState::SearchesConfig || state == RomState::FetchesPayload ||
         state == RomState::FetchesByHttp;
}

// A lease of somebody silent is all that there is.
bool is_held_only(const Boot::AddressRival& rival) {
  return rival.held != 0 &&
         (rival.claim | rival.delivered | rival.refusal | rival.lease | rival.asked) == 0;
}

bool took_packets(const Boot::AddressRival& rival) {
  return rival.delivered != 0 || rival.refusal != 0;
}

// The rival that the capture shows most of.
const Boot::AddressRival* main_rival(const RuleInput& in) {
  const Boot::AddressRival* best = nullptr;
  int best_weight = 0;
  for (const Boot::AddressRival& rival : in.boot.address_rivals) {
    const bool shares = (rival.lease != 0 || rival.asked != 0) && is_mutual(in, rival);
    const bool is_held = rival.held != 0 && waits_for_answers(in.boot);
    const int weight =
        (took_packets(rival) ? 4 : 0) + (rival.claim != 0 ? 2 : 0) + (shares || is_held ? 1 : 0);
    if (weight <= best_weight) continue;
    best = &rival;
    best_weight = weight;
  }
  return best;
}

std::vector<std::string> words_about(const Boot::AddressRival& rival) {
  std::vector<std::string> words;
  if (rival.lease != 0) words.emplace_back("a server acknowledged it to both");
  if (rival.held != 0) {
    words.emplace_back("another server leased it to that one, and the lease has not run out");
  }
  if (rival.asked != 0) words.emplace_back("both ask for files from it, and no server gave it");
  if (rival.claim != 0) words.emplace_back("it says so in ARP");
  if (rival.delivered != 0) words.emplace_back("what servers send to the client goes to it");
  if (rival.refusal != 0) words.emplace_back("it refuses what is meant for the client");
  return words;
}

Confidence confidence_of(const Boot::AddressRival& rival) {
  if (rival.refusal != 0) return Confidence::Certain;
  if (rival.has_others) return Confidence::Possible;
  return rival.claim != 0 ? Confidence::Certain : Confidence::Likely;
}

}  // namespace

Look address_used_twice(const RuleInput& in) {
  const Boot::AddressRival* rival = main_rival(in);
  if (rival == nullptr || !in.session.declines.empty()) return std::nullopt;
  // What it was refused in earnest has its own reason.
  const bool was_refused = in.boot.verdict.kind == BootVerdict::Kind::Refused;
  if (was_refused && !took_packets(*rival)) return std::nullopt;
  Finding finding;
  finding.confidence = confidence_of(*rival);
  for (const std::uint32_t packet :
       {rival->lease, rival->held, rival->asked, rival->claim, rival->delivered, rival->refusal}) {
    if (packet != 0) finding.packets.push_back(packet);
  }
  if (rival->held != 0) add_packets(finding.packets, in.session.acks);
  const std::string address = to_string(rival->address);
  finding.cause = fmt::format(
      "Two hosts use the address {}: the client {} and {} ({}). Answers to the client "
      "are lost to the other.",
      address, to_string(in.boot.mac), to_string(rival->mac), fmt::join(words_about(*rival), "; "));
  if (rival->has_others) {
    finding.cause +=
        " It claims other addresses too: it may be a router that answers ARP for others.";
  }
  if (is_held_only(*rival)) {
    finding.cause += " If that host is off, the boot server itself is silent.";
  }
  if (rival->lease != 0 || rival->held != 0) {
    finding.fixes = {{"address server",
                      "let only one server give addresses out of this pool, and see that its "
                      "leases survive a restart"}};
  } else if (rival->asked != 0) {
    finding.fixes = {
        {"boards", "give each an address of its own (U-Boot: setenv ipaddr ...; saveenv)"}};
  } else {
    finding.fixes = {
        {"network", fmt::format("give the host {} an address outside the pool, or keep its address "
                                "out of the pool",
                                to_string(rival->mac))},
        {"dnsmasq", fmt::format("dhcp-host={},{}", to_string(rival->mac), address)},
        {"ISC dhcpd", "leave the address out of the range; ping-check true;"}};
  }
  finding.until = "nbp";
  return finding;
}

namespace {

struct Named {
  Guid guid;
  Instant at;
  std::uint32_t packet = 0;
};

// The machines' identifiers in the ROM's own questions.
std::vector<Named> named_questions(const BootSession& session) {
  std::vector<Named> found;
  for (const auto* list : {&session.discovers, &session.requests, &session.boot_server_requests}) {
    for (const SeenDhcp& question : *list) {
      const bool is_alike =
          session.question() != nullptr && asks_alike(*question.what, *session.question());
      const auto guid = question->guid;
      if (!is_alike || !guid || guid->is_zero()) continue;
      found.push_back({*guid, question.at(), question.packet()});
    }
  }
  std::ranges::stable_sort(found, {}, &Named::at);
  return found;
}

}  // namespace

Look two_machines(const RuleInput& in) {
  const std::vector<Named> named = named_questions(in.session);
  std::size_t changes = 0;
  Finding finding;
  for (std::size_t at = 1; at < named.size(); ++at) {
    if (named[at].guid == named[at - 1].guid) continue;
    ++changes;
    finding.packets.push_back(named[at - 1].packet);
    finding.packets.push_back(named[at].packet);
  }
  // One change may be another board behind the same card.
  if (changes < 2) return std::nullopt;
  finding.confidence = Confidence::Certain;
  const auto other = std::ranges::find_if(
      named, [&](const Named& each) { return each.guid != named.front().guid; });
  finding.cause = fmt::format(
      "Two machines, GUID {} and {}, use the hardware address {} at one time: each takes the "
      "other's answers for its own.",
      to_string(named.front().guid), to_string(other->guid), to_string(in.boot.mac));
  finding.fixes = {{"machines",
                    "give each its own MAC address: of copied virtual machines, and of cards whose "
                    "address was set by hand"}};
  finding.until = "offer";
  return finding;
}

Look no_acknowledgement(const RuleInput& in) {
  const bool waiting = !in.session.requests.empty() && in.session.acks.empty() &&
                       in.session.naks.empty() && !in.session.fetches() &&
                       in.session.boot_server_requests.empty();
  if (!waiting || in.boot.verdict.kind == BootVerdict::Kind::Unfinished) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(in.session.requests);
  const auto asked = in.session.requests.back()->server_id;
  finding.cause = fmt::format("{} offered an address and does not acknowledge it ({} REQUESTs).",
                              asked ? to_string(*asked) : std::string("The server"),
                              in.session.requests.size());
  finding.fixes = {{"address server",
                    "see its log: a full pool, a lease file it cannot write, a host entry that "
                    "changed"},
                   {"network", "DHCP snooping on the switch: trust the server's port"}};
  finding.elsewhere = kCaptureAtServer;
  finding.until = "4011";
  return finding;
}

}  // namespace pxeproof::trace::rule
