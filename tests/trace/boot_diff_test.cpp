#include "trace/boot_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "protocol/random.h"
#include "tests/trace/boot_builder.h"
#include "trace/boot_diff_text.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using dhcp::OptionCode;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Kind = Difference::Kind;

BootBuilder begin_boot() { return BootBuilder().discover().offer().proxy_offer("grubx64.efi"); }

Boot good_boot() {
  return begin_boot()
      .request()
      .ack()
      .boot_server_request()
      .boot_server_ack("grubx64.efi")
      .file("grubx64.efi", 1'500'000, 200ms)
      .miss("grub.cfg-01-52-54-00-12-34-56")
      .file("grub.cfg", 120, 1ms)
      .boot();
}

BootDiff compare(const Boot& bad, const BootDiffOptions& options = {}) {
  return compare_boots(good_boot(), bad, options);
}

auto is_difference(Kind kind, Rank rank, const std::string& step, const std::string& key) {
  return AllOf(Field(&Difference::kind, kind), Field(&Difference::step, step),
               Field(&Difference::key, key),
               Field(&Difference::significance, Field(&Significance::rank, rank)));
}

TEST(BootDiff, FindsNothingBetweenABootAndItself) {
  const BootDiff diff = compare(good_boot());
  EXPECT_THAT(diff.differences, IsEmpty());
  EXPECT_EQ(diff.aligned, 10U);
  EXPECT_EQ(aligned_text(diff), "aligned 10 of 10 steps");
}

// Another machine, another address, another transaction, a year later: the same boot.
TEST(BootDiff, NormalisesWhatMustDiffer) {
  const Boot other = BootBuilder({{2, 0, 0, 0, 0, 7}}, Ipv4Address::of(10, 0, 0, 99), 0xcafe)
                         .after(24h * 365)
                         .discover()
                         .offer()
                         .proxy_offer("grubx64.efi")
                         .request()
                         .ack()
                         .boot_server_request()
                         .boot_server_ack("grubx64.efi")
                         .file("grubx64.efi", 1'500'000, 200ms)
                         .miss("grub.cfg-01-02-00-00-00-00-07")
                         .file("grub.cfg", 120, 1ms)
                         .boot();
  const BootDiff diff = compare(other);
  EXPECT_THAT(diff.differences, IsEmpty());
  EXPECT_EQ(diff.normalised.macs, 1U);
  EXPECT_EQ(diff.normalised.addresses, 1U);
  EXPECT_EQ(diff.normalised.xids, 1U);
  EXPECT_THAT(aligned_text(diff), HasSubstr("1 MAC address, 1 IP address, 1 xid"));
}

TEST(BootDiff, RanksAFieldThatClientsActOnAsSemantic) {
  const Boot bad = BootBuilder()
                       .discover()
                       .offer()
                       .proxy_offer("grubx64.efi", BootBuilder::kProxy,
                                    [](dhcp::Message& message) {
                                      pxe::VendorOptions vendor;
                                      vendor.add_control(pxe::kUseBootFile);
                                      message.add(OptionCode::VendorSpecific, pxe::encode(vendor));
                                    })
                       .request()
                       .ack()
                       .boot_server_request()
                       .boot_server_ack("grubx64.efi")
                       .file("grubx64.efi", 1'500'000, 200ms)
                       .miss("grub.cfg-01-52-54-00-12-34-56")
                       .file("grub.cfg", 120, 1ms)
                       .boot();
  const BootDiff diff = compare(bad);
  EXPECT_THAT(diff.differences,
              ElementsAre(is_difference(Kind::Field, Rank::Semantic, "OFFER proxy", "43.6")));
  EXPECT_EQ(diff.differences[0].good, "absent");
  EXPECT_EQ(diff.differences[0].bad, "08");
  EXPECT_FALSE(diff.fork);  // both went the same way
}

TEST(BootDiff, NamesTheForkAndWhatCameBeforeIt) {
  const Boot bad =
      BootBuilder().discover().offer().proxy_offer("pxelinux.0").request().ack().boot();
  const BootDiff diff = compare(bad);
  ASSERT_TRUE(diff.fork && diff.cause);
  EXPECT_THAT(diff.differences[*diff.fork],
              is_difference(Kind::Missing, Rank::Semantic, "REQUEST 4011", "step"));
  EXPECT_THAT(diff.differences[*diff.cause],
              is_difference(Kind::Field, Rank::Semantic, "OFFER proxy", "boot file"));
  EXPECT_TRUE(diff.differences.back().follows);
  EXPECT_THAT(fork_text(diff), HasSubstr("REQUEST 4011 is missing in BAD (packets 6 : -); before "
                                         "it differs boot file of OFFER proxy (grubx64.efi, in "
                                         "BAD pxelinux.0)"));
}

TEST(BootDiff, SaysThatAStepThatOnlyBadHasIsExtra) {
  const BootDiff diff = compare_boots(BootBuilder().discover().offer().boot(),
                                      BootBuilder().discover().offer().proxy_offer("x").boot(), {});
  EXPECT_THAT(diff.differences,
              ElementsAre(is_difference(Kind::Extra, Rank::Semantic, "OFFER proxy", "step")));
  EXPECT_EQ(diff.fork, 0U);
  EXPECT_FALSE(diff.cause);
}

TEST(BootDiff, TellsAFileThatCameOutOtherwise) {
  const Boot bad = begin_boot()
                       .request()
                       .ack()
                       .boot_server_request()
                       .boot_server_ack("grubx64.efi")
                       .miss("grubx64.efi")
                       .boot();
  const BootDiff diff = compare(bad, {.ignore = {"cosmetic"}});
  ASSERT_TRUE(diff.fork);
  EXPECT_THAT(diff.differences[*diff.fork],
              is_difference(Kind::Field, Rank::Semantic, "file grubx64.efi", "outcome"));
  EXPECT_EQ(diff.differences[*diff.fork].good, "whole");
  EXPECT_EQ(diff.differences[*diff.fork].bad, "refused");
}

TEST(BootDiff, TellsAnotherFileInTheSamePlace) {
  const BootDiff diff = compare_boots(BootBuilder().discover().file("a.efi", 9, 1ms).boot(),
                                      BootBuilder().discover().file("b.efi", 9, 1ms).boot(), {});
  EXPECT_THAT(diff.differences,
              ElementsAre(is_difference(Kind::Field, Rank::Semantic, "file a.efi", "name")));
}

// A boot file that is not there stands where the good one came, and not beside a later miss.
TEST(BootDiff, LaysABootFileThatIsMissingBesideTheGoodOne) {
  const Boot bad = begin_boot()
                       .request()
                       .ack()
                       .boot_server_request()
                       .boot_server_ack("absent.efi")
                       .miss("absent.efi")
                       .boot();
  const BootDiff diff = compare(bad);
  EXPECT_THAT(diff.differences,
              Contains(is_difference(Kind::Field, Rank::Semantic, "file grubx64.efi", "outcome")));
  ASSERT_TRUE(diff.fork);
  EXPECT_THAT(fork_text(diff), HasSubstr("file grubx64.efi"));
  EXPECT_THAT(fork_text(diff), Not(HasSubstr("grub.cfg")));
}

// ICMP about each of many tries was once a line each.
TEST(BootDiff, CountsRepeatedRefusalsOnce) {
  Boot bad = begin_boot().request().ack().boot();
  for (std::uint32_t tries = 0; tries < 8; ++tries) {
    Step refusal = bad.steps.back();
    IcmpStep icmp;
    icmp.sender = BootBuilder::kProxy;
    icmp.type = 3;
    icmp.code = 3;
    icmp.about_destination = {BootBuilder::kProxy, 69};
    refusal.what = icmp;
    refusal.at += 1s;
    bad.steps.push_back(refusal);
  }
  const BootDiff diff = compare(bad);
  EXPECT_EQ(std::ranges::count_if(
                diff.differences,
                [](const Difference& difference) { return difference.kind == Kind::Extra; }),
            1);
}

TEST(BootDiff, TellsOtherContentOnlyWhenBothAreKnown) {
  BootBuilder good = BootBuilder().discover().file("a.efi", 9, 1ms);
  BootBuilder bad = BootBuilder().discover().file("a.efi", 9, 1ms);
  good.last_transfer().sha256 = "aa";
  EXPECT_THAT(compare_boots(good.boot(), bad.boot(), {}).differences, IsEmpty());
  bad.last_transfer().sha256 = "bb";
  EXPECT_THAT(compare_boots(good.boot(), bad.boot(), {}).differences,
              ElementsAre(is_difference(Kind::Field, Rank::Semantic, "file a.efi", "content")));
}

TEST(BootDiff, CountsRepetitionsOnce) {
  const BootDiff diff = compare_boots(
      BootBuilder().discover().offer().request().boot(),
      BootBuilder().discover().offer().after(4s).discover().offer().request().boot(), {});
  EXPECT_THAT(diff.differences,
              ElementsAre(is_difference(Kind::Repeats, Rank::Timing, "DISCOVER", "repeats"),
                          is_difference(Kind::Repeats, Rank::Timing, "OFFER", "repeats")));
  EXPECT_EQ(diff.differences[0].bad, "2 times");
}

TEST(BootDiff, RanksALateAnswerAsTiming) {
  const BootDiff diff =
      compare_boots(BootBuilder().discover().proxy_offer("x").boot(),
                    BootBuilder().discover().after(2100ms).proxy_offer("x").boot(), {});
  ASSERT_THAT(diff.differences,
              ElementsAre(is_difference(Kind::Took, Rank::Timing, "OFFER proxy", "time")));
  EXPECT_EQ(diff.differences[0].bad, "2.10 s");
  EXPECT_THAT(diff.differences[0].significance.consequence, HasSubstr("close to the edge"));
}

TEST(BootDiff, TellsAPauseOfTheClient) {
  const BootDiff diff =
      compare_boots(BootBuilder().discover().offer().after(100ms).request().boot(),
                    BootBuilder().discover().offer().after(4s).request().boot(), {});
  EXPECT_THAT(diff.differences,
              ElementsAre(is_difference(Kind::Pause, Rank::Timing, "REQUEST", "pause")));
}

TEST(BootDiff, SeesThatOffersOnlyChangedPlaces) {
  const BootDiff diff =
      compare_boots(BootBuilder().discover().offer().proxy_offer("x").request().boot(),
                    BootBuilder().discover().proxy_offer("x").offer().request().boot(), {});
  ASSERT_EQ(diff.differences.size(), 1U);
  EXPECT_EQ(diff.differences[0].kind, Kind::Moved);
  EXPECT_EQ(diff.differences[0].significance.rank, Rank::Timing);
}

TEST(BootDiff, TellsThatAnotherServerAnswersThanBefore) {
  // Both boots name two servers; in BAD the file comes from the other one.
  const auto boot = [](Ipv4Address file_server) {
    BootBuilder builder = begin_boot().file("grubx64.efi", 9, 1ms);
    builder.last_transfer().asked = file_server;
    return builder.boot();
  };
  const BootDiff diff = compare_boots(boot(BootBuilder::kProxy), boot(BootBuilder::kDhcp), {});
  EXPECT_THAT(diff.differences, ElementsAre(is_difference(Kind::Field, Rank::Semantic,
                                                          "file grubx64.efi", "server")));
}

TEST(BootDiff, JudgesForTheFirmwareThatIsAsked) {
  const Boot good = BootBuilder().discover().proxy_offer("x").boot();
  const Boot bad = BootBuilder()
                       .discover()
                       .proxy_offer("x", BootBuilder::kProxy,
                                    [](dhcp::Message& message) { message.header.siaddr = {}; })
                       .boot();
  EXPECT_EQ(compare_boots(good, bad, {.family = firmware::Family::Edk2}).count(Rank::Semantic), 0U);
  EXPECT_EQ(compare_boots(good, bad, {.family = firmware::Family::Ipxe}).count(Rank::Semantic), 1U);
}

// A siaddr that is not zero goes before option 54.
TEST(BootDiff, TellsWhichServerEdk2TakesFromTheProxyOffer) {
  const auto offer = [](Ipv4Address siaddr, Ipv4Address server_id) {
    return BootBuilder()
        .discover()
        .proxy_offer("x", server_id,
                     [siaddr](dhcp::Message& message) { message.header.siaddr = siaddr; })
        .boot();
  };
  const Ipv4Address other = Ipv4Address::of(10, 0, 0, 77);
  const auto ranks = [](const Boot& good, const Boot& bad) {
    return compare_boots(good, bad, {.family = firmware::Family::Edk2}).count(Rank::Semantic);
  };
  const Boot named = offer(BootBuilder::kProxy, BootBuilder::kProxy);
  const Boot elsewhere = offer(other, BootBuilder::kProxy);
  const Boot left_out = offer({}, BootBuilder::kProxy);
  EXPECT_EQ(ranks(named, elsewhere), 1U);
  EXPECT_EQ(ranks(named, left_out), 0U);
  EXPECT_EQ(ranks(left_out, named), 0U);
  EXPECT_EQ(ranks(elsewhere, left_out), 1U);
  EXPECT_EQ(ranks(left_out, elsewhere), 1U);
}

TEST(BootDiff, NamesASiaddrThatLedToAServerThatIsNotThere) {
  const auto boot_of = [](Ipv4Address siaddr) {
    return BootBuilder().discover().offer().proxy_offer(
        "grubx64.efi", BootBuilder::kProxy,
        [siaddr](dhcp::Message& message) { message.header.siaddr = siaddr; });
  };
  BootBuilder good = boot_of(BootBuilder::kProxy).request().ack().file("grubx64.efi", 9000, 1ms);
  BootBuilder bad =
      boot_of(Ipv4Address::of(10, 0, 0, 77)).request().ack().unanswered("grubx64.efi");
  bad.last_transfer().asked = Ipv4Address::of(10, 0, 0, 77);
  const BootDiff diff = compare_boots(good.boot(), bad.boot(), {.family = firmware::Family::Edk2});
  ASSERT_TRUE(diff.cause);
  EXPECT_THAT(diff.differences[*diff.cause],
              is_difference(Kind::Field, Rank::Semantic, "OFFER proxy", "siaddr"));
}

TEST(BootDiff, IgnoresWhatItIsTold) {
  const Boot bad = begin_boot().boot();
  EXPECT_THAT(compare(bad, {.ignore = {"semantic", "timing"}}).differences, IsEmpty());
  const Boot good = BootBuilder().discover().proxy_offer("x").boot();
  const Boot other = BootBuilder().discover().proxy_offer("y").boot();
  EXPECT_THAT(compare_boots(good, other, {.ignore = {"67", "OFFER proxy:boot file"}}).differences,
              IsEmpty());
}

TEST(BootDiff, TellsThatTheEndsDiffer) {
  BootBuilder bad = BootBuilder().discover();
  bad.boot().verdict.kind = BootVerdict::Kind::Stalled;
  const BootDiff diff = compare_boots(BootBuilder().discover().boot(), bad.boot(), {});
  EXPECT_THAT(diff.differences,
              ElementsAre(is_difference(Kind::Verdict, Rank::Semantic, "end", "verdict")));
  EXPECT_THAT(fork_text(diff), testing::StartsWith("the end ("));
  EXPECT_THAT(fork_text(diff), HasSubstr("; in BAD STALLED"));
}

TEST(BootDiff, ReportsAsJson) {
  const Boot good = good_boot();
  const Boot bad = begin_boot().boot();
  DiffReport report{"g", "b", {}, {"boot 2"}, {}};
  report.pairs.push_back({"m", &good, &bad, compare_boots(good, bad, {})});
  const auto json = nlohmann::json::parse(diff_json(report));
  EXPECT_EQ(json["schema"], "pxeproof/diff/1");
  const auto& boot = json["boots"][0];
  EXPECT_EQ(boot["differences"].size(), boot["counts"]["semantic"].get<std::size_t>() +
                                            boot["counts"]["timing"].get<std::size_t>() +
                                            boot["counts"]["cosmetic"].get<std::size_t>());
  EXPECT_EQ(boot["differences"][boot["first_fork"].get<std::size_t>()]["kind"], "missing");
  EXPECT_EQ(json["only_good"][0], "boot 2");
}

// Whatever the boots say: no line is wider than the terminal, and each boot is equal to itself.
TEST(BootDiffText, NeverLeavesTheTerminal) {
  Random random(5);
  const auto random_boot = [&random] {
    BootBuilder builder;
    for (int step = 0; step < 12; ++step) {
      const std::string name(random.below(90) + 1, random.chance(0.1) ? '\x80' : 'n');
      switch (random.below(6)) {
        case 0:
          builder.discover();
          break;
        case 1:
          builder.proxy_offer(name);
          break;
        case 2:
          builder.file(name, random.below(1000), 1ms);
          break;
        case 3:
          builder.miss(name);
          break;
        case 4:
          builder.request();
          break;
        default:
          builder.after(Duration(random.below(5'000'000'000))).ack();
      }
    }
    return builder.boot();
  };
  for (int round = 0; round < 100; ++round) {
    const Boot good = random_boot();
    const Boot bad = random_boot();
    EXPECT_THAT(compare_boots(good, good, {}).differences, IsEmpty());
    const std::string text =
        boot_diff_text(compare_boots(good, bad, {}), {.detail = BootDiffTextOptions::Detail::Full});
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      ASSERT_LE(end - begin, 100U) << text.substr(begin, end - begin);
    }
  }
}

// Behind a snap length only what was captured is compared, and that still is.
TEST(BootDiff, ComparesOfACutMessageWhatThereIs) {
  Boot cut = good_boot();
  auto& offer = std::get<DhcpStep>(cut.steps[2].what);
  ASSERT_TRUE(offer.is_proxy_offer());
  offer.cut = true;
  offer.octets.resize(dhcp::kOptionsOffset + 3);  // option 53
  offer.octets.push_back(255);
  offer.vendor_class.clear();
  offer.boot_file.clear();
  cut.cut = 1;
  const BootDiff diff = compare(cut);
  EXPECT_THAT(diff.differences, IsEmpty());
  EXPECT_EQ(diff.aligned, 10U);
  EXPECT_THAT(hidden_texts(diff, "good.pcap", "bad.pcap"),
              ElementsAre(HasSubstr("bad.pcap: 1 packet of this boot is cut by the snap length")));
  EXPECT_THAT(hidden_texts(compare(good_boot()), "good.pcap", "bad.pcap"), IsEmpty());

  offer.octets[20] = 192;  // siaddr
  EXPECT_THAT(compare(cut, {.family = firmware::Family::Ipxe}).differences,
              ElementsAre(is_difference(Kind::Field, Rank::Semantic, "OFFER proxy", "siaddr")));
}

TEST(BootDiff, ComparesOfACutNameWhatThereIs) {
  Boot cut = good_boot();
  auto& transfer = std::get<TransferStep>(cut.steps[7].what);
  transfer.name_cut = transfer.request_cut = true;
  transfer.filename = "grubx...";
  transfer.mode.clear();
  EXPECT_THAT(compare(cut).differences, IsEmpty());
  transfer.filename = "boot...";
  EXPECT_THAT(compare(cut).differences,
              Contains(is_difference(Kind::Field, Rank::Semantic, "file grubx64.efi", "name")));
}

// Without the OACK's end the block size is not known, nor which block was the last.
TEST(BootDiff, LeavesTheEndOfATransferOpenWhoseOackIsCut) {
  Boot cut = good_boot();
  auto& transfer = std::get<TransferStep>(cut.steps[7].what);
  transfer.oack_cut = true;
  transfer.outcome = TransferStep::Outcome::Unfinished;
  cut.cut = 1;
  cut.verdict.kind = BootVerdict::Kind::Unfinished;
  EXPECT_EQ(compare(cut).count(Rank::Semantic), 0U);
}

// A snap length of 200 leaves nothing of DHCP to read.
TEST(BootDiff, MissesNoDhcpThatTheCaptureCannotHold) {
  Boot cut = good_boot();
  std::erase_if(cut.steps,
                [](const Step& step) { return std::holds_alternative<DhcpStep>(step.what); });
  cut.begins_before_capture = true;
  EXPECT_GT(compare(cut).count(Rank::Semantic), 0U);
  const BootDiff diff = compare(cut, {.bad_cut_frames = 40});
  EXPECT_EQ(diff.count(Rank::Semantic), 0U);
  EXPECT_THAT(hidden_texts(diff, "good.pcap", "bad.pcap"),
              ElementsAre(HasSubstr("40 frames of the file are cut")));
}

}  // namespace
}  // namespace pxeproof::trace
