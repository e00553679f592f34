#include <gmock/gmock.h>

#include "tests/simclient/grub_boot.h"

namespace pxeproof::rom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(GrubStage, StartsTheDefaultEntryWithItsInitrdsInOrder) {
  const GrubBoot boot = boot_grub_config(
      "set timeout=5\nset default=b\nmenuentry A { linux /a }\n"
      "menuentry 'B b' --id b { linux /vmlinuz quiet; initrd /i1 newc:x:/i2 }\n",
      {{"/vmlinuz", "k"}, {"/i1", "1"}, {"/i2", "2"}});
  EXPECT_THAT(names_behind_config(boot), ElementsAre("/vmlinuz", "/i1", "/i2"));
  EXPECT_EQ(boot.started().image, "/vmlinuz");
  EXPECT_EQ(boot.started().command_line, "BOOT_IMAGE=/vmlinuz quiet");
}

TEST(GrubStage, HandsOverToAnotherProgram) {
  const GrubBoot boot = boot_grub_config("chainloader (tftp,10.0.0.9)//efi//shim.efi a b\nboot\n",
                                         {{"/efi/shim.efi", "MZ"}});
  EXPECT_EQ(boot.chained().image, "/efi/shim.efi");
  EXPECT_EQ(boot.chained().server, Ipv4Address::of(10, 0, 0, 9));
  EXPECT_EQ(boot.chained().arguments, "a b");
}

TEST(GrubStage, AnInitrdNeedsItsKernel) {
  const GrubBoot boot =
      boot_grub_config("timeout=0\nmenuentry a {\n linux /gone\n initrd /i\n}\n", {{"/i", "1"}});
  EXPECT_THAT(names_behind_config(boot), ElementsAre("/gone"));
  EXPECT_EQ(boot.failed().kind, BootStage::Failed::Kind::WaitsForever);
  EXPECT_EQ(boot.failed().firmware_words, "error: you need to load the kernel first.");
}

TEST(GrubStage, NoFileExistsOnTheNetworkForTestButItsSizeDoes) {
  const GrubBoot boot = boot_grub_config(
      "if [ -f /f -o -e /f -o -d /f ]; then linux /wrong; fi\n"
      "if [ -s /f ]; then linux /right; fi\nif [ ! -s /none ]; then initrd /i; fi\nboot\n",
      {{"/f", "x"}, {"/right", "k"}, {"/i", "1"}});
  EXPECT_THAT(names_behind_config(boot), ElementsAre("/f", "/right", "/none", "/i"));
  EXPECT_EQ(boot.started().image, "/right");
}

TEST(GrubStage, AnUnknownCommandCountsAsOneThatWentWell) {
  const GrubBoot boot =
      boot_grub_config("if frobnicate; then linux /k; else linux /n; fi\nboot\n", {{"/k", "k"}});
  EXPECT_EQ(boot.started().image, "/k");
}

TEST(GrubStage, FallsBackAfterAFailedEntry) {
  const GrubBoot boot = boot_grub_config(
      "set timeout=0\nset fallback=\"1 2\"\nmenuentry a { linux /a }\nmenuentry b { linux /b }\n"
      "menuentry c { linux /c }\n",
      {{"/c", "k"}});
  EXPECT_THAT(names_behind_config(boot), ElementsAre("/a", "/b", "/c"));
}

TEST(GrubStage, WaitsTakeTheirTimeWhenTheyAreReal) {
  GrubOptions options = grub_options(full_image());
  options.waits = GrubOptions::Waits::Real;
  const GrubBoot boot = boot_grub(
      {{"/grub/grub.cfg", "set timeout=7\nmenuentry a { linux /k }\n"}, {"/k", "k"}}, options);
  EXPECT_EQ(boot.took, std::chrono::seconds(7));
}

TEST(GrubStage, WithoutATimeoutItsMenuWaitsForEver) {
  EXPECT_EQ(boot_grub_config("menuentry a { linux /k }\n").failed().kind,
            BootStage::Failed::Kind::WaitsForever);
}

TEST(GrubStage, WithoutAServerItsRescuePromptWaits) {
  GrubOptions options = grub_options(full_image());
  options.server = {};
  const GrubBoot boot = boot_grub({}, options);
  EXPECT_THAT(boot.names, IsEmpty());
  EXPECT_THAT(boot.failed().reason, HasSubstr("siaddr"));
}

TEST(GrubStage, ReadsTheConfigurationNamedAfterTheMachinesUuidFirst) {
  GrubOptions options = grub_options(netdir_image());
  options.image.modules.insert(options.image.modules.end(), {"normal", "gzio"});
  options.client_uuid = Guid::parse("67452301-ab89-efcd-0123-456789abcdef");
  const GrubBoot boot = boot_grub({}, options);
  EXPECT_EQ(boot.names.front(), "/boot/grub/grub.cfg-67452301-ab89-efcd-0123-456789abcdef");
}

TEST(GrubStage, TakesItsPrefixFromTheBootFileWhenNoneIsBuiltIn) {
  GrubOptions options = grub_options(netdir_image());
  options.image.prefix.clear();
  options.boot_file = "/srv/grub/i386-pc/core.0";
  EXPECT_EQ(boot_grub({}, options).names.front(), "/srv/grub/i386-pc/normal.mod");
}

TEST(GrubStage, NamesWhatIsNotForTftp) {
  EXPECT_THAT(boot_grub_config("linux (http,10.0.0.1)/k\nboot\n").failed().reason,
              HasSubstr("(http,10.0.0.1)/k"));
}

// Against hostile configurations.

TEST(GrubStage, EndsAConfigurationThatReadsItself) {
  EXPECT_EQ(boot_grub_config("configfile /grub/grub.cfg\n").failed().kind,
            BootStage::Failed::Kind::Loops);
  EXPECT_EQ(boot_grub_config("source /grub/grub.cfg\n").failed().kind,
            BootStage::Failed::Kind::Loops);
}

TEST(GrubStage, EndsLoopsWithoutEnd) {
  EXPECT_EQ(boot_grub_config("while true; do x=1; done\n").failed().kind,
            BootStage::Failed::Kind::Loops);
  EXPECT_EQ(boot_grub_config("function f { f; }\nf\n").failed().kind,
            BootStage::Failed::Kind::Loops);
  EXPECT_EQ(boot_grub_config("while true; do linux /none; done\n").failed().kind,
            BootStage::Failed::Kind::Limit);
}

TEST(GrubStage, EndsAVariableThatDoubles) {
  EXPECT_EQ(boot_grub_config("a=x\nwhile true; do a=\"$a$a\"; done\n").failed().kind,
            BootStage::Failed::Kind::Limit);
}

TEST(GrubStage, EndsAConfigurationThatIsTooLong) {
  EXPECT_EQ(boot_grub_config(std::string(300 * 1024, '#')).failed().kind,
            BootStage::Failed::Kind::Limit);
}

}  // namespace
}  // namespace pxeproof::rom
