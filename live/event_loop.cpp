#include "live/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

constexpr std::size_t kEventsPerWait = 64;

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

EventLoop::EventLoop(FileDescriptor epoll, const Options& options)
    : epoll_(std::move(epoll)), options_(options) {}

SystemResult<EventLoop> EventLoop::create() { return create(Options{}); }

SystemResult<EventLoop> EventLoop::create(const Options& options) {
  FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) {
    return fail(last_error("event loop: epoll"));
  }
  return EventLoop(std::move(epoll), options);
}

SystemResult<void> EventLoop::add(EventSource& source) {
  for (const int number : source.descriptors()) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &source;
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, number, &event) != 0) {
      return fail(last_error("event loop: cannot watch a descriptor"));
    }
  }
  sources_.push_back(&source);
  return {};
}

void EventLoop::remove(EventSource& source) {
  for (const int number : source.descriptors()) {
    epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, number, nullptr);
  }
  std::erase(sources_, &source);
  std::erase(ready_, &source);
}

// Fills ready_ with the sources that have something to read, sleeping until the deadline at most.
SystemResult<bool> EventLoop::wait(Instant time, std::optional<Instant> deadline) {
  std::array<epoll_event, kEventsPerWait> events{};
  const timespec timeout = to_timespec(deadline ? *deadline - time : Duration(0));
  const int count = epoll_pwait2(epoll_.number(), events.data(), static_cast<int>(events.size()),
                                 deadline ? &timeout : nullptr, nullptr);
  if (count < 0 && errno != EINTR) {
    return fail(last_error("event loop: epoll"));
  }
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    auto* source = static_cast<EventSource*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (std::find(ready_.begin(), ready_.end(), source) == ready_.end()) {
      ready_.push_back(source);
    }
  }
  return count > 0;
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
