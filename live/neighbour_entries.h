#pragma once

#include <cstdint>
#include <string>

#include "live/file_descriptor.h"
#include "live/system_error.h"
#include "protocol/addresses.h"

namespace pxeproof::live {

// Permanent entries in a network namespace's neighbour table. The kernel keeps 1024 entries that it
// learnt, for all namespaces together, and silently sends nothing to any further neighbour;
// permanent ones are not counted.
class NeighbourEntries {
 public:
  // For an interface of the calling thread's network namespace; stays with that namespace. Needs
  // CAP_NET_ADMIN there.
  static SystemResult<NeighbourEntries> open(const std::string& interface);

  // Adds or replaces one entry; in force when this returns.
  SystemResult<void> add(Ipv4Address address, const MacAddress& mac);

 private:
  NeighbourEntries(FileDescriptor socket, int interface_index)
      : socket_(std::move(socket)), interface_index_(interface_index) {}

  FileDescriptor socket_;
  int interface_index_;
};

}  // namespace pxeproof::live
