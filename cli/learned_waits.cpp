#include "cli/learned_waits.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "cli/profile_draft.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;

constexpr Duration kCoarseTick = 200ms;  // a clock that moves in longer steps

std::string in_ticks_of(Duration tick, Duration wait) {
  if (tick >= kCoarseTick) {
    // The first wait is over up to a tick early.
    const auto ticks = (wait + tick - kCoarseTick / 2) / tick;
    return fmt::format("{}t", std::max<std::int64_t>(ticks, 1));
  }
  if (tick > Duration{}) {
    return fmt::format("{}t", std::max<std::int64_t>((wait + tick / 2) / tick, 1));
  }
  return milliseconds(wait);
}

}  // namespace

std::string milliseconds(Duration wait) {
  return fmt::format("{}ms", std::max<std::int64_t>((wait + 500us) / 1ms, 1));
}

std::optional<LearnedWaits> waits_of_run(const std::vector<const RecordedFrame*>& run,
                                         const firmware::RetryRule& below,
                                         const firmware::Profile& base) {
  if (run.size() < 2) return std::nullopt;
  std::vector<Duration> waits;
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 1; i < run.size(); ++i) {
    waits.push_back(run[i]->at - run[i - 1]->at);
    numbers.push_back(run[i]->number);
  }
  const std::size_t seen = waits.size();
  std::vector<Duration> known;
  if (const auto* const fixed = std::get_if<firmware::FixedWaits>(&below)) {
    known = fixed->waits;
  } else if (const auto* const adaptive = std::get_if<firmware::AdaptiveWait>(&below)) {
    for (Duration wait = adaptive->minimum; known.size() < seen; wait *= 2) known.push_back(wait);
  }
  const Duration tolerance = std::max<Duration>(50ms, base.clock.tick);
  bool fits = seen <= known.size();
  for (std::size_t i = 0; fits && i < seen; ++i) {
    fits = std::chrono::abs(waits[i] - known[i]) <= tolerance;
  }
  if (fits && std::holds_alternative<firmware::AdaptiveWait>(below)) return std::nullopt;
  if (fits) waits.assign(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(seen));
  for (std::size_t i = seen; fits && i < known.size(); ++i) waits.push_back(known[i]);
  // How long the last one is waited for no packet tells.
  if (!fits) waits.push_back(waits.back());
  std::vector<std::string> each;
  each.reserve(waits.size());
  for (const Duration wait : waits) {
    each.push_back(fits && wait % 1ms != Duration{} ? fmt::format("{}ns", wait.count())
                                                    : milliseconds(wait));
  }
  return LearnedWaits{
      toml_texts(each),
      fits ? fmt::format("as in {}; {} seen, at {}", base.name, seen, name_packets(numbers))
           : fmt::format("the first {} from {}", seen, name_packets(numbers))};
}

LearnedWaits waits_of_phase(const std::vector<ObservedMessage>& messages,
                            const firmware::DhcpPhase* phase, const firmware::Profile& base) {
  std::vector<Duration> gaps;
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 1; i < messages.size() && messages[i].same_run; ++i) {
    gaps.push_back(messages[i].frame->at - messages[i - 1].frame->at);
    numbers.push_back(messages[i].frame->number);
  }
  std::vector<Duration> known;
  if (phase != nullptr) {
    if (const auto* const fixed = std::get_if<firmware::FixedWaits>(&phase->retry)) {
      known = fixed->waits;
    }
  }
  const Duration tolerance = std::max<Duration>(50ms, base.clock.tick);
  bool fits = phase != nullptr && !known.empty() && gaps.size() < known.size() + 1;
  for (std::size_t i = 0; fits && i < gaps.size(); ++i) {
    const Duration off = gaps[i] > known[i] ? gaps[i] - known[i] : known[i] - gaps[i];
    fits = off <= tolerance;
  }
  const auto written = [&](Duration wait) {
    const bool by_ticks = phase == nullptr || !phase->exact_waits;
    return by_ticks ? in_ticks_of(base.clock.tick, wait) : milliseconds(wait);
  };
  std::vector<std::string> waits;
  if (fits) {
    for (const Duration wait : known) {
      waits.push_back(wait % 1ms == Duration{} ? fmt::format("{}ms", wait / 1ms)
                                               : fmt::format("{}ns", wait.count()));
    }
    return {toml_texts(waits), gaps.empty()
                                   ? fmt::format("as in {}: no repetition was seen", base.name)
                                   : fmt::format("as in {}; {} seen, at {}", base.name, gaps.size(),
                                                 name_packets(numbers))};
  }
  for (const Duration gap : gaps) waits.push_back(written(gap));
  for (std::size_t i = gaps.size(); i < known.size(); ++i) {
    waits.push_back(written(known[i]));
  }
  if (known.size() <= gaps.size()) {
    // How long the last one is waited for no packet tells; doubling is the specification's way.
    waits.push_back(written(gaps.empty() ? Duration(4s) : gaps.back() * 2));
  }
  return {toml_texts(waits),
          gaps.empty() ? "no repetition was seen: a guess"
                       : fmt::format("the first {} from {}", gaps.size(), name_packets(numbers))};
}

}  // namespace pxeproof::cli
