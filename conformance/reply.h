#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"

namespace pxeproof::conformance {

// A datagram that reached one of a case's hosts.
struct Reply {
  Instant at{};
  std::size_t host = 0;  // which of the case's; of a broadcast: the one it is meant for
  MacAddress link_source{};
  MacAddress link_destination{};
  Endpoint source{};
  Endpoint destination{};
  Bytes payload{};

  // The payload read as DHCP; nullopt when it is none. The view lives as long as the reply.
  std::optional<dhcp::MessageView> dhcp() const;
  // The payload read as TFTP.
  std::optional<tftp::Packet> tftp() const;

  bool is(dhcp::MessageType type) const;
  // Option 43, all instances joined; nullopt when absent or broken.
  std::optional<pxe::VendorOptions> vendor() const;
  std::string boot_file() const;
  // The server that the boot file comes from: siaddr, else option 54.
  Ipv4Address boot_server() const;

  // The payload as that kind of TFTP packet; a Data points into this reply.
  std::optional<tftp::Data> as_data() const { return as<tftp::Data>(); }
  std::optional<tftp::Oack> as_oack() const { return as<tftp::Oack>(); }
  std::optional<tftp::Error> as_error() const { return as<tftp::Error>(); }

  // A few words that are the same in every run: "OFFER", "OACK blksize=512", "DATA 1 (512 octets)".
  std::string words() const;

 private:
  template <typename Kind>
  std::optional<Kind> as() const {
    auto packet = tftp();
    if (!packet) return std::nullopt;
    Kind* kind = std::get_if<Kind>(&*packet);
    if (kind == nullptr) return std::nullopt;
    return std::move(*kind);
  }
};

// The words of a TFTP packet.
std::string tftp_words(ByteView payload);
std::string option_words(const std::vector<tftp::Option>& options);
std::optional<std::string> find_option(const std::vector<tftp::Option>& options,
                                       std::string_view name);

}  // namespace pxeproof::conformance
