#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "protocol/dhcp/message.h"
#include "simclient/dhcp_sender.h"
#include "simclient/offer_classes.h"
#include "simclient/rom_board.h"

namespace pxeproof::rom {

// From DISCOVER to an address and what to boot.
//
//   Discovering --offers satisfy--> Requesting --ACK--+--proxy must be asked--> AskingProxy
//     |     ^                         |  |  |         |                           |
//     |     +--Pausing <--NAK, or ----+  |  |         +--no need--> Configured <--+ answer, silence
//     |               the last wait over |  +--ACK it declines--> Failed          |
//     +--last wait over--> Failed <------+                        Failed <--------+
class DhcpExchange {
 public:
  // How far it goes.
  enum class Until { Offers, Configured };
  // The attempt outlives the exchange.
  DhcpExchange(std::uint32_t xid, const firmware::BootAttempt& attempt, Until until)
      : sender_(xid), attempt_(&attempt), until_(until) {}

  void start(Instant now, RomBoard& board);
  void on_message(Instant now, RomBoard& board, const ReceivedDatagram& datagram);
  void on_timeout(Instant now, RomBoard& board);
  std::optional<Instant> poll_timeout() const {
    return pause_over_ ? pause_over_ : sender_.poll_timeout();
  }

  // The port of this machine that it listens on now.
  std::uint16_t port(const RomBoard& board) const;

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
  struct HeldOffer {  // of a collection
    ClassedOffer classed;
    Ipv4Address server;
    Ipv4Address identity;
    std::uint32_t xid = 0;
    Bytes packet;
  };
  struct Discovering {};
  struct Requesting {};
  struct AskingProxy {
    std::optional<Bytes> answer;  // waits for the end of its interval
  };
  using State = std::variant<Discovering, Requesting, AskingProxy>;

  // A message that passed the checks all states share.
  struct Message {
    const dhcp::MessageView& view;
    Endpoint source;
    Ipv4Address server;    // option 54, may be unspecified
    Ipv4Address identity;  // never unspecified
  };

  std::optional<Ignored> judge(const RomBoard& board, const ReceivedDatagram& datagram,
                               std::optional<dhcp::MessageView>& view) const;
  std::optional<Ignored> on_offer(Instant now, RomBoard& board, const Message& message);
  std::optional<Ignored> collect(Instant now, RomBoard& board, const Message& message);
  std::optional<Ignored> on_acknowledgement(Instant now, RomBoard& board, const Message& message);
  std::optional<Ignored> on_proxy_answer(Instant now, RomBoard& board, const Message& message);

  bool offers_address(const RomBoard& board, const Message& message) const;
  bool proxy_wanted(Instant now, const RomBoard& board) const;
  bool has_boot_options(const RomBoard& board, const dhcp::MessageView& message) const;
  void tell_offer(Instant now, RomBoard& board, const Message& message, bool with_address) const;
  bool choose_collected();
  void request(Instant now, RomBoard& board);
  void decline(Instant now, RomBoard& board, std::string_view reason);
  void follow_proxies(Instant now, RomBoard& board);
  void ask_proxy(Instant now, RomBoard& board);
  void take_proxy_answer(Instant now, RomBoard& board, ByteView packet);
  void start_over(Instant now, Duration pause);
  void on_last_wait_over(Instant now, RomBoard& board);
  firmware::Variables variables(const RomBoard& board) const;
  void finish(Ending ending);

  DhcpSender sender_;
  const firmware::BootAttempt* attempt_;
  Until until_;
  State state_;
  std::vector<HeldOffer> collected_;  // until one is chosen
  bool heard_ = false;                // an offer, of whatever use
  std::optional<AddressOffer> offer_;
  std::optional<ProxyOffer> proxy_offer_;  // the one that is followed or asked
  std::vector<ProxyOffer> more_proxies_;   // to ask when that one does not answer
  bool must_ask_ = false;                  // the choice says that port 4011 has to be asked
  std::optional<Instant> pause_over_;
  std::optional<Ending> ending_;
};

}  // namespace pxeproof::rom
