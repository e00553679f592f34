#include "trace/rules/oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "firmware/profile.h"
#include "trace/rules/queries.h"

namespace pxeproof::trace {

namespace {

using Outcome = Prediction::Outcome;
using firmware::Family;

constexpr std::array kFamilies = {Family::Ipxe, Family::Edk2, Family::IntelRom, Family::Uboot};

const DhcpStep* first_of(const std::vector<SeenDhcp>& answers) {
  return answers.empty() ? nullptr : answers.front().what;
}

std::string server_of(const DhcpStep& answer) {
  if (!answer.siaddr.is_unspecified()) return to_string(answer.siaddr);
  return to_string(identity_of(answer));
}

Prediction fetches(Family family, const DhcpStep& answer) {
  if (is_url(answer.boot_file)) {
    if (family == Family::Ipxe) {
      return {family, Outcome::Boots, fmt::format("would fetch {}", printable(answer.boot_file))};
    }
    // A ROM takes it for a name as any other.
    return {family, Outcome::NoBoot,
            fmt::format("would ask {} by TFTP for a file named {}", server_of(answer),
                        printable(answer.boot_file))};
  }
  return {family, Outcome::Boots,
          fmt::format("would fetch {} from {}", printable(answer.boot_file), server_of(answer))};
}

// What the boot server said in this capture, if anything.
Prediction asks_4011(Family family, const BootSession& session, const DhcpStep& offer,
                     std::string_view when_silent) {
  for (const SeenDhcp& answer : session.boot_server_answers) {
    if (answer->boot_file.empty()) continue;
    Prediction made = fetches(family, *answer.what);
    made.text =
        fmt::format("would ask 4011 and {}", made.text.substr(std::string("would ").size()));
    return made;
  }
  if (!session.boot_server_answers.empty()) {
    return {family, Outcome::NoBoot, "would ask 4011 and be told no file"};
  }
  if (!session.boot_server_requests.empty()) {
    return {family, Outcome::NoBoot,
            fmt::format("would ask 4011, which is silent: {}", when_silent)};
  }
  return {family, Outcome::Asks4011InVain,
          fmt::format("would ask port 4011 of {}", server_of(offer))};
}

Prediction predict_ipxe(const BootSession& session) {
  const auto lessors = address_offers(session);
  const auto proxies = proxy_offers(session);
  if (lessors.empty()) return {Family::Ipxe, Outcome::NoBoot, "would wait for an address"};
  const DhcpStep& lease = *lessors.back().what;
  if (can_be_fetched(lease)) return fetches(Family::Ipxe, lease);
  const DhcpStep* proxy = proxies.empty() ? nullptr : proxies.back().what;
  if (proxy == nullptr && says_pxe(lease)) proxy = &lease;
  if (proxy == nullptr) {
    return {Family::Ipxe, Outcome::NoBoot, "would have nothing to boot, after 3 s"};
  }
  if (can_be_fetched(*proxy) && (proxy->menu.empty() || uses_boot_file(*proxy))) {
    return fetches(Family::Ipxe, *proxy);
  }
  return asks_4011(Family::Ipxe, session, *proxy, "nothing to boot after 3.75 s");
}

bool has_pxe_tags(const DhcpStep& answer) {
  return answer.discovery_control || !answer.menu.empty() || !answer.boot_servers.empty() ||
         answer.prompt;
}

// EDK2, and Intel's ROM, whose table of preferences EDK2 took over.
Prediction predict_ranked(Family family, const BootSession& session) {
  const std::string_view silence = family == Family::Edk2 ? "PXE-E16 after 10 s" : "PXE-E55";
  const auto lessors = address_offers(session);
  const auto proxies = proxy_offers(session);
  if (lessors.empty()) {
    return {family, Outcome::NoBoot,
            proxies.empty() ? "would wait for an offer" : "would wait for an address"};
  }
  const auto offer_with = [](const std::vector<SeenDhcp>& offers, auto holds) -> const DhcpStep* {
    const auto found =
        std::ranges::find_if(offers, [&](const SeenDhcp& offer) { return holds(*offer.what); });
    return found == offers.end() ? nullptr : found->what;
  };
  const auto is_pxe10 = [](const DhcpStep& offer) {
    return says_pxe(offer) && has_pxe_tags(offer);
  };
  const auto is_binl = [](const DhcpStep& offer) {
    return says_pxe(offer) && !has_pxe_tags(offer);
  };
  const DhcpStep* chosen = offer_with(lessors, is_pxe10);
  if (chosen == nullptr) chosen = offer_with(proxies, is_pxe10);
  if (chosen != nullptr) {
    if (uses_boot_file(*chosen)) return fetches(family, *chosen);
    if (chosen->menu.empty() && chosen->boot_file.empty()) {
      return {family, Outcome::NoBoot, "would find neither menu nor file"};
    }
    return asks_4011(family, session, *chosen, silence);
  }
  const DhcpStep* binl = offer_with(lessors, is_binl);
  if (binl == nullptr) binl = offer_with(proxies, is_binl);
  if (binl != nullptr) {
    if (gives_address(*binl) && can_be_fetched(*binl) && family == Family::IntelRom) {
      return fetches(family, *binl);
    }
    return asks_4011(family, session, *binl, silence);
  }
  const DhcpStep* file =
      offer_with(lessors, [](const DhcpStep& offer) { return !offer.boot_file.empty(); });
  if (file != nullptr) return fetches(family, *file);
  return {family, Outcome::NoBoot,
          family == Family::Edk2 ? "would never send REQUEST (PXE-E16 after 63 s)"
                                 : "would stop with PXE-E53"};
}

Prediction predict_uboot(const BootSession& session) {
  const DhcpStep* lease = first_of(address_offers(session));
  if (lease == nullptr) return {Family::Uboot, Outcome::NoBoot, "would wait for an address"};
  if (lease->header_file.empty()) {
    return {Family::Uboot, Outcome::NoBoot,
            fmt::format("would ask {} for <ADDRESS IN HEX>.img", server_of(*lease))};
  }
  return fetches(Family::Uboot, *lease);
}

}  // namespace

Prediction predict(Family family, const BootSession& session) {
  switch (family) {
    case Family::Ipxe:
      return predict_ipxe(session);
    case Family::Uboot:
      return predict_uboot(session);
    case Family::IntelRom:
      return predict_ranked(family, session);
    default:
      return predict_ranked(Family::Edk2, session);
  }
}

namespace {

// What a ROM loaded asks in this round, and not the ROM itself.
bool is_of_loaded_program(const BootSession& session) {
  const bool asks_as_program =
      session.kind == ClientKind::Ipxe || session.kind == ClientKind::Plain;
  return asks_as_program && session.kind != session.rom && session.question() != nullptr;
}

}  // namespace

std::vector<std::string> other_firmware(Family own, const BootSession& session) {
  if (session.offers.empty()) return {};
  // These answers are for iPXE, or for HTTP boot: a ROM that boots by PXE would get others.
  if (is_of_loaded_program(session) || session.kind == ClientKind::HttpRom) return {};
  std::vector<std::string> lines;
  std::vector<std::pair<std::string, std::string>> told;  // text, families
  for (const Family family : kFamilies) {
    if (family == own) continue;
    const Prediction made = predict(family, session);
    const auto same =
        std::ranges::find_if(told, [&](const auto& entry) { return entry.first == made.text; });
    if (same != told.end()) {
      same->second += fmt::format(", {}", to_string(family));
    } else {
      told.emplace_back(made.text, std::string(to_string(family)));
    }
  }
  for (const auto& [text, families] : told) lines.push_back(fmt::format("{} {}", families, text));
  return lines;
}

namespace {

using firmware::Failure;

// What it ends with, the nearest name first: firmware that has no words for one has for the next.
std::vector<Failure> failures_of(const BootVerdict& verdict, const BootSession& session) {
  const bool refused = verdict.kind == BootVerdict::Kind::Refused;
  switch (verdict.state) {
    case RomState::WaitsForOffer:
      if (session.offers.empty()) return {Failure::NoOffer};
      return {Failure::OffersUnusable, Failure::NoOffer};
    case RomState::WaitsForAck:
      if (refused) return {Failure::RequestRefused, Failure::NoAcknowledgement};
      return {Failure::NoAcknowledgement};
    case RomState::HasAddress: {
      // Why it did not fetch the URL that it was told is not known by its words.
      const std::vector<SeenDhcp> answers = boot_answers(session);
      const bool has_url = std::ranges::any_of(
          answers, [](const SeenDhcp& answer) { return is_url(answer->boot_file); });
      if (has_url) return {};
      // Nor how it ends a search for the server's hardware address that nobody answers.
      const bool has_file = std::ranges::any_of(
          answers, [](const SeenDhcp& answer) { return !answer->boot_file.empty(); });
      if (has_file && !session.unanswered_arp.empty()) return {};
      return {Failure::NothingToBoot};
    }
    case RomState::WaitsForBootServer: {
      const auto& answers = session.boot_server_answers;
      const bool shows_menu = !answers.empty() && !answers.back()->menu.empty();
      if (shows_menu) return {};
      const bool chose_item = !session.boot_server_requests.empty() &&
                              session.boot_server_requests.back()->item.has_value();
      if (answers.empty() && chose_item) return {Failure::BootServerSilent};
      if (answers.empty()) return {Failure::ProxySilent, Failure::NothingToBoot};
      if (chose_item) return {Failure::NoFileFromBootServer};
      return {Failure::ProxyUnusable, Failure::NothingToBoot};
    }
    case RomState::FetchesNbp: {
      if (!refused) return {Failure::FileTimeout};
      const bool has_code =
          !session.transfers.empty() && session.transfers.back()->error_code.has_value();
      if (!has_code) return {Failure::FileError};
      return {firmware::failure_of_error(*session.transfers.back()->error_code)};
    }
    default:
      return {};
  }
}

}  // namespace

std::string screen_words(Family family, const BootVerdict& verdict, const BootSession& session) {
  if (verdict.kind == BootVerdict::Kind::Booted) return {};
  if (captured_sides({session}) != CapturedSides::Both) return {};
  // It is the running program that writes to the screen; of iPXE it is known what.
  const bool is_loaded = is_of_loaded_program(session);
  if (is_loaded && session.kind != ClientKind::Ipxe) return {};
  // The words known of ROMs are those of PXE.
  if (session.kind == ClientKind::HttpRom) return {};
  if (is_loaded) family = Family::Ipxe;
  const DhcpStep* question = session.question();
  const auto architecture = question == nullptr ? std::nullopt : question->architecture;
  const auto profile = firmware::builtin_profile(firmware::profile_of(family, architecture));
  if (!profile) return {};
  for (const Failure failure : failures_of(verdict, session)) {
    const std::string error =
        session.transfers.empty() ? "" : printable(session.transfers.back()->error_text);
    const std::string words = (*profile)->words_for(failure, error);
    if (!words.empty()) return words.substr(0, words.find('\n'));
  }
  return {};
}

}  // namespace pxeproof::trace
