#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "conformance/case_station.h"
#include "conformance/result.h"

namespace pxeproof::cli {

// Writes what a case sent and received to DIRECTORY/ID.pcapng, whose comment says the case and its
// verdict; the file's name, or empty when it cannot be written or there is nothing to write.
std::string save_case(const std::filesystem::path& directory, const conformance::CaseResult& result,
                      const std::vector<conformance::CaseFrame>& frames, Duration to_unix_time);

}  // namespace pxeproof::cli
