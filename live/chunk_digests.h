#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::live {

// Tells octets from others that came by chance, not from those that were made to deceive.
std::uint64_t digest_of_content(ByteView octets);

// What was handed out of a file that is too large to be kept: 16 octets for each chunk of it.
class ChunkDigests {
 public:
  // False when the chunk was handed out before with other octets. They are at least as many as
  // length says.
  bool note(std::size_t chunk, ByteView octets);

  // Whether these octets, as many as length says, are what was handed out.
  bool matches(std::size_t chunk, ByteView octets) const;

  // How many octets of the chunk were handed out at most; 0: none.
  std::size_t length(std::size_t chunk) const {
    return chunk < kept_.size() ? kept_[chunk].length : 0;
  }
  std::size_t chunks() const { return kept_.size(); }

 private:
  struct Digest {
    std::uint64_t digest = 0;
    std::size_t length = 0;
  };
  std::vector<Digest> kept_;
};

}  // namespace pxeproof::live
