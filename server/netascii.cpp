#include "server/netascii.h"

#include <algorithm>

namespace pxeproof::server {

NetasciiBlocks::NetasciiBlocks(std::uint16_t block_size, std::uint16_t window_size)
    : block_size_(block_size), beginnings_(std::size_t{window_size} + 2) {}

Result<void, FileFault> NetasciiBlocks::append(FileContent& content, std::uint64_t block,
                                               Bytes& out) {
  Beginning at = beginning(block);
  const std::size_t end = out.size() + block_size_;
  const auto emit_left = [&] {
    out.push_back(at.left == Beginning::Left::LineFeed ? '\n' : '\0');
    at.left = Beginning::Left::Nothing;
  };
  if (at.left != Beginning::Left::Nothing) emit_left();

  const std::uint64_t left_in_file = content.size() - std::min(content.size(), at.offset);
  const auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(left_in_file, end - std::min(end, out.size())));
  if (wanted > 0) {
    const auto text = content.read(at.offset, wanted);
    if (!text) return fail(text.error());
    if (text->size() != wanted) return fail(FileFault::Changed);
    for (const std::uint8_t octet : *text) {
      if (out.size() == end) break;
      ++at.offset;
      if (octet != '\n' && octet != '\r') {
        out.push_back(octet);
        continue;
      }
      out.push_back('\r');
      at.left = octet == '\n' ? Beginning::Left::LineFeed : Beginning::Left::Nul;
      if (out.size() < end) emit_left();
    }
  }
  beginning(block + 1) = at;
  return {};
}

}  // namespace pxeproof::server
