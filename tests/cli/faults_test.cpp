// The language of `serve --fault`, and what its words do to packets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/faults/fault.h"
#include "protocol/dhcp/message.h"
#include "tests/support/faulty_boot.h"

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using pxeproof::testing::FaultyBoot;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string refusal_of(const std::string& text) {
  const auto faults = read_faults(std::vector{text});
  return faults ? "accepted" : faults.error().message;
}

FaultyBoot boot(const std::string& faults, const std::string& profile = "ipxe-bios",
                std::uint64_t seed = 1) {
  return FaultyBoot({.profile = profile, .faults = faults, .seed = seed});
}

// What the server sent, as "OACK", "DATA 3", "ERROR 1".
std::vector<std::string> tftp_of(const FaultyBoot& boot) {
  std::vector<std::string> all;
  for (const FaultyBoot::Packet& packet : boot.packets()) {
    if (packet.by_rom || packet.udp.destination.port == dhcp::kClientPort) continue;
    const auto decoded = tftp::decode(packet.payload);
    if (!decoded) {
      all.emplace_back("broken");
    } else if (const auto* const data = std::get_if<tftp::Data>(&*decoded)) {
      all.push_back("DATA " + std::to_string(data->block));
    } else if (std::holds_alternative<tftp::Oack>(*decoded)) {
      all.emplace_back("OACK");
    } else if (const auto* const error = std::get_if<tftp::Error>(&*decoded)) {
      all.push_back("ERROR " + std::to_string(error->code) + " " + error->text);
    }
  }
  return all;
}

std::size_t count(const std::vector<std::string>& all, std::string_view one) {
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), one));
}

std::vector<FaultyBoot::Packet> dhcp_of(const FaultyBoot& boot) {
  std::vector<FaultyBoot::Packet> all = boot.packets();
  std::erase_if(all, [](const FaultyBoot::Packet& packet) {
    return packet.by_rom || packet.udp.destination.port != dhcp::kClientPort;
  });
  return all;
}

TEST(FaultLanguage, EveryListedExampleIsRead) {
  for (const FaultForm& row : fault_forms()) {
    EXPECT_EQ(refusal_of(std::string(row.example)), "accepted") << row.example;
    EXPECT_THAT(list_faults(), HasSubstr(std::string(row.form)));
  }
}

TEST(FaultLanguage, EverythingOfItsPageIsRead) {
  std::ifstream page(PXEPROOF_SOURCE_DIR "/docs/faults.md");
  ASSERT_TRUE(page) << "docs/faults.md is missing";
  std::ostringstream text;
  text << page.rdbuf();
  const std::string all = text.str();
  for (const FaultForm& row : fault_forms()) {
    std::string form(row.form);
    for (std::size_t at = 0; (at = form.find('|', at)) != std::string::npos; at += 2) {
      form.insert(at, "\\");
    }
    EXPECT_THAT(all, HasSubstr("`" + form + "`"));
    EXPECT_THAT(all, HasSubstr("`" + std::string(row.example) + "`"));
  }
  // And each --fault '...' and --fault "..." of the commands.
  std::size_t commands = 0;
  for (std::size_t at = 0; (at = all.find("--fault ", at)) != std::string::npos; ++at) {
    const char quote = all[at + 8];
    if (quote != '"' && quote != '\'') continue;
    const std::string faults = all.substr(at + 9, all.find(quote, at + 9) - at - 9);
    if (faults == "...") continue;
    EXPECT_EQ(refusal_of(faults), "accepted") << faults;
    ++commands;
  }
  EXPECT_GE(commands, 5U);
}

TEST(FaultLanguage, SeveralStandInOneTextAndTakeQuotedBlanks) {
  const auto faults = parse_faults(
      " drop 5% of DATA 3- ; ; error 1 \"no; \\\"such\\\" file\" at 2;OFFER without 60 ");
  ASSERT_TRUE(faults);
  ASSERT_THAT(*faults, SizeIs(3));
  EXPECT_EQ((*faults)[0].text, "drop 5% of DATA 3-");
  EXPECT_EQ((*faults)[0].which.first, 3U);
  EXPECT_DOUBLE_EQ((*faults)[0].which.probability, 0.05);
  EXPECT_EQ(std::get<SendError>((*faults)[1].action).text, "no; \"such\" file");
  EXPECT_EQ((*faults)[2].text, "OFFER without 60");
}

TEST(FaultLanguage, RefusesWithThePositionAndWhatToDo) {
  EXPECT_THAT(refusal_of("drop DATAX 3"),
              AllOf(HasSubstr("--fault:6: "), HasSubstr("did you mean DATA?")));
  EXPECT_THAT(refusal_of("drop DATA 3; ofer without 60"),
              AllOf(HasSubstr("--fault:14: "), HasSubstr("did you mean OFFER?")));
  EXPECT_THAT(refusal_of("offer withot 60"),
              AllOf(HasSubstr("--fault:7: "), HasSubstr("did you mean without?")));
  EXPECT_THAT(refusal_of("data shrt 3"), HasSubstr("did you mean short?"));
  EXPECT_THAT(refusal_of("oack blksize"), HasSubstr("did you mean blksize=?"));
  EXPECT_THAT(refusal_of(""), HasSubstr("--fault:1: "));
  EXPECT_THAT(refusal_of("drop"), HasSubstr("--fault:5: "));
  EXPECT_THAT(refusal_of("drop DATA 3 5"), HasSubstr("--fault:13: "));
  EXPECT_THAT(refusal_of("drop DATA 5-3"), HasSubstr("--fault:11: "));
  EXPECT_THAT(refusal_of("error \"x"), HasSubstr("--fault:7: this quote is never closed"));
}

TEST(FaultLanguage, RefusesWhatMakesNoSense) {
  std::istringstream all(R"(drop 0% of DATA
drop 101% of DATA
drop 5% DATA
delay OFFER
delay OFFER by 3
delay OFFER by 2h
duplicate DATA by 0
duplicate DATA by 101
truncate ACK
offer
offer without
offer without 0
offer without 255
offer without 60.1
offer with 60
offer with 60=xyz
offer option 60
offer siaddr=1.2.3
offer chaddr
offer xid+
offer xid=12
offer secs=65536
offer type=nothing
offer blksize=9
offer 1 2 without 60
oack
oack without
oack with option
data
data wrong-block 3 4
data block+0
data from port 5
data from there
offer to port 0
offer by air
error
error 70000
error x
silent
silent 68
silent 67 for
silent 67 now
nak nak
drop OFFER last
drop OFFER always
drop DATA for 52:54:00:12:34:56
drop OFFER for pxelinux.0
drop DATA larger
drop DATA larger than x
torn 43
offer torn 43.6
tftp short
offer "without" 60)");
  for (std::string wrong; std::getline(all, wrong);) {
    EXPECT_THAT(refusal_of(wrong), HasSubstr("--fault:")) << wrong;
  }
  EXPECT_THAT(refusal_of("offer file=" + std::string(128, 'x')), HasSubstr("room for 127"));
}

TEST(FaultLanguage, NamesTheOptionThatIsWrong) {
  const auto faults = read_faults(std::vector<std::string>{"drop DATA 1", "drop DATUM"});
  ASSERT_FALSE(faults);
  EXPECT_EQ(faults.error().code, ExitCode::WrongUsage);
  EXPECT_THAT(faults.error().message, HasSubstr("--fault number 2:6: "));
}

// Broken texts are refused, each at a place within them.
TEST(FaultLanguage, NoTextBreaksTheReader) {
  Random random(5);
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(fault_forms()[random.below(fault_forms().size())].example);
    for (std::uint64_t change = random.between(1, 3); change > 0; --change) {
      const std::size_t at = random.below(text.size() + 1);
      const std::string_view piece = fault_forms()[random.below(fault_forms().size())].example;
      switch (random.below(3)) {
        case 0:
          text.erase(at, random.between(1, 4));
          break;
        case 1:
          text.insert(at, 1, static_cast<char>(random.below(256)));
          break;
        default:
          text.insert(at, piece.substr(random.below(piece.size())));
      }
    }
    const auto faults = parse_faults(text);
    if (faults) {
      ++accepted;
    } else {
      EXPECT_GE(faults.error().position, 1U);
      EXPECT_LE(faults.error().position, text.size() + 1) << text;
      EXPECT_FALSE(faults.error().problem.empty());
    }
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_LT(accepted, 15'000U);
}

TEST(Faults, NoneChangeNothing) {
  for (const char* const profile : {"ipxe-bios", "edk2-x64", "uboot-arm64", "grub"}) {
    const FaultyBoot plain = boot("", profile);
    EXPECT_TRUE(plain.is_booted()) << profile;
    EXPECT_THAT(plain.notes(), IsEmpty());
  }
}

TEST(Faults, ALostBlockIsLostOnceUnlessAlways) {
  const FaultyBoot once = boot("drop DATA 3");
  EXPECT_TRUE(once.is_booted());
  EXPECT_THAT(once.notes(), SizeIs(1));
  EXPECT_THAT(once.notes().front(), HasSubstr("fault \"drop DATA 3\": DATA 3 of dir/boot.bin to "));
  const FaultyBoot always = boot("drop DATA 3 always");
  EXPECT_FALSE(always.is_booted());
  EXPECT_EQ(count(tftp_of(always), "DATA 3"), 0U);
}

TEST(Faults, PacketsAreCountedPerClientAndPerTransfer) {
  const FaultyBoot offers = boot("drop OFFER 1; drop OACK 1");
  EXPECT_TRUE(offers.is_booted());
  EXPECT_THAT(offers.notes(), SizeIs(2));
  const FaultyBoot every = boot("duplicate DATA every 4");
  EXPECT_TRUE(every.is_booted());
  EXPECT_EQ(count(tftp_of(every), "DATA 4"), 2U);
  EXPECT_EQ(count(tftp_of(every), "DATA 5"), 1U);
  EXPECT_EQ(count(tftp_of(every), "DATA 8"), 2U);
  const FaultyBoot foreign = boot("drop OFFER for 52:54:00:00:00:01; drop DATA for other.bin");
  EXPECT_TRUE(foreign.is_booted());
  EXPECT_THAT(foreign.notes(), IsEmpty());
  EXPECT_FALSE(boot("drop OFFER for 52:54:00:12:34:56").is_booted());
  EXPECT_FALSE(boot("drop DATA 2 always for boot.bin").is_booted());
}

TEST(Faults, DelayAndReorderComeInVirtualTime) {
  const FaultyBoot late = boot("delay OFFER by 2s");
  ASSERT_FALSE(dhcp_of(late).empty());
  EXPECT_GE(dhcp_of(late).front().at, 2s);
  EXPECT_LT(dhcp_of(late).front().at, 2100ms);
  const std::vector<std::string> turned = tftp_of(boot("reorder DATA 2", "edk2-x64"));
  const auto second = std::find(turned.begin(), turned.end(), "DATA 2");
  const auto third = std::find(turned.begin(), turned.end(), "DATA 3");
  ASSERT_NE(second, turned.end());
  EXPECT_LT(third, second);
  // Nothing follows in lock-step: it comes 50 ms later.
  EXPECT_TRUE(boot("reorder DATA 2").is_booted());
}

TEST(Faults, OptionsOfRepliesChange) {
  const FaultyBoot without = boot("offer without 54; offer with 43.6=08; offer option 60=PXECli");
  ASSERT_FALSE(dhcp_of(without).empty());
  const Bytes packet = dhcp_of(without).front().payload;
  const auto offer = dhcp::MessageView::parse(packet);
  ASSERT_TRUE(offer);
  EXPECT_FALSE(offer->has(dhcp::OptionCode::ServerIdentifier));
  EXPECT_EQ(offer->text(dhcp::OptionCode{60}), "PXECli");
  EXPECT_THAT(to_hex(*offer->first(43)), HasSubstr("060108"));
  EXPECT_GE(packet.size(), dhcp::kMinimumMessage);
}

TEST(Faults, HeadersOfRepliesChange) {
  const FaultyBoot changed = boot(
      "offer xid+1; offer siaddr=10.9.9.9; offer yiaddr=10.0.0.60; offer file=other; "
      "offer secs=7; offer hops=3; offer flags=8000; offer op=1");
  const Bytes packet = dhcp_of(changed).front().payload;
  const auto offer = dhcp::MessageView::parse(packet);
  ASSERT_TRUE(offer);
  const auto all = changed.packets();
  const auto asked =
      std::find_if(all.begin(), all.end(), [](const auto& each) { return each.by_rom; });
  EXPECT_EQ(offer->xid(), dhcp::MessageView::parse(asked->payload)->xid() + 1);
  EXPECT_EQ(offer->siaddr(), Ipv4Address::of(10, 9, 9, 9));
  EXPECT_EQ(offer->yiaddr(), Ipv4Address::of(10, 0, 0, 60));
  EXPECT_EQ(offer->file_text(), "other");
  EXPECT_EQ(offer->secs(), 7);
  EXPECT_EQ(offer->flags(), 0x8000);
  EXPECT_EQ(offer->op(), 1);
  EXPECT_FALSE(changed.is_booted());
}

TEST(Faults, ATornOptionRunsPastTheEnd) {
  const FaultyBoot torn = boot("offer torn 43");
  const Bytes packet = dhcp_of(torn).front().payload;
  const auto offer = dhcp::MessageView::parse(packet);
  ASSERT_FALSE(offer);
  EXPECT_EQ(offer.error().fault, dhcp::Fault::OptionTruncated);
}

TEST(Faults, ANakComesInPlaceOfTheAck) {
  const FaultyBoot refused = boot("nak", "edk2-x64");
  EXPECT_FALSE(refused.is_booted());
  EXPECT_THAT(refused.rom().failed()->firmware_words, HasSubstr("PXE-E07"));
}

TEST(Faults, AnErrorEndsTheTransfer) {
  const FaultyBoot cut = boot("error 3 \"disk full\" at 5");
  EXPECT_FALSE(cut.is_booted());
  const std::vector<std::string> sent = tftp_of(cut);
  EXPECT_EQ(sent.back(), "ERROR 3 disk full");
  EXPECT_EQ(count(sent, "DATA 5"), 0U);
  const std::vector<std::string> first = tftp_of(boot("error 1"));
  EXPECT_EQ(first.front(), "ERROR 1 file not found");
  EXPECT_EQ(count(first, "DATA 1"), 0U);
}

TEST(Faults, AStrangersPortMayCarryAWholeTransfer) {
  for (const char* const profile : {"ipxe-bios", "edk2-x64", "uboot-arm64", "grub"}) {
    const FaultyBoot moved = boot("tftp from port 69", profile);
    EXPECT_TRUE(moved.is_booted()) << profile;
    for (const FaultyBoot::Packet& packet : moved.packets()) {
      if (packet.by_rom || packet.udp.destination.port == dhcp::kClientPort) continue;
      EXPECT_EQ(packet.udp.source.port, 69);
    }
  }
}

TEST(Faults, APortMayBeSilentAtFirst) {
  EXPECT_FALSE(boot("silent 69").is_booted());
  const FaultyBoot slow = boot("silent 67 for 5s");
  EXPECT_TRUE(slow.is_booted());
  EXPECT_GE(dhcp_of(slow).front().at, 5s);
}

TEST(Faults, ABlockComesAgainAfterTheNextOne) {
  const std::vector<std::string> sent = tftp_of(boot("data resend 3"));
  EXPECT_EQ(count(sent, "DATA 3"), 2U);
  const auto fourth = std::find(sent.begin(), sent.end(), "DATA 4");
  EXPECT_NE(std::find(fourth, sent.end(), "DATA 3"), sent.end());
}

TEST(Faults, WhatLargerPacketsSufferFitsATunnel) {
  EXPECT_FALSE(boot("drop DATA larger than 1400").is_booted());
  EXPECT_TRUE(boot("drop DATA larger than 1400", "grub").is_booted());
}

TEST(Faults, TheSameSeedFailsTheSamePackets) {
  const auto lost = [](std::uint64_t seed) {
    return boot("drop 40% of DATA", "ipxe-bios", seed).notes();
  };
  EXPECT_FALSE(lost(3).empty());
  EXPECT_EQ(lost(3), lost(3));
}

// Whatever is done to its packets, a ROM ends: booted, or in its firmware's words.
TEST(Faults, NoneKeepsARomForEver) {
  for (const FaultForm& row : fault_forms()) {
    for (const std::string profile :
         {"ipxe-bios", "edk2-x64", "uboot-arm64", "grub", "intel-2.1"}) {
      const FaultyBoot made = boot(std::string(row.example), profile);
      // U-Boot without an address starts over for ever, and has a say in nothing else.
      const bool starts_over = profile == "uboot-arm64" && made.notes().size() > 20;
      EXPECT_TRUE(made.rom().is_over() || starts_over) << row.example << " with " << profile;
    }
  }
}

TEST(Faults, OneAfterTheOtherChangesTheSamePacket) {
  const FaultyBoot both = boot("data 2 block+5; duplicate DATA 2");
  // The ROM keeps what comes early and sees that these are not the octets of block 7: it ends.
  EXPECT_EQ(count(tftp_of(both), "DATA 7"), 2U);
}

}  // namespace
}  // namespace pxeproof::cli
