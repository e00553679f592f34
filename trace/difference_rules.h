#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "firmware/fingerprint.h"
#include "trace/compared_step.h"

namespace pxeproof::trace {

// How much a difference matters, the most first.
enum class Rank {
  Semantic,  // the client may boot something else, or nothing
  Timing,    // it does the same later, or after more tries
  Cosmetic,  // no client known acts on it
};
std::string_view to_string(Rank rank);

// What a difference means.
struct Significance {
  Rank rank = Rank::Cosmetic;
  std::string_view consequence;  // for people; may be empty
};

// Of a field of a step, for a client of this family.
Significance significance_of(const ComparedStep& step, std::string_view key,
                             firmware::Family family);

// Of a siaddr that one boot leaves out, and whose option 54 names the server that the other's
// siaddr names. nullopt: to this client it is as good as any other siaddr.
std::optional<Significance> significance_of_implied_siaddr(const ComparedStep& step,
                                                           firmware::Family family);

// Of a step that only one of the boots has.
Significance significance_of_absence(const ComparedStep& step, firmware::Family family);

}  // namespace pxeproof::trace
