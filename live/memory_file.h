#pragma once

#include <chrono>

#include "live/file_descriptor.h"
#include "live/system_error.h"
#include "protocol/bytes.h"

namespace pxeproof::live {

// A file in memory without a name, for handing much to another process at once.
SystemResult<FileDescriptor> make_memory_file(ByteView octets);

// Keeps other processes that ask from locking it, for as long as it is open anywhere. false: one
// has it.
bool lock_file(const FileDescriptor& file);

// The same for a file whose holder may be about to end: tries until the patience is over.
bool lock_file_within(const FileDescriptor& file, std::chrono::milliseconds patience);

// The whole content of an open file, from its beginning.
SystemResult<Bytes> read_whole_file(const FileDescriptor& file);

}  // namespace pxeproof::live
