// TLOSS: loss, duplicates and order. What is lost is written in the case.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/cases/groups.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

JudgeRead whole_in_spite(std::string what, std::string answer) {
  return [what, answer](const ReadResult& result) -> Ruling {
    if (result.ending == ReadResult::Ending::Complete) return admit(answer);
    return refuse(what + ": " + result.words());
  };
}

void data_lost_script(Script& s) {
  for (const std::uint64_t block : {1U, 2U, 3U}) {
    s.read({.file = "k1300.bin", .lose_data = {block}},
           whole_in_spite(fmt::format("DATA {} lost", block), "the same block again"));
  }
}

void ack_lost_script(Script& s) {
  for (const std::uint64_t block : {1U, 2U}) {
    s.read({.file = "k1300.bin", .lose_acks = {block}},
           [block](const ReadResult& result) -> Ruling {
             if (result.ending != ReadResult::Ending::Complete)
               return refuse(fmt::format("ACK {} lost: {}", block, result.words()));
             return result.resent > 0 ? admit("the block again")
                                      : refuse("a block beyond one that was not acknowledged");
           });
  }
}

void oack_lost_script(Script& s) {
  s.read({.file = "k1300.bin",
          .options = {{"tsize", "0"}, {"blksize", "1024"}, {"timeout", "3"}, {"windowsize", "2"}},
          .lose_oack = true},
         whole_in_spite("OACK lost", "the OACK again"));
}

// A repetition by the server's timer is none by a repeated ACK.
constexpr Duration kShortestTimer = 200ms;

void sorcerer_script(Script& s) {
  const FlowPtr flow = s.flow();
  s.request(flow, rrq("k5000.bin"));
  s.blocks(flow, 1, 1);
  for (int copy = 0; copy < 3; ++copy) s.ack_block(flow, 1);
  s.settle(flow, [](std::span<const Reply> replies) -> Ruling {
    const auto seconds = std::ranges::count_if(replies, [&replies](const Reply& reply) {
      const auto data = reply.as_data();
      return data && data->block == 2 && reply.at - replies.front().at < kShortestTimer;
    });
    const bool only = std::ranges::all_of(replies, [](const Reply& reply) {
      const auto data = reply.as_data();
      return data && data->block == 2;
    });
    if (seconds == 1 && only) return admit("one DATA 2");
    return refuse(fmt::format("ACK 1 three times: {} times DATA 2", seconds));
  });
  s.error(flow, 0);
  // The ACK of an OACK is one too.
  const FlowPtr negotiated = s.flow();
  s.request(negotiated, rrq("k5000.bin", {{"blksize", "1024"}}));
  s.next(negotiated, [&s, negotiated](const Reply& reply) -> Ruling {
    if (!reply.as_oack()) return go_on();
    for (int copy = 0; copy < 3; ++copy) s.ack_block(negotiated, 0);
    s.settle(negotiated, [](std::span<const Reply> replies) -> Ruling {
      const auto firsts = std::ranges::count_if(replies, [&replies](const Reply& each) {
        const auto data = each.as_data();
        return data && data->block == 1 && each.at - replies.front().at < kShortestTimer;
      });
      return firsts == 1 ? go_on()
                         : refuse(fmt::format("ACK 0 three times: {} times DATA 1", firsts));
    });
    return go_on();
  });
  s.error(negotiated, 0);
}

void stale_future_script(Script& s) {
  const FlowPtr flow = s.flow();
  s.request(flow, rrq("k70000.bin"));
  s.blocks(flow, 1, 1);
  s.ack_block(flow, 1);
  s.blocks(flow, 2, 2);
  for (const std::uint16_t block : {std::uint16_t{1}, std::uint16_t{52}, std::uint16_t{3}}) {
    s.ack_block(flow, block);
    s.settle(flow, [block](std::span<const Reply> replies) -> Ruling {
      for (const Reply& reply : replies) {
        const auto data = reply.as_data();
        // A repetition of DATA 2 may fall into this moment.
        if (!data || data->block != 2)
          return refuse(fmt::format("ACK {} after DATA 2: {}", block, reply.words()));
      }
      return go_on();
    });
  }
  s.ack_block(flow, 2);
  s.next(flow, [](const Reply& reply) -> Ruling {
    const auto data = reply.as_data();
    return data && (data->block == 3 || data->block == 2)
               ? admit("ignored")
               : refuse("ACK 2 after them: " + reply.words());
  });
  s.error(flow, 0);
  // An OACK is acknowledged by 0 and nothing else (RFC 2347).
  const FlowPtr negotiated = s.flow();
  s.request(negotiated, rrq("k5000.bin", {{"blksize", "1024"}}));
  s.next(negotiated, [&s, negotiated](const Reply& reply) -> Ruling {
    if (!reply.as_oack()) return go_on();
    for (const std::uint16_t block : {std::uint16_t{1}, std::uint16_t{50}}) {
      s.ack_block(negotiated, block);
      s.settle(negotiated, [block](std::span<const Reply> replies) -> Ruling {
        for (const Reply& each : replies) {
          if (each.as_data()) return refuse(fmt::format("ACK {} after OACK: DATA", block));
        }
        return go_on();
      });
    }
    return go_on();
  });
  s.error(negotiated, 0);
}

void duplicate_request_script(Script& s) {
  const FlowPtr flow = s.flow();
  s.request(flow, rrq("k5000.bin"));
  s.request(flow, rrq("k5000.bin"));
  // A server that starts a process for each request may be late with the second one.
  s.watch(flow, 2s, [&s, flow](std::span<const Reply> replies) -> Ruling {
    std::set<Endpoint> servers;
    for (const Reply& reply : replies) {
      servers.insert(reply.source);
      const auto data = reply.as_data();
      const auto error = reply.as_error();
      const bool cancelled = error && error->code == 5;
      if (!(data && data->block == 1) && !cancelled) return refuse(reply.words());
    }
    for (const Endpoint& server : servers) {
      flow->server = server;
      Bytes payload;
      tftp::encode_error(tftp::ErrorCode::NotDefined, "done", payload);
      s.put_tftp(*flow, payload);
    }
    if (servers.empty()) return refuse("no answer to a repeated request");
    if (servers.size() == 1) return admit("one session");
    return servers.size() == 2 ? loosely("two sessions") : refuse("more than two sessions");
  });
}

void schedule_script(Script& s) {
  const FlowPtr flow = s.flow();
  const auto first = std::make_shared<Instant>();
  s.request(flow, rrq("k5000.bin"));
  s.next(flow, [&s, first](const Reply& reply) -> Ruling {
    *first = s.now();
    return reply.as_data() ? go_on() : refuse(reply.words());
  });
  s.watch(flow, 66s, [first](std::span<const Reply> replies) -> Ruling {
    std::vector<double> times{0};
    for (const Reply& reply : replies) {
      if (reply.as_error()) continue;  // the server says that it gives up
      const auto data = reply.as_data();
      if (!data || data->block != 1) return refuse("DATA 1 unacknowledged: " + reply.words());
      times.push_back(to_seconds(reply.at - *first));
    }
    if (times.size() < 4) return refuse(fmt::format("DATA 1 is sent {} times", times.size()));
    if (times.back() > 60) return refuse("it is still sent after a minute");
    const double begin = times[1] - times[0];
    const double end = times.back() - times[times.size() - 2];
    if (end < begin * 1.2) return refuse("the intervals do not grow");
    return admit("growing intervals, then an end");
  });
  // The session is gone.
  s.ack_block(flow, 1);
  s.settle(flow, [](std::span<const Reply> replies) -> Ruling {
    for (const Reply& reply : replies) {
      if (reply.as_data()) return refuse("the session is still there after a minute");
    }
    return go_on();
  });
}

void final_ack_script(Script& s) {
  s.read({.file = "k1300.bin", .lose_acks = {3}}, [](const ReadResult& result) -> Ruling {
    if (result.ending != ReadResult::Ending::Complete)
      return refuse("the last ACK lost: " + result.words());
    return result.resent > 0 ? admit("the last block again")
                             : refuse("the last block is not resent");
  });
}

// A transfer of thirty blocks with drawn losses; the seed is the run's.
Read swarm_read(Script& s, std::uint64_t percent, std::size_t host) {
  Read read{.file = "k30000.bin", .options = {{"blksize", "1024"}}, .host = host, .patience = 70s};
  for (std::uint64_t block = 1; block <= 30; ++block) {
    if (s.random().below(100) < percent) read.lose_data.insert(block);
    if (s.random().below(100) < percent) read.lose_acks.insert(block);
  }
  return read;
}

void swarm_script(Script& s) {
  std::vector<std::pair<Read, JudgeRead>> reads;
  std::size_t host = 0;
  for (const std::uint64_t percent : {1U, 5U, 10U}) {
    for (int copy = 0; copy < 8; ++copy) {
      reads.emplace_back(swarm_read(s, percent, host++),
                         whole_in_spite(fmt::format("{} % loss", percent), "all whole"));
    }
  }
  s.read_together(std::move(reads));
}

}  // namespace

std::vector<Case> tloss_cases() {
  const std::vector<Need> needs{Need::Tftp};
  const std::string_view none = "None known.";
  return {
      {.id = "TLOSS-01",
       .slug = "data-lost",
       .clause = "RFC 1350 s.2, s.6",
       .requirement = "A block that was lost comes again with the same octets; the transfer ends "
                      "whole.",
       .stimulus = "DATA 1, a middle one or the last one is lost",
       .answers = {"the same block again"},
       .problems = none,
       .needs = needs,
       .script = data_lost_script},
      {.id = "TLOSS-02",
       .slug = "ack-lost",
       .clause = "RFC 1350 s.2",
       .requirement = "A block whose ACK was lost comes again, and the transfer goes on.",
       .stimulus = "ACK 1 or ACK 2 is lost",
       .answers = {"the block again"},
       .problems = none,
       .needs = needs,
       .script = ack_lost_script},
      {.id = "TLOSS-03",
       .slug = "oack-lost",
       .clause = "RFC 2347",
       .requirement = "An OACK that was lost comes again, the same.",
       .stimulus = "the OACK for tsize, blksize, timeout and windowsize is lost",
       .answers = {"the OACK again"},
       .problems = none,
       .needs = needs,
       .script = oack_lost_script},
      {.id = "TLOSS-04",
       .slug = "sorcerer",
       .clause = "RFC 1123 s.4.2.3.1",
       .requirement = "A repeated ACK is not answered by a repeated block: the sorcerer's "
                      "apprentice.",
       .stimulus = "ACK 1 three times",
       .answers = {"one DATA 2"},
       .problems = "A repetition by timer may fall into the moment that is looked at.",
       .needs = needs,
       .script = sorcerer_script},
      {.id = "TLOSS-05",
       .slug = "stale-future-ack",
       .clause = "RFC 1350 s.2",
       .requirement = "ACKs of earlier and of later blocks are ignored; no block is skipped.",
       .stimulus = "ACK 1 and ACK 52 while DATA 2 is due",
       .answers = {"ignored"},
       .problems = none,
       .needs = needs,
       .script = stale_future_script},
      {.id = "TLOSS-06",
       .slug = "duplicate-rrq",
       .clause = "RFC 1350 s.4",
       .level = Level::Should,
       .requirement = "A request that comes twice is one transfer.",
       .stimulus = "the same read request twice from one port",
       .answers = {"one session", "~two sessions"},
       .problems = none,
       .needs = needs,
       .script = duplicate_request_script},
      {.id = "TLOSS-07",
       .slug = "schedule",
       .clause = "RFC 1123 s.4.2.3.2; RFC 1350 s.7",
       .requirement = "To a client that has vanished a block is sent four times at least, at "
                      "growing intervals, and not for longer than a minute.",
       .stimulus = "a read request, then nothing",
       .answers = {"growing intervals, then an end"},
       .problems = "Takes 64 s of real time.",
       .needs = needs,
       .script = schedule_script},
      {.id = "TLOSS-08",
       .slug = "final-ack-lost",
       .clause = "RFC 1350 s.6",
       .requirement = "When the last ACK is lost the last block comes again, and its ACK ends the "
                      "transfer.",
       .stimulus = "the last ACK is lost",
       .answers = {"the last block again"},
       .problems = none,
       .needs = needs,
       .script = final_ack_script},
      {.id = "TLOSS-09",
       .slug = "swarm",
       .clause = "none",
       .level = Level::Safe,
       .requirement = "Whatever is lost, transfers end whole.",
       .stimulus = "24 transfers of 30 blocks at once, of which 1, 5 or 10 % of DATA and ACK are "
                   "lost, drawn from the seed",
       .answers = {"all whole"},
       .problems = "Losses are drawn; the seed repeats them.",
       .needs = needs,
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .weight = Weight::Heavy,
       .hosts = 28,
       .limit = 900s,
       .script = swarm_script},
  };
}

}  // namespace pxeproof::conformance
