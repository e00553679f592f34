// `pxeproof serve` while interfaces and addresses come and go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "live/socket_address.h"
#include "tests/live/served_network.h"
#include "tests/live/served_program.h"
#include "tests/live/tftp_fetch.h"
#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Ipv4Address kFirst = Ipv4Address::of(192, 168, 77, 1);
constexpr Ipv4Address kSecond = Ipv4Address::of(192, 168, 77, 2);

class ServeNetwork : public ::testing::Test {
 protected:
  void SetUp() override { directory.write("tree/big", std::string(3000, 'x')); }
  std::string configure(const std::string& more) {
    return directory.write("serve.conf", "port=0\nenable-tftp\ntftp-root=" + (directory / "tree") +
                                             "\ndhcp-range=192.168.77.0,proxy\n"
                                             "pxe-service=x86PC,\"Boot\",pxelinux\n" +
                                             more);
  }
  TestDirectory directory;
};

// It answered from the old address, which the kernel refused, or not at all.
TEST_F(ServeNetwork, AnswersFromTheNewAddressAtOnce) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    ServedProgram server({"--conf-file", configure("")});
    WiredClient client("c0");
    EXPECT_EQ(client.discover(), kFirst);
    TftpFetch slow("big");

    run_ip({"address flush dev s0"});
    ASSERT_TRUE(server.wait_for("no longer s0 192.168.77.1/24")) << server.log;
    EXPECT_EQ(client.discover(1s), std::nullopt);
    run_ip({"address add 192.168.77.2/24 dev s0"});
    ASSERT_TRUE(server.wait_for("s0 192.168.77.2/24: DHCP 67")) << server.log;
    EXPECT_EQ(client.discover(), kSecond);

    EXPECT_EQ(slow.finish(), std::string(3000, 'x')) << slow.error;
    EXPECT_THAT(server.log, Not(HasSubstr("configuration read again")));
  });
}

TEST_F(ServeNetwork, ServesAnInterfaceThatComesAgain) {
  for (const char* more : {"", "interface=s0\n"}) {
    in_private_network([this, more] {
      plug_in("s0", "c0", "192.168.77.1/24");
      ServedProgram server({"--conf-file", configure(more)});
      EXPECT_EQ(WiredClient("c0").discover(), kFirst) << more;

      run_ip({"link delete dev s0"});
      ASSERT_TRUE(server.wait_for("no longer s0 192.168.77.1/24")) << server.log;
      plug_in("s0", "c0", "192.168.77.2/24");
      EXPECT_EQ(WiredClient("c0").discover(), kSecond) << more;
      server.send_signal(SIGTERM);
      EXPECT_EQ(server.wait().shell_code(), 0) << server.log;
    });
  }
}

TEST_F(ServeNetwork, ServesANamedInterfaceWhenItComes) {
  for (const char* more : {"interface=s0\n", "interface=lo\ninterface=s0\ninterface=s1\n"}) {
    in_private_network([this, more] {
      ServedProgram server({"--conf-file", configure(more)});
      EXPECT_THAT(server.log, HasSubstr("interface s0 does not currently exist"));
      plug_in("other", "far", "192.168.77.3/24");
      EXPECT_EQ(WiredClient("far").discover(500ms), std::nullopt);
      plug_in("s0", "c0", "192.168.77.1/24");
      EXPECT_EQ(WiredClient("c0").discover(), kFirst) << more;
    });
  }
}

TEST_F(ServeNetwork, WantsANamedInterfaceToBindTo) {
  in_private_network([this] {
    auto server = ChildProcess::start(
        Command{.program = PXEPROOF_PROGRAM,
                .arguments = {"serve", "--conf-file", configure("interface=s0\nbind-interfaces\n")},
                .inherited = {}});
    ASSERT_TRUE(server);
    EXPECT_EQ(server->wait().shell_code(), 2);
    EXPECT_THAT(server->take_lines(), ::testing::Contains(HasSubstr("interface=s0: ")));
  });
}

// A socket of another server, as far as it is in the way.
FileDescriptor other_server(Ipv4Address address, std::uint16_t port, int reuse,
                            const std::string& device) {
  FileDescriptor other(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in local = to_kernel(Endpoint{address, port});
  setsockopt(other.number(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  setsockopt(other.number(), SOL_SOCKET, SO_BINDTODEVICE, device.data(),
             static_cast<socklen_t>(device.size()));
  EXPECT_EQ(bind(other.number(), reinterpret_cast<const sockaddr*>(&local), sizeof local), 0);
  return other;
}

// As libvirt's dnsmasq: DHCP bound to its bridge and TFTP to the bridge's address, both with
// SO_REUSEADDR.
TEST_F(ServeNetwork, StartsBesideServersOfOtherInterfaces) {
  for (const char* more :
       {"interface=s0\nbind-interfaces\n", "interface=s*\nbind-dynamic\n",
        "except-interface=d0\nbind-interfaces\n", "interface=s0\ninterface=s1\nbind-dynamic\n"}) {
    in_private_network([this, more] {
      plug_in("d0", "q0", "10.1.1.1/24");
      const auto dhcp = other_server({}, 67, 1, "d0");
      const auto tftp = other_server(Ipv4Address::of(10, 1, 1, 1), 69, 1, "");
      plug_in("s0", "c0", "192.168.77.1/24");
      ServedProgram server({"--conf-file", configure(more)});
      EXPECT_EQ(WiredClient("c0").discover(), kFirst) << more;
    });
  }
}

// One that shares nothing, such as tftpd-hpa, has another address of this machine.
TEST_F(ServeNetwork, BindsTftpToTheOneAddressThatIsServed) {
  for (const char* more :
       {"interface=s0\nbind-interfaces\n", "listen-address=192.168.77.1\nbind-interfaces\n"}) {
    in_private_network([this, more] {
      plug_in("d0", "q0", "10.1.1.1/24");
      const auto tftp = other_server(Ipv4Address::of(10, 1, 1, 1), 69, 0, "");
      plug_in("s0", "c0", "192.168.77.1/24");
      ServedProgram server({"--conf-file", configure(more)});
      EXPECT_EQ(WiredClient("c0").discover(), kFirst) << more;
      run_ip({"address flush dev s0", "address add 192.168.77.2/24 dev s0"});
      if (more[0] == 'i') {
        EXPECT_EQ(WiredClient("c0").discover(), kSecond) << more;
      }
      server.send_signal(SIGTERM);
      EXPECT_EQ(server.wait().shell_code(), 0) << server.log;
    });
  }
}

TEST_F(ServeNetwork, ClaimsOnlyServicesThatItGives) {
  const std::string files = ", TFTP 69 from " + (directory / "tree");
  const std::string all = "DHCP 67, boot server 4011" + files;
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", all},
      {"except-interface=s0", "not served"},
      {"no-dhcp-interface=s0", "not served"},
      {"no-dhcp-interface=s0\nenable-tftp=s0", files.substr(2)},
      {"listen-address=127.0.0.1", "not served"},
      {"interface=d0", "not served"},
      {"enable-tftp=d0", "DHCP 67, boot server 4011"},
      {"dhcp-alternate-port", "DHCP 1067, boot server 4011" + files}};
  for (const auto& [more, claim] : cases) {
    in_private_network([&, more = more, claim = claim] {
      plug_in("s0", "c0", "192.168.77.1/24");
      plug_in("d0", "q0", "10.1.1.1/24");
      ServedProgram server({"--conf-file", configure(more + "\n")});
      EXPECT_THAT(server.log, HasSubstr("s0 192.168.77.1/24: " + claim + "\n")) << more;
      if (more.empty()) {
        EXPECT_THAT(server.log, HasSubstr("d0 10.1.1.1/24: DHCP 67 for relayed clients only, "));
      }
    });
  }
}

// They waited for SIGHUP. dnsmasq never takes back what a file said that is gone or other now.
TEST_F(ServeNetwork, TakesFilesOfWatchedDirectoriesAtOnce) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    std::filesystem::create_directories(directory / "hosts");
    std::filesystem::create_directories(directory / "options");
    const std::string text = "dhcp-hostsdir=" + (directory / "hosts") +
                             "\ndhcp-optsdir=" + (directory / "options") + "\n";
    ServedProgram server({"--conf-file", configure(text)});
    WiredClient client("c0");
    EXPECT_EQ(client.discover(), kFirst);
    // The file of the configuration itself is not read again.
    configure(text + "interface=none\n");

    directory.write("hosts/.new.swp", "02:00:00:00:00:50,ignore\n");
    std::filesystem::rename(directory / "hosts/.new.swp", directory / "hosts/new");
    ASSERT_TRUE(server.wait_for("new: new, changed or gone")) << server.log;
    ASSERT_TRUE(server.wait_for("watched directories read again")) << server.log;
    EXPECT_EQ(client.discover(500ms), std::nullopt);

    directory.write("hosts/new", "02:00:00:00:00:51,ignore\n");
    EXPECT_EQ(client.discover(), kFirst);
    directory.write("hosts/other", "zz:zz\n02:00:00:00:00:50,ignore\n");
    ASSERT_TRUE(server.wait_for("hosts/other:1: warning: the line is left out")) << server.log;
    EXPECT_EQ(client.discover(500ms), std::nullopt);
    std::filesystem::remove(directory / "hosts/other");
    EXPECT_EQ(client.discover(), kFirst);

    directory.write("options/a", "option:router,1.2.3\n");
    ASSERT_TRUE(server.wait_for("options/a:1: warning: the line is left out")) << server.log;
    EXPECT_THAT(server.log, Not(HasSubstr("configuration read again")));
  });
}

// Nothing leads to the relay whose clients ask.
TEST_F(ServeNetwork, SaysOnceThatTheKernelRefusesToSend) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    ServedProgram server(
        {"--conf-file", configure("dhcp-range=10.9.9.10,10.9.9.20,255.255.255.0\n")});
    WiredClient client("c0");
    for (int i = 0; i < 3; ++i) client.send_discover(Ipv4Address::of(10, 9, 9, 1));
    EXPECT_EQ(client.discover(), kFirst);

    EXPECT_TRUE(
        server.wait_for("the kernel refuses to send to 10.9.9.1:67: Network is "
                        "unreachable; see `ip address`"))
        << server.log;
    server.hear();
    EXPECT_EQ(server.log.find("refuses"), server.log.rfind("refuses")) << server.log;
  });
}

}  // namespace
}  // namespace pxeproof::live
