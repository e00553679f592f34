#include <algorithm>

#include "server/configuration.h"

namespace pxeproof::server {

namespace {

bool is_set(const TagCondition& condition, const TagSet& tags) {
  if (!condition.name.ends_with('*')) return tags.contains(condition.name);
  // dnsmasq 2.85 and later: a star at the end stands for any tail.
  const std::string_view beginning =
      std::string_view(condition.name).substr(0, condition.name.size() - 1);
  const auto first = tags.lower_bound(beginning);
  return first != tags.end() && first->starts_with(beginning);
}

}  // namespace

bool matches(const std::vector<TagCondition>& conditions, const TagSet& tags) {
  return std::ranges::all_of(conditions, [&](const TagCondition& condition) {
    return is_set(condition, tags) != condition.negated;
  });
}

}  // namespace pxeproof::server
