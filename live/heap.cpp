#include "live/heap.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <limits>

namespace pxeproof::live {

namespace {

constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;

}  // namespace

void prepare_heap(std::size_t octets) {
  // What is freed at the heap's end stays with the process, and blocks of every ordinary size lie
  // in the heap (mallopt(3): 32 MiB is the most that may be asked).
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_MMAP_MAX, 0);
  void* const block = std::malloc(octets);  // NOLINT(cppcoreguidelines-no-malloc): see below
  mallopt(M_MMAP_MAX, 65536);               // as it was
  if (block == nullptr) return;
  const auto begin = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage;
  const std::uintptr_t last = (begin + octets) / kLargePage * kLargePage;
  // A kernel without large pages refuses, and nothing is lost.
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
  std::free(block);  // NOLINT(cppcoreguidelines-no-malloc): the heap's own end, which stays
}

}  // namespace pxeproof::live
