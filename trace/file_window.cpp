#include "trace/file_window.h"

#include <algorithm>
#include <cstring>

namespace pxeproof::trace {

namespace {
constexpr std::size_t kBuffer = 512 * 1024;
}  // namespace

FileWindow::FileWindow(std::FILE* file) : file_(file), buffer_(kBuffer) {}

bool FileWindow::read_more(std::size_t size) {
  std::memmove(buffer_.data(), data(), end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (end_ < size) {
    if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    const std::size_t got = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_);
    if (got == 0) return false;
    end_ += got;
  }
  return true;
}

bool FileWindow::skip(std::uint64_t count) {
  while (count > 0) {
    if (!fill(1)) return false;
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, size()));
    consume(part);
    count -= part;
  }
  return true;
}

}  // namespace pxeproof::trace
