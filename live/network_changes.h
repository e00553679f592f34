#pragma once

#include <vector>

#include "live/event_loop.h"
#include "live/file_descriptor.h"

namespace pxeproof::live {

// Hears the kernel when interfaces or IPv4 addresses of this network namespace come, go or change.
// What there is now, list_network_interfaces says.
class NetworkChanges : public EventSource {
 public:
  // To be called before the interfaces are listed, so that nothing is missed between.
  static SystemResult<NetworkChanges> create();

  // Whether anything changed since the last call; a burst of changes is one.
  bool take_change();

  std::vector<int> descriptors() const override { return {socket_.number()}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  explicit NetworkChanges(FileDescriptor socket) : socket_(std::move(socket)) {}

  FileDescriptor socket_;  // of netlink
  bool has_changed_ = false;
};

}  // namespace pxeproof::live
