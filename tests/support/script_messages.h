#pragma once

#include <string_view>

#include "tests/support/capture_script.h"

namespace pxeproof::testing {

// A client's message with the options of its make, in its order.
dhcp::Message question_of(const ScriptClient& client, dhcp::MessageType type);

// Its octets, padded as the make pads.
Bytes encode_as(const ScriptClient& client, const dhcp::Message& message);

// A server's answer, padded to 300 octets.
Bytes answer_octets(const ScriptClient& client, const ScriptServer& server, dhcp::MessageType type,
                    const Answer& answer);

// A TCP segment with a text, checksums left 0 as a card would fill them in.
Bytes tcp_frame(const MacAddress& from_mac, const MacAddress& to_mac, const Endpoint& from,
                const Endpoint& to, std::string_view text);

}  // namespace pxeproof::testing
