#include "tests/simclient/grub_recordings.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>

#include "tests/simclient/elf_sections.h"
#include "tests/simclient/grub_boot.h"

namespace pxeproof::rom {
namespace {

firmware::GrubImage image_of(const GrubRecording& recording) {
  switch (recording.image) {
    case GrubRecording::Image::Netdir:
      return netdir_image();
    case GrubRecording::Image::NetdirEfi: {
      firmware::GrubImage image = netdir_image();
      image.platform = "x86_64-efi";
      image.modules.back() = "efinet";
      return image;
    }
    case GrubRecording::Image::Signed:
      break;
  }
  return full_image();
}

class GrubRecordings : public ::testing::TestWithParam<GrubRecording> {};

TEST_P(GrubRecordings, AreRepeatedFileByFile) {
  const GrubRecording& recording = GetParam();
  GrubFiles files;
  for (const auto& [path, content] : recording.texts) files[path] = content;
  for (const auto& [path, needed] : recording.modules) files[path] = grub_module(needed);
  for (const auto& path : recording.others) files[path] = std::string(1000, 'x');
  GrubOptions options = grub_options(image_of(recording));
  options.boot_file = recording.boot_file;
  EXPECT_EQ(boot_grub(files, std::move(options)).names, recording.asked_for);
}

std::string test_name(const ::testing::TestParamInfo<GrubRecording>& recording) {
  std::string name = recording.param.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Qemu, GrubRecordings, ::testing::ValuesIn(grub_recordings()), test_name);

}  // namespace
}  // namespace pxeproof::rom
