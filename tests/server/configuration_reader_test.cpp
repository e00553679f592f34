#include "server/configuration_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/read_configuration.h"

namespace pxeproof::server {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

TEST(ConfigurationReader, GivesTheDefaultsOfDnsmasqForAnEmptyFile) {
  const LoadedConfiguration loaded = load("");

  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.configuration.dns_port, 53);
  EXPECT_EQ(loaded.configuration.dhcp_server_port, 67);
  EXPECT_EQ(loaded.configuration.maximum_leases, 1000U);
  EXPECT_THAT(loaded.configuration.pxe_vendors, ElementsAre("PXEClient"));
  EXPECT_FALSE(loaded.configuration.tftp.enabled);
  EXPECT_FALSE(loaded.configuration.pxe_enabled());
}

TEST(ConfigurationReader, TakesCommentsBlanksAndLinesWithoutEnd) {
  const Configuration configuration =
      read("# a comment\n\n   \t\r\n  port = 0  # no DNS\r\nlog-dhcp\t# more\ntftp-root=/a#b");

  EXPECT_EQ(configuration.dns_port, 0);
  EXPECT_TRUE(configuration.log_dhcp);
  EXPECT_EQ(configuration.tftp.root, "/a#b");
}

TEST(ConfigurationReader, CollectsAllErrorsWithTheirLines) {
  const std::vector<std::string> errors =
      errors_of("port=dns\nlog-dhcp\ndhcp-boto=a\ndhcp-range=1.2.3.4\n\nlog-dhcp=yes\n");

  EXPECT_THAT(errors, ElementsAre(StartsWith("test.conf:1: port: \"dns\" is no port; "),
                                  AllOf(StartsWith("test.conf:3: \"dhcp-boto\""),
                                        HasSubstr("did you mean dhcp-boot?")),
                                  StartsWith("test.conf:4: dhcp-range: "),
                                  StartsWith("test.conf:6: log-dhcp: no value is allowed")));
}

TEST(ConfigurationReader, NamesTheNearestDirective) {
  EXPECT_THAT(errors_of("pxe_service=x86PC,a"), ElementsAre(HasSubstr("pxe-service?")));
  EXPECT_THAT(errors_of("tftproot=/a"), ElementsAre(HasSubstr("tftp-root?")));
  EXPECT_THAT(errors_of("DHCP-RANGE=1.2.3.4,proxy"), ElementsAre(HasSubstr("dhcp-range?")));
  EXPECT_THAT(errors_of("enable-tfpt"), ElementsAre(HasSubstr("enable-tftp?")));
  EXPECT_THAT(errors_of("--port=0"), ElementsAre(HasSubstr("without the dashes")));
  EXPECT_THAT(errors_of("entirely-foreign-word"), ElementsAre(HasSubstr("dnsmasq --help")));
}

// It was shown as a part of the first directive's name, which nobody sees in an editor.
TEST(ConfigurationReader, SaysThatAByteOrderMarkIsInTheWay) {
  const auto refusal =
      ElementsAre(AllOf(StartsWith("test.conf:1: the file begins with a byte order"),
                        HasSubstr("; save it as UTF-8 without")));
  EXPECT_THAT(errors_of("\xef\xbb\xbf"
                        "dhcp-range=10.0.0.0,proxy\n"),
              refusal);
  EXPECT_THAT(errors_of("\xef\xbb\xbf# a comment\nport=0\n"), refusal);
  EXPECT_THAT(errors_of("\xef\xbb\xbf"), refusal);
}

TEST(ConfigurationReader, WarnsOnceOfAllThatDoesNotConcernNetworkBoot) {
  const LoadedConfiguration loaded = load(
      "domain-needed\nbogus-priv\nserver=8.8.8.8\nserver=/lan/1.1.1.1\ncache-size=1000\n"
      "enable-ra\ndhcp-range=fd00::1,fd00::ff,12h\ndhcp-option=option6:dns-server,[::]\nport=0\n");

  ASSERT_THAT(loaded.warnings, SizeIs(1));
  const std::string warning = to_string(loaded.warnings.front());
  EXPECT_THAT(warning, StartsWith("test.conf:1: warning: 8 lines of the configuration"));
  EXPECT_THAT(warning, HasSubstr("DNS (bogus-priv, cache-size, domain-needed, server 2 times)"));
  EXPECT_THAT(warning, HasSubstr("DHCPv6 (dhcp-option, dhcp-range, enable-ra)"));
  EXPECT_THAT(loaded.ignored, SizeIs(8));
  EXPECT_EQ(loaded.ignored[2].location.line, 3);
  EXPECT_THAT(loaded.configuration.ranges, IsEmpty());
}

TEST(ConfigurationReader, WarnsOfEachDirectiveThatItDoesNotFollow) {
  const LoadedConfiguration loaded =
      load("dhcp-luascript=/etc/hook.lua\ndhcp-split-relay=10.0.0.1,10.0.1.1,eth0\n");

  EXPECT_THAT(printed(loaded.warnings),
              ElementsAre(HasSubstr(":1: warning: pxeproof does not do what dhcp-luascript"),
                          HasSubstr(":2: warning: pxeproof does not do what dhcp-split-relay")));
}

TEST(ConfigurationReader, ReadsScriptsRelaysAndDumps) {
  const LoadedConfiguration loaded = load(
      "dhcp-script=/bin/hook\ndhcp-scriptuser=boot\nscript-on-renewal\n"
      "dhcp-relay=10.0.0.1,10.0.1.1#1067,eth*\ndhcp-relay=10.0.0.1,eth1\n"
      "dumpfile=/tmp/dump\ndumpmask=0x9000\n");

  EXPECT_THAT(loaded.warnings, IsEmpty());
  const Configuration& read = loaded.configuration;
  EXPECT_EQ(read.script.program, "/bin/hook");
  EXPECT_EQ(read.script.user, "boot");
  EXPECT_TRUE(read.script.on_renewal);
  ASSERT_THAT(read.relays, SizeIs(2));
  EXPECT_EQ(read.relays[0].server, Ipv4Address::of(10, 0, 1, 1));
  EXPECT_EQ(read.relays[0].port, 1067);
  EXPECT_EQ(read.relays[0].interface, "eth*");
  EXPECT_EQ(read.relays[1].server, std::nullopt);
  EXPECT_EQ(read.relays[1].interface, "eth1");
  EXPECT_EQ(read.dump.mask, 0x9000U);
  EXPECT_THAT(errors_of("dumpmask=all\n"), ElementsAre(HasSubstr("0x1000 for DHCP")));
}

TEST(ConfigurationReader, ReadsEthersAsHosts) {
  MemoryFiles files(
      FileTexts{{"/etc/ethers",
                 "# hosts\n52:54:00:00:00:01 pc1 # a name\n52:54:00:00:00:02\t10.0.0.9\n"
                 "nonsense\n"}});
  const LoadedConfiguration loaded = load("read-ethers\nread-ethers\n", files);

  ASSERT_THAT(loaded.configuration.hosts, SizeIs(2));
  EXPECT_EQ(loaded.configuration.hosts[0].name, "pc1");
  EXPECT_EQ(loaded.configuration.hosts[1].address, Ipv4Address::of(10, 0, 0, 9));
  EXPECT_THAT(printed(loaded.warnings), ElementsAre(StartsWith("/etc/ethers:4: warning: ")));
}

// A reader without programs: the disk's are tested where there is one.
TEST(ConfigurationReader, StopsWhenAProgramFails) {
  EXPECT_THAT(errors_of("conf-script=/bin/false x\n"),
              ElementsAre(StartsWith("test.conf:1: conf-script: /bin/false x failed: ")));
}

TEST(ConfigurationReader, RefusesASecondLineWhereDnsmasqDoes) {
  EXPECT_THAT(errors_of("port=0\nport=0\n"), ElementsAre(StartsWith("test.conf:2: port: it may")));
  EXPECT_TRUE(loads("tftp-root=/a\ntftp-root=/b\ninterface=eth0\ninterface=eth1\n"));
}

TEST(ConfigurationReader, RefusesLinesThatDnsmasqWouldCutInTwo) {
  EXPECT_TRUE(loads("#" + std::string(1023, 'x') + "\nport=0\n"));
  EXPECT_THAT(errors_of("#" + std::string(1024, 'x') + "\nport=0\n"),
              ElementsAre(StartsWith("test.conf:1: the line has 1025 octets")));
}

TEST(ConfigurationReader, StopsAfterManyErrors) {
  std::string text;
  for (int line = 0; line < 10'000; ++line) text += "nonsense\n";
  MemoryFiles files;

  const auto result = read_configuration({.files = {{"a", text}}}, files, {.diagnostics = 50});

  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error(), SizeIs(50));
}

TEST(ConfigurationReader, ReadsFilesWhereTheyAreNamed) {
  MemoryFiles files(FileTexts{{"/etc/more.conf", "pxe-service=x86PC,Second,b\nport=5353\n"}});
  const Configuration configuration = read(
      "pxe-service=x86PC,First,a\nconf-file=/etc/more.conf\npxe-service=x86PC,Third,c\n", files);

  ASSERT_THAT(configuration.services, SizeIs(3));
  EXPECT_EQ(configuration.services[1].menu_text, "Second");
  EXPECT_EQ(configuration.services[1].type, 0x8001);
  EXPECT_EQ(to_string(configuration.services[1].location), "/etc/more.conf:1");
  EXPECT_EQ(configuration.services[2].type, 0x8002);
  EXPECT_EQ(to_string(configuration.services[2].location), "test.conf:3");
}

TEST(ConfigurationReader, ReadsAFileOnceAndSurvivesCircles) {
  MemoryFiles files(
      FileTexts{{"/a", "conf-file=/b\ninterface=a\n"}, {"/b", "conf-file=/a\ninterface=b\n"}});

  EXPECT_THAT(read("conf-file=/a\nconf-file=/a\nconf-file=/b\n", files).interfaces,
              ElementsAre("b", "a"));
}

TEST(ConfigurationReader, RefusesAnEndlessChainOfFiles) {
  std::map<std::string, std::string> chain;
  for (int file = 0; file < 100; ++file) {
    chain["/f" + std::to_string(file)] = "conf-file=/f" + std::to_string(file + 1) + "\n";
  }
  EXPECT_THAT(errors_of("conf-file=/f0\n", MemoryFiles(chain)),
              ElementsAre(HasSubstr("too many files")));
}

TEST(ConfigurationReader, SaysWhichFileIsMissing) {
  EXPECT_THAT(errors_of("\nconf-file=/none\n"),
              ElementsAre("test.conf:2: conf-file: cannot read /none: No such file or directory; "
                          "correct the path or the permissions"));
  EXPECT_THAT(errors_of("conf-dir=/none\n"), ElementsAre(HasSubstr("cannot list /none")));
  EXPECT_THAT(errors_of("conf-file=/none\n"), ElementsAre(HasSubstr("cannot read /none")));
}

// dnsmasq opens the directory, reads nothing and goes on.
TEST(ConfigurationReader, WarnsOfADirectoryThatConfFileNames) {
  MemoryFiles files(FileTexts{{"/d/a.conf", "no such directive\n"}});

  EXPECT_THAT(printed(load("conf-file=/d\nport=0\n", files).warnings),
              ElementsAre(AllOf(StartsWith("test.conf:1: warning: /d is a directory"),
                                HasSubstr("write conf-dir=/d"))));
}

TEST(ConfigurationReader, ReadsDirectoriesInOrderWithoutWhatEditorsLeave) {
  MemoryFiles files(FileTexts{{"/d/20-b.conf", "interface=b\n"},
                              {"/d/10-a.conf", "interface=a\n"},
                              {"/d/10-a.conf~", "interface=x\n"},
                              {"/d/.hidden", "interface=x\n"},
                              {"/d/#saved#", "interface=x\n"},
                              {"/d/README.bak", "interface=bak\n"},
                              {"/d/30-c", "interface=c\n"},
                              {"/d/.conf", "interface=x\n"}});

  EXPECT_THAT(read("conf-dir=/d\n", files).interfaces, ElementsAre("a", "b", "c", "bak"));
  EXPECT_THAT(read("conf-dir=/d,.bak\n", files).interfaces, ElementsAre("a", "b", "c"));
  EXPECT_THAT(read("conf-dir=/d,*.conf\n", files).interfaces, ElementsAre("a", "b"));
  EXPECT_THAT(read("conf-dir=/d,*.conf,*.bak\n", files).interfaces, ElementsAre("a", "b", "bak"));
  EXPECT_THAT(read("conf-dir=/d,*,.conf\n", files).interfaces, ElementsAre("c", "bak"));
}

TEST(ConfigurationReader, ReadsHostsAndOptionsFilesAfterTheRest) {
  MemoryFiles files(FileTexts{{"/hosts.d/one", "b8:27:eb:01:02:03,set:pi\n"},
                              {"/hosts.d/two", "# none\n52:54:00:00:00:01,ignore\n"},
                              {"/options", "vendor:PXEClient,1,0.0.0.0\n"},
                              {"/broken", "dhcp-host=52:54:00:00:00:02\nzz:zz\n\"open\n"}});
  const LoadedConfiguration loaded = load(
      "dhcp-hostsfile=/hosts.d\ndhcp-optsfile=/options\ndhcp-hostsfile=/broken\n"
      "dhcp-hostsdir=/none\n",
      files);

  ASSERT_THAT(loaded.configuration.hosts, SizeIs(2));
  EXPECT_THAT(loaded.configuration.hosts[0].set_tags, ElementsAre("pi"));
  EXPECT_TRUE(loaded.configuration.hosts[1].ignore);
  ASSERT_THAT(loaded.configuration.options, SizeIs(1));
  EXPECT_EQ(loaded.configuration.options[0].vendor_class, "PXEClient");
  EXPECT_THAT(printed(loaded.warnings),
              ElementsAre(StartsWith("/broken:1: warning: the line is left out"),
                          StartsWith("/broken:2: warning: the line is left out"),
                          StartsWith("/broken:3: warning: the line is left out"),
                          StartsWith("test.conf:4: warning: cannot read /none")));
}

TEST(ConfigurationReader, FindsNamesInHostsFilesAndRecords) {
  MemoryFiles files(
      {{"/etc/hosts", "127.0.0.1 localhost\n10.0.0.5 Boot boot.lan # here\n::1 six\n"},
       {"/extra", "10.0.0.6\tboot\nbad line\n300.1.1.1 wrong\n"}});
  const Configuration configuration = read(
      "addn-hosts=/extra\nhost-record=tftp,TFTP.example.org,10.0.0.7,fd00::7,300\n"
      "address=/files/more/10.0.0.8\naddress=/blocked/\n",
      files);

  EXPECT_THAT(addresses_of(configuration, "BOOT"),
              ElementsAre(Ipv4Address::of(10, 0, 0, 5), Ipv4Address::of(10, 0, 0, 6)));
  EXPECT_THAT(addresses_of(configuration, "boot.lan."), ElementsAre(Ipv4Address::of(10, 0, 0, 5)));
  EXPECT_THAT(addresses_of(configuration, "tftp.example.org"),
              ElementsAre(Ipv4Address::of(10, 0, 0, 7)));
  EXPECT_THAT(addresses_of(configuration, "more"), ElementsAre(Ipv4Address::of(10, 0, 0, 8)));
  EXPECT_THAT(addresses_of(configuration, "blocked"), IsEmpty());
  EXPECT_THAT(addresses_of(configuration, "six"), IsEmpty());
  EXPECT_THAT(addresses_of(configuration, "wrong"), IsEmpty());
  EXPECT_THAT(addresses_of(configuration, ""), IsEmpty());
}

TEST(ConfigurationReader, LeavesOutEtcHostsAndExpandsNamesWhenAsked) {
  MemoryFiles files(FileTexts{{"/etc/hosts", "10.0.0.5 boot\n"}, {"/extra", "10.0.0.6 tftp\n"}});

  const Configuration without = read("no-hosts\naddn-hosts=/extra\n", files);
  EXPECT_THAT(addresses_of(without, "boot"), IsEmpty());
  EXPECT_THAT(addresses_of(without, "tftp"), SizeIs(1));

  const Configuration expanded = read("expand-hosts\ndomain=example.org\n", files);
  EXPECT_THAT(addresses_of(expanded, "boot.example.org"), SizeIs(1));
  EXPECT_EQ(expanded.names.count("boot.example.org"), 1U);
}

TEST(ConfigurationReader, TakesTheConfigurationFromTheCommandLine) {
  MemoryFiles files(FileTexts{{"/etc/boot.conf", "dhcp-boot=from-file\nport=0\n"}});
  const auto result = read_configuration(
      {.command_line = {"--port=5353", "-d", "--dhcp-range=192.168.1.0,proxy", "--enable-tftp",
                        "--tftp-root", "/srv/tftp", "--pxe-service=x86PC,Network Boot,pxelinux",
                        "-C", "/etc/boot.conf", "-idummy0", "--log-dh", "-kq"}},
      files);

  ASSERT_TRUE(result.has_value()) << to_string(result.error().front());
  const Configuration& configuration = result->configuration;
  EXPECT_EQ(configuration.dns_port, 0) << "a file overrides the command line";
  EXPECT_EQ(configuration.tftp.root, "/srv/tftp");
  EXPECT_EQ(configuration.services[0].menu_text, "Network Boot");
  EXPECT_EQ(to_string(configuration.services[0].location), "command line");
  EXPECT_EQ(configuration.boots[0].file, "from-file");
  EXPECT_THAT(configuration.interfaces, ElementsAre("dummy0"));
  EXPECT_TRUE(configuration.log_dhcp);
}

TEST(ConfigurationReader, SaysWhatIsWrongOnTheCommandLine) {
  MemoryFiles files;
  const auto result =
      read_configuration({.command_line = {"--dhcp-raneg=a", "stray", "-?", "--tftp=1", "--port=0",
                                           "--port=0", "--dhcp-boot"}},
                         files);

  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(printed(result.error()),
              ElementsAre(AllOf(StartsWith("command line: --dhcp-raneg"),
                                HasSubstr("did you mean --dhcp-range?")),
                          HasSubstr("\"stray\" is no option"), HasSubstr("-? is no option"),
                          HasSubstr("--tftp is no option"), HasSubstr("port: it may be given only"),
                          HasSubstr("dhcp-boot: the value is missing")));
}

}  // namespace
}  // namespace pxeproof::server
