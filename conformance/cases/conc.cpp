// CONC: many clients at once.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "conformance/cases/groups.h"
#include "conformance/cases/look.h"
#include "conformance/fixture.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kClients = 150;

std::vector<std::pair<Read, JudgeRead>> crowd(std::string_view answer) {
  std::vector<std::pair<Read, JudgeRead>> reads;
  for (std::size_t host = 0; host < kClients; ++host) {
    reads.emplace_back(Read{.file = "load.bin",
                            .options = {{"blksize", "1408"}},
                            .host = host,
                            .patience = 60s,
                            .ask_again = 4s},
                       [answer = std::string(answer)](const ReadResult& result) -> Ruling {
                         return result.ending == ReadResult::Ending::Complete
                                    ? admit(answer)
                                    : refuse("one of 150 clients: " + result.words());
                       });
  }
  return reads;
}

void many_script(Script& s) { s.read_together(crowd("all whole")); }

void slow_reader_script(Script& s) {
  constexpr std::size_t kNormal = 20;
  const auto alone = std::make_shared<Duration>();
  const auto take = [] {
    return Read{.file = "load.bin", .options = {{"blksize", "512"}}, .patience = 60s};
  };
  s.read(take(), [alone](const ReadResult& result) -> Ruling {
    *alone = result.took;
    return result.ending == ReadResult::Ending::Complete ? go_on() : refuse(result.words());
  });
  std::vector<std::pair<Read, JudgeRead>> reads;
  Read slow{.file = "slow.bin", .host = 1, .patience = 60s, .think_time = 1s};
  reads.emplace_back(std::move(slow), [](const ReadResult& result) -> Ruling {
    return result.ending == ReadResult::Ending::Complete
               ? go_on()
               : refuse("the slow one: " + result.words());
  });
  for (std::size_t client = 0; client < kNormal; ++client) {
    Read normal = take();
    normal.host = 2 + client;
    reads.emplace_back(std::move(normal), [&s, alone](const ReadResult& result) -> Ruling {
      if (result.ending != ReadResult::Ending::Complete) return refuse(result.words());
      // On the wire twenty clients share the machine's processors: recorded only.
      const bool judged = s.setting().time == Setting::Time::Virtual;
      return judged && result.took > *alone * 3 / 2
                 ? refuse("a normal client takes half as long again beside a slow one")
                 : admit("undisturbed");
    });
  }
  s.read_together(std::move(reads));
}

void dhcp_under_load_script(Script& s) {
  s.read_together(crowd("every OFFER in time"),
                  {.host = kClients, .times = 20, .interval = 100ms, .within = 1s});
}

// Two hosts at once, with everything mixed: each answer has its own names.
void identity_script(Script& s) {
  std::vector<Stimulus> sent;
  Stimulus first = s.d0(0);
  Stimulus second = s.d0(1);
  second.message.header.xid = first.xid();  // the same transaction from two hosts
  sent.push_back(first);
  sent.push_back(second);
  sent.push_back(s.d0(0));  // two transactions from one host
  if (s.setting().can(Need::BootServer)) {
    sent.push_back(s.r0(0));
    sent.push_back(s.r0(1));
  }
  for (const Stimulus& each : sent) s.send(each);
  const auto count = std::make_shared<std::size_t>(0);
  for (const std::size_t host : {std::size_t{0}, std::size_t{1}}) {
    s.watch(s.flow(host, dhcp::kClientPort), 500ms,
            [sent, host, count](std::span<const Reply> replies) -> Ruling {
              for (const Reply& reply : replies) {
                const auto view = reply.dhcp();
                if (!view) return refuse(reply.words());
                const dhcp::Header got = view->header();
                const bool known = std::ranges::any_of(sent, [&](const Stimulus& each) {
                  const auto* guid = each.message.find(dhcp::OptionCode::ClientMachineIdentifier);
                  return each.host == host && each.xid() == got.xid &&
                         each.message.header.chaddr == got.chaddr &&
                         (!has_option(reply, 97) || option_value(reply, 97) == guid->value);
                });
                if (!known) return refuse("an answer with the names of two clients");
                ++*count;
              }
              return go_on();
            });
  }
  s.then([&s, count, wanted = sent.size()] {
    s.rule(*count == wanted ? admit("each its own")
                            : refuse(fmt::format("{} answers to {} questions", *count, wanted)));
  });
}

// What the transfer of k5000.bin says to the ACK of its first block after a restart. A process of
// its own may finish the transfer that it began: then with the octets of the file, and without
// refusing the ACK that it answers.
Ruling after_restart(std::span<const Reply> replies) {
  constexpr std::uint64_t kBlock = 512;
  const FixtureEntry* file = find_fixture("k5000.bin");
  bool refused = false;
  bool went_on = false;
  for (const Reply& reply : replies) {
    if (reply.as_error()) {
      refused = true;
      continue;
    }
    const auto data = reply.as_data();
    const bool in_turn = data && (data->block == 1 || data->block == 2);
    if (!in_turn || data->payload.size() != kBlock) {
      return refuse("the old transfer after a restart: " + reply.words());
    }
    if (!is_fixture(*file, (data->block - 1) * kBlock, data->payload)) {
      return refuse("the old transfer after a restart: " + reply.words() + " with other octets");
    }
    went_on = true;
  }
  if (refused && went_on) return refuse("the old transfer after a restart: ERROR and DATA");
  return went_on ? loosely("the old transfer goes on") : admit("works at once");
}

void restart_script(Script& s) {
  const FlowPtr flow = s.flow();
  s.then([&s, flow] {
    if (!s.setting().can(Need::Tftp)) return;
    s.request(flow, rrq("k5000.bin"));
    s.blocks(flow, 1, 1);
  });
  s.act({.kind = TargetAction::Kind::Restart}, [](const ActionResult& again) -> Ruling {
    return again.done ? go_on() : refuse("it does not start again");
  });
  s.then([&s, flow] {
    if (s.setting().can(Need::Tftp)) {
      s.ack_block(flow, 1);
      s.settle(flow, after_restart);
      s.read({.file = "f.bin"});
    }
    if (s.setting().can(Need::Dhcp)) {
      s.offer(s.d0(), [](const Reply&) -> Ruling { return admit("works at once"); });
    }
  });
}

}  // namespace

std::vector<Case> conc_cases() {
  const std::vector<Need> tftp{Need::Tftp};
  return {
      {.id = "CONC-01",
       .slug = "many",
       .clause = "none",
       .level = Level::Safe,
       .requirement = "A hundred and fifty machines that are switched on together all boot.",
       .stimulus = "150 clients that read one file from the same moment on, asking again each 4 s",
       .answers = {"all whole"},
       .problems = "dnsmasq needs tftp-max; its default is 50.",
       .needs = tftp,
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .weight = Weight::Heavy,
       .hosts = kClients + 2,
       .script = many_script},
      {.id = "CONC-02",
       .slug = "slow-reader",
       .clause = "none",
       .level = Level::Safe,
       .requirement = "A client that thinks for a second before each ACK slows nobody else down.",
       .stimulus = "one client with an ACK a second, twenty normal ones",
       .answers = {"undisturbed"},
       .problems = "Times are judged in virtual time only.",
       .needs = tftp,
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .weight = Weight::Heavy,
       .hosts = 24,
       .script = slow_reader_script},
      {.id = "CONC-03",
       .slug = "dhcp-under-tftp-load",
       .clause = "PXE 2.1 s.2.2.3",
       .level = Level::Safe,
       .requirement = "A DISCOVER is answered within a second while files are sent.",
       .stimulus = "a DISCOVER each 100 ms while 150 clients read",
       .answers = {"every OFFER in time", "~late OFFER"},
       .problems = "On the wire an OFFER within the first window of 4 s is late, not missing.",
       .needs = {Need::Tftp, Need::Dhcp},
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .weight = Weight::Heavy,
       .hosts = kClients + 2,
       .script = dhcp_under_load_script},
      {.id = "CONC-04",
       .slug = "identity-mixups",
       .clause = "RFC 2131 s.2",
       .requirement = "Each answer has the xid, chaddr and identifier of its own question.",
       .stimulus = "one transaction from two hosts, two from one, DISCOVER and REQUEST mixed",
       .answers = {"each its own"},
       .problems = "None known.",
       .needs = {Need::Dhcp},
       .script = identity_script},
      {.id = "CONC-05",
       .slug = "restart",
       .clause = "RFC 1350 s.7",
       .level = Level::Safe,
       .requirement = "After a restart old transfers are gone and new clients are served at once.",
       .stimulus = "SIGTERM and a new start within a transfer",
       .answers = {"works at once", "~the old transfer goes on"},
       .problems = "None known.",
       .needs = {Need::Restart},
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .weight = Weight::Heavy,
       .script = restart_script},
  };
}

}  // namespace pxeproof::conformance
