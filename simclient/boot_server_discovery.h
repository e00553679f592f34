#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "protocol/dhcp/pxe_options.h"
#include "simclient/dhcp_sender.h"
#include "simclient/rom_board.h"

namespace pxeproof::rom {

// What the person in front of the machine does.
enum class Key { None, ShowMenu, Abort };  // ShowMenu: F8; Abort: Escape or Ctrl-C
struct MenuChoice {
  Key key = Key::None;
  std::optional<std::size_t> item;  // of the menu once it shows, counted from 0
};

// Whether waits that put no packet on the wire take their time.
enum class Waits { Real, Skipped };

// True when the servers sent a boot menu this firmware follows: option 60 is exactly "PXEClient",
// there is a menu, and discovery control does not send it straight to a file.
bool has_usable_menu(const RomBoard& board);

// From the boot menu to the boot server of the chosen item.
//
//   Prompting --time over, or no prompt--> Asking target 1, 2, ... --answer--> Answered
//       |                                     |
//       +--F8--> a choice or Stuck            +--no target left--> Failed
//       +--Escape--> Failed
//       +--item type 0--> LocalBoot
class BootServerDiscovery {
 public:
  BootServerDiscovery(MenuChoice choice, Waits waits)
      : sender_(0), choice_(choice), waits_(waits) {}

  void start(Instant now, RomBoard& board);
  void on_message(Instant now, RomBoard& board, const ReceivedDatagram& datagram);
  void on_timeout(Instant now, RomBoard& board);
  std::optional<Instant> poll_timeout() const;

  // The port of this machine that it listens on now.
  std::uint16_t port() const { return port_; }

  struct Answered {};   // the answer is in the board's settings
  struct LocalBoot {};  // the local disk was chosen
  struct Stuck {};      // the menu shows and nobody chooses
  struct Failed {
    firmware::Failure failure;
  };
  using Ending = std::variant<Answered, LocalBoot, Stuck, Failed>;
  const std::optional<Ending>& ending() const { return ending_; }

 private:
  void choose(Instant now, RomBoard& board, std::size_t item);
  void find_targets(const RomBoard& board);
  void ask(Instant now, RomBoard& board);

  DhcpSender sender_;
  MenuChoice choice_;
  Waits waits_;
  std::vector<pxe::MenuEntry> entries_;
  std::uint16_t type_ = 0;
  std::optional<Instant> prompt_over_;
  std::vector<Endpoint> targets_;
  std::size_t target_ = 0;
  std::uint16_t port_ = dhcp::kClientPort;
  firmware::DhcpPhase::Answers answers_ = firmware::DhcpPhase::Answers::AtOnce;
  std::optional<Bytes> answer_;                       // waits for the end of its interval
  std::optional<std::vector<Ipv4Address>> accepted_;  // nullopt: any server may answer
  std::optional<Ending> ending_;
};

}  // namespace pxeproof::rom
