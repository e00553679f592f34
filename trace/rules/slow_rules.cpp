#include <fmt/format.h>

#include <algorithm>

#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/step_text.h"

namespace pxeproof::trace::rule {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kLargeFile = 10'000'000;
constexpr std::uint32_t kManyRepeats = 3;
constexpr Duration kLongPause = 500ms;

}  // namespace

Look small_blocks(const RuleInput& in) {
  for (const BootSession& session : in.sessions) {
    for (const SeenTransfer& seen : session.transfers) {
      const bool slow = seen->block_size <= tftp::kDefaultBlockSize && seen->octets > kLargeFile;
      if (!slow) continue;
      Finding finding;
      finding.confidence = Confidence::Certain;
      add_packets(finding.packets, *seen.step);
      finding.cause =
          fmt::format("{} ({} octets) came in blocks of {}: {} round trips, {}.",
                      quote(seen->filename), with_thousands(seen->octets), seen->block_size,
                      with_thousands(seen->blocks), describe_duration(seen->ended - seen->begun));
      finding.fixes = {{"server", "agree to blksize (RFC 2348): remove tftp-no-blocksize"},
                       {"loader", "fetch large files by HTTP"}};
      finding.until = "payload";
      return finding;
    }
  }
  return std::nullopt;
}

Look packets_lost(const RuleInput& in) {
  Finding finding;
  std::uint32_t repeats = 0;
  Duration waited{};
  for (const BootSession& session : in.sessions) {
    for (const SeenTransfer& seen : session.transfers) {
      // A request that waited for its answer is another matter.
      const std::uint64_t resent =
          seen->resent - std::min<std::uint64_t>(seen->resent, seen->requests - 1);
      const bool client_repeats = seen->acknowledgements > seen->blocks + 1;
      const bool many = resent >= kManyRepeats && seen->longest_pause >= 200ms;
      const bool long_wait = seen->longest_pause >= kLongPause && (resent > 0 || client_repeats);
      if (!came_whole(*seen.what) || seen->window_size > 1 || (!many && !long_wait)) continue;
      repeats += static_cast<std::uint32_t>(resent);
      waited = std::max(waited, seen->longest_pause);
      add_packets(finding.packets, *seen.step);
    }
  }
  if (finding.packets.empty()) return std::nullopt;
  finding.cause = fmt::format(
      "Files stopped for up to {} and {} packets were seen again: packets are lost on the way.",
      describe_duration(waited), repeats);
  finding.fixes = {{"network", "look at error counters, duplex and the load of the links"}};
  finding.until = "payload";
  return finding;
}

Look late_answers(const RuleInput& in) {
  const BootSession& first = in.sessions.front();
  if (first.discovers.size() < 2 || first.acks.empty() || first.offers.empty()) {
    return std::nullopt;
  }
  const SeenDhcp& question = first.discovers.front();
  const SeenDhcp& answer = first.offers.front();
  const Duration waited = answer.at() - question.at();
  if (waited < 900ms) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = {question.packet(), answer.packet()};
  finding.cause = fmt::format("The first offer came {} after the first DISCOVER ({} sent).",
                              describe_duration(waited), first.discovers.size());
  finding.fixes = {{"address server", "it pings an address before it offers it; dnsmasq: no-ping"},
                   {"switch", "portfast: the first DISCOVERs may not have reached the server"}};
  finding.elsewhere = "whether the first ones reached the server: capture there";
  finding.until = "offer";
  return finding;
}

}  // namespace pxeproof::trace::rule
