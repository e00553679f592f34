// CTRL: discovery control, boot servers, menu and prompt (43.6, 8, 9, 10).

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/cases/boot_path.h"
#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/script.h"
#include "conformance/variant.h"

namespace pxeproof::conformance {

namespace {

using pxe::VendorTag;

// Hands the judge each of the two messages that may hold a menu: the OFFER and the ACK from 4011.
void each_message(Script& s, std::uint16_t arch, const Judge& judge) {
  Stimulus discover = s.d0();
  discover.arch(arch);
  const auto judge_all = [judge](std::span<const Reply> replies) -> Ruling {
    for (const Reply& reply : replies) {
      Ruling ruling = judge(reply);
      if (ruling.kind != Ruling::Kind::GoOn) return ruling;
    }
    return go_on();
  };
  s.ask(discover, judge_all);
  if (!s.setting().can(Need::BootServer)) return;
  Stimulus request = s.r0();
  request.arch(arch);
  s.ask(request, judge_all);
}

std::vector<pxe::MenuEntry> menu_of(const Reply& reply) {
  const auto value = sub_option(reply, VendorTag::BootMenu);
  if (!value) return {};
  auto entries = pxe::decode_menu(*value);
  return entries ? std::move(*entries) : std::vector<pxe::MenuEntry>{};
}

void control_byte_script(Script& s) {
  s.offer(s.d0(), [](const Reply& reply) -> Ruling {
    const auto value = sub_option(reply, VendorTag::DiscoveryControl);
    if (!value) return admit("absent");
    if (value->size() != 1) return refuse(fmt::format("43.6 of {} octets", value->size()));
    if ((value->front() & 0xf0U) != 0) return refuse(fmt::format("43.6={:02x}", value->front()));
    return admit("one octet, bits 0 to 3");
  });
}

void reachable_server_script(Script& s) {
  for (const std::uint16_t arch :
       {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{3}, std::uint16_t{4}}) {
    each_message(s, arch, [arch](const Reply& reply) -> Ruling {
      const std::uint8_t bits = control_bits(reply);
      const bool list_needed = (bits & pxe::kOnlyListedServers) != 0 || (bits & 3U) == 3U;
      if (!list_needed) return go_on();
      const auto value = sub_option(reply, VendorTag::BootServers);
      std::set<std::uint16_t> listed;
      if (value) {
        const auto servers = pxe::decode_servers(*value);
        if (!servers) return refuse("a torn 43.8");
        for (const auto& server : *servers) {
          if (!server.addresses.empty()) listed.insert(server.type);
        }
      }
      for (const pxe::MenuEntry& entry : menu_of(reply)) {
        if (entry.type != 0 && !listed.contains(entry.type)) {
          return refuse(fmt::format("arch {}: 43.6={:02x} and no server in 43.8 for type {:04x}",
                                    arch, bits, entry.type));
        }
      }
      // The boot file's own bit makes the list needless.
      const bool needless = (bits & pxe::kUseBootFile) != 0;
      if (listed.empty() && !needless)
        return refuse(fmt::format("arch {}: 43.6={:02x} without 43.8", arch, bits));
      return go_on();
    });
  }
}

void bit3_script(Script& s) {
  for (const std::uint16_t arch : std::initializer_list<std::uint16_t>{0, 6, 7, 9, 10, 11}) {
    each_message(s, arch, [arch](const Reply& reply) -> Ruling {
      if ((control_bits(reply) & pxe::kUseBootFile) == 0 || !reply.boot_file().empty())
        return go_on();
      return refuse(fmt::format("arch {}: bit 3 in an {} without file", arch, reply.words()));
    });
  }
}

void server_list_script(Script& s) {
  const auto judge = [&s](const Reply& reply) -> Ruling {
    const auto value = sub_option(reply, VendorTag::BootServers);
    if (!value) return go_on();
    const auto servers = pxe::decode_servers(*value);
    if (!servers) return refuse("a torn 43.8");
    std::set<std::uint16_t> types;
    for (const auto& server : *servers) {
      if (!types.insert(server.type).second)
        return refuse(fmt::format("type {:04x} twice in 43.8", server.type));
      // All of the configuration's servers are this one.
      for (const Ipv4Address address : server.addresses) {
        if (address != s.setting().server)
          return refuse(fmt::format("type {:04x} with a server that is none", server.type));
      }
    }
    return go_on();
  };
  for (const std::uint16_t arch : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{4}}) {
    each_message(s, arch, judge);
  }
}

// Each entry of a menu can be had: type 0 is the local disk, others are listed or asked for.
void check_menu(Script& s, std::uint16_t arch) {
  const std::vector<std::string> texts = configured_menu(arch);
  const std::size_t wanted = texts.size();
  const auto entries = std::make_shared<std::vector<pxe::MenuEntry>>();
  each_message(s, arch, [entries](const Reply& reply) -> Ruling {
    const auto value = sub_option(reply, VendorTag::BootMenu);
    if (!value) return go_on();
    auto decoded = pxe::decode_menu(*value);
    if (!decoded) return refuse("a torn 43.9");
    *entries = std::move(*decoded);
    return go_on();
  });
  s.then([&s, entries, arch, wanted, texts] {
    // What does not fit one option 43 may be left out: not every client joins several (RFC 3396).
    const bool may_leave_out = wanted > 3;
    if (entries->size() != wanted && (entries->empty() || !may_leave_out)) {
      return s.rule(
          refuse(fmt::format("arch {}: {} of {} entries", arch, entries->size(), wanted)));
    }
    // In the order of the configuration, with its texts: the first entry is what a client boots.
    auto due = texts.begin();
    for (const pxe::MenuEntry& entry : *entries) {
      due = std::find(due, texts.end(), entry.text);
      if (due == texts.end())
        return s.rule(refuse(
            fmt::format("arch {}: an entry \"{}\" that is not due", arch, printable(entry.text))));
      ++due;
    }
    // Of two entries of one type the client can have the first only.
    std::set<std::uint16_t> types;
    for (const pxe::MenuEntry& entry : *entries) {
      if (!types.insert(entry.type).second)
        return s.rule(refuse(fmt::format("arch {}: type {:04x} twice", arch, entry.type)));
    }
    s.rule(admit(entries->size() == wanted ? "every entry resolves" : "whole entries left out"));
    for (const pxe::MenuEntry& entry : *entries) {
      if (entry.type == 0) continue;
      Stimulus request = s.r0();
      request.arch(arch).item(entry.type, 0);
      s.ack(request, [](const Reply& reply) -> Ruling {
        return reply.boot_file().empty() ? refuse("an entry that leads to no file") : go_on();
      });
    }
  });
}

void menu_script(Script& s) {
  for (const std::uint16_t arch : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{3}}) {
    check_menu(s, arch);
  }
}

void prompt_script(Script& s) {
  struct Row {
    std::uint16_t arch;
    int timeout;
    std::string_view text;
  };
  for (const Row& row :
       {Row{3, 0, "At once"}, Row{1, 3, "Three seconds"}, Row{0, 255, "Wait for ever"}}) {
    Stimulus discover = s.d0();
    discover.arch(row.arch);
    s.offer(discover, [row](const Reply& reply) -> Ruling {
      const auto value = sub_option(reply, VendorTag::MenuPrompt);
      if (!value) return refuse(fmt::format("no 43.10 for a time of {}", row.timeout));
      const auto prompt = pxe::decode_prompt(*value);
      if (!prompt) return refuse("a torn 43.10");
      if (prompt->timeout_seconds != row.timeout) {
        return refuse(fmt::format("a time of {} where {} is configured", prompt->timeout_seconds,
                                  row.timeout));
      }
      return prompt->text == row.text
                 ? admit("as configured")
                 : refuse(fmt::format("a prompt of \"{}\"", printable(prompt->text)));
    });
  }
}

void prompt_with_menu_script(Script& s) {
  for (const std::uint16_t arch : {std::uint16_t{0}, std::uint16_t{1}}) {
    Stimulus discover = s.d0();
    discover.arch(arch);
    s.offer(discover, [&s, arch](const Reply& reply) -> Ruling {
      const auto entries = menu_of(reply);
      if (entries.empty()) return go_on();
      if (!sub_option(reply, VendorTag::MenuPrompt)) return refuse("43.9 without 43.10");
      Stimulus request = s.r0();
      request.arch(arch).item(entries.front().type, 0);
      s.ask(request, [](std::span<const Reply> replies) -> Ruling {
        const bool boots = !replies.empty() && !replies.front().boot_file().empty();
        return boots ? admit("prompt and a bootable first entry")
                     : refuse("a first entry that does not boot");
      });
      return go_on();
    });
  }
}

void overflow_script(Script& s) {
  // 40 entries of 30 characters fit no sub-option: whole entries are left out, or the message is.
  Stimulus discover = s.d0();
  discover.arch(1);
  s.ask(discover, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("not offered");
    const Reply& reply = replies.front();
    if (!reply.dhcp()->has_end()) return refuse("options without End");
    const auto value = reply.dhcp()->joined(dhcp::OptionCode::VendorSpecific);
    if (!value) return refuse("an OFFER that has lost its option 43");
    const auto vendor = pxe::decode(*value);
    if (!vendor || !vendor->end) return refuse("a torn option 43");
    const auto entries = menu_of(reply);
    if (entries.empty()) return refuse("an option 43 without a menu");
    for (const pxe::MenuEntry& entry : entries) {
      if (!entry.text.starts_with("Entry ") || !entry.text.ends_with("thirty"))
        return refuse("a torn entry");
    }
    return admit("whole entries left out");
  });
  // The same for a client with the smallest room.
  Stimulus small = s.d0();
  small.arch(1);
  small.without(dhcp::OptionCode::MaximumMessageSize).called("DISCOVER arch 1 without option 57");
  s.ask(small, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return go_on();
    const auto value = replies.front().dhcp()->joined(dhcp::OptionCode::VendorSpecific);
    if (!value) return refuse("an OFFER that has lost its option 43");
    const auto vendor = pxe::decode(*value);
    return vendor && vendor->end ? go_on() : refuse("a torn option 43 for a client without 57");
  });
}

void no_mtftp_script(Script& s) {
  for (const std::uint16_t arch : {std::uint16_t{0}, std::uint16_t{7}}) {
    each_message(s, arch, [](const Reply& reply) -> Ruling {
      for (const VendorTag tag :
           {VendorTag::MtftpAddress, VendorTag::MtftpClientPort, VendorTag::MtftpServerPort,
            VendorTag::MtftpTimeout, VendorTag::MtftpDelay}) {
        if (sub_option(reply, tag)) return refuse(fmt::format("43.{}", static_cast<unsigned>(tag)));
      }
      return go_on();
    });
  }
}

}  // namespace

std::vector<Case> ctrl_cases() {
  const std::vector<Need> needs{Need::Dhcp};
  const std::vector<Need> both{Need::Dhcp, Need::BootServer};
  return {
      {.id = "CTRL-01",
       .slug = "control-byte",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.1",
       .requirement = "Discovery control is one octet with the bits 0 to 3.",
       .stimulus = "the canonical DISCOVER",
       .answers = {"one octet, bits 0 to 3", "absent"},
       .problems = "None known.",
       .needs = needs,
       .script = control_byte_script},
      {.id = "CTRL-02",
       .slug = "reachable-server",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.1, s.3.2.3.3",
       .requirement = "Where a client may use listed servers only, each type of the menu has one; "
                      "else it says \"bad or missing server discovery list\".",
       .stimulus = "DISCOVERs and REQUESTs for each configured menu",
       .answers = {"every type has a server"},
       .problems = "None known.",
       .variant = "menus",
       .needs = needs,
       .script = reachable_server_script},
      {.id = "CTRL-03",
       .slug = "bit3-needs-file",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.1; EDK2",
       .requirement = "Bit 3 says \"load the file of this message\": there has to be one.",
       .stimulus = "DISCOVERs and REQUESTs for the architectures 0, 6, 7, 9, 10 and 11",
       .answers = {"never without a file"},
       .problems = "None known.",
       .needs = needs,
       .script = bit3_script},
      {.id = "CTRL-04",
       .slug = "server-list",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.3",
       .requirement = "43.8 is a list of types with counted addresses that fills its length; no "
                      "type stands twice.",
       .stimulus = "a DISCOVER and a REQUEST for a menu of three entries",
       .answers = {"well-formed"},
       .problems = "None known.",
       .variant = "menus",
       .needs = needs,
       .script = server_list_script},
      {.id = "CTRL-05",
       .slug = "menu",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.4",
       .requirement = "43.9 lists the configured entries; each is the local disk or can be had.",
       .stimulus = "menus of 1, 3 and 20 entries, each entry asked for",
       .answers = {"every entry resolves", "whole entries left out"},
       .problems = "Twenty entries need option 43 in parts (RFC 3396), which EDK2 does not join.",
       .variant = "menus",
       .needs = both,
       .script = menu_script},
      {.id = "CTRL-06",
       .slug = "prompt",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.5",
       .requirement = "43.10 is a time and a text; 0 boots at once, 255 waits for ever.",
       .stimulus = "prompts of 0, 3 and 255 seconds",
       .answers = {"as configured"},
       .problems = "None known.",
       .variant = "prompts",
       .needs = needs,
       .script = prompt_script},
      {.id = "CTRL-07",
       .slug = "prompt-with-menu",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3.4, s.3.2.3.5; tianocore/edk2#8149",
       .level = Level::Should,
       .requirement = "A menu comes with a prompt, and its first entry boots the asking machine.",
       .stimulus = "DISCOVERs for two menus, their first entries asked for",
       .answers = {"prompt and a bootable first entry"},
       .problems = "None known.",
       .variant = "menus",
       .needs = both,
       .script = prompt_with_menu_script},
      {.id = "CTRL-08",
       .slug = "overflow",
       .clause = "RFC 2132 s.8.4; RFC 3396",
       .level = Level::Safe,
       .requirement = "A menu that is too large loses whole entries; no sub-option is torn.",
       .stimulus = "40 entries of 30 characters, for a client with and without option 57",
       .answers = {"whole entries left out", "not offered", "refused at start"},
       .problems = "None known.",
       .variant = "overflow",
       .needs = needs,
       .script = overflow_script},
      {.id = "CTRL-09",
       .slug = "no-mtftp",
       .clause = "EDK2 discards offers of Wired for Management",
       .level = Level::Quirk,
       .quirk_of = "EDK2",
       .requirement = "43.1 to 43.5 are absent where MTFTP is not served.",
       .stimulus = "DISCOVERs and REQUESTs for the architectures 0 and 7",
       .answers = {"absent"},
       .problems = "None known.",
       .needs = needs,
       .script = no_mtftp_script},
  };
}

}  // namespace pxeproof::conformance
