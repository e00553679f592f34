#pragma once

#include <string>
#include <string_view>

#include "server/configuration.h"

namespace pxeproof::server {

// Adds an address to a name, in lower case and without a dot at the end, unless it is there.
void add_host_name(Configuration& configuration, std::string_view name, Ipv4Address address);

// Adds what a hosts file says: an address, then names, '#' comments. Lines for IPv6 and lines that
// make no sense are left out, as dnsmasq does.
void add_hosts_file(Configuration& configuration, std::string_view text);

// expand-hosts: names without a dot also exist in the configured domain.
void add_names_in_domain(Configuration& configuration);

}  // namespace pxeproof::server
