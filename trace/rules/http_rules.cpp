#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/message.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/session_signs.h"

namespace pxeproof::trace::rule {

Look http_refused(const RuleInput& in) {
  if (in.session.http.empty()) return std::nullopt;
  const SeenHttp* payload = refused_payload(in.session);
  const SeenHttp& last = payload != nullptr ? *payload : in.session.http.back();
  constexpr std::uint16_t kRedirects = 300;
  constexpr std::uint16_t kRefuses = 400;
  if (!last->status || *last->status < kRedirects) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  add_packets(finding.packets, *last.step);
  if (*last->status < kRefuses) {
    finding.confidence = Confidence::Likely;
    finding.cause = fmt::format(
        "The web server {} sends the client from {} to another place ({}), and the client does not "
        "follow: firmware mostly cannot, and HTTPS needs certificates in it.",
        to_string(last->server.address), quote(last->target), *last->status);
    finding.fixes = {
        {"web server", "serve boot files at their own URL, without a redirect to HTTPS"},
        {"DHCP server", "or name the URL that the redirect leads to"}};
    finding.until = "payload";
    return finding;
  }
  finding.cause = fmt::format("The web server {} answers {} to {}.",
                              to_string(last->server.address), *last->status, quote(last->target));
  finding.fixes = {{"web server", "correct the URL, or put the file there and make it readable"}};
  finding.until = "payload";
  return finding;
}

Look http_content_missing(const RuleInput& in) {
  if (in.session.http.empty()) return std::nullopt;
  const SeenHttp* payload = refused_payload(in.session);
  const SeenHttp& last = payload != nullptr ? *payload : in.session.http.back();
  // An answer of another status needs no content.
  const bool is_empty = last->length == 0U && last->status.value_or(200) == 200;
  if (!last->is_cut_short() && !is_empty) return std::nullopt;
  Finding finding;
  finding.until = "payload";
  finding.packets = {last.step->first_packet, last.step->last_packet};
  if (is_empty) {
    finding.confidence = Confidence::Certain;
    finding.cause = fmt::format("The web server {} sends {} as an empty file.",
                                to_string(last->server.address), quote(last->target));
    finding.fixes = {{"web server",
                      "look at what makes this file: a script that fails, a copy "
                      "that ended early, a full disk"}};
    return finding;
  }
  finding.cause = fmt::format(
      "The web server {} says that {} has {} octets, and {} came before it ended or fell silent.",
      to_string(last->server.address), quote(last->target), *last->length, *last->octets);
  finding.fixes = {
      {"web server",
       "see its log for this request: a time limit, a limit of size, a process that "
       "died, a file that was replaced"},
      {"network",
       "or a proxy or firewall between them ends long connections; test with curl from "
       "the client's network"}};
  return finding;
}

namespace {

// An offer's URL that the client may have taken.
const SeenDhcp* url_answer(const std::vector<SeenDhcp>& answers) {
  const auto found = std::ranges::find_if(
      answers, [](const SeenDhcp& answer) { return is_url(answer->boot_file); });
  return found == answers.end() ? nullptr : &*found;
}

std::optional<Bytes> dns_servers(const std::vector<SeenDhcp>& answers) {
  for (const SeenDhcp& answer : answers) {
    const auto message = dhcp::MessageView::parse(answer->octets);
    auto servers = message ? message->joined(dhcp::OptionCode::DomainNameServer) : std::nullopt;
    if (servers) return servers;
  }
  return std::nullopt;
}

}  // namespace

Look url_without_dns(const RuleInput& in) {
  if (in.session.fetches() || in.session.acks.empty()) return std::nullopt;
  const std::vector<SeenDhcp> answers = boot_answers(in.session);
  const SeenDhcp* named = url_answer(answers);
  if (named == nullptr || any_answer_cut(in.session)) return std::nullopt;
  const std::string_view host = host_of_url((*named)->boot_file);
  if (host.empty() || host.starts_with('[') || Ipv4Address::parse(host)) return std::nullopt;
  Finding finding;
  finding.packets = {named->packet(), in.session.acks.back().packet()};
  finding.fixes = {{"DHCP server", "write the server's address into the URL instead of its name"},
                   {"dnsmasq", "or dhcp-option=option:dns-server,DNS-SERVER"},
                   {"ISC dhcpd", "option domain-name-servers DNS-SERVER;"},
                   {"Kea", "option \"domain-name-servers\""}};
  const auto servers = dns_servers(answers);
  if (!servers) {
    finding.confidence = Confidence::Certain;
    finding.cause = fmt::format(
        "The boot file is {}, and no answer names a DNS server (option 6): the client cannot look "
        "up {}.",
        quote((*named)->boot_file), quote(host));
    return finding;
  }
  finding.confidence = Confidence::Possible;
  const auto server =
      Ipv4Address::from(ByteView(*servers).first(std::min<std::size_t>(servers->size(), 4)));
  finding.cause = fmt::format(
      "The boot file is {}, and nothing is fetched from there: the DNS server {} may not know {}.",
      quote((*named)->boot_file), server ? to_string(*server) : std::string("that was named"),
      quote(host));
  finding.elsewhere = "DNS is not looked at here: see in the capture whether port 53 answers";
  return finding;
}

Look web_server_unreachable(const RuleInput& in) {
  Finding finding;
  finding.until = "payload";
  if (in.session.http.empty()) {
    const std::vector<SeenDhcp> answers = boot_answers(in.session);
    const SeenDhcp* named = url_answer(answers);
    const bool takes_urls =
        in.session.kind == ClientKind::HttpRom || in.session.kind == ClientKind::Ipxe;
    if (named == nullptr || !takes_urls || in.session.acks.empty() || in.session.fetches() ||
        url_without_dns(in)) {
      return std::nullopt;
    }
    const auto server = Ipv4Address::parse(host_of_url((*named)->boot_file));
    if (!server) return std::nullopt;
    finding.packets = {named->packet()};
    finding.cause = fmt::format("The client was given {}, and no connection to {} is seen.",
                                quote((*named)->boot_file), to_string(*server));
    finding.fixes = {{"web server", "see its log: did the client come?"}};
    if (const SeenArp* arp = no_neighbour(in.session, *server)) {
      finding.confidence = Confidence::Certain;
      finding.packets.push_back(arp->packet());
      finding.cause += " Nobody answers ARP for it: it is down, or in another network.";
      return finding;
    }
    finding.confidence = Confidence::Possible;
    finding.elsewhere =
        "not decidable from this capture if its filter left TCP out: capture with `udp or arp or "
        "icmp or tcp`";
    return finding;
  }
  const SeenHttp& last = in.session.http.back();
  add_packets(finding.packets, *last.step);
  finding.fixes = {{"web server", fmt::format("start it on port {}, on all addresses of its host",
                                              last->server.port)},
                   {"firewall", fmt::format("allow tcp dport {}", last->server.port)},
                   {"DHCP server", "or the URL is wrong: server, or port"}};
  switch (last->connection) {
    case HttpStep::Connection::Refused:
      finding.confidence = Confidence::Certain;
      finding.cause =
          fmt::format("{} refuses connections to port {} (TCP RST): no web server there.",
                      to_string(last->server.address), last->server.port);
      return finding;
    case HttpStep::Connection::Silent:
      finding.cause = fmt::format(
          "{} does not answer connections to port {} ({} tries): a firewall drops them, or the "
          "host is down.",
          to_string(last->server.address), last->server.port, last->attempts);
      finding.elsewhere = kCaptureAtServer;
      return finding;
    case HttpStep::Connection::Encrypted:
      return std::nullopt;
    case HttpStep::Connection::Open:
      break;
  }
  if (last->status || in.boot.verdict.state != RomState::FetchesByHttp) return std::nullopt;
  finding.cause = fmt::format("The web server {} takes the request for {} and does not answer it.",
                              to_string(last->server.address), quote(last->target));
  finding.fixes = {{"web server", "see its log and its backend; fetch the URL with curl"}};
  if (in.boot.cut > 0) {
    finding.confidence = Confidence::Possible;
    finding.elsewhere =
        "the capture is cut, the answer may stand there all the same: capture whole "
        "packets (tcpdump -s 0)";
  }
  return finding;
}

}  // namespace pxeproof::trace::rule
