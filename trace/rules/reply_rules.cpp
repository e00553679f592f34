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

std::vector<std::uint32_t> packets_of(const SeenTransfer& transfer) {
  std::vector<std::uint32_t> packets;
  add_packets(packets, *transfer.step);
  return packets;
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
  finding.fixes = {{"dnsmasq", "tftp-max=500 (the default is 50; tftp-port-range limits it too)"},
                   {"atftpd", "--maxthread 1000"},
                   {"network", "switch machines on in groups"}};
  finding.until = "payload";
  return finding;
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
    if (transfer.first_answer && transfer.requests >= 2 && transfer.acknowledgements == 0) {
      finding.confidence = Confidence::Likely;
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

Look tftp_not_running(const RuleInput& in) {
  const SeenTransfer* last = unanswered(in);
  if (last == nullptr) return std::nullopt;
  const Ipv4Address server = last->what->asked;
  const SeenIcmp* icmp = port_closed(in.session, server, tftp::kPort);
  const SeenArp* arp = no_neighbour(in.session, server);
  if (icmp == nullptr && arp == nullptr) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*last);
  finding.packets.push_back(icmp != nullptr ? icmp->packet() : arp->packet());
  finding.cause =
      icmp != nullptr
          ? fmt::format("{} says that nobody listens on port 69 of {} (ICMP unreachable).",
                        to_string(icmp->what->sender), to_string(server))
          : fmt::format("Nobody answers ARP for {}, which the boot file shall come from.",
                        to_string(server));
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

Look options_rejected(const RuleInput& in) {
  const SeenTransfer* last = in.session.transfers.empty() ? nullptr : &in.session.transfers.back();
  if (last == nullptr || last->what->outcome != Outcome::Aborted) return std::nullopt;
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
  finding.cause = fmt::format("The client stopped {} after {} blocks: ERROR {} \"{}\".",
                              quote(transfer.filename), transfer.blocks,
                              transfer.error_code.value_or(0), printable(transfer.error_text));
  finding.confidence = Confidence::Possible;
  finding.fixes = {{"machine", "the file may be too large for it, or no boot image of its kind"}};
  return finding;
}

}  // namespace pxeproof::trace::rule
