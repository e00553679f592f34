#include "protocol/tftp/packet.h"

#include "tests/fuzz/fuzz.h"

using namespace pxeproof;

int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const ByteView packet(input, size);
  const auto decoded = tftp::decode(packet);
  if (decoded) {
    fuzz::require(equal(tftp::encode(*decoded), packet));
    fuzz::require(tftp::peek_opcode(packet).has_value());
  } else {
    fuzz::require(decoded.error().offset <= size);
  }
  return 0;
}
