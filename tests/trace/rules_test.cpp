// Each rule on a capture that shows it, on the captures of the other rules, and on healthy boots.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "protocol/frames/build.h"
#include "tests/support/fault_captures.h"
#include "tests/support/script_parts.h"
#include "trace/rules/rule.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::boots_of;
using testing::CaptureScript;
using testing::FaultCapture;
using testing::ScriptClient;

struct Explained {
  std::vector<Boot> boots;
  std::vector<Explanation> explanations;
};

Explained explain(const FaultCapture& capture) {
  Explained explained;
  explained.boots = boots_of(capture.script, capture.silence);
  CaptureContext context;
  context.first = capture.script.frames.front().at;
  context.last = capture.script.now() + capture.silence;
  for (const Boot& boot : explained.boots) context.boots.push_back(&boot);
  for (const Boot& boot : explained.boots) {
    explained.explanations.push_back(explain_boot(boot, boot.firmware.family, context));
  }
  return explained;
}

std::string summary(const Explained& explained) {
  std::string text;
  for (std::size_t at = 0; at < explained.boots.size(); ++at) {
    const Boot& boot = explained.boots[at];
    text += "boot " + std::to_string(boot.number) + " " +
            std::string(to_string(boot.verdict.kind)) + ": " + boot.verdict.text + "\n";
    for (const Finding& finding : explained.explanations[at].faults) {
      text += "  fault " + std::string(finding.rule->id) + " " + finding.cause + "\n";
    }
    for (const Finding& finding : explained.explanations[at].slow) {
      text += "  slow " + std::string(finding.rule->id) + " " + finding.cause + "\n";
    }
    text += explained.explanations[at].undecided;
  }
  return text;
}

class Rules : public ::testing::TestWithParam<FaultCapture> {};

TEST_P(Rules, NamesTheFaultAndNoOther) {
  const FaultCapture& capture = GetParam();
  const Explained explained = explain(capture);
  const Rule* wanted = find_rule(capture.rule);
  ASSERT_NE(wanted, nullptr);
  bool named = false;
  std::set<std::string_view> others;
  for (std::size_t at = 0; at < explained.boots.size(); ++at) {
    const Explanation& explanation = explained.explanations[at];
    for (const auto* list : {&explanation.faults, &explanation.slow}) {
      for (const Finding& finding : *list) {
        if (finding.rule != wanted) others.insert(finding.rule->id);
        if (finding.rule != wanted) continue;
        // The rule is the first named of its boot.
        named = named || &finding == &list->front();
        EXPECT_FALSE(finding.packets.empty());
        EXPECT_FALSE(finding.fixes.empty());
        for (const std::uint32_t packet : finding.packets) {
          EXPECT_GE(packet, 1U);
          EXPECT_LE(packet, capture.script.frames.size());
        }
      }
    }
  }
  EXPECT_TRUE(named) << summary(explained);
  for (const std::string_view also : capture.also) others.erase(also);
  EXPECT_THAT(others, ::testing::IsEmpty()) << summary(explained);
}
INSTANTIATE_TEST_SUITE_P(Capture, Rules, ::testing::ValuesIn(testing::fault_captures()),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

class HealthyBoots : public ::testing::TestWithParam<FaultCapture> {};

TEST_P(HealthyBoots, AreCalledSo) {
  const Explained explained = explain(GetParam());
  ASSERT_FALSE(explained.boots.empty());
  for (std::size_t at = 0; at < explained.boots.size(); ++at) {
    const bool well = explained.boots[at].verdict.kind == BootVerdict::Kind::Booted ||
                      explained.boots[at].verdict.state == RomState::LocalBoot;
    EXPECT_TRUE(well) << summary(explained);
    EXPECT_FALSE(explained.explanations[at].is_fault(explained.boots[at])) << summary(explained);
    EXPECT_TRUE(explained.explanations[at].slow.empty()) << summary(explained);
  }
}
INSTANTIATE_TEST_SUITE_P(Capture, HealthyBoots, ::testing::ValuesIn(testing::healthy_captures()),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// A script's frames that a capture of one direction, or of so many octets, holds.
CaptureScript filtered(const CaptureScript& script,
                       const std::function<bool(const CaptureScript::Frame&)>& keep) {
  CaptureScript less = script;
  std::erase_if(less.frames, [&](const auto& frame) { return !keep(frame); });
  return less;
}

bool is_of_client(const CaptureScript::Frame& frame) {
  constexpr std::array<std::uint8_t, 3> kClients{0x52, 0x54, 0x00};
  return std::equal(kClients.begin(), kClients.end(), frame.octets.begin() + 6);
}

// tcpdump -Q out on the client: a boot that worked was once told "firewall, likely".
TEST(HalfACapture, OfTheClientsPacketsIsNoProofOfSilence) {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  testing::boot_pxelinux(script, client);
  const CaptureScript half = filtered(script, is_of_client);
  const Explained explained = explain({.name = "half", .script = half});
  ASSERT_EQ(explained.explanations.size(), 1U);
  EXPECT_THAT(explained.explanations[0].faults, ::testing::IsEmpty()) << summary(explained);
  EXPECT_EQ(explained.boots[0].verdict.kind, BootVerdict::Kind::Unfinished);
  EXPECT_THAT(explained.explanations[0].undecided,
              ::testing::HasSubstr("only what the client sent"));
}

TEST(HalfACapture, OfTheServersPacketsBlamesNoFirmware) {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  testing::boot_pxelinux(script, client);
  const CaptureScript half =
      filtered(script, [](const CaptureScript::Frame& frame) { return !is_of_client(frame); });
  const Explained explained = explain({.name = "half", .script = half});
  ASSERT_EQ(explained.explanations.size(), 1U);
  EXPECT_THAT(explained.explanations[0].faults, ::testing::IsEmpty()) << summary(explained);
  EXPECT_THAT(explained.explanations[0].undecided, ::testing::HasSubstr("was sent"));
}

TEST(HalfACapture, OfACallThatNobodyAnsweredIsAWholeOne) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  for (int tries = 0; tries < 4; ++tries) script.discover(client).wait(8s);
  const Explained explained = explain({.name = "silence", .script = script});
  ASSERT_EQ(explained.explanations.size(), 1U);
  ASSERT_FALSE(explained.explanations[0].faults.empty());
  EXPECT_EQ(explained.explanations[0].faults[0].rule->id, "R38");
}

// Right behind its ACK a client has had no time to ask for its file.
TEST(ProxyOfferIgnored, IsNotSaidOfACaptureThatEndsBehindTheAck) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  script.lease_with_proxy(client, testing::pxelinux_offer());
  const Explained explained =
      explain({.name = "ends early", .script = script, .silence = Duration{}});
  ASSERT_EQ(explained.explanations.size(), 1U);
  EXPECT_THAT(explained.explanations[0].faults, ::testing::IsEmpty()) << summary(explained);
}

// With a snap length of 300 the options behind the first are gone.
TEST(CutAnswers, AreNoProofThatAnOptionIsMissing) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  for (int tries = 0; tries < 4; ++tries) {
    script.discover(client);
    script.offer(client, testing::kRouter, {.yiaddr = client.address});
    script.offer(client, testing::kProxy, testing::pxelinux_offer());
    script.wait(8s);
  }
  for (auto& frame : script.frames) {
    if (!is_of_client(frame)) frame.octets.resize(std::min<std::size_t>(frame.octets.size(), 290));
  }
  const Explained explained = explain({.name = "cut", .script = script});
  ASSERT_EQ(explained.explanations.size(), 1U);
  for (const Finding& finding : explained.explanations[0].faults) {
    EXPECT_NE(finding.confidence, Confidence::Certain) << summary(explained);
    EXPECT_NE(finding.rule->id, "R01") << summary(explained);
  }
}

// The answer stands before its question: the server seems silent.
TEST(DisorderedFrames, LeaveNoMoreThanAPossibleCause) {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  testing::reach_file(script, client, "pxelinux.0");
  script.miss(client, testing::kProxy, "pxelinux.0");
  std::swap(script.frames[script.frames.size() - 1], script.frames[script.frames.size() - 2]);
  const std::vector<Boot> boots = testing::boots_of(script, 60s);
  ASSERT_EQ(boots.size(), 1U);
  CaptureContext context;
  context.boots = {&boots[0]};
  context.is_disordered = true;
  const Explanation explanation = explain_boot(boots[0], boots[0].firmware.family, context);
  ASSERT_FALSE(explanation.faults.empty());
  EXPECT_EQ(explanation.faults[0].confidence, Confidence::Possible);
  EXPECT_THAT(explanation.faults[0].elsewhere, ::testing::HasSubstr("reordercap"));
}

// What it is made of is not lost because the capture ends.
TEST(WindowOnLossyPath, IsNotSaidOfACaptureThatEndsInATransfer) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  testing::reach_file(script, client, "grubx64.efi");
  const std::vector<tftp::Option> window{{"blksize", "1468"}, {"windowsize", "4"}};
  script.rrq(client, testing::kProxy, "grubx64.efi", window);
  script.from_server(client, testing::kProxy, tftp::Oack{window, {}});
  script.from_client(client, testing::kProxy, tftp::Ack{0, {}});
  for (std::uint16_t block = 1; block <= 4; ++block) {
    script.data(client, testing::kProxy, block, 1468);
  }
  const Explained explained = explain({.name = "ends", .script = script, .silence = Duration{}});
  ASSERT_EQ(explained.explanations.size(), 1U);
  EXPECT_THAT(explained.explanations[0].faults, ::testing::IsEmpty()) << summary(explained);
}

// An answer to the last of several questions only: the firmware had no time to ignore it.
TEST(ProxyOfferIgnored, IsNotSaidOfAnOfferThatNoQuestionFollowed) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  for (const Duration pause : {4s, 8s, 16s}) {
    script.discover(client).offer(client, testing::kRouter, {.yiaddr = client.address});
    script.wait(pause);
  }
  script.discover(client).offer(client, testing::kProxy, testing::pxelinux_offer());
  const Explained explained = explain({.name = "late proxy", .script = script, .silence = 1s});
  ASSERT_EQ(explained.explanations.size(), 1U);
  for (const Finding& finding : explained.explanations[0].faults) {
    EXPECT_NE(finding.rule->id, "R23") << summary(explained);
  }
}

// Of an encrypted connection nothing can be said; it is no fault of the boot's.
TEST(Https, IsSaidToBeInvisible) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  client.make = ScriptClient::Make::HttpBoot;
  client.architecture = 16;
  script.lease(client,
               {.file_option = "https://10.0.0.9/bootx64.efi", .vendor_class = "HTTPClient"});
  script.connect(client, testing::kProxy, 443, CaptureScript::Connect::Open);
  const Explained explained = explain({.name = "https", .script = script});
  ASSERT_EQ(explained.boots.size(), 1U);
  EXPECT_EQ(explained.boots[0].verdict.kind, BootVerdict::Kind::Unfinished);
  EXPECT_THAT(explained.boots[0].verdict.text, ::testing::HasSubstr("HTTPS"));
  EXPECT_THAT(explained.explanations[0].faults, ::testing::IsEmpty()) << summary(explained);
}

// It says who has the address, and not only that somebody may have it.
TEST(AddressDeclined, NamesWhoHasTheAddress) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  script.lease(client);
  script.frame(frames::build_arp({.operation = frames::kArpRequest,
                                  .sender_mac = client.mac,
                                  .sender_address = {},
                                  .target_mac = {},
                                  .target_address = client.address},
                                 MacAddress::broadcast()));
  script.frame(frames::build_arp({.operation = frames::kArpReply,
                                  .sender_mac = {{0, 0x11, 0x22, 0x33, 0x44, 0x55}},
                                  .sender_address = client.address,
                                  .target_mac = client.mac,
                                  .target_address = {}},
                                 client.mac));
  dhcp::Message decline;
  decline.header.xid = client.xid;
  decline.header.set_mac(client.mac);
  decline.add_type(dhcp::MessageType::Decline);
  script.say(client, decline, {{}, 68}, {Ipv4Address::broadcast(), 67});
  const Explained explained = explain({.name = "conflict", .script = script});
  ASSERT_EQ(explained.explanations.size(), 1U);
  ASSERT_FALSE(explained.explanations[0].faults.empty()) << summary(explained);
  const Finding& first = explained.explanations[0].faults[0];
  EXPECT_EQ(first.rule->id, "R51");
  EXPECT_THAT(first.cause, ::testing::HasSubstr("00:11:22:33:44:55"));
  EXPECT_EQ(first.confidence, Confidence::Certain);
}

TEST(RuleTable, HasACaptureForEveryRuleThatFindsAFault) {
  std::set<std::string_view> shown;
  for (const FaultCapture& capture : testing::fault_captures()) {
    shown.insert(capture.rule);
    shown.insert(capture.also.begin(), capture.also.end());
  }
  for (const Rule& rule : rules()) {
    if (rule.kind == RuleKind::Benign) continue;
    EXPECT_TRUE(shown.contains(rule.id)) << rule.id;
  }
}

TEST(RuleTable, HasEachIdAndNameOnceAndInOrder) {
  std::set<std::string_view> seen;
  std::string_view before = "R00";
  for (const Rule& rule : rules()) {
    EXPECT_TRUE(seen.insert(rule.id).second) << rule.id;
    EXPECT_TRUE(seen.insert(rule.name).second) << rule.name;
    EXPECT_LT(before, rule.id);
    before = rule.id;
  }
}

TEST(RuleTable, CoversAllFieldFailures) {
  std::set<std::string_view> fields;
  for (const Rule& rule : rules()) fields.insert(rule.field);
  for (int failure = 1; failure <= 25; ++failure) {
    EXPECT_TRUE(fields.contains(std::to_string(failure))) << failure;
  }
}

TEST(BenignRules, KnowWhatLooksLikeAFault) {
  std::set<std::string_view> seen;
  for (const FaultCapture& capture : testing::healthy_captures()) {
    for (const Explanation& explanation : explain(capture).explanations) {
      for (const Finding& finding : explanation.benign) seen.insert(finding.rule->id);
    }
  }
  for (const std::string_view id : {"R12", "R43", "R66", "R68", "R69", "R71", "R72"}) {
    EXPECT_TRUE(seen.contains(id)) << id;
  }
}

}  // namespace
}  // namespace pxeproof::trace
