#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/station.h"

namespace pxeproof::lab {

// A station that sends given frames at given times and remembers what it hears.
class ScriptedStation : public Station {
 public:
  struct Heard {
    Instant at;
    Bytes octets;

    friend bool operator==(const Heard&, const Heard&) = default;
  };

  // Sends the frame at that time, counted from the epoch.
  void plan(Instant at, Frame frame) { planned_.emplace(at, std::move(frame)); }

  // Sends a frame whenever one arrives.
  void answer_with(Frame frame) { answer_ = std::move(frame); }

  void start(Instant now) override {
    started = now;
    on_timeout(now);
  }
  void on_frame(Instant now, ByteView frame) override {
    heard.push_back({now, Bytes(frame.begin(), frame.end())});
    if (answer_) ready_.push_back(*answer_);
  }
  void on_timeout(Instant now) override {
    while (!planned_.empty() && planned_.begin()->first <= now) {
      ready_.push_back(std::move(planned_.begin()->second));
      planned_.erase(planned_.begin());
    }
  }
  bool poll_transmit(Frame& out) override {
    if (ready_.empty()) return false;
    out = ready_.front();
    ready_.pop_front();
    return true;
  }
  std::optional<Instant> poll_timeout() const override {
    if (planned_.empty()) return std::nullopt;
    return planned_.begin()->first;
  }

  std::optional<Instant> started;
  std::vector<Heard> heard;

 private:
  std::multimap<Instant, Frame> planned_;
  std::deque<Frame> ready_;
  std::optional<Frame> answer_;
};

}  // namespace pxeproof::lab
