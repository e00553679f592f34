#include "protocol/dhcp/pxe_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden_packets.h"
#include "tests/support/mutation.h"

namespace pxeproof::pxe {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Ipv4Address kServer = Ipv4Address::of(192, 168, 77, 1);

Bytes hex(std::string_view text) { return from_hex(text).value(); }

TEST(VendorOptions, ReadsWhatDnsmasqWrites) {
  const auto options =
      decode(golden::find(golden::vendor_options(), "one entry and the local disk"));
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->end);
  EXPECT_EQ(options->find(VendorTag::DiscoveryControl)->value, Bytes{3});
  EXPECT_EQ(decode_prompt(options->find(VendorTag::MenuPrompt)->value), (MenuPrompt{255, "PXE"}));
  EXPECT_THAT(*decode_servers(options->find(VendorTag::BootServers)->value),
              ElementsAre(BootServerEntry{0x8000, {kServer}}));
  EXPECT_THAT(*decode_menu(options->find(VendorTag::BootMenu)->value),
              ElementsAre(MenuEntry{0x8000, "One"}, MenuEntry{0, "Local"}));
}

TEST(VendorOptions, WritesWhatDnsmasqWrites) {
  VendorOptions options;
  options.add_control(kNoBroadcastDiscovery | kNoMulticastDiscovery);
  EXPECT_TRUE(options.add_servers({{0x8000, {kServer}}}));
  EXPECT_TRUE(options.add_menu({{0x8000, "One"}, {0, "Local"}}));
  EXPECT_TRUE(options.add_prompt({5, "Press F8 for menu."}));
  EXPECT_EQ(encode(options), golden::find(golden::vendor_options(), "a prompt"));

  VendorOptions item;
  item.add_item({0x8000, 0});
  EXPECT_EQ(encode(item), golden::find(golden::vendor_options(), "boot item"));
}

TEST(VendorOptions, ShowsTheFirstOfDuplicates) {
  const auto options = decode(golden::find(golden::vendor_options(), "control twice"));
  ASSERT_TRUE(options);
  EXPECT_EQ(options->find(VendorTag::DiscoveryControl)->value, Bytes{3});
}

TEST(VendorOptions, KeepsPadsAndWhatFollowsEnd) {
  const Bytes value = hex("00 060103 00 ff 0600 07");
  const auto options = decode(value);
  ASSERT_TRUE(options);
  EXPECT_THAT(options->sub_options,
              ElementsAre(SubOption{0, {}}, SubOption{6, {3}}, SubOption{0, {}}));
  EXPECT_EQ(options->after_end, hex("060007"));
  EXPECT_EQ(encode(*options), value);
}

TEST(VendorOptions, ToleratesAMissingEnd) {
  const auto options = decode(hex("060108"));
  ASSERT_TRUE(options);
  EXPECT_FALSE(options->end);
  EXPECT_EQ(encode(*options), hex("060108"));
  EXPECT_TRUE(decode({}));
}

TEST(VendorOptions, RefusesASubOptionThatIsCut) {
  EXPECT_EQ(decode(hex("060103 0a04505845")).error(), (DecodeError{Fault::SubOptionTruncated, 3}));
  EXPECT_EQ(decode(hex("06")).error(), (DecodeError{Fault::SubOptionTruncated, 0}));
}

TEST(BootServers, MayNameTypesWithoutAddresses) {
  EXPECT_THAT(
      *decode_servers(hex("0001 00 8000 02 c0a84d01 c0a84d02")),
      ElementsAre(BootServerEntry{1, {}}, BootServerEntry{0x8000, {kServer, {kServer.value + 1}}}));
  EXPECT_THAT(*decode_servers({}), IsEmpty());
}

TEST(BootServers, RefusesWhatDoesNotAddUp) {
  EXPECT_EQ(decode_servers(hex("0001 00 80")).error(), (DecodeError{Fault::BadServerList, 3}));
  EXPECT_EQ(decode_servers(hex("0001 02 c0a84d01")).error(),
            (DecodeError{Fault::BadServerList, 0}));
}

TEST(BootMenu, RefusesWhatDoesNotAddUp) {
  EXPECT_EQ(decode_menu(hex("0001 02 41")).error(), (DecodeError{Fault::BadMenu, 0}));
  EXPECT_EQ(decode_menu(hex("0001 01 41 00")).error(), (DecodeError{Fault::BadMenu, 4}));
  EXPECT_THAT(*decode_menu(hex("0001 00")), ElementsAre(MenuEntry{1, ""}));
}

TEST(MenuPrompt, NeedsItsTimeout) {
  EXPECT_EQ(decode_prompt({}).error().fault, Fault::BadPrompt);
  EXPECT_EQ(decode_prompt(hex("05")), (MenuPrompt{5, ""}));
}

TEST(BootItem, HasFourOctets) {
  EXPECT_EQ(decode_item(hex("80010002")), (BootItem{0x8001, 2}));
  EXPECT_EQ(decode_item(hex("800100")).error().fault, Fault::BadLength);
  EXPECT_EQ(decode_item(hex("8001000200")).error().fault, Fault::BadLength);
}

// A length octet that wrapped wrote a sub-option that no client could read.
TEST(VendorOptions, RefusesToWriteWhatALengthCannotSay) {
  VendorOptions options;
  EXPECT_TRUE(options.add(VendorTag::BootMenu, Bytes(255)));
  EXPECT_FALSE(options.add(VendorTag::BootMenu, Bytes(256)));
  EXPECT_FALSE(options.add_menu({{1, std::string(253, 'x')}}));
  EXPECT_TRUE(options.add_menu({{1, std::string(252, 'x')}}));
  EXPECT_FALSE(options.add_menu({{1, std::string(256, 'x')}}));
  EXPECT_FALSE(options.add_servers({{1, std::vector<Ipv4Address>(64)}}));
  EXPECT_FALSE(options.add_servers({{1, std::vector<Ipv4Address>(256)}}));
  EXPECT_FALSE(options.add_prompt({1, std::string(255, 'x')}));
  EXPECT_EQ(options.sub_options.size(), 2U);
}

void check(const Bytes& value) {
  const auto options = decode(value);
  if (!options) {
    ASSERT_LT(options.error().offset, value.size());
    return;
  }
  ASSERT_EQ(encode(*options), value);
  for (const SubOption& sub_option : options->sub_options) {
    VendorOptions again;
    if (const auto servers = decode_servers(sub_option.value)) {
      ASSERT_TRUE(again.add_servers(*servers));
      ASSERT_EQ(again.sub_options.back().value, sub_option.value);
    }
    if (const auto menu = decode_menu(sub_option.value)) {
      ASSERT_TRUE(again.add_menu(*menu));
      ASSERT_EQ(again.sub_options.back().value, sub_option.value);
    }
    if (const auto prompt = decode_prompt(sub_option.value)) {
      ASSERT_TRUE(again.add_prompt(*prompt));
      ASSERT_EQ(again.sub_options.back().value, sub_option.value);
    }
    if (const auto item = decode_item(sub_option.value)) {
      again.add_item(*item);
      ASSERT_EQ(again.sub_options.back().value, sub_option.value);
    }
  }
}

TEST(PxeProperty, RealValuesSurviveWholeAndCut) {
  for (const golden::Packet& packet : golden::vendor_options()) {
    ASSERT_TRUE(decode(packet.octets)) << packet.name;
    for (std::size_t size = 0; size <= packet.octets.size(); ++size) {
      const ByteView part = ByteView(packet.octets).first(size);
      ASSERT_NO_FATAL_FAILURE(check(Bytes(part.begin(), part.end())))
          << packet.name << " cut to " << size;
    }
  }
}

TEST(PxeProperty, MutationsNeitherCrashNorLie) {
  for (const golden::Packet& packet : golden::vendor_options()) {
    for (std::uint64_t seed = 0; seed < 6'000; ++seed) {
      Random random(seed);
      const Bytes mutant = mutate(packet.octets, random);
      ASSERT_NO_FATAL_FAILURE(check(mutant)) << describe(packet.name, seed, mutant);
    }
  }
}

}  // namespace
}  // namespace pxeproof::pxe
