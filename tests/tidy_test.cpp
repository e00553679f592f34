#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/tidy/source_rules.h"

namespace pxeproof::tidy {
namespace {

namespace fs = std::filesystem;

bool is_text(const fs::path& path) {
  for (const char* suffix : {".cpp", ".h", ".in", ".txt", ".cmake", ".md", ".toml", ".json"}) {
    if (path.extension() == suffix) return true;
  }
  return path.filename() == "dev" || path.filename() == "run";
}

// Every text file of the repository in order of its path; builds and seeds of the fuzzers are none.
std::vector<Source> read_sources() {
  std::vector<Source> sources;
  const fs::path root = PXEPROOF_SOURCE_DIR;
  fs::recursive_directory_iterator at(root);
  for (; at != fs::recursive_directory_iterator(); ++at) {
    const std::string name = at->path().filename();
    const bool skipped =
        name == "build" || name == "out" || name == "corpus" || name == ".git" || name == ".cache";
    if (at->is_directory() && skipped) {
      at.disable_recursion_pending();
    } else if (at->is_regular_file() && is_text(at->path())) {
      std::ifstream file(at->path(), std::ios::binary);
      sources.push_back({at->path().lexically_relative(root).generic_string(),
                         std::string(std::istreambuf_iterator<char>(file), {})});
    }
  }
  std::ranges::sort(sources, {}, &Source::path);
  return sources;
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all = read_sources();
  return all;
}

// One line for each violation; empty when there is none.
std::string judge(std::vector<Violation> (*rule)(const Source&)) {
  std::string report;
  for (const Source& source : sources()) {
    for (const Violation& violation : rule(source)) report += to_string(violation) + "\n";
  }
  return report;
}

TEST(Tidy, FindsTheSources) { EXPECT_GT(sources().size(), 50U) << PXEPROOF_SOURCE_DIR; }

TEST(Tidy, DependenciesPointDown) { EXPECT_EQ(judge(check_includes), ""); }

TEST(Tidy, HeavyHeadersStayInSources) { EXPECT_EQ(judge(check_heavy_headers), ""); }

TEST(Tidy, ClocksEntropyAndSocketsStayInLive) { EXPECT_EQ(judge(check_outside_world), ""); }

TEST(Tidy, NoPathOfOneMachineIsNamed) { EXPECT_EQ(judge(check_paths), ""); }

TEST(Tidy, TheFormIsKept) { EXPECT_EQ(judge(check_form), ""); }

TEST(Tidy, EverySourceIsBuilt) {
  std::string report;
  for (const Violation& violation : find_unbuilt(sources())) report += to_string(violation) + "\n";
  EXPECT_EQ(report, "");
}

}  // namespace
}  // namespace pxeproof::tidy
