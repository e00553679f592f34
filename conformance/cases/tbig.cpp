// TBIG: block numbers that wrap, and files above 4 GiB.

#include <fmt/format.h>

#include "conformance/cases/groups.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

Ruling not_of_small_blocks(const ReadResult& result) {
  return refuse(result.oack ? result.words() : "blksize=8: " + result.words());
}

void rollover_script(Script& s) {
  s.read({.file = "roll70000.bin", .options = {{"blksize", "8"}}},
         [](const ReadResult& result) -> Ruling {
           if (result.ending != ReadResult::Ending::Complete || !result.oack)
             return not_of_small_blocks(result);
           return result.last_wire_block == 70000 % 65536
                      ? admit("65535, 0, 1")
                      : refuse(fmt::format("the last block is {}", result.last_wire_block));
         });
}

void last_is_zero_script(Script& s) {
  struct Row {
    std::string file;
    std::uint16_t last;
    std::size_t size;
  };
  for (const Row& row :
       {Row{"wrap-less.bin", 0, 7}, Row{"wrap-even.bin", 1, 0}, Row{"wrap-more.bin", 1, 1}}) {
    s.read({.file = row.file, .options = {{"blksize", "8"}}},
           [row](const ReadResult& result) -> Ruling {
             if (result.ending != ReadResult::Ending::Complete || !result.oack)
               return not_of_small_blocks(result);
             if (result.last_wire_block == row.last && result.last_size == row.size)
               return admit("ends at 0 or 1");
             return refuse(fmt::format("\"{}\" ends with block {} of {} octets", row.file,
                                       result.last_wire_block, result.last_size));
           });
  }
}

void stale_at_wrap_script(Script& s) {
  const FlowPtr flow = s.flow();
  constexpr std::uint64_t kThirdOfSecondLap = 65536 + 3;
  s.read({.file = "roll70000.bin",
          .options = {{"blksize", "8"}},
          .flow = flow,
          .stop_after = kThirdOfSecondLap},
         [](const ReadResult& result) -> Ruling {
           return result.ending == ReadResult::Ending::Stopped ? go_on()
                                                               : not_of_small_blocks(result);
         });
  const auto nothing_new = [](std::uint16_t due, std::string what) {
    return [due, what](std::span<const Reply> replies) -> Ruling {
      for (const Reply& reply : replies) {
        const auto data = reply.as_data();
        // A repetition by timer is no answer.
        if (!data || data->block != due) return refuse(what + ": " + reply.words());
      }
      return replies.size() > 1 ? refuse(what + ": DATA again and again") : go_on();
    };
  };
  s.ack_block(flow, 65534);
  s.settle(flow, nothing_new(3, "ACK 65534 in the second lap"));
  s.ack_block(flow, 3);
  s.blocks(flow, 4, 4);
  s.ack_block(flow, 3);
  s.settle(flow, nothing_new(4, "ACK 3 again"));
  s.ack_block(flow, 4);
  s.next(flow, [](const Reply& reply) -> Ruling {
    const auto data = reply.as_data();
    return data && (data->block == 5 || data->block == 4) ? admit("ignored")
                                                          : refuse(reply.words());
  });
  s.error(flow, 0);
}

void over_4gib_script(Script& s) {
  s.read({.file = "sparse5g.bin",
          .options = {{"blksize", "65464"}, {"windowsize", "64"}},
          .look = Read::Look::Ends},
         [](const ReadResult& result) -> Ruling {
           if (result.ending == ReadResult::Ending::Complete) return admit("whole");
           return refuse(result.words());
         });
}

}  // namespace

std::vector<Case> tbig_cases() {
  const std::vector<Need> needs{Need::Tftp, Need::BlockSize};
  return {
      {.id = "TBIG-01",
       .slug = "rollover",
       .clause = "none: RFC 1350 is silent; practice",
       .level = Level::Quirk,
       .quirk_of = "all",
       .requirement = "After block 65535 comes block 0.",
       .stimulus = "70 000 blocks of 8 octets",
       .answers = {"65535, 0, 1"},
       .problems = "None known.",
       .needs = needs,
       .script = rollover_script},
      {.id = "TBIG-02",
       .slug = "last-block-is-zero",
       .clause = "RFC 1350 s.6, and practice",
       .level = Level::Quirk,
       .quirk_of = "all",
       .requirement = "A transfer may end with block 0, or just behind it.",
       .stimulus = "files of 65536 blocks of 8 octets, less one octet, even, and one more",
       .answers = {"ends at 0 or 1"},
       .problems = "None known.",
       .needs = needs,
       .script = last_is_zero_script},
      {.id = "TBIG-03",
       .slug = "stale-ack-at-wrap",
       .clause = "RFC 1350 s.2",
       .level = Level::Safe,
       .requirement = "After the wrap an old ACK is still old.",
       .stimulus = "ACK 65534 and a second ACK 3 after block 3 of the second lap",
       .answers = {"ignored"},
       .problems = "None known.",
       .needs = needs,
       .script = stale_at_wrap_script},
      {.id = "TBIG-04",
       .slug = "over-4gib",
       .clause = "RFC 2348; RFC 2349",
       .level = Level::Safe,
       .requirement = "A file above 4 GiB comes whole.",
       .stimulus = "5 GiB of mostly holes, blksize=65464 windowsize=64",
       .answers = {"whole"},
       .problems = "Takes minutes where the server clamps blksize to the link and has no windows.",
       .needs = {Need::Tftp, Need::LocalFiles},
       .company = Company::Alone,
       .reach = Reach::LabOnly,
       .weight = Weight::Heavy,
       .limit = 1800s,
       .script = over_4gib_script},
  };
}

}  // namespace pxeproof::conformance
