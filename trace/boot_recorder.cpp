#include "trace/boot_recorder.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"
#include "trace/compared_step.h"
#include "trace/frame_filter.h"
#include "trace/seen_packet.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kMaximumAddresses = 64;

// Octets of an Ethernet frame without the content of a web server's file, of which nobody wants
// more than how far it came.
std::size_t size_without_web_content(ByteView frame) {
  if (look_at(frame) != FrameKind::TcpSegment) return frame.size();
  const auto packet = see_packet(frame);
  if (!packet) return frame.size();
  return static_cast<std::size_t>(packet->payload.data() - frame.data());
}

// Octets of an Ethernet frame that are not a file's content.
std::size_t size_without_content(ByteView frame) {
  const auto packet = see_packet(frame);
  if (!packet || packet->is_fragment || packet->protocol != frames::kProtocolUdp ||
      tftp::peek_opcode(packet->payload) != tftp::Opcode::Data) {
    return frame.size();
  }
  const auto payload = static_cast<std::size_t>(packet->payload.data() - frame.data());
  return std::min(frame.size(), payload + tftp::kDataHeaderSize);
}

}  // namespace

BootRecorder::BootRecorder(const Options& options) : options_(options) {
  if (options.anonymous_seed) anonymizer_.emplace(*options.anonymous_seed);
}

void BootRecorder::learn_addresses(const DhcpStep& step) {
  for (const Ipv4Address address : {step.yiaddr, step.ciaddr}) {
    if (!address.is_unspecified() && addresses_.size() < kMaximumAddresses) {
      addresses_.insert(address);
    }
  }
}

// By its hardware address, in the frame or in the message; else by an address it was given.
bool BootRecorder::concerns_machine(ByteView frame) {
  if (!options_.machine) return true;
  const MacAddress machine = *options_.machine;
  if (look_at(frame) == FrameKind::Dhcp) {
    const auto packet = see_packet(frame);
    const auto message =
        packet ? dhcp::MessageView::parse(packet->payload) : fail(dhcp::DecodeError{});
    if (!message || message->mac() != machine) return false;
    learn_addresses(read_dhcp_step(packet->source, packet->destination, *message));
    return true;
  }
  const auto ethernet = frames::inspect_ethernet(frame);
  if (ethernet && (ethernet->source == machine || ethernet->destination == machine)) return true;
  // What goes to all routers, or to all that listen.
  if (look_at(frame) == FrameKind::RouterDiscovery && ethernet &&
      ethernet->destination.is_group()) {
    return true;
  }
  if (const auto arp = frames::inspect_arp(frame)) {
    return arp->sender_mac == machine || addresses_.contains(arp->sender_address) ||
           addresses_.contains(arp->target_address);
  }
  const auto packet = see_packet(frame);
  return packet && (addresses_.contains(packet->source.address) ||
                    addresses_.contains(packet->destination.address));
}

BootRecorder::Recorded BootRecorder::prepare(Instant at, LinkType link, ByteView octets,
                                             std::size_t original_size, const EthernetView& view) {
  Recorded frame{at, link, static_cast<std::uint32_t>(original_size), {}, {}};
  if (anonymizer_) {
    auto rewritten = anonymizer_->rewrite(view.octets);
    frame.link = LinkType::Ethernet;
    if (rewritten) {
      frame.octets = std::move(rewritten->octets);
      frame.original_size = rewritten->original_size;
    }
    return frame;
  }
  std::size_t size = size_without_web_content(view.octets);
  if (options_.payload == Options::Payload::Cut) {
    size = std::min(size, size_without_content(view.octets));
  }
  // Both views end with the same octet.
  const std::size_t kept = octets.size() - (view.octets.size() - size);
  frame.octets.assign(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(kept));
  return frame;
}

void BootRecorder::begin() {
  begun_ = true;
  recorded_ += ring_.size();
  for (Recorded& frame : ring_) ready_.push_back(std::move(frame));
  ring_.clear();
}

void BootRecorder::on_frame(Instant at, LinkType link, ByteView octets, std::size_t original_size) {
  original_size = std::max(original_size, octets.size());
  const EthernetView view = link_layer_.as_ethernet(link, octets, original_size);
  if (view.octets.empty()) return;
  const bool is_of_boots =
      grouper_.concerns_boots(view.octets) || look_at(view.octets) == FrameKind::RouterDiscovery;
  const bool chosen = is_of_boots && concerns_machine(view.octets);
  if (!chosen) return;
  ++frames_;
  grouper_.on_frame({frames_, at, 0, view.octets, view.vlans});
  while (grouper_.poll_boot()) {
  }
  Recorded frame = prepare(at, link, octets, original_size, view);
  if (frame.octets.empty()) return;
  if (const auto boot = begun_ ? std::nullopt : grouper_.look(options_.machine, at)) {
    const MacAddress mac = anonymizer_ ? anonymizer_->name_of(boot->mac) : boot->mac;
    frame.comment = fmt::format("pxeproof: network boot of {} begins", to_string(mac));
    begin();
  }
  if (begun_) {
    ++recorded_;
    ready_.push_back(std::move(frame));
    return;
  }
  ring_.push_back(std::move(frame));
  while (ring_.size() > options_.ring_frames || at - ring_.front().at > options_.ring_age) {
    ring_.pop_front();
  }
}

std::optional<BootRecorder::Recorded> BootRecorder::poll_recorded() {
  if (ready_.empty()) return std::nullopt;
  Recorded frame = std::move(ready_.front());
  ready_.pop_front();
  return frame;
}

std::optional<MacAddress> BootRecorder::machine() {
  return options_.machine && anonymizer_ ? anonymizer_->name_of(*options_.machine)
                                         : options_.machine;
}

void BootRecorder::make_anonymous(Boot& boot) {
  boot.verdict.text = anonymizer_->text(boot.verdict.text, boot.address);
  boot.mac = anonymizer_->name_of(boot.mac);
  boot.address = anonymizer_->name_of(boot.address);
}

BootRecorder::State BootRecorder::judge(Instant now) {
  if (!begun_) return State::Waiting;
  auto boot = grouper_.look(watched_ ? watched_ : options_.machine, now);
  // The machine's boot ends where its last card's does.
  if (auto next = boot ? grouper_.look_at_next_card(*boot, now) : std::nullopt)
    boot = std::move(next);
  if (boot) {
    watched_ = boot->mac;
    boot_ = std::move(boot);
    if (anonymizer_) make_anonymous(*boot_);
  }
  if (!boot_) return State::Booting;
  const std::size_t progress = compared_steps(*boot_).size();
  if (progress != progress_) {
    progress_ = progress;
    progressed_at_ = boot_->ended;
  }
  const Duration silence = now - boot_->ended;
  const BootVerdict::Kind kind = boot_->verdict.kind;
  if (kind == BootVerdict::Kind::Booted && silence >= options_.quiet) return State::Booted;
  if (silence >= options_.patience) {
    return kind == BootVerdict::Kind::Booted ? State::Booted : State::Stalled;
  }
  const bool stuck = kind == BootVerdict::Kind::Stalled || kind == BootVerdict::Kind::Refused;
  return stuck && now - progressed_at_ >= options_.stuck ? State::Stalled : State::Booting;
}

}  // namespace pxeproof::trace
