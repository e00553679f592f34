#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/faults/faulty_service.h"
#include "lab/network.h"
#include "lab/service_host.h"
#include "protocol/frames/inspect.h"
#include "simclient/rom.h"
#include "tests/support/virtual_boot.h"

namespace pxeproof::testing {

inline constexpr Ipv4Address kFaultyServer = Ipv4Address::of(10, 0, 0, 1);

// A built-in profile, or a ROM that fetches files as a built-in program does.
std::shared_ptr<const firmware::Profile> profile_or_program(const std::string& name);

// One simulated ROM and one server behind faults, in virtual time. The server hands out an address
// and the boot file, which is all that any firmware needs.
class FaultyBoot {
 public:
  struct Options {
    std::string profile = "ipxe-bios";  // or a program
    std::string faults{};               // empty: none
    std::uint64_t seed = 1;
    rom::Phase until = rom::Phase::Nbp;
    std::size_t file_size = 20'000;
    bool knows_file = true;  // the ROM compares what it gets
  };
  // Runs until the ROM is over, and a little longer.
  explicit FaultyBoot(Options options);

  struct Packet {
    Duration at{};  // since power-on
    bool by_rom = false;
    frames::Udp udp{};
    Bytes payload{};
  };
  // Every UDP datagram on the wire, in order.
  std::vector<Packet> packets() const;

  const rom::Rom& rom() const { return *rom_; }
  bool is_booted() const { return rom_->booted() != nullptr; }
  const std::vector<rom::TimedRomEvent>& events() const { return events_; }
  const std::vector<std::string>& notes() const { return notes_; }

  template <typename Event>
  std::vector<Event> events_of() const {
    std::vector<Event> result;
    for (const rom::TimedRomEvent& event : events_) {
      if (const auto* const match = std::get_if<Event>(&event.event)) result.push_back(*match);
    }
    return result;
  }

 private:
  MemoryTree tree_;
  lab::Network network_;
  std::unique_ptr<server::DhcpServer> dhcp_;
  std::unique_ptr<server::TftpServer> tftp_;
  std::unique_ptr<server::BootService> service_;
  std::unique_ptr<cli::FaultyService> faulty_;
  std::unique_ptr<lab::ServiceHost> host_;
  std::unique_ptr<rom::Rom> rom_;
  lab::StationId rom_id_ = 0;
  std::vector<rom::TimedRomEvent> events_;
  std::vector<std::string> notes_;
};

}  // namespace pxeproof::testing
