#include "live/chunk_digests.h"

#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace pxeproof::live {
namespace {

constexpr std::size_t kLanes = 4;
constexpr std::size_t kStride = kLanes * sizeof(std::uint64_t);
constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15U;

using Lanes = std::array<std::uint64_t, kLanes>;

void absorb(Lanes& lanes, const std::uint8_t* octets) {
  Lanes words;
  std::memcpy(words.data(), octets, kStride);
  for (std::size_t i = 0; i < kLanes; ++i) {
    lanes[i] = (std::rotl(lanes[i], 29) ^ words[i]) * kFactor;
  }
}

}  // namespace

// Four lanes, so that it costs little beside the reading.
std::uint64_t digest_of_content(ByteView octets) {
  Lanes lanes{1, 2, 3, 4};
  std::size_t done = 0;
  for (; done + kStride <= octets.size(); done += kStride) absorb(lanes, octets.data() + done);
  std::array<std::uint8_t, kStride> rest{};
  if (done < octets.size()) std::memcpy(rest.data(), octets.data() + done, octets.size() - done);
  absorb(lanes, rest.data());
  std::uint64_t digest = octets.size();
  for (const std::uint64_t lane : lanes) {
    digest = (std::rotl(digest, 29) ^ lane ^ (lane >> 32U)) * kFactor;
  }
  return digest ^ (digest >> 32U);
}

bool ChunkDigests::note(std::size_t chunk, ByteView octets) {
  if (chunk >= kept_.size()) kept_.resize(chunk + 1);
  Digest& kept = kept_[chunk];
  assert(octets.size() >= kept.length);
  if (!matches(chunk, octets.first(kept.length))) return false;
  if (octets.size() > kept.length) kept = {digest_of_content(octets), octets.size()};
  return true;
}

bool ChunkDigests::matches(std::size_t chunk, ByteView octets) const {
  return length(chunk) == 0 || digest_of_content(octets) == kept_[chunk].digest;
}

}  // namespace pxeproof::live
