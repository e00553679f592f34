#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/fidelity.h"
#include "cli/profile_draft.h"

namespace pxeproof::cli {

// A draft and how its packets compare with a recording.
struct ScoredDraft {
  ProfileDraft draft;
  FidelityReport report;
  std::size_t distance = 0;  // 0: equal packets; smaller is nearer
  std::string error;         // why the draft is no profile; empty: it is one
};

// Boots the draft's twin against the recording.
ScoredDraft score_draft(const RecordedBoot& boot, ProfileDraft draft, const FidelityOptions& how);

// Tries other values for the rules that no single packet shows (who is preferred, how secs counts,
// whether ARP is forgotten, ...) as long as they bring the packets nearer to the recorded ones.
// What was taken is told in `found`, as "table.key = value".
ScoredDraft search_rules(const RecordedBoot& boot, ScoredDraft start, const FidelityOptions& how,
                         std::vector<std::string>& found);

}  // namespace pxeproof::cli
