#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/bytes.h"
#include "server/reply_writer.h"

namespace pxeproof::server {

// Whether strings end with NUL, because the client's own do.
enum class TextEnd { Bare, Nul };

// Options that stand inside another one: dhcp-option=encap:, vi-encap: and, but for PXE clients,
// vendor:.
class InnerOptions {
 public:
  // One that does not fit into any option is left out.
  void add(std::uint8_t code, ByteView value, TextEnd end);

  // Writes whole options up to what one instance of the outer option holds, and the rest into
  // further instances (RFC 3396 s.5); END closes the last. Returns how many found no room.
  std::size_t write(std::uint8_t outer, ReplyWriter& writer) const;

  // All of them, one behind the other.
  Bytes joined() const;

 private:
  std::vector<Bytes> options_;  // code, length and value
  std::size_t too_long_ = 0;
};

}  // namespace pxeproof::server
