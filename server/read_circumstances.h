#pragma once

#include "server/lease_circumstances.h"
#include "server/request.h"
#include "server/tag_bits.h"

namespace pxeproof::server {

// What a request says of its client, for a script; the tags are those that decided on it.
LeaseCircumstances circumstances_of(const Request& request, const TagNames& names,
                                    const TagBits& tags);

}  // namespace pxeproof::server
