#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "trace/rules/looks.h"
#include "trace/rules/queries.h"

namespace pxeproof::trace::rule {

namespace {

using namespace std::chrono_literals;

bool is_transaction_of(const std::vector<SeenDhcp>& questions, const DhcpStep& answer) {
  return std::ranges::any_of(questions,
                             [&](const SeenDhcp& question) { return question->xid == answer.xid; });
}

// In what an answer does not fit the client's questions; empty when it does.
std::string misfit(const std::vector<SeenDhcp>& questions, const BootSession& session,
                   const DhcpStep& answer) {
  const bool is_known = is_transaction_of(questions, answer) ||
                        is_transaction_of(session.requests, answer) ||
                        is_transaction_of(session.client_copies, answer);
  const DhcpStep& question = *questions.front().what;
  if (!is_known) {
    return fmt::format("carries transaction identifier {:08x}, which is not the client's {:08x}",
                       answer.xid, question.xid);
  }
  const std::uint16_t port = answer.destination.port;
  const bool is_port_known =
      port == dhcp::kClientPort || port == dhcp::kServerPort || port == question.source.port;
  if (is_port_known) return {};
  return fmt::format("goes to port {}, and the client listens on {}", port, question.source.port);
}

// The same of an answer to a request for a boot file.
std::string misfit_of_boot_server(const BootSession& session, const DhcpStep& answer) {
  if (answer.type != dhcp::MessageType::Ack) {
    return fmt::format("is {}, and only a DHCPACK counts there",
                       answer.type == dhcp::MessageType::Nak ? "a DHCPNAK" : "no DHCPACK");
  }
  if (auto what = misfit(session.boot_server_requests, session, answer); !what.empty()) return what;
  const bool asked_4011 = session.boot_server_requests.back()->to_boot_server();
  if (!asked_4011 || answer.from_boot_server()) return {};
  return fmt::format("comes from port {}, and was asked for at 4011", answer.source.port);
}

// An answer to this client's transaction that names another hardware address.
struct Strayed {
  const Boot* to = nullptr;
  const Step* step = nullptr;
};
Strayed strayed_answer(const RuleInput& in, const std::vector<SeenDhcp>& questions) {
  for (const Boot* other : in.capture.boots) {
    if (other == &in.boot || !other->begins_before_capture) continue;
    for (const Step& step : other->steps) {
      const auto* answer = std::get_if<DhcpStep>(&step.what);
      if (answer == nullptr || answer->direction != DhcpStep::Direction::ToClient) continue;
      if (is_transaction_of(questions, *answer)) return {other, &step};
    }
  }
  return {};
}

// The answers that all do not fit, of those that the client waits for.
Look misfits(Finding finding, const std::vector<SeenDhcp>& answers,
             const std::function<std::string(const DhcpStep&)>& look) {
  std::string what;
  for (const SeenDhcp& answer : answers) {
    what = look(*answer.what);
    // One that fits is enough for the client.
    if (what.empty()) return std::nullopt;
    finding.packets.push_back(answer.packet());
  }
  if (answers.empty()) return std::nullopt;
  finding.cause = fmt::format("The answer of {} {}: the client does not take it.",
                              to_string(identity_of(*answers.back().what)), what);
  return finding;
}

Look look_for_strayed(const RuleInput& in, Finding finding,
                      const std::vector<SeenDhcp>& questions) {
  const Strayed strayed = strayed_answer(in, questions);
  if (strayed.to == nullptr) return std::nullopt;
  finding.packets.push_back(strayed.step->first_packet);
  finding.cause = fmt::format(
      "{} answers this client's transaction {:08x} with the hardware address {} in the answer: the "
      "client does not take it.",
      to_string(std::get<DhcpStep>(strayed.step->what).source.address), questions.front()->xid,
      to_string(strayed.to->mac));
  return finding;
}

}  // namespace

Look answer_misaddressed(const RuleInput& in) {
  const BootSession& session = in.session;
  if (session.discovers.empty() || session.fetches() || in.boot.begins_before_capture) {
    return std::nullopt;
  }
  Finding finding;
  finding.until = "offer";
  finding.confidence = Confidence::Certain;
  finding.packets = {session.discovers.front().packet()};
  finding.fixes = {{"server",
                    "copy xid, chaddr and flags from the request, and send to port 68, or "
                    "to giaddr port 67 (RFC 2131 s.4.1)"},
                   {"network", "or find the device that changes the answers on their way"}};
  if (!session.boot_server_requests.empty()) {
    finding.until = "4011";
    finding.packets = {session.boot_server_requests.front().packet()};
    finding.fixes.front() = {
        "boot server",
        "answer with a DHCPACK from port 4011 to the port that asked, with xid "
        "and chaddr of the request (PXE 2.1 s.2.2.3)"};
    if (session.boot_server_answers.empty()) {
      return look_for_strayed(in, finding, session.boot_server_requests);
    }
    return misfits(finding, session.boot_server_answers,
                   [&](const DhcpStep& answer) { return misfit_of_boot_server(session, answer); });
  }
  if (session.offers.empty() && session.acks.empty() && session.odd_answers.empty()) {
    return look_for_strayed(in, finding, session.discovers);
  }
  const auto look = [&](const DhcpStep& answer) {
    return misfit(session.discovers, session, answer);
  };
  if (!session.acks.empty()) {
    if (auto found = misfits(finding, session.acks, look)) return found;
  }
  // Of several servers the one that names what to boot counts.
  std::vector<SeenDhcp> with_boot;
  std::ranges::copy_if(session.offers, std::back_inserter(with_boot), [](const SeenDhcp& offer) {
    return says_pxe(*offer.what) || names_boot(*offer.what);
  });
  if (with_boot.empty() && !session.odd_answers.empty()) {
    return misfits(finding, session.odd_answers, [](const DhcpStep& answer) {
      return fmt::format("is a {}, and the client, which sent DISCOVER, waits for an OFFER",
                         answer.type == dhcp::MessageType::Ack ? "DHCPACK" : "DHCPNAK");
    });
  }
  return misfits(finding, with_boot.empty() ? session.offers : with_boot, look);
}

Look answer_broken(const RuleInput& in) {
  if (!in.boot.broken_answer || in.session.fetches()) return std::nullopt;
  Finding finding;
  finding.until = "offer";
  finding.confidence = Confidence::Certain;
  finding.packets = {in.boot.broken_answer->packet};
  finding.cause = fmt::format(
      "An answer of {} ({} octets) is no sound DHCP message: it is too short, or an option runs "
      "past its end. Firmware drops it{}.",
      to_string(in.boot.broken_answer->source), in.boot.broken_answer->size_octets,
      in.boot.malformed > 1 ? fmt::format(", as {} more", in.boot.malformed - 1) : "");
  finding.fixes = {
      {"server", "look at the packet named: which option is too long, and who set it by hand"},
      {"network", "or find who cuts packets: a relay or firewall with a small buffer"}};
  return finding;
}

Look offer_too_late(const RuleInput& in) {
  if (in.session.offers.empty() || in.session.discovers.size() < 2) return std::nullopt;
  if (!in.session.requests.empty() || in.session.fetches() || answer_misaddressed(in)) {
    return std::nullopt;
  }
  const auto& discovers = in.session.discovers;
  const SeenDhcp& last = discovers.back();
  const SeenDhcp& offer = in.session.offers.front();
  // Firmware doubles its waits; behind the last it gives up.
  constexpr Duration kShortest = 10s;
  const Duration wait = std::max(kShortest, 2 * (last.at() - discovers[discovers.size() - 2].at()));
  if (offer.at() - last.at() < wait) return std::nullopt;
  Finding finding;
  finding.packets = {discovers.front().packet(), last.packet(), offer.packet()};
  finding.until = "offer";
  finding.cause = fmt::format(
      "The first offer, of {}, came {:.1f} s after the client's first DISCOVER and {:.1f} s after "
      "its last: it had given up.",
      to_string(identity_of(*offer.what)), to_seconds(offer.at() - discovers.front().at()),
      to_seconds(offer.at() - last.at()));
  finding.fixes = {
      {"dnsmasq", "remove dhcp-reply-delay; no-ping, when its test of each address takes long"},
      {"ISC dhcpd, Kea", "no min-secs, ping-check or host-reservation lookup that takes so long"},
      {"switch", "spanning-tree portfast (edge port) on the ports of client and server"}};
  return finding;
}

namespace {

// The server's offer named a boot file, and its acknowledgement, which firmware goes by, does not.
Look file_not_acknowledged(const RuleInput& in, const SeenDhcp& ack) {
  if (!ack->boot_file.empty() || any_answer_cut(in.session)) return std::nullopt;
  const auto names_file = [](const SeenDhcp& answer) { return !answer->boot_file.empty(); };
  if (std::ranges::any_of(proxy_offers(in.session), names_file)) return std::nullopt;
  const Ipv4Address server = identity_of(*ack.what);
  const std::vector<SeenDhcp> offers = address_offers(in.session);
  const auto named = std::ranges::find_if(offers, [&](const SeenDhcp& offer) {
    return names_file(offer) && identity_of(*offer.what) == server;
  });
  if (named == offers.end()) return std::nullopt;
  Finding finding;
  finding.packets = {named->packet(), ack.packet()};
  finding.cause = fmt::format(
      "{} names {} in its offer and no file in its acknowledgement: the client has an address and "
      "nothing to fetch.",
      to_string(server), quote((*named)->boot_file));
  finding.fixes = {{"address server",
                    "say in the ACK what the OFFER says (RFC 2131 s.4.3.1): one rule for both; a "
                    "class that tests what only DISCOVER holds, or a reservation without the file"},
                   {"network", "or two servers share this address: let one of them answer"}};
  finding.until = "4011";
  return finding;
}

}  // namespace

Look acknowledgement_differs(const RuleInput& in) {
  if (in.session.requests.empty() || in.session.acks.empty() || in.session.fetches() ||
      !in.session.boot_server_requests.empty()) {
    return std::nullopt;
  }
  const auto wanted = in.session.requests.back()->requested_address;
  const SeenDhcp& ack = in.session.acks.back();
  if (auto without_file = file_not_acknowledged(in, ack)) return without_file;
  if (!wanted || *wanted == ack->yiaddr || ack->yiaddr.is_unspecified()) return std::nullopt;
  Finding finding;
  finding.packets = {in.session.requests.back().packet(), ack.packet()};
  finding.cause = fmt::format(
      "{} acknowledges {}, but the client had asked for {}, which was offered: firmware drops such "
      "an answer (RFC 2131 s.4.3.2).",
      to_string(identity_of(*ack.what)), to_string(ack->yiaddr), to_string(*wanted));
  finding.fixes = {{"address server",
                    "let only one entry fit this client; see its log for the reservation or pool "
                    "that changed"},
                   {"dnsmasq", "one dhcp-host line for this MAC"}};
  finding.until = "4011";
  return finding;
}

}  // namespace pxeproof::trace::rule
