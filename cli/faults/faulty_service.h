#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/faults/fault.h"
#include "protocol/datagram_service.h"
#include "protocol/random.h"

namespace pxeproof::cli {

// A server behind faults: what it hears and says passes through them in the order they were
// written. It runs wherever a server runs, on sockets or in virtual time.
class FaultyService : public DatagramService {
 public:
  // The service inside belongs to the caller and outlives this.
  FaultyService(DatagramService& inner, std::vector<Fault> faults, std::uint64_t seed);

  std::vector<std::uint16_t> ports() const override { return inner_.ports(); }
  void on_datagram(Instant now, const IncomingDatagram& datagram) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(OutgoingDatagram& out) override;
  std::optional<Instant> poll_timeout() const override;

  // What was done to which packet since the last poll: "fault "drop DATA 3": DATA 3 of pxelinux.0
  // to 10.0.0.5:2000". nullopt: nothing more.
  std::optional<std::string> poll_note();

 private:
  // How many packets each fault was asked about.
  using Counts = std::map<std::size_t, std::uint64_t>;
  // What is known of the transfer of one client port.
  struct Transfer {
    tftp::Request request{};
    Bytes request_packet{};
    std::uint16_t port = 0;  // where the server really serves it
    std::size_t block_size = tftp::kDefaultBlockSize;
    std::uint64_t highest_sent = 0;  // blocks, without wrap
    std::optional<std::uint64_t> last_block{};
    bool is_agreed = false;   // an OACK was sent
    bool is_over = false;     // its last block is acknowledged, or an ERROR ended it
    bool is_cut_off = false;  // by an ERROR of ours: nothing more is sent
    std::vector<std::pair<std::uint64_t, OutgoingDatagram>> to_resend{};  // by block
    Counts counts{};
  };
  // What the server says, as the faults see it.
  struct Reply {
    Said said = Said::All;
    std::uint64_t block = 0;
    bool is_again = false;
    bool is_last_block = false;
    bool is_first = false;  // of its transfer
    bool is_dhcp = false;
    std::size_t size = 0;
    MacAddress client{};
    Transfer* transfer = nullptr;
    std::string name{};  // "DATA 3 of pxelinux.0 to 10.0.0.5:2000"
  };
  // One packet on its way through the faults.
  struct Outgoing {
    OutgoingDatagram datagram{};
    Duration late_by{};
    bool is_held = false;  // until the next packet to its client
  };
  bool is_silent(Instant now, const IncomingDatagram& datagram);
  void follow_request(const IncomingDatagram& datagram);
  void follow_client(const IncomingDatagram& datagram, IncomingDatagram& heard);
  std::optional<Reply> recognise(const OutgoingDatagram& datagram);
  std::optional<Reply> recognise_dhcp(const OutgoingDatagram& datagram);
  std::optional<Reply> recognise_tftp(const OutgoingDatagram& datagram);
  void say(OutgoingDatagram datagram);
  bool concerns(std::size_t fault, const Reply& reply);
  bool concerns_error(const SendError& error, const WhichPackets& which, const Reply& reply) const;
  bool is_counted(std::size_t fault, const Reply& reply);
  void apply(std::size_t fault, const Reply& reply, std::vector<Outgoing>& packets);
  void edit(std::size_t fault, const Reply& reply, std::vector<Outgoing>& packets);
  // Changes one packet; false: nothing about it changed.
  bool change(std::size_t fault, const Reply& reply, OutgoingDatagram& datagram);
  bool move_port(std::optional<std::uint16_t> port, OutgoingDatagram& datagram) const;
  void send(Outgoing packet);
  void send_again(Transfer& transfer, std::uint64_t after_block);
  void release_held(const Endpoint& client);
  void release_due(Instant now);
  void note(std::size_t fault, const std::string& text);

  DatagramService& inner_;
  std::vector<Fault> faults_;
  std::vector<Random> random_;     // one per fault, so that none shifts another's
  std::vector<std::size_t> told_;  // notes of each fault
  Instant now_{};
  OutgoingDatagram said_;  // its capacity is reused
  std::map<Endpoint, Transfer> transfers_;
  std::map<MacAddress, Counts> clients_;
  Counts of_no_transfer_;
  std::map<std::uint16_t, Instant> first_heard_;  // by port
  std::deque<OutgoingDatagram> ready_;
  std::multimap<Instant, OutgoingDatagram> late_;
  std::map<Endpoint, std::vector<std::pair<Instant, OutgoingDatagram>>> held_;
  std::deque<std::string> notes_;
};

}  // namespace pxeproof::cli
