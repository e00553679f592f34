#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// The text of HTTP requests and answers, as far as the segment that holds it goes (RFC 9112).

std::string_view text_of(ByteView octets);
std::string_view first_line(std::string_view text);

// The value of a field such as "host", in lower case; empty when the segment does not hold it.
std::string_view http_field(std::string_view text, std::string_view name);

// A request of what only a running system has: its package manager, or a browser. What it asks for
// is nothing that a boot turns on, and nothing else in a capture without DHCP tells that it runs.
bool is_of_running_system(std::string_view request);

// The value of Content-Length in an answer's header, and where the content begins, up to the end of
// the connection when there is none (RFC 9112 s.6.3); nullopt when the segment does not hold the
// whole header, or the content comes in chunks.
struct ContentHead {
  std::optional<std::uint64_t> length;
  std::size_t begin = 0;
};
std::optional<ContentHead> content_head(std::string_view text);

// "http://host:8081/a": the port, when it is told.
std::optional<std::uint16_t> port_of_url(std::string_view url);

}  // namespace pxeproof::trace
