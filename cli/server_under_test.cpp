#include "cli/server_under_test.h"

#include "server/tftp_options.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kTransferPorts = 64;
constexpr std::size_t kMaximumLines = 20'000;

}  // namespace

ServerUnderTest::ServerUnderTest(server::Configuration configuration, NetworkInterface interface,
                                 std::uint64_t seed, const Mutant* mutant)
    : configuration_(std::move(configuration)),
      interface_(std::move(interface)),
      seed_(seed),
      mutant_(mutant) {
  if (mutant_ != nullptr && mutant_->wrap_files != nullptr) files_ = mutant_->wrap_files(disk_);
  restart();
  const DatagramService& service = outer();
  ports_ = service.ports();
}

ServerUnderTest::~ServerUnderTest() = default;

DatagramService& ServerUnderTest::outer() {
  return wrapped_ ? *wrapped_ : static_cast<DatagramService&>(*service_);
}

const DatagramService& ServerUnderTest::outer() const {
  return wrapped_ ? *wrapped_ : static_cast<const DatagramService&>(*service_);
}

void ServerUnderTest::restart() {
  wrapped_.reset();
  service_.reset();
  const std::uint64_t start = starts_++;
  server::TftpOptions options = server::tftp_options(configuration_, {interface_});
  options.transfer_ports = server::draw_ports(32768, 60999, kTransferPorts, Random(seed_).fork(7));
  options.require_world_readable = true;  // as root, and as dnsmasq does
  server::Policy policy;
  if (mutant_ != nullptr && mutant_->policy != nullptr) mutant_->policy(policy);
  if (mutant_ != nullptr && mutant_->tftp != nullptr) mutant_->tftp(options);
  tftp_ = std::make_unique<server::TftpServer>(std::move(options), Random(seed_).fork(8 + start));
  dhcp_ = std::make_unique<server::DhcpServer>(
      configuration_, std::vector{interface_},
      server::DhcpServer::Options{.policy = policy, .seed = seed_});
  server::FileOpener& files = files_ ? *files_ : static_cast<server::FileOpener&>(disk_);
  service_ = std::make_unique<server::BootService>(dhcp_.get(), tftp_.get(), files);
  if (mutant_ != nullptr && mutant_->wrap != nullptr)
    wrapped_ = mutant_->wrap(*service_, configuration_);
}

void ServerUnderTest::keep_log() {
  server::ServerEvent event;
  while (dhcp_->poll_event(event)) {
    if (log_.size() >= kMaximumLines) continue;
    for (const std::string& line : server::log_lines(event, server::LogStyle::WithXid))
      log_.push_back(line);
    log_.push_back(server::describe(event));
  }
  server::LeaseChange change;
  while (dhcp_->poll_lease_change(change)) {
  }
  server::TftpEvent transfer;
  while (tftp_->poll_event(transfer)) {
    if (log_.size() < kMaximumLines) log_.push_back(server::to_string(transfer));
  }
}

const std::vector<std::string>& ServerUnderTest::log() {
  keep_log();
  return log_;
}

void ServerUnderTest::on_datagram(Instant now, const IncomingDatagram& datagram) {
  outer().on_datagram(now, datagram);
}

void ServerUnderTest::on_timeout(Instant now) { outer().on_timeout(now); }

bool ServerUnderTest::poll_transmit(OutgoingDatagram& out) { return outer().poll_transmit(out); }

std::optional<Instant> ServerUnderTest::poll_timeout() const { return outer().poll_timeout(); }

}  // namespace pxeproof::cli
