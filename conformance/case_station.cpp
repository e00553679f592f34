#include "conformance/case_station.h"

#include "protocol/frames/build.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kQuestions = 5;
constexpr Duration kQuestionInterval = 1s;
constexpr std::size_t kMaximumFrames = 2000;  // kept for the case's capture

// RFC 1112 s.6.4.
MacAddress multicast_mac(Ipv4Address group) {
  const auto octets = group.octets();
  return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(octets[1] & 0x7fU), octets[2], octets[3]}};
}

}  // namespace

CaseStation::CaseStation(const Case& subject, const Setting& setting, std::size_t number,
                         Random random)
    : subject_(subject), setting_(setting), script_(subject, setting, number, random) {}

std::vector<MacAddress> CaseStation::macs() const {
  std::vector<MacAddress> all;
  for (std::size_t host = 0; host < script_.hosts(); ++host) all.push_back(script_.mac(host));
  return all;
}

Outcome CaseStation::outcome() const {
  if (!unreachable_) return script_.outcome();
  return {.kind = Outcome::Kind::Fail,
          .answer = {},
          .seen = "the server does not answer ARP",
          .sent = "ARP request"};
}

void CaseStation::start(Instant now) {
  now_ = now;
  begun_ = now;
  if (server_mac_) return begin(now);
  ask_for_server();
}

void CaseStation::begin(Instant now) {
  started_ = true;
  ask_again_.reset();
  script_.start(now);
  collect(now);
}

void CaseStation::ask_for_server() {
  ++questions_;
  ask_again_ = now_ + kQuestionInterval;
  outgoing_.push_back(frames::build_arp({.operation = frames::kArpRequest,
                                         .sender_mac = script_.mac(),
                                         .sender_address = script_.ip(),
                                         .target_mac = {},
                                         .target_address = setting_.server},
                                        MacAddress::broadcast()));
}

void CaseStation::on_timeout(Instant now) {
  now_ = now;
  if (started_) {
    script_.on_timeout(now);
    return collect(now);
  }
  if (!ask_again_ || now < *ask_again_) return;
  if (questions_ < kQuestions) return ask_for_server();
  ask_again_.reset();
  unreachable_ = true;
}

std::optional<Instant> CaseStation::poll_timeout() const {
  return started_ ? script_.poll_timeout() : ask_again_;
}

void CaseStation::keep(CaseFrame::Direction direction, ByteView frame) {
  if (frames_.size() >= kMaximumFrames) return;
  frames_.push_back({now_, direction, Bytes(frame.begin(), frame.end())});
}

bool CaseStation::poll_transmit(Frame& out) {
  if (outgoing_.empty()) return false;
  out = std::move(outgoing_.front());
  outgoing_.pop_front();
  keep(CaseFrame::Direction::Sent, out);
  return true;
}

void CaseStation::collect(Instant now) {
  now_ = now;
  ScriptDatagram datagram;
  while (script_.poll_datagram(datagram)) {
    MacAddress link = server_mac_.value_or(MacAddress::broadcast());
    if (datagram.link == ScriptDatagram::Link::Broadcast) link = MacAddress::broadcast();
    if (datagram.link == ScriptDatagram::Link::Multicast) {
      link = multicast_mac(datagram.destination.address);
    }
    outgoing_.push_back(frames::build_udp({.destination_mac = link,
                                           .source_mac = script_.mac(datagram.host),
                                           .source = datagram.source,
                                           .destination = datagram.destination,
                                           .identification = identification_++},
                                          datagram.payload));
  }
}

void CaseStation::on_frame(Instant now, ByteView frame) {
  now_ = now;
  if (unreachable_) return;
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet) return;
  const bool is_ours = script_.host_of(ethernet->destination) < script_.hosts();
  if (!is_ours && !ethernet->destination.is_group()) return;
  if (ethernet->type == frames::kEtherTypeArp) {
    if (const auto arp = frames::inspect_arp(frame)) on_arp(now, *arp);
    return;
  }
  auto udp = frames::inspect_udp(frame);
  if (!udp && udp.error().fault == frames::Fault::Fragment) {
    const auto whole = fragments_.join(frame);
    if (!whole) return;
    udp = frames::inspect_udp(*whole);
    if (udp) on_udp(now, *udp);
    return;
  }
  if (!udp) return;
  if (!receiver(*udp)) return;
  keep(CaseFrame::Direction::Received, frame);
  on_udp(now, *udp);
}

void CaseStation::on_arp(Instant now, const frames::Arp& arp) {
  if (!started_ && arp.operation == frames::kArpReply && arp.sender_address == setting_.server) {
    server_mac_ = arp.sender_mac;
    return begin(now);
  }
  if (arp.operation != frames::kArpRequest) return;
  const auto owner = script_.owner_of(arp.target_address);
  if (!owner) return;
  outgoing_.push_back(frames::build_arp({.operation = frames::kArpReply,
                                         .sender_mac = script_.mac(*owner),
                                         .sender_address = arp.target_address,
                                         .target_mac = arp.sender_mac,
                                         .target_address = arp.sender_address},
                                        arp.sender_mac));
}

// A broadcast is meant for the host whose hardware address or transaction it carries.
std::optional<std::size_t> CaseStation::receiver(const frames::Udp& udp) const {
  const std::size_t addressed = script_.host_of(udp.ethernet.destination);
  if (addressed < script_.hosts()) return addressed;
  const auto view = dhcp::MessageView::parse(udp.payload);
  if (!view) return std::nullopt;
  const std::size_t owner = script_.host_of(view->mac());
  if (owner < script_.hosts()) return owner;
  if (script_.issued(view->xid())) return 0;
  return std::nullopt;
}

void CaseStation::on_udp(Instant now, const frames::Udp& udp) {
  const auto host = receiver(udp);
  if (!host || !started_) return;
  script_.on_reply(now, {.at = now,
                         .host = *host,
                         .link_source = udp.ethernet.source,
                         .link_destination = udp.ethernet.destination,
                         .source = udp.source,
                         .destination = udp.destination,
                         .payload = Bytes(udp.payload.begin(), udp.payload.end())});
  collect(now);
}

}  // namespace pxeproof::conformance
