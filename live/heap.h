#pragma once

#include <cstddef>

namespace pxeproof::live {

// Has the next so many octets that this process allocates lie in the kernel's large pages where it
// has some, and keeps what is freed for the next use. Nothing is taken from the machine before it
// is used. For runs whose working set is known: each page that the kernel maps, takes back and maps
// anew costs more than the packet that it holds.
void prepare_heap(std::size_t octets);

}  // namespace pxeproof::live
