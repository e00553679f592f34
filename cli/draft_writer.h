#pragma once

#include "cli/learned_profile.h"
#include "cli/observed_machine.h"
#include "cli/profile_draft.h"
#include "firmware/profile.h"

namespace pxeproof::cli {

// What one machine showed, as rows upon a base.
ProfileDraft draft_of(const ObservedMachine& machine, const firmware::Profile& base,
                      const LearnOptions& options);

}  // namespace pxeproof::cli
