#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "protocol/dhcp/message.h"
#include "simclient/dhcp_sender.h"
#include "simclient/rom_board.h"

namespace pxeproof::rom {

// From DISCOVER to an address and what to boot.
//
//   Discovering --offers satisfy--> Requesting --ACK--+--proxy must be asked--> AskingProxy
//        |                              |             |                           |
//   last wait over                 last wait over     +--no need--> Configured <--+ answer, silence
//        v                              v
//     Failed                         Failed
class DhcpExchange {
 public:
  // How far it goes.
  enum class Until { Offers, Configured };
  DhcpExchange(std::uint32_t xid, Until until) : sender_(xid), until_(until) {}

  void start(Instant now, RomBoard& board);
  void on_message(Instant now, RomBoard& board, const ReceivedDatagram& datagram);
  void on_timeout(Instant now, RomBoard& board);
  std::optional<Instant> poll_timeout() const { return sender_.poll_timeout(); }

  // How it ended; nullopt while it runs.
  struct Configured {};
  struct OffersHeld {};
  struct Failed {
    firmware::Failure failure;
  };
  using Ending = std::variant<Configured, OffersHeld, Failed>;
  const std::optional<Ending>& ending() const { return ending_; }

 private:
  struct AddressOffer {
    Ipv4Address server;  // option 54; unspecified when the offer has none
    Ipv4Address address;
    std::int8_t priority = 0;
    bool no_proxy_wanted = false;
  };
  struct ProxyOffer {
    Ipv4Address identity;
    std::int8_t priority = 0;
    Bytes packet;
  };
  struct Discovering {};
  struct Requesting {};
  struct AskingProxy {};
  using State = std::variant<Discovering, Requesting, AskingProxy>;

  // A message that passed the checks all states share.
  struct Message {
    const dhcp::MessageView& view;
    Endpoint source;
    Ipv4Address server;    // option 54, may be unspecified
    Ipv4Address identity;  // never unspecified
  };

  std::optional<Ignored> on_offer(Instant now, RomBoard& board, const Message& message);
  std::optional<Ignored> on_acknowledgement(Instant now, RomBoard& board, const Message& message);
  std::optional<Ignored> on_proxy_answer(Instant now, RomBoard& board, const Message& message);

  bool proxy_wanted(Instant now, const RomBoard& board) const;
  bool has_boot_options(const RomBoard& board, const dhcp::MessageView& message) const;
  void request(Instant now, RomBoard& board);
  void ask_proxy(Instant now, RomBoard& board);
  void finish(Ending ending);

  DhcpSender sender_;
  Until until_;
  State state_;
  std::optional<AddressOffer> offer_;
  std::optional<ProxyOffer> proxy_offer_;
  std::optional<Ending> ending_;
};

}  // namespace pxeproof::rom
