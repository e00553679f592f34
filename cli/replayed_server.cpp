#include "cli/replayed_server.h"

#include <algorithm>

#include "protocol/dhcp/message.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/negotiation.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kUdpDestination = 36;
constexpr std::size_t kUdpPayload = 42;
constexpr std::size_t kXid = kUdpPayload + 4;

void put_u16(Bytes& frame, std::size_t at, std::uint16_t value) {
  frame[at] = static_cast<std::uint8_t>(value >> 8U);
  frame[at + 1] = static_cast<std::uint8_t>(value);
}

void put_u32(Bytes& frame, std::size_t at, std::uint32_t value) {
  put_u16(frame, at, static_cast<std::uint16_t>(value >> 16U));
  put_u16(frame, at + 2, static_cast<std::uint16_t>(value));
}

// The BIOS timer's tick: what a machine looks at once a tick may lie unread for so long.
constexpr Duration kUnread = std::chrono::milliseconds(55);

struct TftpFrame {
  Endpoint source;
  tftp::Packet packet;
  friend bool operator==(const TftpFrame& left, const TftpFrame& right) {
    return left.source == right.source && tftp::encode(left.packet) == tftp::encode(right.packet);
  }
};
std::optional<TftpFrame> tftp_frame(const RecordedFrame& frame) {
  const auto udp = frames::inspect_udp(frame.octets, frames::ChecksumPolicy::Ignore);
  if (!udp) return std::nullopt;
  auto packet = tftp::decode(udp->payload);
  if (!packet) return std::nullopt;
  return TftpFrame{udp->source, std::move(*packet)};
}

// Whether a client that repeats its packet had not seen the server's reply: a request that was
// granted is not asked again, and a block that was due is not asked for again.
bool has_not_read(const RecordedFrame& reply, const RecordedFrame& question,
                  const RecordedFrame& repetition) {
  const auto asked = tftp_frame(question);
  const auto answer = tftp_frame(reply);
  if (!asked || !answer || asked != tftp_frame(repetition)) return false;
  if (std::holds_alternative<tftp::Request>(asked->packet)) {
    return std::holds_alternative<tftp::Oack>(answer->packet);
  }
  const auto* const ack = std::get_if<tftp::Ack>(&asked->packet);
  const auto* const data = std::get_if<tftp::Data>(&answer->packet);
  return ack != nullptr && data != nullptr &&
         data->block == static_cast<std::uint16_t>(ack->block + 1);
}

bool is_dhcp(const frames::Udp& udp) { return dhcp::MessageView::parse(udp.payload).has_value(); }

}  // namespace

ReplayedServer::ReplayedServer(const RecordedBoot& boot, const rom::ExpectedContent& tree)
    : tree_(tree) {
  for (const RecordedFrame& frame : boot.frames) {
    if (frame.sender == RecordedFrame::Sender::Client) {
      if (is_arp_reply(frame.octets)) continue;
      std::vector<Step>& steps = is_router_discovery(frame.octets) ? router_steps_ : steps_;
      steps.push_back({&frame, {}});
      continue;
    }
    // Each kind of answer belongs to the last question of its kind.
    std::vector<Step>& steps = is_router_discovery(frame.octets) ? router_steps_ : steps_;
    if (steps.empty()) continue;
    steps.back().replies.push_back({frame.at - steps.back().question->at, &frame});
  }
  move_unread_replies();
}

void ReplayedServer::move_unread_replies() {
  for (std::size_t next = 1; next < steps_.size(); ++next) {
    Step& repetition = steps_[next];
    std::vector<Reply>& replies = steps_[next - 1].replies;
    const auto unread = std::ranges::find_if(replies, [&](const Reply& reply) {
      return repetition.question->at - reply.frame->at <= kUnread &&
             has_not_read(*reply.frame, *steps_[next - 1].question, *repetition.question);
    });
    if (unread == replies.end()) continue;
    for (auto reply = unread; reply != replies.end(); ++reply) reply->delay = Duration{};
    repetition.replies.insert(repetition.replies.begin(), unread, replies.end());
    replies.erase(unread, replies.end());
  }
}

void ReplayedServer::on_frame(Instant now, ByteView frame) {
  now_ = std::max(now_, now);
  if (is_router_discovery(frame)) {
    if (next_router_ < router_steps_.size()) schedule(now, router_steps_[next_router_++]);
    return;
  }
  if (!is_compared(frame)) return;
  received_.push_back({now, Bytes(frame.begin(), frame.end())});
  if (is_arp_reply(frame) || next_ >= steps_.size()) return;
  const Step& step = steps_[next_++];
  learn(step, frame);
  schedule(now, step);
}

// Notes which of the client's numbers stand for which recorded ones.
void ReplayedServer::learn(const Step& step, ByteView frame) {
  const auto recorded = frames::inspect_udp(step.question->octets, frames::ChecksumPolicy::Ignore);
  const auto present = frames::inspect_udp(frame, frames::ChecksumPolicy::Ignore);
  if (!recorded || !present) return;
  const auto recorded_message = dhcp::MessageView::parse(recorded->payload);
  const auto present_message = dhcp::MessageView::parse(present->payload);
  if (recorded_message && present_message) {
    xids_[recorded_message->xid()] = present_message->xid();
    return;
  }
  ports_[recorded->source.port] = present->source.port;
  const auto packet = tftp::decode(recorded->payload);
  if (!packet) return;
  if (const auto* const request = std::get_if<tftp::Request>(&*packet)) {
    transfers_[recorded->source.port] = {request->filename, tftp::kDefaultBlockSize};
  }
}

void ReplayedServer::schedule(Instant now, const Step& step) {
  for (const Reply& reply : step.replies) {
    const Due due{now + reply.delay, translate(*reply.frame)};
    const auto behind =
        std::upper_bound(due_.begin(), due_.end(), due.at,
                         [](Instant at, const Due& other) { return at < other.at; });
    due_.insert(behind, due);
  }
}

// The recorded frame with the present client's numbers. Its checksums are no longer right; the
// client is told not to look.
Bytes ReplayedServer::translate(const RecordedFrame& recorded) {
  Bytes frame = recorded.octets;
  const auto udp = frames::inspect_udp(recorded.octets, frames::ChecksumPolicy::Ignore);
  if (!udp) return frame;
  if (is_dhcp(*udp)) {
    const auto xid = xids_.find(dhcp::MessageView::parse(udp->payload)->xid());
    if (xid != xids_.end()) put_u32(frame, kXid, xid->second);
    return frame;
  }
  const std::uint16_t recorded_port = udp->destination.port;
  const auto port = ports_.find(recorded_port);
  if (port != ports_.end()) put_u16(frame, kUdpDestination, port->second);
  fill_data(frame, recorded_port);
  return frame;
}

// Puts a file's octets into DATA whose payload the capture has cut off.
void ReplayedServer::fill_data(Bytes& frame, std::uint16_t recorded_port) {
  const auto transfer = transfers_.find(recorded_port);
  const auto udp = frames::inspect_udp(frame, frames::ChecksumPolicy::Ignore);
  if (transfer == transfers_.end() || !udp) return;
  const auto packet = tftp::decode(udp->payload);
  if (!packet) return;
  if (const auto* const oack = std::get_if<tftp::Oack>(&*packet)) {
    for (const tftp::Option& option : oack->options) {
      if (!tftp::same_word(option.name, "blksize")) continue;
      transfer->second.block_size =
          tftp::parse_number(option.value).value_or(tftp::kDefaultBlockSize);
    }
  }
  const auto* const block = std::get_if<tftp::Data>(&*packet);
  if (block == nullptr || block->block == 0) return;
  const auto content = tree_.find(transfer->second.name);
  const std::size_t from = (block->block - 1U) * transfer->second.block_size;
  if (!content || from >= content->size()) return;
  const std::size_t size = std::min(block->payload.size(), content->size() - from);
  constexpr std::size_t kDataHeader = 4;
  std::copy_n(content->begin() + static_cast<std::ptrdiff_t>(from), size,
              frame.begin() + kUdpPayload + kDataHeader);
}

void ReplayedServer::on_timeout(Instant now) { now_ = std::max(now_, now); }

bool ReplayedServer::poll_transmit(Frame& out) {
  if (due_.empty() || due_.front().at > now_) return false;
  out = std::move(due_.front().octets);
  due_.pop_front();
  return true;
}

std::optional<Instant> ReplayedServer::poll_timeout() const {
  if (due_.empty()) return std::nullopt;
  return due_.front().at;
}

}  // namespace pxeproof::cli
