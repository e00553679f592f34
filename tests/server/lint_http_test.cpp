#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/lint_found.h"

namespace pxeproof::server {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kPool = "dhcp-range=192.168.77.50,192.168.77.90\n";
const std::string kProxy = "dhcp-range=192.168.77.0,proxy\npxe-prompt=x,0\n";
const std::string kTag = "dhcp-match=set:http,option:client-arch,16\n";
const std::string kUrl = "dhcp-boot=tag:http,http://192.168.77.1/a.efi\n";
const std::string kVendor = "dhcp-pxe-vendor=PXEClient,HTTPClient\n";

// EDK2 drops an offer with a URL whose option 60 does not say HTTPClient (facts/server.md 4, 20).
TEST(LintHttp, FindsALeaseThatDoesNotSayHttpClient) {
  EXPECT_THAT(lint_lines(kPool + kTag + kUrl),
              ElementsAre(AllOf(HasSubstr("HTTPClient in option 60"),
                                HasSubstr("add dhcp-option-force=tag:http,60,HTTPClient"))));
  EXPECT_THAT(findings(kPool + kTag + kUrl + "dhcp-option-force=tag:http,60,HTTPClient\n"),
              IsEmpty());
  EXPECT_THAT(findings(kPool + kTag + kUrl + kVendor), ElementsAre("http-boot:3"))
      << "without pxe-service or pxe-prompt nobody looks at dhcp-pxe-vendor";
  EXPECT_THAT(findings(kPool + kTag + kUrl + kVendor + "pxe-prompt=x,0\n"), IsEmpty());
  EXPECT_THAT(findings(kPool + "dhcp-vendorclass=set:http,HTTPClient\n" + kUrl),
              ElementsAre("http-boot:3"));
}

TEST(LintHttp, FindsAProxyRangeThatDoesNotKnowHttpClient) {
  EXPECT_THAT(lint_lines(kProxy + kTag + kUrl),
              ElementsAre(AllOf(HasSubstr("HTTPClient gets none"),
                                HasSubstr("add dhcp-pxe-vendor=PXEClient,HTTPClient"))));
  EXPECT_THAT(findings(kProxy + kTag + kUrl + kVendor), IsEmpty());
}

TEST(LintHttp, FindsAFileThatIsNoUrl) {
  const std::string file = "dhcp-boot=tag:http,grubx64.efi\n";
  EXPECT_THAT(lint_lines(kProxy + kTag + kVendor + file),
              ElementsAre(AllOf(HasSubstr("\"grubx64.efi\" is none"),
                                HasSubstr("dhcp-boot=tag:http,http://<server>/grubx64.efi"))));
  EXPECT_THAT(findings(kPool + kTag + file), ElementsAre("http-boot:3"));
}

TEST(LintHttp, LeavesLinesForOtherClientsAlone) {
  EXPECT_THAT(findings(kPool + "dhcp-match=set:ipxe,175\ndhcp-boot=tag:ipxe,http://a/b.ipxe\n"),
              IsEmpty());
  EXPECT_THAT(findings(kPool + kTag +
                       "dhcp-match=set:http,93,7\ndhcp-match=set:http,93,9\n"
                       "dhcp-boot=tag:http,a.efi\n"),
              IsEmpty());
  EXPECT_THAT(findings(kPool + kTag + "dhcp-boot=tag:!http,a.efi\n"), IsEmpty());
}

}  // namespace
}  // namespace pxeproof::server
