#include <algorithm>

#include "server/configuration.h"

namespace pxeproof::server {

bool matches(const std::vector<TagCondition>& conditions, const TagSet& tags) {
  return std::ranges::all_of(conditions, [&](const TagCondition& condition) {
    return tags.contains(condition.name) != condition.negated;
  });
}

}  // namespace pxeproof::server
