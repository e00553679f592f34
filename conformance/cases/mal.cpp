// MAL: malformed DHCP.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "conformance/cases/boot_path.h"
#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/cases/mutation.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;
using dhcp::OptionCode;

void cookie_short_script(Script& s) {
  Stimulus cookie = s.d0();
  Bytes bad_cookie = cookie.encoded();
  bad_cookie[dhcp::kHeaderSize] ^= 0xffU;
  cookie.raw = bad_cookie;
  cookie.called("a bad cookie");
  s.silent(cookie);
  for (const std::size_t size : {std::size_t{100}, std::size_t{236}, std::size_t{239}}) {
    Stimulus cut = s.d0();
    Bytes octets = cut.encoded();
    octets.resize(size);
    cut.raw = octets;
    cut.called(fmt::format("a message of {} octets", size));
    s.silent(cut);
  }
  Stimulus zeros = s.d0();
  zeros.raw = Bytes(300, 0);
  zeros.called("300 zeros");
  s.silent(zeros);
}

Judge intact_offer(std::string what) {
  return [what](const Reply& reply) -> Ruling {
    if (!reply.is(dhcp::MessageType::Offer)) return refuse(what + ": " + reply.words());
    return admit("OFFER");
  };
}

// Silence or a sound OFFER.
void ask_tolerant(Script& s, Stimulus stimulus) {
  const std::string what = stimulus.words;
  s.ask(std::move(stimulus), [what](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    return intact_offer(what)(replies.front());
  });
}

void no_end_script(Script& s) {
  Stimulus discover = s.d0();
  discover.message.end = false;
  discover.minimum_size = 0;
  discover.called("DISCOVER without End");
  ask_tolerant(s, discover);
}

void overrun_script(Script& s) {
  Stimulus past = s.d0();
  past.message.end = false;
  past.minimum_size = 0;
  Bytes octets = past.encoded();
  octets.insert(octets.end(), {12, 200, 'x'});
  past.raw = octets;
  past.called("an option longer than the packet");
  ask_tolerant(s, past);
  Stimulus bare = s.d0();
  bare.message.end = false;
  bare.minimum_size = 0;
  octets = bare.encoded();
  octets.push_back(12);
  bare.raw = octets;
  bare.called("a code as the last octet");
  ask_tolerant(s, bare);
}

void hlen_script(Script& s) {
  for (const std::uint8_t hlen : {std::uint8_t{0}, std::uint8_t{17}, std::uint8_t{255}}) {
    Stimulus discover = s.d0();
    discover.message.header.hlen = hlen;
    discover.called(fmt::format("DISCOVER with hlen {}", hlen));
    ask_tolerant(s, discover);
  }
}

void type_option_script(Script& s) {
  const auto judge = [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return admit("silent");
    return replies.front().is(dhcp::MessageType::Offer) ? loosely("the first octet is used")
                                                        : refuse(replies.front().words());
  };
  Stimulus two = s.d0();
  const Bytes octets{1, 0};
  two.option(OptionCode::MessageType, octets).called("DISCOVER with option 53 of two octets");
  s.ask(two, judge);
  Stimulus twice = s.d0();
  twice.message.add_type(dhcp::MessageType::Inform);
  twice.called("option 53 twice, 1 and 8");
  s.ask(twice, judge);
}

void overload_script(Script& s) {
  const auto options_of = [](bool with_arch, bool with_class) {
    Bytes out;
    if (with_class) {
      constexpr std::string_view kClass = "PXEClient:Arch:00000:UNDI:002001";
      out.push_back(60);
      out.push_back(static_cast<std::uint8_t>(kClass.size()));
      out.insert(out.end(), kClass.begin(), kClass.end());
    }
    if (with_arch) out.insert(out.end(), {93, 2, 0, 0});
    out.push_back(255);
    return out;
  };
  for (const std::uint8_t where : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
    Stimulus discover = s.d0();
    discover.without(OptionCode::VendorClass).without(OptionCode::ClientArchitecture);
    const Bytes overload{where};
    discover.option(OptionCode::Overload, overload);
    // 1: file, 2: sname, 3: both, the class in one and the architecture in the other.
    const Bytes in_file = where == 1 ? options_of(true, true) : options_of(false, true);
    const Bytes in_sname = where == 2 ? options_of(true, true) : options_of(true, false);
    dhcp::Header& header = discover.message.header;
    if (where != 2) std::ranges::copy(in_file, header.file.begin());
    if (where != 1) std::ranges::copy(in_sname, header.sname.begin());
    discover.called(fmt::format("DISCOVER with option 52 of {}", where));
    s.ask(discover, [where](std::span<const Reply> replies) -> Ruling {
      if (replies.empty()) return refuse(fmt::format("silence for option 52 of {}", where));
      return replies.front().is(dhcp::MessageType::Offer) ? admit("found there")
                                                          : refuse(replies.front().words());
    });
  }
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{4}}) {
    Stimulus discover = s.d0();
    const Bytes overload{value};
    discover.option(OptionCode::Overload, overload);
    discover.called(fmt::format("DISCOVER with an illegal option 52 of {}", value));
    s.ask(discover, [value](std::span<const Reply> replies) -> Ruling {
      if (replies.empty())
        return refuse(fmt::format("silence for an illegal option 52 of {}", value));
      return replies.front().is(dhcp::MessageType::Offer) ? admit("an illegal one is ignored")
                                                          : refuse(replies.front().words());
    });
  }
}

void short_options_script(Script& s) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}}) {
    Stimulus discover = s.d0();
    discover.option(OptionCode::ClientArchitecture, Bytes(size, 0));
    discover.called(fmt::format("DISCOVER with option 93 of {} octets", size));
    s.silent(discover);
  }
  Stimulus three = s.d0();
  three.option(OptionCode::ClientArchitecture, Bytes(3, 0));
  three.called("DISCOVER with option 93 of 3 octets");
  s.ask(three, [](std::span<const Reply> replies) -> Ruling {
    return replies.empty() ? admit("silent") : loosely("three octets are answered");
  });
  const Bytes junk{0xde, 0xad, 0xbe, 0xef, 0x99};
  Stimulus vendor = s.d0();
  vendor.option(OptionCode::VendorSpecific, junk).called("DISCOVER with junk in option 43");
  s.ask(vendor, [junk](std::span<const Reply> replies) -> Ruling {
    for (const Reply& reply : replies) {
      const auto found =
          std::search(reply.payload.begin(), reply.payload.end(), junk.begin(), junk.end());
      if (found != reply.payload.end()) return refuse("junk is echoed");
    }
    return go_on();
  });
  Stimulus no_class = s.d0();
  no_class.option(OptionCode::VendorClass, {}).called("DISCOVER with an empty option 60");
  s.silent(no_class);
  for (const OptionCode code : {OptionCode::UserClass, OptionCode::ClientMachineIdentifier}) {
    Stimulus empty = s.d0();
    empty.option(code, {});
    empty.called(fmt::format("DISCOVER with an empty option {}", static_cast<unsigned>(code)));
    ask_tolerant(s, empty);
  }
}

constexpr int kRounds = 100;
constexpr int kPacketsPerRound = 100;
constexpr long kAllowedGrowthKib = 64 * 1024;

long as_number(const std::string& text) {
  long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void fuzz_script(Script& s) {
  const auto before = std::make_shared<std::optional<long>>();
  s.act({.kind = TargetAction::Kind::Memory}, [before](const ActionResult& memory) -> Ruling {
    if (memory.done) *before = as_number(memory.text);
    return go_on();
  });
  for (int round = 0; round < kRounds; ++round) {
    s.then([&s] {
      for (int packet = 0; packet < kPacketsPerRound; ++packet) {
        Stimulus origin = packet % 2 == 0 ? s.d0() : s.r0();
        if (packet % 4 == 3) origin.item(0x8000, 0);
        origin.raw = damage_message(origin.encoded(), s.random());
        s.put(origin);
      }
      s.note_sent("100 damaged DISCOVERs and REQUESTs");
    });
    s.alive(Probe::Dhcp);
    s.forget();
  }
  s.act({.kind = TargetAction::Kind::Memory}, [before](const ActionResult& memory) -> Ruling {
    if (!memory.done || !*before) return admit("alive");
    const long grown = as_number(memory.text) - **before;
    return grown > kAllowedGrowthKib ? refuse("its memory grows by more than 64 MiB")
                                     : admit("alive");
  });
}

}  // namespace

std::vector<Case> mal_cases() {
  const std::vector<Need> needs{Need::Dhcp};
  return {
      {.id = "MAL-01",
       .slug = "cookie-short",
       .clause = "RFC 2131 s.3",
       .level = Level::Safe,
       .requirement = "What has no cookie or no whole header is no DHCP message.",
       .stimulus = "a bad cookie; 100, 236 and 239 octets; zeros",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .script = cookie_short_script},
      {.id = "MAL-02",
       .slug = "no-end",
       .clause = "RFC 2131 s.4.1",
       .level = Level::Safe,
       .requirement = "A message without End is dropped or read as far as it goes.",
       .stimulus = "a DISCOVER without End",
       .answers = {"silent", "OFFER"},
       .problems = "None known.",
       .needs = needs,
       .script = no_end_script},
      {.id = "MAL-03",
       .slug = "overrun",
       .clause = "RFC 2132 s.2",
       .level = Level::Safe,
       .requirement = "An option that runs past the packet is not read.",
       .stimulus = "an option length past the end; a code as the last octet",
       .answers = {"silent", "OFFER"},
       .problems = "None known.",
       .needs = needs,
       .script = overrun_script},
      {.id = "MAL-04",
       .slug = "hlen",
       .clause = "RFC 2131 s.2",
       .level = Level::Safe,
       .requirement = "A hardware address longer than its field is not read past it.",
       .stimulus = "DISCOVERs with hlen 0, 17 and 255",
       .answers = {"silent", "OFFER"},
       .problems = "None known.",
       .needs = needs,
       .script = hlen_script},
      {.id = "MAL-05",
       .slug = "type-option",
       .clause = "RFC 2132 s.9.6; RFC 2131 s.4.1",
       .level = Level::Should,
       .requirement = "A message whose type is not one octet, once, is no sound message.",
       .stimulus = "option 53 of two octets; option 53 twice",
       .answers = {"silent", "~the first octet is used"},
       .problems = "None known.",
       .needs = needs,
       .script = type_option_script},
      {.id = "MAL-06",
       .slug = "overload",
       .clause = "RFC 2131 s.4.1; RFC 2132 s.9.3",
       .requirement = "Options in file and sname are found when option 52 says so; an illegal "
                      "option 52 is ignored.",
       .stimulus = "60 and 93 in file, sname and both, with 52 of 1, 2 and 3; 52 of 0 and 4",
       .answers = {"found there", "an illegal one is ignored"},
       .problems = "None known.",
       .needs = needs,
       .script = overload_script},
      {.id = "MAL-07",
       .slug = "short-pxe-options",
       .clause = "RFC 4578 s.2.1",
       .level = Level::Safe,
       .requirement =
           "PXE options of impossible lengths are not read, and junk does not come back.",
       .stimulus = "93 of 0, 1 and 3 octets; junk in 43; empty 60, 77 and 97",
       .answers = {"silent", "OFFER", "~three octets are answered"},
       .problems = "None known.",
       .needs = needs,
       .script = short_options_script},
      {.id = "MAL-08",
       .slug = "fuzz",
       .clause = "none",
       .level = Level::Safe,
       .requirement = "Ten thousand damaged messages neither stop the server nor fill its memory.",
       .stimulus = "10 000 seeded damages of a DISCOVER and a REQUEST, the sentinel after each 100",
       .answers = {"alive"},
       .problems = "In virtual time there is no process whose memory could be measured.",
       .needs = needs,
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .weight = Weight::Heavy,
       .script = fuzz_script},
  };
}

}  // namespace pxeproof::conformance
