#include "trace/step_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kStart{};

Step missing(std::string name, Instant at) {
  TransferStep transfer;
  transfer.outcome = TransferStep::Outcome::Refused;
  transfer.filename = std::move(name);
  transfer.error_code = 1;
  transfer.error_text = "no such file";
  transfer.begun = at;
  transfer.ended = at + 1ms;
  return {at, 1, 2, transfer};
}

TEST(StoryText, FoldsAConfigurationSearchIntoOneLine) {
  StoryText story(kStart);
  EXPECT_THAT(story.on_step(missing("pxelinux.cfg/C0", kStart + 10ms)), IsEmpty());
  EXPECT_THAT(story.on_step(missing("pxelinux.cfg/C", kStart + 12ms)), IsEmpty());
  EXPECT_THAT(story.finish(),
              ElementsAre("   0.010  RRQ       pxelinux.cfg/C0 ... pxelinux.cfg/C: 2 names not "
                          "found, 3.0 ms"));
}

TEST(StoryText, TellsASingleMissInTheServersWords) {
  StoryText story(kStart);
  story.on_step(missing("boot.cfg", kStart));
  EXPECT_THAT(story.finish(),
              ElementsAre("   0.000  RRQ       boot.cfg -> ERROR 1 \"no such file\""));
}

TEST(StoryText, EscapesWhatAServerPutsIntoNames) {
  StoryText story(kStart);
  story.on_step(missing("a\x1b[2Jb", kStart));
  EXPECT_THAT(story.finish(),
              ElementsAre("   0.000  RRQ       a\\x1b[2Jb -> ERROR 1 \"no such file\""));
}

TEST(StoryText, PutsTheRemarkBehindACompleteFile) {
  TransferStep transfer;
  transfer.outcome = TransferStep::Outcome::Complete;
  transfer.filename = "pxelinux.0";
  transfer.octets = 42430;
  transfer.blocks = 30;
  transfer.block_size = 1432;
  transfer.ended = kStart + 12ms;
  transfer.sha256 = "0123456789abcdef";
  StoryText story(kStart);
  EXPECT_THAT(story.on_step({kStart, 1, 9, transfer}, "ok"),
              ElementsAre("   0.000  RRQ       pxelinux.0 -> 42,430 octets, 30 blocks of 1432, 12 "
                          "ms, sha256 0123456789ab, ok"));
}

TEST(StoryText, WritesNumbersAndDurationsForPeople) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(describe_duration(400us), "0.4 ms");
  EXPECT_EQ(describe_duration(12ms), "12 ms");
  EXPECT_EQ(describe_duration(3050ms), "3.05 s");
}

}  // namespace
}  // namespace pxeproof::trace
