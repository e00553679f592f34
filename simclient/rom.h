#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "firmware/profile.h"
#include "protocol/addresses.h"
#include "protocol/frames/inspect.h"
#include "protocol/random.h"
#include "protocol/station.h"
#include "simclient/boot_server_discovery.h"
#include "simclient/dhcp_exchange.h"
#include "simclient/received_file.h"
#include "simclient/rom_board.h"
#include "simclient/rom_events.h"
#include "simclient/router_solicitation.h"
#include "simclient/stage_run.h"
#include "simclient/stages.h"
#include "simclient/tftp_download.h"

namespace pxeproof::rom {

struct RomOptions {
  std::shared_ptr<const firmware::Profile> profile;  // must be given
  MacAddress mac;
  Guid guid;                                  // zero: the machine has none
  std::optional<std::uint16_t> architecture;  // instead of the profile's
  std::uint64_t seed = 0;
  std::uint64_t unix_time = 0;         // seconds since 1970 at the epoch of all instants
  std::optional<Duration> tick_phase;  // of the firmware's clock; nullopt: drawn
  Phase until = Phase::Payload;        // success as soon as this is reached
  Waits waits = Waits::Skipped;        // Real: also IPv6 configuration and its packets
  MenuChoice menu;
  const ExpectedContent* expected = nullptr;  // outlives the ROM; nullptr: nothing is known
  frames::ChecksumPolicy checksums = frames::ChecksumPolicy::Verify;
  StageMaker make_stage = rom::make_stage;
  std::size_t text_limit = 256 * 1024;    // octets of a configuration file that are kept
  std::size_t program_limit = 8U << 20U;  // octets of an NBP that are kept
  std::size_t event_limit = 4096;         // events not yet polled, beyond which ignored packets go
                                          // unreported
};

// One network boot ROM, from power-on to the last octet its second stage fetches.
//
//   Off --start--> Configuring --+--menu--> Discovering --+--> FetchingNbp --> RunningStage --+
//                      |         +--no menu---------------+        |     |           |        v
//                      |                    |                      |     +--unknown--|--> Booted
//                      +--------------------+----------------------+-----------------+--> Failed
//   A failure leads to Pausing, and from there to Configuring, while the firmware has another way
//   to try (firmware::BootAttempt).
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
  struct Pausing {
    Instant until;
  };
  struct FetchingNbp {
    TftpDownload download;
    BootTarget target;
    std::uint16_t server_port = 69;
  };
  // A file that is asked for after the boot file and may be missing.
  struct FetchingExtra {
    std::unique_ptr<FetchingNbp> nbp;
    std::size_t index = 0;  // of BootAttempt::also
    TftpDownload download;
  };
  using State = std::variant<Off, Pausing, Configuring, Discovering, FetchingNbp, FetchingExtra,
                             StageRun, Booted, Failed>;

  // Each looks whether its state has ended and enters the next one.
  void advance(Instant now);
  void advance_configuring(Instant now, const Configuring& configuring);
  void advance_discovering(Instant now, const Discovering& discovering);
  void advance_nbp(Instant now, FetchingNbp& fetching);
  void advance_extra(Instant now, FetchingExtra& fetching);
  void fetch_extra(Instant now, std::unique_ptr<FetchingNbp> nbp, std::size_t index);
  void judge_nbp(Instant now, const FetchingNbp& fetching);

  void deliver(Instant now, ByteView frame);
  void deliver_datagram(Instant now, const ReceivedDatagram& datagram);

  const firmware::BootAttempt& attempt() const { return board_.profile->attempts[attempt_]; }
  void begin_attempt(Instant now);
  BootTarget target_of_answers() const;
  void boot_from(Instant now, const BootTarget& target);
  void fetch_nbp(Instant now, const BootTarget& target, std::uint16_t server_port,
                 TftpDownload::Options::Read read);
  void run_nbp(Instant now, const FetchingNbp& fetching);
  bool reached(Instant now, Phase phase);
  void fail_boot(Instant now, Phase phase, firmware::Failure failure, std::string reason,
                 std::string_view error_text = {});
  void end(Instant now, Booted booted);
  void end(Instant now, Failed failed);
  ReceivedFile::Options file_options() const;

  RomOptions options_;
  RomBoard board_;
  State state_;
  std::size_t attempt_ = 0;
  // At a menu or a prompt, for a key that nobody presses: the boot counts as over, but for ARP.
  bool waits_for_key_ = false;
  std::optional<Failed> failure_;  // of an attempt before this one
};

}  // namespace pxeproof::rom
