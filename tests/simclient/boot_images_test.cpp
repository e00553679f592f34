#include <gmock/gmock.h>

#include <optional>

#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using firmware::Failure;

// The shortest thing that has a PE header for a machine.
std::string pe_image(std::uint16_t machine) {
  std::string image(200, '\0');
  image.replace(0, 2, "MZ");
  image[0x3c] = 0x40;
  image.replace(0x40, 2, "PE");
  image[0x44] = static_cast<char>(machine & 0xffU);
  image[0x45] = static_cast<char>(machine >> 8U);
  return image;
}
constexpr std::string_view kScript = "#!ipxe\necho hello\nexit\n";

// The first attempt's failure by the file it was given; nullopt: it ran the file.
struct Verdict {
  std::optional<Failure> failure;
  std::string words;
};
Verdict verdict_of(std::string_view profile, std::string file) {
  Script script;
  const auto usual = script.on_discover_address;
  // U-Boot knows no proxy, and asks for one name of its own first.
  script.on_discover_address = [usual](const dhcp::Message& request) {
    auto reply = usual(request);
    reply->header.siaddr = kBootServer;
    reply->header.file = {};
    reply->add_text(dhcp::OptionCode::BootFileName, "pxelinux.0");
    return reply;
  };
  const auto usual_ack = script.on_request;
  script.on_request = [usual_ack](const dhcp::Message& request) {
    auto reply = usual_ack(request);
    reply->header.siaddr = kBootServer;
    reply->add_text(dhcp::OptionCode::BootFileName, "pxelinux.0");
    return reply;
  };
  script.on_discover_proxy = nullptr;
  script.files["pxelinux.0"] = std::move(file);
  RomOptions options = ipxe_options();
  options.profile = *firmware::builtin_profile(profile);
  RomBench bench(std::move(options), script);
  bench.run();
  const Failed* const failed = bench.rom().failed();
  if (failed == nullptr || failed->phase != Phase::Nbp) return {};
  return {failed->failure, failed->firmware_words};
}

// Measured in QEMU: OVMF says "Not Found" of a script and goes on to its next boot option.
TEST(BootImages, NoUefiFirmwareRunsAScript) {
  for (const std::string_view profile : {"edk2-x64", "edk2-ia32", "edk2-arm64"}) {
    const Verdict verdict = verdict_of(profile, std::string(kScript));
    EXPECT_EQ(verdict.failure, Failure::NotAnImage) << profile;
    EXPECT_EQ(verdict.words, "Not Found") << profile;
  }
}

// Measured: "script.ipxe : 32 bytes [script]".
TEST(BootImages, AnIpxeRunsAScript) {
  EXPECT_EQ(verdict_of("ipxe-bios", std::string(kScript)).failure, std::nullopt);
  EXPECT_EQ(verdict_of("ipxe-efi-x64", std::string(kScript)).failure, std::nullopt);
}

TEST(BootImages, AUefiFirmwareRunsImagesOfItsMachineOnly) {
  EXPECT_EQ(verdict_of("edk2-x64", pe_image(0x8664)).failure, std::nullopt);
  const Verdict other = verdict_of("edk2-x64", pe_image(0xaa64));
  EXPECT_EQ(other.failure, Failure::OtherMachine);
  EXPECT_EQ(other.words, "Unsupported");
}

// Measured in QEMU with syslinux.efi, snponly.efi and an empty loop: the ROM of 2019 says
// "[PXE-NBP (may be EFI?)]", jumps, and is never heard of again.
TEST(BootImages, ABiosRomJumpsIntoAUefiImageAndHangs) {
  const Verdict ipxe = verdict_of("ipxe-bios", pe_image(0x8664));
  EXPECT_EQ(ipxe.failure, Failure::ImageHangs);
  EXPECT_EQ(ipxe.words, "[PXE-NBP (may be EFI?)]");
  EXPECT_EQ(verdict_of("intel-2.1", pe_image(0x8664)).failure, Failure::ImageHangs);
}

// It has no signature to look for: the machine executes the text.
TEST(BootImages, ABiosRomOfAnotherKindJumpsIntoAScript) {
  EXPECT_EQ(verdict_of("intel-2.1", std::string(kScript)).failure, Failure::ImageHangs);
}

// memtest86+x64.efi is a kernel by its header too: iPXE loads it as one.
TEST(BootImages, AKernelWithAPeHeaderIsAKernelToIpxe) {
  std::string kernel = pe_image(0x8664);
  kernel.resize(0x300, '\0');
  kernel.replace(0x202, 4, "HdrS");
  EXPECT_EQ(verdict_of("ipxe-bios", kernel).failure, std::nullopt);
  EXPECT_EQ(verdict_of("edk2-x64", kernel).failure, std::nullopt);
  EXPECT_EQ(verdict_of("intel-2.1", kernel).failure, Failure::ImageHangs);
}

// Measured: "No UEFI binary known at 0x40400000", and "Loading image failed" for x64's memtest86+.
TEST(BootImages, UbootSaysWhichItWas) {
  EXPECT_EQ(verdict_of("uboot-arm64", std::string(kScript)).words,
            "No UEFI binary known at 0x40400000");
  EXPECT_EQ(verdict_of("uboot-arm64", pe_image(0x8664)).words, "Loading image failed");
}

}  // namespace
}  // namespace pxeproof::rom
