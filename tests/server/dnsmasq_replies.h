#pragma once

#include <span>
#include <string_view>

#include "protocol/addresses.h"

namespace pxeproof::server {

// One exchange with dnsmasq 2.90 of Debian 12 (2.90-4~deb12u2), recorded between two network
// namespaces: server 192.168.77.1/24 on eth0. Octets are hexadecimal, "~12." stands for twelve zero
// octets.
struct RecordedExchange {
  std::string_view name;
  std::string_view configuration;
  Endpoint source;
  Endpoint destination;
  std::string_view request;
  Endpoint reply_destination;
  std::string_view reply;
};

// Only exchanges in which dnsmasq is right: docs/differences-from-dnsmasq.md has the others.
std::span<const RecordedExchange> recorded_exchanges();

}  // namespace pxeproof::server
