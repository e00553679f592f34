#include "live/event_loop.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

timespec to_timespec(Duration duration) {
  const auto count = std::max<Duration::rep>(duration.count(), 0);
  return {.tv_sec = count / 1'000'000'000, .tv_nsec = count % 1'000'000'000};
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
  if (a && b) {
    return std::min(*a, *b);
  }
  return a ? a : b;
}

}  // namespace

SystemResult<EventLoop> EventLoop::create() { return create(Options{}); }

SystemResult<EventLoop> EventLoop::create(const Options& options) { return EventLoop(options); }

SystemResult<void> EventLoop::add(EventSource& source) {
  for (const int number : source.descriptors()) {
    if (fcntl(number, F_GETFD) < 0) {
      return fail(last_error("event loop: cannot watch a descriptor"));
    }
    watched_.push_back({.fd = number, .events = POLLIN, .revents = 0});
    owners_.push_back(&source);
  }
  sources_.push_back(&source);
  return {};
}

void EventLoop::remove(EventSource& source) {
  for (std::size_t i = watched_.size(); i-- > 0;) {
    if (owners_[i] != &source) continue;
    watched_.erase(watched_.begin() + static_cast<std::ptrdiff_t>(i));
    owners_.erase(owners_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::erase(sources_, &source);
  std::erase(ready_, &source);
}

// Fills ready_ with the sources that have something to read, sleeping until the deadline at most.
SystemResult<void> EventLoop::wait(Instant time, std::optional<Instant> deadline) {
  const timespec timeout = to_timespec(deadline ? *deadline - time : Duration(0));
  ready_.clear();
  const int count = ppoll(watched_.data(), watched_.size(), deadline ? &timeout : nullptr, nullptr);
  if (count < 0 && errno != EINTR) return fail(last_error("event loop: poll"));
  if (count <= 0) return {};
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    if (watched_[i].revents == 0) continue;
    if ((watched_[i].revents & POLLNVAL) != 0) {
      watched_[i].fd = -1;  // it was closed: there is nothing to wait for
      continue;
    }
    owners_[i]->on_readable(watched_[i].fd);
    if (std::find(ready_.begin(), ready_.end(), owners_[i]) == ready_.end()) {
      ready_.push_back(owners_[i]);
    }
  }
  return {};
}

SystemResult<EventLoop::End> EventLoop::run(const std::function<bool()>& done,
                                            std::optional<Instant> deadline) {
  std::optional<Instant> spin_until;
  for (;;) {
    if (done()) {
      return End::Done;
    }
    Instant time = now();
    if (deadline && time >= *deadline) {
      return End::DeadlinePassed;
    }
    std::optional<Instant> wake = deadline;
    for (const EventSource* source : sources_) {
      wake = earlier(wake, source->deadline());
    }
    if (spin_until && time < *spin_until) {
      wake = time;
    }
    if (auto waited = wait(time, wake); !waited) {
      return fail(std::move(waited.error()));
    }
    time = now();
    for (EventSource* source : sources_) {
      const auto due = source->deadline();
      if (due && *due <= time && std::find(ready_.begin(), ready_.end(), source) == ready_.end()) {
        ready_.push_back(source);
      }
    }
    // A source may remove itself or another: ready_ shrinks under the loop.
    while (!ready_.empty()) {
      EventSource* source = ready_.back();
      ready_.pop_back();
      if (source->on_wake(time) == Activity::Busy) {
        spin_until = time + options_.spin;
      }
    }
  }
}

}  // namespace pxeproof::live
