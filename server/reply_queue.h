#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "protocol/datagram_service.h"
#include "protocol/time.h"

namespace pxeproof::server {

// Replies on their way out, at once or after dhcp-reply-delay, in order of their time. Buffers are
// reused.
class ReplyQueue {
 public:
  explicit ReplyQueue(std::size_t limit) : limit_(limit) {}

  bool is_full() const { return end_ - next_ + delayed_.size() >= limit_; }

  // A buffer to build a reply in; give it back with send or send_at, or drop it.
  OutgoingDatagram& draft() { return draft_; }
  void send();
  void send_at(Instant due);

  // Makes the replies ready whose time has come.
  void release(Instant now);
  std::optional<Instant> next_due() const;

  bool poll(OutgoingDatagram& out);

 private:
  std::size_t limit_;
  OutgoingDatagram draft_;
  std::vector<OutgoingDatagram> ready_;  // [next_, end_) wait; buffers behind end_ are spare
  std::size_t next_ = 0;
  std::size_t end_ = 0;
  std::multimap<Instant, OutgoingDatagram> delayed_;
};

}  // namespace pxeproof::server
