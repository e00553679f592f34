#pragma once

#include <cstdint>
#include <istream>

namespace pxeproof::live {

// How many UDP datagrams found no room in their sockets (RcvbufErrors of proc(5), net/snmp) since
// the calling thread's network namespace was made; 0 where the kernel does not tell.
std::uint64_t udp_overflows();
// The same from such a file's text.
std::uint64_t udp_overflows(std::istream& text);

}  // namespace pxeproof::live
