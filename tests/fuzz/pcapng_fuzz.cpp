#include <cstdio>
#include <memory>

#include "tests/fuzz/fuzz.h"
#include "trace/link_layer.h"
#include "trace/pcapng_reader.h"

using namespace pxeproof;

// Whatever a file claims, each frame lies inside one block, and there are no more of them than fit.
int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  Bytes octets(input, input + size);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      fmemopen(octets.data(), octets.size(), "rb"), std::fclose);
  trace::PcapngReader reader(file.get(), "fuzz");
  trace::LinkLayer link_layer;
  std::size_t total = 0;
  trace::RawFrame frame;
  while (reader.next(frame)) {
    fuzz::require(frame.interface < reader.interfaces().size());
    total += frame.octets.size() + 16;
    fuzz::require(total <= size);
    const auto view = link_layer.as_ethernet(frame.link, frame.octets, frame.original_size);
    fuzz::require(view.octets.size() <= frame.octets.size() + 14);
  }
  return 0;
}
