// How far the content of an HTTP answer comes, and what that says of the boot.
#include <gtest/gtest.h>

#include <string_view>

#include "tests/support/capture_script.h"
#include "trace/boot_grouper.h"
#include "trace/boot_recorder.h"
#include "trace/boot_session.h"
#include "trace/rules/rule.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::boots_of;
using testing::CaptureScript;
using testing::kProxy;
using testing::ScriptClient;
using Content = CaptureScript::Content;

struct Fetch {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();

  Fetch() { script.lease(client, {.file = "http://10.0.0.9/boot.ipxe"}); }
  Boot boot() const { return boots_of(script, 30s).at(0); }
};

HttpStep last_http(const Boot& boot) {
  HttpStep last;
  for (const Step& step : boot.steps) {
    if (const auto* http = std::get_if<HttpStep>(&step.what)) last = *http;
  }
  return last;
}

TEST(HttpContent, IsWholeWhenAllOctetsCame) {
  Fetch fetch;
  fetch.script.http_content(fetch.client, kProxy, "/vmlinuz", 9'500, 9'500, Content::Closed);
  const Boot boot = fetch.boot();
  EXPECT_EQ(last_http(boot).length, 9'500U);
  EXPECT_EQ(last_http(boot).octets, 9'500U);
  EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Booted) << boot.verdict.text;
}

TEST(HttpContent, IsCutShortByTheEndOfItsConnection) {
  for (const Content end : {Content::Closed, Content::Reset, Content::WithoutEnd}) {
    Fetch fetch;
    fetch.script.http_content(fetch.client, kProxy, "/vmlinuz", 9'500, 4'200, end);
    const Boot boot = fetch.boot();
    EXPECT_EQ(last_http(boot).octets, 4'200U);
    EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Stalled);
    EXPECT_EQ(boot.verdict.text, "\"/vmlinuz\" came to 4200 of its 9500 octets by HTTP");
  }
}

// An empty kernel was told as loaded, when more was fetched after it.
TEST(HttpContent, IsMissingFromAKernelThatIsNotTheLastFile) {
  for (const bool tells_length : {true, false}) {
    Fetch fetch;
    if (tells_length) {
      fetch.script.http_content(fetch.client, kProxy, "/vmlinuz", 0, 0, Content::Closed);
    } else {
      fetch.script.http_get(fetch.client, kProxy, "/vmlinuz", 200);
      fetch.script.frames.back().octets[47] |= 0x01;  // FIN
    }
    fetch.script.http_content(fetch.client, kProxy, "/initrd.img", 9'500, 9'500, Content::Closed);
    const Boot boot = fetch.boot();
    EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Stalled) << tells_length;
    EXPECT_EQ(boot.verdict.text, "10.0.0.9 sends \"/vmlinuz\" as an empty file");
    CaptureContext context;
    context.boots.push_back(&boot);
    const Explanation told = explain_boot(boot, boot.firmware.family, context);
    ASSERT_FALSE(told.faults.empty());
    EXPECT_EQ(told.faults[0].rule->id, "R83");
  }
}

// The end of the connection comes in a segment of its own; or content does, before it.
TEST(HttpContent, WithoutALengthIsEmptyWhenTheConnectionEndsAtOnce) {
  for (const std::string_view content : {"", "x"}) {
    Fetch fetch;
    fetch.script.http_get(fetch.client, kProxy, "/vmlinuz", 200);
    const Bytes head = fetch.script.frames.back().octets;
    Bytes end = head;
    constexpr std::size_t kHeaders = 54;
    const std::size_t size = head.size() - kHeaders;
    end.resize(kHeaders);
    end.insert(end.end(), content.begin(), content.end());
    end[17] = static_cast<std::uint8_t>(40 + content.size());
    end[16] = 0;
    end[41] = static_cast<std::uint8_t>(end[41] + size);
    end[47] |= 0x01;
    fetch.script.frame(std::move(end));
    EXPECT_EQ(last_http(fetch.boot()).length == 0U, content.empty());
  }
}

// A capture of ports 69 and 80 holds no DHCP that would tell the system from its loader.
TEST(HttpRequest, OfAnInstalledSystemIsNoneOfItsBoot) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  script.fetch(client, kProxy, "grubx64.efi", 30'000).fetch(client, kProxy, "grub/grub.cfg", 90);
  script.fetch(client, kProxy, "vmlinuz", 70'000).wait(30s);
  script.http_get(client, kProxy, "/debian/dists/stable/InRelease", 404);
  Bytes& asked = script.frames[script.frames.size() - 2].octets;
  const std::string_view agent = "User-Agent: Debian APT-HTTP/1.3 (2.6.1)\r\n\r\n";
  asked.resize(asked.size() - 2);
  asked.insert(asked.end(), agent.begin(), agent.end());
  const std::size_t length = asked.size() - 14;
  asked[16] = static_cast<std::uint8_t>(length >> 8U);
  asked[17] = static_cast<std::uint8_t>(length & 0xffU);
  const Boot boot = boots_of(script, 30s).at(0);
  EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Booted) << boot.verdict.text;
}

// A filter that takes the requests and the heads of the answers only.
TEST(HttpContent, IsNotJudgedWhereTheCaptureDoesNotHoldIt) {
  Fetch fetch;
  fetch.script.http_content(fetch.client, kProxy, "/vmlinuz", 9'500, 9'500, Content::HeaderOnly);
  const Boot boot = fetch.boot();
  EXPECT_EQ(last_http(boot).octets, std::nullopt);
  EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Booted) << boot.verdict.text;
}

TEST(HttpContent, MissesNothingWhenASegmentIsLostOnlyInTheCapture) {
  Fetch fetch;
  fetch.script.http_content(fetch.client, kProxy, "/vmlinuz", 9'500, 9'500, Content::Closed);
  fetch.script.frames.erase(fetch.script.frames.end() - 3);
  EXPECT_EQ(last_http(fetch.boot()).octets, 9'500U);
}

// `record` writes the headers of the segments and leaves their content out.
TEST(HttpContent, CanBeFollowedInWhatWasRecorded) {
  Fetch fetch;
  fetch.script.http_content(fetch.client, kProxy, "/vmlinuz", 9'500, 4'200, Content::WithoutEnd);
  BootRecorder recorder({});
  CaptureScript recorded;
  std::size_t octets = 0;
  for (const CaptureScript::Frame& frame : fetch.script.frames) {
    recorder.on_frame(frame.at, LinkType::Ethernet, frame.octets, frame.octets.size());
    while (auto taken = recorder.poll_recorded()) {
      octets += taken->octets.size();
      recorded.frames.push_back({taken->at, 0, std::move(taken->octets)});
    }
  }
  recorded.wait(fetch.script.now() - recorded.now());
  const Boot boot = boots_of(recorded, 30s).at(0);
  EXPECT_EQ(last_http(boot).octets, 4'200U);
  EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Stalled);
  EXPECT_LT(octets, 4'200U);
}

TEST(HttpContent, OfAnEmptyFileBootsNothing) {
  Fetch fetch;
  fetch.script.http_content(fetch.client, kProxy, "/vmlinuz", 0, 0, Content::Closed);
  EXPECT_EQ(fetch.boot().verdict.kind, BootVerdict::Kind::Stalled);
}

TEST(HttpContent, OfAScriptAloneIsAMenuOrTheLocalDisk) {
  Fetch fetch;
  fetch.script.http_content(fetch.client, kProxy, "/boot.ipxe", 300, 300, Content::Closed);
  const Boot boot = fetch.boot();
  EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Booted);
  EXPECT_EQ(boot.verdict.state, RomState::LocalBoot);
}

TEST(HttpContent, ARefusedInitrdDecidesWhateverIsReportedAfterwards) {
  Fetch fetch;
  fetch.script.http_content(fetch.client, kProxy, "/vmlinuz", 300, 300, Content::Closed);
  fetch.script.http_get(fetch.client, kProxy, "/initrd.img", 404);
  fetch.script.http_get(fetch.client, kProxy, "/report.php?status=fail", 200);
  const Boot boot = fetch.boot();
  EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Refused);
  EXPECT_NE(boot.verdict.text.find("404"), std::string::npos) << boot.verdict.text;
}

}  // namespace
}  // namespace pxeproof::trace
