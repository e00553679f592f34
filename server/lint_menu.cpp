#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "protocol/dhcp/client_options.h"
#include "server/boot_choice.h"
#include "server/lint_findings.h"
#include "server/tag_evaluation.h"
#include "server/vendor_block.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kMostClients = 64;  // that are imagined for an architecture
constexpr std::size_t kTooLargeList = 253;
constexpr std::size_t kLargestOption = 255;

// A client of some lines: what their conditions, taken together, say of its tags.
class ImaginedClient {
 public:
  ImaginedClient(const LintFindings& findings, std::uint16_t architecture)
      : findings_(findings), owners_{ArchitectureSet{architecture}, std::nullopt, std::nullopt} {}

  // False, and the client stays as it was, when it cannot satisfy these as well.
  bool satisfy(const std::vector<TagCondition>& conditions) {
    if (!are_compatible(conditions, conditions)) return false;
    const bool is_against = std::ranges::any_of(conditions, [this](const TagCondition& each) {
      const auto known = is_set_.find(each.name);
      return known != is_set_.end() && known->second == each.negated;
    });
    TagOwners owners = owners_;
    if (is_against || !owners.narrow_to(findings_.owners_of(conditions))) return false;
    owners_ = std::move(owners);
    for (const TagCondition& each : conditions) is_set_.emplace(each.name, !each.negated);
    return true;
  }

  TagBits tags(const CompiledConfiguration& compiled) const {
    TagBits bits;
    bits.reset(compiled.tags().size());
    for (const auto& [name, is_set] : is_set_) {
      const auto id = compiled.tags().find(name);
      if (is_set && id) bits.set(*id);
    }
    apply_tag_ifs(compiled, bits);
    return bits;
  }

 private:
  const LintFindings& findings_;
  TagOwners owners_;
  std::map<std::string, bool, std::less<>> is_set_;
};

// What a client would have in its menu.
struct Menu {
  BootChoice choice;
  UserSubOptions user;
  std::vector<MenuItem> items;

  std::size_t files() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        choice.services, [](const Service* each) { return !each->line->basename.empty(); }));
  }
};

// The server's own address as far as anything tells it: a service that names it has no second one.
Ipv4Address own_address(const LintFindings& findings) {
  for (const PxeService& service : findings.configuration().services) {
    if (!service.server || service.basename.empty()) continue;
    const auto& subnets = findings.surroundings().subnets;
    const bool is_own = subnets.empty() || std::ranges::any_of(subnets, [&](const Subnet& each) {
                          return each.address == *service.server;
                        });
    if (is_own) return *service.server;
  }
  return {};
}

Menu menu_of(const CompiledConfiguration& compiled, std::uint16_t architecture, const TagBits& tags,
             Ipv4Address own) {
  Menu menu;
  Architectures architectures;
  architectures.numbers[architectures.count++] = architecture;
  const std::string vendor_class = fmt::format("PXEClient:Arch:{:05}:UNDI:003016", architecture);
  choose_boot(compiled, {}, architectures, tags, menu.choice);
  collect_user_sub_options(compiled, as_bytes(vendor_class), tags, menu.user);
  list_menu({}, menu.choice, own, {}, menu.items);
  return menu;
}

// Reports the menus of an architecture: for each set of conditions the menu of a client that
// satisfies these and all others it can, in the order of the file.
template <typename Report>
void for_each_menu(const LintFindings& findings, const CompiledConfiguration& compiled,
                   std::uint16_t architecture, Report report) {
  std::set<std::string> begun;
  for (const PxeService& first : findings.configuration().services) {
    if (first.architecture != architecture || begun.size() >= kMostClients) continue;
    if (!begun.insert(as_written(first.conditions)).second) continue;
    ImaginedClient client(findings, architecture);
    if (!client.satisfy(first.conditions)) continue;
    for (const PxeService& other : findings.configuration().services) {
      if (other.architecture == architecture) client.satisfy(other.conditions);
    }
    for (const DhcpOption& option : findings.configuration().options) {
      if (option.vendor_class) client.satisfy(option.conditions);
    }
    const Menu menu = menu_of(compiled, architecture, client.tags(compiled), own_address(findings));
    if (!menu.choice.services.empty()) report(menu);
  }
}

std::set<std::uint16_t> menu_architectures(const Configuration& configuration) {
  std::set<std::uint16_t> result;
  for (const PxeService& service : configuration.services) {
    // HTTP boot has no menu.
    if (!is_http_architecture(service.architecture)) result.insert(service.architecture);
  }
  return result;
}

// dnsmasq's sizes: each service with a file has one server, and a list of 253 octets is too large.
std::string_view what_dnsmasq_does(const Menu& menu) {
  std::size_t texts = 0;
  std::size_t servers = 0;
  for (const MenuItem& item : menu.items) {
    texts += 3 + item.text.size();
    if (item.server_count > 0) servers += 7;
  }
  if (texts >= kTooLargeList || servers >= kTooLargeList) return "sends an offer without any menu";
  const bool has_prompt = std::ranges::any_of(menu.user, &VendorSubOption::is_prompt);
  std::size_t total = 3 + 2 + texts + 1 + (servers > 0 ? 2 + servers : 0) + (has_prompt ? 0 : 6);
  for (const VendorSubOption* each : menu.user) total += 2 + each->value.size();
  return total > kLargestOption ? "spreads it over several options, which no PXE ROM joins"
                                : std::string_view();
}

std::string describe(const Menu& menu, std::size_t left_out) {
  std::string text =
      fmt::format("the menu for {} has {} entries and is too large:",
                  dhcp::describe_architecture(menu.choice.architecture), menu.items.size());
  const std::string_view dnsmasq = what_dnsmasq_does(menu);
  if (!dnsmasq.empty()) text += fmt::format(" dnsmasq {}", dnsmasq);
  if (!dnsmasq.empty() && left_out > 0) text += ", and";
  if (left_out > 0) text += fmt::format(" pxeproof leaves out {} of them", left_out);
  return text;
}

bool is_local_boot(const PxeService& service) {
  return service.basename.empty() && service.type == 0;
}

bool is_raspberry_program(std::string_view file) {
  return file.ends_with("bootcode.bin") || file.ends_with(".elf");
}

// Whoever satisfies the conditions has the line.
template <typename Line>
bool is_for_all(const Line& line, const std::vector<TagCondition>& conditions) {
  return std::ranges::all_of(line.conditions, [&](const TagCondition& each) {
    return std::ranges::find(conditions, each) != conditions.end();
  });
}

// PXE 2.1 table 2-1: with bit 3 of 43.6 the menu is passed over for the file of the offer.
bool passes_over_menu(const LintFindings& findings, const DhcpBoot& boot) {
  constexpr std::uint8_t kControl = 6;
  constexpr std::uint8_t kUseBootFile = 8;
  return std::ranges::any_of(findings.configuration().options, [&](const DhcpOption& option) {
    return option.vendor_class && option.code == kControl && !option.value.empty() &&
           (option.value[0] & kUseBootFile) != 0 &&
           findings.may_meet(option.conditions, boot.conditions);
  });
}

// The local boot entry that starts for the BIOS clients of a dhcp-boot, whatever they do.
const PxeService* local_boot_instead_of(const LintFindings& findings, const DhcpBoot& boot) {
  const auto architectures = findings.architectures_of(boot.conditions);
  if (architectures && !architectures->contains(kBiosArchitecture)) return nullptr;
  const PxeService* local = nullptr;
  bool has_file = false;
  for (const PxeService& service : findings.configuration().services) {
    if (service.architecture != kBiosArchitecture) continue;
    if (!findings.may_meet(service.conditions, boot.conditions)) continue;
    // Of one entry dnsmasq makes a prompt without patience.
    const bool is_local = is_local_boot(service) && is_for_all(service, boot.conditions);
    if (is_local && local == nullptr && !has_file) local = &service;
    if (!is_local_boot(service)) has_file = true;
  }
  if (!has_file || local == nullptr) return local;
  const bool is_at_once =
      std::ranges::any_of(findings.configuration().prompts, [&](const PxePrompt& prompt) {
        return prompt.timeout_seconds == 0U && is_for_all(prompt, boot.conditions);
      });
  return is_at_once ? local : nullptr;
}

std::string remedy_of(const PxeService& local) {
  if (local.menu_text.find("Raspberry") == std::string::npos) {
    return "remove this line, or put a pxe-service with the file before it";
  }
  return fmt::format(
      "give it a tag that only Raspberry Pis have: dhcp-mac=set:pi,b8:27:eb:*:*:*, the same for "
      "dc:a6:32, e4:5f:01, d8:3a:dd and 2c:cf:67, and pxe-service=tag:pi,{}0,\"{}\"",
      as_written(local.conditions), local.menu_text);
}

}  // namespace

void find_local_boot_instead_of_files(LintFindings& findings) {
  std::set<const PxeService*> reported;
  for (const DhcpBoot& boot : findings.configuration().boots) {
    if (boot.file.empty() || is_raspberry_program(boot.file)) continue;
    const PxeService* local = local_boot_instead_of(findings, boot);
    if (local == nullptr || passes_over_menu(findings, boot)) continue;
    if (!reported.insert(local).second) continue;
    findings.note(local->location,
                  fmt::format("BIOS clients take this entry of their menu at once and start from "
                              "their disk; the dhcp-boot at {} is not used for them",
                              to_string(boot.location)),
                  remedy_of(*local));
  }
}

void find_large_menus(LintFindings& findings) {
  if (findings.configuration().services.empty()) return;
  const CompiledConfiguration compiled(findings.configuration(), {});
  for (const std::uint16_t architecture : menu_architectures(findings.configuration())) {
    bool is_reported = false;
    for_each_menu(findings, compiled, architecture, [&](const Menu& menu) {
      if (is_reported || menu.choice.single_service({}) != nullptr) return;
      VendorBlock block(kLargestOption);
      const std::size_t left_out =
          write_menu(menu.items, menu.user, std::nullopt, AnswerFile::None, block).left_out;
      if (left_out == 0 && what_dnsmasq_does(menu).empty()) return;
      is_reported = true;
      findings.warn(menu.choice.services.front()->line->location, describe(menu, left_out),
                    "shorten the texts or offer fewer entries");
    });
  }
}

void find_several_uefi_services(LintFindings& findings) {
  if (findings.configuration().services.empty()) return;
  const CompiledConfiguration compiled(findings.configuration(), {});
  for (const std::uint16_t architecture : menu_architectures(findings.configuration())) {
    if (!is_uefi(architecture)) continue;
    std::size_t most = 1;
    SourceLocation location;
    for_each_menu(findings, compiled, architecture, [&](const Menu& menu) {
      if (menu.files() <= most) return;
      most = menu.files();
      location = menu.choice.services.front()->line->location;
    });
    if (most == 1) continue;
    findings.note(location,
                  fmt::format("{} services for {} make a menu, which many UEFI firmwares draw "
                              "badly or not at all",
                              most, dhcp::describe_architecture(architecture)),
                  "offer one service and let its boot loader show the menu");
  }
}

}  // namespace pxeproof::server
