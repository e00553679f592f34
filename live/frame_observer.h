#pragma once

#include "protocol/bytes.h"
#include "protocol/time.h"

namespace pxeproof::live {

// Which way a frame went, seen from our side of the interface.
enum class Direction { Received, Sent };

// Is shown every frame that crosses a port: captures, stories, ledgers.
class FrameObserver {
 public:
  virtual ~FrameObserver() = default;

  // The view is valid during the call only.
  virtual void on_frame(Instant when, Direction direction, ByteView frame) = 0;
};

}  // namespace pxeproof::live
