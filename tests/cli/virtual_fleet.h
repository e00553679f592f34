#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/fleet_options.h"
#include "cli/fleet_run.h"

namespace pxeproof::cli {

// What `pxeproof fleet WORDS` reads, or why it refuses.
inline Outcome<FleetOptions> read_words(const std::vector<std::string>& words) {
  const Syntax syntax{.verb = "fleet",
                      .purpose = "",
                      .options = fleet_option_specs(),
                      .positionals = {},
                      .foreign = ForeignOptions::Refuse};
  const auto arguments = parse_arguments(syntax, words);
  if (!arguments) return fail(arguments.error());
  return read_fleet_options(*arguments);
}

// A fleet in virtual time.
inline FleetOptions options_of(const std::vector<std::string>& words) {
  std::vector<std::string> all{"--time", "virtual"};
  all.insert(all.end(), words.begin(), words.end());
  auto options = read_words(all);
  EXPECT_TRUE(options) << options.error().message;
  return *options;
}

inline FleetResult run(const FleetOptions& options) {
  auto result = run_virtual_fleet(options, options.clients);
  EXPECT_TRUE(result) << result.error().message;
  return std::move(*result);
}

}  // namespace pxeproof::cli
