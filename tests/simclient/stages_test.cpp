#include "simclient/stages.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::rom {
namespace {

using firmware::BootImage;

std::unique_ptr<BootStage> stage_of(BootImage image, std::string_view content) {
  StageInput input;
  input.image = image;
  input.name = "boot.img";
  input.content = as_bytes(content);
  return make_stage(input);
}

// What it does on the network nobody can know; on a machine it simply runs.
TEST(Stages, ProgramsThatNobodyKnowsAreOnlyStarted) {
  for (const BootImage image : {BootImage::Unknown, BootImage::Linux, BootImage::Elf}) {
    EXPECT_EQ(stage_of(image, "MZ and more"), nullptr) << firmware::to_string(image);
  }
}

TEST(Stages, KnownProgramsRunOn) {
  EXPECT_NE(stage_of(BootImage::Pxelinux, "x"), nullptr);
  EXPECT_NE(stage_of(BootImage::SyslinuxEfi, "MZ"), nullptr);
  EXPECT_NE(stage_of(BootImage::Ipxe, "MZ"), nullptr);
  EXPECT_NE(stage_of(BootImage::IpxeScript, "#!ipxe\nexit\n"), nullptr);
  EXPECT_NE(stage_of(BootImage::Shim, "MZ"), nullptr);
}

// Cut off before the script came.
TEST(Stages, AnEmptyScriptIsNone) { EXPECT_EQ(stage_of(BootImage::IpxeScript, ""), nullptr); }

}  // namespace
}  // namespace pxeproof::rom
