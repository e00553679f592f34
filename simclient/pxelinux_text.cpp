#include "simclient/pxelinux_text.h"

#include <cctype>
#include <cstddef>
#include <limits>

namespace pxeproof::rom {
namespace {

constexpr std::int64_t kLargestDecimal = std::numeric_limits<std::int32_t>::max();

std::string_view skip_c_space(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  return text;
}

std::optional<unsigned> digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10U;
  return std::nullopt;
}

}  // namespace

bool is_pxelinux_space(char c) { return static_cast<unsigned char>(c) <= ' '; }

std::string_view skip_space(std::string_view text) {
  while (!text.empty() && is_pxelinux_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view first_word(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && !is_pxelinux_space(text[end])) ++end;
  return text.substr(0, end);
}

std::string_view after_first_word(std::string_view text) {
  return skip_space(text.substr(first_word(text).size()));
}

std::optional<std::string_view> looking_at(std::string_view text, std::string_view keyword) {
  if (text.size() < keyword.size()) return std::nullopt;
  for (std::size_t at = 0; at < keyword.size(); ++at) {
    // pxelinux folds the case by masking one bit.
    const auto difference =
        static_cast<unsigned char>(text[at]) ^ static_cast<unsigned char>(keyword[at]);
    if ((difference & ~0x20) != 0) return std::nullopt;
  }
  const std::string_view rest = text.substr(keyword.size());
  if (!rest.empty() && !is_pxelinux_space(rest.front())) return std::nullopt;
  return rest;
}

std::int64_t decimal_prefix(std::string_view text) {
  text = skip_c_space(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    value = value * 10 + (c - '0');
    if (value > kLargestDecimal) value = kLargestDecimal;
  }
  return negative ? -value : value;
}

std::uint32_t number_prefix(std::string_view text) {
  text = skip_c_space(text);
  unsigned base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.starts_with('0')) {
    base = 8;
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = digit_of(c);
    if (!digit || *digit >= base) break;
    value = value * base + *digit;
    if (value > std::numeric_limits<std::uint32_t>::max()) {
      value = std::numeric_limits<std::uint32_t>::max();
    }
  }
  return static_cast<std::uint32_t>(value);
}

}  // namespace pxeproof::rom
