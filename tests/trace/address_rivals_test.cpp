// Hosts that seem to use a booting machine's address, and what is made of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/frames/build.h"
#include "tests/support/capture_script.h"
#include "trace/rules/rule.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::CaptureScript;
using testing::kProxy;
using testing::kRouter;
using testing::ScriptClient;

constexpr MacAddress kOther{{0x02, 0, 0, 0, 0, 0x77}};

// A machine that has an address and asks in vain for its file.
struct Silence {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();

  Silence() {
    script.lease_with_proxy(client, {.siaddr = kProxy.address,
                                     .file = "grubx64.efi",
                                     .vendor_class = "PXEClient",
                                     .vendor = testing::control_vendor(8)});
  }
  Silence& ask(int times) {
    for (int tries = 0; tries < times; ++tries) {
      script.rrq(client, kProxy, "grubx64.efi").wait(4s);
    }
    return *this;
  }
  Silence& claim(Ipv4Address address, const MacAddress& mac = kOther) {
    script.frame(frames::build_arp({.operation = frames::kArpReply,
                                    .sender_mac = mac,
                                    .sender_address = address,
                                    .target_mac = kProxy.mac,
                                    .target_address = kProxy.address},
                                   kProxy.mac));
    return *this;
  }
};

// The first cause that is named, and how sure it is.
std::pair<std::string, Confidence> cause_of(const CaptureScript& script, std::size_t boot = 0) {
  const std::vector<Boot> boots = testing::boots_of(script, 60s);
  CaptureContext context;
  for (const Boot& each : boots) context.boots.push_back(&each);
  const Explanation explanation =
      explain_boot(boots.at(boot), boots.at(boot).firmware.family, context);
  if (explanation.faults.empty()) return {};
  return {std::string(explanation.faults[0].rule->id), explanation.faults[0].confidence};
}

TEST(AddressRival, IsTheCauseWhileTheMachineGoesOn) {
  Silence silence;
  silence.ask(2).claim(silence.client.address).ask(2);
  EXPECT_EQ(cause_of(silence.script), std::pair(std::string("R84"), Confidence::Certain));
}

TEST(AddressRival, ThatComesWhenTheMachineIsOffIsNone) {
  Silence silence;
  silence.ask(4);
  silence.script.wait(100s);
  silence.claim(silence.client.address);
  EXPECT_EQ(cause_of(silence.script).first, "R10");
}

TEST(AddressRival, ThatClaimsOtherAddressesTooMayBeARouter) {
  Silence silence;
  silence.ask(2).claim(Ipv4Address::of(10, 0, 0, 200)).claim(silence.client.address).ask(2);
  EXPECT_EQ(cause_of(silence.script), std::pair(std::string("R84"), Confidence::Possible));
}

TEST(AddressRival, ThatHandsThePacketsOnIsNone) {
  Silence silence;
  for (int tries = 0; tries < 3; ++tries) {
    silence.ask(1);
    ScriptClient by_way = silence.client;
    by_way.mac = kOther;
    silence.script.from_server(by_way, kProxy, tftp::Error{.code = 1, .text = "no", .trailer = {}});
    Bytes handed_on = silence.script.frames.back().octets;
    std::ranges::copy(silence.client.mac.octets, handed_on.begin());
    silence.script.frame(std::move(handed_on));
  }
  EXPECT_EQ(cause_of(silence.script).first, "R15");
}

TEST(AddressRival, DoesNotHideWhatTheServerSaid) {
  Silence silence;
  silence.claim(silence.client.address);
  silence.script.miss(silence.client, kProxy, "grubx64.efi");
  EXPECT_EQ(cause_of(silence.script).first, "R15");
}

TEST(AddressRival, IsTheNextMachineOnlyWhenBothGoOn) {
  Silence silence;
  silence.ask(3);
  ScriptClient next = silence.client;
  next.mac = kOther;
  next.guid.octets[0] = 77;
  next.xid = 0x99000001;
  silence.script.wait(40s);
  silence.script.lease_with_proxy(next, {.siaddr = kProxy.address,
                                         .file = "grubx64.efi",
                                         .vendor_class = "PXEClient",
                                         .vendor = testing::control_vendor(8)});
  silence.script.fetch(next, kProxy, "grubx64.efi", 30'000);
  EXPECT_EQ(cause_of(silence.script).first, "R10");
}

constexpr testing::ScriptServer kSecondRouter{Ipv4Address::of(10, 0, 0, 2), {{2, 0, 0, 0, 0, 2}}};

// A machine that booted and is silent, then one that is given its address and no file.
struct Succession {
  Silence first;
  ScriptClient next = first.client;

  Succession() {
    first.script.fetch(first.client, kProxy, "grubx64.efi", 30'000);
    first.script.fetch(first.client, kProxy, "grub/grub.cfg", 90);
    first.script.fetch(first.client, kProxy, "vmlinuz", 70'000);
    next.mac = kOther;
    next.guid.octets[0] = 77;
    next.xid = 0x99000001;
  }
  Succession& release() {
    dhcp::Message message;
    message.header.op = dhcp::kBootRequest;
    message.header.set_mac(first.client.mac);
    message.header.ciaddr = first.client.address;
    message.add_type(dhcp::MessageType::Release);
    message.add_address(dhcp::OptionCode::ServerIdentifier, kRouter.address);
    first.script.say(first.client, message, {first.client.address, 68}, {kRouter.address, 67});
    return *this;
  }
  Succession& lease(const testing::ScriptServer& server) {
    const testing::Answer answer{
        .yiaddr = next.address, .siaddr = kProxy.address, .file = "grubx64.efi"};
    first.script.wait(400s).discover(next).offer(next, server, answer);
    first.script.request(next, server).ack(next, server, answer);
    return *this;
  }
  // What is named first of the second boot.
  std::pair<std::string, Confidence> cause() {
    for (int tries = 0; tries < 4; ++tries) {
      first.script.rrq(next, kProxy, "grubx64.efi").wait(4s);
    }
    return cause_of(first.script, 1);
  }
};

TEST(AddressRival, MayBeASilentMachineThatAnotherServerServes) {
  Succession succession;
  EXPECT_EQ(succession.lease(kSecondRouter).cause(),
            std::pair(std::string("R84"), Confidence::Likely));
}

TEST(AddressRival, IsNoneOfTheSameServer) {
  Succession succession;
  EXPECT_EQ(succession.lease(kRouter).cause().first, "R10");
}

TEST(AddressRival, IsNoneThatGaveItsAddressBack) {
  Succession succession;
  EXPECT_EQ(succession.release().lease(kSecondRouter).cause().first, "R10");
}

TEST(AddressRival, IsNoneWhoseLeaseHasRunOut) {
  Succession succession;
  succession.first.script.wait(std::chrono::hours(12));
  EXPECT_EQ(succession.lease(kSecondRouter).cause().first, "R10");
}

TEST(AddressRival, IsNotTheMachineItselfByAnotherCardOrProgram) {
  for (const bool is_card : {true, false}) {
    Succession succession;
    if (is_card) succession.next.guid = succession.first.client.guid;
    if (!is_card) succession.next.mac = succession.first.client.mac;
    EXPECT_EQ(succession.lease(kSecondRouter).cause().first, "R10") << is_card;
  }
  // The same GUID in the other order of its octets.
  Succession succession;
  succession.next.guid = *Guid::parse("04030201-0605-0807-090a-0b0c0d0e0f10");
  EXPECT_EQ(succession.lease(kSecondRouter).cause().first, "R10");
}

// Two boards with one fixed address, and nothing but TFTP in the capture.
struct Boards {
  CaptureScript script;
  ScriptClient one = testing::edk2_client();
  ScriptClient other = one;

  Boards() {
    other.mac = kOther;
    other.next_port = 3000;
  }
  Boards& ask(int times) {
    for (int tries = 0; tries < times; ++tries) {
      script.rrq(one, kProxy, "uImage").wait(2s).rrq(other, kProxy, "uImage").wait(2s);
    }
    return *this;
  }
};

TEST(AddressRival, MayBeABoardWithTheSameFixedAddress) {
  Boards boards;
  boards.ask(4);
  ASSERT_EQ(testing::boots_of(boards.script, 60s).size(), 2U);
  for (const std::size_t boot : {0U, 1U}) {
    EXPECT_EQ(cause_of(boards.script, boot), std::pair(std::string("R84"), Confidence::Likely));
  }
}

TEST(AddressRival, IsNotABoardBehindTwoRouters) {
  Boards boards;
  boards.ask(4).script.edit([](Bytes& frame) { frame[22] = 63; });
  ASSERT_EQ(testing::boots_of(boards.script, 60s).size(), 1U);
  EXPECT_NE(cause_of(boards.script).first, "R84");
}

// A board without an address in its memory takes another each time it is switched on.
TEST(AddressRival, IsNotTheSameBoardSwitchedOnAgain) {
  Boards boards;
  for (ScriptClient* board : {&boards.one, &boards.other}) {
    for (int tries = 0; tries < 3; ++tries) boards.script.rrq(*board, kProxy, "uImage").wait(4s);
  }
  ASSERT_EQ(testing::boots_of(boards.script, 60s).size(), 2U);
  EXPECT_EQ(cause_of(boards.script, 1).first, "R10");
}

// The many messages of a machine that shows only later that it boots are read then.
TEST(PlainMessages, AreReadWhenASignOfBootComes) {
  CaptureScript script;
  ScriptClient client;
  client.make = ScriptClient::Make::Plain;
  for (int round = 0; round < 40; ++round) {
    script.lease(client);
    script.wait(2s);
  }
  const auto before = static_cast<std::uint32_t>(script.frames.size());
  script.rrq(client, kRouter, "uImage").wait(1s);
  const Boot boot = testing::boots_of(script, 60s).at(0);
  std::uint32_t last = 0;
  std::size_t messages = 0;
  for (const Step& step : boot.steps) {
    if (!std::holds_alternative<DhcpStep>(step.what)) continue;
    ++messages;
    last = step.first_packet;
  }
  EXPECT_EQ(messages, 32U);
  EXPECT_EQ(last, before);
  EXPECT_EQ(boot.steps_left_out, before - messages);
}

}  // namespace
}  // namespace pxeproof::trace
