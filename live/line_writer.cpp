#include "live/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <string>

#include "live/monotonic_clock.h"

namespace pxeproof::live {

namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(20);
constexpr int kLastMomentMilliseconds = 500;                // for each portion,
constexpr Duration kLastMoments = std::chrono::seconds(2);  // and for all of them

}  // namespace

void LineWriter::finish() {
  tell_left_out();
  const Instant end = now() + kLastMoments;
  while (!kept_.empty() && now() < end && has_room(kLastMomentMilliseconds)) flush();
}

void LineWriter::write(std::string_view lines) {
  if (kept_.size() - written_ + lines.size() > kKeptOctets) {
    left_out_ += 1 + static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
  } else {
    tell_left_out();
    kept_ += lines;
    kept_ += '\n';
  }
  flush();
}

void LineWriter::tell_left_out() {
  if (left_out_ == left_out_told_) return;
  kept_ += "pxeproof: " + std::to_string(left_out_ - left_out_told_) +
           " lines of the log were left out: its reader is slow\n";
  left_out_told_ = left_out_;
}

Activity LineWriter::on_wake(Instant /*now*/) {
  flush();
  return Activity::Idle;
}

std::optional<Instant> LineWriter::deadline() const { return next_look_; }

// A pipe that poll calls writable takes PIPE_BUF octets without blocking.
void LineWriter::flush() {
  while (written_ < kept_.size() && has_room(0)) {
    const std::size_t octets = std::min<std::size_t>(kept_.size() - written_, PIPE_BUF);
    const ssize_t taken = ::write(descriptor_, kept_.data() + written_, octets);
    if (taken < 0 && (errno == EINTR || errno == EAGAIN)) break;
    if (taken <= 0) {  // nobody will ever read it
      kept_.clear();
      written_ = 0;
      break;
    }
    written_ += static_cast<std::size_t>(taken);
  }
  if (written_ == kept_.size() || written_ >= kKeptOctets) {
    kept_.erase(0, written_);
    written_ = 0;
  }
  next_look_ = kept_.empty() ? std::nullopt : std::optional(now() + kLookAgain);
}

bool LineWriter::has_room(int milliseconds) const {
  pollfd watched{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  return poll(&watched, 1, milliseconds) > 0;
}

}  // namespace pxeproof::live
