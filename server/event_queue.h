#pragma once

#include <cstddef>
#include <vector>

#include "server/server_event.h"

namespace pxeproof::server {

// Events waiting to be polled. Slots and their strings are reused; when nobody polls, the oldest
// event makes room for the newest.
class EventQueue {
 public:
  explicit EventQueue(std::size_t limit) : limit_(limit) {}

  // The slot of a new event, blank but for the capacity of its strings.
  ServerEvent& push();
  bool poll(ServerEvent& out);

 private:
  std::size_t limit_;
  std::vector<ServerEvent> slots_;  // a ring once it has grown to the limit
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace pxeproof::server
