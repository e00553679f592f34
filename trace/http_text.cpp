#include "trace/http_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "protocol/letter_case.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kMaximumLine = 512;

}  // namespace

std::string_view text_of(ByteView octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of("\r\n"), kMaximumLine));
}

std::string_view http_field(std::string_view text, std::string_view name) {
  const std::string field = "\n" + std::string(name) + ":";
  const auto found = std::search(text.begin(), text.end(), field.begin(), field.end(),
                                 [](char left, char right) { return to_lower(left) == right; });
  if (found == text.end()) return {};
  std::string_view value =
      first_line(text.substr(static_cast<std::size_t>(found - text.begin()) + field.size()));
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

bool is_of_running_system(std::string_view request) {
  constexpr std::array<std::string_view, 9> kAgents = {"debian apt", "apt-",       "libdnf",
                                                       "dnf",        "urlgrabber", "zypp",
                                                       "pacman",     "microsoft",  "mozilla"};
  const std::string agent = lower_case(http_field(request, "user-agent"));
  return std::ranges::any_of(kAgents,
                             [&agent](std::string_view known) { return agent.starts_with(known); });
}

std::optional<ContentHead> content_head(std::string_view text) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t end = text.find(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string header = lower_case(text.substr(0, end));
  constexpr std::string_view kField = "\ncontent-length:";
  const std::size_t field = header.find(kField);
  ContentHead head{.length = std::nullopt, .begin = end + kEnd.size()};
  if (field == std::string::npos) {
    const bool is_in_chunks = header.find("\ntransfer-encoding:") != std::string::npos;
    return is_in_chunks ? std::nullopt : std::optional(head);
  }
  const std::size_t digits = header.find_first_not_of(' ', field + kField.size());
  if (digits == std::string::npos) return std::nullopt;
  std::uint64_t length = 0;
  const auto read = std::from_chars(header.data() + digits, header.data() + header.size(), length);
  head.length = length;
  return read.ec == std::errc{} ? std::optional(head) : std::nullopt;
}

std::optional<std::uint16_t> port_of_url(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view host = url.substr(begin + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::uint16_t port = 0;
  const auto read = std::from_chars(host.data() + colon + 1, host.data() + host.size(), port);
  if (read.ec != std::errc{} || port == 0) return std::nullopt;
  return port;
}

}  // namespace pxeproof::trace
