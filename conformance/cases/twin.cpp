// TWIN: windows of blocks (RFC 7440).

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "conformance/cases/groups.h"
#include "conformance/script.h"
#include "protocol/tftp/negotiation.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

// Begins a transfer with a window and acknowledges the OACK.
FlowPtr begin_window(Script& s, std::string_view file, std::string window,
                     std::string_view block_size = "512") {
  const FlowPtr flow = s.flow();
  s.request(flow, rrq(file, {{"blksize", std::string(block_size)}, {"windowsize", window}}));
  s.next(flow, [window](const Reply& reply) -> Ruling {
    const auto oack = reply.as_oack();
    const auto value = oack ? find_option(oack->options, "windowsize") : std::nullopt;
    if (!value) return refuse(fmt::format("windowsize={}: {}", window, reply.words()));
    return go_on();
  });
  s.ack_block(flow, 0);
  return flow;
}

std::string blocks_of(std::span<const Reply> replies) {
  std::string text;
  for (const Reply& reply : replies) {
    const auto data = reply.as_data();
    text +=
        (text.empty() ? "" : ", ") + (data ? fmt::format("DATA {}", data->block) : reply.words());
  }
  return text.empty() ? "nothing" : text;
}

// Exactly these blocks while the sentinel is answered.
void expect_only(Script& s, const FlowPtr& flow, std::vector<std::uint16_t> wanted,
                 std::string answer) {
  s.settle(flow, [wanted, answer](std::span<const Reply> replies) -> Ruling {
    std::vector<std::uint16_t> got;
    for (const Reply& reply : replies) {
      const auto data = reply.as_data();
      if (!data) return refuse(reply.words());
      got.push_back(data->block);
    }
    if (got == wanted) return answer.empty() ? go_on() : admit(answer);
    return refuse(blocks_of(replies));
  });
}

void negotiate_script(Script& s) {
  for (const unsigned size : {1U, 3U, 4U, 5U, 64U, 65535U}) {
    const FlowPtr flow = s.flow();
    s.request(flow, rrq("k5000.bin", {{"windowsize", std::to_string(size)}}));
    s.next(flow, [size](const Reply& reply) -> Ruling {
      const auto oack = reply.as_oack();
      const auto value = oack ? find_option(oack->options, "windowsize") : std::nullopt;
      const auto agreed = value ? tftp::parse_number(*value) : std::nullopt;
      if (agreed && *agreed >= 1 && *agreed <= size) return admit("1 to what was asked");
      return refuse(fmt::format("windowsize={}: {}", size, reply.words()));
    });
    s.error(flow, 0);
  }
  for (const std::string_view bad : {"0", "65536", "abc"}) {
    const FlowPtr flow = s.flow();
    s.request(flow, rrq("k5000.bin", {{"windowsize", std::string(bad)}}));
    s.next(flow, [bad](const Reply& reply) -> Ruling {
      if (reply.as_data()) return admit("omitted");
      if (const auto error = reply.as_error(); error && error->code == 8) return admit("ERROR 8");
      const auto oack = reply.as_oack();
      return oack && !find_option(oack->options, "windowsize")
                 ? admit("omitted")
                 : refuse(fmt::format("windowsize={}: {}", bad, reply.words()));
    });
    s.error(flow, 0);
  }
}

void burst_script(Script& s) {
  const FlowPtr flow = begin_window(s, "k30000.bin", "4");
  expect_only(s, flow, {1, 2, 3, 4}, "four blocks, then waits");
  s.error(flow, 0);
}

void size_one_script(Script& s) {
  const FlowPtr flow = begin_window(s, "k30000.bin", "1");
  expect_only(s, flow, {1}, "");
  s.ack_block(flow, 1);
  expect_only(s, flow, {2}, "lock-step");
  s.error(flow, 0);
}

void mid_window_script(Script& s) {
  const FlowPtr flow = begin_window(s, "k30000.bin", "4");
  s.blocks(flow, 1, 4);
  s.ack_block(flow, 2);
  expect_only(s, flow, {3, 4, 5, 6}, "DATA 3 to 6");
  s.error(flow, 0);
}

void window_timeout_script(Script& s) {
  const FlowPtr flow = begin_window(s, "k30000.bin", "4");
  s.blocks(flow, 1, 4);
  s.ack_block(flow, 4);
  s.blocks(flow, 5, 8);
  // Nothing is acknowledged: the same window again.
  s.blocks(flow, 5, 8);
  s.error(flow, 0);
}

void duplicate_ack_script(Script& s) {
  const FlowPtr flow = begin_window(s, "k30000.bin", "4");
  s.blocks(flow, 1, 4);
  for (int copy = 0; copy < 3; ++copy) s.ack_block(flow, 2);
  // A server that begins anew for each of them is cut short by the next one where it likes: how
  // often it began is what it does every time.
  s.settle(flow, [](std::span<const Reply> replies) -> Ruling {
    std::vector<std::uint16_t> got;
    for (const Reply& reply : replies) {
      const auto data = reply.as_data();
      if (!data) return refuse(reply.words());
      got.push_back(data->block);
    }
    const auto begun = std::count(got.begin(), got.end(), std::uint16_t{3});
    if (begun > 1) return refuse(fmt::format("the window began {} times", begun));
    return got == std::vector<std::uint16_t>{3, 4, 5, 6} ? admit("one new window")
                                                         : refuse(blocks_of(replies));
  });
  s.error(flow, 0);
}

void stale_ack_script(Script& s) {
  const FlowPtr flow = begin_window(s, "k30000.bin", "4");
  s.blocks(flow, 1, 4);
  s.ack_block(flow, 4);
  s.blocks(flow, 5, 8);
  s.ack_block(flow, 3);
  expect_only(s, flow, {}, "ignored");
  s.ack_block(flow, 8);
  s.blocks(flow, 9, 12);
  s.error(flow, 0);
}

void last_window_script(Script& s) {
  const auto judge = [](const ReadResult& result) -> Ruling {
    if (result.ending != ReadResult::Ending::Complete) return refuse(result.words());
    return result.resent > 0 ? admit("resent until acknowledged")
                             : refuse("the last window did not come again");
  };
  // 5000 octets are ten blocks: windows of 4, 4 and 2.
  s.read({.file = "k5000.bin",
          .options = {{"blksize", "512"}, {"windowsize", "4"}},
          .lose_acks = {10}},
         judge);
  // A block without octets ends what fills its blocks: in a window of its own (four and six full
  // blocks: the empty one begins a window, or stands within one).
  for (const std::string_view name : {"k2048.bin", "k3072.bin"}) {
    s.read({.file = std::string(name), .options = {{"blksize", "512"}, {"windowsize", "4"}}},
           [name](const ReadResult& result) -> Ruling {
             return result.ending == ReadResult::Ending::Complete
                        ? go_on()
                        : refuse(fmt::format("{}: {}", name, result.words()));
           });
  }
}

void rollover_script(Script& s) {
  s.read({.file = "roll70000.bin", .options = {{"blksize", "8"}, {"windowsize", "16"}}},
         [](const ReadResult& result) -> Ruling {
           if (result.ending != ReadResult::Ending::Complete) return refuse(result.words());
           return result.last_block == 70000 ? admit("65535, 0, 1 in one window")
                                             : refuse("the blocks were not of 8 octets");
         });
}

constexpr std::size_t kOwnPolicy = 64;

void bounded_script(Script& s) {
  const FlowPtr flow = begin_window(s, "roll70000.bin", "65535", "1468");
  s.settle(flow, [](std::span<const Reply> replies) -> Ruling {
    std::set<std::uint16_t> blocks;
    for (const Reply& reply : replies) {
      if (const auto data = reply.as_data()) blocks.insert(data->block);
    }
    return blocks.size() <= kOwnPolicy
               ? admit("at most 64 blocks")
               : refuse(fmt::format("more than {} blocks before any ACK", kOwnPolicy));
  });
  s.error(flow, 0);
}

}  // namespace

std::vector<Case> twin_cases() {
  const std::vector<Need> needs{Need::Tftp, Need::WindowSize};
  const std::string_view none = "None known.";
  return {
      {.id = "TWIN-01",
       .slug = "negotiate",
       .clause = "RFC 7440 s.3",
       .requirement = "windowsize is acknowledged with 1 to what was asked; values out of 1 to "
                      "65535 are not accepted.",
       .stimulus = "windowsize of 1, 4, 64 and 65535; of 0, 65536 and abc",
       .answers = {"1 to what was asked", "omitted", "ERROR 8"},
       .problems = none,
       .needs = needs,
       .script = negotiate_script},
      {.id = "TWIN-02",
       .slug = "burst",
       .clause = "RFC 7440 s.4",
       .requirement = "A window of blocks is sent, then the server waits for an ACK.",
       .stimulus = "windowsize=4, ACK 0",
       .answers = {"four blocks, then waits"},
       .problems = none,
       .needs = needs,
       .script = burst_script},
      {.id = "TWIN-03",
       .slug = "size-one",
       .clause = "RFC 7440 s.4",
       .requirement = "A window of one block is RFC 1350's lock-step.",
       .stimulus = "windowsize=1, ACK 0, ACK 1",
       .answers = {"lock-step"},
       .problems = none,
       .needs = needs,
       .script = size_one_script},
      {.id = "TWIN-04",
       .slug = "mid-window-ack",
       .clause = "RFC 7440 s.4",
       .requirement = "After an ACK within the window the next window begins behind it.",
       .stimulus = "ACK 2 after DATA 1 to 4",
       .answers = {"DATA 3 to 6"},
       .problems = none,
       .needs = needs,
       .script = mid_window_script},
      {.id = "TWIN-05",
       .slug = "window-timeout",
       .clause = "RFC 7440 s.4",
       .requirement = "Without an ACK the window behind the last one acknowledged comes again.",
       .stimulus = "no ACK after DATA 5 to 8",
       .answers = {"the window again"},
       .problems = none,
       .needs = needs,
       .script = window_timeout_script},
      {.id = "TWIN-06",
       .slug = "duplicate-ack",
       .clause = "RFC 7440 s.4; RFC 1123 s.4.2.3.1",
       .requirement = "Repeated ACKs start one new window, not one each.",
       .stimulus = "ACK 2 three times",
       .answers = {"one new window"},
       .problems = none,
       .needs = needs,
       .script = duplicate_ack_script},
      {.id = "TWIN-07",
       .slug = "stale-ack",
       .clause = "RFC 7440 s.4",
       .level = Level::Should,
       .requirement = "An ACK of an earlier window is ignored.",
       .stimulus = "ACK 3 after DATA 5 to 8",
       .answers = {"ignored"},
       .problems = none,
       .needs = needs,
       .script = stale_ack_script},
      {.id = "TWIN-08",
       .slug = "last-window",
       .clause = "RFC 7440 s.4; RFC 1350 s.6",
       .requirement = "The last window may be short; it is sent again until it is acknowledged.",
       .stimulus = "a file that ends within a window; its last ACK is lost",
       .answers = {"resent until acknowledged"},
       .problems = none,
       .needs = needs,
       .script = last_window_script},
      {.id = "TWIN-09",
       .slug = "window-rollover",
       .clause = "RFC 7440 s.4, and practice: TBIG-01",
       .level = Level::Quirk,
       .quirk_of = "all",
       .requirement = "Block numbers wrap from 65535 to 0 within a window.",
       .stimulus = "70 000 blocks of 8 octets in windows of 16",
       .answers = {"65535, 0, 1 in one window"},
       .problems = none,
       .needs = needs,
       .script = rollover_script},
      {.id = "TWIN-10",
       .slug = "bounded",
       .clause = "RFC 7440 s.6; RFC 5405",
       .level = Level::Safe,
       .requirement =
           "What is sent before any block was acknowledged is bounded: a window of 65535 "
           "is a weapon.",
       .stimulus = "windowsize=65535 blksize=1468, ACK 0, then nothing",
       .answers = {"at most 64 blocks"},
       .problems = "64 blocks are our own limit; the RFC names none.",
       .needs = needs,
       .script = bounded_script},
  };
}

}  // namespace pxeproof::conformance
