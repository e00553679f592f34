// `pxeproof serve` beside serving: metrics, single runs, limits under attack, packets explained.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "live/line_server.h"
#include "live/listening_ports.h"
#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/tftp/packet.h"
#include "tests/live/served_program.h"
#include "tests/live/tftp_fetch.h"
#include "tests/support/test_directory.h"
#include "trace/capture_file.h"

namespace pxeproof::live {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

struct Ended {
  int code = 0;
  std::string output;
};

Ended run_serve_program(std::vector<std::string> arguments) {
  auto process = ChildProcess::start(
      Command{.program = PXEPROOF_PROGRAM, .arguments = std::move(arguments), .inherited = {}});
  if (!process) return {-1, process.error().message};
  Ended ended{.code = process->wait().shell_code(), .output = {}};
  for (const std::string& line : process->take_lines()) ended.output += line + "\n";
  return ended;
}

nlohmann::json ask(const std::string& socket, const std::string& command) {
  const auto connection = connect_to_path(socket);
  if (!connection) return connection.error().message;
  const auto answer = ask_line(*connection, command, 60s);
  return answer ? nlohmann::json::parse(*answer) : nlohmann::json(answer.error().message);
}

// What a web client gets.
// Not open when nobody listens.
FileDescriptor connect_to(std::uint16_t port) {
  FileDescriptor connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection.number(), reinterpret_cast<const sockaddr*>(&server), sizeof server) !=
      0) {
    return {};
  }
  return connection;
}

std::string get(std::uint16_t port, const std::string& path) {
  const FileDescriptor connection = connect_to(port);
  if (!connection.is_open()) return "no connection";
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  send(connection.number(), request.data(), request.size(), MSG_NOSIGNAL);
  std::string answer;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = recv(connection.number(), part.data(), part.size(), 0);
    if (got <= 0) return answer;
    answer.append(part.data(), static_cast<std::size_t>(got));
  }
}

class ServeModes : public ::testing::Test {
 protected:
  void SetUp() override {
    directory.write("tree/pxelinux.0", std::string(3000, 'x'));
    configuration = directory.write(
        "serve.conf", "port=0\nenable-tftp\ntftp-root=" + (directory / "tree") + "\n");
  }
  TestDirectory directory;
  std::string configuration;
};

TEST_F(ServeModes, TellsPrometheusWhatItCounts) {
  in_private_network([this] {
    ServedProgram server({"--conf-file", configuration, "--metrics", "127.0.0.1:9109"});
    EXPECT_EQ(TftpFetch("none").error_code, 1);
    fetch("pxelinux.0");
    EXPECT_TRUE(server.wait_for("sent pxelinux.0")) << server.log;
    EXPECT_THAT(get(9109, "/metrics"),
                AllOf(HasSubstr("200 OK"), HasSubstr("pxeproof_tftp_finished_total 1"),
                      HasSubstr("pxeproof_tftp_refused_total{reason=\"file-not-found\"} 1"),
                      HasSubstr("pxeproof_tftp_limit{what=\"half-open\"} 10000")));
    const Ended second =
        run_serve_program({"serve", "--conf-file", configuration, "--metrics", "127.0.0.1:9109"});
    EXPECT_NE(second.code, 0);
  });
}

std::string whole_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The child of a process that has a thread of that name; 0: none.
pid_t child_with_thread(pid_t parent, const std::string& thread) {
  const std::string number = std::to_string(parent);
  std::istringstream children(whole_text("/proc/" + number + "/task/" + number + "/children"));
  pid_t child = 0;
  while (children >> child) {
    const std::filesystem::path tasks("/proc/" + std::to_string(child) + "/task");
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      if (whole_text(task.path() / "comm") == thread + "\n") return child;
    }
  }
  return 0;
}

// The HTTP library's threads were there before the process gave its rights up, and kept them.
TEST_F(ServeModes, ConfinesEveryThreadThatServesMetrics) {
  in_private_network([this] {
    ServedProgram server({"--conf-file", configuration, "--metrics", "127.0.0.1:9109"});
    const pid_t metrics = child_with_thread(server.pid(), "civetweb-master");
    ASSERT_NE(metrics, 0);
    std::size_t threads = 0;
    for (const auto& task : std::filesystem::directory_iterator(
             std::filesystem::path("/proc/" + std::to_string(metrics) + "/task"))) {
      ++threads;
      EXPECT_THAT(whole_text(task.path() / "status"),
                  AllOf(HasSubstr("NoNewPrivs:\t1\n"), HasSubstr("Seccomp:\t2\n"),
                        HasSubstr("CapEff:\t0000000000000000\n")));
    }
    EXPECT_GT(threads, 2U);
    ASSERT_EQ(kill(metrics, SIGKILL), 0);
    EXPECT_TRUE(server.wait_for("--metrics 127.0.0.1:9109: its process has ended")) << server.log;
  });
}

// A port check that says nothing was waited for, and nobody else served.
TEST_F(ServeModes, ServesMetricsBesideAConnectionThatSaysNothing) {
  in_private_network([this] {
    ServedProgram server({"--conf-file", configuration, "--metrics", "127.0.0.1:9109"});
    const FileDescriptor silent = connect_to(9109);
    ASSERT_TRUE(silent.is_open());
    const Instant asked = now();
    EXPECT_THAT(get(9109, "/metrics"), HasSubstr("200 OK"));
    EXPECT_LT(now() - asked, std::chrono::seconds(4));
  });
}

TEST_F(ServeModes, SaysWithItsExitCodeHowACommandEnded) {
  in_private_network([this] {
    const std::string control = directory / "control";
    ServedProgram server({"--conf-file", configuration, "--control", control});
    const auto command = [&](const std::string& name) {
      return run_serve_program({"serve", "--status", control, "--command", name});
    };
    EXPECT_EQ(command("reload").code, 0);
    directory.write("serve.conf", "tftp-rot=x\n");
    const Ended broken = command("reload");
    EXPECT_EQ(broken.code, 1);
    EXPECT_THAT(broken.output, AllOf(HasSubstr("\"reloaded\":false"), HasSubstr("serve.conf:1")));
    const Ended unknown = command("bogus");
    EXPECT_EQ(unknown.code, 2);
    EXPECT_THAT(unknown.output, HasSubstr("--command bogus: there is no such command; give one of "
                                          "status, counters, transfers, leases, reload"));
  });
}

TEST_F(ServeModes, WantsAnAddressAndAPortForMetrics) {
  for (const char* wrong : {"foo", "foo:9109", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999"}) {
    const Ended ended =
        run_serve_program({"serve", "--conf-file", configuration, "--metrics", wrong});
    EXPECT_EQ(ended.code, 2) << wrong;
    EXPECT_THAT(ended.output, HasSubstr(": no address and port to listen on; give ADDR:PORT"));
  }
}

TEST_F(ServeModes, RunsTheScriptForAFileThatWasSentAndKeepsADump) {
  in_private_network([this] {
    const std::string hook = directory.write("hook", "#!/bin/sh\necho told: \"$@\"\nexit 3\n");
    std::filesystem::permissions(hook, std::filesystem::perms::owner_all);
    const std::string dump = directory / "dump.pcap";
    ServedProgram server({"--conf-file", configuration, "--dhcp-script=" + hook,
                          "--dumpfile=" + dump, "--dumpmask=0x8000"});
    fetch("pxelinux.0");
    EXPECT_TRUE(server.wait_for("script: told: tftp 3000 127.0.0.1 " + (directory / "tree") +
                                "/pxelinux.0"))
        << server.log;
    EXPECT_TRUE(server.wait_for("ended with exit code 3")) << server.log;
    EXPECT_EQ(TftpFetch("none").error_code, 1);
    server.send_signal(SIGTERM);
    EXPECT_TRUE(server.wait().is_success());
    std::ifstream kept(dump, std::ios::binary);
    const std::string octets{std::istreambuf_iterator<char>(kept), {}};
    EXPECT_THAT(octets, AllOf(HasSubstr("pxelinux.0"), HasSubstr(std::string(512, 'x')),
                              HasSubstr("none")));
  });
}

// A BIOS is sent name.0, also where there is a file of that name without it.
TEST_F(ServeModes, TestsTheBootFilesThatClientsAreSent) {
  directory.write("tree/f", "x");
  directory.write("tree/sub/g.0", "x");
  const auto test = [&](const std::string& lines) {
    const std::string file =
        directory.write("files.conf", "port=0\nenable-tftp\ntftp-root=" + (directory / "tree") +
                                          "\ndhcp-range=192.168.77.0,proxy\n" + lines);
    return run_serve_program({"serve", "--conf-file", file, "--test"}).output;
  };
  EXPECT_THAT(test("pxe-service=x86PC,\"a\",f\n"), HasSubstr("there is no f.0 in tftp-root"));
  EXPECT_THAT(test("pxe-service=x86PC,\"a\",sub/g\n"), Not(HasSubstr("there is no")));
  EXPECT_THAT(test("pxe-service=x86PC,\"a\",pxelinux\ndhcp-boot=sub,,\n"),
              HasSubstr("/tree/sub is no file"));
}

TEST_F(ServeModes, StopsWhenAConfigurationProgramFails) {
  const std::string program = directory.write("program", "#!/bin/sh\necho enable-tftp\nexit $1\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const auto test = [&](const std::string& code) {
    return run_serve_program({"serve", "--conf-script=" + program + " " + code, "--test"});
  };
  EXPECT_EQ(test("0").code, 0) << test("0").output;
  EXPECT_EQ(test("4").code, 2);
  EXPECT_THAT(test("4").output, HasSubstr("exit code 4"));
}

TEST_F(ServeModes, EndsOnceAClientHasItsProgram) {
  in_private_network([this] {
    const std::string report = directory / "report.json";
    ServedProgram server(
        {"--conf-file", configuration, "--once", "--until", "nbp", "--json", report});
    fetch("pxelinux.0");
    EXPECT_EQ(server.wait().shell_code(), 0);
    std::ifstream file(report);
    const auto json = nlohmann::json::parse(file);
    EXPECT_EQ(json["reached"], true);
    EXPECT_EQ(json["client"]["phase"], "nbp");
    EXPECT_EQ(json["client"]["octets"], 3000);
  });
}

// The run was over with the kernel, and with it the initrd and everybody else's files.
TEST_F(ServeModes, EndsNotWhileAnybodyLoads) {
  in_private_network([this] {
    directory.write("tree/vmlinuz", std::string(1500, 'k'));
    directory.write("tree/initrd.img", std::string(2500, 'i'));
    ServedProgram server({"--conf-file", configuration, "--once", "--timeout", "60"});
    TftpFetch other("pxelinux.0");
    EXPECT_EQ(fetch("vmlinuz").size(), 1500U);
    usleep(2'000'000);
    EXPECT_EQ(fetch("initrd.img").size(), 2500U);
    EXPECT_EQ(other.finish().size(), 3000U) << other.error;
    EXPECT_TRUE(server.wait_for("initrd.img 2 KiB in")) << server.log;
    EXPECT_THAT(server.log, HasSubstr("booted"));
    EXPECT_EQ(server.wait().shell_code(), 0) << server.log;
  });
}

TEST_F(ServeModes, ReportsATransferThatStalled) {
  in_private_network([this] {
    const std::string report = directory / "report.json";
    ServedProgram server({"--conf-file", configuration, "--once", "--until", "nbp", "--timeout",
                          "2", "--json", report});
    TftpFetch stalled("pxelinux.0");
    stalled.step();
    EXPECT_EQ(server.wait().shell_code(), 1) << server.log;
    std::ifstream file(report);
    const auto client = nlohmann::json::parse(file)["client"];
    EXPECT_EQ(client["unfinished"][0]["file"], "pxelinux.0") << client;
    EXPECT_EQ(client["unfinished"][0]["octets"], 512) << client;
    EXPECT_EQ(client["unfinished"][0]["size"], 3000) << client;
    EXPECT_EQ(client["diagnosis"], "still fetching pxelinux.0, 512 B of 3 KiB") << client;
  });
}

TEST_F(ServeModes, LogsABootAsAnEventOfItsOwn) {
  in_private_network([this] {
    ServedProgram server(
        {"--conf-file", configuration, "--once", "--until", "nbp", "--log-format", "json"});
    fetch("pxelinux.0");
    EXPECT_TRUE(server.wait_for("\"event\":\"boot\",\"address\":\"127.0.0.1\",\"phase\":\"nbp\""))
        << server.log;
    EXPECT_EQ(server.wait().shell_code(), 0);
    server.hear();
    EXPECT_THAT(server.log, HasSubstr("\"diagnosis\":\"reached nbp\""));
  });
}

TEST_F(ServeModes, SaysWhyNobodyBooted) {
  in_private_network([this] {
    const Ended nobody =
        run_serve_program({"serve", "--conf-file", configuration, "--once", "--timeout", "1"});
    EXPECT_EQ(nobody.code, 4) << nobody.output;
    EXPECT_THAT(
        nobody.output,
        AllOf(HasSubstr("expected: a client gets as far as payload within 1 s"),
              HasSubstr("seen:     no client"), HasSubstr("again:    pxeproof serve --conf")));
    ServedProgram server({"--conf-file", configuration, "--once", "--timeout", "3"});
    EXPECT_EQ(TftpFetch("grubx64.efi").error_code, 1);
    EXPECT_TRUE(server.wait_for("grubx64.efi: no such file")) << server.log;
    EXPECT_EQ(server.wait().shell_code(), 1);
  });
}

// TSEC-07 on a real kernel: each request from an address of its own, none of them answered.
TEST_F(ServeModes, StaysWithinItsLimitsUnderAFloodOfHalfOpenRequests) {
  in_private_network([this] {
    const std::string control = directory / "control";
    ServedProgram server({"--conf-file", configuration, "--control", control, "--limit",
                          "half-open=500", "--limit", "waiting=200"});
    Bytes request{0, 1};
    for (const char* word : {"pxelinux.0", "octet"}) {
      request.insert(request.end(), word, word + std::strlen(word) + 1);
    }
    for (int i = 0; i < 10'000; ++i) {
      const std::string address =
          "127.1." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
      LoopbackSocket(address.c_str()).send(69, request);
      if (i % 50 == 0) server.hear();
      if (i == 5000) {
        EXPECT_EQ(fetch("pxelinux.0"), std::string(3000, 'x'));
      }
    }
    EXPECT_EQ(fetch("pxelinux.0"), std::string(3000, 'x'));
    const auto tftp = ask(control, "counters")["tftp"];
    EXPECT_THAT(tftp["half_open"].get<int>(), Le(500));
    EXPECT_THAT(tftp["waiting"].get<int>(), Le(200));
    EXPECT_EQ(tftp["limits"]["half-open"], 500);
    EXPECT_THAT(tftp["failed"]["half-open-evicted"].get<int>(), Ge(1)) << tftp;
  });
}

// As in `pxeproof serve ... | head -1`.
TEST_F(ServeModes, OutlivesTheReaderOfItsLog) {
  in_private_network([this] {
    const std::string line = std::string(PXEPROOF_PROGRAM) + " serve --conf-file " + configuration;
    auto shell = ChildProcess::start(
        Command{.program = "sh", .arguments = {"-c", line + " | head -n 1"}, .inherited = {}});
    ASSERT_TRUE(shell) << shell.error().message;
    const Instant end = now() + 60s;
    while (!listens_on(shell->pid(), {tftp::kPort}) && now() < end) usleep(1000);
    for (int times = 0; times < 3; ++times) EXPECT_EQ(fetch("pxelinux.0"), std::string(3000, 'x'));
  });
}

TEST_F(ServeModes, ExplainsPacketsOfACapture) {
  const std::string capture = directory / "boot.pcap";
  {
    auto writer = trace::PcapWriter::create(capture);
    ASSERT_TRUE(writer);
    const auto frame = [](std::uint16_t port, ByteView payload) {
      return frames::build_udp({.destination_mac = MacAddress::broadcast(),
                                .source_mac = {{2, 0, 0, 0, 0, 9}},
                                .source = {Ipv4Address::of(192, 168, 77, 50), 2070},
                                .destination = {Ipv4Address::of(192, 168, 77, 1), port}},
                               payload);
    };
    dhcp::Message discover;
    discover.header.set_mac({{2, 0, 0, 0, 0, 9}});
    discover.add_type(dhcp::MessageType::Discover);
    discover.add_text(dhcp::OptionCode::VendorClass, "PXEClient:Arch:00000:UNDI:002001");
    writer->write(1s, frame(67, dhcp::encode(discover)));  // without option 93: row 10
    discover.add_u16(dhcp::OptionCode::ClientArchitecture, 0);
    writer->write(2s, frame(67, dhcp::encode(discover)));
    writer->write(3s, frame(53, as_bytes("dns")));
    writer->write(4s, frame(69, Bytes{0, 1, 'n', 'o', 'n', 'e', 0, 'o', 'c', 't', 'e', 't', 0}));
  }
  const std::string file = directory.write(
      "boot.conf",
      "port=0\ndhcp-range=192.168.77.0,proxy,255.255.255.0\ndhcp-match=set:bios,93,0\n"
      "pxe-service=tag:bios,x86PC,\"Boot\",pxelinux\nenable-tftp\ntftp-root=" +
          (directory / "tree") + "\n");
  const auto explain = [&](const std::string& packet) {
    return run_serve_program({"serve", "--explain-packet", packet, "--conf-file", file});
  };
  const Ended silent = explain(capture + "#1");
  EXPECT_EQ(silent.code, 1);
  EXPECT_THAT(silent.output, AllOf(HasSubstr("silent, no-architecture"), HasSubstr("row 10")));
  const Ended answered = explain(capture + "#2");
  EXPECT_EQ(answered.code, 0) << answered.output;
  EXPECT_THAT(answered.output,
              AllOf(HasSubstr("tags: "), HasSubstr("bios"), HasSubstr("boot.conf:4"),
                    HasSubstr("proxy offer"), HasSubstr("server-identifier")));
  EXPECT_EQ(explain(capture).code, 1);
  EXPECT_EQ(explain(capture + "#3").code, 4);
  EXPECT_EQ(explain(capture + "#9").code, 2);
  EXPECT_EQ(explain(capture + "#x").code, 2);
  const Ended refused = explain(capture + "#4");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.output, HasSubstr("there is no such file"));
}

// It waited for ever, and did not say so.
TEST_F(ServeModes, SaysThatItWaitsForTheRestOfACapture) {
  const std::string file =
      directory.write("boot.conf", "port=0\ndhcp-range=192.168.77.0,proxy,255.255.255.0\n");
  const std::string pipe = directory / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const FileDescriptor writer(open(pipe.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(write(writer.number(), "\xd4\xc3", 2), 2);
  auto started = ChildProcess::start(
      Command{.program = PXEPROOF_PROGRAM,
              .arguments = {"serve", "--explain-packet", pipe, "--conf-file", file},
              .inherited = {}});
  ASSERT_TRUE(started) << started.error().message;
  auto loop = EventLoop::create();
  ASSERT_TRUE(loop && loop->add(*started));
  std::string said;
  const auto end = loop->run(
      [&] {
        for (const std::string& line : started->take_lines()) said += line + "\n";
        return !said.empty() || started->exit();
      },
      now() + 60s);
  loop->remove(*started);
  ASSERT_TRUE(end);
  EXPECT_THAT(said, HasSubstr(pipe + ": still waiting for the packet"));
  started->send_signal(SIGINT);
  EXPECT_FALSE(started->wait().is_success());
}

}  // namespace
}  // namespace pxeproof::live
