#include "cli/serve_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/boot_file_check.h"
#include "cli/configuration_disk.h"
#include "firmware/boot_program.h"
#include "tests/cli/run_pxeproof.h"

namespace pxeproof::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const std::vector<NetworkInterface> kInterfaces{
    {.index = 1, .name = "lo", .addresses = {{{0x7f000001}, {0xff000000}}}},
    {.index = 2,
     .name = "eth0",
     .mac = {{2, 0, 0, 0, 0, 1}},
     .addresses = {{Ipv4Address::of(10, 0, 0, 9), Ipv4Address::of(255, 255, 255, 0)}}}};

// The headers of a PE image for a machine, an EFI application.
std::string efi(std::uint16_t machine) {
  std::string image(512, '\0');
  image.replace(0, 2, "MZ");
  image[0x3c] = '\x80';
  image.replace(0x80, 2, "PE");
  image[0x84] = static_cast<char>(machine & 0xffU);
  image[0x85] = static_cast<char>(machine >> 8U);
  image[0x80 + 24 + 68] = 10;
  return image;
}
const std::string kPxelinux = "\xeb\x58 PXELINUX 6.04 PXE 20200816 ";
const std::string kKernel = [] {
  std::string image = efi(0x8664);
  image.resize(2048);
  image.replace(0x202, 4, "HdrS");
  return image;
}();

// Not root's rules: the tests' files are their own user's.
Outcome<DirectoryConfiguration> configure(const std::string& directory,
                                          const FileRules& rules = {}) {
  return directory_configuration(directory, kInterfaces, rules);
}

std::vector<std::string> warnings_of(const Outcome<DirectoryConfiguration>& made) {
  std::vector<std::string> lines;
  if (!made) return {made.error().message};
  for (const server::Diagnostic& each : made->file_warnings)
    lines.push_back(server::to_string(each));
  return lines;
}

TEST(BootProgram, IsToldByItsOctets) {
  const auto architectures = [](const std::string& name, const std::string& image) {
    const auto program = firmware::read_boot_program(name, as_bytes(image));
    return program ? program->architectures : std::vector<std::uint16_t>{};
  };
  EXPECT_THAT(architectures("a", kPxelinux), ElementsAre(0));
  EXPECT_THAT(architectures("a", efi(0x8664)), ElementsAre(7, 9));
  EXPECT_THAT(architectures("a", efi(0x014c)), ElementsAre(6));
  EXPECT_THAT(architectures("a", efi(0xaa64)), ElementsAre(11));
  EXPECT_THAT(architectures("undionly.kpxe", "anything"), ElementsAre(0));
  EXPECT_THAT(architectures("vmlinuz.efi", kKernel), ElementsAre());
  EXPECT_THAT(architectures("mmx64.efi", efi(0x8664)), ElementsAre());
  EXPECT_THAT(architectures("notes.txt", "PXE"), ElementsAre());
  std::string arm_kernel = efi(0xaa64);
  arm_kernel.replace(0x38, 4, "ARM\x64");
  EXPECT_THAT(architectures("Image", arm_kernel), ElementsAre());
}

TEST(BootProgram, IsReadFromAnyOctets) {
  for (std::size_t size = 0; size < 512; ++size) {
    const std::string cut = efi(0x8664).substr(0, size);
    static_cast<void>(firmware::read_boot_program("a.efi", as_bytes(cut)));
  }
  std::string far = efi(0x8664);
  far.replace(0x3c, 4, "\xff\xff\xff\xff");
  EXPECT_FALSE(firmware::read_boot_program("a.efi", as_bytes(far)));
}

TEST(ServeDirectory, MapsProgramsToArchitectures) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/pxelinux.0", kPxelinux);
  scratch.write("tree/undionly.kpxe", "ipxe");
  scratch.write("tree/efi/grubx64.efi", efi(0x8664));
  scratch.write("tree/efi/shimx64.efi", efi(0x8664));
  scratch.write("tree/vmlinuz", kKernel);
  const auto made = configure(scratch.path("tree"));
  ASSERT_TRUE(made) << made.error().message;
  const auto loaded = load_configuration_text("serve", made->text);
  ASSERT_TRUE(loaded) << loaded.error().message << "\n" << made->text;
  EXPECT_EQ(describe_services(loaded->configuration),
            "serving: arch 0 pxelinux.0, arch 7+9 efi/shimx64.efi   not served: arch 6, 11");
  ASSERT_EQ(loaded->configuration.ranges.size(), 1U);
  EXPECT_EQ(to_string(loaded->configuration.ranges[0].start), "10.0.0.0");
  EXPECT_EQ(loaded->configuration.tftp.root, scratch.path("tree"));
}

// With Secure Boot a firmware starts nothing else of that tree.
TEST(ServeDirectory, OffersTheShimOfDebiansNetbootTree) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/debian-installer/amd64/grubx64.efi", efi(0x8664));
  scratch.write("tree/debian-installer/amd64/bootnetx64.efi", efi(0x8664));
  const auto made = configure(scratch.path("tree"));
  ASSERT_TRUE(made);
  EXPECT_THAT(made->text,
              HasSubstr("7,\"Network boot\",\"debian-installer/amd64/bootnetx64.efi\""));
}

TEST(ServeDirectory, GivesIpxeItsScriptAndNotItselfAgain) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/undionly.kpxe", "ipxe");
  scratch.write("tree/boot.ipxe", "#!ipxe\n");
  const auto made = configure(scratch.path("tree"));
  ASSERT_TRUE(made);
  EXPECT_THAT(made->text, AllOf(HasSubstr("dhcp-boot=tag:ipxe,boot.ipxe"),
                                HasSubstr("pxe-service=tag:!ipxe,0,")));
  const auto loaded = load_configuration_text("serve", made->text);
  ASSERT_TRUE(loaded);
  EXPECT_THAT(describe_services(loaded->configuration),
              HasSubstr("serving: arch 0 undionly.kpxe, iPXE boot.ipxe   not"));
}

// The name says nothing here, and the machine would say nothing either.
TEST(BootFileCheck, FindsAProgramForAnotherMachineByWhatIsInIt) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/loader", efi(0x8664));
  scratch.write("tree/loader.0", efi(0x8664));
  scratch.write("tree/pxelinux.0", kPxelinux);
  const auto loaded = load_configuration_text(
      "serve", "dhcp-range=10.0.0.0,proxy\nenable-tftp\ntftp-root=" + scratch.path("tree") +
                   "\npxe-service=x86PC,A,loader\npxe-service=x86PC,B,pxelinux\n"
                   "pxe-service=11,C,loader\npxe-service=7,D,loader\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  std::vector<std::string> found;
  for (const server::Diagnostic& each : check_boot_files(loaded->configuration)) {
    found.push_back(each.rule + ":" + std::to_string(each.location.line));
  }
  EXPECT_THAT(found, ::testing::ElementsAre("boot-file-foreign:4", "boot-file-foreign:6"));
}

TEST(ServeDirectory, SaysWhatIsMissing) {
  const testing::ScratchDirectory scratch;
  scratch.write("empty/readme", "nothing to boot");
  const auto nothing = configure(scratch.path("empty"));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ExitCode::WrongUsage);
  EXPECT_THAT(nothing.error().message, HasSubstr("pxelinux.0"));
  EXPECT_THAT(configure(scratch.path("none")).error().message, HasSubstr("no such directory"));
  scratch.write("tree/pxelinux.0", kPxelinux);
  const auto offline = directory_configuration(scratch.path("tree"), {kInterfaces[0]}, {});
  EXPECT_EQ(offline.error().code, ExitCode::EnvironmentFailed);
}

TEST(ServeDirectory, SurvivesNamesThatTheLanguageWouldTakeApart) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/a, \"b\" #c.efi", efi(0x014c));
  const auto made = configure(scratch.path("tree"));
  ASSERT_TRUE(made);
  const auto loaded = load_configuration_text("serve", made->text);
  ASSERT_TRUE(loaded) << loaded.error().message << "\n" << made->text;
  EXPECT_EQ(loaded->configuration.services[0].basename, "a, \"b\" #c.efi");
}

TEST(ServeDirectory, OffersNoNameThatMachinesWouldAskForOtherwise) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/pxelinux", kPxelinux);
  scratch.write("tree/a\nb.efi", efi(0x014c));
  scratch.write("tree/a\\b.efi", efi(0xaa64));
  scratch.write("tree/7", efi(0x8664));
  const auto made = configure(scratch.path("tree"));
  ASSERT_TRUE(made) << made.error().message;
  const auto loaded = load_configuration_text("serve", made->text);
  ASSERT_TRUE(loaded) << loaded.error().message << "\n" << made->text;
  EXPECT_EQ(describe_services(loaded->configuration),
            "serving: arch 7+9 ./7   not served: arch 0, 6, 11");
  EXPECT_THAT(warnings_of(made),
              UnorderedElementsAre(
                  AllOf(HasSubstr("tree/pxelinux: warning: its name has no dot"),
                        HasSubstr("rename it pxelinux.0")),
                  HasSubstr("a\\x0ab.efi: warning: its name has a control character"),
                  HasSubstr("a\\b.efi: warning: a client that asks for it gets a/b.efi instead")));
}

TEST(ServeDirectory, OffersNoProgramThatWouldBeRefused) {
  namespace fs = std::filesystem;
  const testing::ScratchDirectory scratch;
  const std::string closed = scratch.write("tree/pxelinux.0", kPxelinux);
  fs::permissions(closed, fs::perms::owner_read);
  scratch.write("outside.efi", efi(0x014c));
  fs::create_directories(scratch.path("tree/open"));
  fs::create_symlink("../../outside.efi", scratch.path("tree/open/ia32.efi"));
  fs::permissions(scratch.path("tree/open"), fs::perms::all);
  fs::create_symlink("nowhere", scratch.path("tree/grubaa64.efi"));
  scratch.write("tree/core.0", "grub");
  const auto made = configure(scratch.path("tree"), {.require_world_readable = true});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->text, HasSubstr("pxe-service=0,\"Network boot\",\"core.0\"\n"));
  EXPECT_THAT(
      warnings_of(made),
      UnorderedElementsAre(
          AllOf(HasSubstr("tree/pxelinux.0: warning: not everybody may read it (mode 0400), so it "
                          "is not offered; chmod a+r "),
                HasSubstr("tree/pxelinux.0")),
          HasSubstr("tree/open/ia32.efi: warning: it is a symbolic link out of the served"),
          HasSubstr("tree/grubaa64.efi: warning: it is a link to nothing")));
}

TEST(ServeDirectory, SaysWhyNoneOfItsProgramsIsOffered) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/pxelinux", kPxelinux);
  EXPECT_THAT(warnings_of(configure(scratch.path("tree"))),
              ElementsAre(AllOf(HasSubstr("its name has no dot"), HasSubstr("no program in it"))));
}

TEST(ServeDirectory, WarnsOfIpxeThatWouldGetItselfAgain) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/ipxe.efi", efi(0x8664));
  EXPECT_THAT(warnings_of(configure(scratch.path("tree"))),
              ElementsAre(HasSubstr("tree/ipxe.efi: warning: iPXE gets no script")));
  scratch.write("tree/grubx64.efi", efi(0x8664));
  EXPECT_THAT(warnings_of(configure(scratch.path("tree"))), IsEmpty());
}

TEST(ServeDirectory, GivesIpxeNoScriptThatWouldBeRefused) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/ipxe.efi", efi(0x8664));
  std::filesystem::permissions(scratch.write("tree/boot.ipxe", "#!ipxe\n"),
                               std::filesystem::perms::owner_read);
  const auto made = configure(scratch.path("tree"), {.require_world_readable = true});
  ASSERT_TRUE(made);
  EXPECT_THAT(made->text, Not(HasSubstr("boot.ipxe")));
  EXPECT_THAT(warnings_of(made), ElementsAre(HasSubstr("boot.ipxe: warning: not everybody"),
                                             HasSubstr("iPXE gets no script")));
}

// It ended: "no program in it that a firmware could start".
TEST(ServeDirectory, ServesTheTreeOfARaspberryPiToPisAlone) {
  const testing::ScratchDirectory scratch;
  for (const char* name : {"bootcode.bin", "start4.elf", "kernel8.img"}) {
    scratch.write(std::string("tree/") + name, "firmware");
  }
  const auto made = configure(scratch.path("tree"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->text,
              AllOf(HasSubstr("dhcp-mac=set:raspberry-pi,b8:27:eb:*:*:*\n"),
                    HasSubstr("pxe-service=tag:raspberry-pi,0,\"Raspberry Pi Boot\"\n")));
  EXPECT_THAT(made->text,
              HasSubstr("dhcp-boot=tag:raspberry-pi,tag:architecture-0,\"bootcode.bin\"\n"));
  const auto loaded = load_configuration_text("serve", made->text);
  ASSERT_TRUE(loaded) << loaded.error().message << "\n" << made->text;
  EXPECT_EQ(describe_services(loaded->configuration),
            "serving: Raspberry Pi   not served: arch 0, 6, 7, 11");

  scratch.write("tree/pxelinux.0", kPxelinux);
  const auto both = configure(scratch.path("tree"));
  ASSERT_TRUE(both);
  EXPECT_THAT(both->text,
              HasSubstr("pxe-service=tag:!raspberry-pi,0,\"Network boot\",\"pxelinux.0\"\n"));
}

// memtest86+ is a kernel by its headers, too.
TEST(ServeDirectory, OffersAnEfiProgramOfAnyName) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/memtest86+x64.efi", kKernel);
  scratch.write("tree/vmlinuz.efi", kKernel);
  const auto made = configure(scratch.path("tree"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->text, HasSubstr("pxe-service=7,\"Network boot\",\"memtest86+x64.efi\"\n"));
  scratch.write("tree/anything", efi(0x8664));
  EXPECT_THAT(configure(scratch.path("tree"))->text,
              HasSubstr("pxe-service=7,\"Network boot\",\"anything\"\n"));
}

TEST(ServeDirectory, SaysWhatThereIsInsteadOfAProgram) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/boot.ipxe", "#!ipxe\n");
  scratch.write("tree/vmlinuz", kKernel);
  scratch.write("tree/mmx64.efi", efi(0x8664));
  for (const char* name : {"a", "b", "c", "d"}) scratch.write(std::string("tree/sub/") + name, "x");
  const auto refused = configure(scratch.path("tree"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("there is boot.ipxe (a script for iPXE, which has to be started"),
                    HasSubstr("mmx64.efi (an EFI program that shim starts)"),
                    HasSubstr("vmlinuz (a Linux kernel, which a loader has to start)"),
                    HasSubstr("sub/b (neither a PXE nor an EFI program); 2 more; add iPXE")));
}

TEST(ServeDirectory, WaitsWhereItMayForAProgram) {
  const testing::ScratchDirectory scratch;
  scratch.write("tree/readme", "nothing to boot");
  const auto made =
      directory_configuration(scratch.path("tree"), kInterfaces, {}, NoProgram::Awaited);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(warnings_of(made),
              ElementsAre(AllOf(HasSubstr("warning: no program in it"), HasSubstr("add pxelinux.0"),
                                HasSubstr("it will be offered"))));
  const auto loaded = load_configuration_text("serve", made->text);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(describe_services(loaded->configuration), "serving: no boot program yet");
  EXPECT_FALSE(directory_configuration(scratch.path("none"), kInterfaces, {}, NoProgram::Awaited));
}

}  // namespace
}  // namespace pxeproof::cli
