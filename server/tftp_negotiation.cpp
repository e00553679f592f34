#include "server/tftp_negotiation.h"

#include <algorithm>
#include <string>

#include "protocol/tftp/negotiation.h"

namespace pxeproof::server {

namespace {

// IPv4, UDP and TFTP headers, as dnsmasq counts them: a DATA fits one frame.
constexpr std::uint32_t kHeaderOctets = 32;

std::uint16_t largest_block(std::uint32_t interface_mtu, std::uint32_t configured_mtu) {
  const std::uint32_t mtu =
      configured_mtu == 0 ? interface_mtu : std::min(interface_mtu, configured_mtu);
  const std::uint32_t room = mtu > kHeaderOctets ? mtu - kHeaderOctets : 0;
  return static_cast<std::uint16_t>(
      std::clamp<std::uint32_t>(room, tftp::kMinimumBlockSize, tftp::kMaximumBlockSize));
}

}  // namespace

std::optional<TransferWishes> read_wishes(const tftp::Request& request) {
  TransferWishes wishes;
  if (tftp::same_word(request.mode, "netascii")) {
    wishes.mode = TransferMode::Netascii;
  } else if (!tftp::same_word(request.mode, "octet")) {
    return std::nullopt;
  }
  const tftp::RequestedOptions requested = tftp::read_options(request.options);
  wishes.block_size = requested.block_size;
  wishes.window_size = requested.window_size;
  wishes.timeout = requested.timeout;
  // The option asks; its value in a read request says nothing (RFC 2349: it is 0). Without any
  // value it is no option, to dnsmasq either.
  wishes.transfer_size = std::ranges::any_of(request.options, [](const tftp::Option& option) {
    return tftp::same_word(option.name, "tsize") && !option.value.empty();
  });
  return wishes;
}

TransferTerms negotiate(const TransferWishes& wishes, std::uint64_t size, std::uint32_t mtu,
                        const TftpOptions& options) {
  TransferTerms terms;
  terms.mode = wishes.mode;
  terms.retransmission = options.retransmission;

  // dnsmasq's order: blksize, tsize, and from 2.92 timeout, windowsize.
  std::vector<tftp::Option> acknowledged;
  if (wishes.block_size && options.acknowledge_block_size) {
    terms.block_size = std::min(*wishes.block_size, largest_block(mtu, options.mtu));
    acknowledged.push_back({"blksize", std::to_string(terms.block_size)});
  }
  if (wishes.transfer_size && wishes.mode == TransferMode::Octet) {
    acknowledged.push_back({"tsize", std::to_string(size)});
  }
  if (wishes.timeout && *wishes.timeout <= options.maximum_timeout) {
    terms.retransmission.fixed = std::chrono::seconds(*wishes.timeout);
    acknowledged.push_back({"timeout", std::to_string(*wishes.timeout)});
  }
  if (wishes.window_size) {
    terms.window_size = std::min(*wishes.window_size, options.maximum_window);
    acknowledged.push_back({"windowsize", std::to_string(terms.window_size)});
  }
  if (!acknowledged.empty()) tftp::encode_oack(acknowledged, terms.oack);
  return terms;
}

}  // namespace pxeproof::server
