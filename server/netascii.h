#pragma once

#include <cstdint>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/file_service.h"
#include "protocol/result.h"

namespace pxeproof::server {

// Cuts a text file into netascii blocks (RFC 1350 s.1, RFC 764): LF goes out as CR LF, CR as
// CR NUL. Where a block begins in the file is known only from the block before, so the beginnings
// of one window of blocks are remembered for resending.
class NetasciiBlocks {
 public:
  NetasciiBlocks(std::uint16_t block_size, std::uint16_t window_size);

  // Appends block (counted from 1) to out; less than a block's size is the last one. Only the block
  // after the highest one so far, and the window_size blocks before that, may be asked for.
  Result<void, FileFault> append(FileContent& content, std::uint64_t block, Bytes& out);

 private:
  // Where a block begins: in the file, and whether a second octet of a pair is left over.
  struct Beginning {
    std::uint64_t offset = 0;
    enum class Left : std::uint8_t { Nothing, LineFeed, Nul } left = Left::Nothing;
  };
  Beginning& beginning(std::uint64_t block) { return beginnings_[block % beginnings_.size()]; }

  std::uint16_t block_size_;
  std::vector<Beginning> beginnings_;
};

}  // namespace pxeproof::server
