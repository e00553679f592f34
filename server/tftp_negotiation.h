#pragma once

#include <cstdint>
#include <optional>

#include "protocol/tftp/packet.h"
#include "server/tftp_options.h"
#include "server/tftp_session.h"

namespace pxeproof::server {

// What a request asks for, as far as it is sound.
struct TransferWishes {
  TransferMode mode = TransferMode::Octet;
  std::optional<std::uint16_t> block_size;
  std::optional<std::uint16_t> window_size;
  std::optional<std::uint8_t> timeout;  // seconds
  bool transfer_size = false;
};

// nullopt: the mode is neither octet nor netascii.
std::optional<TransferWishes> read_wishes(const tftp::Request& request);

// The terms of a transfer of size octets to a client behind an interface with this MTU. Only what
// was asked for is acknowledged (RFC 2347), no value is raised (RFC 2348, RFC 7440), and in
// netascii the size is not told: it would be that of the converted text (RFC 2349, RFC 1350 s.5).
TransferTerms negotiate(const TransferWishes& wishes, std::uint64_t size, std::uint32_t mtu,
                        const TftpOptions& options);

}  // namespace pxeproof::server
