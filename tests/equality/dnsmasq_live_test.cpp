#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include "live/private_namespaces.h"
#include "tests/equality/arena.h"
#include "tests/equality/differences.h"
#include "tests/equality/generator.h"
#include "tests/equality/requests.h"

namespace pxeproof::equality {
namespace {

constexpr std::uint64_t kSeed = 20'26;
constexpr std::size_t kProxyScenarios = 36;
constexpr std::size_t kStepsEach = 10;
constexpr std::size_t kPoolScenarios = 8;
constexpr std::size_t kClientsEach = 6;
constexpr std::size_t kDirectiveScenarios = 20;
constexpr std::size_t kDirectiveSteps = 12;
constexpr std::size_t kDifferencesShown = 5;

// A run of another seed or length: PXEPROOF_EQUALITY_SEED=7 PXEPROOF_EQUALITY_SCENARIOS=500; some
// of it, with all differences: PXEPROOF_EQUALITY_ONLY=relays PXEPROOF_EQUALITY_SHOWN=1000.
std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void in_namespaces(const std::function<void()>& body) {
  const auto ended = live::run_in_private_namespaces([&body] {
    body();
    return ::testing::Test::HasFailure() ? 1 : 0;
  });
  if (!ended && ended.error().is_permission()) GTEST_SKIP() << ended.error().message;
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->is_success()) << to_string(*ended);
}

std::vector<Scenario> all_scenarios() {
  const Random random(setting("PXEPROOF_EQUALITY_SEED", kSeed));
  const std::uint64_t drawn = setting("PXEPROOF_EQUALITY_SCENARIOS", kProxyScenarios);
  std::vector<Scenario> all = chosen_scenarios();
  for (std::uint64_t at = 0; at < drawn; ++at) {
    all.push_back(draw_proxy_scenario(random.fork(at), kStepsEach));
    all.back().name += fmt::format(" {}", at);
  }
  for (std::uint64_t at = 0; at < std::max<std::uint64_t>(kPoolScenarios, drawn / 5); ++at) {
    all.push_back(draw_pool_scenario(random.fork(~at), kClientsEach));
    all.back().name += fmt::format(" {}", at);
  }
  for (Scenario& scenario : directive_scenarios()) all.push_back(std::move(scenario));
  for (std::uint64_t at = 0; at < std::max<std::uint64_t>(kDirectiveScenarios, drawn / 5); ++at) {
    all.push_back(draw_directive_scenario(random.fork(0x1000'0000 + at), kDirectiveSteps));
    all.back().name += fmt::format(" {}", at);
  }
  return all;
}

std::string describe(const std::vector<Reply>& replies) {
  if (replies.empty()) return "(silence)\n";
  std::string text;
  for (const Reply& reply : replies) text += describe(reply);
  return text;
}

// Asks both servers, and keeps count.
class Comparison {
 public:
  explicit Comparison(Arena& arena) : arena_(arena) {}

  void compare(const Scenario& scenario) {
    std::vector<Step> asked = scenario.steps;
    std::vector<std::string_view> rewritten(asked.size());
    for (std::size_t at = 0; at < asked.size(); ++at) {
      if (auto rewriting = rewrite(scenario, asked[at])) {
        asked[at] = std::move(rewriting->step);
        rewritten[at] = rewriting->id;
      }
    }
    const auto theirs = arena_.ask(Program::Dnsmasq, scenario, asked);
    const auto ours = arena_.ask(Program::Pxeproof, scenario, scenario.steps);
    ASSERT_EQ(theirs.size(), asked.size());
    ASSERT_EQ(ours.size(), asked.size());
    ++configurations_;
    for (std::size_t at = 0; at < asked.size(); ++at) {
      if (!rewritten[at].empty()) ++occurred_[rewritten[at]];
      judge(scenario, theirs[at], ours[at]);
    }
  }

  std::size_t configurations() const { return configurations_; }
  std::size_t requests() const { return requests_; }
  std::size_t answered() const { return answered_; }
  bool has_occurred(std::string_view id) const { return occurred_.contains(id); }

  void report() const {
    fmt::print("{} requests, {} of them answered, in {} configurations\n", requests_, answered_,
               configurations_);
    for (const auto& [id, count] : occurred_) fmt::print("  {:5} times {}\n", count, id);
  }

 private:
  void judge(const Scenario& scenario, const Outcome& theirs, Outcome ours) {
    ++requests_;
    std::optional<Reply> expected;
    if (!theirs.replies.empty()) expected = theirs.replies.front();
    std::string applied;
    for (const std::string_view id : apply_differences(scenario, ours.step, expected)) {
      ++occurred_[id];
      applied += fmt::format(" {}", id);
    }
    std::vector<Reply> wanted;
    if (expected) wanted.push_back(*expected);
    if (theirs.replies.size() > 1) ADD_FAILURE() << "dnsmasq answered twice: " << ours.step.name;
    for (std::vector<Reply>* replies : {&wanted, &ours.replies}) {
      for (Reply& reply : *replies) smooth_times(ours.step, reply);
    }
    if (!ours.replies.empty()) ++answered_;
    if (ours.replies == wanted) return;
    if (++different_ > setting("PXEPROOF_EQUALITY_SHOWN", kDifferencesShown)) {
      ADD_FAILURE() << "one more: " << scenario.name << ", " << ours.step.name;
      return;
    }
    ADD_FAILURE() << scenario.name << ", " << ours.step.name << ", with\n"
                  << scenario.text() << "--- dnsmasq:\n"
                  << describe(theirs.replies) << "--- expected, with differences" << applied
                  << ":\n"
                  << describe(wanted) << "--- ours:\n"
                  << describe(ours.replies);
  }

  Arena& arena_;
  std::size_t configurations_ = 0;
  std::size_t requests_ = 0;
  std::size_t answered_ = 0;
  std::size_t different_ = 0;
  std::map<std::string_view, std::size_t> occurred_;
};

// Where dnsmasq 2.90 is right our reply is its own, octet for octet; where it is not, ours differs
// as it is written down, and nowhere else.
TEST(DnsmasqLive, EveryReplyIsTheSameButForTheListedDifferences) {
  in_namespaces([] {
    const auto arena = Arena::make();
    ASSERT_NE(arena, nullptr);
    Comparison comparison(*arena);
    const char* only = std::getenv("PXEPROOF_EQUALITY_ONLY");
    for (const Scenario& scenario : all_scenarios()) {
      const bool is_wanted = only == nullptr || scenario.name.find(only) != std::string::npos;
      if (is_wanted) comparison.compare(scenario);
    }
    comparison.report();
    EXPECT_GE(comparison.configurations(), 30U);
    EXPECT_GE(comparison.requests(), 300U);
    EXPECT_GE(comparison.answered(), 300U);
    for (const std::string_view id : difference_ids()) {
      EXPECT_TRUE(comparison.has_occurred(id)) << id << " is listed and does not occur";
    }
  });
}

// Boot server discovery by multicast, which dnsmasq knows nothing of: the user names the group.
TEST(DnsmasqLive, OurServerJoinsTheGroupThatItNames) {
  in_namespaces([] {
    const auto arena = Arena::make();
    ASSERT_NE(arena, nullptr);
    Scenario scenario{.name = "multicast"};
    scenario.lines = {"port=0", "dhcp-range=192.168.77.0,proxy"};
    scenario.services = {{.architecture = 0, .text = "Boot", .basename = "pxelinux"}};
    scenario.user_options = {{.code = 7, .written = "224.0.5.1", .value = {224, 0, 5, 1}}};
    count_types(scenario);
    Step named = ask_item(10, 0, 0x8000);
    named.destination.address = Ipv4Address::of(224, 0, 5, 1);
    named.destination_mac = {{0x01, 0x00, 0x5e, 0x00, 0x05, 0x01}};
    Step other = named;
    other.destination.address = Ipv4Address::of(224, 0, 5, 2);
    other.destination_mac.octets[5] = 2;
    const auto outcomes = arena->ask(Program::Pxeproof, scenario, {named, other});
    ASSERT_EQ(outcomes.size(), 2U);
    ASSERT_EQ(outcomes[0].replies.size(), 1U);
    EXPECT_EQ(outcomes[0].replies[0].source, (Endpoint{kServer, 4011}));
    EXPECT_EQ(outcomes[0].replies[0].destination, named.source);
    EXPECT_TRUE(outcomes[1].replies.empty());
  });
}

// The first cells of the first table of a section of docs/differences-from-dnsmasq.md.
std::set<std::string> listed_ids(const std::string& section) {
  std::ifstream file(std::string(PXEPROOF_SOURCE_DIR) + "/docs/differences-from-dnsmasq.md");
  std::set<std::string> ids;
  std::string line;
  while (std::getline(file, line) && line != "## " + section) {
  }
  while (std::getline(file, line) && (line.empty() || line.starts_with("|"))) {
    const std::string id = line.starts_with("| ") ? line.substr(2, line.find(" |", 2) - 2) : "id";
    if (id != "id") ids.insert(id);
  }
  return ids;
}

TEST(DnsmasqLive, TheDocumentListsTheDifferencesThatAreApplied) {
  const auto applied = difference_ids();
  EXPECT_EQ(listed_ids("DHCP and PXE"), std::set<std::string>(applied.begin(), applied.end()));
}

std::string all_tests() {
  namespace fs = std::filesystem;
  std::string text;
  for (const auto& entry : fs::recursive_directory_iterator(PXEPROOF_SOURCE_DIR "/tests")) {
    if (entry.path().extension() != ".cpp") continue;
    std::ifstream file(entry.path());
    text.append(std::istreambuf_iterator<char>(file), {});
  }
  return text;
}

TEST(DnsmasqLive, EveryTestThatTheDocumentNamesExists) {
  std::ifstream file(PXEPROOF_SOURCE_DIR "/docs/differences-from-dnsmasq.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  const std::string tests = all_tests();
  const std::regex name("`([A-Z][A-Za-z0-9]+)\\.([A-Z][A-Za-z0-9]+)`");
  std::size_t count = 0;
  for (std::sregex_iterator at(document.begin(), document.end(), name), end; at != end; ++at) {
    ++count;
    EXPECT_NE(tests.find(fmt::format("({}, {})", (*at)[1].str(), (*at)[2].str())),
              std::string::npos)
        << at->str();
  }
  EXPECT_GT(count, 30U);
}

}  // namespace
}  // namespace pxeproof::equality
