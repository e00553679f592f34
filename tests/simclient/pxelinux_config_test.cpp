#include "simclient/pxelinux_config.h"

#include <gmock/gmock.h>

#include <chrono>

#include "simclient/pxelinux_command.h"

namespace pxeproof::rom {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;
using Reader = PxelinuxConfigReader;

// Reads one file that includes none.
PxelinuxConfig read(std::string text, Reader::Dialect dialect = Reader::Dialect::Ldlinux) {
  Reader reader({.dialect = dialect});
  reader.open("default", std::move(text));
  EXPECT_TRUE(std::holds_alternative<Reader::Finished>(reader.read()));
  return reader.finish();
}

std::string command(const PxelinuxConfig& config, std::string_view label) {
  const auto* entry = config.find_label(label);
  return entry == nullptr ? "no such label" : entry->command;
}

TEST(PxelinuxConfig, ReadsTheArticle) {
  const PxelinuxConfig config = read(
      "default memtest86\nprompt 1\ntimeout 15\nlabel memtest86\n"
      "menu label Memtest86+ 5.01\nkernel /memtest/memtest86+-5.01\n");
  EXPECT_EQ(config.default_command, "memtest86");
  EXPECT_TRUE(config.prompt);
  EXPECT_EQ(config.timeout, 1500ms);
  EXPECT_EQ(command(config, "memtest86"), "/memtest/memtest86+-5.01");
}

TEST(PxelinuxConfig, TakesKeywordsInAnyCaseAndLinesWithCarriageReturns) {
  const PxelinuxConfig config =
      read("\tDeFault a\r\nLABEL a b c\r\n  KERNEL  k x\r\n APPEND y \r\n");
  EXPECT_EQ(config.default_command, "a");
  EXPECT_EQ(command(config, "a"), "k x y ")
      << "the label is one word; white space at the end stays";
}

TEST(PxelinuxConfig, DoesNotTakeLongerWordsForKeywords) {
  const PxelinuxConfig config = read("label a\nkernels k\nlinux-x k\n#linux k\n");
  EXPECT_EQ(command(config, "a"), "a") << "without KERNEL the label is the file";
}

TEST(PxelinuxConfig, PutsTheInitrdBehindAppendSoThatTheOneInAppendComesFirst) {
  const PxelinuxConfig config =
      read("label a\nlinux k\ninitrd i1,i2\nappend x initrd=i0\nlabel b\nlinux k\ninitrd i1\n");
  EXPECT_EQ(command(config, "a"), ".linux k x initrd=i0 initrd=i1,i2");
  EXPECT_EQ(command(config, "b"), ".linux k initrd=i1");
}

TEST(PxelinuxConfig, UsesTheAppendBeforeAllLabelsUnlessALabelHasItsOwn) {
  const PxelinuxConfig config =
      read("append x\nlabel a\nlinux k\nlabel b\nlinux k\nappend y\nlabel c\nlinux k\nappend -\n");
  EXPECT_EQ(command(config, "a"), ".linux k x");
  EXPECT_EQ(command(config, "b"), ".linux k y");
  EXPECT_EQ(command(config, "c"), ".linux k");
}

TEST(PxelinuxConfig, LetsUiOutrankDefault) {
  EXPECT_EQ(read("ui menu.c32\ndefault a\n").default_command, "menu.c32");
  EXPECT_EQ(read("default a\nui menu.c32 x\n").default_command, "menu.c32 x");
  EXPECT_EQ(read("label a\n").default_level, PxelinuxConfig::DefaultLevel::None);
}

TEST(PxelinuxConfig, SkipsTextUpToEndtext) {
  const PxelinuxConfig config =
      read("label a\ntext help\nkernel wrong\nENDTEXT\nkernel right\ntext\nkernel lost\n");
  EXPECT_EQ(command(config, "a"), "right");
}

TEST(PxelinuxConfig, StopsForEveryFileItNeeds) {
  Reader reader({});
  reader.open("default",
              "include one.cfg tag\ndisplay msg.txt x\nfont f\nkbdmap k\nf1 help.txt\n"
              "menu include two.cfg\nmenu background b.png\n");
  std::vector<std::string> names;
  for (auto step = reader.read(); !std::holds_alternative<Reader::Finished>(step);
       step = reader.read()) {
    names.push_back(std::get<Reader::Needs>(step).name);
    reader.pass_over();
  }
  EXPECT_THAT(names, ElementsAre("one.cfg", "msg.txt", "f", "k", "two.cfg"));
}

TEST(PxelinuxConfig, GoesOnInTheMiddleOfALabelAfterAnInclude) {
  Reader reader({});
  reader.open("default", "label a\ninclude more.cfg\nappend y\n");
  ASSERT_TRUE(std::holds_alternative<Reader::Needs>(reader.read()));
  reader.open("more.cfg", "linux k");
  ASSERT_TRUE(std::holds_alternative<Reader::Finished>(reader.read()));
  EXPECT_EQ(command(reader.finish(), "a"), ".linux k y");
}

TEST(PxelinuxConfig, NamesTheFilesWhenTheyNestTooDeep) {
  Reader reader({.nesting_limit = 3});
  reader.open("a", "include b");
  Reader::Step step = reader.read();
  for (const char* name : {"b", "c"}) {
    ASSERT_TRUE(std::holds_alternative<Reader::Needs>(step));
    reader.open(name, name == std::string("b") ? "include c" : "include a");
    step = reader.read();
  }
  EXPECT_THAT(std::get<Reader::NestedTooDeep>(step).files, ElementsAre("a", "b", "c", "a"));
}

TEST(PxelinuxConfig, AddsWhatSysappendNames) {
  Reader::Options options{.sysappend_texts = {"ip=1:2:3:4", "BOOTIF=01-aa", ""}};
  Reader reader(options);
  reader.open("default", "sysappend 2\nlabel a\nlinux k\nipappend 0x7\nlabel b\nlinux k\n");
  ASSERT_TRUE(std::holds_alternative<Reader::Finished>(reader.read()));
  const PxelinuxConfig config = reader.finish();
  EXPECT_EQ(command(config, "a"), ".linux k ip=1:2:3:4 BOOTIF=01-aa");
  EXPECT_EQ(command(config, "b"), ".linux k BOOTIF=01-aa");
}

TEST(PxelinuxConfig, FindsTheDefaultOfEachMenu) {
  const PxelinuxConfig config = read(
      "ui menu.c32\nlabel a\nlabel b\nmenu default\nmenu begin sub\nlabel c\nmenu end\nlabel d\n",
      Reader::Dialect::MenuModule);
  EXPECT_EQ(config.menus[PxelinuxConfig::kRootMenu].entries.size(), 4U);
  EXPECT_EQ(config.menus[PxelinuxConfig::kRootMenu].default_entry, 1U);
  EXPECT_EQ(config.menus[2].label, "sub");
  EXPECT_EQ(config.menus[2].entries.size(), 1U);
}

TEST(PxelinuxConfig, LetsDefaultNameTheEntryAndTheMenuToStartWith) {
  const std::string text = "default c\nlabel a\nmenu begin sub\nlabel b\nlabel c\nmenu end\n";
  const PxelinuxConfig with_ui = read("ui menu.c32\n" + text, Reader::Dialect::MenuModule);
  EXPECT_EQ(with_ui.start_menu, 2U);
  EXPECT_EQ(with_ui.menus[2].default_entry, 1U);
  EXPECT_EQ(read(text, Reader::Dialect::MenuModule).start_menu, PxelinuxConfig::kRootMenu);
}

TEST(PxelinuxConfig, AddsPathsInOrderAndStopsAtAnEmptyOne) {
  EXPECT_THAT(read("path /a:b/:c\npath d\n").path, ElementsAre("/a", "b/", "c", "d"));
  EXPECT_THAT(read("path a::b\n").path, ElementsAre("a"));
}

TEST(PxelinuxConfig, CutsLinesWhereTheRealOneDoes) {
  const PxelinuxConfig config = read("label a\nappend " + std::string(4088, 'x') + "label b\n");
  EXPECT_NE(config.find_label("b"), nullptr);
}

TEST(PxelinuxMessage, KeepsOneCharacterOfThePicturesItShows) {
  EXPECT_THAT(pxelinux_message_images("hi\x18 spl ash.lss\nmore\x18"
                                      "b.lss\n\x18lost"),
              ElementsAre("s", "b"));
  EXPECT_THAT(pxelinux_message_images("a\x1a\x18x\n"), ElementsAre());
}

TEST(PxelinuxCommand, TypesAFileByItsExtensionUnlessAKeywordForcesIt) {
  EXPECT_EQ(parse_pxelinux_command("a.c32 x").image, PxelinuxImage::Module);
  EXPECT_EQ(parse_pxelinux_command("a.img").image, PxelinuxImage::Kernel);
  EXPECT_EQ(parse_pxelinux_command("a.bss").image, PxelinuxImage::BootSector);
  EXPECT_EQ(parse_pxelinux_command("memtest.bin").image, PxelinuxImage::BootSector);
  EXPECT_EQ(parse_pxelinux_command("a.bs").image, PxelinuxImage::BootSector);
  EXPECT_EQ(parse_pxelinux_command("a.0").image, PxelinuxImage::NetworkBootProgram);
  EXPECT_EQ(parse_pxelinux_command("a").image, PxelinuxImage::Kernel);
  EXPECT_EQ(parse_pxelinux_command(".linux memtest.bin").image, PxelinuxImage::Kernel);
  EXPECT_EQ(parse_pxelinux_command(".pxe k").image, PxelinuxImage::NetworkBootProgram);
  EXPECT_EQ(parse_pxelinux_command(".boot k").image, PxelinuxImage::BootSector);
  EXPECT_EQ(parse_pxelinux_command(".fdimage k").image, PxelinuxImage::Kernel);
  EXPECT_EQ(parse_pxelinux_command(".config k d").image, PxelinuxImage::Config);
  EXPECT_EQ(parse_pxelinux_command(".localboot 0").image, PxelinuxImage::LocalBoot);
  EXPECT_EQ(parse_pxelinux_command(".com32 menu x").file, "menu.c32");
  EXPECT_EQ(parse_pxelinux_command(".none k").file, ".none");
}

TEST(PxelinuxCommand, HonoursTheFirstInitrdOptionOnly) {
  EXPECT_THAT(pxelinux_initrds("BOOT_IMAGE=k initrd=a,b c initrd=d"), ElementsAre("a", "b"));
  EXPECT_THAT(pxelinux_initrds("BOOT_IMAGE=k noinitrd=x"), ElementsAre("x"));
  EXPECT_THAT(pxelinux_initrds("BOOT_IMAGE=k initrd=a,"), ElementsAre("a", ""));
  EXPECT_THAT(pxelinux_initrds("BOOT_IMAGE=k"), ElementsAre());
}

}  // namespace
}  // namespace pxeproof::rom
