#include <fmt/format.h>

#include <algorithm>

#include "protocol/tftp/negotiation.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/step_text.h"

namespace pxeproof::trace::rule {

namespace {

using namespace std::chrono_literals;
using Outcome = TransferStep::Outcome;

constexpr Duration kLongWait = 1500ms;
constexpr Duration kJustAfter = 500ms;
// With so many at once an unanswered request speaks for a limit, not for a fault of its own.
constexpr std::size_t kManyTransfers = 20;

const SeenTransfer* unanswered(const RuleInput& in) {
  const SeenTransfer* last = last_transfer(in.session);
  return last != nullptr && last->what->outcome == Outcome::Unanswered ? last : nullptr;
}

bool prohibits(const IcmpStep& icmp) {
  // RFC 1812 s.5.2.7.1: administratively prohibited.
  return icmp.is_unreachable() && (icmp.code == 9 || icmp.code == 10 || icmp.code == 13);
}

// Transfers of all boots with one server.
std::vector<const TransferStep*> transfers_with(const RuleInput& in, Ipv4Address server) {
  std::vector<const TransferStep*> list;
  for (const Boot* boot : in.capture.boots) {
    for (const Step& step : boot->steps) {
      const auto* transfer = std::get_if<TransferStep>(&step.what);
      if (transfer != nullptr && transfer->asked == server) list.push_back(transfer);
    }
  }
  return list;
}

// How a request waited at a busy server.
struct Wait {
  std::size_t running = 0;    // transfers that went on meanwhile
  bool served_after = false;  // its answer came right after one of them ended
};
Wait look_at_wait(const std::vector<const TransferStep*>& all, const TransferStep& waiting) {
  Wait wait;
  const Instant until = waiting.first_answer.value_or(waiting.ended);
  for (const TransferStep* other : all) {
    if (other == &waiting || !other->first_answer || other->outcome == Outcome::Refused) continue;
    if (*other->first_answer > waiting.begun || other->ended < waiting.begun) continue;
    ++wait.running;
    if (waiting.first_answer && until >= other->ended && until - other->ended <= kJustAfter &&
        other->ended - waiting.begun >= kLongWait / 2) {
      wait.served_after = true;
    }
  }
  return wait;
}

std::vector<Fix> full_server_fixes() {
  return {{"dnsmasq", "tftp-max=500 (the default is 50; tftp-port-range limits it too)"},
          {"atftpd", "--maxthread 1000"},
          {"network", "switch machines on in groups"}};
}

Look full_server(const RuleInput& in, const SeenTransfer& seen) {
  const TransferStep& transfer = *seen.what;
  const Duration waited = transfer.first_answer.value_or(transfer.ended) - transfer.begun;
  if (transfer.requests < 2 || waited < kLongWait) return std::nullopt;
  const Wait wait = look_at_wait(transfers_with(in, transfer.asked), transfer);
  const bool limited = (wait.running >= 2 && wait.served_after) || wait.running >= kManyTransfers;
  if (!limited) return std::nullopt;
  Finding finding;
  const bool is_default = wait.running == 50 || wait.running == 51;
  finding.confidence = wait.served_after || is_default ? Confidence::Certain : Confidence::Likely;
  finding.packets = packets_of(seen);
  finding.cause = fmt::format(
      "{} asked {} times for {} within {} while {} served {} other transfers{}: it takes no more "
      "at "
      "once.",
      to_string(transfer.client.address), transfer.requests, quote(transfer.filename),
      describe_duration(waited), to_string(transfer.asked), wait.running,
      wait.served_after ? ", and was served when one of them ended" : "");
  finding.fixes = full_server_fixes();
  finding.until = "payload";
  return finding;
}

// Whether the server is a neighbour at all.
std::string describe_distance(const RuleInput& in, Ipv4Address server) {
  constexpr Subnet kDocker{Ipv4Address::of(172, 17, 0, 0), Ipv4Address::of(255, 255, 0, 0)};
  if (kDocker.contains(server) && !kDocker.contains(in.boot.address)) {
    return fmt::format(
        " {} is an address of Docker's own bridge, which machines outside of that host cannot "
        "reach: name the host's address instead.",
        to_string(server));
  }
  if (in.session.acks.empty()) return {};
  const auto mask = option_address(*in.session.acks.back().what, dhcp::OptionCode::SubnetMask);
  if (!mask || Subnet{in.session.acks.back()->yiaddr, *mask}.contains(server)) return {};
  return fmt::format(
      " {} is in another network than the client: a route or a rule between them "
      "may be missing.",
      to_string(server));
}

}  // namespace

Look firewall(const RuleInput& in) {
  for (const SeenIcmp& icmp : in.session.icmp) {
    if (!prohibits(*icmp.what)) continue;
    Finding finding;
    finding.confidence = Confidence::Certain;
    finding.packets = {icmp.packet()};
    finding.cause =
        fmt::format("{} forbids packets from {} to {} (ICMP: prohibited).", to_string(icmp->sender),
                    to_string(icmp->about_source), to_string(icmp->about_destination));
    finding.fixes = {
        {"firewall", "allow udp dport { 67, 69, 4011 } and the answers' ephemeral ports"}};
    return finding;
  }
  if (address_used_twice(in)) return std::nullopt;
  const SeenTransfer* last = last_transfer(in.session);
  if (last != nullptr && !came_whole(*last->what)) {
    const TransferStep& transfer = *last->what;
    Finding finding;
    finding.packets = packets_of(*last);
    finding.fixes = {
        {"firewall",
         "allow udp dport 69 and the server's ephemeral ports (helper nf_conntrack_tftp)"},
        {"dnsmasq", "tftp-single-port, or tftp-port-range=FIRST,LAST with these ports open"},
        {"docker", "network_mode: host"}};
    if (server_is_deaf(transfer)) {
      finding.confidence = Confidence::Likely;
      finding.cause = fmt::format(
          "{} repeats its OACK for {} {} times, though the client acknowledges it: the client's "
          "packets to port {} do not reach the server. Port 69 passes, the transfer's port does "
          "not.",
          to_string(transfer.server), quote(transfer.filename), transfer.oacks_after_ack,
          transfer.server.port);
      finding.elsewhere =
          "where they are lost is not decidable from this side: capture at the server too; its own "
          "firewall drops them behind such a capture";
      return finding;
    }
    if (transfer.first_answer && transfer.acknowledgements == 0 &&
        vain_tries(in.session, transfer) >= 2) {
      finding.confidence = Confidence::Likely;
      for (const SeenTransfer& seen : in.session.transfers) {
        if (seen->filename == transfer.filename) add_packets(finding.packets, *seen.step);
      }
      finding.cause = fmt::format(
          "{} answers the request for {} from port {}, and the client asks again and again: the "
          "answers do not reach it. Port 69 passes, the transfer's port does not.",
          to_string(transfer.asked), quote(transfer.filename), transfer.server.port);
      finding.elsewhere =
          "where they are lost is not decidable from this side: capture at the client";
      return finding;
    }
    if (transfer.outcome == Outcome::Unanswered && !transfer.stranger &&
        port_closed(in.session, transfer.asked, tftp::kPort) == nullptr &&
        no_neighbour(in.session, transfer.asked) == nullptr && !server_is_full(in)) {
      finding.confidence = Confidence::Likely;
      const bool alive = answered_dhcp(in.session, transfer.asked);
      finding.cause = fmt::format(
          "{} does not answer the request for {}{}: no TFTP server there, or port 69/udp, or the "
          "answers' ports, are filtered.",
          to_string(transfer.asked), quote(transfer.filename),
          alive ? ", though it answers DHCP" : "");
      finding.cause += describe_distance(in, transfer.asked);
      finding.fixes.insert(finding.fixes.begin(), {"dnsmasq", "enable-tftp\ntftp-root=DIRECTORY"});
      finding.elsewhere = kCaptureAtServer;
      return finding;
    }
    return std::nullopt;
  }
  if (!boot_server_is_silent(in.session) || in.session.fetches()) return std::nullopt;
  const Ipv4Address server = in.session.boot_server_requests.back()->destination.address;
  if (!answered_dhcp(in.session, server) || no_neighbour(in.session, server) != nullptr ||
      port_closed(in.session, server, dhcp::kBootServerPort) != nullptr) {
    return std::nullopt;
  }
  Finding finding;
  finding.confidence = Confidence::Possible;
  finding.packets = trace::packets_of(in.session.boot_server_requests);
  finding.cause = fmt::format(
      "{} answers on port 67 and is silent on 4011: a firewall may let the first through and not "
      "the "
      "second.",
      to_string(server));
  finding.fixes = {{"firewall", "allow udp dport { 67, 69, 4011 }"}};
  finding.elsewhere = kCaptureAtServer;
  finding.until = "4011";
  return finding;
}

namespace {

// The neighbour that the client looks for before it can ask: the boot server, or the router on the
// way to it. The first of each.
struct Hop {
  const SeenArp* arp = nullptr;
  Ipv4Address server;
  bool is_router = false;
};
Hop missing_hop(const RuleInput& in) {
  std::vector<Ipv4Address> servers;
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    if (!answer->siaddr.is_unspecified() && !answer->boot_file.empty()) {
      servers.push_back(answer->siaddr);
    }
    if (answer->is_proxy_offer()) servers.push_back(identity_of(*answer.what));
    for (const pxe::BootServerEntry& entry : answer->boot_servers) {
      servers.insert(servers.end(), entry.addresses.begin(), entry.addresses.end());
    }
  }
  if (const SeenTransfer* last = unanswered(in)) servers.insert(servers.begin(), last->what->asked);
  for (const Ipv4Address server : servers) {
    if (const SeenArp* arp = no_neighbour(in.session, server)) return {arp, server, false};
  }
  if (servers.empty() || in.session.acks.empty()) return {};
  const auto router = option_address(*in.session.acks.back().what, dhcp::OptionCode::Router);
  const SeenArp* arp = router ? no_neighbour(in.session, *router) : nullptr;
  return {arp, servers.front(), true};
}

Look hop_is_missing(const RuleInput& in) {
  const bool has_fetched = has_file(in.session) || !in.session.http.empty();
  const bool is_waiting = in.session.transfers.empty() || unanswered(in) != nullptr;
  // Where it came as far as port 4011, or where no router is named, other rules say more.
  const bool is_told_elsewhere = boot_server_is_silent(in.session) || server_off_net(in);
  if (has_fetched || !is_waiting || is_told_elsewhere) return std::nullopt;
  const Hop hop = missing_hop(in);
  if (hop.arp == nullptr) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = {hop.arp->step->first_packet, hop.arp->step->last_packet};
  if (const SeenTransfer* last = unanswered(in)) add_packets(finding.packets, *last->step);
  if (hop.is_router) {
    finding.cause = fmt::format(
        "Nobody answers ARP for {}, the router (option 3) on the way to the boot server {}.",
        to_string(hop.arp->what->target), to_string(hop.server));
    finding.fixes = {{"DHCP server", "name the network's router: dhcp-option=option:router,ROUTER"},
                     {"network", "start the router, or look for its wrong address or VLAN"}};
    return finding;
  }
  finding.cause =
      fmt::format("Nobody answers ARP for {}, which the client was sent to for its boot file.",
                  to_string(hop.server));
  finding.fixes = {
      {"DHCP server",
       "next-server, or the proxy's address, is wrong: name the host that runs TFTP"},
      {"network", fmt::format("or {} is down, or in another VLAN", to_string(hop.server))}};
  return finding;
}

}  // namespace

Look tftp_not_running(const RuleInput& in) {
  if (file_without_server(in) || address_used_twice(in)) return std::nullopt;
  // Nobody meant that host to have the file.
  if (asked_past_proxy(in.session) != nullptr) return std::nullopt;
  if (auto missing = hop_is_missing(in)) return missing;
  const SeenTransfer* last = unanswered(in);
  if (last == nullptr) return std::nullopt;
  const Ipv4Address server = last->what->asked;
  const SeenIcmp* icmp = port_closed(in.session, server, tftp::kPort);
  if (icmp == nullptr) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*last);
  finding.packets.push_back(icmp->packet());
  if (icmp->what->is_host_unreachable()) {
    finding.cause = fmt::format("{} says that it cannot reach {} (ICMP unreachable).",
                                to_string(icmp->what->sender), to_string(server));
    finding.fixes = {{"network", fmt::format("{} needs a way to {}, or that host is down",
                                             to_string(icmp->what->sender), to_string(server))},
                     {"DHCP server", "or next-server is wrong: name the host that runs TFTP"}};
    return finding;
  }
  finding.cause = fmt::format("{} says that nobody listens on port 69 of {} (ICMP unreachable).",
                              to_string(icmp->what->sender), to_string(server));
  finding.fixes = {{"dnsmasq", "enable-tftp\ntftp-root=DIRECTORY"},
                   {"tftpd-hpa", "systemctl enable --now tftpd-hpa"},
                   {"DHCP server", "or next-server is wrong: name the host that runs TFTP"}};
  return finding;
}

Look answer_from_stranger(const RuleInput& in) {
  const SeenTransfer* last = unanswered(in);
  if (last == nullptr || !last->what->stranger) return std::nullopt;
  const TransferStep& transfer = *last->what;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = {last->step->first_packet, transfer.stranger->packet};
  finding.cause = fmt::format(
      "The request went to {}, the answer comes from {}: the client takes no answer from another "
      "address (RFC 1350 s.4).",
      to_string(transfer.asked), to_string(transfer.stranger->source));
  finding.fixes = {
      {"docker", "network_mode: host (address translation rewrites only port 69)"},
      {"dnsmasq", "tftp-single-port; listen-address=THE-ADDRESS-CLIENTS-USE"},
      {"server", "answer from the address that was asked (several addresses, VIP, keepalived)"}};
  return finding;
}

Look server_is_full(const RuleInput& in) {
  const SeenTransfer* refused = last_transfer(in.session);
  if (refused != nullptr && refusal_of(*refused->what) == Refusal::Busy) {
    Finding finding;
    finding.packets = packets_of(*refused);
    finding.cause =
        fmt::format("{} is too busy to send {}: ERROR {} \"{}\".", to_string(refused->what->asked),
                    quote(refused->what->filename), refused->what->error_code.value_or(0),
                    printable(refused->what->error_text));
    finding.fixes = full_server_fixes();
    return finding;
  }
  const SeenTransfer* last = unanswered(in);
  return last == nullptr ? std::nullopt : full_server(in, *last);
}

Look server_was_full(const RuleInput& in) {
  for (const BootSession& session : in.sessions) {
    for (const SeenTransfer& seen : session.transfers) {
      if (!came_whole(*seen.what)) continue;
      if (auto finding = full_server(in, seen)) return finding;
    }
  }
  return std::nullopt;
}

namespace {

// The transfer that the client stopped last, when nothing but refusals followed.
const SeenTransfer* last_stopped(const BootSession& session) {
  for (auto at = session.transfers.rbegin(); at != session.transfers.rend(); ++at) {
    if ((*at)->outcome == Outcome::Aborted) return &*at;
    if ((*at)->outcome != Outcome::Refused) return nullptr;
  }
  return nullptr;
}

// RFC 2347 s.2: a server ignores options that it does not know.
Look options_refused(const RuleInput& in) {
  const SeenTransfer* last = last_transfer(in.session);
  if (last == nullptr || refusal_of(*last->what) != Refusal::Options) return std::nullopt;
  const TransferStep& transfer = *last->what;
  std::vector<std::string> options;
  for (const tftp::Option& option : transfer.requested) {
    options.push_back(fmt::format("{}={}", printable(option.name), printable(option.value)));
  }
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*last);
  finding.cause = fmt::format(
      "{} refuses {} over the options that the client asks for ({}): ERROR {} \"{}\". A server "
      "should ignore an option that it does not like (RFC 2347).",
      to_string(transfer.asked), quote(transfer.filename), fmt::join(options, ", "),
      transfer.error_code.value_or(0), printable(transfer.error_text));
  finding.fixes = {{"server", "let it ignore what it does not support; firmware always asks so"},
                   {"dnsmasq, tftpd-hpa", "both accept this request: use one of them instead"}};
  return finding;
}

}  // namespace

Look options_rejected(const RuleInput& in) {
  if (auto refused = options_refused(in)) return refused;
  const SeenTransfer* last = last_stopped(in.session);
  if (last == nullptr) return std::nullopt;
  const TransferStep& transfer = *last->what;
  Finding finding;
  finding.packets = packets_of(*last);
  finding.fixes = {
      {"server",
       "acknowledge only what was asked for (RFC 2347), blksize and windowsize "
       "not larger (RFC 2348, RFC 7440)"},
      {"dnsmasq", "tftp-no-blocksize, when the client cannot take another block size"}};
  const auto asked_size = std::ranges::any_of(transfer.requested, [](const tftp::Option& option) {
    return tftp::same_word(option.name, "tsize");
  });
  if (transfer.oacks > 0) {
    const auto agreed = tftp::agree({.filename = transfer.filename, .options = transfer.requested},
                                    {.options = transfer.acknowledged, .trailer = {}});
    const bool has_size = std::ranges::any_of(
        transfer.acknowledged,
        [](const tftp::Option& option) { return tftp::same_word(option.name, "tsize"); });
    if (!agreed) {
      finding.confidence = Confidence::Certain;
      finding.cause =
          fmt::format("The client rejects the server's OACK for {} ({}): ERROR {} \"{}\".",
                      quote(transfer.filename), tftp::to_string(agreed.error()),
                      transfer.error_code.value_or(0), printable(transfer.error_text));
      return finding;
    }
    // ERROR 8 after a sound OACK is the usual probe; anything else, or a probe without its size,
    // is not.
    if (asked_size && !has_size) {
      finding.cause = fmt::format(
          "The client asked for the size of {} and the server does not tell "
          "it (no tsize in the OACK); UEFI stops there (PXE-E99).",
          quote(transfer.filename));
      finding.fixes = {{"server", "support tsize (RFC 2349)"}, {"atftpd", "remove --no-tsize"}};
      return finding;
    }
    if (is_size_probe(transfer)) return std::nullopt;
  } else if (asked_size && transfer.blocks <= 1) {
    finding.cause = fmt::format(
        "The client asked for the size of {}; the server knows no options and "
        "sends data at once. UEFI stops there (PXE-E99).",
        quote(transfer.filename));
    finding.fixes = {{"server", "support tsize and blksize (RFC 2347..2349)"},
                     {"DHCP server", "or send option 13 with the file's size in 512-octet blocks"}};
    return finding;
  }
  return std::nullopt;
}

Look client_stopped(const RuleInput& in) {
  const SeenTransfer* last = in.session.transfers.empty() ? nullptr : &in.session.transfers.back();
  if (last == nullptr || last->what->outcome != Outcome::Aborted || is_size_probe(*last->what) ||
      options_rejected(in)) {
    return std::nullopt;
  }
  const TransferStep& transfer = *last->what;
  Finding finding;
  finding.packets = packets_of(*last);
  finding.confidence = Confidence::Possible;
  if (transfer.longest_pause >= 2 * kLongWait) {
    finding.confidence = Confidence::Likely;
    finding.cause = fmt::format(
        "The client stopped {} itself after {} blocks: ERROR {} \"{}\". It had waited up to {} "
        "for a packet: the server, or the way to it, is too slow for the client's patience.",
        quote(transfer.filename), transfer.blocks, transfer.error_code.value_or(0),
        printable(transfer.error_text), describe_duration(transfer.longest_pause));
    finding.fixes = {{"server", "look at its load and its disk (NFS, a sleeping drive)"},
                     {"network", "find where packets are lost or held"}};
    return finding;
  }
  const bool is_full = transfer.error_code == 3;  // RFC 1350: disk full or allocation exceeded
  finding.cause =
      fmt::format("The client stopped {} itself after {} blocks of {} octets: ERROR {} \"{}\". {}",
                  quote(transfer.filename), transfer.blocks, transfer.block_size,
                  transfer.error_code.value_or(0), printable(transfer.error_text),
                  is_full ? "The file is larger than the memory that it keeps for it."
                          : "The server did nothing wrong that shows.");
  finding.fixes = {
      {"machine", is_full ? "name a smaller boot file: a loader, not an image"
                          : "the file may be too large for it, or no boot image of its kind"}};
  return finding;
}

}  // namespace pxeproof::trace::rule
