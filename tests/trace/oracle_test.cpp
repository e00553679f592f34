// What other firmware would have done, and what the screen shows.

#include "trace/rules/oracle.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/script_parts.h"
#include "trace/boot_session.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using firmware::Family;
using testing::CaptureScript;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kRouter;
using testing::ScriptClient;

struct Oracle {
  std::string others;
  std::string screen;
};

Oracle ask(const CaptureScript& script, Family family) {
  const std::vector<Boot> boots = testing::boots_of(script, 60s);
  EXPECT_EQ(boots.size(), 1U);
  if (boots.empty()) return {};
  const std::vector<BootSession> sessions = split_sessions(boots[0]);
  const BootSession* session = deciding_session(sessions);
  EXPECT_NE(session, nullptr);
  if (session == nullptr) return {};
  return {fmt::format("{}", fmt::join(other_firmware(family, *session), "\n")),
          screen_words(family, boots[0].verdict, *session)};
}

// UEFI loads iPXE, and iPXE is told this file.
CaptureScript ipxe_is_told(const std::string& file) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "ipxe.efi"});
  script.fetch(client, kRouter, "ipxe.efi", 40'000, 1468).wait(2s);
  ScriptClient ipxe = testing::as_ipxe(client);
  script.lease(ipxe, {.siaddr = kRouter.address, .file = file});
  if (!file.starts_with("http")) script.miss(ipxe, kRouter, file);
  return script;
}

// Its screen was once told to show EDK2's words, and three ROMs to fetch its script.
TEST(Oracle, OfIpxesRoundSpeaksOfIpxe) {
  const Oracle told = ask(ipxe_is_told("boot.ipxe"), Family::Edk2);
  EXPECT_THAT(told.screen, HasSubstr("ipxe.org"));
  EXPECT_THAT(told.others, IsEmpty());
}

TEST(Oracle, DoesNotSayNothingToBootOfAUrl) {
  const Oracle told = ask(ipxe_is_told("http://boot.example.com/boot.ipxe"), Family::Edk2);
  EXPECT_THAT(told.screen, IsEmpty());
  EXPECT_THAT(told.others, IsEmpty());
}

TEST(Oracle, OfIpxeAsRomTellsTheOthers) {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "undionly.kpxe"});
  script.miss(client, kRouter, "undionly.kpxe");
  EXPECT_THAT(ask(script, Family::Ipxe).others, HasSubstr("EDK2"));
}

TEST(Oracle, KnowsThatRomsAskByTftpForAUrl) {
  CaptureScript script;
  ScriptClient client = testing::intel_client();
  const std::string url = "http://10.0.0.1/undionly.kpxe";
  script.lease(client, {.siaddr = kRouter.address, .file = url});
  script.miss(client, kRouter, url);
  const Oracle told = ask(script, Family::IntelRom);
  EXPECT_THAT(told.others, HasSubstr("iPXE would fetch " + url));
  EXPECT_THAT(told.others, HasSubstr("EDK2, U-Boot would ask 10.0.0.1 by TFTP for a file named"));
}

TEST(Oracle, OfHttpBootTellsNoPxeRom) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  client.make = ScriptClient::Make::HttpBoot;
  client.architecture = 16;
  for (const Duration pause : {4s, 8s, 16s}) {
    script.discover(client);
    script.offer(client, kRouter, {.yiaddr = client.address, .file_option = "http://10.0.0.1/a"});
    script.wait(pause);
  }
  const Oracle told = ask(script, Family::Edk2);
  EXPECT_THAT(told.others, IsEmpty());
  EXPECT_THAT(told.screen, IsEmpty());
}

}  // namespace
}  // namespace pxeproof::trace
