#pragma once

#include <cstdint>
#include <cstdio>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// What lies next in a file, read in large pieces: half of what small frames cost goes into asking
// for each of their parts on its own.
class FileWindow {
 public:
  // The file stands where the window shall begin, belongs to the caller and outlives this.
  explicit FileWindow(std::FILE* file);

  // Makes so many octets lie in the window; false when the file ends before. What is asked for
  // takes no memory that the file does not fill.
  bool fill(std::size_t size);
  // Valid until the next fill().
  const std::uint8_t* data() const { return buffer_.data() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  ByteView first(std::size_t count) const { return {data(), count}; }

  // Of what lies in the window.
  void consume(std::size_t count);
  // Also of what does not; false when the file ends before.
  bool skip(std::uint64_t count);

  // Octets consumed since the beginning.
  std::uint64_t position() const { return position_; }

 private:
  bool read_more(std::size_t size);

  std::FILE* file_;
  Bytes buffer_;
  std::size_t begin_ = 0;  // of what is not consumed yet
  std::size_t end_ = 0;
  std::uint64_t position_ = 0;
};

inline bool FileWindow::fill(std::size_t size) { return end_ - begin_ >= size || read_more(size); }

inline void FileWindow::consume(std::size_t count) {
  begin_ += count;
  position_ += count;
}

}  // namespace pxeproof::trace
