#pragma once

namespace pxeproof::cli {

// From now on, what cannot be written to standard error is lost and nothing else happens: no
// exception of fmt, and no file of ours that gets the number of a standard error that was closed.
void make_standard_error_harmless();

}  // namespace pxeproof::cli
