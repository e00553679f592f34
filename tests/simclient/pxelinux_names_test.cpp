#include "simclient/pxelinux_names.h"

#include <gmock/gmock.h>

namespace pxeproof::rom {
namespace {

using ::testing::ElementsAre;

TEST(PxelinuxPrefix, EndsWithTheLastCharacterThatIsNoPartOfAName) {
  EXPECT_EQ(pxelinux_prefix("pxelinux.0"), "");
  EXPECT_EQ(pxelinux_prefix("/pxelinux.0"), "/");
  EXPECT_EQ(pxelinux_prefix("boot/x/pxelinux.0"), "boot/x/");
  EXPECT_EQ(pxelinux_prefix("Boot\\x64\\pxelinux.0"), "Boot\\x64\\");
  EXPECT_EQ(pxelinux_prefix("my_pxelinux.0"), "my_");
  EXPECT_EQ(pxelinux_prefix("a b"), "a ");
  EXPECT_EQ(pxelinux_prefix("dir/"), "dir/");
  EXPECT_EQ(pxelinux_prefix(""), "");
}

TEST(PxelinuxDirectory, PutsThePrefixBeforeEveryRelativeName) {
  const PxelinuxDirectory directory("x/");
  EXPECT_EQ(directory.locate("k").path, "x/k");
  EXPECT_EQ(directory.locate("/lib/libutil.c32").path, "x//lib/libutil.c32");
  EXPECT_EQ(directory.locate("../k").path, "x/../k");
  EXPECT_EQ(PxelinuxDirectory("").locate("/memtest/m").path, "/memtest/m");
}

TEST(PxelinuxDirectory, TakesNamesWithAServerForAbsolute) {
  const PxelinuxDirectory directory("x/");
  EXPECT_EQ(directory.locate("10.0.0.1::dir/k").path, "dir/k");
  EXPECT_EQ(directory.locate("10.0.0.1::dir/k").server, "10.0.0.1");
  EXPECT_EQ(directory.locate("::k").path, "k");
  EXPECT_EQ(directory.locate("::k").server, "");
  EXPECT_EQ(directory.locate("tftp://10.0.0.1:69/a%20b;mode=octet").path, "a b");
  EXPECT_EQ(directory.locate("tftp://me@host/k").server, "host");
  EXPECT_EQ(directory.locate("tftp://host").path, "");
  EXPECT_EQ(directory.locate("http://h/k").scheme, PxelinuxLocation::Scheme::Foreign);
  EXPECT_EQ(directory.locate("a:b::c").path, "x/a:b::c") << "the first colon alone decides";
}

TEST(PxelinuxDirectory, AppendsARelativeDirectoryAndTakesAnAbsoluteOne) {
  PxelinuxDirectory directory("x/");
  directory.change("sub/");
  EXPECT_EQ(directory.locate("k").path, "x/sub/k");
  directory.change("::other/");
  EXPECT_EQ(directory.locate("k").path, "other/k");
  EXPECT_EQ(directory.absolute("k"), "::other/k");
}

TEST(PxelinuxDirectory, HoldsNoMoreThan255Octets) {
  PxelinuxDirectory directory("");
  for (int i = 0; i < 100; ++i) directory.change("subdirectory/");
  EXPECT_EQ(directory.text().size(), 255U);
}

TEST(PxelinuxConfigLadder, GoesFromTheMachineToTheDefault) {
  EXPECT_THAT(pxelinux_config_ladder({.mac = {{0x52, 0x54, 0, 0x12, 0x34, 0xAB}},
                                      .address = Ipv4Address::of(192, 168, 178, 157),
                                      .guid = Guid::parse("67452301-ab89-efcd-0123-456789abcdef"),
                                      .config_file = "conf/my.cfg"}),
              ElementsAre("conf/my.cfg", "pxelinux.cfg/67452301-ab89-efcd-0123-456789abcdef",
                          "pxelinux.cfg/01-52-54-00-12-34-ab", "pxelinux.cfg/C0A8B29D",
                          "pxelinux.cfg/C0A8B29", "pxelinux.cfg/C0A8B2", "pxelinux.cfg/C0A8B",
                          "pxelinux.cfg/C0A8", "pxelinux.cfg/C0A", "pxelinux.cfg/C0",
                          "pxelinux.cfg/C", "pxelinux.cfg/default"));
}

TEST(PxelinuxConfigLadder, LeavesAZeroGuidOut) {
  EXPECT_EQ(pxelinux_config_ladder({.guid = Guid{}}).size(), 10U);
  EXPECT_EQ(pxelinux_config_ladder({}).front(), "pxelinux.cfg/01-00-00-00-00-00-00");
}

}  // namespace
}  // namespace pxeproof::rom
