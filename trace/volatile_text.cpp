#include "trace/volatile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "protocol/letter_case.h"

namespace pxeproof::trace {

namespace {

bool is_hex(char letter) { return std::isxdigit(static_cast<unsigned char>(letter)) != 0; }
bool is_digit(char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; }
bool is_word(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0; }

// The text follows a pattern in which x is a hexadecimal digit and the rest stands for itself.
bool follows(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == 'x' ? !is_hex(text[at]) : text[at] != pattern[at]) return false;
  }
  return text.size() == pattern.size() || !is_hex(text[pattern.size()]);
}

// Masks, "this network" and everybody are said, not given.
bool is_name(Ipv4Address address) {
  return !address.is_unspecified() && (address.value >> 24U) != 255 && !address.is_multicast() &&
         (address.value >> 24U) != 0;
}

}  // namespace

VolatileText::VolatileText(std::string_view text, Ipv4Address own_address) {
  bool at_word = true;  // names begin where words do
  while (!text.empty()) {
    if (at_word) {
      std::size_t taken = take_guid(text);
      if (taken == 0) taken = take_mac(text);
      if (taken == 0) taken = take_address(text);
      if (taken == 0) taken = take_hexadecimal_address(text, own_address);
      if (taken > 0) {
        text.remove_prefix(taken);
        at_word = false;
        continue;
      }
    }
    shape_ += text.front();
    at_word = !is_word(text.front());
    text.remove_prefix(1);
  }
}

std::size_t VolatileText::take_guid(std::string_view rest) {
  constexpr std::string_view kPattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (!follows(rest, kPattern)) return 0;
  shape_ += "<guid>";
  names_.push_back({Volatile::Guid, lower_case(rest.substr(0, kPattern.size()))});
  return kPattern.size();
}

std::size_t VolatileText::take_mac(std::string_view rest) {
  constexpr std::string_view kColons = "xx:xx:xx:xx:xx:xx";
  constexpr std::string_view kDashes = "xx-xx-xx-xx-xx-xx";
  const bool has_colons = follows(rest, kColons);
  // The hardware type stands before it in pxelinux's names.
  if (!has_colons && (!follows(rest, kDashes) || follows(rest, "xx-xx-xx-xx-xx-xx-xx"))) return 0;
  if (!has_colons && rest.size() > kDashes.size() && rest[kDashes.size()] == '-') return 0;
  std::string value = lower_case(rest.substr(0, kColons.size()));
  std::ranges::replace(value, '-', ':');
  shape_ += has_colons ? "<mac>" : "<mac with dashes>";
  names_.push_back({Volatile::Mac, std::move(value)});
  return kColons.size();
}

std::size_t VolatileText::take_address(std::string_view rest) {
  std::size_t length = 0;
  while (length < rest.size() && length < 15 && (is_digit(rest[length]) || rest[length] == '.')) {
    ++length;
  }
  while (length > 0 && rest[length - 1] == '.') --length;
  const auto address = Ipv4Address::parse(rest.substr(0, length));
  if (!address || !is_name(*address)) return 0;
  shape_ += "<address>";
  names_.push_back({Volatile::Address, to_string(*address)});
  return length;
}

std::size_t VolatileText::take_hexadecimal_address(std::string_view rest, Ipv4Address own_address) {
  if (own_address.is_unspecified()) return 0;
  std::size_t length = 0;
  while (length < rest.size() && is_word(rest[length])) ++length;
  const std::string whole = fmt::format("{:08X}", own_address.value);
  if (length == 0 || length > whole.size() || rest.substr(0, length) != whole.substr(0, length)) {
    return 0;
  }
  // Shortened it stands alone behind a slash, or as GRUB has it, behind a dash.
  const bool is_searched = !shape_.empty() && (shape_.back() == '/' || shape_.back() == '-');
  // The texts of servers' errors go on behind the name: "file .../C0A8B2 not found".
  const bool ends_name = length == rest.size() ||
                         std::string_view(" \"',;:)").find(rest[length]) != std::string_view::npos;
  if (length < whole.size() && (!is_searched || !ends_name)) return 0;
  shape_ += fmt::format("<{} digits of the address>", length);
  if (length == whole.size()) names_.push_back({Volatile::Address, to_string(own_address)});
  return length;
}

bool NamePairing::agrees(Volatile kind, const std::string& good, const std::string& bad) const {
  const Names& names = kinds_.at(static_cast<std::size_t>(kind));
  const auto forth = names.forth.find(good);
  const auto back = names.back.find(bad);
  if (forth == names.forth.end() && back == names.back.end()) return true;
  return forth != names.forth.end() && forth->second == bad && back != names.back.end();
}

NamePairing::Outcome NamePairing::pair(Volatile kind, const std::string& good,
                                       const std::string& bad) {
  if (!agrees(kind, good, bad)) return Outcome::Contradicts;
  Names& names = kinds_.at(static_cast<std::size_t>(kind));
  names.forth.emplace(good, bad);
  names.back.emplace(bad, good);
  return Outcome::Agrees;
}

std::size_t NamePairing::renamed(Volatile kind) const {
  const Names& names = kinds_.at(static_cast<std::size_t>(kind));
  return static_cast<std::size_t>(std::ranges::count_if(
      names.forth, [](const auto& pair) { return pair.first != pair.second; }));
}

}  // namespace pxeproof::trace
