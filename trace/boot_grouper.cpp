#include "trace/boot_grouper.h"

#include <algorithm>

#include "protocol/frames/inspect.h"
#include "trace/dhcp_signs.h"
#include "trace/open_boot.h"
#include "trace/second_card.h"

namespace pxeproof::trace {

namespace {

using namespace std::chrono_literals;

// A machine that asks as at its power-on, so long after its last packet, was switched on again:
// no firmware pauses that long between two tries.
constexpr Duration kLongestPause = 90s;
// The same after its first file came whole: an iPXE that fetches itself comes back sooner.
constexpr Duration kLongestReload = 40s;
// Kept of a machine that shows no sign of network boot yet: it may be a U-Boot that names nothing
// before its first read request, and is mostly one of a thousand that renew their leases.
constexpr std::size_t kStepsOfOthers = 32;
// 0: no tag, or one that names no VLAN but a priority (IEEE 802.1Q s.9.6).
std::uint32_t network_of(const VlanTags& vlans) {
  constexpr unsigned kIdentifierBits = 12;
  return std::uint32_t{vlans.ids[0]} << kIdentifierBits | vlans.ids[1];
}

}  // namespace

BootGrouper::BootGrouper(Options options) : options_(options) {}
BootGrouper::BootGrouper(BootGrouper&&) noexcept = default;
BootGrouper& BootGrouper::operator=(BootGrouper&&) noexcept = default;
BootGrouper::~BootGrouper() = default;

bool BootGrouper::concerns_boots(ByteView frame) const {
  return concerns_boots(look_at(frame), frame);
}

bool BootGrouper::concerns_boots(FrameKind kind, ByteView frame) const {
  switch (kind) {
    case FrameKind::Foreign:
    case FrameKind::DhcpV6:
    case FrameKind::RouterDiscovery:
      return false;
    case FrameKind::Dhcp:
    case FrameKind::TftpRequest:
      return true;
    case FrameKind::Udp: {
      const auto ports = udp_ports(frame);
      return ports_.test(ports.first) || ports_.test(ports.second);
    }
    case FrameKind::Fragment:
    case FrameKind::TcpOpening: {
      if (boots_.empty()) return false;
      // Most are of strangers to each other and to every boot.
      const auto [source, destination] = ipv4_addresses(frame);
      if (!index_.has_address(source) && !index_.has_address(destination)) return false;
      const auto packet = see_packet(frame);
      return packet && (may_fetch(packet->source.address, packet->destination.port) ||
                        may_fetch(packet->destination.address, packet->source.port));
    }
    case FrameKind::TcpSegment: {
      if (!follows_content()) return false;
      const auto [source, destination] = ipv4_addresses(frame);
      const auto waits = [](const OpenBoot& boot) { return boot.contents() > 0; };
      return index_.any_by_address(destination, waits) || index_.any_by_address(source, waits);
    }
    case FrameKind::Http:
    case FrameKind::IcmpUnreachable:
    case FrameKind::Arp:
      return !boots_.empty();
  }
  return false;
}

// A machine that boots and a port that it may fetch from.
bool BootGrouper::may_fetch(Ipv4Address client, std::uint16_t port) const {
  return index_.any_by_address(client,
                               [port](const OpenBoot& boot) { return boot.may_fetch_from(port); });
}

void BootGrouper::on_frame(const SeenFrame& frame) {
  ++totals_.frames;
  totals_.first = std::min(totals_.first.value_or(frame.at), frame.at);
  totals_.last = std::max(totals_.last.value_or(frame.at), frame.at);
  const FrameKind kind = look_at(frame.octets);
  if (kind == FrameKind::DhcpV6) ++totals_.dhcp_v6;
  if (kind == FrameKind::Foreign || kind == FrameKind::DhcpV6 ||
      kind == FrameKind::RouterDiscovery || (kind == FrameKind::TcpSegment && !follows_content())) {
    return;
  }
  // The first packet of a transfer may be what comes too late: every frame that may be one counts.
  if (frame.at < newest_) ++totals_.backward_frames;
  newest_ = std::max(newest_, frame.at);
  if (!concerns_boots(kind, frame.octets)) return;
  const std::uint32_t network = network_of(frame.vlans);
  index_.enter(network);
  close_silent(frame.at);
  if (kind == FrameKind::Arp) {
    on_arp(frame);
    return;
  }
  const auto packet = see_packet(frame.octets);
  if (!packet) return;
  if (!packet->is_first_piece) {
    if (OpenBoot* boot = index_.by_address(packet->destination.address)) {
      ++boot->boot.fragments;
      boot->transfers.on_fragment(packet->source.address, packet->destination.address);
    }
    return;
  }
  if (kind == FrameKind::TcpSegment) {
    on_content(frame, *packet);
    return;
  }
  if (kind == FrameKind::Dhcp && on_plain_message(frame, *packet)) return;
  OpenBoot* speaker = index_.sender_of(*packet);
  if (speaker != nullptr && packet->facts.link_source == speaker->boot.mac) {
    speaker->boot.last_spoke = std::max(speaker->boot.last_spoke, frame.at);
  }
  if (OpenBoot* receiver = index_.by_address(packet->destination.address)) {
    receiver->on_arrival(packet->facts.link_destination);
  }
  if (recent_.is_copy(frame.at, frame.interface, network, *packet)) {
    return count_duplicate(*packet);
  }
  if (packet->protocol == frames::kProtocolUdp) {
    if (is_on_dhcp_port(*packet) && on_dhcp(frame, *packet)) return;
    on_tftp(frame, *packet);
  } else if (packet->protocol == frames::kProtocolIcmp) {
    on_icmp(frame, *packet);
  } else {
    on_tcp(frame, *packet);
  }
}

void BootGrouper::count_duplicate(const SeenPacket& packet) {
  OpenBoot* boot = index_.by_address(packet.destination.address);
  if (boot == nullptr) boot = index_.by_address(packet.source.address);
  if (boot != nullptr) ++boot->boot.duplicates;
}

// The last of the boots behind a relay.
OpenBoot* BootGrouper::find_by_relay(Ipv4Address relay) const {
  constexpr int kLookedAt = 64;
  int looked_at = 0;
  for (auto at = boots_.rbegin(); at != boots_.rend() && looked_at < kLookedAt; ++at, ++looked_at) {
    const bool is_behind = std::ranges::any_of((*at)->boot.steps, [relay](const Step& step) {
      const auto* message = std::get_if<DhcpStep>(&step.what);
      return message != nullptr && message->giaddr == relay;
    });
    if (is_behind) return at->get();
  }
  return nullptr;
}

OpenBoot& BootGrouper::open(Instant at) {
  make_room();
  boots_.push_back(std::make_unique<OpenBoot>());
  OpenBoot& boot = *boots_.back();
  boot.place = std::prev(boots_.end());
  boot.boot.begun = at;
  boot.boot.ended = at;
  return boot;
}

void BootGrouper::touch(OpenBoot& boot, const SeenFrame& frame) {
  boot.boot.ended = std::max(boot.boot.ended, frame.at);
  ++boot.boot.packets;
  ++totals_.of_boots;
  boots_.splice(boots_.end(), boots_, boot.place);
}

void BootGrouper::add(OpenBoot& boot, Step step) {
  steps_in_all_ -= boot.step_count();
  const std::size_t limit = boot.boot.is_network_boot
                                ? options_.steps_per_boot
                                : std::min(options_.steps_per_boot, kStepsOfOthers);
  boot.add(std::move(step), limit);
  steps_in_all_ += boot.step_count();
}

void BootGrouper::collect_transfers(OpenBoot& boot) {
  while (auto ended = boot.transfers.poll_ended()) {
    const Instant begun = ended->transfer.begun;
    if (ended->transfer.name_cut) ++boot.boot.cut_names;
    add(boot, {begun, ended->first_packet, ended->last_packet, std::move(ended->transfer)});
  }
  while (const auto late = boot.transfers.poll_late()) boot.on_late(*late);
}

OpenBoot& BootGrouper::client_of(const DhcpStep& step, Instant at) {
  const bool has_mac = step.client != MacAddress{};
  OpenBoot* known = nullptr;
  if (has_mac) {
    known = index_.by_mac(step.client);
  } else if (step.guid && !step.guid->is_zero()) {
    known = index_.by_guid(*step.guid);
  }
  if (known != nullptr && known->begins_anew(step, at, kLongestPause, kLongestReload)) {
    known->boot.restarted = true;
    close(*known, at);
    known = nullptr;
  }
  if (known == nullptr) {
    known = &open(at);
    known->boot.begins_before_capture =
        step.direction == DhcpStep::Direction::ToClient || !begins_boot(step);
    if (has_mac) {
      index_.set_mac(*known, step.client);
    } else if (step.guid) {
      index_.set_guid(*known, *step.guid);
    }
  }
  if (has_mac) known->boot.mac = step.client;
  known->knows_mac_by_dhcp = has_mac;
  return *known;
}

bool BootGrouper::on_malformed_dhcp(const SeenFrame& frame, const SeenPacket& packet) {
  constexpr std::size_t kHardwareAddress = 28;
  const ByteView octets = packet.payload;
  if (packet.is_cut() || octets.size() < kHardwareAddress + 6) return false;
  const auto mac = MacAddress::from(octets.subspan(kHardwareAddress, 6));
  OpenBoot* boot = mac ? index_.by_mac(*mac) : nullptr;
  // What ends before its options is known by the client that it names.
  if (!looks_like_dhcp(octets) && boot == nullptr) return false;
  ++totals_.malformed_dhcp;
  if (boot == nullptr) return true;
  ++boot->boot.malformed;
  if (octets[0] == dhcp::kBootReply && !boot->boot.broken_answer) {
    boot->boot.broken_answer = {frame.number, packet.source, octets.size()};
  }
  return true;
}

// Renewals of machines that do not boot are most of the DHCP of a network.
bool BootGrouper::on_plain_message(const SeenFrame& frame, const SeenPacket& packet) {
  if (packet.protocol != frames::kProtocolUdp) return false;
  const auto message = look_at_message(packet);
  if (!message) return false;
  OpenBoot* known = index_.by_mac(message->client);
  if (known == nullptr || !known->may_keep_unread(*message, kStepsOfOthers) ||
      frame.at - known->boot.ended > kLongestPause) {
    return false;
  }
  touch(*known, frame);
  if (message->is_from_client) {
    index_.assign(*known, message->ciaddr);
  } else if (message->type == dhcp::MessageType::Ack && !message->yiaddr.is_unspecified()) {
    index_.lease(*known, {.address = message->yiaddr, .packet = frame.number, .at = frame.at});
  }
  steps_in_all_ -= known->step_count();
  known->keep_unread(frame.number, frame.at, frame.interface, packet);
  steps_in_all_ += known->step_count();
  return true;
}

bool BootGrouper::on_dhcp(const SeenFrame& frame, const SeenPacket& packet) {
  auto step = read_seen_dhcp(packet);
  if (!step) {
    // Something else may use these ports; a PXE ROM takes its TFTP port where it likes.
    return on_malformed_dhcp(frame, packet);
  }
  step->packet.interface = frame.interface;
  OpenBoot& boot = client_of(*step, frame.at);
  touch(boot, frame);
  if (step->cut) ++boot.boot.cut;
  boot.learn_from(*step, next_number_);
  if (step->type == dhcp::MessageType::Ack && !step->yiaddr.is_unspecified()) {
    index_.lease(boot, {.address = step->yiaddr,
                        .packet = frame.number,
                        .at = frame.at,
                        .server = step->server_id.value_or(Ipv4Address{}),
                        .time = std::chrono::seconds(step->lease_seconds.value_or(0))});
  }
  if (step->direction == DhcpStep::Direction::ToClient &&
      index_.by_address(step->destination.address) == &boot && boot.tells_rivals(frame.interface)) {
    boot.on_delivery(frame.number, frame.at, packet);
  }
  if (step->direction == DhcpStep::Direction::FromClient) {
    const bool gives_back =
        step->type == dhcp::MessageType::Release || step->type == dhcp::MessageType::Decline;
    if (gives_back) {
      index_.release(step->client, step->requested_address.value_or(step->ciaddr));
    }
    index_.assign(boot, step->ciaddr);
    boot.boot.last_spoke = std::max(boot.boot.last_spoke, frame.at);
  }
  add(boot, {frame.at, frame.number, frame.number, std::move(*step)});
  return true;
}

// A machine of which the capture holds no DHCP.
OpenBoot& BootGrouper::open_unknown(const SeenFrame& frame, const SeenPacket& packet) {
  OpenBoot& boot = open(frame.at);
  boot.boot.begins_before_capture = true;
  // Behind a router all clients share a hardware address; the second one has none.
  const MacAddress& from = packet.facts.link_source;
  if (from != MacAddress{} && index_.by_mac(from) == nullptr) {
    boot.boot.mac = from;
    index_.set_mac(boot, from);
  }
  return boot;
}

void BootGrouper::on_tftp(const SeenFrame& frame, const SeenPacket& packet) {
  OpenBoot* boot = nullptr;
  if (packet.destination.port == tftp::kPort) {
    if (tftp::peek_opcode(packet.payload) == tftp::Opcode::Rrq) {
      boot = index_.sender_of(packet);
      if (boot == nullptr) {
        OpenBoot* same_card = index_.by_mac(packet.facts.link_source);
        if (same_card != nullptr && same_card->accepts_address()) boot = same_card;
        if (boot == nullptr) {
          boot = &open_unknown(frame, packet);
        }
        index_.assign(*boot, packet.source.address);
      } else if (boot->is_of_another(packet, frame.interface)) {
        OpenBoot& owner = *boot;
        const bool is_shared = index_.by_address_here(packet.source.address) == &owner;
        boot = index_.by_mac(packet.facts.link_source);
        if (boot == nullptr) boot = &open_unknown(frame, packet);
        if (is_shared) index_.share(owner, *boot, packet.source.address, frame.number, frame.at);
        index_.assign(*boot, packet.source.address);
      }
      boot->on_read_request(packet, frame.interface);
      boot->mark_network_boot(next_number_);
      ports_.set(packet.source.port);
    }
  }
  if (boot == nullptr) {
    boot = index_.fetcher_on(packet.destination);
    if (boot != nullptr && boot->tells_rivals(frame.interface)) {
      boot->on_delivery(frame.number, frame.at, packet);
    }
  }
  if (boot == nullptr) boot = index_.fetcher_on(packet.source);
  if (boot == nullptr) return;
  touch(*boot, frame);
  // The content of files is nothing that anything here turns on.
  if (packet.is_cut() && tftp::peek_opcode(packet.payload) != tftp::Opcode::Data) {
    ++boot->boot.cut;
  }
  boot->transfers.on_packet(frame.number, frame.at, packet);
  collect_transfers(*boot);
}

void BootGrouper::on_tcp_opening(const SeenFrame& frame, const SeenPacket& packet) {
  constexpr std::uint8_t kSyn = 0x02;
  constexpr std::uint8_t kReset = 0x04;
  constexpr std::uint8_t kAck = 0x10;
  std::optional<Step> step;
  OpenBoot* boot = nullptr;
  if ((packet.tcp_flags & (kSyn | kAck | kReset)) == kSyn) {
    boot = index_.by_address(packet.source.address);
    if (boot == nullptr || !boot->may_fetch_from(packet.destination.port)) return;
    step = boot->on_connect(frame.number, frame.at, packet);
  } else {
    boot = index_.by_address(packet.destination.address);
    if (boot == nullptr || !boot->may_fetch_from(packet.source.port)) return;
    step = (packet.tcp_flags & kReset) != 0 ? boot->on_connection_refused(frame.number, packet)
                                            : boot->on_connected(packet);
  }
  touch(*boot, frame);
  if (step) add(*boot, std::move(*step));
}

// A segment of a connection on which an answer is on its way.
void BootGrouper::on_content(const SeenFrame& frame, const SeenPacket& packet) {
  OpenBoot* boot = index_.by_address(packet.destination.address);
  if (boot == nullptr || boot->contents() == 0) boot = index_.by_address(packet.source.address);
  if (boot == nullptr) return;
  const std::size_t before = boot->contents();
  if (boot->on_content(packet)) touch(*boot, frame);
  contents_in_all_ = contents_in_all_ - before + boot->contents();
}

void BootGrouper::on_tcp(const SeenFrame& frame, const SeenPacket& packet) {
  constexpr std::uint8_t kSynOrReset = 0x06;
  constexpr std::uint8_t kReset = 0x04;
  if ((packet.tcp_flags & kReset) != 0 && follows_content()) on_content(frame, packet);
  if ((packet.tcp_flags & kSynOrReset) != 0) {
    on_tcp_opening(frame, packet);
    return;
  }
  if (OpenBoot* boot = index_.by_address(packet.source.address)) {
    const std::size_t before = boot->contents();
    auto step = boot->on_http_request(frame.number, frame.at, packet);
    contents_in_all_ = contents_in_all_ - before + boot->contents();
    if (step) {
      touch(*boot, frame);
      if (*step) add(*boot, std::move(**step));
      return;
    }
  }
  if (OpenBoot* boot = index_.by_address(packet.destination.address)) {
    const std::size_t before = boot->contents();
    auto step = boot->on_http_answer(frame.number, packet);
    contents_in_all_ = contents_in_all_ - before + boot->contents();
    if (step) {
      touch(*boot, frame);
      add(*boot, std::move(*step));
    }
  }
}

void BootGrouper::on_icmp(const SeenFrame& frame, const SeenPacket& packet) {
  const auto step = read_icmp(packet);
  if (!step) return;
  OpenBoot* refused = index_.by_address(packet.source.address);
  if (refused != nullptr && refused->tells_rivals(frame.interface)) {
    refused->on_refusal(frame.number, frame.at, packet);
  }
  OpenBoot* boot = index_.by_address(step->about_source.address);
  if (boot == nullptr) boot = index_.by_address(step->about_destination.address);
  if (boot == nullptr && step->about_destination.port == dhcp::kServerPort) {
    boot = find_by_relay(step->about_destination.address);
  }
  if (boot == nullptr) return;
  touch(*boot, frame);
  add(*boot, {frame.at, frame.number, frame.number, *step});
}

void BootGrouper::on_arp(const SeenFrame& frame) {
  const auto arp = frames::inspect_arp(frame.octets);
  if (!arp) return;
  index_.note_claim(*arp);
  // RFC 5227: with a sender's address of 0.0.0.0 a host only asks.
  OpenBoot* owner = index_.by_address_here(arp->sender_address);
  if (owner != nullptr && owner->boot.mac != arp->sender_mac &&
      owner->tells_rivals(frame.interface)) {
    owner->on_claim(frame.number, frame.at, *arp);
  }
  if (arp->operation == frames::kArpRequest) {
    if (OpenBoot* boot = index_.by_mac(arp->sender_mac)) {
      boot->boot.last_spoke = std::max(boot->boot.last_spoke, frame.at);
      if (auto step = boot->on_arp_request(frame.number, frame.at, *arp)) {
        add(*boot, std::move(*step));
      }
    }
  } else if (OpenBoot* boot = index_.by_mac(arp->target_mac)) {
    if (auto step = boot->on_arp_reply(frame.number, *arp)) add(*boot, std::move(*step));
  }
}

void BootGrouper::close(OpenBoot& boot, Instant known_until) {
  boot.transfers.finish();
  collect_transfers(boot);
  index_.forget(boot);
  steps_in_all_ -= boot.step_count();
  contents_in_all_ -= boot.contents();
  if (boot.boot.is_network_boot && boot.step_count() == 0) {
    // All of its packets are cut too short to be read.
  } else if (boot.boot.is_network_boot) {
    boot.boot.known_until = std::max(known_until, boot.boot.ended);
    closed_.push_back(boot.take());
    index_.mark_claimants(closed_.back());
    closed_.back().verdict = judge_boot(closed_.back());
  } else {
    ++totals_.other_dhcp_clients;
  }
  boots_.erase(boot.place);
}

std::optional<Boot> BootGrouper::look(std::optional<MacAddress> machine, Instant now) const {
  const OpenBoot* found = machine ? index_.by_mac(*machine) : nullptr;
  for (const auto& open : boots_) {
    if (found == nullptr && !machine && open->boot.is_network_boot) found = open.get();
  }
  if (found == nullptr || !found->boot.is_network_boot) return std::nullopt;
  return look_at_open(*found, now);
}

std::optional<Boot> BootGrouper::look_at_next_card(const Boot& boot, Instant now) const {
  if (!may_go_on(boot)) return std::nullopt;
  for (const auto& open : boots_) {
    if (open->boot.is_network_boot && goes_on_as(boot, open->boot)) return look_at_open(*open, now);
  }
  return std::nullopt;
}

Boot BootGrouper::look_at_open(const OpenBoot& open, Instant now) const {
  Boot boot = open.look();
  index_.mark_claimants(boot);
  boot.known_until = std::max(now, boot.ended);
  boot.verdict = judge_boot(boot);
  return boot;
}

void BootGrouper::close_silent(Instant now) {
  while (!boots_.empty() && now - boots_.front()->boot.ended > options_.idle) {
    close(*boots_.front(), now);
  }
}

void BootGrouper::make_room() {
  while (!boots_.empty() &&
         (boots_.size() >= options_.open_boots || steps_in_all_ >= options_.steps_in_all)) {
    if (boots_.front()->boot.is_network_boot) ++totals_.dropped_boots;
    close(*boots_.front(), boots_.front()->boot.ended);
  }
}

void BootGrouper::finish() {
  while (!boots_.empty()) close(*boots_.front(), totals_.last.value_or(Instant{}));
}

std::optional<Boot> BootGrouper::poll_boot() {
  if (closed_.empty()) return std::nullopt;
  Boot boot = std::move(closed_.front());
  closed_.pop_front();
  return boot;
}

}  // namespace pxeproof::trace
