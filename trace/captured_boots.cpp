#include "trace/captured_boots.h"

#include <filesystem>

#include "protocol/dhcp/message.h"
#include "trace/frame_filter.h"
#include "trace/time_order.h"

namespace pxeproof::trace {

namespace {

// A client's message to a server.
bool is_question(FrameKind kind, ByteView frame) {
  if (kind == FrameKind::TftpRequest) return true;
  if (kind != FrameKind::Dhcp) return false;
  const std::uint16_t to = udp_ports(frame).second;
  return to == dhcp::kServerPort || to == dhcp::kBootServerPort;
}

bool can_be_read_twice(const std::string& path) {
  std::error_code error;
  return path != "-" && std::filesystem::is_regular_file(path, error);
}

// A frame of the file, or one that waited for its turn.
template <typename Frame>
SeenFrame seen(const Frame& frame) {
  return {frame.number, frame.at, frame.interface, frame.octets, frame.vlans};
}

// One reading of a capture, from its first frame to its last.
class Pass {
 public:
  Pass(CaptureReader reader, BootSink& sink) : reader_(std::move(reader)), sink_(sink) {
    sink_.begin();
    reader_.choose(CaptureReader::Frames::OfBoots);
  }

  // False when the frames turn out not to be in order.
  bool read_as_it_is() {
    while (const auto frame = reader_.next()) {
      grouper_.on_frame(seen(*frame));
      reader_.choose(grouper_.follows_content() ? CaptureReader::Frames::OfBootsAndTcp
                                                : CaptureReader::Frames::OfBoots);
      if (grouper_.totals().backward_frames > 0) return false;
      collect();
    }
    return true;
  }

  void read_in_order() {
    while (const auto frame = reader_.next()) {
      // What no boot turns on need not wait; it is counted all the same.
      const FrameKind kind = look_at(frame->octets);
      const bool is_left_out = kind == FrameKind::TcpSegment && !grouper_.follows_content();
      if (kind == FrameKind::Foreign || is_left_out) {
        grouper_.on_frame(seen(*frame));
        continue;
      }
      order_.on_frame({.at = frame->at,
                       .number = frame->number,
                       .is_question = is_question(kind, frame->octets),
                       .interface = frame->interface,
                       .vlans = frame->vlans,
                       .octets = Bytes(frame->octets.begin(), frame->octets.end())});
      hand_on();
    }
    order_.finish();
    hand_on();
  }

  GroupedCapture finish() {
    grouper_.finish();
    collect();
    return {.totals = grouper_.totals(),
            .counts = reader_.counts(),
            .moved = order_.moved(),
            .damage = reader_.error(),
            .nothing = reader_.nothing_readable()};
  }

 private:
  void hand_on() {
    while (const auto frame = order_.poll_frame()) {
      grouper_.on_frame(seen(*frame));
      collect();
    }
  }
  void collect() {
    while (auto boot = grouper_.poll_boot()) sink_.on_boot(std::move(*boot));
  }

  CaptureReader reader_;
  BootSink& sink_;
  BootGrouper grouper_;
  TimeOrder order_;
};

}  // namespace

Result<GroupedCapture, CaptureError> group_capture(const std::string& path, BootSink& sink) {
  auto reader = CaptureReader::open(path);
  if (!reader) return fail(reader.error());
  if (can_be_read_twice(path)) {
    Pass pass(std::move(*reader), sink);
    if (pass.read_as_it_is()) return pass.finish();
    reader = CaptureReader::open(path);
    if (!reader) return fail(reader.error());
  }
  Pass pass(std::move(*reader), sink);
  pass.read_in_order();
  return pass.finish();
}

}  // namespace pxeproof::trace
