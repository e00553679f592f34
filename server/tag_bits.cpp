#include "server/tag_bits.h"

#include <algorithm>
#include <cassert>

namespace pxeproof::server {

TagId TagNames::intern(std::string_view name) {
  const auto [entry, is_new] =
      ids_.try_emplace(std::string(name), static_cast<TagId>(names_.size()));
  if (is_new) names_.emplace_back(name);
  return entry->second;
}

std::optional<TagId> TagNames::find(std::string_view name) const {
  const auto found = ids_.find(std::string(name));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

void TagBits::reset(std::size_t names) { words_.assign((names + 63U) / 64U, 0); }

TagFilter::TagFilter(const std::vector<TagCondition>& conditions, const TagNames& names,
                     Star star) {
  for (const TagCondition& condition : conditions) {
    Term term{{}, condition.negated};
    if (star == Star::AnyTail && condition.name.ends_with('*')) {
      const std::string_view prefix(condition.name.data(), condition.name.size() - 1);
      for (std::size_t id = 0; id < names.size(); ++id) {
        if (names.name(static_cast<TagId>(id)).starts_with(prefix)) {
          term.any_of.push_back(static_cast<TagId>(id));
        }
      }
    } else if (const auto id = names.find(condition.name)) {
      term.any_of.push_back(*id);
    }
    terms_.push_back(std::move(term));
  }
}

bool TagFilter::holds(const TagBits& tags) const {
  return std::ranges::all_of(terms_, [&](const Term& term) {
    const bool is_set = std::ranges::any_of(term.any_of, [&](TagId id) { return tags.test(id); });
    return is_set != term.negated;
  });
}

bool holds(const TagFilter& filter, const TagBits& tags, Untagged untagged) {
  if (filter.is_empty()) return untagged == Untagged::Accepted;
  return filter.holds(tags);
}

}  // namespace pxeproof::server
