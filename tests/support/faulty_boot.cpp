#include "tests/support/faulty_boot.h"

#include <stdexcept>

#include "cli/configuration_disk.h"
#include "server/tftp_options.h"

namespace pxeproof::testing {

namespace {

using namespace std::chrono_literals;

constexpr MacAddress kRomMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
constexpr MacAddress kServerMac{{2, 0, 0, 0, 0, 1}};
constexpr Instant kEnd = Instant{} + 1h;
constexpr Duration kAfterwards = 10s;

constexpr std::string_view kConfiguration =
    "port=0\n"
    "dhcp-range=10.0.0.50,10.0.0.99\n"
    "dhcp-boot=dir/boot.bin\n"
    "enable-tftp\n"
    "tftp-root=/srv\n";
// Without these words the Raspberry Pi's ROM takes no offer.
constexpr std::string_view kForRaspberryPi =
    "dhcp-option-force=43,09:14:00:00:11:52:61:73:70:62:65:72:72:79:20:50:69:20:42:6f:6f:74:ff\n";

Bytes made_up(std::size_t size) {
  Bytes octets(size);
  Random(4).fill(octets);
  return octets;
}

}  // namespace

std::shared_ptr<const firmware::Profile> profile_or_program(const std::string& name) {
  if (const auto profile = firmware::builtin_profile(name)) return *profile;
  auto made = std::make_shared<firmware::Profile>(*firmware::builtin_profile("ipxe-bios").value());
  made->tftp = firmware::builtin_program(name).value()->tftp;
  return made;
}

FaultyBoot::FaultyBoot(Options options) {
  for (const std::string_view name : {"dir/boot.bin", "boot.scr.uimg", "bootcode.bin"}) {
    tree_.add(std::string(name), made_up(options.file_size));
  }
  std::string configuration(kConfiguration);
  if (options.profile == "rpi") configuration += kForRaspberryPi;
  const auto loaded = cli::load_configuration_text("faulty", configuration);
  if (!loaded) throw std::runtime_error(loaded.error().message);
  const NetworkInterface interface {
    .index = 2, .name = "eth0", .mac = kServerMac,
    .addresses = {{kFaultyServer, Ipv4Address::of(255, 255, 255, 0)}}, .mtu = 1500
  };
  server::TftpOptions tftp = server::tftp_options(loaded->configuration, {interface});
  tftp.transfer_ports = server::draw_ports(32768, 60999, 64, Random(options.seed).fork(7));
  tftp_ = std::make_unique<server::TftpServer>(std::move(tftp), Random(options.seed).fork(8));
  dhcp_ = std::make_unique<server::DhcpServer>(
      loaded->configuration, std::vector{interface},
      server::DhcpServer::Options{.policy = {}, .seed = options.seed});
  service_ = std::make_unique<server::BootService>(dhcp_.get(), tftp_.get(), tree_);
  std::vector<cli::Fault> faults;
  if (!options.faults.empty()) {
    auto read = cli::read_faults(std::vector{options.faults});
    if (!read) throw std::runtime_error(read.error().message);
    faults = std::move(*read);
  }
  faulty_ = std::make_unique<cli::FaultyService>(*service_, std::move(faults), options.seed);
  host_ = std::make_unique<lab::ServiceHost>(
      lab::HostOptions{.interface = interface, .seed = options.seed},
      std::vector<DatagramService*>{faulty_.get()});

  rom::RomOptions machine;
  machine.profile = profile_or_program(options.profile);
  machine.mac = kRomMac;
  machine.guid.octets = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  machine.seed = options.seed;
  machine.until = options.until;
  if (options.knows_file) machine.expected = &tree_;
  rom_ = std::make_unique<rom::Rom>(std::move(machine));
  network_.attach(*host_, {.name = "server", .macs = {kServerMac}});
  rom_id_ = network_.attach(*rom_, {.name = "rom", .macs = {kRomMac}});
  network_.run_until([this] { return rom_->is_over(); }, kEnd);
  network_.run_until(network_.now() + kAfterwards);
  while (auto event = rom_->poll_event()) events_.push_back(std::move(*event));
  while (auto note = faulty_->poll_note()) notes_.push_back(std::move(*note));
}

std::vector<FaultyBoot::Packet> FaultyBoot::packets() const {
  std::vector<Packet> all;
  for (const lab::CapturedFrame& frame : network_.capture()) {
    const auto udp = frames::inspect_udp(frame.octets);
    if (!udp) continue;
    Packet packet{.at = frame.at - Instant{}, .by_rom = frame.sender == rom_id_, .udp = *udp};
    packet.payload.assign(udp->payload.begin(), udp->payload.end());
    packet.udp.payload = {};
    all.push_back(std::move(packet));
  }
  return all;
}

}  // namespace pxeproof::testing
