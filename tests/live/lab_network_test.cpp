#include "live/lab_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "live/event_loop.h"
#include "live/monotonic_clock.h"
#include "live/network_interfaces.h"
#include "live/packet_port.h"
#include "live/private_namespaces.h"
#include "live/station_runner.h"
#include "live/stop_signals.h"
#include "live/udp_server.h"
#include "protocol/frames/build.h"
#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const MacAddress kServerMac{{0x02, 0, 0, 0, 0, 1}};
const MacAddress kClientMac{{0x02, 0, 0, 0, 0, 2}};
constexpr Ipv4Address kServer = Ipv4Address::of(192, 168, 77, 1);
constexpr Ipv4Address kClient = Ipv4Address::of(192, 168, 77, 50);
constexpr Ipv4Address kMask = Ipv4Address::of(255, 255, 255, 0);

// Runs a test's body in a lab; what it prints and expects fails the test here.
void in_lab(const std::function<void()>& body) {
  auto ended = run_in_private_namespaces([&body] {
    body();
    return ::testing::Test::HasFailure() ? 1 : 0;
  });
  if (!ended && ended.error().is_permission()) {
    GTEST_SKIP() << ended.error().message;
  }
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->is_success()) << to_string(*ended);
}

HostOptions server_host() {
  return {.name = "server", .mac = kServerMac, .address = {kServer, kMask}};
}

// Answers each datagram with what the test tells it to.
class Echo : public DatagramService {
 public:
  using Reply = std::function<OutgoingDatagram(const IncomingDatagram&)>;
  Echo(std::vector<std::uint16_t> ports, Reply reply)
      : ports_(std::move(ports)), reply_(std::move(reply)) {}

  std::vector<std::uint16_t> ports() const override { return ports_; }
  void on_datagram(Instant, const IncomingDatagram& datagram) override {
    replies_.push_back(reply_(datagram));
  }
  void on_timeout(Instant) override {}
  bool poll_transmit(OutgoingDatagram& out) override {
    if (replies_.empty()) {
      return false;
    }
    out = std::move(replies_.front());
    replies_.erase(replies_.begin());
    return true;
  }
  std::optional<Instant> poll_timeout() const override { return std::nullopt; }

 private:
  std::vector<std::uint16_t> ports_;
  Reply reply_;
  std::vector<OutgoingDatagram> replies_;
};

int serve_for_ever(DatagramService& service, ReservedPorts reserved = {}) {
  auto server = UdpServer::create(service, {.neighbour_ports = {69}}, std::move(reserved));
  auto loop = EventLoop::create();
  if (!server || !loop || !loop->add(*server)) {
    std::puts(server ? "no loop" : server.error().message.c_str());
    return 1;
  }
  std::puts("ready");
  return loop->run([] { return false; }) ? 0 : 1;
}

// Waits for a line of a child's output that contains the text.
bool wait_for_line(ChildProcess& child, const std::string& text, std::string& all) {
  auto loop = EventLoop::create();
  if (!loop || !loop->add(child)) {
    return false;
  }
  auto end = loop->run(
      [&] {
        for (const std::string& line : child.take_lines()) {
          all += line + "\n";
        }
        return all.find(text) != std::string::npos || child.exit();
      },
      now() + 10s);
  return end && all.find(text) != std::string::npos;
}

// A ROM without a protocol: sends its frames, keeps what is sent to it.
class Script : public Station {
 public:
  explicit Script(std::vector<Frame> frames) : frames_(std::move(frames)) {}
  void start(Instant) override {}
  void on_frame(Instant, ByteView frame) override {
    auto udp = frames::inspect_udp(frame);
    if (udp) {
      received.emplace_back(frame.begin(), frame.end());
    } else if (udp.error().fault != frames::Fault::ForeignType) {
      faults.push_back(udp.error().fault);
    }
    if (auto arp = frames::inspect_arp(frame); arp && arp->operation == frames::kArpRequest) {
      ++arp_requests;
      if (arp->target_address == kClient) {
        frames_.push_back(frames::build_arp({.operation = frames::kArpReply,
                                             .sender_mac = kClientMac,
                                             .sender_address = kClient,
                                             .target_mac = arp->sender_mac,
                                             .target_address = arp->sender_address},
                                            arp->sender_mac));
      }
    }
  }
  void on_timeout(Instant) override {}
  bool poll_transmit(Frame& out) override {
    if (frames_.empty()) {
      return false;
    }
    out = frames_.front();
    frames_.erase(frames_.begin());
    return true;
  }
  std::optional<Instant> poll_timeout() const override { return std::nullopt; }

  std::vector<Frame> received;
  std::vector<frames::Fault> faults;
  int arp_requests = 0;

 private:
  std::vector<Frame> frames_;
};

Frame request(std::uint16_t port, ByteView payload,
              Ipv4Address destination = Ipv4Address::broadcast()) {
  return frames::build_udp({.destination_mac = MacAddress::broadcast(),
                            .source_mac = kClientMac,
                            .source = {kClient, 68},
                            .destination = {destination, port}},
                           payload);
}

// Runs the script on a port of the switch until it got that many datagrams.
void play(LabNetwork& network, Script& script, std::size_t wanted) {
  auto port_name = network.add_port("rom");
  ASSERT_TRUE(port_name) << port_name.error().message;
  auto port = PacketPort::open(*port_name);
  ASSERT_TRUE(port) << port.error().message;
  auto loop = EventLoop::create();
  StationRunner runner(*port);
  ASSERT_TRUE(loop->add(runner));
  runner.add(script);
  auto end = loop->run([&] { return script.received.size() >= wanted; }, now() + 5s);
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, EventLoop::End::Done) << "got " << script.received.size() << " datagrams";
}

TEST(PrivateNamespaces, BringTheExitCodeHome) {
  auto ended = run_in_private_namespaces([] { return 42; });
  if (!ended && ended.error().is_permission()) {
    GTEST_SKIP() << ended.error().message;
  }
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->code, 42);
}

TEST(PrivateNamespaces, HaveNothingButLoopbackWithoutIpv6) {
  in_lab([] {
    auto interfaces = list_network_interfaces();
    ASSERT_TRUE(interfaces);
    ASSERT_EQ(interfaces->size(), 1U);
    EXPECT_EQ(interfaces->front().name, "lo");
    std::ifstream setting("/proc/sys/net/ipv6/conf/all/disable_ipv6");
    std::string value;
    setting >> value;
    EXPECT_NE(value, "0");
  });
}

TEST(LabNetwork, CarriesTheFirstBroadcastAfterItIsSetUp) {
  in_lab([] {
    auto network = LabNetwork::create();
    ASSERT_TRUE(network) << network.error().message;
    auto host = network->add_host(server_host());
    ASSERT_TRUE(host) << host.error().message;
    auto server = host->start([] {
      Echo echo({67}, [](const IncomingDatagram& in) {
        OutgoingDatagram out;
        out.source = {kServer, 67};
        out.destination = {Ipv4Address::broadcast(), 68};
        out.interface_index = in.interface_index;
        out.addressing = LinkAddressing::Broadcast;
        out.head = {'r'};
        return out;
      });
      return serve_for_ever(echo);
    });
    ASSERT_TRUE(server) << server.error().message;
    std::string log;
    ASSERT_TRUE(wait_for_line(*server, "ready", log)) << log;
    Script script({request(67, as_bytes("hello"))});

    play(*network, script, 1);

    ASSERT_EQ(script.received.size(), 1U);
    auto udp = frames::inspect_udp(script.received.front());
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->ethernet.source, kServerMac);
    EXPECT_TRUE(udp->ethernet.destination.is_broadcast());
    EXPECT_EQ(udp->source, (Endpoint{kServer, 67}));
    EXPECT_EQ(udp->destination, (Endpoint{Ipv4Address::broadcast(), 68}));
    EXPECT_EQ(udp->tos, 0xc0);
    EXPECT_FALSE(udp->dont_fragment);
    EXPECT_EQ(udp->ttl, 64);
    EXPECT_NE(udp->checksum, 0);
    EXPECT_TRUE(script.faults.empty()) << "a checksum was not filled in";
  });
}

TEST(UdpServer, SendsDirectlyToAClientWithoutAskingArp) {
  in_lab([] {
    auto network = LabNetwork::create();
    auto host = network->add_host(server_host());
    ASSERT_TRUE(host) << host.error().message;
    auto server = host->start([] {
      Echo echo({67}, [](const IncomingDatagram& in) {
        OutgoingDatagram out;
        out.source.port = 67;
        out.destination = {Ipv4Address::of(192, 168, 77, 99), 68};
        out.interface_index = in.interface_index;
        out.addressing = LinkAddressing::Direct;
        out.link_address = kClientMac;
        out.head.assign(in.payload.begin(), in.payload.end());
        return out;
      });
      return serve_for_ever(echo);
    });
    std::string log;
    ASSERT_TRUE(wait_for_line(*server, "ready", log)) << log;
    Script script({request(67, as_bytes("hello"))});

    play(*network, script, 1);

    auto udp = frames::inspect_udp(script.received.at(0));
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->ethernet.destination, kClientMac);
    EXPECT_EQ(udp->source.address, kServer);
    EXPECT_EQ(as_text(udp->payload), "hello");
    EXPECT_EQ(script.arp_requests, 0);
  });
}

TEST(UdpServer, TellsDestinationAndInterfaceAndJoinsHeadAndBody) {
  in_lab([] {
    auto network = LabNetwork::create();
    auto host = network->add_host(server_host());
    ASSERT_TRUE(host) << host.error().message;
    auto server = host->start([] {
      auto reserved = ReservedPorts::reserve({.count = 2});
      if (!reserved) {
        return 1;
      }
      const std::uint16_t transfer_port = reserved->numbers().front();
      Echo echo({69}, [transfer_port](const IncomingDatagram& in) {
        static const std::string body = "|body";
        OutgoingDatagram out;
        out.source.port = transfer_port;
        out.destination = in.source;
        const std::string head =
            to_string(in.destination) + "@" + (in.interface_index != 0 ? "interface" : "?") +
            " from " + (in.source_mac ? to_string(*in.source_mac) : "an unknown neighbour");
        out.head.assign(head.begin(), head.end());
        out.body = as_bytes(body);
        return out;
      });
      return serve_for_ever(echo, std::move(*reserved));
    });
    std::string log;
    ASSERT_TRUE(wait_for_line(*server, "ready", log)) << log;
    // As a ROM does: asking for the server's address, it tells its own.
    std::vector<Frame> frames{frames::build_arp({.operation = frames::kArpRequest,
                                                 .sender_mac = kClientMac,
                                                 .sender_address = kClient,
                                                 .target_mac = {},
                                                 .target_address = kServer},
                                                MacAddress::broadcast())};
    for (int i = 0; i < 200; ++i) {
      frames.push_back(request(69, as_bytes("rrq"), kServer));
    }
    Script script(frames);

    play(*network, script, 200);

    auto udp = frames::inspect_udp(script.received.at(199));
    ASSERT_TRUE(udp);
    EXPECT_EQ(as_text(udp->payload), "192.168.77.1:69@interface from 02:00:00:00:00:02|body");
    EXPECT_TRUE(udp->dont_fragment);
    EXPECT_EQ(udp->tos, 0);
    EXPECT_NE(udp->source.port, 69);
    EXPECT_TRUE(script.faults.empty());
  });
}

TEST(UdpServer, SaysWhoMayHaveThePort) {
  in_lab([] {
    auto first = UdpSocket::open({.local = {.address = {}, .port = 67}});
    ASSERT_TRUE(first) << first.error().message;
    Echo echo({67}, [](const IncomingDatagram&) { return OutgoingDatagram{}; });
    auto server = UdpServer::create(echo, {});
    ASSERT_FALSE(server);
    EXPECT_THAT(server.error().message,
                HasSubstr("UDP port 67: Address already in use; another server has it"));
  });
}

TEST(LabNetwork, ShowsATreeWhereTheHostHasNoDirectory) {
  const TestDirectory top;
  top.write("tree/pxelinux.0", "boot");
  const std::string place = "/var/lib/pxeproof-test-tree/deep";
  ASSERT_FALSE(std::filesystem::exists("/var/lib/pxeproof-test-tree"));
  in_lab([&] {
    auto network = LabNetwork::create();
    HostOptions options = server_host();
    options.trees = {{.source = top / "tree", .at = place}};
    auto host = network->add_host(options);
    ASSERT_TRUE(host) << host.error().message;
    auto shell = host->start(Command{
        .program = "sh",
        .arguments = {"-c", "cat " + place +
                                "/pxelinux.0; echo; ls /var/lib; "
                                "touch " +
                                place + "/x 2>&1; touch /var/lib/misc/x /run/y && ls /run"}});
    ASSERT_TRUE(shell) << shell.error().message;
    shell->wait();
    const auto lines = shell->take_lines();
    EXPECT_THAT(lines, Contains("boot"));
    EXPECT_THAT(lines, Contains("pxeproof-test-tree"));
    EXPECT_THAT(lines, Contains("dpkg")) << "what was there is hidden";
    EXPECT_THAT(lines, Contains(HasSubstr("Read-only file system")));
    EXPECT_THAT(lines, Contains("y"));
  });
  EXPECT_FALSE(std::filesystem::exists("/var/lib/pxeproof-test-tree"));
  EXPECT_FALSE(std::filesystem::exists("/var/lib/misc/x"));
}

TEST(LabNetwork, RunsDnsmasqAsAHost) {
  if (!std::filesystem::exists("/usr/sbin/dnsmasq")) {
    GTEST_SKIP() << "dnsmasq is not installed: apt install dnsmasq-base";
  }
  in_lab([] {
    auto network = LabNetwork::create();
    auto host = network->add_host(server_host());
    ASSERT_TRUE(host) << host.error().message;
    auto dnsmasq = host->start(
        Command{.program = "dnsmasq",
                .arguments = {"-d", "--conf-file=/dev/null", "--port=0", "--enable-tftp",
                              "--tftp-root=/usr/share", "--log-dhcp"}});
    ASSERT_TRUE(dnsmasq) << dnsmasq.error().message;
    std::string log;
    ASSERT_TRUE(wait_for_line(*dnsmasq, "TFTP root is", log)) << log;
    const std::string read_request = std::string("\0\1none\0octet\0", 13);
    Script script({request(69, as_bytes(read_request), kServer)});

    play(*network, script, 1);

    auto udp = frames::inspect_udp(script.received.at(0));
    ASSERT_TRUE(udp);
    EXPECT_THAT(as_text(udp->payload), HasSubstr("not found"));
    EXPECT_TRUE(dnsmasq->stop().is_success());
  });
}

// Starts a lab with a child in it and a bridge, tells the pids seen from outside, and waits.
ChildProcess start_lab_that_stays() {
  auto lab = ChildProcess::start([] {
    auto ended = run_in_private_namespaces([] {
      auto network = LabNetwork::create();
      auto host = network->add_host(server_host());
      auto sleeper = host->start(Command{.program = "sleep", .arguments = {"600"}});
      std::puts(sleeper ? "ready" : "failed");
      std::fflush(stdout);
      pause();
      return 0;
    });
    return ended ? ended->shell_code() : 1;
  });
  EXPECT_TRUE(lab);
  std::string log;
  EXPECT_TRUE(wait_for_line(*lab, "ready", log)) << log;
  return std::move(*lab);
}

// All descendants of a process, from /proc.
std::vector<pid_t> descendants(pid_t parent) {
  std::vector<pid_t> found;
  std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) +
                         "/children");
  pid_t child = 0;
  while (children >> child) {
    found.push_back(child);
    for (const pid_t further : descendants(child)) {
      found.push_back(further);
    }
  }
  return found;
}

class NothingIsLeftAfterKilling : public ::testing::TestWithParam<std::size_t> {};

TEST_P(NothingIsLeftAfterKilling, AnyProcessOfTheLab) {
  if (geteuid() != 0 && !run_in_private_namespaces([] { return 0; })) {
    GTEST_SKIP() << "user namespaces are forbidden here";
  }
  ChildProcess lab = start_lab_that_stays();
  std::vector<pid_t> processes = descendants(lab.pid());
  processes.insert(processes.begin(), lab.pid());
  // The caller, holder, init, body, and the sleeping host.
  ASSERT_EQ(processes.size(), 5U);
  std::vector<FileDescriptor> watched;
  for (const pid_t pid : processes) {
    watched.push_back(watch_process(pid));
  }

  ASSERT_EQ(kill(processes[GetParam()], SIGKILL), 0);

  // Killing the sleeping host alone ends only that host.
  const std::size_t must_end = GetParam() == 4 ? 4 : 0;
  for (std::size_t i = must_end; i < watched.size(); ++i) {
    pollfd ended{.fd = watched[i].number(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&ended, 1, 5'000), 1) << "process " << i << " of 5 lives on";
  }
  lab.stop(Duration(0));
  auto links = run_to_end(Command{.program = "ip", .arguments = {"-o", "link"}}, nullptr);
  ASSERT_TRUE(links);
  for (const std::string& line : *links) {
    EXPECT_THAT(line, ::testing::Not(HasSubstr("server@")));
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, NothingIsLeftAfterKilling, ::testing::Range<std::size_t>(0, 5));

// Runs body in a lab on a terminal of its own, presses Ctrl-C when it says "ready", and gives what
// was on the screen.
std::string press_ctrl_c(const std::function<int()>& body) {
  int number = -1;
  const pid_t pid = forkpty(&number, nullptr, nullptr, nullptr);
  if (pid == 0) {
    auto ended = run_in_private_namespaces(body);
    std::printf("ended with %d\n", ended ? ended->shell_code() : -1);
    std::fflush(stdout);
    _exit(0);
  }
  const FileDescriptor terminal(number);
  std::string screen;
  bool pressed = false;
  for (;;) {
    std::array<char, 256> text{};
    const ssize_t size = read(terminal.number(), text.data(), text.size());
    if (size <= 0) {
      break;  // The last process has closed the terminal.
    }
    screen.append(text.data(), static_cast<std::size_t>(size));
    if (!pressed && screen.find("ready") != std::string::npos) {
      pressed = write(terminal.number(), "\x03", 1) == 1;
    }
  }
  waitpid(pid, nullptr, 0);
  return screen;
}

TEST(PrivateNamespaces, EndOnCtrlC) {
  const std::string screen = press_ctrl_c([] {
    std::puts("ready");
    std::fflush(stdout);
    pause();
    return 0;
  });
  if (screen.find("ready") == std::string::npos) {
    GTEST_SKIP() << "no lab here: " << screen;
  }
  EXPECT_THAT(screen, HasSubstr("ended with 130"));
}

TEST(PrivateNamespaces, LetTheBodyFinishOnCtrlCWhichItHearsOnce) {
  const std::string screen = press_ctrl_c([] {
    auto signals = StopSignals::create();
    auto loop = EventLoop::create();
    if (!signals || !loop || !loop->add(*signals)) {
      return 1;
    }
    std::puts("ready");
    std::fflush(stdout);
    if (!loop->run([&] { return signals->stop().has_value(); })) {
      return 1;
    }
    sigset_t pending;
    sigpending(&pending);
    std::printf("finishing, another one: %d\n", sigismember(&pending, SIGINT));
    std::fflush(stdout);
    return 5;
  });
  if (screen.find("ready") == std::string::npos) {
    GTEST_SKIP() << "no lab here: " << screen;
  }
  EXPECT_THAT(screen, HasSubstr("finishing, another one: 0"));
  EXPECT_THAT(screen, HasSubstr("ended with 5"));
}

TEST(LabNetwork, TakesATreeFromADirectoryThatItHides) {
  const TestDirectory top;
  top.write("tree/file", "hidden, but taken before");
  in_lab([&] {
    auto network = LabNetwork::create();
    HostOptions options = server_host();
    options.trees = {{.source = top / "tree", .at = top / "other/place"}};
    options.private_directories = {top.path()};
    auto host = network->add_host(options);
    ASSERT_TRUE(host) << host.error().message;
    auto shell = host->start(Command{.program = "cat", .arguments = {top / "other/place/file"}});
    shell->wait();
    EXPECT_THAT(shell->take_lines(), Contains("hidden, but taken before"));
  });
}

TEST(LabNetwork, SaysWhichTreeDoesNotExist) {
  in_lab([] {
    auto network = LabNetwork::create();
    HostOptions options = server_host();
    options.trees = {{.source = "/no/such/tree", .at = "/srv/tftp"}};
    auto host = network->add_host(options);
    ASSERT_FALSE(host);
    EXPECT_THAT(host.error().message, HasSubstr("/no/such/tree: No such file or directory"));
  });
}

TEST(PrivateNamespaces, HandATerminationSignalOnToTheBody) {
  auto lab = ChildProcess::start([] {
    auto ended = run_in_private_namespaces([] {
      std::signal(SIGTERM, [](int) { _exit(33); });
      std::puts("ready");
      std::fflush(stdout);
      for (;;) {
        pause();
      }
      return 0;
    });
    return ended ? ended->shell_code() : 1;
  });
  std::string log;
  if (!wait_for_line(*lab, "ready", log)) {
    GTEST_SKIP() << log;
  }

  const Exit exit = lab->stop(5s);

  EXPECT_EQ(exit.code, 33);
}

}  // namespace
}  // namespace pxeproof::live
