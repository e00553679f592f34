#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "live/capture.h"
#include "live/frame_relay.h"
#include "live/lab_network.h"
#include "live/private_namespaces.h"
#include "live/qemu.h"
#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

using namespace std::chrono_literals;

constexpr const char* kConfiguration = R"(
port=0
log-dhcp
dhcp-range=192.168.178.0,proxy
dhcp-boot=pxelinux.0
pxe-service=x86PC,"Network Boot",pxelinux
pxe-service=X86-64_EFI,"Memtest",memtest/memtest86+x64.efi
enable-tftp
tftp-root=/var/lib/tftpboot
)";
constexpr const char* kMenu = R"(default memtest86
prompt 1
timeout 15
label memtest86
menu label Memtest86+ 5.01
kernel /memtest/memtest86+-5.01
)";
constexpr Ipv4Address kMask = Ipv4Address::of(255, 255, 255, 0);

void make_tree(const TestDirectory& top) {
  namespace fs = std::filesystem;
  fs::create_directories(top / "tree/memtest");
  fs::create_directories(top / "tree/pxelinux.cfg");
  fs::create_symlink("/usr/lib/PXELINUX/pxelinux.0", top / "tree/pxelinux.0");
  fs::create_symlink("/usr/lib/syslinux/modules/bios/ldlinux.c32", top / "tree/ldlinux.c32");
  fs::copy_file("/boot/memtest86+x64.bin", top / "tree/memtest/memtest86+-5.01");
  fs::copy_file("/boot/memtest86+x64.efi", top / "tree/memtest/memtest86+x64.efi");
  top.write("tree/pxelinux.cfg/default", kMenu);
  top.write("boot.conf", kConfiguration);
  chmod(top.path().c_str(), 0755);
}

class CountFrames : public FrameObserver {
 public:
  void on_frame(Instant, Direction direction, ByteView) override {
    ++(direction == Direction::Sent ? sent : received);
  }
  int sent = 0;
  int received = 0;
};

int boot_to_memtest(const TestDirectory& top, MachineFirmware firmware) {
  auto network = LabNetwork::create();
  auto router = network->add_host({.name = "router",
                                   .mac = {{2, 0, 0, 0, 0, 1}},
                                   .address = {Ipv4Address::of(192, 168, 178, 1), kMask}});
  auto boot = network->add_host({.name = "boot",
                                 .mac = {{2, 0, 0, 0, 0, 2}},
                                 .address = {Ipv4Address::of(192, 168, 178, 2), kMask},
                                 .trees = {{.source = top / "tree", .at = "/var/lib/tftpboot"}}});
  if (!router || !boot) {
    std::puts((router ? boot : router).error().message.c_str());
    return 1;
  }
  auto address_server = router->start(
      Command{.program = "dnsmasq",
              .arguments = {"-d", "--conf-file=/dev/null", "--port=0", "--leasefile-ro",
                            "--dhcp-range=192.168.178.100,192.168.178.200"}});
  auto boot_server = boot->start(
      Command{.program = "dnsmasq", .arguments = {"-d", "--conf-file=" + top / "boot.conf"}});
  auto port_name = network->add_port("rom");
  auto port = PacketPort::open(*port_name);
  auto machine = Machine::start({.firmware = firmware});
  if (!address_server || !boot_server || !port || !machine) {
    std::puts(machine ? "set-up failed" : machine.error().message.c_str());
    return 1;
  }
  CountFrames frames;
  FrameRelay relay(*port, machine->take_network(), &frames);
  auto loop = EventLoop::create();
  if (!loop || !loop->add(relay) || !loop->add(machine->process())) {
    return 1;
  }
  const Instant give_up = now() + 150s;
  while (now() < give_up && !machine->process().exit()) {
    auto pause = loop->run([] { return false; }, now() + 250ms);
    auto runs = machine->memtest_runs();
    if (!pause || !runs) {
      std::puts(runs ? pause.error().message.c_str() : runs.error().message.c_str());
      return 1;
    }
    if (*runs) {
      std::printf("%d frames sent, %d received\n", frames.sent, frames.received);
      return 0;
    }
  }
  auto screen = machine->read_text_screen();
  for (const std::string& row : screen->rows()) {
    std::puts(row.c_str());
  }
  for (const std::string& line : machine->process().take_lines()) {
    std::puts(without_escapes(line).c_str());
  }
  for (const std::string& line : boot_server->take_lines()) {
    std::puts(line.c_str());
  }
  return 1;
}

class RealMachine : public ::testing::TestWithParam<MachineFirmware> {};

TEST_P(RealMachine, BootsTheArticlesTreeFromDnsmasqToMemtest) {
  for (const char* needed : {"/usr/bin/qemu-system-x86_64", "/usr/sbin/dnsmasq",
                             "/usr/lib/PXELINUX/pxelinux.0", "/boot/memtest86+x64.bin"}) {
    if (!std::filesystem::exists(needed)) {
      GTEST_SKIP() << needed << " is not installed";
    }
  }
  const TestDirectory top;
  make_tree(top);

  auto ended = run_in_private_namespaces([&] { return boot_to_memtest(top, GetParam()); });

  if (!ended && ended.error().is_permission()) {
    GTEST_SKIP() << ended.error().message;
  }
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->is_success()) << to_string(*ended);
}

INSTANTIATE_TEST_SUITE_P(Qemu, RealMachine,
                         ::testing::Values(MachineFirmware::IpxeBios, MachineFirmware::OvmfX64),
                         [](const auto& chosen) {
                           return chosen.param == MachineFirmware::IpxeBios ? "IpxeBios"
                                                                            : "OvmfX64";
                         });

}  // namespace
}  // namespace pxeproof::live
