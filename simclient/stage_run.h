#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "firmware/profile.h"
#include "simclient/dhcp_exchange.h"
#include "simclient/received_file.h"
#include "simclient/rom_board.h"
#include "simclient/rom_events.h"
#include "simclient/stages.h"
#include "simclient/tftp_download.h"

namespace pxeproof::rom {

// The programs that run after the NBP came whole, one after the other.
//
//   Idle <--file over--- Fetching
//     |  ---a file------>
//     |  ---an address--> Configuring --over--> Idle
//     +--the program starts another one--> Idle, or the end
class StageRun {
 public:
  struct Options {
    StageMaker make_stage = rom::make_stage;
    Phase until = Phase::Payload;
    const ExpectedContent* expected = nullptr;  // outlives the run
    std::size_t text_limit = 256 * 1024;        // octets of a configuration file that are kept
    std::size_t program_limit = 8U << 20U;      // octets of a program that are kept
    frames::ChecksumPolicy checksums = frames::ChecksumPolicy::Verify;
    std::size_t loop_rounds = 3;   // starts of one program before that is called a loop
    std::size_t chain_limit = 64;  // programs in one boot
  };
  using Ending = std::variant<Booted, Failed>;

  explicit StageRun(Options options) : options_(std::move(options)) {}

  // Starts the program behind an image.
  void start(Instant now, RomBoard& board, StageInput input);

  // True when the program does not look at the card now: the frame waits there, or is lost.
  bool holds_back(Instant now, RomBoard& board, ByteView frame);

  // False when nobody listens on the datagram's port.
  bool on_datagram(Instant now, RomBoard& board, const ReceivedDatagram& datagram);
  void on_timeout(Instant now, RomBoard& board);
  std::optional<Instant> poll_timeout() const;

  // Goes on as far as it can without a packet or a wait. Call after each of the above.
  void advance(Instant now, RomBoard& board);

  const std::optional<Ending>& ending() const { return ending_; }
  // After the end: the program is at a menu or prompt that nobody leaves, and looks at the card.
  bool waits_for_key() const { return waits_for_key_; }

 private:
  struct Idle {};
  struct Fetching {
    Fetch fetch;
    TftpDownload download;
  };
  struct Configuring {
    DhcpExchange exchange;
    std::shared_ptr<const firmware::Profile> profile_before;  // what the IP layer speaks by
  };
  using State = std::variant<Idle, Fetching, Configuring>;

  // The network stack below a program that brings its own.
  struct Firmware {
    std::shared_ptr<const firmware::Profile> profile;
    IpLayer ip;
  };

  void use_stack(Instant now, RomBoard& board);
  void begin_fetch(Instant now, RomBoard& board, Fetch fetch);
  void end_fetch(Instant now, RomBoard& board);
  void begin_dhcp(Instant now, RomBoard& board, const BootStage::Dhcp& dhcp);
  void end_dhcp(Instant now, RomBoard& board);
  void conclude(Instant now, RomBoard& board, const BootStage::Ending& ending);
  void chain(Instant now, RomBoard& board, const BootStage::Chained& chained);
  void fail_boot(std::string words, std::string reason);

  Options options_;
  StageInput input_;  // of the program that runs; its content is not kept
  std::unique_ptr<BootStage> stage_;
  std::shared_ptr<const firmware::Program> program_;
  std::uint16_t next_port_ = 0;
  State state_;
  std::optional<Firmware> firmware_;
  std::vector<Frame> ring_;  // frames the card holds while the program idles
  Bytes last_program_;       // the file fetched last for Use::Program
  firmware::BootImage last_image_ = firmware::BootImage::Unknown;
  std::map<std::string, std::size_t> starts_;
  std::size_t programs_ = 0;
  bool has_config_ = false;  // some text that says what to load has come
  std::optional<Ending> ending_;
  bool waits_for_key_ = false;
};

}  // namespace pxeproof::rom
