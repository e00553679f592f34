#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "firmware/profile.h"
#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"
#include "protocol/result.h"
#include "protocol/station.h"
#include "simclient/arp_resolver.h"

namespace pxeproof::rom {

// A UDP datagram for this machine.
struct ReceivedDatagram {
  Endpoint source;
  Endpoint destination;
  ByteView payload;  // points into the frame
};

// What became of a frame that brought no datagram.
enum class FrameFate {
  NotForUs,  // the card does not take it, or the address is another machine's
  Handled,   // ARP
  Foreign,   // neither ARP nor UDP
  Damaged,
};

// Ethernet, ARP, IPv4 and UDP as one firmware speaks them.
class IpLayer {
 public:
  // The profile outlives the layer. The first identification is the profile's unless one is given.
  IpLayer(const firmware::Profile& profile, MacAddress mac, const TickClock& clock,
          frames::ChecksumPolicy checksums, std::optional<std::uint16_t> first = std::nullopt);

  // The address is ours from now on; it is announced if the firmware does so.
  void configure(Subnet subnet, std::optional<Ipv4Address> router);

  // The address is ours no more.
  void release();

  // A transfer of its own begins, with the same address.
  void begin_transfer() {
    if (profile_->arp.cache == firmware::ArpRules::Cache::PerSession) arp_.forget();
  }

  // Sends from the own address, or from 0.0.0.0 while there is none.
  void send(Instant now, std::uint16_t source_port, const Endpoint& destination, ByteView payload) {
    send(now, source_port, destination, payload, profile_->ip.dont_fragment);
  }
  void send(Instant now, std::uint16_t source_port, const Endpoint& destination, ByteView payload,
            bool dont_fragment);

  // Any frame on the wire; ARP is answered here.
  Result<ReceivedDatagram, FrameFate> on_frame(Instant now, ByteView frame);

  void on_timeout(Instant now);
  std::optional<Instant> poll_timeout() const { return arp_.poll_timeout(); }
  bool poll_transmit(Frame& out);

  // Queues a frame that something else built.
  void transmit(Frame frame);

  const std::optional<Subnet>& subnet() const { return subnet_; }
  const std::optional<Ipv4Address>& router() const { return router_; }

 private:
  // What the frames of one flow have in common; they are built from its first (UdpTemplate).
  struct FlowKey {
    std::uint16_t source_port = 0;
    Endpoint destination;
    MacAddress destination_mac;
    bool dont_fragment = false;

    friend bool operator==(const FlowKey&, const FlowKey&) = default;
  };
  struct Flow {
    FlowKey key;
    frames::UdpTemplate frames;
  };

  frames::UdpSpec spec_for(const FlowKey& key) const;
  void send_direct(const FlowKey& key, ByteView payload);
  std::uint16_t next_identification();
  std::optional<Ipv4Address> next_hop(Ipv4Address destination) const;
  bool takes(const MacAddress& destination) const;
  void answer_arp(ByteView frame, const frames::Arp& arp);
  void drain_arp();

  const firmware::Profile* profile_;
  MacAddress mac_;
  frames::ChecksumPolicy checksums_;
  ArpResolver arp_;
  std::optional<Subnet> subnet_;
  std::optional<Ipv4Address> router_;
  std::uint16_t identification_;
  std::uint8_t received_ = 0;  // frames the card has taken, modulo 256
  std::optional<Flow> flow_;   // the last one used
  // What is to be sent: mostly one frame, which is built in the memory of one that was sent before.
  Frame next_frame_;
  bool has_next_ = false;
  std::vector<Frame> further_frames_;  // from next_further_ on
  std::size_t next_further_ = 0;
};

}  // namespace pxeproof::rom
