#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"
#include "tests/fuzz/fuzz.h"

using namespace pxeproof;

namespace {

void check_udp(ByteView frame, frames::ChecksumPolicy policy) {
  const auto udp = frames::inspect_udp(frame, policy);
  if (!udp) {
    fuzz::require(udp.error().offset <= frame.size());
    return;
  }
  const std::uint8_t* const begin = udp->payload.data();
  fuzz::require(begin >= frame.data() + 42);
  fuzz::require(begin + udp->payload.size() <= frame.data() + frame.size());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const ByteView frame(input, size);
  fuzz::require(frames::inspect_ethernet(frame).has_value() || size < 18);
  check_udp(frame, frames::ChecksumPolicy::Verify);
  check_udp(frame, frames::ChecksumPolicy::Ignore);
  if (const auto arp = frames::inspect_arp(frame)) {
    const Bytes built = frames::build_arp(*arp, MacAddress::broadcast());
    fuzz::require(frames::inspect_arp(built) == *arp);
  }
  return 0;
}
