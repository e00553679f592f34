#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "live/file_descriptor.h"
#include "live/system_error.h"
#include "protocol/bytes.h"

namespace pxeproof::live {

// One end of a connection between two processes of ours. Messages keep their borders and may carry
// descriptors.
class MessageChannel {
 public:
  static constexpr std::size_t kMaximumOctets = std::size_t{64} << 10U;
  static constexpr std::size_t kMaximumDescriptors = 64;

  struct Message {
    Bytes octets;
    std::vector<FileDescriptor> descriptors;
    // This process has no room for the descriptors; they are gone.
    bool descriptors_lost = false;
  };
  enum class Outcome { Done, WouldBlock, Closed };
  enum class Waiting { Allowed, Forbidden };

  static SystemResult<std::pair<MessageChannel, MessageChannel>> create_pair();

  // The descriptors stay the caller's.
  Outcome send(ByteView octets, std::span<const int> descriptors, Waiting waiting);
  Outcome receive(Message& out, Waiting waiting);

  int descriptor() const { return socket_.number(); }

 private:
  explicit MessageChannel(FileDescriptor socket) : socket_(std::move(socket)) {}

  FileDescriptor socket_;
  Bytes buffer_ = Bytes(kMaximumOctets);
};

}  // namespace pxeproof::live
