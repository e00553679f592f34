// TOPT: option negotiation.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/cases/groups.h"
#include "conformance/fixture.h"
#include "conformance/script.h"
#include "protocol/tftp/negotiation.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

// The first answer to a request; the transfer is ended whatever it is.
void first_answer(Script& s, tftp::Request request, Judge judge) {
  const FlowPtr flow = s.flow();
  s.request(flow, std::move(request));
  s.next(flow, std::move(judge));
  s.error(flow, 0);
}

std::string option_text(const tftp::Option& option) {
  return fmt::format("{}={}", option.name, printable(option.value));
}

// A value that no server may accept: left out, or ERROR 8.
Judge must_not_accept(tftp::Option option) {
  return [option](const Reply& reply) -> Ruling {
    if (const auto error = reply.as_error())
      return error->code == 8 ? admit("ERROR 8")
                              : refuse(option_text(option) + ": " + reply.words());
    if (const auto oack = reply.as_oack()) {
      return find_option(oack->options, option.name)
                 ? refuse(option_text(option) + ": " + reply.words())
                 : admit("omitted");
    }
    const auto data = reply.as_data();
    return data && data->block == 1 && !data->payload.empty()
               ? admit("omitted")
               : refuse(option_text(option) + ": " + reply.words());
  };
}

void blksize_script(Script& s) {
  for (const unsigned size : {8U, 512U, 1428U, 1468U, 65464U}) {
    const FlowPtr flow = s.flow();
    const auto agreed = std::make_shared<std::uint64_t>(0);
    s.request(flow, rrq("k70000.bin", {{"blksize", std::to_string(size)}}));
    s.next(flow, [&s, flow, agreed, size](const Reply& reply) -> Ruling {
      if (reply.as_data()) {
        s.error(flow, 0);
        return s.setting().can(Need::BlockSize) ? refuse(fmt::format("blksize={}: DATA", size))
                                                : admit("not offered");
      }
      const auto oack = reply.as_oack();
      const auto value = oack ? find_option(oack->options, "blksize") : std::nullopt;
      if (!value) return refuse(fmt::format("blksize={}: {}", size, reply.words()));
      *agreed = tftp::parse_number(*value).value_or(0);
      if (*agreed < 8 || *agreed > size)
        return refuse(fmt::format("blksize={}: {}", size, reply.words()));
      s.settle(flow, [size](std::span<const Reply> replies) -> Ruling {
        for (const Reply& each : replies) {
          if (each.as_data()) return refuse(fmt::format("blksize={}: DATA before ACK 0", size));
        }
        return go_on();
      });
      s.ack_block(flow, 0);
      s.next(flow, [size, agreed](const Reply& first) -> Ruling {
        const auto data = first.as_data();
        if (!data || data->block != 1 || data->payload.size() != *agreed)
          return refuse(fmt::format("blksize={}, ACK 0: {}", size, first.words()));
        return admit("OACK, then DATA 1");
      });
      s.error(flow, 0);
      return go_on();
    });
  }
}

void unknown_script(Script& s) {
  first_answer(s, rrq("k1300.bin", {{"foo", "1"}}), [](const Reply& reply) -> Ruling {
    const auto data = reply.as_data();
    return data && data->block == 1 ? admit("left out") : refuse("foo=1: " + reply.words());
  });
  first_answer(s, rrq("k1300.bin", {{"foo", "1"}, {"blksize", "1024"}}),
               [](const Reply& reply) -> Ruling {
                 const auto oack = reply.as_oack();
                 if (!oack) {
                   return reply.as_data() ? admit("left out") : refuse(reply.words());
                 }
                 return oack->options.size() == 1 && find_option(oack->options, "blksize")
                            ? admit("left out")
                            : refuse("foo=1 blksize=1024: " + reply.words());
               });
  // A name that begins like a known one, or that a known one begins with, is another name.
  for (const std::string_view name : {"blksizes", "blk"}) {
    first_answer(
        s, rrq("k1300.bin", {{std::string(name), "1024"}}), [name](const Reply& reply) -> Ruling {
          const auto data = reply.as_data();
          return data && data->block == 1 ? admit("left out")
                                          : refuse(fmt::format("{}=1024: {}", name, reply.words()));
        });
  }
}

void nothing_unasked_script(Script& s) {
  const std::vector<tftp::Option> all{
      {"blksize", "1024"}, {"tsize", "0"}, {"timeout", "2"}, {"windowsize", "4"}};
  for (unsigned subset = 0; subset < 16; ++subset) {
    std::vector<tftp::Option> asked;
    for (std::size_t at = 0; at < all.size(); ++at) {
      if ((subset >> at & 1U) != 0) asked.push_back(all[at]);
    }
    first_answer(s, rrq("k5000.bin", asked), [asked](const Reply& reply) -> Ruling {
      const std::string words = "asked" + option_words(asked) + ": " + reply.words();
      if (reply.as_data()) return admit("a subset");
      const auto oack = reply.as_oack();
      if (!oack || asked.empty()) return refuse(words);
      if (!oack->trailer.empty()) return refuse(words + ", and octets behind it");
      std::set<std::string> seen;
      for (const tftp::Option& option : oack->options) {
        if (!find_option(asked, option.name)) return refuse(words);
        if (!seen.insert(option.name).second) return refuse(words);
      }
      return admit("a subset");
    });
  }
  // RFC 2347: the order in which options are specified is not significant.
  const auto agreed = std::make_shared<std::optional<std::set<std::string>>>();
  std::vector<tftp::Option> ordered = all;
  for (std::size_t turn = 0; turn < all.size(); ++turn) {
    first_answer(s, rrq("k5000.bin", ordered), [ordered, agreed](const Reply& reply) -> Ruling {
      std::set<std::string> seen;
      if (const auto oack = reply.as_oack()) {
        for (const tftp::Option& option : oack->options) seen.insert(option_text(option));
      }
      if (!*agreed) *agreed = seen;
      return **agreed == seen
                 ? go_on()
                 : refuse("in another order, asked" + option_words(ordered) + ": " + reply.words());
    });
    std::ranges::rotate(ordered, ordered.begin() + 1);
  }
}

void value_named_script(Script& s) {
  first_answer(s, rrq("k1300.bin", {{"foo", "blksize"}, {"tsize", "0"}}),
               [](const Reply& reply) -> Ruling {
                 const auto oack = reply.as_oack();
                 if (!oack)
                   return reply.as_data() ? admit("tsize or nothing") : refuse(reply.words());
                 return oack->options.size() == 1 && find_option(oack->options, "tsize")
                            ? admit("tsize or nothing")
                            : refuse(reply.words());
               });
}

void case_script(Script& s) {
  first_answer(s, rrq("k1300.bin", {{"BLKSIZE", "1024"}, {"TSize", "0"}}),
               [](const Reply& reply) -> Ruling {
                 const auto oack = reply.as_oack();
                 if (!oack) return refuse(reply.words());
                 const bool both =
                     find_option(oack->options, "blksize") || find_option(oack->options, "tsize");
                 return both ? admit("recognised") : refuse(reply.words());
               });
}

void duplicate_script(Script& s) {
  first_answer(s, rrq("k5000.bin", {{"blksize", "1024"}, {"blksize", "700"}}),
               [](const Reply& reply) -> Ruling {
                 if (const auto error = reply.as_error())
                   return error->code == 8 ? admit("ERROR 8") : refuse(reply.words());
                 const auto oack = reply.as_oack();
                 if (!oack) return reply.as_data() ? admit("omitted") : refuse(reply.words());
                 return oack->options.size() <= 1 ? admit("one echo") : refuse(reply.words());
               });
}

void too_small_script(Script& s) {
  for (const std::string_view value : {"7", "1", "0"}) {
    const tftp::Option option{"blksize", std::string(value)};
    first_answer(s, rrq("k1300.bin", {option}), must_not_accept(option));
  }
}

void too_big_script(Script& s) {
  for (const std::string_view value : {"65465", "99999", "4294967808"}) {
    const tftp::Option option{"blksize", std::string(value)};
    first_answer(s, rrq("k1300.bin", {option}), [option](const Reply& reply) -> Ruling {
      const auto oack = reply.as_oack();
      const auto got = oack ? find_option(oack->options, "blksize") : std::nullopt;
      if (!got) return must_not_accept(option)(reply);
      const auto size = tftp::parse_number(*got);
      // 2^32 + 512 must not become 512.
      const bool wrapped = option.value == "4294967808" && size == 512U;
      const bool sound = size && *size >= 8 && *size <= tftp::kMaximumBlockSize && !wrapped;
      return sound ? loosely("a lower OACK") : refuse(option_text(option) + ": " + reply.words());
    });
  }
}

void not_a_number_script(Script& s) {
  for (const std::string_view value : {"abc", "-1", "512x", " 512", "+512", ""}) {
    const tftp::Option option{"blksize", std::string(value)};
    first_answer(s, rrq("k1300.bin", {option}), must_not_accept(option));
  }
}

Judge tsize_is(std::string asked, std::uint64_t size) {
  return [asked, size](const Reply& reply) -> Ruling {
    const auto oack = reply.as_oack();
    const auto value = oack ? find_option(oack->options, "tsize") : std::nullopt;
    if (value == std::to_string(size)) return admit("the real size");
    return refuse("tsize=" + asked + ": " + reply.words());
  };
}

void tsize_script(Script& s) {
  first_answer(s, rrq("k1300.bin", {{"tsize", "0"}}), tsize_is("0", 1300));
  first_answer(s, rrq("k1300.bin", {{"tsize", "99"}}), tsize_is("99", 1300));
  first_answer(s, rrq("empty.bin", {{"tsize", "0"}}), tsize_is("0", 0));
  first_answer(s, rrq("missing.bin", {{"tsize", "0"}}), [](const Reply& reply) -> Ruling {
    const auto error = reply.as_error();
    return error && error->code == 1 ? go_on() : refuse("a missing file: " + reply.words());
  });
}

void tsize_large_script(Script& s) {
  first_answer(s, rrq("sparse5g.bin", {{"tsize", "0"}}), [](const Reply& reply) -> Ruling {
    if (reply.as_data()) return admit("omitted");
    const auto oack = reply.as_oack();
    if (!oack) return refuse(reply.words());
    const auto value = find_option(oack->options, "tsize");
    if (!value) return admit("omitted");
    return *value == std::to_string(kSparseSize) ? admit("the real size") : refuse(reply.words());
  });
}

void tsize_netascii_script(Script& s) {
  std::size_t size = 0;
  for (const char letter : kNetasciiText) size += letter == '\n' || letter == '\r' ? 2 : 1;
  tftp::Request request = rrq("netascii.txt", {{"tsize", "0"}});
  request.mode = "netascii";
  first_answer(s, request, [size](const Reply& reply) -> Ruling {
    if (reply.as_data()) return admit("omitted");
    if (const auto error = reply.as_error())
      return error->code == 8 ? loosely("ERROR 8") : refuse(reply.words());
    const auto oack = reply.as_oack();
    const auto value = oack ? find_option(oack->options, "tsize") : std::nullopt;
    if (oack && !value) return admit("omitted");
    return value == std::to_string(size) ? admit("the converted size") : refuse(reply.words());
  });
}

void timeout_script(Script& s) {
  for (const std::string_view value : {"1", "3", "255"}) {
    first_answer(s, rrq("k1300.bin", {{"timeout", std::string(value)}}),
                 [value](const Reply& reply) -> Ruling {
                   if (reply.as_data()) return admit("omitted");
                   const auto oack = reply.as_oack();
                   if (!oack) return refuse(fmt::format("timeout={}: {}", value, reply.words()));
                   const auto got = find_option(oack->options, "timeout");
                   if (!got) return admit("omitted");
                   return *got == value
                              ? admit("the same value")
                              : refuse(fmt::format("timeout={}: {}", value, reply.words()));
                 });
  }
  for (const std::string_view value : {"0", "256", "abc", "-1"}) {
    const tftp::Option option{"timeout", std::string(value)};
    first_answer(s, rrq("k1300.bin", {option}), must_not_accept(option));
  }
}

void timeout_honoured_script(Script& s) {
  for (const int seconds : {1, 3}) {
    const FlowPtr flow = s.flow();
    const auto begun = std::make_shared<Instant>();
    s.request(flow, rrq("k1300.bin", {{"timeout", std::to_string(seconds)}}));
    s.next(flow, [&s, begun, seconds](const Reply& reply) -> Ruling {
      *begun = s.now();
      const auto oack = reply.as_oack();
      const auto value = oack ? find_option(oack->options, "timeout") : std::nullopt;
      if (value == std::to_string(seconds)) return go_on();
      if (value) return refuse(fmt::format("timeout={}: {}", seconds, reply.words()));
      // The probe asks for 2 s: who acknowledges that knows the option.
      return seconds == 1 ? refuse("timeout=1 is not acknowledged, and timeout=2 is")
                          : skip(fmt::format("not offered: timeout={}", seconds));
    });
    s.watch(flow, seconds * 2000ms, [begun, seconds](std::span<const Reply> replies) -> Ruling {
      if (replies.empty()) return refuse(fmt::format("timeout={}: nothing comes again", seconds));
      const double waited = to_seconds(replies.front().at - *begun) / seconds;
      if (waited >= 0.7 && waited <= 1.3) return admit("after the time agreed");
      // A server that keeps its own pace is seen at the longer time.
      return seconds == 1 ? refuse("timeout=1: the first repetition is not after 1 s")
                          : loosely("its own pace");
    });
    s.error(flow, 0);
  }
}

void probe_abort_script(Script& s) {
  for (const std::uint16_t code : {std::uint16_t{0}, std::uint16_t{8}}) {
    const FlowPtr flow = s.flow();
    s.request(flow, rrq("k5000.bin", {{"tsize", "0"}}));
    s.next(flow, [](const Reply& reply) -> Ruling {
      return reply.as_oack() || reply.as_data() ? go_on() : refuse(reply.words());
    });
    s.error(flow, code);
    // Longer than the first interval of any server here, and than the answer to an answer.
    s.watch(flow, 6s, [](std::span<const Reply> replies) -> Ruling {
      return replies.empty() ? go_on()
                             : refuse("after the client's ERROR: " + replies.front().words());
    });
    s.read({.file = "k5000.bin", .options = {{"blksize", "1468"}, {"windowsize", "4"}}},
           [](const ReadResult& result) -> Ruling {
             return result.ending == ReadResult::Ending::Complete
                        ? admit("served afterwards")
                        : refuse("the second request: " + result.words());
           });
  }
}

Bytes raw_request(std::string_view text) {
  Bytes octets{0, 1};
  octets.insert(octets.end(), text.begin(), text.end());
  return octets;
}

void broken_list_script(Script& s) {
  using namespace std::string_view_literals;
  using namespace std::string_literals;
  struct Row {
    std::string words;
    Bytes octets;
    bool has_value = false;
  };
  std::string long_option = "k1300.bin"s + '\0' + "octet" + '\0';
  while (long_option.size() < 590) long_option += "x";
  long_option += '\0';
  long_option += "1"s + '\0';
  const std::vector<Row> rows{
      {"an option without value", raw_request("k1300.bin\0octet\0blksize\0"sv)},
      {"the last NUL missing", raw_request("k1300.bin\0octet\0blksize\0001024"sv), true},
      {"a request of 600 octets", raw_request(long_option)},
  };
  for (const Row& row : rows) {
    const FlowPtr flow = s.flow();
    s.raw(flow, row.octets, row.words);
    // Which of them it is may depend on what the server's buffer held before.
    s.settle(flow,
             [&s, flow, words = row.words,
              has_value = row.has_value](std::span<const Reply> replies) -> Ruling {
               if (replies.empty()) return admit("tolerated");
               const Reply& reply = replies.front();
               flow->server = reply.source;
               s.error(flow, 0);
               if (const auto error = reply.as_error())
                 return error->code == 4 || error->code == 8 || error->code == 0
                            ? admit("tolerated")
                            : refuse(words + ": " + reply.words());
               if (const auto oack = reply.as_oack()) {
                 // Octets behind the packet are no part of a value.
                 const auto size = find_option(oack->options, "blksize");
                 const auto number = size ? tftp::parse_number(*size) : std::nullopt;
                 const bool sound = oack->options.size() == 1 && has_value && number &&
                                    *number >= 8 && *number <= 1024;
                 return sound ? admit("tolerated") : refuse(words + ": " + reply.words());
               }
               const auto data = reply.as_data();
               return data && data->block == 1 &&
                              is_fixture(*find_fixture("k1300.bin"), 0, data->payload) &&
                              !data->payload.empty()
                          ? admit("tolerated")
                          : refuse(words + ": " + reply.words());
             });
  }
}

}  // namespace

std::vector<Case> topt_cases() {
  const std::vector<Need> needs{Need::Tftp};
  const std::string_view none = "None known.";
  return {
      {.id = "TOPT-01",
       .slug = "blksize",
       .clause = "RFC 2347 Negotiation; RFC 2348",
       .requirement = "blksize is acknowledged with 8 to what was asked; DATA waits for ACK 0 and "
                      "has that size.",
       .stimulus = "blksize of 8, 512, 1428, 1468 and 65464",
       .answers = {"OACK, then DATA 1", "not offered"},
       .problems = "Blocks above the link's MTU come in fragments.",
       .needs = needs,
       .script = blksize_script},
      {.id = "TOPT-02",
       .slug = "unknown-omitted",
       .clause = "RFC 2347 Negotiation",
       .requirement = "An option that the server does not know is left out of the OACK.",
       .stimulus = "foo=1, alone and with blksize=1024",
       .answers = {"left out"},
       .problems = none,
       .needs = needs,
       .script = unknown_script},
      {.id = "TOPT-03",
       .slug = "nothing-unasked",
       .clause = "RFC 2347 Negotiation",
       .requirement =
           "An OACK has only what was asked for, each once, in whatever order it was asked.",
       .stimulus =
           "all subsets of blksize, tsize, timeout and windowsize; all of them in other orders",
       .answers = {"a subset"},
       .problems = none,
       .needs = needs,
       .script = nothing_unasked_script},
      {.id = "TOPT-04",
       .slug = "value-named-like-option",
       .clause = "RFC 2347 Packet Formats",
       .requirement = "Names and values alternate: a value that reads like a name is no option.",
       .stimulus = "foo=blksize tsize=0",
       .answers = {"tsize or nothing"},
       .problems = none,
       .needs = needs,
       .script = value_named_script},
      {.id = "TOPT-05",
       .slug = "case",
       .clause = "RFC 2347 Packet Formats",
       .requirement = "Option names are free of case.",
       .stimulus = "BLKSIZE=1024 TSize=0",
       .answers = {"recognised"},
       .problems = none,
       .needs = {Need::Tftp, Need::TransferSize},
       .script = case_script},
      {.id = "TOPT-06",
       .slug = "duplicate-option",
       .clause = "RFC 2347: an option may be specified once",
       .level = Level::Should,
       .requirement = "An option that stands twice is acknowledged once, left out or refused.",
       .stimulus = "blksize=1024 blksize=700",
       .answers = {"one echo", "omitted", "ERROR 8"},
       .problems = none,
       .needs = needs,
       .script = duplicate_script},
      {.id = "TOPT-07",
       .slug = "blksize-too-small",
       .clause = "RFC 2348",
       .requirement = "A blksize below 8 is not accepted.",
       .stimulus = "blksize of 7, 1 and 0",
       .answers = {"omitted", "ERROR 8"},
       .problems = none,
       .needs = needs,
       .script = too_small_script},
      {.id = "TOPT-08",
       .slug = "blksize-too-big",
       .clause = "RFC 2348",
       .requirement = "A blksize above 65464 is not accepted; numbers above 2^32 do not wrap.",
       .stimulus = "blksize of 65465, 99999 and 4294967808",
       .answers = {"omitted", "ERROR 8", "~a lower OACK"},
       .problems = none,
       .needs = needs,
       .script = too_big_script},
      {.id = "TOPT-09",
       .slug = "not-a-number",
       .clause = "RFC 2347; RFC 2348: ASCII decimal",
       .level = Level::Should,
       .requirement = "What is no decimal number is no value.",
       .stimulus = "blksize of abc, -1, 512x, \" 512\", +512 and the empty text",
       .answers = {"omitted", "ERROR 8"},
       .problems = none,
       .needs = needs,
       .script = not_a_number_script},
      {.id = "TOPT-10",
       .slug = "tsize",
       .clause = "RFC 2349 Transfer Size",
       .requirement =
           "tsize is answered with the real size whatever number was sent; for a missing "
           "file there is ERROR 1 and no OACK.",
       .stimulus = "tsize of 0 and 99; an empty and a missing file",
       .answers = {"the real size"},
       .problems = none,
       .needs = {Need::Tftp, Need::TransferSize},
       .script = tsize_script},
      {.id = "TOPT-11",
       .slug = "tsize-over-4gib",
       .clause = "RFC 2349 Transfer Size",
       .requirement = "The size of a file above 4 GiB does not wrap.",
       .stimulus = "tsize=0 for 5 GiB",
       .answers = {"the real size", "omitted"},
       .problems = "Some file systems have no sparse files.",
       .needs = {Need::Tftp, Need::LocalFiles},
       .reach = Reach::LabOnly,
       .script = tsize_large_script},
      {.id = "TOPT-12",
       .slug = "tsize-netascii",
       .clause = "RFC 2349; RFC 1350 s.5",
       .level = Level::Should,
       .requirement = "In netascii the size is that of the converted text, or is left out.",
       .stimulus = "tsize=0 in netascii",
       .answers = {"the converted size", "omitted", "~ERROR 8"},
       .problems = none,
       .needs = {Need::Tftp, Need::TransferSize},
       .script = tsize_netascii_script},
      {.id = "TOPT-13",
       .slug = "timeout",
       .clause = "RFC 2349 Timeout",
       .requirement = "timeout is acknowledged with the same value or left out; values out of 1 to "
                      "255 are not accepted.",
       .stimulus = "timeout of 1, 3 and 255; of 0, 256, abc and -1",
       .answers = {"the same value", "omitted", "ERROR 8"},
       .problems = none,
       .needs = needs,
       .script = timeout_script},
      {.id = "TOPT-14",
       .slug = "timeout-honoured",
       .clause = "RFC 2349 Timeout",
       .requirement = "Who acknowledges timeout repeats after that time.",
       .stimulus = "timeout of 1 and 3, then no ACK",
       .answers = {"after the time agreed", "~its own pace"},
       .problems = "Thirty percent either way are allowed.",
       .needs = {Need::Tftp, Need::TimeoutOption},
       .company = Company::After,
       .script = timeout_honoured_script},
      {.id = "TOPT-15",
       .slug = "probe-abort",
       .clause = "EDK2 and iPXE ask for the size first; RFC 2347",
       .level = Level::Quirk,
       .quirk_of = "EDK2",
       .requirement =
           "A client that only wanted the size ends with ERROR: nothing comes again, and "
           "its next request is served.",
       .stimulus = "tsize=0, OACK, ERROR 0 or 8; then blksize=1468 windowsize=4",
       .answers = {"served afterwards"},
       .problems = none,
       .needs = needs,
       .script = probe_abort_script},
      {.id = "TOPT-16",
       .slug = "broken-option-list",
       .clause = "RFC 2347",
       .level = Level::Safe,
       .requirement = "A broken option list is ignored or refused, and harms nobody.",
       .stimulus = "an option without value; the last NUL missing; a request of 600 octets",
       .answers = {"tolerated"},
       .problems =
           "Silence, an ERROR 0, 4 or 8, the file without options, and an OACK of the value "
           "without its NUL are all tolerated; tftpd-hpa does one or the other, by what "
           "its buffer held before.",
       .needs = needs,
       .script = broken_list_script},
  };
}

}  // namespace pxeproof::conformance
