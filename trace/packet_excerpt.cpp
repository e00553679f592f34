#include "trace/packet_excerpt.h"

#include <algorithm>
#include <vector>

#include "trace/capture_reader.h"
#include "trace/packet_text.h"
#include "trace/seen_packet.h"

namespace pxeproof::trace {

namespace {

// What other machines said meanwhile is no part of a step.
bool concerns(const Boot& boot, const SeenPacket& packet) {
  return packet.facts.link_source == boot.mac || packet.facts.link_destination == boot.mac ||
         packet.source.address == boot.address || packet.destination.address == boot.address;
}

bool is_one_message(const Step& step) { return std::holds_alternative<DhcpStep>(step.what); }

// Of a long step the packets at its end are not known before they are read, so all that may be
// shown are described, and the middle is thrown away again.
class StepLines {
 public:
  explicit StepLines(const Step& step) : step_(step) {}

  bool holds(std::uint32_t number) const {
    return number >= step_.first_packet && number <= step_.last_packet;
  }
  bool wants_all() const { return is_one_message(step_); }
  void add(std::uint32_t number, std::string line) {
    lines_.emplace_back(number, std::move(line));
    if (lines_.size() <= kShownAtBegin + kShownAtEnd) return;
    lines_.erase(lines_.begin() + kShownAtBegin);
    ++left_out_;
  }
  void take(PacketLines& into) {
    if (left_out_ > 0) {
      lines_[kShownAtBegin].second =
          "… " + std::to_string(left_out_) + " more … " + lines_[kShownAtBegin].second;
    }
    for (auto& [number, line] : lines_) into.emplace(number, std::move(line));
  }

 private:
  const Step& step_;
  std::vector<std::pair<std::uint32_t, std::string>> lines_;
  std::uint64_t left_out_ = 0;
};

}  // namespace

PacketLines packet_excerpt(const std::string& path, const Boot& boot) {
  PacketLines lines;
  if (path == "-" || boot.steps.empty()) return lines;
  auto reader = CaptureReader::open(path);
  if (!reader) return lines;
  std::vector<StepLines> steps(boot.steps.begin(), boot.steps.end());
  std::uint32_t last = 0;
  for (const Step& step : boot.steps) last = std::max(last, step.last_packet);
  std::size_t begin = 0;  // steps before it are over
  while (const auto frame = reader->next()) {
    if (frame->number > last) break;
    while (begin < steps.size() && boot.steps[begin].last_packet < frame->number) ++begin;
    bool described = false;
    for (std::size_t index = begin; index < steps.size() && !described; ++index) {
      if (boot.steps[index].first_packet > frame->number) break;
      if (!steps[index].holds(frame->number)) continue;
      const auto packet = see_packet(frame->octets);
      if (!packet || (!steps[index].wants_all() && !concerns(boot, *packet))) continue;
      steps[index].add(frame->number, describe_packet(frame->octets));
      described = true;
    }
  }
  for (StepLines& step : steps) step.take(lines);
  return lines;
}

}  // namespace pxeproof::trace
