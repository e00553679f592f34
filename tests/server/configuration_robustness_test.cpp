#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/random.h"
#include "server/lint.h"
#include "tests/server/example_configurations.h"
#include "tests/server/read_configuration.h"

namespace pxeproof::server {
namespace {

constexpr std::uint64_t kSeed = 0x5eed;

// One line of each directive's form, for truncation and mutation.
constexpr std::string_view kForms = R"(dhcp-range=tag:a,set:b,192.168.1.0,proxy,255.255.255.0
dhcp-range=10.0.0.10,10.0.0.20,255.255.255.0,10.0.0.255,12h
dhcp-option=tag:a,vendor:PXEClient,6,2b
dhcp-option=option:classless-static-route,10.0.0.0/8,1.2.3.4
dhcp-option=119,eng.apple.com,marketing.apple.com
dhcp-option=vi-encap:2,10,f1:00:74
dhcp-match=set:c,option:client-machine-id,00:11:*
dhcp-host=aa:bb:cc:dd:ee:*,id:01:02,set:x,tag:!y,10.0.0.1,[fd00::1],name,12h,ignore
dhcp-mac=set:d,06-aa:bb:*:*:*:*
tag-if=set:e,tag:f,tag:!g
dhcp-vendorclass=set:h,enterprise:343,"a \"quoted\" text"
dhcp-circuitid=set:i,01:02:03
host-record=a,b.example.org,10.0.0.1,fd00::1,300
address=/a/b/10.0.0.1
tftp-port-range=2000,3000
shared-network=eth0,10.0.0.1
listen-address=10.0.0.1,fe80::1%eth0
)";

// Whatever the text, reading ends with a configuration or with errors that say something.
void expect_judged(const std::string& text) {
  MemoryFiles files(FileTexts{{"/f", "port=0\n"}});
  const auto result = read_configuration({.files = {{"mutant", text}}}, files);
  if (!result) {
    ASSERT_FALSE(result.error().empty());
    for (const Diagnostic& error : result.error()) {
      ASSERT_FALSE(error.what.empty() || error.remedy.empty()) << text;
      ASSERT_EQ(to_string(error).find('\x1a'), std::string::npos) << text;
    }
    return;
  }
  for (const Diagnostic& finding : lint(result->configuration)) {
    ASSERT_FALSE(finding.what.empty() || finding.remedy.empty()) << text;
  }
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string all_examples() {
  std::string text(kForms);
  for (const ExampleConfiguration& example : kExampleConfigurations) text += example.text;
  return text;
}

std::string mutated(std::string text, Random& random) {
  constexpr std::string_view kPieces = ",:=\"#!*./- \\\n0129afxz\x1a\xff";
  const std::uint64_t changes = random.between(1, 8);
  for (std::uint64_t change = 0; change < changes; ++change) {
    const auto at = static_cast<std::size_t>(random.below(text.size() + 1));
    switch (random.below(4)) {
      case 0:
        text.insert(at, 1, kPieces[random.below(kPieces.size())]);
        break;
      case 1:
        text.erase(at, random.between(1, 6));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
      default:
        text.insert(at, text.substr(text.size() - at, random.between(1, 40)));
        break;
    }
  }
  return text;
}

TEST(ConfigurationRobustness, JudgesEveryBeginningOfEveryLine) {
  for (const std::string& line : lines_of(all_examples())) {
    for (std::size_t length = 0; length <= line.size(); ++length) {
      expect_judged(line.substr(0, length));
    }
  }
}

TEST(ConfigurationRobustness, JudgesEveryEndOfEveryForm) {
  for (const std::string& line : lines_of(kForms)) {
    for (std::size_t start = 0; start <= line.size(); ++start) expect_judged(line.substr(start));
  }
}

TEST(ConfigurationRobustness, JudgesMutants) {
  Random random(kSeed);
  const std::vector<std::string> lines = lines_of(all_examples());
  for (int round = 0; round < 8'000; ++round) {
    const std::string& line = lines[random.below(lines.size())];
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << " round " << round);
    ASSERT_NO_FATAL_FAILURE(expect_judged(mutated(line, random)));
  }
}

TEST(ConfigurationRobustness, JudgesWholeMutatedFiles) {
  Random random(kSeed);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << " round " << round);
    ASSERT_NO_FATAL_FAILURE(expect_judged(mutated(all_examples(), random)));
  }
}

TEST(ConfigurationRobustness, JudgesNoise) {
  Random random(kSeed);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::uint8_t> noise(random.below(400));
    random.fill(noise);
    ASSERT_NO_FATAL_FAILURE(expect_judged(std::string(noise.begin(), noise.end())));
  }
}

TEST(ConfigurationRobustness, JudgesNoiseOnTheCommandLine) {
  Random random(kSeed);
  const std::vector<std::string> lines = lines_of(all_examples());
  for (int round = 0; round < 1'000; ++round) {
    std::vector<std::string> arguments;
    for (std::uint64_t word = random.below(6); word > 0; --word) {
      const std::string dashes = random.chance(0.8) ? "--" : "-";
      arguments.push_back(dashes + mutated(lines[random.below(lines.size())], random));
    }
    MemoryFiles files;
    const auto result = read_configuration({.command_line = arguments}, files);
    if (!result) {
      ASSERT_FALSE(result.error().empty());
    }
  }
}

// A hosts file as large as they come must not take longer than reading it.
TEST(ConfigurationRobustness, ReadsManyHostsInTime) {
  std::string hosts;
  for (int host = 0; host < 50'000; ++host) {
    hosts += "52:54:00:00:00:01,10." + std::to_string(host / 65536) + "." +
             std::to_string(host / 256 % 256) + "." + std::to_string(host % 256) + "\n";
  }
  MemoryFiles files(FileTexts{{"/hosts", hosts}});
  EXPECT_EQ(read("dhcp-hostsfile=/hosts\n", files).hosts.size(), 50'000U);
}

}  // namespace
}  // namespace pxeproof::server
