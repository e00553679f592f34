// ECHO: what identifies the client and comes back.

#include <fmt/format.h>

#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/script.h"
#include "conformance/variant.h"

namespace pxeproof::conformance {

namespace {

using dhcp::OptionCode;

void guid_script(Script& s) {
  Bytes all_ones(17, 0xff);
  all_ones[0] = 0;
  const Bytes own = s.d0().message.find(OptionCode::ClientMachineIdentifier)->value;
  const auto check = [](Bytes expected) {
    return [expected](const Reply& reply) -> Ruling {
      if (option_value(reply, 97) == expected) return admit("identical");
      return refuse(has_option(reply, 97) ? "another option 97" : "no option 97");
    };
  };
  s.offer(s.d0(), check(own));
  Stimulus ones = s.d0();
  ones.option(OptionCode::ClientMachineIdentifier, all_ones).called("DISCOVER 97 of all ones");
  s.offer(ones, check(all_ones));
  s.then([&s, check, own] {
    if (!s.setting().can(Need::BootServer)) return;
    s.ack(s.r0(), check(own));
    Stimulus item = s.r0();
    item.item(static_cast<std::uint16_t>(configured_boots().front().item), 0);
    s.ack(item, check(own));
  });
  Stimulus without = s.d0();
  without.without(OptionCode::ClientMachineIdentifier).called("DISCOVER without 97");
  s.offer(without, [](const Reply& reply) -> Ruling {
    return has_option(reply, 97) ? refuse("an option 97 that nobody sent") : go_on();
  });
}

void guid_length_script(Script& s) {
  for (const std::size_t length : {std::size_t{16}, std::size_t{18}}) {
    Bytes value(length, 0x5a);
    value[0] = 0;
    Stimulus discover = s.d0();
    discover.option(OptionCode::ClientMachineIdentifier, value)
        .called(fmt::format("DISCOVER 97 of {} octets", length));
    s.ask(discover, [value](std::span<const Reply> replies) -> Ruling {
      if (replies.empty()) return admit("silent");
      if (!has_option(replies.front(), 97)) return admit("omitted");
      const Bytes got = option_value(replies.front(), 97);
      if (got == value) return admit("verbatim");
      return refuse(fmt::format("{} octets become {}", value.size(), got.size()));
    });
  }
}

void arch_ndi_script(Script& s) {
  s.offer(s.d0(), [](const Reply& reply) -> Ruling {
    const Bytes arch{0, 0};
    const Bytes undi{1, 2, 1};
    const bool has_arch = has_option(reply, 93);
    const bool has_undi = has_option(reply, 94);
    if ((has_arch && option_value(reply, 93) != arch) ||
        (has_undi && option_value(reply, 94) != undi))
      return refuse("another option 93 or 94");
    if (has_arch && has_undi) return admit("present");
    return has_arch || has_undi ? loosely("one of them") : loosely("absent");
  });
}

void client_id_script(Script& s) {
  const Bytes id{0, 'p', 'x', 'e', 1, 2, 3};
  Stimulus discover = s.d0();
  discover.option(OptionCode::ClientIdentifier, id).called("DISCOVER with option 61");
  s.offer(discover, [id](const Reply& reply) -> Ruling {
    if (!has_option(reply, 61)) return loosely("absent");
    return option_value(reply, 61) == id ? admit("unaltered") : refuse("another option 61");
  });
}

void encapsulation_script(Script& s) {
  const auto judge = [](const Reply& reply) -> Ruling {
    const auto value = reply.dhcp()->joined(OptionCode::VendorSpecific);
    if (!value) return admit("absent");
    if (value->size() > 255) return refuse(fmt::format("option 43 of {} octets", value->size()));
    const auto vendor = pxe::decode(*value);
    if (!vendor) return refuse("an option 43 whose sub-options do not fit");
    if (!vendor->end) return refuse("an option 43 without 255 at its end");
    std::map<std::uint8_t, int> counts;
    for (const pxe::SubOption& each : vendor->sub_options) {
      if (each.tag != 0 && ++counts[each.tag] > 1)
        return refuse(fmt::format("sub-option {} twice", each.tag));
    }
    return admit("well-formed");
  };
  s.offer(s.d0(), judge);
  s.then([&s, judge] {
    if (!s.setting().can(Need::BootServer)) return;
    s.ack(s.r0(), judge);
    Stimulus item = s.r0();
    item.item(static_cast<std::uint16_t>(configured_boots().front().item), 0);
    s.ack(item, judge);
  });
}

}  // namespace

std::vector<Case> echo_cases() {
  const std::vector<Need> needs{Need::Dhcp};
  return {
      {.id = "ECHO-01",
       .slug = "guid",
       .clause = "RFC 4578 s.2.3",
       .requirement = "Option 97 comes back with the same 17 octets; what was not sent does not.",
       .stimulus = "DISCOVERs and REQUESTs with option 97, with all ones, and without it",
       .answers = {"identical"},
       .problems = "None known.",
       .needs = needs,
       .script = guid_script},
      {.id = "ECHO-02",
       .slug = "guid-bad-length",
       .clause = "RFC 4578 s.2.3",
       .level = Level::Should,
       .requirement = "An identifier of a wrong length is left out or comes back as it was; it is "
                      "never cut, for it would be another machine's.",
       .stimulus = "DISCOVERs with option 97 of 16 and 18 octets",
       .answers = {"omitted", "verbatim", "silent"},
       .problems = "None known.",
       .needs = needs,
       .script = guid_length_script},
      {.id = "ECHO-03",
       .slug = "arch-ndi",
       .clause = "RFC 4578 s.2.1, s.2.2",
       .requirement = "The RFC's text wants the options 93 and 94 in all packets, replies too; no "
                      "known client looks.",
       .stimulus = "the canonical DISCOVER",
       .answers = {"present", "~absent", "~one of them"},
       .problems = "No server that is shipped sends them.",
       .needs = needs,
       .script = arch_ndi_script},
      {.id = "ECHO-04",
       .slug = "client-id",
       .clause = "RFC 6842 s.3",
       .requirement = "A client identifier comes back unaltered.",
       .stimulus = "a DISCOVER with option 61",
       .answers = {"unaltered", "~absent"},
       .problems = "Servers older than the RFC leave it out, as RFC 2131 said.",
       .needs = needs,
       .script = client_id_script},
      {.id = "ECHO-05",
       .slug = "encapsulation",
       .clause = "RFC 2132 s.8.4",
       .requirement = "Option 43 is a list of sub-options that fit, each once, ended by 255.",
       .stimulus = "a DISCOVER, a REQUEST to 4011 and one for an item",
       .answers = {"well-formed", "absent"},
       .problems = "None known.",
       .needs = needs,
       .script = encapsulation_script},
  };
}

}  // namespace pxeproof::conformance
