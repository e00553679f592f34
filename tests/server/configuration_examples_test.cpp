#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/lint.h"
#include "tests/server/example_configurations.h"
#include "tests/server/read_configuration.h"

namespace pxeproof::server {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

MemoryFiles example_files() {
  return MemoryFiles(
      FileTexts{{"/var/lib/piserver/hosts/one", "b8:27:eb:01:02:03\n"},
                {"/tmp/dnsmasq.d/extra.conf", "enable-tftp\ntftp-root=/srv/tftp\n"}});
}

Configuration example(std::string_view text) { return read(std::string(text), example_files()); }

std::vector<std::string> warnings_of(std::string_view text) {
  std::vector<std::string> rules;
  for (const Diagnostic& finding : lint(example(text))) {
    if (finding.severity == Diagnostic::Severity::Warning) rules.push_back(finding.rule);
  }
  return rules;
}

TEST(ConfigurationExamples, AllLoadUnchanged) {
  for (const ExampleConfiguration& one : kExampleConfigurations) {
    EXPECT_TRUE(loads(std::string(one.text), example_files()))
        << one.name << ": "
        << testing::PrintToString(errors_of(std::string(one.text), example_files()));
  }
}

TEST(ConfigurationExamples, TheArticleSaysWhatItSays) {
  const LoadedConfiguration loaded = load(std::string(kArticle));
  const Configuration& configuration = loaded.configuration;

  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(configuration.dns_port, 0);
  EXPECT_TRUE(configuration.log_dhcp);
  ASSERT_THAT(configuration.ranges, SizeIs(1));
  EXPECT_EQ(configuration.ranges[0].kind, DhcpRange::Kind::Proxy);
  EXPECT_EQ(configuration.ranges[0].start, Ipv4Address::of(192, 168, 178, 0));
  ASSERT_THAT(configuration.boots, SizeIs(1));
  EXPECT_EQ(configuration.boots[0].file, "pxelinux.0");
  ASSERT_THAT(configuration.services, SizeIs(1));
  EXPECT_EQ(configuration.services[0].architecture, 0);
  EXPECT_EQ(configuration.services[0].menu_text, "Network Boot");
  EXPECT_EQ(configuration.services[0].basename, "pxelinux");
  EXPECT_EQ(configuration.services[0].type, 0x8000);
  EXPECT_TRUE(configuration.tftp.enabled);
  EXPECT_EQ(configuration.tftp.root, "/var/lib/tftpboot");
}

TEST(ConfigurationExamples, TheArticleHasNothingToBeWarnedOf) {
  EXPECT_THAT(printed(lint(read(std::string(kArticle)))), IsEmpty());
}

TEST(ConfigurationExamples, FogUsesTheOldTagsAndVendorOptions) {
  const Configuration configuration = example(kFog);

  EXPECT_EQ(configuration.tag_rules[0].set_tag, "BIOS");
  EXPECT_EQ(configuration.boots[0].server, Ipv4Address::of(192, 168, 10, 5));
  EXPECT_EQ(configuration.boots[2].conditions, (std::vector<TagCondition>{{"UEFI", false}}));
  EXPECT_EQ(configuration.prompts[0].timeout_seconds, 1U);
  ASSERT_THAT(configuration.options, SizeIs(1));
  EXPECT_EQ(configuration.options[0].vendor_class, "PXEClient");
  EXPECT_EQ(configuration.options[0].code, 6);
  EXPECT_THAT(configuration.options[0].value, ElementsAre(2)) << "2b is 2 in one octet";
  EXPECT_EQ(configuration.services[1].menu_text, "Boot to FOG UEFI");
  EXPECT_THAT(warnings_of(kFog), ElementsAre("tftp-not-enabled"));
}

TEST(ConfigurationExamples, LtspKeepsTheBlanksOfTheRaspberryPi) {
  const Configuration configuration = example(kLtsp);

  EXPECT_EQ(configuration.services[0].menu_text, "Raspberry Pi Boot   ");
  EXPECT_EQ(configuration.services[0].basename, "unused");
  EXPECT_THAT(configuration.ranges[0].set_tags, ElementsAre("proxy"));
  EXPECT_EQ(configuration.services.back().type, 0x8006);
  EXPECT_THAT(warnings_of(kLtsp), IsEmpty());
}

TEST(ConfigurationExamples, PiserverDelaysAndIgnoresByTag) {
  const Configuration configuration = example(kPiserver);

  EXPECT_EQ(configuration.reply_delays[0].delay, std::chrono::seconds(1));
  EXPECT_EQ(configuration.ignores[0], (std::vector<TagCondition>{{"client_is_a_pi", true}}));
  EXPECT_EQ(configuration.services[0].type, 0);
  EXPECT_EQ(configuration.tftp.unique_root, TftpConfiguration::UniqueRoot::ByMac);
  EXPECT_THAT(configuration.hosts, SizeIs(1));
  EXPECT_THAT(warnings_of(kPiserver), IsEmpty());
}

TEST(ConfigurationExamples, NetbootXyzMatchesVendorClassesByText) {
  const Configuration configuration = example(kNetbootXyz);

  EXPECT_EQ(configuration.tag_rules[3].option_code, 60);
  EXPECT_EQ(configuration.tag_rules[3].text, "PXEClient:Arch:00007");
  EXPECT_EQ(configuration.boots[3].server, Ipv4Address::of(192, 168, 0, 33));
  EXPECT_THAT(warnings_of(kNetbootXyz), IsEmpty());
}

TEST(ConfigurationExamples, TheIpxeChainHasUrlsAsFiles) {
  const Configuration configuration = example(kIpxeChain);

  EXPECT_EQ(configuration.services[2].conditions, (std::vector<TagCondition>{{"ipxe", true}}));
  EXPECT_EQ(configuration.services[3].basename, "http://10.0.0.2/boot.ipxe");
  EXPECT_EQ(configuration.services[3].type, 0x8003);
  EXPECT_THAT(warnings_of(kIpxeChain), IsEmpty());
}

TEST(ConfigurationExamples, TheRouterGetsOneWarningForAllItsNames) {
  const LoadedConfiguration loaded = load(std::string(kRouter), example_files());

  EXPECT_THAT(printed(loaded.warnings), ElementsAre(HasSubstr("do not concern network boot"),
                                                    HasSubstr("cannot read /etc/ethers")));
  EXPECT_TRUE(loaded.configuration.tftp.enabled) << "from the directory of files";
  EXPECT_THAT(loaded.configuration.options, SizeIs(6));
  EXPECT_THAT(warnings_of(kRouter), Contains("tag-never-set")) << "nothing sets pxelinux";
}

}  // namespace
}  // namespace pxeproof::server
