#include "simclient/received_file.h"

#include <algorithm>
#include <cstring>

namespace pxeproof::rom {

void ReceivedFile::on_octets(std::uint64_t offset, ByteView octets) {
  const std::uint64_t end = offset + octets.size();
  size_ = std::max(size_, end);
  recogniser_.on_octets(offset, octets);
  if (keeps() && offset < options_.keep_limit) {
    const auto last = static_cast<std::size_t>(std::min<std::uint64_t>(end, options_.keep_limit));
    const auto first = static_cast<std::size_t>(offset);
    if (kept_.size() < last) kept_.resize(last);
    std::copy_n(octets.begin(), last - first, kept_.begin() + static_cast<std::ptrdiff_t>(first));
  }
  if (!expected_ || octets.empty()) return;
  const ByteView expected = *expected_;
  const auto start = static_cast<std::size_t>(std::min<std::uint64_t>(offset, expected.size()));
  const ByteView against =
      expected.subspan(start, std::min(octets.size(), expected.size() - start));
  if (octets.size() == against.size() &&
      std::memcmp(octets.data(), against.data(), octets.size()) == 0) {
    return;
  }
  const auto [mine, theirs] = std::ranges::mismatch(octets, against);
  if (mine == octets.end()) return;
  const std::uint64_t at = offset + static_cast<std::uint64_t>(mine - octets.begin());
  difference_ = difference_ ? std::min(*difference_, at) : at;
}

ByteView ReceivedFile::whole() const {
  if (kept_all()) return kept_;
  return expected_ && size_ == expected_->size() ? *expected_ : ByteView{};
}

std::optional<std::uint64_t> ReceivedFile::first_difference(Judge judge) const {
  if (!expected_) return std::nullopt;
  const std::uint64_t expected_size = expected_->size();
  if (judge == Judge::SoFar) {
    return difference_ && *difference_ < expected_size ? difference_ : std::nullopt;
  }
  if (!difference_ && size_ < expected_size) return size_;
  return difference_;
}

}  // namespace pxeproof::rom
