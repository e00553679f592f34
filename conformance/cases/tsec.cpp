// TSEC: security of the file service.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "conformance/cases/groups.h"
#include "conformance/fixture.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

// Names that lead out: an ERROR, and nothing else.
void refused(Script& s, const std::string& name) {
  const FlowPtr flow = s.flow();
  s.request(flow, rrq(name));
  s.next(flow, [&s, flow, name](const Reply& reply) -> Ruling {
    if (reply.as_error()) return admit("ERROR");
    s.error(flow, 0);
    const auto data = reply.as_data();
    const bool secret = data && as_text(data->payload) == kSecretText;
    return refuse(
        fmt::format("\"{}\": {}", name, secret ? "a file outside the root" : reply.words()));
  });
}

void dotdot_script(Script& s) {
  for (const std::string_view name :
       {"../secret.txt", "sub/../../secret.txt", "..\\secret.txt", "/../secret.txt", "sub/.."}) {
    refused(s, std::string(name));
  }
}

void absolute_script(Script& s) { refused(s, "/etc/hostname"); }

void link_escape_script(Script& s) {
  refused(s, "escape.lnk");
  refused(s, "absolute.lnk");
}

void trusted_link_script(Script& s) {
  const ByteView text = as_bytes(kTrustedText);
  s.read({.file = "trusted.lnk", .content = Bytes(text.begin(), text.end())},
         [](const ReadResult& result) -> Ruling {
           return result.ending == ReadResult::Ending::Complete
                      ? admit("served")
                      : refuse("a trusted link: " + result.words());
         });
}

void special_file_script(Script& s) {
  for (const std::string_view name : {"fifo", "socket"}) {
    const FlowPtr flow = s.flow();
    s.request(flow, rrq(name));
    s.next(
        flow,
        [name](const Reply& reply) -> Ruling {
          return reply.as_error() ? admit("ERROR at once")
                                  : refuse(fmt::format("a {}: {}", name, reply.words()));
        },
        3s);
    s.read({.file = "f.bin"});
  }
}

void path_leak_script(Script& s) {
  const auto no_path = [&s](const Reply& reply) -> Ruling {
    const auto error = reply.as_error();
    if (!error) return refuse(reply.words());
    return error->text.find(s.setting().root) == std::string::npos
               ? go_on()
               : refuse(fmt::format("the text of ERROR {} holds the server's path", error->code));
  };
  for (const std::string_view name : {"missing.bin", "dir", "unreadable.bin", "../secret.txt"}) {
    const FlowPtr flow = s.flow();
    s.request(flow, rrq(name));
    s.next(flow, no_path);
  }
  const FlowPtr flow = s.flow();
  s.request(flow, rrq("evil\n\033[31mname"));
  s.next(flow, no_path);
  s.act({.kind = TargetAction::Kind::ReadLog}, [](const ActionResult& log) -> Ruling {
    if (!log.done) return go_on();
    return log.text.find('\033') == std::string::npos
               ? admit("neither")
               : refuse("a client's escape sequence in the log");
  });
}

constexpr int kReflections = 4;
constexpr std::size_t kBound = 8;

// What comes back is sent back: two programs that answer anything would do so for ever.
void reflect(Script& s, const FlowPtr& flow, int round, const std::shared_ptr<std::size_t>& total) {
  s.watch(flow, 500ms, [&s, flow, round, total](std::span<const Reply> replies) -> Ruling {
    *total += replies.size();
    if (*total > kBound) return refuse(fmt::format("more than {} packets", kBound));
    if (replies.empty()) return admit("bounded");
    if (round == kReflections) {
      return refuse(fmt::format("port {}: still answers after {} reflections", flow->port, round));
    }
    for (const Reply& reply : replies) {
      flow->server = reply.source;
      s.put_tftp(*flow, reply.payload);
    }
    reflect(s, flow, round + 1, total);
    return go_on();
  });
}

void reflection_script(Script& s) {
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{69, 67, 7, 19}) {
    const FlowPtr flow = s.flow(0, port);
    s.request(flow, rrq("small.bin"));
    reflect(s, flow, 0, std::make_shared<std::size_t>(0));
    s.error(flow, 0);
  }
}

constexpr std::size_t kFlood = 10'000;
constexpr std::size_t kBurst = 100;
constexpr std::size_t kFloodHosts = 100;
constexpr long kAllowedGrowthKib = 128 * 1024;

long as_number(const std::string& text) {
  long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void flood_script(Script& s) {
  const auto before = std::make_shared<std::optional<long>>();
  s.act({.kind = TargetAction::Kind::Memory}, [before](const ActionResult& memory) -> Ruling {
    if (memory.done) *before = as_number(memory.text);
    return go_on();
  });
  for (std::size_t burst = 0; burst < kFlood / kBurst; ++burst) {
    s.then([&s, burst] {
      s.note_sent("10 000 read requests that are never acknowledged");
      for (std::size_t at = 0; at < kBurst; ++at) {
        const std::size_t host = 1 + (burst + at) % kFloodHosts;
        s.put_tftp(*s.flow(host), tftp::encode(rrq("k5000.bin")));
      }
    });
    s.pause(10ms);
  }
  s.read({.file = "k30000.bin", .options = {{"blksize", "1408"}}, .patience = 60s, .ask_again = 4s},
         [](const ReadResult& result) -> Ruling {
           return result.ending == ReadResult::Ending::Complete
                      ? admit("the honest client is served")
                      : refuse("the honest client: " + result.words());
         });
  s.act({.kind = TargetAction::Kind::Memory}, [before](const ActionResult& memory) -> Ruling {
    if (!memory.done || !*before) return go_on();
    return as_number(memory.text) - **before > kAllowedGrowthKib
               ? refuse("its memory grows by more than 128 MiB")
               : go_on();
  });
}

}  // namespace

std::vector<Case> tsec_cases() {
  const std::vector<Need> needs{Need::Tftp};
  const std::vector<Need> files{Need::Tftp, Need::LocalFiles};
  const std::string_view none = "None known.";
  return {
      {.id = "TSEC-01",
       .slug = "dotdot",
       .clause = "RFC 1350 Security",
       .level = Level::Safe,
       .requirement = "No name with dots leads out of the root.",
       .stimulus = "../secret.txt, sub/../../secret.txt, ..\\secret.txt, /../secret.txt, sub/..",
       .answers = {"ERROR"},
       .problems = none,
       .needs = needs,
       .script = dotdot_script},
      {.id = "TSEC-02",
       .slug = "absolute",
       .clause = "RFC 1350 Security; RFC 1123 s.4.2.3.4",
       .level = Level::Safe,
       .requirement = "A name from the root of the file system means the root that is served.",
       .stimulus = "a read request for /etc/hostname",
       .answers = {"ERROR"},
       .problems = "A tree that has such a file itself may send it.",
       .needs = needs,
       .script = absolute_script},
      {.id = "TSEC-03",
       .slug = "symlink-escape",
       .clause = "RFC 1350 Security; RFC 1123 s.4.2.3.4",
       .level = Level::Safe,
       .requirement = "A link that somebody else put into the tree does not lead out of it.",
       .stimulus = "relative and absolute links to a file outside, owned by another user",
       .answers = {"ERROR"},
       .problems = "Needs a second user: skipped where only one is mapped.",
       .needs = {Need::Tftp, Need::LocalFiles, Need::Superuser},
       .reach = Reach::LabOnly,
       .script = link_escape_script},
      {.id = "TSEC-08",
       .slug = "trusted-link",
       .clause = "the article's own set-up",
       .level = Level::Quirk,
       .quirk_of = "article",
       .requirement =
           "A link that the owner of the tree or root made is followed: the usual way to "
           "pxelinux.0.",
       .stimulus = "a link out of the root, owned by the tree's owner",
       .answers = {"served"},
       .problems = "A server in a chroot cannot follow it.",
       .needs = files,
       .reach = Reach::LabOnly,
       .script = trusted_link_script},
      {.id = "TSEC-04",
       .slug = "special-file",
       .clause = "none",
       .level = Level::Safe,
       .requirement = "A FIFO or socket in the tree is refused at once and holds nobody up.",
       .stimulus = "read requests for a FIFO and a socket, and for a file after each",
       .answers = {"ERROR at once"},
       .problems = "A server that waits for a FIFO's writer hangs: it gets one of its own.",
       .needs = files,
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .script = special_file_script},
      {.id = "TSEC-05",
       .slug = "path-leak",
       .clause = "none",
       .level = Level::Safe,
       .requirement = "No ERROR tells where the tree lies, and no client writes control characters "
                      "into the log.",
       .stimulus = "requests that fail in all ways, one with an escape sequence in its name",
       .answers = {"neither"},
       .problems = none,
       .needs = files,
       .reach = Reach::LabOnly,
       .script = path_leak_script},
      {.id = "TSEC-06",
       .slug = "reflection",
       .clause = "RFC 1350 s.2",
       .level = Level::Safe,
       .requirement = "Requests from ports whose services answer anything start no endless game.",
       .stimulus = "read requests from the ports 69, 67, 7 and 19, whose answers are sent back",
       .answers = {"bounded"},
       .problems = none,
       .needs = needs,
       .reach = Reach::LabOnly,
       .script = reflection_script},
      {.id = "TSEC-07",
       .slug = "half-open-flood",
       .clause = "none",
       .level = Level::Safe,
       .requirement = "Ten thousand requests that nobody acknowledges neither fill the memory nor "
                      "keep an honest client out.",
       .stimulus =
           "10 000 read requests from 100 hosts, then an honest one that asks again each 4 s",
       .answers = {"the honest client is served"},
       .problems = none,
       .needs = needs,
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .weight = Weight::Heavy,
       .hosts = 104,
       .limit = 300s,
       .script = flood_script},
  };
}

}  // namespace pxeproof::conformance
