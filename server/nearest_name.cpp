#include "server/nearest_name.h"

#include <algorithm>
#include <vector>

#include "protocol/letter_case.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kLongestName = 64;  // a longer one means none of ours

char folded(char octet) { return octet == '_' ? '-' : to_lower(octet); }

// Insertions, deletions, replacements and swaps of neighbours between two names; case and '_' for
// '-' cost nothing. Some number from the limit on for names that are at least so far apart.
std::size_t edit_distance(std::string_view left, std::string_view right, std::size_t limit) {
  if (std::max(left.size(), right.size()) - std::min(left.size(), right.size()) >= limit) {
    return limit;
  }
  std::vector<std::size_t> before_last(right.size() + 1);
  std::vector<std::size_t> last(right.size() + 1);
  std::vector<std::size_t> current(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool same = folded(left[i - 1]) == folded(right[j - 1]);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && folded(left[i - 1]) == folded(right[j - 2]) &&
                           folded(left[i - 2]) == folded(right[j - 1]);
      if (swapped) current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(current);
    // Every way to the end leads through one of two rows next to each other.
    if (std::ranges::min(last) >= limit && std::ranges::min(before_last) >= limit) return limit;
  }
  return last[right.size()];
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> candidates) {
  if (name.empty() || name.size() > kLongestName) return std::nullopt;
  // One slip in a short name, two or three in a long one.
  std::size_t nearest = name.size() / 4 + 2;
  std::optional<std::string_view> best;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate, nearest);
    if (distance < nearest && distance < std::min(name.size(), candidate.size())) {
      nearest = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace pxeproof::server
