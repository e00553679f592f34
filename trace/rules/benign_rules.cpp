#include <fmt/format.h>

#include <algorithm>

#include "trace/rules/looks.h"
#include "trace/rules/queries.h"

namespace pxeproof::trace::rule {

namespace {

using Outcome = TransferStep::Outcome;

Finding note(std::string cause, std::vector<std::uint32_t> packets) {
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.cause = std::move(cause);
  finding.packets = std::move(packets);
  return finding;
}

}  // namespace

Look size_probe(const RuleInput& in) {
  for (const BootSession& session : in.sessions) {
    for (const SeenTransfer& seen : session.transfers) {
      if (!is_size_probe(*seen.what)) continue;
      const auto again = std::ranges::find_if(session.transfers, [&](const SeenTransfer& other) {
        return other.at() > seen.at() && other->filename == seen->filename;
      });
      if (again == session.transfers.end()) continue;
      return note(
          fmt::format("The client asks for the size of {}, stops the transfer with ERROR {} "
                      "and asks for the file itself: UEFI and Intel ROMs do so.",
                      quote(seen->filename), seen->error_code.value_or(0)),
          {seen.packet(), again->packet()});
    }
  }
  return std::nullopt;
}

Look configuration_search(const RuleInput& in) {
  std::vector<std::uint32_t> packets;
  std::size_t misses = 0;
  for (const BootSession& session : in.sessions) {
    for (const SeenTransfer& seen : session.transfers) {
      const FileRole role = role_of(seen->filename);
      if (role != FileRole::Config && role != FileRole::Module) continue;
      if (was_refused(*seen.what, 1)) {
        if (misses++ == 0) packets.push_back(seen.packet());
      } else if (misses > 0 && came_whole(*seen.what)) {
        packets.push_back(seen.packet());
        return note(
            fmt::format("{} names were looked for before {} was there: loaders search their "
                        "configuration along a ladder of names.",
                        misses, quote(seen->filename)),
            packets);
      }
    }
  }
  return std::nullopt;
}

Look offers_repeated(const RuleInput& in) {
  if (in.session.repeated_offers == 0 || in.session.offers.empty()) return std::nullopt;
  return note(fmt::format("{} answers are repetitions of the same content: each DISCOVER is "
                          "answered.",
                          in.session.repeated_offers),
              {in.session.offers.front().packet()});
}

Look constant_transaction(const RuleInput& in) {
  constexpr std::uint32_t kRaspberryPi = 0x26f30339;
  for (const BootSession& session : in.sessions) {
    for (const SeenDhcp& question : session.discovers) {
      if (question->xid != kRaspberryPi) continue;
      return note("The transaction identifier 26f30339 is the same for every Raspberry Pi.",
                  {question.packet()});
    }
    for (const SeenDhcp& question : session.boot_server_requests) {
      if (question->xid != 0 || kind_of(*question.what) != ClientKind::Ipxe) continue;
      return note("iPXE asks boot servers with transaction identifier 0.", {question.packet()});
    }
  }
  return std::nullopt;
}

Look second_dhcp(const RuleInput& in) {
  for (std::size_t at = 1; at < in.sessions.size(); ++at) {
    const BootSession& session = in.sessions[at];
    if (session.discovers.empty() || in.sessions[at - 1].transfers.empty()) continue;
    return note(
        "A program that was loaded asks for an address of its own: iPXE, GRUB, syslinux.efi "
        "and operating systems do so.",
        {session.discovers.front().packet()});
  }
  return std::nullopt;
}

Look early_terminate(const RuleInput& in) {
  for (const SeenTransfer& seen : in.session.transfers) {
    if (seen->outcome != Outcome::Aborted ||
        seen->error_text.find("Early Terminate") == std::string::npos) {
      continue;
    }
    return note("\"Early Terminate\" is how a Raspberry Pi stops a file it asked for twice.",
                {seen.packet()});
  }
  return std::nullopt;
}

Look bare_user_class(const RuleInput& in) {
  for (const BootSession& session : in.sessions) {
    for (const SeenDhcp& question : session.discovers) {
      if (question->user_class != "iPXE" && question->user_class != "gPXE") continue;
      return note(
          "Option 77 is the bare text \"iPXE\", not the list of RFC 3004; servers that "
          "compare strictly need both forms.",
          {question.packet()});
    }
  }
  return std::nullopt;
}

Look menu_waits(const RuleInput& in) {
  const SeenDhcp* menu = waiting_menu(in.session);
  if (menu == nullptr || in.boot.verdict.state != RomState::LocalBoot) return std::nullopt;
  return note(
      "The menu's prompt (43.10) says 255: wait for ever. dnsmasq sends that for two and more "
      "entries without a pxe-prompt line.",
      {menu->packet()});
}

Look optional_file_missing(const RuleInput& in) {
  for (const SeenTransfer& seen : in.session.transfers) {
    if (role_of(seen->filename) != FileRole::Optional || !was_refused(*seen.what, 1)) continue;
    return note(fmt::format("{} is looked for and may be missing.", quote(seen->filename)),
                {seen.packet()});
  }
  return std::nullopt;
}

}  // namespace pxeproof::trace::rule
