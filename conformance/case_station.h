#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "conformance/fragments.h"
#include "conformance/script.h"
#include "protocol/frames/inspect.h"
#include "protocol/station.h"

namespace pxeproof::conformance {

// A frame that a case sent or was meant for.
struct CaseFrame {
  Instant at{};
  enum class Direction { Sent, Received } direction = Direction::Sent;
  Bytes octets{};
};

// A case as hosts on the network: it asks for the server's MAC address, answers ARP for its own
// addresses, and hands its script what is meant for it. Others' packets it does not see.
class CaseStation : public Station {
 public:
  CaseStation(const Case& subject, const Setting& setting, std::size_t number, Random random);

  void start(Instant now) override;
  void on_frame(Instant now, ByteView frame) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override;

  const Case& subject() const { return subject_; }
  Script& script() { return script_; }
  const Script& script() const { return script_; }
  bool is_over() const { return script_.is_over() || unreachable_; }
  Outcome outcome() const;
  // When it began and what passed, as far as it was kept.
  Instant begun() const { return begun_; }
  Instant ended() const { return now_; }
  const std::vector<CaseFrame>& frames() const { return frames_; }
  std::vector<MacAddress> macs() const;
  // The server sends nothing to a client that it cannot find: TERR and TSEC cases on another
  // machine need the address beforehand.
  void know_server(const MacAddress& mac) { server_mac_ = mac; }

 private:
  void begin(Instant now);
  void collect(Instant now);
  void ask_for_server();
  void on_arp(Instant now, const frames::Arp& arp);
  void on_udp(Instant now, const frames::Udp& udp);
  void keep(CaseFrame::Direction direction, ByteView frame);
  std::optional<std::size_t> receiver(const frames::Udp& udp) const;

  const Case& subject_;
  const Setting& setting_;
  Script script_;
  Instant now_{};
  Instant begun_{};
  std::optional<MacAddress> server_mac_;
  std::optional<Instant> ask_again_;
  std::size_t questions_ = 0;
  bool started_ = false;
  bool unreachable_ = false;
  FragmentJoiner fragments_;
  std::deque<Frame> outgoing_;
  std::vector<CaseFrame> frames_;
  std::uint16_t identification_ = 1;
};

}  // namespace pxeproof::conformance
