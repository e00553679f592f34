#include <fmt/format.h>

#include <algorithm>

#include "trace/rules/looks.h"
#include "trace/rules/queries.h"

namespace pxeproof::trace::rule {

namespace {

bool was_used(const RuleInput& in) {
  return in.session.fetches() || !in.session.boot_server_answers.empty();
}

std::optional<Bytes> vendor_block(const DhcpStep& answer) {
  const auto message = dhcp::MessageView::parse(answer.octets);
  return message ? message->joined(dhcp::OptionCode::VendorSpecific) : std::nullopt;
}

bool lists_type(const DhcpStep& answer, std::uint16_t type) {
  return std::ranges::any_of(answer.boot_servers, [type](const pxe::BootServerEntry& entry) {
    return entry.type == type;
  });
}

}  // namespace

Look list_of_servers_missing(const RuleInput& in) {
  if (any_answer_cut(in.session)) return std::nullopt;
  if (was_used(in) || !in.session.boot_server_requests.empty()) return std::nullopt;
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    if (!says_pxe(*answer.what) || !answer->discovery_control || uses_boot_file(*answer.what)) {
      continue;
    }
    const std::uint8_t control = *answer->discovery_control;
    constexpr std::uint8_t kNeither = pxe::kNoBroadcastDiscovery | pxe::kNoMulticastDiscovery;
    const bool needs_list =
        (control & pxe::kOnlyListedServers) != 0 || (control & kNeither) == kNeither;
    const auto needed = std::ranges::find_if(answer->menu, [&](const pxe::MenuEntry& entry) {
      return entry.type != 0 && !lists_type(*answer.what, entry.type);
    });
    const bool has_gap =
        answer->menu.empty() ? answer->boot_servers.empty() : needed != answer->menu.end();
    const bool only_local = !answer->menu.empty() && needed == answer->menu.end();
    if (!needs_list || !has_gap || only_local) continue;
    // A bit 3 without a file is a dead end of its own.
    if ((control & pxe::kUseBootFile) != 0) continue;
    Finding finding;
    finding.confidence = Confidence::Certain;
    finding.packets = {answer.packet()};
    finding.cause = fmt::format(
        "Discovery control 43.6 = {:02x} of {} forbids broadcast and multicast or wants listed "
        "servers only, but the list 43.8 {}: the client has nobody to ask (PXE-E77, PXE-E78).",
        control, to_string(identity_of(*answer.what)),
        answer->boot_servers.empty() ? "is missing" : "lacks the type of the menu's entry");
    finding.fixes = {
        {"dnsmasq",
         "remove dhcp-option=vendor:PXEClient,6,... ; pxe-service writes 43.6 and 43.8 "
         "itself"},
        {"ISC dhcpd",
         "add sub-option 8 to vendor-encapsulated-options, or set 06:01:08 and "
         "filename"}};
    finding.until = "4011";
    return finding;
  }
  return std::nullopt;
}

Look menu_without_prompt(const RuleInput& in) {
  if (any_answer_cut(in.session)) return std::nullopt;
  if (was_used(in) || !in.session.boot_server_requests.empty()) return std::nullopt;
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    if (!says_pxe(*answer.what) || uses_boot_file(*answer.what)) continue;
    const bool menu_alone = !answer->menu.empty() && !answer->prompt;
    const bool prompt_alone =
        answer->menu.empty() && answer->prompt && answer->discovery_control.value_or(0) == 0;
    if (!menu_alone && !prompt_alone) continue;
    Finding finding;
    finding.confidence =
        in.family == firmware::Family::IntelRom ? Confidence::Certain : Confidence::Likely;
    finding.packets = {answer.packet()};
    finding.cause =
        menu_alone
            ? "The offer has a boot menu (43.9) without a prompt (43.10): Intel's ROM drops it "
              "(PXE-E74), iPXE shows the menu and waits for ever."
            : "The offer has a prompt (43.10) without a boot menu (43.9): there is nothing to "
              "choose "
              "(PXE-E74).";
    finding.fixes = {{"dnsmasq", "pxe-prompt=\"Press F8 for a menu\",3"},
                     {"others", "send sub-option 10 with a time-out, such as 0a 04 00 50 58 45"}};
    return finding;
  }
  return std::nullopt;
}

Look vendor_block_broken(const RuleInput& in) {
  if (was_used(in)) return std::nullopt;
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    if (!says_pxe(*answer.what) || answer->cut) continue;
    const auto block = vendor_block(*answer.what);
    if (!block) continue;
    const auto options = pxe::decode(*block);
    std::string problem;
    if (!options) {
      problem = fmt::format("{} at octet {}", pxe::to_string(options.error().fault),
                            options.error().offset);
    } else {
      const auto* menu = options->find(pxe::VendorTag::BootMenu);
      const auto* servers = options->find(pxe::VendorTag::BootServers);
      if (menu != nullptr && !pxe::decode_menu(menu->value))
        problem = "the menu (43.9) does not add up";
      if (servers != nullptr && !pxe::decode_servers(servers->value)) {
        problem = "the list of servers (43.8) does not add up";
      }
    }
    if (problem.empty()) continue;
    Finding finding;
    finding.confidence = Confidence::Certain;
    finding.packets = {answer.packet()};
    finding.cause = fmt::format("Option 43 of {} is broken: {} (PXE-E74, PXE-E77).",
                                to_string(identity_of(*answer.what)), problem);
    finding.fixes = {
        {"dnsmasq",
         "let pxe-service and pxe-prompt write option 43; shorten a menu that is too "
         "large"},
        {"ISC dhcpd", "write vendor-encapsulated-options as TAG:LENGTH:VALUE..., closed by ff"}};
    finding.until = "offer";
    return finding;
  }
  return std::nullopt;
}

Look local_boot_chosen(const RuleInput& in) {
  for (const SeenTransfer& seen : in.session.transfers) {
    if (!is_abort_program(seen->filename) || !came_whole(*seen.what)) continue;
    Finding finding;
    finding.confidence = Confidence::Certain;
    add_packets(finding.packets, *seen.step);
    finding.cause = fmt::format(
        "{} gives {}: WDS does not serve this machine and sends it to its next boot device. It is "
        "not known there, or waits for approval.",
        to_string(seen->asked), quote(seen->filename));
    finding.fixes = {
        {"WDS",
         "wdsutil /Set-Server /AnswerClients:All, or prestage the machine, or approve it "
         "among the pending devices"},
        {"network", "or let only one boot server answer this client"}};
    return finding;
  }
  if (in.session.fetches()) return std::nullopt;
  // UEFI asks port 4011 for the menu itself; who asks for an item has chosen a server.
  const bool chose_server =
      std::ranges::any_of(in.session.boot_server_requests,
                          [](const SeenDhcp& request) { return request->item.has_value(); });
  if (chose_server || boot_server_is_silent(in.session)) return std::nullopt;
  for (const SeenDhcp& answer : boot_answers(in.session)) {
    if (answer->menu.empty() || answer->menu.front().type != 0 || !answer->boot_file.empty()) {
      continue;
    }
    // Without an address it had not come to choose, unless there is nothing else to choose.
    if (in.session.acks.empty() && leads_to_server(*answer.what)) continue;
    Finding finding;
    finding.packets = {answer.packet()};
    finding.cause = fmt::format(
        "The first entry of the menu, {}, is the local disk (type 0): the client leaves the "
        "network "
        "boot by itself.",
        quote(answer->menu.front().text));
    finding.fixes = {{"dnsmasq", "put the pxe-service line with a file before the one without"}};
    return finding;
  }
  return std::nullopt;
}

namespace {

// What WDS is asked on port 4011 by its own loader, which then takes its orders there.
const SeenTransfer* loader_of_wds(const BootSession& session) {
  const SeenTransfer* last = last_transfer(session);
  const bool is_loader = last != nullptr && came_whole(*last->what) &&
                         role_of((*last)->filename) == FileRole::WindowsLoader;
  return is_loader ? last : nullptr;
}

}  // namespace

Look wds_pending(const RuleInput& in) {
  const SeenTransfer* loader = loader_of_wds(in.session);
  if (loader == nullptr) return std::nullopt;
  Finding finding;
  add_packets(finding.packets, *loader->step);
  std::size_t asked = 0;
  for (const SeenDhcp& request : in.session.boot_server_requests) {
    if (request.at() < (*loader)->ended) continue;
    ++asked;
    finding.packets.push_back(request.packet());
  }
  const SeenDhcp* again = nullptr;
  for (const SeenDhcp& answer : in.session.boot_server_answers) {
    if (answer.at() < (*loader)->ended) continue;
    // Another program is an order, and the loader goes on with that.
    if (base_name(answer->boot_file) != base_name((*loader)->filename)) return std::nullopt;
    again = &answer;
    finding.packets.push_back(answer.packet());
  }
  if (asked == 0 || again == nullptr) return std::nullopt;
  finding.cause = fmt::format(
      "{} runs and asks port 4011 {}; {} names the same program again: WDS has the machine wait "
      "until an administrator approves it, or has nothing else for it.",
      quote((*loader)->filename), asked == 1 ? "once more" : fmt::format("{} times more", asked),
      to_string(identity_of(*again->what)));
  finding.fixes = {
      {"WDS",
       "approve the machine among the pending devices (wdsutil /Approve-AutoAddDevices "
       "/RequestId:ALL), or prestage it"},
      {"WDS", "or ask for no approval: wdsutil /Set-Server /AutoAddPolicy /Policy:Disabled"}};
  finding.elsewhere = "the machine's screen shows the request's number while it waits";
  return finding;
}

}  // namespace pxeproof::trace::rule
