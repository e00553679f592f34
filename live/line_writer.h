#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "live/event_loop.h"

namespace pxeproof::live {

// Writes lines to a descriptor that somebody reads at their own pace, and never waits for them:
// what a full pipe does not take is kept, up to a limit, and written when there is room. Lines
// beyond the limit are left out, and a line says how many.
class LineWriter : public EventSource {
 public:
  static constexpr std::size_t kKeptOctets = std::size_t{1} << 20U;

  // The descriptor stays the caller's. When writing to it fails, what was kept is dropped.
  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}
  ~LineWriter() override { finish(); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // One line, or several with '\n' between, without one at the end.
  void write(std::string_view lines);

  // Gives a slow reader a last moment for what is kept, two seconds at most.
  void finish();

  std::uint64_t left_out() const { return left_out_; }

  std::vector<int> descriptors() const override { return {}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override;

 private:
  void flush();
  void tell_left_out();
  bool has_room(int milliseconds) const;

  int descriptor_;
  std::string kept_;
  std::size_t written_ = 0;  // octets at the front of kept_
  std::uint64_t left_out_ = 0;
  std::uint64_t left_out_told_ = 0;
  std::optional<Instant> next_look_;
};

}  // namespace pxeproof::live
