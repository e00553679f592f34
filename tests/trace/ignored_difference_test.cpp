#include "trace/ignored_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "trace/boot_grouper.h"
#include "trace/capture_reader.h"
#include "trace/compared_step.h"

namespace pxeproof::trace {
namespace {

using testing::Contains;

TEST(IgnoredDifference, ReadsAFieldByKeyByNameAndByBoth) {
  EXPECT_EQ(read_ignored("60"), "60");
  EXPECT_EQ(read_ignored("vendor-class"), "60");
  EXPECT_EQ(read_ignored("60 vendor-class"), "60");
  EXPECT_EQ(read_ignored("menu-prompt"), "43.10");
  EXPECT_EQ(read_ignored("43.10 menu-prompt"), "43.10");
  EXPECT_EQ(read_ignored("OFFER proxy:vendor-class"), "OFFER proxy:60");
  EXPECT_EQ(read_ignored("file a:b.efi:outcome"), "file a:b.efi:outcome");
  EXPECT_EQ(read_ignored("asks multicast"), "asks multicast");
}

TEST(IgnoredDifference, RefusesWhatNamesNothing) {
  for (const char* word :
       {"siadr", "61 vendor-class", "256", "43.", "43.300", "asks ", "file :name",
        "OFFER prxy:siaddr", "OFFER proxy:", ":siaddr", "Semantic", ""}) {
    EXPECT_EQ(read_ignored(word), std::nullopt) << word;
  }
}

TEST(IgnoredDifference, OffersWhatMayHaveBeenMeant) {
  EXPECT_THAT(ignorable_like("siadr"), Contains("siaddr"));
  EXPECT_THAT(ignorable_like("OFFER proxy:siadr"), Contains("OFFER proxy:siaddr"));
  EXPECT_THAT(ignorable_like("OFFER prxy:siaddr"), Contains("OFFER proxy:siaddr"));
}

// The words are a list of their own: whatever a recorded boot is compared by must be in it.
TEST(IgnoredDifference, KnowsEveryFieldOfEveryRecordedBoot) {
  std::size_t fields = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PXEPROOF_SOURCE_DIR) + "/pcaps")) {
    if (entry.path().extension() != ".pcapng") continue;
    auto reader = CaptureReader::open(entry.path().string());
    ASSERT_TRUE(reader) << reader.error().message;
    BootGrouper grouper;
    while (const auto frame = reader->next()) {
      grouper.on_frame({frame->number, frame->at, frame->interface, frame->octets});
    }
    grouper.finish();
    while (const auto boot = grouper.poll_boot()) {
      for (const ComparedStep& step : compared_steps(*boot)) {
        EXPECT_TRUE(read_ignored(step.title + ":step")) << step.title;
        for (const ComparedField& field : step.fields) {
          EXPECT_EQ(read_ignored(field.key), field.key);
          EXPECT_EQ(read_ignored(field.label), field.key);
          ++fields;
        }
      }
    }
  }
  EXPECT_GT(fields, 1000U) << "no captures in pcaps/";
}

}  // namespace
}  // namespace pxeproof::trace
