// OFFER: what is offered to whom, by architecture, stage and name.

#include <fmt/format.h>

#include <algorithm>

#include "conformance/cases/boot_path.h"
#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/fixture.h"
#include "conformance/script.h"
#include "conformance/variant.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;
using dhcp::OptionCode;

void arch_select_script(Script& s) {
  for (const ConfiguredBoot& boot : configured_boots()) {
    const auto arch = static_cast<std::uint16_t>(boot.architecture);
    follow_boot_path(s, arch, [boot](const BootPath& path) -> Ruling {
      if (path.file == boot.file) {
        return path.names_server ? admit("its own file")
                                 : refuse(fmt::format("arch {}: a file without a server (siaddr)",
                                                      boot.architecture));
      }
      return refuse(fmt::format("arch {} is led to {}", boot.architecture,
                                path.file.empty() ? "nothing" : "\"" + path.file + "\""));
    });
  }
}

void twins_script(Script& s) {
  for (const std::uint16_t arch : {std::uint16_t{9}, std::uint16_t{7}}) {
    follow_boot_path(s, arch, [arch](const BootPath& path) -> Ruling {
      if (path.file == "x64.efi") return admit("the same image");
      return refuse(fmt::format("arch {} is {}", arch,
                                !path.offered       ? "not answered"
                                : path.file.empty() ? "offered nothing to load"
                                                    : "led to \"" + path.file + "\""));
    });
  }
}

void dead_end_script(Script& s) {
  // The second differs from x64 in its high octet.
  for (const std::uint16_t arch : {std::uint16_t{16}, std::uint16_t{0x0107}}) {
    follow_boot_path(s, arch, [arch](const BootPath& path) -> Ruling {
      if (!path.offered) return admit("silent");
      if (path.file.empty()) return refuse("an OFFER that leads to no file");
      const bool of_another = std::ranges::find(configured_boots(), path.file,
                                                &ConfiguredBoot::file) != configured_boots().end();
      return of_another ? refuse(fmt::format("arch {} is led to \"{}\"", arch, path.file))
                        : admit("complete offer");
    });
  }
}

void arch_list_script(Script& s) {
  Stimulus discover = s.d0();
  const Bytes list{0x00, 0x10, 0x00, 0x07};
  discover.arch(16).option(OptionCode::ClientArchitecture, list).called("DISCOVER archs 16, 7");
  s.ask(discover, [&s, list](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return loosely("only the first");
    Stimulus request = s.r0();
    request.arch(16).option(OptionCode::ClientArchitecture, list);
    if (replies.front().boot_file() == "x64.efi") return admit("the first served");
    s.ask(request, [](std::span<const Reply> acks) -> Ruling {
      if (!acks.empty() && acks.front().boot_file() == "x64.efi") return admit("the first served");
      if (acks.empty() || acks.front().boot_file().empty()) return loosely("only the first");
      return refuse(acks.front().words());
    });
    return go_on();
  });
}

void arch_missing_script(Script& s) {
  Stimulus discover = s.d0();
  discover.without(OptionCode::ClientArchitecture).called("DISCOVER without option 93");
  follow_boot_path(s, discover, std::nullopt, [](const BootPath& path) -> Ruling {
    if (!path.offered) return admit("silent");
    if (path.file.starts_with("pxelinux")) return admit("by option 60");
    return refuse(path.file.empty() ? "an OFFER that leads to no file"
                                    : "led to \"" + path.file + "\"");
  });
}

void repeats_script(Script& s) {
  const auto first = std::make_shared<std::optional<dhcp::Message>>();
  Stimulus discover = s.d0();
  for (const std::uint16_t secs : {std::uint16_t{0}, std::uint16_t{4}, std::uint16_t{12}}) {
    discover.message.header.secs = secs;
    s.offer(discover, [first](const Reply& reply) -> Ruling {
      auto message = dhcp::decode(reply.payload);
      if (!message) return refuse("an OFFER that does not decode");
      message->header.secs = 0;
      if (!*first) {
        *first = *message;
        return go_on();
      }
      return **first == *message ? admit("the same each time")
                                 : refuse("a repeated DISCOVER gets another OFFER");
    });
  }
}

void second_stage_script(Script& s) {
  const Bytes bare{'i', 'P', 'X', 'E'};
  const Bytes listed{4, 'i', 'P', 'X', 'E'};
  for (const Bytes& value : {bare, listed}) {
    Stimulus discover = s.d0();
    discover.option(OptionCode::UserClass, value);
    discover.called(value.size() == 4 ? "DISCOVER 77=iPXE" : "DISCOVER 77=04 iPXE");
    s.ask(discover, [&s, value](std::span<const Reply> replies) -> Ruling {
      if (replies.empty()) return refuse("iPXE gets no OFFER");
      if (replies.front().boot_file() == "script.ipxe") return admit("the script");
      Stimulus request = s.r0();
      request.option(OptionCode::UserClass, value);
      s.ask(request, [&s, value](std::span<const Reply> acks) -> Ruling {
        if (acks.empty()) return refuse("iPXE gets no ACK");
        const Reply& ack = acks.front();
        if (ack.boot_file() == "script.ipxe") return admit("the script");
        if (!ack.boot_file().empty()) return refuse("iPXE is led to \"" + ack.boot_file() + "\"");
        const auto menu = sub_option(ack, pxe::VendorTag::BootMenu);
        const auto entries = menu ? pxe::decode_menu(*menu)
                                  : Result<std::vector<pxe::MenuEntry>, pxe::DecodeError>();
        if (!menu || !entries || entries->empty()) return refuse("iPXE is led nowhere");
        Stimulus chosen = s.r0();
        chosen.option(OptionCode::UserClass, value).item(entries->front().type, 0);
        s.ack(chosen, [](const Reply& last) -> Ruling {
          if (last.boot_file().starts_with("script.ipxe")) return admit("the script");
          return refuse("iPXE is led to \"" + last.boot_file() + "\"");
        });
        return go_on();
      });
      return go_on();
    });
  }
}

void long_file_script(Script& s) {
  struct Row {
    std::uint16_t arch;
    std::size_t length;
  };
  for (const Row& row : {Row{6, 127}, Row{7, 128}, Row{11, 300}}) {
    follow_boot_path(s, row.arch, [row](const BootPath& path) -> Ruling {
      if (!path.offered) return admit("not offered");
      if (path.file == std::string(row.length - 4, 'n') + ".efi") return admit("whole");
      return refuse(
          fmt::format("a name of {} octets becomes one of {}", row.length, path.file.size()));
    });
  }
}

}  // namespace

std::vector<Case> offer_choice_cases() {
  const std::vector<Need> dhcp{Need::Dhcp};
  return {
      {.id = "OFFER-12",
       .slug = "arch-select",
       .clause = "RFC 4578 s.2.1",
       .requirement = "Each architecture is led to the file that is configured for it.",
       .stimulus = "DISCOVERs for the architectures 0, 6, 7, 10 and 11, followed through port 4011",
       .answers = {"its own file"},
       .problems = "The file may stand in the OFFER, in the ACK, or behind a menu entry.",
       .needs = {Need::Dhcp, Need::BootServer},
       .script = arch_select_script},
      {.id = "OFFER-13",
       .slug = "x64-7-or-9",
       .clause = "RFC 4578 s.2.1 and erratum 4624",
       .level = Level::Quirk,
       .quirk_of = "firmware",
       .requirement = "x64 firmware says 7, by the RFC's text it is 9: both get the same image.",
       .stimulus = "DISCOVERs for the architectures 9 and 7, followed through port 4011",
       .answers = {"the same image"},
       .problems = "In dnsmasq a line for BC_EFI serves architecture 9.",
       .needs = {Need::Dhcp, Need::BootServer},
       .script = twins_script},
      {.id = "OFFER-14",
       .slug = "no-dead-end",
       .clause = "draft-henry-remote-boot-protocol-00 s.3.2.3",
       .level = Level::Safe,
       .requirement = "An OFFER leads to something to load. Where nothing is configured there is "
                      "none, so that another server's may win.",
       .stimulus = "DISCOVERs for the architectures 16 and 263, for which nothing is configured",
       .answers = {"silent", "complete offer"},
       .problems = "None known.",
       .needs = dhcp,
       .script = dead_end_script},
      {.id = "OFFER-15",
       .slug = "arch-list",
       .clause = "RFC 4578 s.2.1",
       .level = Level::May,
       .requirement = "Option 93 is a list; the first architecture that the server has is used.",
       .stimulus = "a DISCOVER with option 93 of 16 and 7",
       .answers = {"the first served", "~only the first"},
       .problems = "None known.",
       .needs = dhcp,
       .script = arch_list_script},
      {.id = "OFFER-16",
       .slug = "arch-missing",
       .clause = "RFC 4578 s.2.1",
       .level = Level::Should,
       .requirement = "Without option 93 a server is silent or believes the class identifier.",
       .stimulus = "a DISCOVER without option 93 whose option 60 says Arch:00000",
       .answers = {"silent", "by option 60"},
       .problems = "None known.",
       .needs = dhcp,
       .script = arch_missing_script},
      {.id = "OFFER-17",
       .slug = "repeats",
       .clause = "PXE 2.1 s.2.2.3",
       .requirement = "A client asks again after 4, 8, 16 and 32 seconds and is answered the same "
                      "each time.",
       .stimulus = "the same DISCOVER three times, with secs 0, 4 and 12",
       .answers = {"the same each time"},
       .problems = "secs may be copied.",
       .needs = dhcp,
       .script = repeats_script},
      {.id = "OFFER-18",
       .slug = "second-stage",
       .clause = "RFC 3004 s.4; iPXE sends the bare text",
       .level = Level::Quirk,
       .quirk_of = "iPXE",
       .requirement =
           "iPXE is told from the ROM that loaded it in both spellings of option 77, and "
           "gets its script; or it would load itself for ever.",
       .stimulus = "DISCOVERs with option 77 of iPXE and of 04 iPXE",
       .answers = {"the script"},
       .problems = "The configuration has a rule for the user class.",
       .variant = "ipxe",
       .needs = dhcp,
       .script = second_stage_script},
      {.id = "OFFER-19",
       .slug = "long-file",
       .clause = "RFC 2131 s.2; RFC 2132 s.9.5",
       .requirement = "A file name is NUL-terminated in its field of 128 octets, or stands in "
                      "option 67; it is never cut.",
       .stimulus = "configured names of 127, 128 and 300 octets",
       .answers = {"whole", "not offered", "refused at start"},
       .problems = "None known.",
       .variant = "long-files",
       .needs = dhcp,
       .script = long_file_script},
  };
}

}  // namespace pxeproof::conformance
