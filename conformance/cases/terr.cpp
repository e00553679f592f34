// TERR: errors.

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "conformance/cases/groups.h"
#include "conformance/fixture.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

void not_found_script(Script& s) {
  const FlowPtr flow = s.flow();
  const auto asked = std::make_shared<Instant>();
  s.then([&s, asked] { *asked = s.now(); });
  s.request(flow, rrq("missing.bin"));
  s.next(flow, [&s, asked](const Reply& reply) -> Ruling {
    const auto error = reply.as_error();
    if (!error || error->code != 1) return refuse("a missing file: " + reply.words());
    if (!error->terminated) return refuse("an ERROR whose text has no NUL");
    const Duration allowed =
        s.setting().time == Setting::Time::Virtual ? Duration(100ms) : Duration(4s);
    return s.now() - *asked <= allowed ? admit("ERROR 1 at once") : refuse("a slow ERROR 1");
  });
  // RFC 1350 s.2: an ERROR is not acknowledged, and not retransmitted.
  s.watch(flow, 6s, [](std::span<const Reply> replies) -> Ruling {
    return replies.empty() ? go_on() : refuse("after the ERROR: " + replies.front().words());
  });
}

void not_a_file_script(Script& s) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"a directory", "dir"},
      {"a file with a slash behind", "f.bin/"},
      {"an empty name", ""},
      {"an unreadable file", "unreadable.bin"},
      {"a name of 400 octets", std::string(400, 'n')},
  };
  for (const auto& [what, name] : rows) {
    const FlowPtr flow = s.flow();
    s.request(flow, rrq(name));
    s.next(flow, [&s, flow, what = what](const Reply& reply) -> Ruling {
      if (reply.as_error()) return admit("ERROR");
      s.error(flow, 0);
      return refuse(what + ": " + reply.words());
    });
  }
}

void write_script(Script& s) {
  for (const std::string_view name : {"new.bin", "small.bin", "../new.bin"}) {
    tftp::Request request = rrq(name);
    request.opcode = tftp::Opcode::Wrq;
    const FlowPtr flow = s.flow();
    s.request(flow, request);
    s.next(flow, [&s, flow](const Reply& reply) -> Ruling {
      const auto error = reply.as_error();
      if (error && (error->code == 2 || error->code == 4)) return admit("ERROR 2 or 4");
      if (error) return admit("another ERROR");
      s.error(flow, 0);
      return refuse(fmt::format("a write request: {}", reply.words()));
    });
  }
  for (const std::string_view path : {"tftp/new.bin", "new.bin"}) {
    s.act({.kind = TargetAction::Kind::LookUp, .path = std::string(path)},
          [](const ActionResult& found) -> Ruling {
            return found.text == "yes" ? refuse("a file was made") : go_on();
          });
  }
}

void error_answered_script(Script& s) {
  const FlowPtr flow = s.flow();
  s.error(flow, 4);
  s.nothing(flow);
}

void bad_opcode_script(Script& s) {
  std::vector<std::pair<std::string, Bytes>> rows;
  for (const unsigned code : {0U, 3U, 4U, 6U, 9U, 255U, 256U, 65535U}) {
    rows.emplace_back(fmt::format("opcode {}", code),
                      Bytes{static_cast<std::uint8_t>(code >> 8U), static_cast<std::uint8_t>(code),
                            0, 1, 'x', 0});
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    rows.emplace_back(fmt::format("{} octets", size), Bytes(size, 0));
  }
  for (const auto& [words, octets] : rows) {
    const FlowPtr flow = s.flow();
    s.raw(flow, octets, words);
    s.settle(flow, [words = words](std::span<const Reply> replies) -> Ruling {
      if (replies.empty()) return admit("silent");
      const auto error = replies.front().as_error();
      return error && error->code == 4 ? admit("ERROR 4")
                                       : refuse(words + ": " + replies.front().words());
    });
  }
}

// Begins a transfer and leaves DATA 1 unacknowledged; a stranger is another port of the same host.
struct Disturbed {
  FlowPtr flow;
  FlowPtr stranger;
};
Disturbed begin_disturbed(Script& s) {
  Disturbed made{s.flow(), s.flow()};
  s.request(made.flow, rrq("k5000.bin"));
  s.blocks(made.flow, 1, 1);
  s.then([made] { made.stranger->server = made.flow->server; });
  return made;
}

// DATA 2, before which the server's timer may have repeated DATA 1 on a busy machine.
void second_block(Script& s, const FlowPtr& flow, int repetitions) {
  s.next(flow, [&s, flow, repetitions](const Reply& reply) -> Ruling {
    const auto data = reply.as_data();
    if (data && data->block == 2) return go_on();
    if (!data || data->block != 1 || repetitions == 0)
      return refuse("the transfer: " + reply.words());
    second_block(s, flow, repetitions - 1);
    return go_on();
  });
}

void goes_on(Script& s, const Disturbed& made) {
  s.ack_block(made.flow, 1);
  second_block(s, made.flow, 2);
  s.error(made.flow, 0);
}

void stray_ack_script(Script& s) {
  const Disturbed made = begin_disturbed(s);
  s.ack_block(made.stranger, 1);
  s.settle(made.stranger, [](std::span<const Reply> replies) -> Ruling {
    if (replies.empty()) return loosely("silent to the stranger");
    const auto error = replies.front().as_error();
    return error && error->code == 5 ? admit("ERROR 5 to the stranger")
                                     : refuse("the stranger: " + replies.front().words());
  });
  goes_on(s, made);
  // The right client at another transfer's port of the server is a stranger there.
  const Disturbed pair = begin_disturbed(s);
  const Disturbed other = begin_disturbed(s);
  s.then([&s, pair, other] {
    Flow crossed = *pair.flow;
    crossed.server = other.flow->server;
    s.note_sent("ACK 1 to another transfer's port");
    s.put_tftp(crossed, tftp::encode(tftp::Ack{1, {}}));
  });
  s.settle(pair.flow, [](std::span<const Reply> replies) -> Ruling {
    for (const Reply& reply : replies) {
      const auto data = reply.as_data();
      if (data && data->block != 1)
        return refuse("an ACK to another transfer's port: " + reply.words());
    }
    return go_on();
  });
  goes_on(s, pair);
  goes_on(s, other);
}

void stray_error_script(Script& s) {
  const Disturbed made = begin_disturbed(s);
  s.error(made.stranger, 0);
  s.settle(made.stranger, [](std::span<const Reply> replies) -> Ruling {
    return replies.empty() ? go_on() : refuse("the stranger: " + replies.front().words());
  });
  goes_on(s, made);
}

void client_error_script(Script& s) {
  const auto quiet = [](std::span<const Reply> replies) -> Ruling {
    return replies.empty() ? admit("stops") : refuse("after ERROR: " + replies.front().words());
  };
  const FlowPtr flow = s.flow();
  s.request(flow, rrq("k5000.bin"));
  s.blocks(flow, 1, 1);
  s.error(flow, 3);
  s.watch(flow, 6s, quiet);
  const FlowPtr negotiated = s.flow();
  s.request(negotiated, rrq("k5000.bin", {{"blksize", "1024"}}));
  s.next(negotiated, [](const Reply& reply) -> Ruling {
    return reply.as_oack() || reply.as_data() ? go_on() : refuse(reply.words());
  });
  s.error(negotiated, 8);
  s.watch(negotiated, 6s, quiet);
  const FlowPtr later = s.flow();
  s.read({.file = "k5000.bin", .flow = later, .stop_after = 4});
  s.error(later, 3);
  s.watch(later, 6s, quiet);
}

Bytes raw_request(std::string_view text) {
  Bytes octets{0, 1};
  octets.insert(octets.end(), text.begin(), text.end());
  return octets;
}

void broken_request_script(Script& s) {
  const std::vector<std::pair<std::string, Bytes>> rows{
      {"no mode", raw_request("f.bin\0"sv)},
      {"no NULs", raw_request("f.bin")},
      {"two octets", raw_request("")},
  };
  for (const auto& [words, octets] : rows) {
    const FlowPtr flow = s.flow();
    s.raw(flow, octets, words);
    s.settle(flow, [&s, flow, words = words](std::span<const Reply> replies) -> Ruling {
      if (replies.empty()) return admit("silent");
      const auto error = replies.front().as_error();
      if (error && error->code == 4) return admit("ERROR 4");
      if (error) return admit("another ERROR");
      flow->server = replies.front().source;
      s.error(flow, 0);
      return refuse(words + ": " + replies.front().words());
    });
  }
}

// Goes on reading, block by block, a file that was cut short meanwhile.
void read_on(Script& s, const FlowPtr& flow, std::uint16_t block) {
  const FixtureEntry* entry = find_fixture("shrink.bin");
  s.next(
      flow,
      [&s, flow, block, entry](const Reply& reply) -> Ruling {
        if (reply.as_error()) return admit("ERROR");
        const auto data = reply.as_data();
        if (!data) return refuse(reply.words());
        if (data->block != block) {
          read_on(s, flow, block);
          return go_on();
        }
        if (!is_fixture(*entry, std::uint64_t{512} * (block - 1U), data->payload))
          return refuse("octets that were never in the file");
        s.ack_block(flow, block);
        if (data->payload.size() < 512) {
          const bool whole =
              std::uint64_t{512} * (block - 1U) + data->payload.size() == entry->size;
          return whole ? loosely("the old file, whole") : admit("a short end");
        }
        read_on(s, flow, static_cast<std::uint16_t>(block + 1));
        return go_on();
      },
      70s);
}

void shrinks_script(Script& s) {
  const FlowPtr flow = s.flow();
  s.request(flow, rrq("shrink.bin"));
  s.blocks(flow, 1, 1);
  s.act({.kind = TargetAction::Kind::Truncate, .path = "tftp/shrink.bin", .size = 2000},
        [](const ActionResult& cut) -> Ruling {
          return cut.done ? go_on() : skip("the file cannot be cut: " + cut.text);
        });
  s.ack_block(flow, 1);
  read_on(s, flow, 2);
}

}  // namespace

std::vector<Case> terr_cases() {
  const std::vector<Need> needs{Need::Tftp};
  const std::string_view none = "None known.";
  return {
      {.id = "TERR-01",
       .slug = "not-found",
       .clause = "RFC 1350 appendix, error code 1; s.2, s.7",
       .requirement =
           "A missing file is ERROR 1, at once and once, with a text that ends with NUL.",
       .stimulus = "a read request for a name that does not exist",
       .answers = {"ERROR 1 at once"},
       .problems = none,
       .needs = needs,
       .script = not_found_script},
      {.id = "TERR-02",
       .slug = "not-a-file",
       .clause = "RFC 1350 appendix, error codes",
       .requirement = "What is no readable file is refused, never sent as if it were one.",
       .stimulus = "a directory; a name with a slash behind; an empty name; an unreadable file; a "
                   "name of 400 octets",
       .answers = {"ERROR"},
       .problems = "A server that runs as root may read everything.",
       .needs = {Need::Tftp, Need::LocalFiles},
       .script = not_a_file_script},
      {.id = "TERR-03",
       .slug = "write-refused",
       .clause = "RFC 1350 s.4, Security; RFC 1123 s.4.2.3.4",
       .level = Level::Safe,
       .requirement = "A boot server takes no files.",
       .stimulus = "write requests for a new, an existing and an outside name",
       .answers = {"ERROR 2 or 4", "another ERROR"},
       .problems = none,
       .needs = {Need::Tftp, Need::LocalFiles},
       .reach = Reach::LabOnly,
       .script = write_script},
      {.id = "TERR-04",
       .slug = "error-never-answered",
       .clause = "RFC 1350 s.2",
       .requirement = "An ERROR is never answered: two servers would keep each other busy for ever "
                      "(CVE-2024-2169).",
       .stimulus = "ERROR 4 to port 69",
       .answers = {"silent"},
       .problems = none,
       .needs = needs,
       .script = error_answered_script},
      {.id = "TERR-05",
       .slug = "bad-opcode",
       .clause = "RFC 1350 s.5",
       .level = Level::Should,
       .requirement = "On port 69 only requests mean something.",
       .stimulus = "the opcodes 0, 3, 4, 6, 9, 255, 256 and 65535; 0, 1 and 2 octets",
       .answers = {"silent", "ERROR 4"},
       .problems = none,
       .needs = needs,
       // Who reads behind the end of a short packet finds there what others sent: alone, that is
       // the same in each run.
       .company = Company::Alone,
       .script = bad_opcode_script},
      {.id = "TERR-06",
       .slug = "stray-tid",
       .clause = "RFC 1350 s.4",
       .requirement =
           "A packet from a foreign port does not disturb a transfer; the stranger may be "
           "told so by ERROR 5.",
       .stimulus = "an ACK to the transfer from another port; an ACK of one transfer to another's "
                   "port",
       .answers = {"ERROR 5 to the stranger", "~silent to the stranger"},
       .problems = none,
       .needs = needs,
       .script = stray_ack_script},
      {.id = "TERR-07",
       .slug = "stray-error",
       .clause = "RFC 1350 s.2, s.4",
       .requirement = "An ERROR from a foreign port ends nothing and is not answered.",
       .stimulus = "an ERROR to the transfer from another port",
       .answers = {"silent to the stranger"},
       .problems = none,
       .needs = needs,
       .script = stray_error_script},
      {.id = "TERR-08",
       .slug = "client-error",
       .clause = "RFC 1350 s.2, s.7; RFC 2347",
       .requirement = "A client's ERROR ends the transfer without a word.",
       .stimulus = "ERROR 3 within a transfer; ERROR 8 after the OACK",
       .answers = {"stops"},
       .problems = none,
       .needs = needs,
       .script = client_error_script},
      {.id = "TERR-09",
       .slug = "broken-request",
       .clause = "RFC 1350 s.5",
       .requirement = "A request without its parts is refused or left alone.",
       .stimulus = "a request without mode; without NULs; of two octets",
       .answers = {"silent", "ERROR 4", "another ERROR"},
       .problems = none,
       .needs = needs,
       .script = broken_request_script},
      {.id = "TERR-10",
       .slug = "file-shrinks",
       .clause = "RFC 1350 s.7",
       .level = Level::Safe,
       .requirement = "When a file is cut while it is sent the transfer ends: by ERROR or short, "
                      "never with octets that were never in it, never by hanging.",
       .stimulus = "a file of 600 000 octets, cut to 2000 after DATA 1",
       .answers = {"ERROR", "a short end", "~the old file, whole"},
       .problems = "A server that holds the file in memory sends the old one.",
       .needs = {Need::Tftp, Need::LocalFiles},
       .reach = Reach::LabOnly,
       .script = shrinks_script},
  };
}

}  // namespace pxeproof::conformance
