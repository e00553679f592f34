#include "protocol/tftp/negotiation.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

using namespace pxeproof;

namespace {

// The options of a packet; none when it is of another kind.
std::vector<tftp::Option> options_of(ByteView packet) {
  const auto decoded = tftp::decode(packet);
  if (!decoded) return {};
  if (const auto* request = std::get_if<tftp::Request>(&*decoded)) return request->options;
  if (const auto* oack = std::get_if<tftp::Oack>(&*decoded)) return oack->options;
  return {};
}

}  // namespace

// The first octet says where the request ends and the OACK begins.
int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const ByteView octets(input + 1, size - 1);
  const std::size_t split = std::min<std::size_t>(input[0], octets.size());
  tftp::Request request;
  request.options = options_of(octets.first(split));
  const tftp::Oack oack{options_of(octets.subspan(split)), {}};

  const tftp::RequestedOptions requested = tftp::read_options(request.options);
  fuzz::require(requested.order.size() <= 4);
  fuzz::require(!requested.block_size || *requested.block_size >= tftp::kMinimumBlockSize);
  fuzz::require(requested.window_size != 0);
  const auto agreement = tftp::agree(request, oack);
  if (!agreement) return 0;
  fuzz::require(agreement->block_size >= tftp::kMinimumBlockSize);
  fuzz::require(agreement->block_size <= tftp::kMaximumBlockSize);
  fuzz::require(agreement->window_size >= 1);
  fuzz::require(agreement->timeout != 0);
  return 0;
}
