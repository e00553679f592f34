#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/command_line_form.h"
#include "server/directive_table.h"
#include "tests/server/read_configuration.h"

namespace pxeproof::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

using Conditions = std::vector<TagCondition>;

TEST(DirectiveTable, IsSortedAndWithoutDoubles) {
  const auto rows = all_directives();
  for (std::size_t row = 1; row < rows.size(); ++row) {
    EXPECT_LT(rows[row - 1].name, rows[row].name);
  }
  EXPECT_GE(rows.size(), 189U) << "the options of dnsmasq 2.90";
}

TEST(DirectiveTable, FindsByNameLetterAndBeginning) {
  EXPECT_EQ(find_directive("pxe-service")->name, "pxe-service");
  EXPECT_EQ(find_directive("pxe-servic"), nullptr);
  EXPECT_EQ(find_directive_by_letter('F')->name, "dhcp-range");
  EXPECT_EQ(find_directive_by_letter(' '), nullptr);
  EXPECT_EQ(find_directive_by_beginning("pxe-s")->name, "pxe-service");
  EXPECT_EQ(find_directive_by_beginning("dhcp-option")->name, "dhcp-option");
  EXPECT_EQ(find_directive_by_beginning("dhcp-"), nullptr);
  EXPECT_EQ(find_directive_by_beginning(""), nullptr);
}

// Each row's rule about arguments holds, whatever its handler says.
TEST(DirectiveTable, HoldsItsArgumentRules) {
  for (const Directive& row : all_directives()) {
    const std::string name(row.name);
    if (row.value == Directive::Value::None) {
      EXPECT_THAT(errors_of(name + "=\n"), ElementsAre(HasSubstr("no value is allowed"))) << name;
      EXPECT_TRUE(loads(name + "\n")) << name;
    }
    if (row.value == Directive::Value::Required) {
      EXPECT_THAT(errors_of(name + "\n"), ElementsAre(HasSubstr("the value is missing"))) << name;
    }
    if (row.value == Directive::Value::Optional) {
      EXPECT_TRUE(loads(name + "\n")) << name;
    }
  }
}

TEST(PxeService, HasAnArchitectureByNameOrNumber) {
  const Configuration configuration = read(
      "pxe-service=X86PC,a\npxe-service=x86-64_efi,b\npxe-service=0,c\npxe-service=\"16\",d\n"
      "pxe-service=ARM64_EFI,e\npxe-service=BC_EFI,f\n");

  std::vector<int> architectures;
  for (const PxeService& service : configuration.services) {
    architectures.push_back(service.architecture);
  }
  EXPECT_THAT(architectures, ElementsAre(0, 7, 0, 16, 11, 9));
  EXPECT_THAT(errors_of("pxe-service=x86-32_EFI,a\n"), ElementsAre(HasSubstr("IA32_EFI")));
  EXPECT_THAT(errors_of("pxe-service=\"x86PC\",a\n"), ElementsAre(HasSubstr("without quotes")));
}

TEST(PxeService, CountsTypesOverAllArchitecturesAndTags) {
  const Configuration configuration = read(
      "pxe-service=x86PC,Local\npxe-service=x86PC,One,a\npxe-service=tag:x,7,Two,b\n"
      "pxe-service=x86PC,Zero,0\npxe-service=x86PC,Typed,12\npxe-service=7,Three,c\n"
      "pxe-service=x86PC,Empty,\n");

  std::vector<int> types;
  for (const PxeService& service : configuration.services) types.push_back(service.type);
  EXPECT_THAT(types, ElementsAre(0, 0x8000, 0x8001, 0, 12, 0x8002, 0));
  EXPECT_EQ(configuration.services[1].basename, "a");
  EXPECT_EQ(configuration.services[4].basename, "");
}

TEST(PxeService, TakesAServerByAddressOrName) {
  const Configuration configuration = read(
      "pxe-service=tag:a,net:!b,tag:#c,x86PC, \"Boot, now\" , pxe/lin , 10.0.0.7\n"
      "pxe-service=x86PC,b,file,boot.lan\n");

  const PxeService& first = configuration.services[0];
  EXPECT_EQ(first.menu_text, "Boot, now");
  EXPECT_EQ(first.basename, "pxe/lin");
  EXPECT_EQ(first.server, Ipv4Address::of(10, 0, 0, 7));
  EXPECT_EQ(first.conditions, (Conditions{{"a", false}, {"b", true}, {"c", true}}));
  EXPECT_EQ(configuration.services[1].server_name, "boot.lan");
  EXPECT_FALSE(configuration.services[1].server.has_value());
}

TEST(PxeService, IsRefusedWithoutTextOrWithImpossibleNumbers) {
  for (const char* line :
       {"pxe-service=x86PC", "pxe-service=tag:a", "pxe-service=", "pxe-service=70000,a",
        "pxe-service=x86PC,a,70000", "pxe-service=0x7,a", "pxe-service=,a"}) {
    EXPECT_THAT(errors_of(line), ElementsAre(StartsWith("test.conf:1: pxe-service: "))) << line;
  }
}

TEST(PxePrompt, HasATimeoutOrWaitsForEver) {
  const Configuration configuration =
      read("pxe-prompt=\"Press F8, now\",5\npxe-prompt=tag:a,Wait\npxe-prompt=x, 300\n");

  EXPECT_EQ(configuration.prompts[0].text, "Press F8, now");
  EXPECT_EQ(configuration.prompts[0].timeout_seconds, 5U);
  EXPECT_FALSE(configuration.prompts[1].timeout_seconds.has_value());
  EXPECT_EQ(configuration.prompts[1].conditions, (Conditions{{"a", false}}));
  EXPECT_EQ(configuration.prompts[2].timeout_seconds, 300U);
  EXPECT_FALSE(loads("pxe-prompt=tag:a\n"));
  EXPECT_THAT(printed(load("pxe-prompt=x,soon\n").warnings),
              ElementsAre(HasSubstr("so the prompt waits for ever")));
}

TEST(DhcpBoot, HasFileNameAndServer) {
  const Configuration configuration = read(
      "dhcp-boot=pxelinux.0\ndhcp-boot=tag:efi,a.efi,name,10.0.0.1\ndhcp-boot=b,,tftp.lan\n"
      "dhcp-boot=net:UEFI,ipxe.efi,,\"10.0.0.2\"\ndhcp-boot=\n");

  EXPECT_EQ(configuration.boots[0].file, "pxelinux.0");
  EXPECT_FALSE(configuration.boots[0].server.has_value());
  EXPECT_EQ(configuration.boots[1].server_name, "name");
  EXPECT_EQ(configuration.boots[1].server, Ipv4Address::of(10, 0, 0, 1));
  EXPECT_EQ(configuration.boots[2].tftp_server_name, "tftp.lan");
  EXPECT_EQ(configuration.boots[3].conditions, (Conditions{{"UEFI", false}}));
  EXPECT_EQ(configuration.boots[3].server, Ipv4Address::of(10, 0, 0, 2));
  EXPECT_EQ(configuration.boots[4].file, "");
  EXPECT_FALSE(loads("dhcp-boot=tag:efi\n"));
}

TEST(DhcpPxeVendor, ReplacesTheDefaultOnce) {
  EXPECT_THAT(read("dhcp-pxe-vendor=PXEClient,HTTPClient\ndhcp-pxe-vendor=AAPLBSDPC\n").pxe_vendors,
              ElementsAre("PXEClient", "HTTPClient", "AAPLBSDPC"));
  EXPECT_FALSE(loads("dhcp-pxe-vendor=\n"));
}

TEST(DhcpRange, ProxiesASubnet) {
  const Configuration configuration = read(
      "dhcp-range=192.168.178.0,proxy\n"
      "dhcp-range=tag:a,tag:!b,set:c,10.1.0.0,proxy,255.255.0.0,10.1.255.255\n");

  EXPECT_EQ(configuration.ranges[0].kind, DhcpRange::Kind::Proxy);
  EXPECT_EQ(configuration.ranges[0].start, Ipv4Address::of(192, 168, 178, 0));
  EXPECT_FALSE(configuration.ranges[0].netmask.has_value());
  const DhcpRange& second = configuration.ranges[1];
  EXPECT_EQ(second.conditions, (Conditions{{"a", false}, {"b", true}}));
  EXPECT_THAT(second.set_tags, ElementsAre("c"));
  EXPECT_EQ(second.netmask, Ipv4Address::of(255, 255, 0, 0));
  EXPECT_EQ(second.broadcast, Ipv4Address::of(10, 1, 255, 255));
}

TEST(DhcpRange, LeasesAddresses) {
  const Configuration configuration = read(
      "dhcp-range=10.0.0.100,10.0.0.10,12h\ndhcp-range=10.0.0.1,10.0.0.2,255.255.255.0,infinite"
      "\ndhcp-range=10.0.0.0,static\ndhcp-range=lan,10.0.0.1,10.0.0.2,90\n"
      "dhcp-range=interface:eth1,10.0.0.1,10.0.0.2,255.255.255.0,10.0.0.255,45m\n"
      "dhcp-range=10.0.0.1,10.0.0.2,deprecated\n");

  EXPECT_EQ(configuration.ranges[0].kind, DhcpRange::Kind::Pool);
  EXPECT_EQ(configuration.ranges[0].start, Ipv4Address::of(10, 0, 0, 10)) << "in order";
  EXPECT_EQ(configuration.ranges[0].lease, std::chrono::hours(12));
  EXPECT_TRUE(configuration.ranges[1].lease_infinite);
  EXPECT_EQ(configuration.ranges[2].kind, DhcpRange::Kind::Static);
  EXPECT_FALSE(configuration.ranges[2].lease.has_value());
  EXPECT_THAT(configuration.ranges[3].set_tags, ElementsAre("lan"));
  EXPECT_EQ(configuration.ranges[3].lease, std::chrono::seconds(120)) << "never shorter";
  EXPECT_EQ(configuration.ranges[4].interface, "eth1");
  EXPECT_EQ(configuration.ranges[4].lease, std::chrono::minutes(45));
  EXPECT_FALSE(configuration.ranges[5].lease.has_value()) << "deprecated is for IPv6";
}

TEST(DhcpRange, IsRefusedAsDnsmasqDoes) {
  for (const char* value :
       {"", "192.168.0.1", "proxy", "192.168.0.1,PROXY", "192.168.0.1,proxy,12x",
        "192.168.0.1,192.168.1.9,255.255.255.0", "192.168.0.1,192.168.0.9,255.255.0",
        "192.168.0.9,192.168.0.1,255.255.255.0,1h,2h", "set:b,set:c,192.168.0.9,proxy",
        "b,c,192.168.0.9,proxy", "192.168.0.1,\"static\"", "192.168.0.1,192.168.0.9,255.0.255.0",
        "300.168.0.1,proxy"}) {
    EXPECT_FALSE(loads(std::string("dhcp-range=") + value)) << value;
  }
}

TEST(DhcpMatch, TellsTheFormsOfValuesApart) {
  const Configuration configuration = read(
      "dhcp-match=set:a,93\ndhcp-match=b,option:client-arch,7\ndhcp-match=set:c,97,00:11:*\n"
      "dhcp-match=set:d,60,PXEClient:Arch:00007\ndhcp-match=set:e,175,7\n"
      "dhcp-match=set:f,vi-encap:4491,docsis\ndhcp-match=set:g,50,10.0.0.1\n"
      "dhcp-match=set:h,option:user-class,iPXE\ndhcp-match=set:i,93,\"7\"\n");

  const auto& rules = configuration.tag_rules;
  EXPECT_EQ(rules[0].test, TagRule::Test::Present);
  EXPECT_EQ(rules[1].test, TagRule::Test::Number);
  EXPECT_EQ(rules[1].number, 7U);
  EXPECT_THAT(rules[1].octets, ElementsAre(0, 7)) << "option 93 has elements of two octets";
  EXPECT_EQ(rules[2].test, TagRule::Test::HexPrefix);
  EXPECT_THAT(rules[2].octets, ElementsAre(0x00, 0x11, 0x00));
  EXPECT_THAT(rules[2].wildcard, ElementsAre(false, false, true));
  EXPECT_EQ(rules[3].test, TagRule::Test::Text);
  EXPECT_EQ(rules[3].text, "PXEClient:Arch:00007");
  EXPECT_THAT(rules[4].octets, ElementsAre(7));
  EXPECT_EQ(rules[5].enterprise, 4491U);
  EXPECT_THAT(rules[6].octets, ElementsAre(10, 0, 0, 1));
  EXPECT_EQ(rules[7].option_code, 77);
  EXPECT_EQ(rules[8].test, TagRule::Test::Text) << "quoted digits are a text";
}

TEST(DhcpMatch, IsRefusedAsDnsmasqDoes) {
  for (const char* value :
       {"93,7", "set:a,set:b,93,7", "set:a,encap:5,1,x", "set:a,vendor:x,1",
        "set:a,option:nonsense", "set:a,300,1", "set:a", "", "set:a,50,foo", ",93,7"}) {
    EXPECT_FALSE(loads(std::string("dhcp-match=") + value)) << value;
  }
  EXPECT_THAT(errors_of("dhcp-match=set:a,option:client-arhc,7"),
              ElementsAre(HasSubstr("did you mean option:client-arch?")));
}

TEST(DhcpClasses, SetTagsWithAndWithoutPrefix) {
  const Configuration configuration = read(
      "dhcp-vendorclass=BIOS,PXEClient:Arch:00000\ndhcp-userclass=set:ipxe,iPXE\n"
      "dhcp-vendorclass=set:v,enterprise:343,text\ndhcp-userclass=set:q,\"a,b\"\n");

  EXPECT_EQ(configuration.tag_rules[0].kind, TagRule::Kind::VendorClass);
  EXPECT_EQ(configuration.tag_rules[0].set_tag, "BIOS");
  EXPECT_EQ(configuration.tag_rules[0].text, "PXEClient:Arch:00000");
  EXPECT_EQ(configuration.tag_rules[1].kind, TagRule::Kind::UserClass);
  EXPECT_THAT(configuration.tag_rules[1].octets, ElementsAre('i', 'P', 'X', 'E'));
  EXPECT_EQ(configuration.tag_rules[2].enterprise, 343U);
  EXPECT_EQ(configuration.tag_rules[3].text, "a,b");
  EXPECT_FALSE(loads("dhcp-userclass=set:a,b,c\n"));
  EXPECT_FALSE(loads("dhcp-userclass=set:a\n"));
  EXPECT_FALSE(loads("dhcp-vendorclass=set:a,enterprise:x,b\n"));
}

TEST(RelayAgentRules, TakeOctetsOrText) {
  const Configuration configuration = read(
      "dhcp-circuitid=set:a,01:02\ndhcp-remoteid=set:b,port 7\ndhcp-subscrid=set:c,\"0102\"\n"
      "dhcp-circuitid=set:d,eth0\ndhcp-circuitid=set:e,beef\ndhcp-remoteid=set:f,1\n");

  // Digits without a colon are a text, as they are to dnsmasq.
  EXPECT_EQ(configuration.tag_rules[4].text, "beef");
  EXPECT_EQ(configuration.tag_rules[5].text, "1");
  EXPECT_EQ(configuration.tag_rules[0].kind, TagRule::Kind::CircuitId);
  EXPECT_THAT(configuration.tag_rules[0].octets, ElementsAre(1, 2));
  EXPECT_EQ(configuration.tag_rules[1].text, "port 7");
  EXPECT_THAT(configuration.tag_rules[2].octets, ElementsAre('0', '1', '0', '2'));
  EXPECT_EQ(configuration.tag_rules[3].text, "eth0");
}

TEST(DhcpMac, TakesWildcardsAndAType) {
  const Configuration configuration =
      read("dhcp-mac=set:pi,b8:27:eb:*:*:*\ndhcp-mac=tok,06-00:01:02:03:04:05\n");

  EXPECT_EQ(configuration.tag_rules[0].kind, TagRule::Kind::Mac);
  EXPECT_THAT(configuration.tag_rules[0].octets, SizeIs(6));
  EXPECT_THAT(configuration.tag_rules[0].wildcard,
              ElementsAre(false, false, false, true, true, true));
  EXPECT_EQ(configuration.tag_rules[1].set_tag, "tok");
  EXPECT_EQ(configuration.tag_rules[1].hardware_type, 6);
  for (const char* value : {"set:x,zz", "set:x", "set:x,a*", "set:x,"}) {
    EXPECT_FALSE(loads(std::string("dhcp-mac=") + value)) << value;
  }
  EXPECT_THAT(printed(load("dhcp-mac=set:x,aa-bb-cc-dd-ee-ff\n").warnings),
              ElementsAre(HasSubstr("is a hardware type")));
}

TEST(TagDirectives, KeepTheOrderOfTheFile) {
  const Configuration configuration = read(
      "tag-if=set:a,tag:b,tag:!c,set:d\ntag-if=set:e\ndhcp-name-match=set:n,lab*\n"
      "dhcp-ignore=tag:!known\ndhcp-ignore=#pxe,x\ndhcp-broadcast\ndhcp-broadcast=tag:b\n");

  ASSERT_THAT(configuration.tag_ifs, SizeIs(2));
  EXPECT_THAT(configuration.tag_ifs[0].set_tags, ElementsAre("a", "d"));
  EXPECT_EQ(configuration.tag_ifs[0].conditions, (Conditions{{"b", false}, {"c", true}}));
  EXPECT_THAT(configuration.tag_ifs[1].conditions, IsEmpty());
  EXPECT_EQ(configuration.tag_rules[0].text, "lab*");
  EXPECT_EQ(configuration.ignores[0], (Conditions{{"known", true}}));
  EXPECT_EQ(configuration.ignores[1], (Conditions{{"pxe", true}, {"x", false}}));
  EXPECT_THAT(configuration.broadcasts[0], IsEmpty());
  for (const char* value : {"tag:a", "set:", "set:a,b", "set:a,net:b", ""}) {
    EXPECT_FALSE(loads(std::string("tag-if=") + value)) << value;
  }
}

TEST(DhcpHost, TakesItsFieldsInAnyOrder) {
  const Configuration configuration = read(
      "dhcp-host=infinite,name.lan,aa:bb:cc:dd:ee:ff,01-11:22:33:44:55:*,id:01:02,set:x,net:y,"
      "tag:!z,10.0.0.1,[fd00::1]\ndhcp-host=id:*,12h,ignore\ndhcp-host=ID:text,w\ndhcp-host=1 2\n");

  const DhcpHost& host = configuration.hosts[0];
  ASSERT_THAT(host.hardware, SizeIs(2));
  EXPECT_THAT(host.hardware[0].octets, SizeIs(6));
  EXPECT_EQ(host.hardware[1].hardware_type, 1);
  EXPECT_TRUE(host.hardware[1].wildcard[5]);
  EXPECT_EQ(host.client_id, (Bytes{1, 2}));
  EXPECT_THAT(host.set_tags, ElementsAre("x", "y"));
  EXPECT_EQ(host.conditions, (Conditions{{"z", true}}));
  EXPECT_EQ(host.address, Ipv4Address::of(10, 0, 0, 1));
  EXPECT_EQ(host.name, "name");
  EXPECT_TRUE(host.lease_infinite);
  EXPECT_TRUE(configuration.hosts[1].ignore_client_id);
  EXPECT_TRUE(configuration.hosts[1].ignore);
  EXPECT_EQ(configuration.hosts[1].lease, std::chrono::hours(12));
  EXPECT_EQ(configuration.hosts[2].client_id, (Bytes{'t', 'e', 'x', 't'}));
  EXPECT_EQ(configuration.hosts[2].name, "w") << "a unit alone is a name";
}

TEST(DhcpHost, IsRefusedAsDnsmasqDoes) {
  for (const char* value : {"aa:bb:cc:dd:ee:fg", "foo bar", "-foo", "_foo", "lap*", "id:zz:q",
                            "[fd00::zz]", "zz-aa:bb"}) {
    EXPECT_FALSE(loads(std::string("dhcp-host=") + value)) << value;
  }
  EXPECT_THAT(errors_of("dhcp-host=a,10.0.0.1\ndhcp-host=b,10.0.0.1\n"),
              ElementsAre(HasSubstr("10.0.0.1 already belongs to the dhcp-host at test.conf:1")));
  for (const char* value : {"fred.example.org", "fred.a/b", "192.168.2.0/24", "1.2..3"}) {
    EXPECT_TRUE(loads(std::string("dhcp-host=") + value))
        << "only the first label counts: " << value;
  }
}

TEST(Interfaces, AreListed) {
  const Configuration configuration = read(
      "interface=eth0,br*\nexcept-interface=lo\nno-dhcp-interface=wl0\n"
      "no-dhcpv4-interface=wl1\nlisten-address=10.0.0.1,::1,10.0.0.2\nbind-interfaces\n"
      "bind-dynamic\nbridge-interface=br0,tap0,tap*\nshared-network=eth0,10.0.1.1\n"
      "shared-network=10.0.2.1,10.0.3.1\ndhcp-alternate-port=1067\n");

  EXPECT_THAT(configuration.interfaces, ElementsAre("eth0", "br*"));
  EXPECT_THAT(configuration.no_dhcp_interfaces, ElementsAre("wl0", "wl1"));
  EXPECT_THAT(configuration.listen_addresses,
              ElementsAre(Ipv4Address::of(10, 0, 0, 1), Ipv4Address::of(10, 0, 0, 2)));
  EXPECT_TRUE(configuration.bind_interfaces);
  EXPECT_TRUE(configuration.bind_dynamic);
  EXPECT_THAT(configuration.bridge_interfaces[0].aliases, ElementsAre("tap0", "tap*"));
  EXPECT_EQ(configuration.shared_networks[0].interface, "eth0");
  EXPECT_EQ(configuration.shared_networks[1].address, Ipv4Address::of(10, 0, 2, 1));
  EXPECT_EQ(configuration.dhcp_server_port, 1067);
  EXPECT_EQ(configuration.dhcp_client_port, 1068);
  for (const char* line :
       {"listen-address=localhost", "bridge-interface=br0", "shared-network=eth0",
        "dhcp-alternate-port=70000", "dhcp-alternate-port=1,2,3"}) {
    EXPECT_FALSE(loads(line)) << line;
  }
}

TEST(AlternatePort, HasDefaultsAndTwoForms) {
  EXPECT_EQ(read("dhcp-alternate-port\n").dhcp_server_port, 1067);
  const Configuration configuration = read("dhcp-alternate-port=5067,5069\n");
  EXPECT_EQ(configuration.dhcp_server_port, 5067);
  EXPECT_EQ(configuration.dhcp_client_port, 5069);
}

TEST(Tftp, HasItsFamilyOfDirectives) {
  const TftpConfiguration tftp =
      read(
          "enable-tftp=eth0,eth1\ntftp-root=/srv/tftp\ntftp-root=/other,eth1\n"
          "tftp-unique-root=MAC\ntftp-secure\ntftp-lowercase\ntftp-no-fail\ntftp-no-blocksize\n"
          "tftp-single-port\ntftp-max=200\ntftp-mtu=1400\ntftp-port-range=30000,20000\n"
          "quiet-tftp\n")
          .tftp;

  EXPECT_TRUE(tftp.enabled);
  EXPECT_THAT(tftp.interfaces, ElementsAre("eth0", "eth1"));
  EXPECT_EQ(tftp.root, "/srv/tftp");
  EXPECT_EQ(to_string(tftp.root_location), "test.conf:2");
  EXPECT_EQ(tftp.interface_roots.at("eth1"), "/other");
  EXPECT_EQ(tftp.unique_root, TftpConfiguration::UniqueRoot::ByMac);
  EXPECT_TRUE(tftp.secure && tftp.lowercase && tftp.no_fail && tftp.no_block_size &&
              tftp.single_port && tftp.quiet);
  EXPECT_EQ(tftp.maximum_transfers, 200U);
  EXPECT_EQ(tftp.mtu, 1400U);
  EXPECT_EQ(tftp.port_range, (std::pair<std::uint16_t, std::uint16_t>(20000, 30000)));
  EXPECT_EQ(read("tftp-unique-root\n").tftp.unique_root, TftpConfiguration::UniqueRoot::ByAddress);
  for (const char* line :
       {"tftp-unique-root=name", "tftp-max=-1", "tftp-max=x", "tftp-port-range=5",
        "tftp-port-range=5,6,7", "tftp-port-range=5,70000", "tftp-mtu=70000"}) {
    EXPECT_FALSE(loads(line)) << line;
  }
}

TEST(Tftp, SaysWhatAnOddPortRangeMeans) {  // as dnsmasq 2.90 takes it
  const auto reversed = load("enable-tftp\ntftp-port-range=40000,39000\n");
  EXPECT_THAT(printed(reversed.warnings),
              ElementsAre(AllOf(HasSubstr(":2: warning: tftp-port-range=40000,39000 names the "
                                          "higher port first"),
                                HasSubstr("; write tftp-port-range=39000,40000"))));
  EXPECT_EQ(reversed.configuration.tftp.port_range,
            (std::pair<std::uint16_t, std::uint16_t>(39000, 40000)));
  for (const char* line : {"tftp-port-range=0,10", "tftp-port-range=10,0"}) {
    const auto none = load(std::string(line) + "\n");
    EXPECT_THAT(printed(none.warnings), ElementsAre(HasSubstr("the kernel chooses ports")));
    EXPECT_EQ(none.configuration.tftp.port_range, std::nullopt);
  }
  EXPECT_THAT(load("tftp-port-range=39000,39000\n").warnings, IsEmpty());
}

TEST(Process, HasUserGroupLogAndPidFile) {
  const Configuration configuration = read(
      "user=boot\ngroup=boot\npid-file=/run/x.pid\nlog-dhcp\nquiet-dhcp\n"
      "log-facility=/var/log/x\ndhcp-leasefile=/var/x\ndhcp-lease-max=50\ndomain=example.org\n"
      "dhcp-authoritative\nno-ping\ndhcp-sequential-ip\ndhcp-no-override\nlog-queries=extra\n"
      "keep-in-foreground\nlog-async=20\n");

  EXPECT_EQ(configuration.user, "boot");
  EXPECT_EQ(configuration.group, "boot");
  EXPECT_EQ(configuration.pid_file, "/run/x.pid");
  EXPECT_EQ(configuration.log_facility, "/var/log/x");
  EXPECT_EQ(configuration.lease_file, "/var/x");
  EXPECT_EQ(configuration.maximum_leases, 50U);
  EXPECT_EQ(configuration.domain, "example.org");
  EXPECT_TRUE(configuration.authoritative && configuration.no_ping && configuration.no_override &&
              configuration.sequential_addresses && configuration.log_dhcp &&
              configuration.quiet_dhcp);
  EXPECT_TRUE(loads("log-facility=local7\n"));
  EXPECT_FALSE(loads("log-facility=nowhere\n"));
  EXPECT_TRUE(loads("user\ngroup\npid-file\n"));
}

TEST(ReplyDelay, MayDifferByTag) {
  const Configuration configuration = read("dhcp-reply-delay=tag:pi,2\ndhcp-reply-delay=1\n");
  EXPECT_EQ(configuration.reply_delays[0].delay, std::chrono::seconds(2));
  EXPECT_EQ(configuration.reply_delays[0].conditions, (Conditions{{"pi", false}}));
  EXPECT_FALSE(loads("dhcp-reply-delay=tag:pi\n"));
  EXPECT_FALSE(loads("dhcp-reply-delay=soon\n"));
}

TEST(LaterDirectives, AreKnown) {
  const Configuration configuration = read("dhcp-option-pxe=encap:175,1,1b\n");
  ASSERT_THAT(configuration.options, SizeIs(1));
  EXPECT_TRUE(configuration.options[0].in_pxe_replies);
  EXPECT_EQ(configuration.options[0].encapsulated_in, 175);
  EXPECT_TRUE(loads("dhcp-split-relay=10.0.0.1,10.0.1.1,eth0\ndo-0x20-encode\n"));
}

TEST(ForeignDirectives, MustBeWellFormed) {
  for (const char* line :
       {"cache-size=many", "query-port=70000", "bogus-nxdomain=name", "srv-host", "auth-ttl=x"}) {
    EXPECT_FALSE(loads(line)) << line;
  }
  EXPECT_TRUE(
      loads("cache-size=0\nquery-port=0\nbogus-nxdomain=64.94.110.11\n"
            "rev-server=192.168.0.0/16,10.0.0.1\nlocal=/lan/\naddress=/ads/#\n"));
}

TEST(ForeignDirectives, AreRefusedAsDnsmasqDoes) {
  for (const char* line :
       {"dhcp-relay=10.0.0.1", "dhcp-relay=x,10.0.0.2", "dhcp-relay=10.0.0.1,,eth0",
        "dhcp-relay=10.0.0.1,x,eth0", "dhcp-relay=10.0.0.1,eth*", "domain=a,10.0.0.0/33",
        "domain=a,10.0.0.0/24,x", "domain=a,10.0.0.1,x", "domain=a,10.0.0.1,",
        "domain=a,eth0,10.0.0.0/24", "domain=a,10.0.0.0/24,local,b", "domain=a\x7f",
        "domain=x123456789x123456789x123456789x123456789x123456789x123456789x123",
        "address=a,/b/10.0.0.1", "host-record=a\x1b,10.0.0.1", "dhcp-option=119,a\x7f",
        "dhcp-option=option:domain-search,\xc3\xa9"}) {
    EXPECT_FALSE(loads(line)) << line;
  }
  for (const char* line : {"dhcp-relay=10.0.0.1,10.0.0.2", "dhcp-relay=10.0.0.1,10.0.0.2#1067,eth*",
                           "dhcp-relay=10.0.0.1,eth0", "dhcp-relay=fd00::1,ff02::1:2,eth0",
                           "domain=a,10.0.0.0/8,local", "domain=a,10.0.0.1,10.0.0.9",
                           "domain=a,fd00::/64", "domain=a,eth0", "domain=#"}) {
    EXPECT_TRUE(loads(line)) << line;
  }
}

// dnsmasq 2.90 dies of one order, and refuses the other.
TEST(DhcpOption, IsOfAVendorOrEncapsulated) {
  EXPECT_FALSE(loads("dhcp-option=vendor:PXEClient,encap:4,1,2"));
  EXPECT_FALSE(loads("dhcp-option=encap:4,vendor:PXEClient,1,2"));
}

TEST(TakesNextWord, IsForOptionsThatNeedAValueAndHaveNone) {
  for (const std::string_view option : {"--dhcp-range", "--dhcp-ran", "-F", "-qF"}) {
    EXPECT_TRUE(takes_next_word(option)) << option;
  }
  for (const std::string_view option :
       {"--dhcp-range=10.0.0.0,proxy", "--enable-tftp", "-q", "-F10.0.0.0,proxy", "--nonsense"}) {
    EXPECT_FALSE(takes_next_word(option)) << option;
  }
}

}  // namespace
}  // namespace pxeproof::server
