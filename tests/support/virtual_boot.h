#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/network.h"
#include "lab/service_host.h"
#include "server/boot_service.h"
#include "simclient/rom.h"

namespace pxeproof::testing {

// Files by name, as server tree and as what the client compares with.
class MemoryTree : public server::FileOpener, public rom::ExpectedContent {
 public:
  void add(std::string name, Bytes content);

  void ask(const FileRequest& request) override { answers_.push_back(open(request)); }
  bool poll_answer(FileAnswer& out) override;
  void begin_round() override {}
  std::optional<ByteView> find(std::string_view name) const override;

 private:
  FileAnswer open(const FileRequest& request) const;

  std::map<std::string, std::shared_ptr<const Bytes>, std::less<>> files_;
  std::deque<FileAnswer> answers_;
};

// The article's tree with files of the real sizes and made-up octets.
MemoryTree article_tree();

// The article's boot in virtual time: an address server, a boot server, one ROM.
class VirtualBoot {
 public:
  struct Options {
    std::uint64_t seed = 1;
    lab::Impairment impairment{};  // of the ROM's cable, both directions
    lab::LossMask mask{};
  };
  explicit VirtualBoot(Options options);

  // Runs to the boot's end. Everything is over after minutes of virtual time.
  void run();

  const rom::Rom& rom() const { return *rom_; }
  const lab::Network& network() const { return network_; }
  lab::StationId rom_id() const { return rom_id_; }
  const std::vector<rom::TimedRomEvent>& events() const { return events_; }

  // Writes the run's packets to `path` and returns it, for a message.
  std::string save(const std::string& path) const;

 private:
  // One of the two servers, as a host.
  struct ServerHost {
    std::unique_ptr<server::DhcpServer> dhcp;
    std::unique_ptr<server::TftpServer> tftp;
    std::unique_ptr<server::BootService> service;
    std::unique_ptr<lab::ServiceHost> host;
  };
  ServerHost make_host(server::Configuration configuration, const NetworkInterface& interface,
                       std::uint64_t seed);

  MemoryTree tree_;
  lab::Network network_;
  ServerHost address_server_;
  ServerHost boot_server_;
  std::unique_ptr<rom::Rom> rom_;
  lab::StationId rom_id_ = 0;
  std::vector<rom::TimedRomEvent> events_;
};

}  // namespace pxeproof::testing
