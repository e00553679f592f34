#include "simclient/offer_classes.h"

#include <gmock/gmock.h>

namespace pxeproof::rom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Ask = OfferChoice::Ask;

constexpr ClassedOffer kPlain{OfferClass::Address, true, false};
constexpr ClassedOffer kPlainWithFile{OfferClass::Address, true, true};
constexpr ClassedOffer kMenu{OfferClass::Menu, true, false};
constexpr ClassedOffer kBinl{OfferClass::Binl, true, false};
constexpr ClassedOffer kBinlWithFile{OfferClass::Binl, true, true};
constexpr ClassedOffer kProxyMenu{OfferClass::Menu, false, false};
constexpr ClassedOffer kProxyBinl{OfferClass::Binl, false, true};
constexpr ClassedOffer kBootp{OfferClass::Bootp, true, true};

OfferChoice chosen(const std::vector<ClassedOffer>& offers) {
  const auto choice = choose(offers);
  EXPECT_TRUE(choice.has_value());
  return choice.value_or(OfferChoice{});
}

// The ranks of facts 3.2, list 4, each beaten by the one before it.
TEST(OfferClasses, AMenuOfTheAddressServerGoesBeforeEverything) {
  const OfferChoice choice = chosen({kPlain, kProxyMenu, kBinl, kMenu});
  EXPECT_EQ(choice.address, 3U);
  EXPECT_THAT(choice.proxies, IsEmpty());
}

TEST(OfferClasses, OnlyTheFirstMenuOfAProxyCounts) {
  const OfferChoice choice = chosen({kProxyMenu, kPlain, kProxyMenu, kBinl});
  EXPECT_EQ(choice.address, 1U);
  EXPECT_THAT(choice.proxies, ElementsAre(0U));
  EXPECT_EQ(choice.ask, Ask::Nobody);
}

TEST(OfferClasses, AnAddressServerOfClassPxeClientGoesBeforeAProxyOfThatClass) {
  EXPECT_EQ(chosen({kPlain, kProxyBinl, kBinl}).ask, Ask::AddressServer);
  EXPECT_EQ(chosen({kPlain, kProxyBinl, kBinlWithFile}).ask, Ask::Nobody);
}

// Port 4011 is asked although the proxy's offer names a file (tianocore/edk2 issue 8149).
TEST(OfferClasses, EveryPlainProxyIsAskedInTheOrderOfArrival) {
  const OfferChoice choice = chosen({kProxyBinl, kPlainWithFile, kProxyBinl});
  EXPECT_EQ(choice.address, 1U);
  EXPECT_THAT(choice.proxies, ElementsAre(0U, 2U));
  EXPECT_EQ(choice.ask, Ask::Proxies);
}

TEST(OfferClasses, AnOfferWithAFileGoesBeforeBootp) {
  EXPECT_EQ(chosen({kBootp, kPlain, kPlainWithFile}).address, 2U);
  EXPECT_EQ(chosen({kPlain, kBootp}).address, 1U);
}

TEST(OfferClasses, AnAddressWithoutAFileOrAProxyAloneIsNothing) {
  EXPECT_FALSE(choose(std::vector{kPlain, kPlain}).has_value());
  EXPECT_FALSE(choose(std::vector{kProxyMenu, kProxyBinl}).has_value());
}

}  // namespace
}  // namespace pxeproof::rom
