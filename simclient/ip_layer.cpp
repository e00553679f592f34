#include "simclient/ip_layer.h"

#include <algorithm>
#include <utility>

namespace pxeproof::rom {

namespace {

constexpr std::size_t kArpFrameSize = 42;

// RFC 1112 s.6.4: the low 23 bits of the group.
MacAddress multicast_mac(Ipv4Address group) {
  const auto octets = group.octets();
  return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(octets[1] & 0x7fU), octets[2], octets[3]}};
}

}  // namespace

IpLayer::IpLayer(const firmware::Profile& profile, MacAddress mac, const TickClock& clock,
                 frames::ChecksumPolicy checksums, std::optional<std::uint16_t> first)
    : profile_(&profile),
      mac_(mac),
      checksums_(checksums),
      arp_(profile.arp, clock, mac),
      identification_(first.value_or(profile.ip.first_identification)) {}

void IpLayer::configure(Subnet subnet, std::optional<Ipv4Address> router) {
  subnet_ = subnet;
  router_ = router;
  switch (profile_->arp.announce) {
    case firmware::ArpRules::Announce::Never:
      break;
    case firmware::ArpRules::Announce::WhenConfigured:
      transmit(frames::build_arp({.operation = frames::kArpRequest,
                                  .sender_mac = mac_,
                                  .sender_address = subnet.address,
                                  .target_mac = {},
                                  .target_address = subnet.address},
                                 MacAddress::broadcast()));
      break;
  }
}

void IpLayer::release() {
  subnet_.reset();
  router_.reset();
  flow_.reset();
  if (profile_->arp.cache == firmware::ArpRules::Cache::PerSession) arp_.forget();
}

std::uint16_t IpLayer::next_identification() {
  switch (profile_->ip.identification) {
    case firmware::IpRules::Identification::Counter:
    case firmware::IpRules::Identification::RandomCounter:
      return identification_++;
    case firmware::IpRules::Identification::Constant:
      return identification_;
    case firmware::IpRules::Identification::CountAndReceived: {
      const auto identification =
          static_cast<std::uint16_t>((identification_ & 0xff00U) | (received_ & 0x0fU));
      identification_ = static_cast<std::uint16_t>(identification_ + 0x0100U);
      return identification;
    }
  }
  return 0;
}

std::optional<Ipv4Address> IpLayer::next_hop(Ipv4Address destination) const {
  if (!subnet_ || subnet_->contains(destination)) return destination;
  return router_;
}

frames::UdpSpec IpLayer::spec_for(const FlowKey& key) const {
  return {
      .destination_mac = key.destination_mac,
      .source_mac = mac_,
      .source = {subnet_ ? subnet_->address : Ipv4Address{}, key.source_port},
      .destination = key.destination,
      .identification = 0,
      .ttl = profile_->ip.ttl,
      .tos = 0,
      .dont_fragment = key.dont_fragment,
      .checksum =
          profile_->ip.udp_checksum ? frames::UdpChecksum::Compute : frames::UdpChecksum::Zero,
  };
}

void IpLayer::send(Instant now, std::uint16_t source_port, const Endpoint& destination,
                   ByteView payload, bool dont_fragment) {
  const Ipv4Address address = destination.address;
  FlowKey key{source_port, destination, {}, dont_fragment};
  if (address.is_multicast()) {
    key.destination_mac = multicast_mac(address);
    return send_direct(key, payload);
  }
  if (address.is_broadcast() || (subnet_ && address == subnet_->broadcast())) {
    key.destination_mac = MacAddress::broadcast();
    return send_direct(key, payload);
  }
  const auto hop = next_hop(address);
  if (!hop) return;  // no route; the sender's own timer finds out
  if (const auto mac = arp_.find(*hop)) {
    key.destination_mac = *mac;
    return send_direct(key, payload);
  }
  // The header is finished before the neighbour is known (capture a, frame 17: its identification
  // counts the frames received until then).
  frames::UdpSpec spec = spec_for(key);
  spec.identification = next_identification();
  arp_.send(now, spec.source.address, *hop, frames::build_udp(spec, payload));
  drain_arp();
}

void IpLayer::send_direct(const FlowKey& key, ByteView payload) {
  const frames::UdpTemplate::Flow flow{
      key.destination_mac,
      {subnet_ ? subnet_->address : Ipv4Address{}, key.source_port},
      key.destination};
  if (!flow_ || flow_->key.dont_fragment != key.dont_fragment) {
    flow_.emplace(Flow{key, frames::UdpTemplate(spec_for(key))});
  } else if (flow_->frames.flow() != flow) {
    flow_->key = key;
    flow_->frames.retarget(flow);
  }
  if (has_next_) {
    Frame frame;
    flow_->frames.build(next_identification(), payload, frame);
    return transmit(std::move(frame));
  }
  flow_->frames.build(next_identification(), payload, next_frame_);
  has_next_ = true;
}

bool IpLayer::takes(const MacAddress& destination) const {
  return destination == mac_ || destination.is_group();
}

Result<ReceivedDatagram, FrameFate> IpLayer::on_frame(Instant now, ByteView frame) {
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet || !takes(ethernet->destination)) return fail(FrameFate::NotForUs);
  ++received_;
  if (ethernet->type == frames::kEtherTypeArp) {
    const auto arp = frames::inspect_arp(frame);
    if (!arp) return fail(FrameFate::Damaged);
    arp_.on_arp(now, *arp);
    if (arp->operation == frames::kArpRequest && subnet_ &&
        arp->target_address == subnet_->address) {
      answer_arp(frame, *arp);
    }
    drain_arp();
    return fail(FrameFate::Handled);
  }
  const auto udp = frames::inspect_udp(frame, checksums_);
  if (!udp) {
    const bool foreign = udp.error().fault == frames::Fault::ForeignType ||
                         udp.error().fault == frames::Fault::ForeignProtocol;
    return fail(foreign ? FrameFate::Foreign : FrameFate::Damaged);
  }
  const Ipv4Address destination = udp->destination.address;
  // RFC 2131 s.4.1: before it has an address a client must take what is sent to its link address.
  const bool for_us = !subnet_ || destination == subnet_->address || destination.is_broadcast() ||
                      destination == subnet_->broadcast();
  if (!for_us) return fail(FrameFate::NotForUs);
  return ReceivedDatagram{udp->source, udp->destination, udp->payload};
}

void IpLayer::answer_arp(ByteView request, const frames::Arp& arp) {
  Frame reply = frames::build_arp({.operation = frames::kArpReply,
                                   .sender_mac = mac_,
                                   .sender_address = arp.target_address,
                                   .target_mac = arp.sender_mac,
                                   .target_address = arp.sender_address},
                                  arp.sender_mac);
  switch (profile_->arp.reply) {
    case firmware::ArpRules::Reply::Fresh:
      break;
    case firmware::ArpRules::Reply::TurnedRound:
      if (request.size() > kArpFrameSize) {
        reply.insert(reply.end(), request.begin() + kArpFrameSize, request.end());
      }
      reply.insert(reply.end(), profile_->link.surplus_octets, std::uint8_t{0});
      break;
  }
  transmit(std::move(reply));
}

void IpLayer::on_timeout(Instant now) {
  arp_.on_timeout(now);
  drain_arp();
}

void IpLayer::drain_arp() {
  Frame frame;
  while (arp_.poll_transmit(frame)) transmit(std::move(frame));
}

void IpLayer::transmit(Frame frame) {
  if (has_next_) return further_frames_.push_back(std::move(frame));
  next_frame_ = std::move(frame);
  has_next_ = true;
}

bool IpLayer::poll_transmit(Frame& out) {
  if (!has_next_) return false;
  std::swap(out, next_frame_);
  has_next_ = !further_frames_.empty();
  if (has_next_) {
    next_frame_ = std::move(further_frames_[next_further_]);
    if (++next_further_ == further_frames_.size()) {
      further_frames_.clear();
      next_further_ = 0;
    }
  }
  return true;
}

}  // namespace pxeproof::rom
