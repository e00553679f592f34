#include "firmware/boot_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace pxeproof::firmware {
namespace {

std::string image_with(std::string_view banner) {
  return std::string(3440, '\x90') + std::string(banner) + std::string(500, '\0');
}

BootImage recognise(const std::string& octets, std::size_t block_size) {
  BootImageRecogniser recogniser;
  for (std::size_t offset = 0; offset < octets.size(); offset += block_size) {
    recogniser.on_octets(
        offset, as_bytes(octets).subspan(offset, std::min(block_size, octets.size() - offset)));
  }
  return recogniser.image();
}

TEST(BootImageRecogniser, KnowsPxelinuxHoweverItIsCut) {
  const std::string octets = image_with("PXELINUX 6.04 PXE 20200816 \r\n");
  for (const std::size_t block_size : {1UL, 7UL, 512UL, 1432UL, 65464UL}) {
    EXPECT_EQ(recognise(octets, block_size), BootImage::Pxelinux) << block_size;
  }
}

TEST(BootImageRecogniser, TellsLpxelinuxFromPxelinux) {
  EXPECT_EQ(recognise(image_with("PXELINUX 6.04 lwIP 20200816 "), 512), BootImage::Lpxelinux);
}

TEST(BootImageRecogniser, DoesNotKnowAnythingElse) {
  EXPECT_EQ(recognise(image_with("GRUB loading."), 512), BootImage::Unknown);
  EXPECT_EQ(recognise(image_with("PXELINUX"), 512), BootImage::Unknown);
  EXPECT_EQ(recognise("", 512), BootImage::Unknown);
}

TEST(BootImageRecogniser, KnowsKernelsByTheirHead) {
  std::string kernel(2000, '\0');
  kernel.replace(0x202, 4, "HdrS");
  EXPECT_EQ(recognise(kernel, 1432), BootImage::Linux);
  EXPECT_EQ(recognise("\x7f"
                      "ELF" +
                          std::string(600, '\0'),
                      512),
            BootImage::Elf);
  EXPECT_TRUE(is_kernel(BootImage::Linux));
  EXPECT_FALSE(is_kernel(BootImage::Pxelinux));
}

TEST(BootImageRecogniser, DoesNotJoinWhatIsNotAdjacent) {
  BootImageRecogniser recogniser;
  recogniser.on_octets(0, as_bytes("PXELINUX 6.04"));
  recogniser.on_octets(1000, as_bytes(" PXE 20200816"));
  EXPECT_EQ(recogniser.image(), BootImage::Unknown);
}

}  // namespace
}  // namespace pxeproof::firmware
