#include "simclient/pxelinux_stage.h"

#include <gmock/gmock.h>

#include <chrono>

#include "tests/simclient/elf_module.h"
#include "tests/simclient/pxelinux_boot.h"

namespace pxeproof::rom {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
using Kind = BootStage::Failed::Kind;

constexpr const char* kArticle =
    "default memtest86\nprompt 1\ntimeout 15\nlabel memtest86\n"
    "menu label Memtest86+ 5.01\nkernel /memtest/memtest86+-5.01\n";

std::string menu_module() {
  return as_text(elf_module({"libutil.c32"}, "Initial menu has no LABEL entries!"));
}

// The files that the boot asks for once pxelinux.cfg/default is read.
std::vector<std::string> after_default(const PxelinuxBoot& boot) {
  return boot.names_after("pxelinux.cfg/default");
}

TEST(PxelinuxStage, FetchesTheArticlesFilesInOrder) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config(kArticle, {{"/memtest/memtest86+-5.01", "memtest"}}));
  EXPECT_THAT(
      boot.names(),
      ElementsAre("ldlinux.c32", "pxelinux.cfg/01-52-54-00-12-34-56", "pxelinux.cfg/C0A8B29D",
                  "pxelinux.cfg/C0A8B29", "pxelinux.cfg/C0A8B2", "pxelinux.cfg/C0A8B",
                  "pxelinux.cfg/C0A8", "pxelinux.cfg/C0A", "pxelinux.cfg/C0", "pxelinux.cfg/C",
                  "pxelinux.cfg/default", "/memtest/memtest86+-5.01"));
  EXPECT_EQ(boot.started().image, "/memtest/memtest86+-5.01");
  EXPECT_EQ(boot.started().command_line, "BOOT_IMAGE=/memtest/memtest86+-5.01 ");
  EXPECT_THAT(boot.notes,
              ElementsAre("configuration pxelinux.cfg/default", "skips 1.5 s at the boot: prompt"));
}

TEST(PxelinuxStage, WaitsAtThePromptWhenToldToTakeItsTime) {
  PxelinuxOptions options = pxelinux_options();
  options.waits = PxelinuxWaits::Real;
  const PxelinuxBoot boot =
      boot_pxelinux(with_config(kArticle, {{"/memtest/memtest86+-5.01", "memtest"}}), options);
  EXPECT_EQ(boot.took, 1500ms);
  EXPECT_EQ(boot.notes.back(), "waits 1.5 s at the boot: prompt");
}

TEST(PxelinuxStage, TriesTheGuidBeforeTheAddresses) {
  PxelinuxOptions options = pxelinux_options();
  options.guid = Guid::parse("44454c4c-4200-1035-8051-b4c04f4a3132");
  const auto names = boot_pxelinux(with_config(kArticle), options).names();
  EXPECT_EQ(names.at(1), "pxelinux.cfg/44454c4c-4200-1035-8051-b4c04f4a3132");
  EXPECT_EQ(names.at(2), "pxelinux.cfg/01-52-54-00-12-34-56");
}

TEST(PxelinuxStage, PutsThePrefixOfTheBootFileBeforeAllNames) {
  PxelinuxOptions options = pxelinux_options();
  options.boot_file = "x/pxelinux.0";
  const PxelinuxBoot boot =
      boot_pxelinux({{"x/ldlinux.c32", "m"},
                     {"x/pxelinux.cfg/default", "default a\nlabel a\nlinux /k\n"},
                     {"x//k", "kernel"}},
                    options);
  EXPECT_EQ(boot.names().front(), "x/ldlinux.c32");
  EXPECT_EQ(boot.started().image, "x//k");
}

TEST(PxelinuxStage, ObeysOptions209And210) {
  PxelinuxOptions options = pxelinux_options();
  options.path_prefix = "/pre/fix/";
  options.config_file = "conf/my.cfg";
  const PxelinuxBoot boot = boot_pxelinux({{"/pre/fix/ldlinux.c32", "m"}}, options);
  EXPECT_EQ(boot.names().at(0), "/pre/fix/ldlinux.c32");
  EXPECT_EQ(boot.names().at(1), "/pre/fix/conf/my.cfg");
  EXPECT_EQ(boot.names().at(2), "/pre/fix/pxelinux.cfg/01-52-54-00-12-34-56");
}

TEST(PxelinuxStage, LooksForLdlinuxInTheUsualPlacesAndGivesUp) {
  const PxelinuxBoot boot = boot_pxelinux({});
  EXPECT_THAT(boot.names(),
              ElementsAre("ldlinux.c32", "/boot/isolinux/ldlinux.c32", "/isolinux/ldlinux.c32",
                          "/boot/syslinux/ldlinux.c32", "/syslinux/ldlinux.c32", "/ldlinux.c32"));
  EXPECT_EQ(boot.failed().firmware_words, "Failed to load ldlinux.c32");
  EXPECT_EQ(boot.failed().kind, Kind::Halted);
}

TEST(PxelinuxStage, GivesUpWithoutAConfiguration) {
  const PxelinuxBoot boot = boot_pxelinux({{"ldlinux.c32", "m"}});
  EXPECT_EQ(boot.names().size(), 11U);
  EXPECT_EQ(boot.failed().firmware_words, "Unable to locate configuration file");
}

TEST(PxelinuxStage, TakesAnEmptyFileForAMissingOne) {
  Files files = with_config(kArticle);
  files["pxelinux.cfg/C0A8"] = "";
  EXPECT_EQ(boot_pxelinux(files).names().at(10), "pxelinux.cfg/default");
}

TEST(PxelinuxStage, AsksForAMissingKernelAtEachPromptAndNamesTheLoop) {
  const PxelinuxBoot boot = boot_pxelinux(with_config(kArticle));
  EXPECT_THAT(after_default(boot),
              ElementsAre("/memtest/memtest86+-5.01", "/memtest/memtest86+-5.01",
                          "/memtest/memtest86+-5.01"));
  EXPECT_EQ(boot.failed().firmware_words,
            "Loading /memtest/memtest86+-5.01... failed: No such file or directory");
  EXPECT_EQ(boot.failed().reason,
            "/memtest/memtest86+-5.01 is not on the server; the boot: prompt tries again every "
            "1.5 s for ever, as the real one does");
  EXPECT_EQ(boot.failed().kind, Kind::Loops);
}

TEST(PxelinuxStage, WaitsForEverAtAPromptWithoutTimeout) {
  const PxelinuxBoot missing = boot_pxelinux(with_config("default a\nlabel a\nlinux k\n"));
  EXPECT_THAT(after_default(missing), ElementsAre("k"));
  EXPECT_EQ(missing.failed().kind, Kind::WaitsForever);
  EXPECT_EQ(missing.failed().firmware_words, "Loading k... failed: No such file or directory");

  const PxelinuxBoot asked = boot_pxelinux(with_config("default a\nprompt 1\nlabel a\nlinux k\n"));
  EXPECT_THAT(after_default(asked), ElementsAre());
  EXPECT_EQ(asked.failed().firmware_words, "boot:");
  EXPECT_EQ(asked.failed().kind, Kind::WaitsForever);
}

TEST(PxelinuxStage, TakesTotaltimeoutWhenThereIsNoTimeout) {
  PxelinuxOptions options = pxelinux_options();
  options.waits = PxelinuxWaits::Real;
  const PxelinuxBoot boot = boot_pxelinux(
      with_config("default k\nprompt 1\ntotaltimeout 20\nlabel k\n", {{"k", "kernel"}}), options);
  EXPECT_EQ(boot.took, 2s);
  EXPECT_EQ(boot.started().image, "k");
}

TEST(PxelinuxStage, LoadsTheInitrdsInOrderAfterTheKernel) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config("default a\nlabel a\nlinux k\ninitrd i1,i2\nappend ro\n",
                                {{"k", "x"}, {"i1", "x"}, {"i2", "x"}}));
  EXPECT_THAT(after_default(boot), ElementsAre("k", "i1", "i2"));
  EXPECT_EQ(boot.started().command_line, "BOOT_IMAGE=k ro initrd=i1,i2");
}

TEST(PxelinuxStage, HonoursOnlyTheFirstInitrdOfTheCommandLineAndRunsOnerror) {
  const PxelinuxBoot boot = boot_pxelinux(
      with_config("default a\nonerror b x\nlabel a\nlinux mt\ninitrd i1,i2\nappend foo=1 "
                  "initrd=i0,i9\nlabel b\nlinux kb\n",
                  {{"mt", "x"}, {"i0", "x"}}));
  EXPECT_THAT(after_default(boot), ElementsAre("mt", "i0", "i9", "kb"));
  EXPECT_EQ(boot.failed().firmware_words, "Loading kb... failed: No such file or directory");
}

TEST(PxelinuxStage, SpeaksOfAMissingInitrdAsTheRealOneDoes) {
  const std::string label = "default a\nlabel a\nlinux mt\ninitrd i2\n";
  EXPECT_EQ(boot_pxelinux(with_config(label, {{"mt", "x"}})).failed().firmware_words,
            "Loading i2...failed: No such file or directory");
  EXPECT_EQ(
      boot_pxelinux(with_config(label + "append quiet\n", {{"mt", "x"}})).failed().firmware_words,
      "Loading i2 failed: No such file or directory");
}

TEST(PxelinuxStage, TriesExtensionsForAWordThatIsNoLabel) {
  const PxelinuxBoot boot = boot_pxelinux(with_config("default foo bar\npath /lib/:/usr\n"));
  EXPECT_THAT(after_default(boot),
              ElementsAre("foo.c32", "/usr/foo.c32", "/lib/foo.c32", "foo.img", "/usr/foo.img",
                          "/lib/foo.img", "foo.bss", "/usr/foo.bss", "/lib/foo.bss", "foo.bin",
                          "/usr/foo.bin", "/lib/foo.bin", "foo.bs", "/usr/foo.bs", "/lib/foo.bs",
                          "foo.0", "/usr/foo.0", "/lib/foo.0", "foo"));
}

TEST(PxelinuxStage, ProbesForTheExtensionAndThenFetchesTheFile) {
  const PxelinuxBoot boot = boot_pxelinux(with_config("default foo bar\n", {{"foo.img", "x"}}));
  EXPECT_THAT(after_default(boot), ElementsAre("foo.c32", "foo.img", "foo.img"));
  EXPECT_EQ(boot.fetches[boot.fetches.size() - 2].use, Fetch::Use::Probe);
  EXPECT_EQ(boot.fetches.back().use, Fetch::Use::Image);
  EXPECT_EQ(boot.started().command_line, "BOOT_IMAGE=foo.img bar");
}

TEST(PxelinuxStage, RunsOntimeoutInsteadOfTheDefault) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config("default a\ntimeout 20\nprompt 1\nontimeout b opt\nlabel a\n"
                                "linux ka\nlabel b\nlinux kb\n",
                                {{"ka", "x"}, {"kb", "x"}}));
  EXPECT_EQ(boot.started().command_line, "BOOT_IMAGE=kb opt");
}

TEST(PxelinuxStage, LoadsLdlinuxAgainForConfigAndGoesToItsDirectory) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config("default a\nlabel a\nconfig sub/new.cfg\nappend sub/\n",
                                {{"sub/new.cfg", "default b\nlabel b\nconfig third.cfg\n"},
                                 {"sub/ldlinux.c32", "m"},
                                 {"sub/third.cfg", "default c\nlabel c\nlinux k1\n"}}));
  EXPECT_THAT(after_default(boot), ElementsAre("ldlinux.c32", "sub/new.cfg", "sub/ldlinux.c32",
                                               "sub/third.cfg", "sub/k1"));
}

TEST(PxelinuxStage, StandsAtThePromptAfterAMissingConfig) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config("default a\nlabel a\nconfig nofile.cfg\nappend dir/\n"));
  EXPECT_THAT(after_default(boot), ElementsAre("ldlinux.c32", "nofile.cfg"));
  EXPECT_EQ(boot.failed().firmware_words, "No DEFAULT or UI configuration directive found!");
  EXPECT_EQ(boot.failed().kind, Kind::WaitsForever);
}

TEST(PxelinuxStage, NamesTheLoopOfAConfigThatReadsItself) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config("default a\nlabel a\nconfig pxelinux.cfg/default\n"));
  EXPECT_EQ(boot.failed().kind, Kind::Loops);
  EXPECT_EQ(boot.failed().reason,
            "CONFIG reads pxelinux.cfg/default again and again, for ever, as the real one does");
}

TEST(PxelinuxStage, StartsAnotherPxelinuxAnewAndNamesTheLoop) {
  const PxelinuxBoot boot = boot_pxelinux(
      with_config("default a\nlabel a\nkernel pxelinux.0\n", {{"pxelinux.0", "PXELINUX 6.04"}}));
  EXPECT_EQ(boot.failed().kind, Kind::Loops);
  EXPECT_THAT(boot.failed().reason, HasSubstr("pxelinux.0 starts itself again"));
  std::size_t anew = 0;
  for (const Fetch& fetch : boot.fetches) {
    if (fetch.ports != Fetch::Ports::First) continue;
    EXPECT_EQ(fetch.name, "ldlinux.c32");
    ++anew;
  }
  EXPECT_EQ(anew, 3U);
}

TEST(PxelinuxStage, StartsAnyOtherProgramAndBootSector) {
  const PxelinuxBoot other =
      boot_pxelinux(with_config("default a\nlabel a\nkernel grub.0 x\n", {{"grub.0", "x"}}));
  EXPECT_EQ(std::get<BootStage::Chained>(other.ending).image, "grub.0");
  EXPECT_EQ(boot_pxelinux(with_config("default a\nlabel a\nkernel m.bin\n", {{"m.bin", "x"}}))
                .started()
                .image,
            "m.bin");
  const PxelinuxBoot large = boot_pxelinux(
      with_config("default a\nlabel a\nkernel m.bin\n", {{"m.bin", std::string(700'000, 'x')}}));
  EXPECT_EQ(large.failed().firmware_words,
            "Too large for a boostrap (need LINUX instead of KERNEL?)");
}

TEST(PxelinuxStage, SyslinuxEfiAsksForAnAddressFirstAndLoadsItsOwnCore) {
  PxelinuxOptions options = pxelinux_options();
  options.boot_file = "efi64/syslinux.efi";
  options.variant = PxelinuxOptions::Variant::SyslinuxEfi;
  options.core = "ldlinux.e64";
  options.dhcp_profile = "edk2-address-only";
  const auto stage = make_pxelinux_stage(options);
  stage->start(kPowerOn);
  EXPECT_FALSE(stage->poll_fetch());
  ASSERT_TRUE(stage->poll_dhcp());
  EXPECT_FALSE(stage->poll_dhcp());
  stage->on_address(kPowerOn, {.configured = true});
  EXPECT_EQ(stage->poll_fetch()->name, "efi64/ldlinux.e64");

  const auto without = make_pxelinux_stage(options);
  without->start(kPowerOn);
  ASSERT_TRUE(without->poll_dhcp());
  without->on_address(kPowerOn, {.configured = false});
  EXPECT_TRUE(std::holds_alternative<BootStage::Failed>(*without->ending()));
}

TEST(PxelinuxStage, GoesBackToTheDiskForLocalboot) {
  const PxelinuxBoot boot = boot_pxelinux(with_config("default a\nlabel a\nlocalboot 0\n"));
  EXPECT_TRUE(std::holds_alternative<BootStage::LocalBoot>(boot.ending));
}

TEST(PxelinuxStage, FetchesWhatIsShownAndIncludedWhileItReads) {
  const PxelinuxBoot boot = boot_pxelinux(with_config(
      "display msg.txt\nf1 help.txt\nkbdmap de.ktl\nfont f.psf\nsay hello\ninclude nofile.cfg\n"
      "menu include m.cfg tag\nmenu background bg.png\ndefault a\ntimeout 10\nlabel a\n"
      "kernel x/y.bs\n",
      {{"msg.txt", "text"}, {"m.cfg", "timeout 30\n"}}));
  EXPECT_THAT(after_default(boot), ElementsAre("msg.txt", "de.ktl", "f.psf", "nofile.cfg", "m.cfg",
                                               "x/y.bs", "x/y.bs", "x/y.bs"));
}

TEST(PxelinuxStage, RepeatsALookupAsPxeretrySays) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config("pxeretry 2\ndefault a\nlabel a\nkernel 10.0.2.2::kk\n"));
  EXPECT_THAT(after_default(boot), ElementsAre("kk", "kk", "kk"));
  EXPECT_EQ(boot.fetches.back().server, Ipv4Address::of(10, 0, 2, 2));
  EXPECT_EQ(boot.failed().firmware_words,
            "Loading 10.0.2.2::kk... failed: No such file or directory");
}

TEST(PxelinuxStage, SearchesModulesAlongPathTheLastEntryFirst) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config("path /lib/:/usr/mod:rel\ndefault a\nlabel a\ncom32 zzz\n"));
  EXPECT_THAT(after_default(boot),
              ElementsAre("zzz.c32", "rel/zzz.c32", "/usr/mod/zzz.c32", "/lib/zzz.c32"));
  EXPECT_EQ(boot.failed().firmware_words, "Failed to load COM32 file zzz.c32");
}

TEST(PxelinuxStage, FailsAModuleWhoseLibraryIsMissingAndComesBackToThePrompt) {
  const PxelinuxBoot boot = boot_pxelinux(
      with_config("ui menu.c32\npath lib1:lib2/\ntimeout 20\n", {{"menu.c32", menu_module()}}));
  const auto names = after_default(boot);
  EXPECT_THAT(
      std::vector<std::string>(names.begin(), names.begin() + 5),
      ElementsAre("menu.c32", "libutil.c32", "lib2/libutil.c32", "lib1/libutil.c32", "menu.c32"));
  EXPECT_EQ(boot.failed().firmware_words, "Failed to load COM32 file menu.c32");
  EXPECT_EQ(boot.failed().kind, Kind::Loops);
}

TEST(PxelinuxStage, TakesAModuleOfAnotherSyslinuxForNoModule) {
  const PxelinuxBoot boot =
      boot_pxelinux(with_config("default a\nonerror b\nlabel a\ncom32 bad.c32\nlabel b\nlinux kb\n",
                                {{"bad.c32", "nonsense"}}));
  EXPECT_THAT(after_default(boot), ElementsAre("bad.c32"));
  EXPECT_THAT(boot.failed().reason, HasSubstr("bad.c32 is no module of syslinux 6"));
}

TEST(PxelinuxStage, ReadsTheConfigurationAgainForAMenu) {
  const PxelinuxBoot boot = boot_pxelinux(
      with_config("ui menu.c32\ntimeout 10\nmenu background bg.png\ninclude inc.cfg\nlabel one\n"
                  "linux k1\n",
                  {{"menu.c32", menu_module()},
                   {"libutil.c32", as_text(elf_module({}))},
                   {"inc.cfg", "label two\nmenu default\nlinux k2\nlabel three\nlinux k3\n"},
                   {"k2", "kernel"}}));
  EXPECT_THAT(after_default(boot), ElementsAre("inc.cfg", "menu.c32", "libutil.c32",
                                               "pxelinux.cfg/default", "inc.cfg", "k2"));
  EXPECT_EQ(boot.notes.back(), "skips 1 s in the menu");
}

TEST(PxelinuxStage, FetchesTheBackgroundOfAGraphicalMenuOnce) {
  const PxelinuxBoot boot = boot_pxelinux(with_config(
      "default vesamenu.c32\ntimeout 10\nprompt 0\nmenu background bg.png\nlabel one\n"
      "linux k1\nlabel two\nmenu default\nkernel k2\ninitrd i2\n",
      {{"vesamenu.c32", menu_module() + "vesacon"}, {"libutil.c32", as_text(elf_module({}))}}));
  EXPECT_THAT(after_default(boot), ElementsAre("vesamenu.c32", "libutil.c32",
                                               "pxelinux.cfg/default", "bg.png", "k2", "k2", "k2"));
  EXPECT_EQ(boot.failed().kind, Kind::Loops);
  EXPECT_EQ(
      boot.failed().reason,
      "k2 is not on the server; the menu tries again every 1 s for ever, as the real one does");
}

TEST(PxelinuxStage, WaitsForEverInAMenuWithoutTimeout) {
  const PxelinuxBoot boot = boot_pxelinux(
      with_config("ui menu.c32\nlabel one\nlinux k1\n",
                  {{"menu.c32", menu_module()}, {"libutil.c32", as_text(elf_module({}))}}));
  EXPECT_EQ(boot.failed().kind, Kind::WaitsForever);
  EXPECT_EQ(boot.failed().reason,
            "waiting at the menu for ever, as the real one does: it has no TIMEOUT");
}

TEST(PxelinuxStage, EndsWhenAServerFallsSilentInTheMiddleOfAFile) {
  const auto stage = make_pxelinux_stage(pxelinux_options());
  stage->start(kPowerOn);
  ASSERT_TRUE(stage->poll_fetch());
  stage->on_fetched(kPowerOn, {.outcome = Fetched::Outcome::TimedOut, .size = 1408});
  EXPECT_EQ(std::get<BootStage::Failed>(*stage->ending()).firmware_words,
            "Boot failed: press a key to retry, or wait for reset...");
}

TEST(PxelinuxStage, TakesAServerThatDoesNotAnswerForOneWithoutTheFile) {
  const auto stage = make_pxelinux_stage(pxelinux_options());
  stage->start(kPowerOn);
  ASSERT_TRUE(stage->poll_fetch());
  stage->on_fetched(kPowerOn, {.outcome = Fetched::Outcome::TimedOut});
  EXPECT_EQ(stage->poll_fetch()->name, "/boot/isolinux/ldlinux.c32");
}

TEST(PxelinuxStage, IgnoresOutcomesAndTimeoutsThatNobodyAskedFor) {
  const auto stage = make_pxelinux_stage(pxelinux_options());
  stage->on_timeout(kPowerOn);
  stage->on_fetched(kPowerOn, {});
  stage->start(kPowerOn);
  stage->on_timeout(kPowerOn + 1h);
  EXPECT_TRUE(stage->poll_fetch());
  EXPECT_FALSE(stage->poll_fetch());
  EXPECT_FALSE(stage->ending());
}

}  // namespace
}  // namespace pxeproof::rom
