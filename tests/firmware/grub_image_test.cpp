#include "firmware/grub_image.h"

#include <gmock/gmock.h>

#include "firmware/boot_image.h"
#include "firmware/lzma.h"
#include "tests/simclient/elf_sections.h"

namespace pxeproof::firmware {
namespace {

using ::testing::ElementsAre;

std::string little(std::uint64_t value, std::size_t octets) {
  std::string text;
  for (std::size_t i = 0; i < octets; ++i) text.push_back(static_cast<char>(value >> 8 * i));
  return text;
}

std::string module(std::uint32_t type, std::string content) {
  content.resize((content.size() + 4) / 4 * 4, '\0');
  return little(type, 4) + little(content.size() + 8, 4) + content;
}

// An image for UEFI: its head, octets that look like a module header but are none, the modules.
std::string efi_image(const std::string& modules) {
  std::string image(0x200, '\0');
  image.replace(0, 2, "MZ");
  image += "mimg" + std::string(40, '\x7f');
  image += "mimg" + little(0, 4) + little(24, 8) + little(24 + modules.size(), 8) + modules;
  return image;
}

TEST(GrubImage, TellsWhatIsBuiltIn) {
  const std::string image =
      efi_image(module(0, rom::elf_with_section(".modname", std::string("normal\0", 7))) +
                module(2, "normal (memdisk)/grub.cfg\n") + module(3, "/EFI/debian"));
  const auto grub = read_grub_image(as_bytes(image));
  ASSERT_TRUE(grub.has_value());
  EXPECT_EQ(grub->platform, "x86_64-efi");
  EXPECT_EQ(grub->prefix, "/EFI/debian");
  EXPECT_EQ(grub->config, "normal (memdisk)/grub.cfg\n");
  EXPECT_THAT(grub->modules, ElementsAre("normal"));
  EXPECT_EQ(recognise_image(as_bytes(image)), BootImage::Grub);
}

TEST(GrubImage, SurvivesEveryTruncation) {
  const std::string image =
      efi_image(module(0, rom::elf_with_section(".modname", std::string("net\0", 4))) +
                module(1, std::string(600, '\x01')) + module(3, "/grub"));
  for (std::size_t size = 0; size < image.size(); ++size) {
    EXPECT_FALSE(read_grub_image(as_bytes(std::string_view(image).substr(0, size))).has_value());
  }
}

// "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaGRUBGRUBGRUBGRUB" packed by liblzma.
constexpr std::uint8_t kPacked[] = {0x00, 0x30, 0xee, 0x16, 0x47, 0x29, 0x15, 0xc1, 0x92, 0xd2,
                                    0x95, 0x04, 0xa7, 0xff, 0xff, 0xb6, 0x34, 0x00, 0x00};

TEST(Lzma, UnpacksWhatLiblzmaPacked) {
  const auto unpacked = unpack_lzma(kPacked, 48);
  ASSERT_TRUE(unpacked.has_value());
  EXPECT_EQ(as_text(*unpacked), std::string(32, 'a') + "GRUBGRUBGRUBGRUB");
}

TEST(Lzma, RefusesATornStream) {
  for (std::size_t size = 0; size + 6 < sizeof kPacked; ++size) {
    EXPECT_FALSE(unpack_lzma(ByteView(kPacked).first(size), 48).has_value());
  }
  EXPECT_FALSE(unpack_lzma(Bytes(100, 0xff), 1000).has_value());
}

TEST(BootImage, KnowsProgramsByTheirTexts) {
  EXPECT_EQ(recognise_image(as_bytes("#!ipxe\nboot\n")), BootImage::IpxeScript);
  EXPECT_EQ(recognise_image(as_bytes("MZ See http://ipxe.org/cmd/%s for")), BootImage::Ipxe);
  EXPECT_EQ(recognise_image(as_bytes("MZ User-Agent: Syslinux/6.04")), BootImage::SyslinuxEfi);
  EXPECT_EQ(recognise_image(as_bytes("MZ shim,4,UEFI shim,shim,1,https")), BootImage::Shim);
  EXPECT_EQ(recognise_image(as_bytes("MZ anything")), BootImage::Unknown);
}

}  // namespace
}  // namespace pxeproof::firmware
