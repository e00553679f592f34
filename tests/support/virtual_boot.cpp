#include "tests/support/virtual_boot.h"

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "cli/article.h"
#include "cli/configuration_disk.h"
#include "cli/lab_plan.h"
#include "trace/capture_file.h"

namespace pxeproof::testing {

namespace {

using namespace std::chrono_literals;

constexpr MacAddress kRomMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
constexpr Instant kEnd = Instant{} + 1h;

class MemoryContent : public FileContent {
 public:
  explicit MemoryContent(std::shared_ptr<const Bytes> octets) : octets_(std::move(octets)) {}
  std::uint64_t size() const override { return octets_->size(); }
  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    if (offset >= octets_->size()) return ByteView{};
    const ByteView rest = ByteView(*octets_).subspan(static_cast<std::size_t>(offset));
    return rest.first(std::min(length, rest.size()));
  }

 private:
  std::shared_ptr<const Bytes> octets_;
};

Bytes made_up(std::size_t size, std::uint64_t seed) {
  Bytes octets(size);
  Random(seed).fill(octets);
  return octets;
}

NetworkInterface interface_of(const Subnet& subnet, std::uint8_t last_octet) {
  return {.index = 2,
          .name = "eth0",
          .mac = MacAddress{{2, 0, 0, 0, 0, last_octet}},
          .addresses = {subnet},
          .mtu = 1500};
}

}  // namespace

void MemoryTree::add(std::string name, Bytes content) {
  files_[std::move(name)] = std::make_shared<const Bytes>(std::move(content));
}

bool MemoryTree::poll_answer(FileAnswer& out) {
  if (answers_.empty()) return false;
  out = std::move(answers_.front());
  answers_.pop_front();
  return true;
}

FileAnswer MemoryTree::open(const FileRequest& request) const {
  const auto found = files_.find(request.path);
  if (found == files_.end()) return {request.id, fail(FileFault::NotFound)};
  return {request.id, std::shared_ptr<FileContent>(std::make_shared<MemoryContent>(found->second))};
}

std::optional<ByteView> MemoryTree::find(std::string_view name) const {
  if (name.starts_with('/')) name.remove_prefix(1);
  const auto found = files_.find(name);
  if (found == files_.end()) return std::nullopt;
  return ByteView(*found->second);
}

MemoryTree article_tree() {
  MemoryTree tree;
  // What a boot image is recognised by, among octets that mean nothing.
  Bytes loader = made_up(42'430, 1);
  std::ranges::copy(as_bytes("PXELINUX 6.04 PXE 20200816"), loader.begin() + 1000);
  tree.add("pxelinux.0", std::move(loader));
  tree.add("ldlinux.c32", made_up(119'524, 2));
  tree.add("memtest/memtest86+-5.01", made_up(144'312, 3));
  constexpr std::string_view kConfiguration =
      "default memtest86\nprompt 1\ntimeout 15\nlabel memtest86\n"
      "menu label Memtest86+ 5.01\nkernel /memtest/memtest86+-5.01\n";
  const ByteView text = as_bytes(kConfiguration);
  tree.add("pxelinux.cfg/default", Bytes(text.begin(), text.end()));
  return tree;
}

VirtualBoot::ServerHost VirtualBoot::make_host(server::Configuration configuration,
                                               const NetworkInterface& interface,
                                               std::uint64_t seed) {
  ServerHost made;
  if (configuration.tftp.enabled) {
    server::TftpOptions tftp = server::tftp_options(configuration, {interface});
    tftp.transfer_ports = server::draw_ports(32768, 60999, 64, Random(seed).fork(7));
    made.tftp = std::make_unique<server::TftpServer>(std::move(tftp), Random(seed).fork(8));
  }
  made.dhcp =
      std::make_unique<server::DhcpServer>(std::move(configuration), std::vector{interface},
                                           server::DhcpServer::Options{.policy = {}, .seed = seed});
  made.service = std::make_unique<server::BootService>(made.dhcp.get(), made.tftp.get(), tree_);
  made.host =
      std::make_unique<lab::ServiceHost>(lab::HostOptions{.interface = interface, .seed = seed},
                                         std::vector<DatagramService*>{made.service.get()});
  return made;
}

VirtualBoot::VirtualBoot(Options options) : tree_(article_tree()) {
  const auto loaded =
      cli::load_configuration_text("article", std::string(cli::article_configuration()));
  if (!loaded) throw std::runtime_error(loaded.error().message);
  const auto plan = cli::plan_lab(loaded->configuration, "article");
  if (!plan) throw std::runtime_error(plan.error().message);
  const NetworkInterface router = interface_of(*plan->address_server, 1);
  const NetworkInterface boot = interface_of(plan->boot_server, 2);
  address_server_ = make_host(cli::address_server_configuration(*plan), router, options.seed);
  boot_server_ = make_host(loaded->configuration, boot, options.seed);

  rom::RomOptions machine;
  machine.profile = firmware::builtin_profile("ipxe-bios").value();
  machine.mac = kRomMac;
  machine.seed = options.seed;
  machine.expected = &tree_;
  rom_ = std::make_unique<rom::Rom>(std::move(machine));

  network_.attach(*address_server_.host, {.name = "router", .macs = {router.mac}});
  network_.attach(*boot_server_.host, {.name = "boot server", .macs = {boot.mac}});
  rom_id_ = network_.attach(
      *rom_,
      {.name = "rom",
       .macs = {kRomMac},
       .link = {.sent = options.impairment, .received = options.impairment, .seed = options.seed}});
  if (options.mask) network_.set_loss_mask(std::move(options.mask));
}

void VirtualBoot::run() {
  network_.run_until([this] { return rom_->is_over(); }, kEnd);
  while (auto event = rom_->poll_event()) events_.push_back(std::move(*event));
}

std::string VirtualBoot::save(const std::string& path) const {
  auto writer = trace::PcapWriter::create(path);
  if (!writer) return "(not saved)";
  for (const lab::CapturedFrame& frame : network_.capture()) {
    if (frame.fate == lab::Fate::Delivered)
      writer->write(frame.at.time_since_epoch(), frame.octets);
  }
  return path;
}

}  // namespace pxeproof::testing
