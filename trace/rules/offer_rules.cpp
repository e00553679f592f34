#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "trace/rules/advice.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/session_signs.h"

namespace pxeproof::trace::rule {

namespace {

using namespace std::chrono_literals;

// All firmware known asks for its file, or port 4011, within this time of its address.
constexpr Duration kTimeToFollow = 2s;

bool asks_for_pxe(const RuleInput& in) {
  return in.session.kind == ClientKind::Rom || in.session.kind == ClientKind::Ipxe;
}

// Servers by what they call themselves.
std::vector<Ipv4Address> identities(const std::vector<SeenDhcp>& answers) {
  std::vector<Ipv4Address> list;
  for (const SeenDhcp& answer : answers) {
    const Ipv4Address server = identity_of(*answer.what);
    if (std::ranges::find(list, server) == list.end()) list.push_back(server);
  }
  return list;
}

// Two proxies that would have the client do different things.
bool proxies_differ(const std::vector<SeenDhcp>& proxies) {
  return std::ranges::any_of(proxies, [&](const SeenDhcp& proxy) {
    return identity_of(*proxy.what) != identity_of(*proxies.front().what) &&
           (proxy->boot_file != proxies.front()->boot_file ||
            proxy->siaddr != proxies.front()->siaddr || proxy->menu != proxies.front()->menu);
  });
}

std::string names(const std::vector<Ipv4Address>& servers) {
  std::vector<std::string> words;
  for (const Ipv4Address server : servers) words.push_back(to_string(server));
  return fmt::format("{}", fmt::join(words, " and "));
}

// Some server of the capture named a file to a client of another architecture.
const Boot* served_elsewhere(const RuleInput& in) {
  for (const Boot* other : in.capture.boots) {
    if (other == &in.boot || !other->architecture || other->architecture == in.boot.architecture) {
      continue;
    }
    for (const Step& step : other->steps) {
      const auto* answer = std::get_if<DhcpStep>(&step.what);
      if (answer != nullptr && answer->direction == DhcpStep::Direction::ToClient &&
          names_boot(*answer)) {
        return other;
      }
    }
  }
  return nullptr;
}

// dnsmasq's proxy offer to an architecture for which it has no pxe-service.
SeenDhcp proxy_with_empty_hands(const BootSession& session) {
  for (const SeenDhcp& proxy : proxy_offers(session)) {
    const bool promises_file = (proxy->discovery_control.value_or(0) & pxe::kUseBootFile) != 0;
    if (promises_file && !names_boot(*proxy.what) && !proxy->cut) return proxy;
  }
  return {};
}

std::vector<Fix> raspberry_pi_fixes() {
  return {{"dnsmasq", "pxe-service=0,\"Raspberry Pi Boot   \""},
          {"ISC dhcpd",
           "option vendor-encapsulated-options with the menu text "
           "\"Raspberry Pi Boot\""}};
}

std::vector<Fix> offer_boot(const RuleInput& in) {
  if (in.family == firmware::Family::RaspberryPi) return raspberry_pi_fixes();
  const std::string_view file = example_file(in);
  std::vector<Fix> fixes = dnsmasq_fixes(in, file, Namer::Unknown);
  fixes.push_back({"ISC dhcpd", fmt::format("next-server ADDRESS; filename \"{}\";", file)});
  fixes.push_back(
      {"Kea", fmt::format("\"next-server\": \"ADDRESS\", \"boot-file-name\": \"{}\"", file)});
  return fixes;
}

// The ROM was given a program, iPXE, to which the same server says nothing.
std::optional<Finding> nothing_for_ipxe(const RuleInput& in) {
  const SeenDhcp* before = answered_before(in);
  if (before == nullptr || in.session.kind != ClientKind::Ipxe || (*before)->boot_file.empty()) {
    return std::nullopt;
  }
  const bool same_server = std::ranges::any_of(in.session.offers, [&](const SeenDhcp& offer) {
    return identity_of(*offer.what) == identity_of(*before->what);
  });
  if (!same_server) return std::nullopt;
  const std::string& program = (*before)->boot_file;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(in.session.offers);
  finding.packets.insert(finding.packets.begin(), before->packet());
  finding.cause = fmt::format(
      "{} names {} to the firmware, and nothing to iPXE, which runs now and asks for its script.",
      to_string(identity_of(*before->what)), quote(program));
  finding.fixes = ipxe_fixes(in, program, Namer::Unknown);
  return finding;
}

}  // namespace

Look no_boot_offer(const RuleInput& in) {
  if (!asks_for_pxe(in) || in.session.fetches() || names_disk(in.session)) return std::nullopt;
  const std::vector<SeenDhcp> answers = boot_answers(in.session);
  const bool any_boot = std::ranges::any_of(answers, [](const SeenDhcp& answer) {
    // Without an address and without its class it counts for nothing, whatever it names.
    const bool counts = gives_address(*answer.what) || says_http(*answer.what);
    return says_pxe(*answer.what) || (counts && names_boot(*answer.what));
  });
  if (any_boot || in.session.offers.empty()) return std::nullopt;
  if (any_answer_cut(in.session)) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(in.session.offers);
  const auto nameless = std::ranges::find_if(
      in.session.offers, [](const SeenDhcp& offer) { return !gives_address(*offer.what); });
  finding.confidence = Confidence::Certain;
  if (nameless != in.session.offers.end()) {
    finding.cause = fmt::format(
        "The answer of {} has no address and no option 60 \"PXEClient\": the client takes it for "
        "no "
        "proxy offer and drops it.",
        to_string(identity_of(*nameless->what)));
    finding.fixes = {{"dnsmasq", "pxe-service or pxe-prompt must be set: only then 60 is sent"},
                     {"others", "send option 60 \"PXEClient\" (RFC 4578, PXE 2.1 s.2.2.3)"}};
    return finding;
  }
  if (auto missing = nothing_for_ipxe(in)) return missing;
  finding.cause = fmt::format(
      "{} offers an address and says nothing about booting: no option 60 \"PXEClient\", no boot "
      "file. No proxy offer came.",
      names(identities(in.session.offers)));
  finding.fixes = offer_boot(in);
  return finding;
}

Look dhcp_boot_alone(const RuleInput& in) {
  // A capture that begins behind the DISCOVERs shows nobody's silence.
  if (!no_boot_offer(in) || in.session.discovers.empty()) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Possible;
  finding.packets = packets_of(in.session.discovers);
  finding.cause =
      "If dnsmasq should be the proxy here: with dhcp-range=...,proxy and only dhcp-boot it keeps "
      "silent to every client. It needs a pxe-service or pxe-prompt line. It is silent also to "
      "clients that dhcp-ignore or its range's network leave out.";
  finding.fixes = {{"dnsmasq", service_line(in, example_file(in))}};
  finding.elsewhere =
      "not decidable from this side: see dnsmasq's configuration, or its log with "
      "log-dhcp";
  finding.until = "offer";
  return finding;
}

Look two_servers(const RuleInput& in) {
  const std::vector<Ipv4Address> lessors = identities(address_offers(in.session));
  const std::vector<SeenDhcp> proxies = proxy_offers(in.session);
  const std::vector<Ipv4Address> boot_servers = identities(proxies);
  const bool differ = proxies_differ(proxies);
  // Two address servers may serve one network together; proxies that differ are a fault even when
  // the client took the right one this time.
  const bool booted = in.boot.verdict.kind == BootVerdict::Kind::Booted;
  if (!differ && (lessors.size() < 2 || booted)) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(in.session.offers);
  finding.confidence = Confidence::Possible;
  if (differ) {
    finding.confidence = Confidence::Likely;
    finding.cause = fmt::format(
        "Two proxies, {}, offer different things; which one a client takes depends on its firmware "
        "and on who is faster.",
        names(boot_servers));
  } else {
    finding.cause =
        fmt::format("Two servers, {}, hand out addresses in this network.", names(lessors));
  }
  if (!in.session.requests.empty() && lessors.size() > 1) {
    const auto chosen = in.session.requests.front()->server_id;
    const auto offers = address_offers(in.session);
    const auto with_boot =
        std::ranges::find_if(offers, [](const SeenDhcp& offer) { return names_boot(*offer.what); });
    if (chosen && with_boot != offers.end() && identity_of(*with_boot->what) != *chosen) {
      finding.confidence = Confidence::Certain;
      finding.cause +=
          fmt::format(" The client took the address of {}; the boot file came from {}.",
                      to_string(*chosen), to_string(identity_of(*with_boot->what)));
      finding.packets.push_back(in.session.requests.front().packet());
    }
  }
  finding.fixes = {{"network",
                    "leave one of them, or one for each network; a rogue one is found by "
                    "its hardware address in the packets named"},
                   {"dnsmasq",
                    "dhcp-ignore=tag:!known, or dhcp-range=...,proxy beside another "
                    "DHCP server"}};
  return finding;
}

namespace {

// Another client would have taken what the proxy names: this one asked for a name of its own.
Finding asks_past_proxy(const RuleInput& in, const SeenTransfer& asked) {
  const auto proxies = proxy_offers(in.session);
  const auto named =
      std::ranges::find_if(proxies, [](const SeenDhcp& proxy) { return names_boot(*proxy.what); });
  const DhcpStep& proxy = *named->what;
  const Ipv4Address server = proxy.siaddr.is_unspecified() ? identity_of(proxy) : proxy.siaddr;
  const bool has_file = !proxy.boot_file.empty();
  const std::string file = has_file ? dnsmasq_word(proxy.boot_file) : std::string("FILE");
  Finding finding;
  finding.confidence =
      in.family == firmware::Family::Uboot ? Confidence::Certain : Confidence::Likely;
  finding.packets = {named->packet()};
  add_packets(finding.packets, *asked.step);
  finding.cause = fmt::format(
      "The proxy {} names {}, and the client asks {} for {}, a name that it makes of its own "
      "address: its firmware{} uses only what stands in the address offer, and that names no file.",
      to_string(identity_of(proxy)), has_file ? quote(proxy.boot_file) : "what to boot in a menu",
      to_string(asked->asked), quote(asked->filename),
      in.family == firmware::Family::Uboot ? ", U-Boot," : "");
  finding.fixes = {
      {"address server",
       fmt::format("put the boot file into its own answer: next-server {}, file {}",
                   to_string(server), file)},
      {"dnsmasq", fmt::format("as address server: dhcp-boot={},,{}", file, to_string(server))},
      {"U-Boot",
       fmt::format("or at its prompt: setenv autoload no; dhcp; setenv serverip {}; tftpboot {}",
                   to_string(server), file)}};
  return finding;
}

}  // namespace

Look proxy_offer_ignored(const RuleInput& in) {
  if (const SeenTransfer* asked = asked_past_proxy(in.session)) return asks_past_proxy(in, *asked);
  if (in.session.fetches() || !in.session.boot_server_requests.empty()) return std::nullopt;
  // There it is another thing that keeps the client from using it.
  if (in.session.kind == ClientKind::HttpRom || !in.session.declines.empty() ||
      refused_address(in.session) != nullptr || tftp_not_running(in) || answer_misaddressed(in)) {
    return std::nullopt;
  }
  const std::vector<SeenDhcp> proxies = proxy_offers(in.session);
  const std::vector<SeenDhcp> lessors = address_offers(in.session);
  const bool usable = std::ranges::any_of(proxies, [](const SeenDhcp& proxy) {
    // Whether a URL was fetched shows only where TCP was captured.
    return proxy->server_id.has_value() && !is_url(proxy->boot_file) &&
           (can_be_fetched(*proxy.what) || leads_to_server(*proxy.what) ||
            !has_vendor_block(*proxy.what));
  });
  // Right behind its ACK the client has had no time to act on the proxy's offer.
  const bool waited = !in.session.acks.empty() &&
                      in.boot.known_until - in.session.acks.back().at() >= kTimeToFollow;
  // It saw the proxy's offer, and asked all the same.
  const bool asked_again = std::ranges::any_of(in.session.discovers, [&](const SeenDhcp& question) {
    return !proxies.empty() && question.at() > proxies.front().at();
  });
  const bool gave_up = waited || (in.session.discovers.size() >= 3 && asked_again);
  if (!usable || lessors.empty() || !gave_up || proxy_offer_late(in)) return std::nullopt;
  if (proxies_differ(proxies)) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(proxies);
  add_packets(finding.packets, in.session.acks);
  finding.cause = fmt::format(
      "The client got an address offer and a separate proxy offer of {}, and {}: its firmware uses "
      "only what stands in the address offer.",
      to_string(identity_of(*proxies.front().what)),
      in.session.acks.empty() ? "asked again and again" : "did nothing with the proxy's");
  finding.fixes = {
      {"address server", fmt::format("put the boot file into its own answer: next-server {}, file",
                                     to_string(identity_of(*proxies.front().what)))},
      {"firmware", "update it: UEFI of the UDK2014 time and some card ROMs do this"}};
  return finding;
}

Look proxy_offer_late(const RuleInput& in) {
  const std::vector<SeenDhcp> proxies = proxy_offers(in.session);
  if (proxies.empty() || in.session.requests.empty()) return std::nullopt;
  if (in.session.fetches() || !in.session.boot_server_requests.empty()) return std::nullopt;
  const SeenDhcp& first = proxies.front();
  const SeenDhcp& request = in.session.requests.front();
  if (first.at() <= request.at()) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = {request.packet(), first.packet()};
  finding.cause = fmt::format(
      "The proxy offer of {} came {:.1f} s after DISCOVER, when the client had already taken its "
      "address (REQUEST).",
      to_string(identity_of(*first.what)), to_seconds(first.at() - in.session.begun));
  finding.fixes = {
      {"dnsmasq", "remove dhcp-reply-delay; run it near the clients"},
      {"address server", "let it answer later than the proxy (ISC dhcpd: min-secs 1)"}};
  finding.until = "offer";
  return finding;
}

Look architecture_not_served(const RuleInput& in) {
  if (!asks_for_pxe(in) || in.session.fetches() || !in.boot.architecture) return std::nullopt;
  if (names_disk(in.session)) return std::nullopt;
  const std::vector<SeenDhcp> answers = boot_answers(in.session);
  const bool named =
      std::ranges::any_of(answers, [](const SeenDhcp& answer) { return names_boot(*answer.what); });
  const bool answered_4011 = !in.session.boot_server_answers.empty();
  if (named || answered_4011 || in.session.offers.empty()) return std::nullopt;
  const Boot* other = served_elsewhere(in);
  const SeenDhcp empty = proxy_with_empty_hands(in.session);
  if (other == nullptr && empty.what == nullptr) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(in.session.discovers);
  if (empty.what != nullptr) {
    finding.packets = {empty.packet()};
    finding.cause = fmt::format(
        "The proxy {} says \"load the file that I name\" (43.6 bit 3) and names none: it has "
        "nothing to boot for {}.",
        to_string(identity_of(*empty.what)), dhcp::describe_architecture(in.architecture()));
  }
  if (other != nullptr) {
    if (!finding.cause.empty()) finding.cause += " ";
    finding.cause += fmt::format(
        "Nobody names a boot file for {}; a client of {} in this capture was given one (boot {}).",
        dhcp::describe_architecture(in.architecture()),
        dhcp::describe_architecture(*other->architecture), other->number);
  }
  finding.fixes = fixes_by_architecture(in, example_file(in), namer_of(in.session));
  return finding;
}

Look raspberry_pi_menu(const RuleInput& in) {
  if (in.family != firmware::Family::RaspberryPi || in.session.fetches()) return std::nullopt;
  const std::vector<SeenDhcp> answers = boot_answers(in.session);
  const bool has_text = std::ranges::any_of(answers, [](const SeenDhcp& answer) {
    return std::ranges::any_of(answer->menu, [](const pxe::MenuEntry& entry) {
      return entry.text.find("Raspberry Pi Boot") != std::string::npos;
    });
  });
  if (has_text || answers.empty()) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(in.session.offers);
  finding.cause =
      "This is a Raspberry Pi that calls itself architecture 0. It boots only when the "
      "menu of an offer (43.9) says \"Raspberry Pi Boot\"; none here does.";
  finding.fixes = raspberry_pi_fixes();
  finding.until = "offer";
  return finding;
}

Look http_offer_rejected(const RuleInput& in) {
  const bool http_fetched = !in.session.http.empty();
  if (in.session.kind != ClientKind::HttpRom || http_fetched || in.session.offers.empty()) {
    return std::nullopt;
  }
  const bool good = std::ranges::any_of(in.session.offers, [](const SeenDhcp& offer) {
    return says_http(*offer.what) && is_url(offer->boot_file);
  });
  if (good) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(in.session.offers);
  const bool says = std::ranges::any_of(
      in.session.offers, [](const SeenDhcp& offer) { return says_http(*offer.what); });
  finding.cause = says ? "The offers say HTTPClient, but name no URL as boot file."
                       : "UEFI HTTP boot takes an offer only when it repeats option 60 "
                         "\"HTTPClient\" and names a URL; none does.";
  const std::uint16_t architecture = in.architecture();
  finding.fixes = {
      {"dnsmasq", fmt::format("dhcp-match=set:http,option:client-arch,{}\n"
                              "dhcp-option-force=tag:http,60,HTTPClient\n"
                              "dhcp-boot=tag:http,http://SERVER/{}",
                              architecture, removable_media_file(architecture))},
      {"ISC dhcpd", "option vendor-class-identifier \"HTTPClient\"; filename \"http://...\";"},
      {"Kea", fmt::format("option 60 \"HTTPClient\" and boot-file-name \"http://...\" in a class "
                          "on 93 = {}",
                          architecture)}};
  finding.until = "offer";
  return finding;
}

Look header_fields_only(const RuleInput& in) {
  // UEFI's HTTP boot reads the option first, and takes nothing from the header that is no URL.
  if (in.session.kind == ClientKind::HttpRom || refused_address(in.session) != nullptr ||
      answer_misaddressed(in)) {
    return std::nullopt;
  }
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    const bool option_only = !answer->boot_file.empty() && answer->header_file.empty();
    if (!option_only || is_url(answer->boot_file)) continue;
    const bool asked_for_it =
        std::ranges::any_of(in.session.transfers, [&](const SeenTransfer& transfer) {
          return transfer->filename.find(base_name(answer->boot_file)) != std::string::npos;
        });
    const bool reads_header_only = in.family == firmware::Family::Uboot ||
                                   (in.session.transfers.empty() && in.session.http.empty());
    const bool asked_for_another = !in.session.transfers.empty();
    if (asked_for_it || (!reads_header_only && !asked_for_another)) continue;
    if (in.session.transfers.empty() && in.family != firmware::Family::Uboot &&
        in.session.acks.empty()) {
      continue;
    }
    Finding finding;
    finding.confidence = in.family == firmware::Family::Uboot ? Confidence::Certain
                         : asked_for_another                  ? Confidence::Likely
                                                              : Confidence::Possible;
    finding.packets = {answer.packet()};
    if (asked_for_another) add_packets(finding.packets, *in.session.transfers.front().step);
    finding.cause = fmt::format(
        "{} stands in option 67 only, and the file field of the header is empty; {} {}.",
        quote(answer->boot_file), firmware::to_string(in.family),
        asked_for_another
            ? fmt::format("asked for {} instead", quote(in.session.transfers.front()->filename))
            : "asked for nothing");
    finding.fixes = {{"dnsmasq", "dhcp-no-override"},
                     {"ISC dhcpd", "filename \"...\"; instead of option bootfile-name"},
                     {"Kea", "\"boot-file-name\" in the subnet, not as option 67"}};
    return finding;
  }
  return std::nullopt;
}

Look offer_without_identity(const RuleInput& in) {
  if (in.session.fetches() || !in.session.boot_server_requests.empty()) return std::nullopt;
  const auto nameless = std::ranges::find_if(in.session.offers, [](const SeenDhcp& offer) {
    return !offer->server_id && offer->type.has_value() && !offer->cut;
  });
  if (nameless == in.session.offers.end()) return std::nullopt;
  const bool others_fine = std::ranges::any_of(in.session.offers, [](const SeenDhcp& offer) {
    return offer->server_id && names_boot(*offer.what);
  });
  if (others_fine) return std::nullopt;
  Finding finding;
  finding.confidence =
      in.family == firmware::Family::Edk2 ? Confidence::Certain : Confidence::Likely;
  finding.packets = {nameless->packet()};
  finding.cause = fmt::format(
      "The offer from {} has no server identifier (option 54); UEFI and Intel ROMs drop such an "
      "offer, also a proxy's (RFC 2131 s.4.3.1).",
      to_string(nameless->what->source.address));
  finding.fixes = {{"server", "send option 54 with its own address"}};
  finding.until = "offer";
  return finding;
}

Look proxy_without_address(const RuleInput& in) {
  const std::vector<SeenDhcp> proxies = proxy_offers(in.session);
  if (proxies.empty() || !address_offers(in.session).empty() || !in.session.acks.empty()) {
    return std::nullopt;
  }
  if (in.session.fetches()) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(proxies);
  finding.cause =
      fmt::format("Only the proxy {} answers; it gives no address, and no DHCP server does.",
                  names(identities(proxies)));
  finding.fixes = {{"network", "start the DHCP server of this network, or let it see this client"},
                   {"dnsmasq",
                    "dhcp-range=FIRST,LAST,12h instead of proxy, when there is no other "
                    "DHCP server"}};
  finding.until = "offer";
  return finding;
}

Look option_67_twice(const RuleInput& in) {
  if (in.session.fetches()) return std::nullopt;
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    const auto message = dhcp::MessageView::parse(answer->octets);
    if (!message) continue;
    std::size_t count = 0;
    message->each_option([&count](const dhcp::OptionView& option) {
      if (option.code == static_cast<std::uint8_t>(dhcp::OptionCode::BootFileName)) ++count;
    });
    if (count < 2) continue;
    Finding finding;
    finding.confidence = Confidence::Likely;
    finding.packets = {answer.packet()};
    finding.cause = fmt::format(
        "The answer holds option 67 {} times. RFC 3396 joins them to one long name; some firmware "
        "takes the first.",
        count);
    finding.fixes = {{"server", "name the boot file once"}};
    return finding;
  }
  return std::nullopt;
}

}  // namespace pxeproof::trace::rule
