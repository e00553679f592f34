#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/rules/rule.h"
#include "trace/session_signs.h"

namespace pxeproof::trace {

namespace {

constexpr auto kFault = RuleKind::Fault;
constexpr auto kAlways = RuleKind::Always;
constexpr auto kSlow = RuleKind::Slow;
constexpr auto kBenign = RuleKind::Benign;

// One row a rule. docs/explain-rules.md is generated from it (tests/trace/rules_document_test.cpp).
constexpr std::array kRules = {
    Rule{"R01", "no-boot-offer", kFault, 40,
         "Servers offer addresses, and none says PXEClient or names a boot file.", "",
         rule::no_boot_offer},
    Rule{"R02", "two-servers", kAlways, 60,
         "Two address servers, or two proxies that differ, answer one client.", "23",
         rule::two_servers},
    Rule{"R03", "proxy-silent-on-4011", kFault, 30,
         "A proxy offer sends the client to port 4011, and nothing comes from there.", "1",
         rule::proxy_silent_on_4011},
    Rule{"R04", "list-of-servers-missing", kFault, 20,
         "Discovery control (43.6) leaves only the list of boot servers (43.8), and it is missing.",
         "25", rule::list_of_servers_missing},
    Rule{"R05", "menu-without-prompt", kFault, 25,
         "A boot menu (43.9) without its prompt (43.10), or the reverse.", "25",
         rule::menu_without_prompt},
    Rule{"R06", "file-without-server", kFault, 20,
         "A boot file is named and siaddr is 0: nobody to fetch it from.", "4",
         rule::file_without_server},
    Rule{"R07", "boot-server-answer-without-file", kFault, 20,
         "The boot server answers and names no file: the architecture is not served.", "6",
         rule::answer_without_file},
    Rule{"R08", "image-of-another-architecture", kAlways, 10,
         "The boot file is made for another architecture than the client's.", "6",
         rule::wrong_architecture_image},
    Rule{"R09", "ipxe-loop", kAlways, 10, "iPXE is given iPXE again, round after round.", "5",
         rule::ipxe_loop},
    Rule{"R10", "firewall", kFault, 45,
         "Port 67 passes, and 4011, 69 or the transfers' ports do not.", "10", rule::firewall},
    Rule{"R11", "blocks-too-large-for-path", kFault, 20,
         "Large DATA packets never arrive: a tunnel, or fragments that are lost.", "11",
         rule::packets_too_large},
    Rule{"R12", "size-probe", kBenign, 0,
         "The client asks for a file's size, aborts with ERROR and then fetches it.", "16",
         rule::size_probe},
    Rule{"R13", "port-not-forwarding-yet", kSlow, 50,
         "The client's first packets are lost: spanning tree holds the switch port.", "14",
         rule::port_was_blocked},
    Rule{"R14", "relay-drops-answers", kFault, 25,
         "Answers to a relayed request do not come back through the relay.", "13",
         rule::relay_drops_answers},
    Rule{"R15", "file-not-found", kFault, 50, "TFTP ERROR 1: the file is not there.", "",
         rule::file_not_found},
    Rule{"R16", "too-many-transfers", kFault, 20,
         "The TFTP server serves only so many at once (tftp-max); requests wait.", "15",
         rule::server_is_full},
    Rule{"R17", "lost-block-not-resent", kFault, 30,
         "A DATA block is lost and the server does not send it again.", "",
         rule::lost_block_not_resent},
    Rule{"R18", "reinstall-loop", kAlways, 30, "One machine boots the same thing again and again.",
         "", rule::reinstall_loop},
    Rule{"R19", "dhcp-boot-alone", kFault, 70,
         "dnsmasq as proxy with dhcp-boot only: it keeps silent.", "", rule::dhcp_boot_alone},
    Rule{"R20", "window-on-lossy-path", kFault, 25,
         "A transfer with windowsize stops where packets are lost.", "",
         rule::window_on_lossy_path},
    Rule{"R21", "address-server-promises-pxe", kFault, 20,
         "A DHCP server says PXEClient in its offer, and nobody listens on its port 4011.", "1",
         rule::address_server_promises_pxe},
    Rule{"R22", "asks-4011-despite-file", kFault, 15,
         "The offer names a file without 43.6 bit 3: firmware asks 4011 all the same.", "2",
         rule::asks_4011_despite_file},
    Rule{"R23", "proxy-offer-ignored", kFault, 44,
         "Firmware that uses only the address server's offer.", "3", rule::proxy_offer_ignored},
    Rule{"R24", "architecture-not-served", kFault, 35,
         "A proxy, or another client's answers, show that this architecture is not served.", "6",
         rule::architecture_not_served},
    Rule{"R25", "raspberry-pi-menu", kFault, 5,
         "A Raspberry Pi without \"Raspberry Pi Boot\" in the menu.", "7", rule::raspberry_pi_menu},
    Rule{"R26", "layer-suffix", kFault, 10, "\".0\" was appended to the name of the boot file.",
         "8", rule::layer_suffix},
    Rule{"R27", "name-with-garbage", kFault, 5,
         "The name asked for ends in garbage: option 67 without a NUL.", "9",
         rule::name_with_garbage},
    Rule{"R28", "answer-from-another-address", kFault, 10,
         "The TFTP answer comes from another address than was asked.", "10",
         rule::answer_from_stranger},
    Rule{"R29", "block-number-wrap", kFault, 10,
         "A transfer stops where the 16-bit block number ends.", "12", rule::block_number_wrap},
    Rule{"R30", "proxy-ignores-relay", kFault, 20,
         "The proxy does not serve clients behind a relay.", "13", rule::proxy_ignores_relay},
    Rule{"R31", "abort-not-honoured", kFault, 40,
         "The server goes on sending after the client's ERROR.", "16", rule::abort_not_honoured},
    Rule{"R32", "shim-second-stage", kFault, 15,
         "shim asks for its second stage in the wrong place.", "17", rule::shim_second_stage},
    Rule{"R33", "secure-boot", kFault, 40,
         "An EFI program came whole and does not run: probably Secure Boot.", "18",
         rule::secure_boot},
    Rule{"R34", "part-of-loader-missing", kFault, 20,
         "The loader's own parts (ldlinux.c32, normal.mod) are not on the server.", "19",
         rule::loader_part_missing},
    Rule{"R35", "http-offer-rejected", kFault, 10,
         "UEFI HTTP boot without 60 = HTTPClient and a URL in the offer.", "20",
         rule::http_offer_rejected},
    Rule{"R36", "header-fields-only", kFault, 45,
         "The file stands in option 67 only, and the client reads the header.", "21",
         rule::header_fields_only},
    Rule{"R37", "wrong-next-server", kFault, 12,
         "The client asks the address server for the proxy's file.", "22", rule::wrong_next_server},
    Rule{"R38", "nobody-answers", kFault, 50, "No server answers DISCOVER.", "24",
         rule::nobody_answers},
    Rule{"R39", "vendor-block-broken", kFault, 10, "Option 43 does not add up.", "25",
         rule::vendor_block_broken},
    Rule{"R40", "identifier-malformed", kFault, 45,
         "Option 97 is missing or has another length than 17.", "25", rule::identifier_malformed},
    Rule{"R41", "server-off-net", kFault, 10,
         "The boot server is in another network and no router is named.", "25",
         rule::server_off_net},
    Rule{"R42", "small-blocks", kSlow, 50, "A large file came in blocks of 512 octets.", "25",
         rule::small_blocks},
    Rule{"R43", "bare-user-class", kBenign, 0, "Option 77 is no list of RFC 3004.", "25",
         rule::bare_user_class},
    Rule{"R44", "netmask-missing", kFault, 20, "A lease without a netmask.", "25",
         rule::netmask_missing},
    Rule{"R45", "option-67-twice", kFault, 55, "Option 67 stands twice in an answer.", "",
         rule::option_67_twice},
    Rule{"R46", "tftp-not-running", kFault, 15,
         "Nobody listens on port 69, or the server or the router on the way is not there.", "",
         rule::tftp_not_running},
    Rule{"R47", "proxy-offer-late", kFault, 20, "The proxy's offer came after REQUEST.", "",
         rule::proxy_offer_late},
    Rule{"R48", "offer-without-identity", kFault, 15, "An offer without option 54.", "",
         rule::offer_without_identity},
    Rule{"R49", "configuration-missing", kFault, 20,
         "The loader found no configuration under any name.", "19", rule::configuration_missing},
    Rule{"R50", "address-refused", kFault, 20, "The address server refused the address (NAK).", "",
         rule::address_refused},
    Rule{"R51", "address-declined", kFault, 30, "The client declined its address.", "",
         rule::address_declined},
    Rule{"R52", "no-acknowledgement", kFault, 40, "REQUEST is not acknowledged.", "",
         rule::no_acknowledgement},
    Rule{"R53", "proxy-without-address", kFault, 15,
         "A proxy answers and no DHCP server does (PXE-E52).", "", rule::proxy_without_address},
    Rule{"R54", "access-denied", kFault, 20, "TFTP ERROR 2: the file may not be read.", "",
         rule::access_denied},
    Rule{"R55", "options-rejected", kFault, 30,
         "Client and server do not agree on the options of a transfer.", "",
         rule::options_rejected},
    Rule{"R56", "http-refused", kFault, 30, "The web server refuses a file.", "",
         rule::http_refused},
    Rule{"R57", "tftp-refused", kFault, 55, "Another TFTP ERROR of the server.", "",
         rule::tftp_refused},
    Rule{"R58", "loader-loop", kAlways, 15, "A loader fetches the same file for ever.", "",
         rule::loader_loop},
    Rule{"R59", "local-boot-chosen", kFault, 40,
         "The client is told to boot locally: by the menu's first entry, or by WDS.", "",
         rule::local_boot_chosen},
    Rule{"R60", "client-went-silent", kFault, 60,
         "The server repeats a block and the client answers no more.", "",
         rule::client_went_silent},
    Rule{"R61", "program-is-mute", kFault, 80, "A loader came whole and asks for nothing.", "",
         rule::program_is_mute},
    Rule{"R62", "packets-lost", kSlow, 50, "Packets of files were sent again.", "",
         rule::packets_lost},
    Rule{"R63", "late-answers", kSlow, 50, "The first offer came late.", "", rule::late_answers},
    Rule{"R64", "waited-for-transfer", kSlow, 50,
         "A request waited at a TFTP server that was full.", "15", rule::server_was_full},
    Rule{"R65", "window-slow", kSlow, 50, "Windows were lost and repeated.", "", rule::window_slow},
    Rule{"R66", "configuration-search", kBenign, 0,
         "A loader looks for its configuration along a ladder of names.", "19",
         rule::configuration_search},
    Rule{"R67", "offers-repeated", kBenign, 0, "The same offer came more than once.", "",
         rule::offers_repeated},
    Rule{"R68", "constant-transaction", kBenign, 0,
         "A transaction identifier that all machines of a kind share.", "7",
         rule::constant_transaction},
    Rule{"R69", "second-dhcp", kBenign, 0, "A loaded program asks for an address of its own.", "",
         rule::second_dhcp},
    Rule{"R70", "early-terminate", kBenign, 0, "A Raspberry Pi stops a file it asked for twice.",
         "7", rule::early_terminate},
    Rule{"R71", "optional-file-missing", kBenign, 0, "A file that may be missing is.", "17",
         rule::optional_file_missing},
    Rule{"R72", "menu-waits", kBenign, 0, "The client shows a menu and waits for a key.", "",
         rule::menu_waits},
    Rule{"R73", "two-machines", kAlways, 8, "Two machines use one hardware address.", "",
         rule::two_machines},
    Rule{"R74", "answer-misaddressed", kFault, 10,
         "The answer does not fit the question: another transaction, address, port or type.", "",
         rule::answer_misaddressed},
    Rule{"R75", "web-server-unreachable", kFault, 25,
         "The web server refuses the connection, or does not answer.", "",
         rule::web_server_unreachable},
    Rule{"R76", "url-without-dns", kFault, 20,
         "The boot file is a URL with a name in it, and nobody looks names up.", "20",
         rule::url_without_dns},
    Rule{"R77", "file-of-wrong-size", kAlways, 9,
         "The file is empty, or has another size than the server told.", "",
         rule::file_of_wrong_size},
    Rule{"R78", "client-stopped", kFault, 58,
         "The client stopped a transfer, and the server did nothing wrong.", "",
         rule::client_stopped},
    Rule{"R79", "offer-too-late", kFault, 20, "The first offer came when the client had given up.",
         "", rule::offer_too_late},
    Rule{"R80", "acknowledgement-differs", kFault, 30,
         "The server acknowledges another address than was asked for, or without the offered "
         "file.",
         "", rule::acknowledgement_differs},
    Rule{"R81", "answer-broken", kFault, 14, "An answer is no sound DHCP message.", "25",
         rule::answer_broken},
    Rule{"R82", "block-misnumbered", kFault, 22,
         "The server sends a block under a number that is not due.", "", rule::block_misnumbered},
    Rule{"R83", "http-content-missing", kFault, 20,
         "The content of an HTTP answer is empty, or came only in part.", "",
         rule::http_content_missing},
    Rule{"R84", "address-used-twice", kFault, 9,
         "Another host uses the address that the client was given.", "", rule::address_used_twice},
    Rule{"R85", "wds-waits-for-approval", kFault, 30,
         "WDS names its loader again, round after round: the machine is to be approved.", "",
         rule::wds_pending},
    Rule{"R86", "file-is-no-program", kFault, 9,
         "The boot file came whole and is no program: a web page, for example.", "",
         rule::file_is_no_program},
};

// It booted, or it waits for a person.
bool ended_well(const Boot& boot) {
  return boot.verdict.kind == BootVerdict::Kind::Booted ||
         boot.verdict.state == RomState::LocalBoot;
}

// A failed boot without a rule: what it was doing and what should have come.
std::string undecided_text(const Boot& boot, const BootSession& session, bool dhcp_only) {
  std::string text = fmt::format(
      "No rule explains it. The client {}; its last packet was at {:.3f} s, and nothing followed "
      "for "
      "{:.1f} s.",
      to_string(boot.verdict.state), to_seconds(boot.ended - boot.begun),
      to_seconds(boot.known_until - boot.ended));
  if (dhcp_only && !file_of_lease(session).empty()) {
    text +=
        " The capture holds nothing but DHCP of it: if that is its filter's doing, the rest does "
        "not show. Capture with `udp or arp or icmp or tcp port 80`.";
  }
  return text;
}

// What half a dialogue leaves open.
std::string half_text(CapturedSides sides) {
  if (sides == CapturedSides::WithoutTransfers) {
    return "not decidable from this capture: it holds requests to port 69 and none of the "
           "transfers, which have ports of their own (RFC 1350 s.4). Capture with `udp or arp or "
           "icmp or tcp port 80`.";
  }
  return fmt::format(
      "not decidable from this side: the capture holds only what {}. Capture both directions: at a "
      "mirror port that copies received and sent frames, without tcpdump's -Q, and with a filter "
      "such as `udp or arp or icmp or tcp port 80`.",
      sides == CapturedSides::ClientOnly ? "the client sent" : "the client was sent");
}

// Of frames that are not in order, an answer before its question was missed.
void weaken(const CaptureContext& capture, Finding& finding) {
  if (finding.confidence != Confidence::Certain && capture.is_disordered) {
    finding.confidence = Confidence::Possible;
    finding.elsewhere =
        "not decidable from this file: its frames are not in order of time; sort it with "
        "`reordercap FILE SORTED.pcapng` and explain that";
  }
}

// The phases of `pxeproof boot`, in their order.
bool comes_earlier(std::string_view left, std::string_view right) {
  constexpr std::array<std::string_view, 5> kPhases{"offer", "4011", "nbp", "config", "payload"};
  return std::ranges::find(kPhases, left) < std::ranges::find(kPhases, right);
}

// A boot that is to show the cure must come as far as this one did, and further.
std::string_view reached_phase(RomState state) {
  switch (state) {
    case RomState::WaitsForOffer:
    case RomState::WaitsForAck:
    case RomState::HasAddress:
    case RomState::WaitsForBootServer:
    case RomState::LocalBoot:
      return "offer";
    case RomState::FetchesNbp:
      return "nbp";
    case RomState::RunsNbp:
    case RomState::SearchesConfig:
      return "config";
    case RomState::FetchesPayload:
    case RomState::FetchesByHttp:
    case RomState::RunsPayload:
      return "payload";
  }
  return "offer";
}

std::optional<std::uint16_t> machine_asked_for(const std::vector<BootSession>& sessions) {
  for (const BootSession& session : sessions) {
    for (const SeenTransfer& seen : session.transfers) {
      if (const auto machine = architecture_of_name(seen->filename)) return machine;
    }
  }
  return std::nullopt;
}

void sort_by_weight(std::vector<Finding>& findings) {
  std::ranges::stable_sort(findings, [](const Finding& left, const Finding& right) {
    const auto weight = [](const Finding& finding) {
      return std::pair(finding.confidence == Confidence::Possible, finding.rule->rank);
    };
    return weight(left) < weight(right);
  });
}

}  // namespace

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::Certain:
      return "certain";
    case Confidence::Likely:
      return "likely";
    case Confidence::Possible:
      return "possible";
  }
  return {};
}

std::string_view to_string(RuleKind kind) {
  switch (kind) {
    case RuleKind::Fault:
      return "fault";
    case RuleKind::Always:
      return "fault, also when all files came";
    case RuleKind::Slow:
      return "slow";
    case RuleKind::Benign:
      return "benign";
  }
  return {};
}

std::string_view expected_next(RomState state) {
  switch (state) {
    case RomState::WaitsForOffer:
      return "an OFFER that gives an address, and one that says what to boot (RFC 2131 s.3.1, PXE "
             "2.1 "
             "s.2.2)";
    case RomState::WaitsForAck:
      return "an ACK of the address it asked for (RFC 2131 s.3.1)";
    case RomState::HasAddress:
      return "a request for a boot file, by TFTP or to port 4011 (PXE 2.1 s.2.2)";
    case RomState::WaitsForBootServer:
      return "the boot server's ACK with a file, then a read request (PXE 2.1 s.2.2.3)";
    case RomState::FetchesNbp:
    case RomState::FetchesPayload:
      return "the file, whole, up to a last short block (RFC 1350 s.6)";
    case RomState::SearchesConfig:
      return "a configuration, and the files that it names, whole (RFC 1350 s.6)";
    case RomState::FetchesByHttp:
      return "an answer 200 of the web server with the file (RFC 9110 s.15)";
    case RomState::RunsNbp:
      return "a request of the program that was loaded";
    case RomState::RunsPayload:
    case RomState::LocalBoot:
      return "nothing further";
  }
  return {};
}

std::span<const Rule> rules() { return kRules; }

const Rule* find_rule(std::string_view id_or_name) {
  const auto found = std::find_if(kRules.begin(), kRules.end(), [id_or_name](const Rule& rule) {
    return rule.id == id_or_name || rule.name == id_or_name;
  });
  return found == kRules.end() ? nullptr : &*found;
}

Explanation explain_boot(const Boot& boot, firmware::Family family, const CaptureContext& capture) {
  Explanation explanation;
  explanation.family = family;
  const std::vector<BootSession> sessions = split_sessions(boot);
  const BootSession* session = deciding_session(sessions);
  if (session == nullptr) return explanation;
  const RuleInput input{boot, sessions, *session, family, capture, machine_asked_for(sessions)};
  const CapturedSides sides = captured_sides(sessions);
  for (const Rule& rule : kRules) {
    if (rule.kind == RuleKind::Fault && ended_well(boot)) continue;
    std::optional<Finding> finding = rule.look(input);
    if (!finding) continue;
    finding->rule = &rule;
    // The capture may have begun behind the questions that the rule would show.
    if (finding->packets.empty()) finding->packets = {boot.steps.front().first_packet};
    std::ranges::sort(finding->packets);
    finding->packets.erase(std::unique(finding->packets.begin(), finding->packets.end()),
                           finding->packets.end());
    const bool is_fault = rule.kind == RuleKind::Fault || rule.kind == RuleKind::Always;
    weaken(capture, *finding);
    finding->until = std::max(finding->until, reached_phase(boot.verdict.state), comes_earlier);
    // What a client said is no proof that nobody answered; what a server said may prove a fault.
    const bool is_guess =
        sides == CapturedSides::ClientOnly ||
        (sides != CapturedSides::Both && finding->confidence != Confidence::Certain);
    if (is_guess && is_fault) continue;
    if (is_fault) {
      explanation.faults.push_back(std::move(*finding));
    } else if (rule.kind == RuleKind::Slow) {
      explanation.slow.push_back(std::move(*finding));
    } else {
      explanation.benign.push_back(std::move(*finding));
    }
  }
  sort_by_weight(explanation.faults);
  const bool failed = boot.verdict.kind == BootVerdict::Kind::Stalled ||
                      boot.verdict.kind == BootVerdict::Kind::Refused;
  // A port that does not forward at first may be all that kept the client from booting.
  if (failed && explanation.faults.empty() && !explanation.slow.empty()) {
    explanation.faults = std::move(explanation.slow);
    explanation.slow.clear();
  }
  if (failed && explanation.faults.empty()) {
    explanation.undecided = undecided_text(boot, *session, holds_dhcp_only(sessions));
  }
  if (!ended_well(boot) && sides != CapturedSides::Both && explanation.faults.empty()) {
    explanation.undecided = half_text(sides);
  }
  return explanation;
}

}  // namespace pxeproof::trace
