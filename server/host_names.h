#pragma once

#include <string>
#include <string_view>

#include "server/configuration.h"

namespace pxeproof::server {

// Adds an address to a name, in lower case and without a dot at the end, unless it is there.
void add_host_name(Configuration& configuration, std::string_view name, Ipv4Address address);

// The same for a name that hosts files or host-record give an address: the first is the address's.
void add_host(Configuration& configuration, std::string_view name, Ipv4Address address);

// Adds what a hosts file says: an address, then names, '#' comments. Lines for IPv6 and lines that
// make no sense are left out, as dnsmasq does.
void add_hosts_file(Configuration& configuration, std::string_view text);

// expand-hosts: names without a dot also exist in the configured domain.
void add_names_in_domain(Configuration& configuration);

// The address that a hosts file gives the name of a dhcp-host line without one is its address, as
// in dnsmasq. An address belongs to one line; names are in_domain with expand-hosts.
void give_hosts_their_addresses(Configuration& configuration, bool in_domain);

// The host name that hosts files have for a leased address in a domain; empty when there is none.
std::string_view host_name_of(const Configuration& configuration, Ipv4Address address,
                              std::string_view domain);

}  // namespace pxeproof::server
