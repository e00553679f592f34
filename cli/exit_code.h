#pragma once

namespace pxeproof::cli {

// One table for all verbs (docs/exit-codes.md).
enum class ExitCode : int {
  AsExpected = 0,
  TestedThingFailed = 1,
  WrongUsage = 2,         // or a configuration, profile or capture that cannot be read
  EnvironmentFailed = 3,  // the harness: a port taken, a privilege or program missing
  NothingTested = 4,
};

}  // namespace pxeproof::cli
