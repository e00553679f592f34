#pragma once

#include <optional>

#include "protocol/bytes.h"
#include "protocol/time.h"

namespace pxeproof {

// One whole Ethernet frame, without preamble and frame check sequence.
using Frame = Bytes;

// Everything that has a MAC address. It is handed frames and the time, and polled for frames and
// its next deadline. It never blocks, reads a clock, draws entropy, calls back or logs. Exactly two
// things drive Stations: lab/ in virtual time and live/ on a network interface.
class Station {
 public:
  virtual ~Station() = default;

  // The station is powered on: it may transmit and set deadlines from now on. Called once, before
  // anything else.
  virtual void start(Instant now) = 0;

  // A frame arrived. The view is valid during the call only.
  virtual void on_frame(Instant now, ByteView frame) = 0;

  // This frame is about to arrive: what it concerns may be fetched into the processor's caches.
  // Changes nothing.
  virtual void expect(ByteView /*frame*/) const {}

  // Time has passed. Early or repeated calls do nothing.
  virtual void on_timeout(Instant now) = 0;

  // The next frame to send into out, whose capacity is reused; false when there is none. Drain
  // after every call above.
  virtual bool poll_transmit(Frame& out) = 0;

  // When on_timeout wants to be called next; nullopt when only a frame can wake the station. Ask
  // again after draining.
  virtual std::optional<Instant> poll_timeout() const = 0;
};

}  // namespace pxeproof
