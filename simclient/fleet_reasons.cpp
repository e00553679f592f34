#include "simclient/fleet_reasons.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "protocol/letter_case.h"

namespace pxeproof::rom {

namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whole words only: 10.0.0.1 is no part of 10.0.0.12. Upper and lower case are alike.
void replace(std::string& text, const std::string& name, std::string_view with) {
  const std::string wanted = lower_case(name);
  std::string lower = lower_case(text);
  std::size_t at = 0;
  while ((at = lower.find(wanted, at)) != std::string::npos) {
    const std::size_t end = at + wanted.size();
    if ((at > 0 && is_alphanumeric(text[at - 1])) ||
        (end < text.size() && is_alphanumeric(text[end]))) {
      at = end;
      continue;
    }
    text.replace(at, wanted.size(), with);
    lower.replace(at, wanted.size(), with);
    at += with.size();
  }
}

}  // namespace

std::string common_reason(std::string reason, const OwnNames& names) {
  std::string mac = to_string(names.mac);
  replace(reason, mac, "<MAC>");
  std::ranges::replace(mac, ':', '-');
  replace(reason, mac, "<MAC>");
  std::erase(mac, '-');
  replace(reason, mac, "<MAC>");
  replace(reason, to_string(names.guid), "<UUID>");
  if (names.address) {
    replace(reason, to_string(*names.address), "<address>");
    replace(reason, fmt::format("{:08x}", names.address->value), "<address>");
  }
  return reason;
}

}  // namespace pxeproof::rom
