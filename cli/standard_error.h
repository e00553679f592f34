#pragma once

namespace pxeproof::cli {

// From now on, what cannot be written to standard error is lost, and nothing else happens: fmt
// would throw.
void make_standard_error_harmless();

}  // namespace pxeproof::cli
