#pragma once

#include "protocol/dhcp/message.h"
#include "server/compiled_configuration.h"
#include "server/tag_bits.h"

namespace pxeproof::server {

// Sets the tags of all rules that match a message: dhcp-match, dhcp-userclass, dhcp-vendorclass,
// dhcp-mac, dhcp-circuitid and its siblings. Rules with conditions see the tags set before them.
void apply_match_rules(const CompiledConfiguration& configuration, const dhcp::MessageView& message,
                       TagBits& tags);

// The same for dhcp-name-match, which counts only once dhcp-host lines were looked for.
void apply_name_rules(const CompiledConfiguration& configuration, const dhcp::MessageView& message,
                      TagBits& tags);

// Adds what the tag-if lines say, in file order, so that a later line sees an earlier one's tags.
void apply_tag_ifs(const CompiledConfiguration& configuration, TagBits& tags);

}  // namespace pxeproof::server
