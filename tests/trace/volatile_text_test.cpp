#include "trace/volatile_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pxeproof::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Name = VolatileText::Name;

constexpr Ipv4Address kOwn = Ipv4Address::of(192, 168, 178, 157);  // C0A8B29D

std::string shape(std::string_view text) { return VolatileText(text, kOwn).shape(); }

TEST(VolatileText, FindsEveryKindOfName) {
  const VolatileText text(
      "tftp://192.168.178.2/52:54:00:AB:cd:ef/01234567-89AB-cdef-0123-456789abcdef", kOwn);
  EXPECT_EQ(text.shape(), "tftp://<address>/<mac>/<guid>");
  EXPECT_THAT(text.names(),
              ElementsAre(Name{Volatile::Address, "192.168.178.2"},
                          Name{Volatile::Mac, "52:54:00:ab:cd:ef"},
                          Name{Volatile::Guid, "01234567-89ab-cdef-0123-456789abcdef"}));
}

TEST(VolatileText, KnowsTheNamesThatConfigurationsAreSearchedBy) {
  EXPECT_EQ(shape("pxelinux.cfg/01-52-54-00-12-34-56"), "pxelinux.cfg/01-<mac with dashes>");
  EXPECT_EQ(shape("pxelinux.cfg/C0A8B29D"), "pxelinux.cfg/<8 digits of the address>");
  EXPECT_EQ(shape("pxelinux.cfg/C0A"), "pxelinux.cfg/<3 digits of the address>");
  EXPECT_EQ(shape("pxelinux.cfg/C"), "pxelinux.cfg/<1 digits of the address>");
  EXPECT_EQ(shape("grub.cfg-C0A8B29"), "grub.cfg-<7 digits of the address>");
}

TEST(VolatileText, LeavesAloneWhatIsNoName) {
  for (const std::string_view said :
       {"pxelinux.cfg/default", "255.255.255.0", "0.0.0.0", "239.1.2.3", "1.2.3", "ldlinux.c32",
        "C/boot", "memtest86+-5.01", "vmlinuz-6.1.0-13-amd64", "52:54:00:12:34", "C0A8B29F"}) {
    const VolatileText text(said, kOwn);
    EXPECT_EQ(text.shape(), said);
    EXPECT_THAT(text.names(), IsEmpty());
  }
}

TEST(NamePairing, BindsByFirstUseAndBothWays) {
  NamePairing names;
  EXPECT_EQ(names.pair(Volatile::Address, "10.0.0.1", "10.9.0.1"), NamePairing::Outcome::Agrees);
  EXPECT_EQ(names.pair(Volatile::Address, "10.0.0.1", "10.9.0.1"), NamePairing::Outcome::Agrees);
  EXPECT_EQ(names.pair(Volatile::Address, "10.0.0.1", "10.9.0.2"),
            NamePairing::Outcome::Contradicts);
  EXPECT_EQ(names.pair(Volatile::Address, "10.0.0.2", "10.9.0.1"),
            NamePairing::Outcome::Contradicts);
  EXPECT_EQ(names.pair(Volatile::Mac, "10.0.0.1", "10.9.0.2"), NamePairing::Outcome::Agrees);
  EXPECT_EQ(names.pair(Volatile::Address, "10.0.0.7", "10.0.0.7"), NamePairing::Outcome::Agrees);
  EXPECT_EQ(names.renamed(Volatile::Address), 1U);
}

}  // namespace
}  // namespace pxeproof::trace
