// `pxeproof serve` on a real kernel: what it reads again, what it keeps, what it gave up.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "live/line_server.h"
#include "live/listening_ports.h"
#include "protocol/dhcp/message.h"
#include "tests/live/served_program.h"
#include "tests/live/tftp_fetch.h"
#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLoopbackRange = "dhcp-range=127.0.0.0,proxy,255.0.0.0\n";
constexpr const char* kService = "pxe-service=x86PC,\"Boot\",pxelinux\n";

std::string tftp(const std::string& root) {
  return "port=0\nenable-tftp\ntftp-root=" + root + "\n";
}

nlohmann::json ask(const std::string& socket, const std::string& command) {
  const auto connection = connect_to_path(socket);
  if (!connection) return connection.error().message;
  const auto answer = ask_line(*connection, command, 60s);
  return answer ? nlohmann::json::parse(*answer) : nlohmann::json(answer.error().message);
}

bool listens(const ServedProgram& server, std::vector<std::uint16_t> ports) {
  return listens_on(server.pid(), ports);
}

class ServeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory.write("a/name", "content of a");
    directory.write("b/name", "content of b");
    directory.write("a/big", big);
  }
  std::string configure(const std::string& text) { return directory.write("serve.conf", text); }
  void reload(ServedProgram& server, const std::string& text) {
    configure(text);
    server.send_signal(SIGHUP);
    ASSERT_TRUE(server.wait_for("configuration read again")) << server.log;
  }

  TestDirectory directory;
  const std::string big = [] {
    std::string text;
    for (int i = 0; text.size() < 20'000; ++i) text += std::to_string(i) + " ";
    return text;
  }();
};

TEST_F(ServeTest, ReadsEverythingAgainAndDisturbsNoTransfer) {
  in_private_network([this] {
    const std::string file = configure(tftp(directory / "a") + "tftp-port-range=40000,40003\n");
    ServedProgram server({"--conf-file", file});
    TftpFetch slow("big");
    slow.step();
    EXPECT_THAT(slow.port, AllOf(::testing::Ge(40000), ::testing::Le(40003)));
    EXPECT_FALSE(listens(server, {67}));

    reload(server,
           tftp(directory / "b") + "tftp-port-range=41000,41003\n" + kLoopbackRange + kService);
    TftpFetch other("name");
    EXPECT_EQ(other.finish(), "content of b");
    EXPECT_THAT(other.port, AllOf(::testing::Ge(41000), ::testing::Le(41003)));
    EXPECT_TRUE(listens(server, {67, 4011}));
    slow.step();
    EXPECT_EQ(slow.error, "");

    // Everything on one port; DHCP goes.
    reload(server, tftp(directory / "b") + "tftp-single-port\n");
    TftpFetch single("name");
    EXPECT_EQ(single.port, 69);
    EXPECT_FALSE(listens(server, {67}));
    EXPECT_FALSE(listens(server, {4011}));
    slow.step();

    // And back, while a transfer runs on the request port; only one interface now.
    reload(server, tftp(directory / "a") + "interface=lo\n");
    EXPECT_EQ(single.finish(), "content of b");
    EXPECT_EQ(fetch("name"), "content of a");
    EXPECT_TRUE(listens(server, {slow.port}));
    EXPECT_EQ(slow.finish(), big);
    EXPECT_EQ(slow.error, "");

    // The last transfer of the first range is over, so its port is free again.
    EXPECT_EQ(fetch("name"), "content of a");
    EXPECT_FALSE(listens(server, {slow.port}));
    server.send_signal(SIGTERM);
    EXPECT_EQ(server.wait().shell_code(), 0) << server.log;
  });
}

TEST_F(ServeTest, LetsTransfersEndWhenTftpGoes) {
  in_private_network([this] {
    ServedProgram server({"--conf-file", configure(tftp(directory / "a") + kLoopbackRange)});
    TftpFetch slow("big");
    reload(server, std::string("port=0\n") + kLoopbackRange);
    EXPECT_FALSE(listens(server, {69}));
    EXPECT_EQ(slow.finish(), big);
    reload(server, tftp(directory / "b"));
    EXPECT_EQ(fetch("name"), "content of b");
  });
}

// A logrotate script made for dnsmasq ended it.
TEST_F(ServeTest, TellsItsStateAtUsr1AndGoesOnAtUsr2) {
  in_private_network([this] {
    ServedProgram server({"--conf-file", configure(tftp(directory / "a"))});
    server.send_signal(SIGUSR2);
    EXPECT_EQ(fetch("name"), "content of a");
    server.send_signal(SIGUSR1);
    EXPECT_TRUE(server.wait_for("TFTP: 1 requests")) << server.log;
    EXPECT_EQ(fetch("name"), "content of a");
  });
}

TEST_F(ServeTest, KeepsTheOldConfigurationWhenTheNewOneIsBroken) {
  in_private_network([this] {
    const std::string control = directory / "control";
    ServedProgram server({"--conf-file", configure(tftp(directory / "a")), "--control", control});
    const auto still_serves = [&](const std::string& text, const std::string& why) {
      configure(text);
      server.send_signal(SIGHUP);
      EXPECT_TRUE(server.wait_for("the old configuration stays in force")) << server.log;
      EXPECT_THAT(server.log, HasSubstr(why));
      EXPECT_EQ(fetch("name"), "content of a");
    };
    still_serves(tftp(directory / "a") + "pxe-servise=x86PC,a\n", "serve.conf:4: ");
    still_serves(tftp(directory / "gone"), "serve.conf:3: tftp-root");
    still_serves(tftp(directory / "b") + "bind-interfaces\ninterface=eth7\n", "no such interface");
    still_serves("port=0\n", "serve.conf: this serves nothing");
    // A port that somebody else has: nothing of the new configuration is taken over.
    {
      const LoopbackSocket taken("0.0.0.0", 4011);
      still_serves(tftp(directory / "b") + kLoopbackRange + kService, "4011");
      EXPECT_FALSE(listens(server, {67}));
    }
    const auto status = ask(control, "status");
    EXPECT_EQ(status["reloads"]["failed"], 5);
    EXPECT_THAT(status["reloads"]["last_error"].get<std::string>(), HasSubstr("4011"));
    const auto reloaded = ask(control, "reload");
    EXPECT_EQ(reloaded["reloaded"], true) << reloaded;
    EXPECT_EQ(fetch("name"), "content of b");
  });
}

// Each pipe used to stall the one process that opens files for five seconds.
TEST_F(ServeTest, DoesNotWaitForAPipeWhenItReadsAgain) {
  in_private_network([this] {
    const std::string hosts = directory.write("hosts", "52:54:00:00:00:01,set:a\n");
    const std::string text =
        tftp(directory / "a") + kLoopbackRange + kService + "dhcp-hostsfile=" + hosts + "\n";
    ServedProgram server({"--conf-file", configure(text)});
    std::filesystem::remove(hosts);
    ASSERT_EQ(mkfifo(hosts.c_str(), 0600), 0);
    // A writer that says nothing.
    const FileDescriptor writer(open(hosts.c_str(), O_RDWR | O_CLOEXEC));
    const Instant begin = now();
    server.send_signal(SIGHUP);
    EXPECT_TRUE(server.wait_for("a pipe and no regular file")) << server.log;
    EXPECT_EQ(fetch("name"), "content of a");
    EXPECT_LT(now() - begin, 4s);
    std::filesystem::remove(hosts);
    directory.write("hosts", "52:54:00:00:00:01,set:b\n");
    reload(server, text);
    EXPECT_EQ(fetch("name"), "content of a");
  });
}

// A conf-script that does not end kept the opener alive without its server.
TEST_F(ServeTest, LeavesNoProcessBehindThatStillReads) {
  in_private_network([this] {
    const std::string control = directory / "control";
    ServedProgram server({"--conf-file", configure(tftp(directory / "a")), "--control", control});
    EXPECT_TRUE(std::filesystem::exists(control));
    const std::string children = "/proc/" + std::to_string(server.pid()) + "/task/" +
                                 std::to_string(server.pid()) + "/children";
    pid_t opener = 0;
    std::ifstream(children) >> opener;
    ASSERT_GT(opener, 0);
    const std::string mark = directory / "begun";
    configure(tftp(directory / "a") + "conf-script=\"touch " + mark + "; exec sleep 20\"\n");
    server.send_signal(SIGHUP);
    const Instant end = now() + 10s;
    while (!std::filesystem::exists(mark) && now() < end) usleep(10'000);
    const FileDescriptor ended = watch_process(opener);
    server.send_signal(SIGTERM);
    EXPECT_TRUE(server.wait().is_success());
    pollfd gone{.fd = ended.number(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&gone, 1, 5000), 1);
    EXPECT_FALSE(std::filesystem::exists(control));  // it stayed
  });
}

TEST_F(ServeTest, CountsEverySilenceByItsReason) {
  in_private_network([this] {
    const std::string control = directory / "control";
    ServedProgram server({"--conf-file",
                          configure(tftp(directory / "a") + kLoopbackRange + kService), "--control",
                          control, "-v"});
    LoopbackSocket socket;
    socket.send(67, as_bytes("short"));
    socket.send(67, Bytes(300, 2));
    socket.send(69, Bytes{0, 5, 0, 0, 0});
    socket.send(69, Bytes{0, 9});
    EXPECT_EQ(TftpFetch("none").error_code, 1);
    EXPECT_TRUE(server.wait_for("refused none")) << server.log;
    const auto counters = ask(control, "counters");
    EXPECT_EQ(counters["dhcp"]["silent"]["too-short"], 1) << counters;
    EXPECT_EQ(counters["dhcp"]["silent"]["not-a-request"], 1);
    EXPECT_EQ(counters["tftp"]["dropped"]["error-to-request-port"], 1);
    EXPECT_EQ(counters["tftp"]["dropped"]["unknown-opcode"], 1);
    EXPECT_EQ(counters["tftp"]["refused"]["file-not-found"], 1);
    EXPECT_THAT(server.log, AllOf(HasSubstr("silent: too short for a BOOTP message"),
                                  HasSubstr("an ERROR is never answered")));
    EXPECT_THAT(ask(control, "nonsense")["error"].get<std::string>(), HasSubstr("transfers"));

    TftpFetch running("big");
    const auto transfers = ask(control, "transfers")["transfers"];
    ASSERT_EQ(transfers.size(), 1U);
    EXPECT_EQ(transfers[0]["file"], "big");
    EXPECT_EQ(transfers[0]["phase"], "half-open");
  });
}

TEST_F(ServeTest, HasNoRightsLeftWhenItServes) {
  in_private_network([this] {
    ServedProgram server({"--conf-file", configure(tftp(directory / "a"))});
    std::ifstream file("/proc/" + std::to_string(server.pid()) + "/status");
    const std::string status(std::istreambuf_iterator<char>(file), {});
    EXPECT_THAT(status, AllOf(HasSubstr("CapEff:\t0000000000000000"),
                              HasSubstr("CapPrm:\t0000000000000000"), HasSubstr("NoNewPrivs:\t1"),
                              HasSubstr("Seccomp:\t2")));
    EXPECT_THAT(server.log, HasSubstr("confined: "));
    // Roots and links that come later are served all the same.
    directory.write("c/name", "content of c");
    directory.write("elsewhere", "far away");
    std::filesystem::create_symlink(directory / "elsewhere", directory / "c/link");
    reload(server, tftp(directory / "c"));
    EXPECT_EQ(fetch("name"), "content of c");
    EXPECT_EQ(fetch("link"), "far away");
  });
}

TEST_F(ServeTest, NamesNoPathOfTheServerInAnError) {
  in_private_network([this] {
    std::filesystem::create_directory(directory / "a/sub");
    directory.write("a/secret", "x");
    std::filesystem::permissions(directory / "a/secret", std::filesystem::perms::none);
    ServedProgram server({"--conf-file", configure(tftp(directory / "a"))});
    for (const char* name : {"none", "sub", "../serve.conf", "/etc/passwd", "secret", "a\nb"}) {
      const TftpFetch refused(name);
      EXPECT_NE(refused.error, "") << name;
      EXPECT_THAT(refused.error, Not(HasSubstr(directory.path()))) << name;
    }
  });
}

// A client that renews a lease the server does not know, as after a change of servers.
Bytes renewal(std::uint8_t number) {
  dhcp::Message message;
  message.header.op = dhcp::kBootRequest;
  message.header.htype = 1;
  message.header.hlen = 6;
  message.header.xid = 0x1000U + number;
  message.header.ciaddr = Ipv4Address::of(127, 0, 1, number);
  message.header.chaddr[0] = 2;
  message.header.chaddr[5] = number;
  message.add_type(dhcp::MessageType::Request);
  return dhcp::encode(message);
}

TEST_F(ServeTest, KeepsItsPromisedLeasesWhenItIsKilled) {
  in_private_network([this] {
    const std::string control = directory / "control";
    const std::string file = configure(
        "port=0\ndhcp-authoritative\ndhcp-range=127.0.1.1,127.0.1.200,255.0.0.0\n"
        "dhcp-leasefile=" +
        (directory / "leases") + "\n");
    constexpr std::uint8_t kClients = 30;
    {
      ServedProgram server({"--conf-file", file, "--control", control});
      for (std::uint8_t i = 1; i <= kClients; ++i) {
        const std::string address = "127.0.1." + std::to_string(i);
        LoopbackSocket client(address.c_str(), 68);
        client.send(67, renewal(i));
        const Bytes reply = client.receive();
        ASSERT_GT(reply.size(), 240U) << int{i} << "\n" << server.log;
      }
      server.send_signal(SIGKILL);
      server.wait();
    }
    // The journal ends in the middle of a line, as a crash of the machine may leave it.
    std::ofstream(directory / "leases", std::ios::app) << "1999999999 02:00:00:00:00:ff 127.0.1";
    for (int life = 0; life < 2; ++life) {
      ServedProgram server({"--conf-file", file, "--control", control});
      const auto leases = ask(control, "leases")["leases"];
      EXPECT_EQ(leases.size(), std::size_t{kClients}) << leases;
      EXPECT_EQ(leases[4]["address"], "127.0.1.5");
      EXPECT_EQ(leases[4]["hardware"], "020000000005");
      server.send_signal(SIGKILL);
      server.wait();
    }
  });
}

TEST_F(ServeTest, RefusesALeaseFileThatAnotherServerHas) {
  in_private_network([this] {
    const std::string leases =
        "dhcp-range=127.0.1.1,127.0.1.200,255.0.0.0\ndhcp-leasefile=" + (directory / "leases") +
        "\n";
    ServedProgram first({"--conf-file", configure(leases)});
    const std::string other =
        directory.write("other.conf", leases + "dhcp-alternate-port=1067,1068\n");
    auto second = ChildProcess::start(Command{.program = PXEPROOF_PROGRAM,
                                              .arguments = {"serve", "--conf-file", other},
                                              .inherited = {}});
    ASSERT_TRUE(second);
    EXPECT_EQ(second->wait().shell_code(), 3);
    EXPECT_THAT(second->take_lines(), ::testing::Contains(HasSubstr("another server uses it")));
  });
}

}  // namespace
}  // namespace pxeproof::live
