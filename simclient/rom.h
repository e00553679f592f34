#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "firmware/boot_image.h"
#include "firmware/profile.h"
#include "protocol/addresses.h"
#include "protocol/frames/inspect.h"
#include "protocol/random.h"
#include "protocol/station.h"
#include "simclient/boot_server_discovery.h"
#include "simclient/boot_stage.h"
#include "simclient/dhcp_exchange.h"
#include "simclient/received_file.h"
#include "simclient/rom_board.h"
#include "simclient/rom_events.h"
#include "simclient/router_solicitation.h"
#include "simclient/tftp_download.h"

namespace pxeproof::rom {

// What a second-stage program finds in memory when the NBP starts it.
struct StageInput {
  firmware::BootImage image = firmware::BootImage::Unknown;
  std::string boot_file;  // the name the NBP was asked by
  Ipv4Address server;     // siaddr of the last boot answer
  MacAddress mac;
  Guid guid;
  Subnet subnet;  // own address and netmask
  std::optional<Ipv4Address> router;
  std::optional<std::string> config_file;  // option 209
  std::optional<std::string> path_prefix;  // option 210
  Waits waits = Waits::Skipped;
};

// Makes the program behind an NBP; nullptr when nobody knows it, and so it is just started.
using StageMaker = std::function<std::unique_ptr<BootStage>(const StageInput&)>;
std::unique_ptr<BootStage> make_stage(const StageInput& input);

struct RomOptions {
  std::shared_ptr<const firmware::Profile> profile;   // must be given
  std::shared_ptr<const firmware::Program> pxelinux;  // nullptr: the built-in one
  MacAddress mac;
  Guid guid;                                  // zero: the machine has none
  std::optional<std::uint16_t> architecture;  // instead of the profile's
  std::uint64_t seed = 0;
  Phase until = Phase::Payload;  // success as soon as this is reached
  Waits waits = Waits::Skipped;  // Real: also IPv6 configuration and its packets
  MenuChoice menu;
  const ExpectedContent* expected = nullptr;  // outlives the ROM; nullptr: nothing is known
  frames::ChecksumPolicy checksums = frames::ChecksumPolicy::Verify;
  StageMaker make_stage = rom::make_stage;
  std::size_t text_limit = 256 * 1024;  // octets of a configuration file that are kept
  std::size_t event_limit = 4096;       // events not yet polled, beyond which ignored packets go
                                        // unreported
};

// One network boot ROM, from power-on to the last octet its second stage fetches.
//
//   Off --start--> Configuring --+--menu--> Discovering --+--> FetchingNbp --> RunningStage --+
//                      |         +--no menu---------------+        |     |           |        v
//                      |                    |                      |     +--unknown--|--> Booted
//                      +--------------------+----------------------+-----------------+--> Failed
class Rom final : public Station {
 public:
  explicit Rom(RomOptions options);
  ~Rom() override;

  void start(Instant now) override;
  void on_frame(Instant now, ByteView frame) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override;

  // What happened since the last poll; nullopt when nothing is new.
  std::optional<TimedRomEvent> poll_event();

  // True once it has booted or failed; it sends and answers nothing any more.
  bool is_over() const;
  const Booted* booted() const { return std::get_if<Booted>(&state_); }
  const Failed* failed() const { return std::get_if<Failed>(&state_); }

 private:
  struct Off {};
  struct Configuring {
    DhcpExchange dhcp;
    std::optional<RouterSolicitation> ipv6;  // nullopt: nothing to wait for
  };
  struct Discovering {
    BootServerDiscovery discovery;
  };
  struct FetchingNbp {
    TftpDownload download;
    BootTarget target;
  };
  struct RunningStage {
    std::unique_ptr<BootStage> stage;
    std::shared_ptr<const firmware::Program> program;
    std::uint16_t next_port = 0;
    std::optional<Fetch> fetch;
    std::optional<TftpDownload> download;
    std::vector<Frame> ring;  // frames the card holds while the program idles
  };
  using State =
      std::variant<Off, Configuring, Discovering, FetchingNbp, RunningStage, Booted, Failed>;

  // Each looks whether its state has ended and enters the next one.
  void advance(Instant now);
  void advance_configuring(Instant now, const Configuring& configuring);
  void advance_discovering(Instant now, const Discovering& discovering);
  void advance_nbp(Instant now, FetchingNbp& fetching);
  void advance_stage(Instant now, RunningStage& running);

  void deliver(Instant now, ByteView frame);
  void deliver_datagram(Instant now, const ReceivedDatagram& datagram);

  void boot_from(Instant now, const BootTarget& target);
  void run_nbp(Instant now, const FetchingNbp& fetching);
  void begin_fetch(Instant now, RunningStage& running, Fetch fetch);
  void end_fetch(Instant now, RunningStage& running);
  void report_file(Instant now, const TftpDownload& download);
  bool reached(Instant now, Phase phase);
  void fail_boot(Instant now, Phase phase, firmware::Failure failure, std::string reason);
  void end(Instant now, Booted booted);
  void end(Instant now, Failed failed);
  ReceivedFile::Options file_options(const std::string& name, ReceivedFile::Keep keep) const;

  RomOptions options_;
  RomBoard board_;
  State state_;
};

}  // namespace pxeproof::rom
