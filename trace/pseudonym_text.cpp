#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/letter_case.h"
#include "trace/boot_files.h"
#include "trace/pseudonyms.h"
#include "trace/swapped_guid.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kHexMac = 12;
constexpr std::size_t kHexAddress = 8;
constexpr std::size_t kHexGuid = 32;
constexpr std::size_t kGuidText = 36;
// What is no part of a URL that stands in a text.
constexpr std::string_view kBehindUrl = std::string_view(" \t\r\n\"'<>#\0", 10);
// A host's name as short as this may be a word of its own.
constexpr std::size_t kShortName = 5;

bool is_word(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0; }
bool is_digit(char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; }
bool is_hex(char letter) { return std::isxdigit(static_cast<unsigned char>(letter)) != 0; }
bool is_hex_letter(char letter) { return is_hex(letter) && !is_digit(letter); }

// A word ends behind so many letters.
bool ends_at(std::string_view text, std::size_t length) {
  return text.size() <= length || !is_word(text[length]);
}

std::size_t count_front(std::string_view text, bool (*holds)(char)) {
  const auto end = std::find_if_not(text.begin(), text.end(), holds);
  return static_cast<std::size_t>(end - text.begin());
}

bool is_host_letter(char letter) { return is_word(letter) || letter == '-' || letter == '.'; }

// As the original has its letters.
std::string like(std::string_view original, std::string text) {
  const bool is_upper = std::ranges::any_of(
      original, [](char letter) { return letter >= 'A' && letter <= 'F' && is_hex(letter); });
  if (!is_upper) return text;
  std::ranges::transform(text, text.begin(), [](char letter) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  });
  return text;
}

// Six octets in groups of so many digits, with this between the groups.
struct MacForm {
  std::string_view separator;
  std::size_t group;
  std::size_t length() const { return kHexMac + (kHexMac / group - 1) * separator.size(); }
};
constexpr std::array kMacForms = {
    MacForm{":", 2}, MacForm{"-", 2}, MacForm{"_", 2}, MacForm{"%3A", 2}, MacForm{"%3a", 2},
    MacForm{" ", 2}, MacForm{".", 2}, MacForm{".", 4}, MacForm{"-", 4},   MacForm{":", 4},
    MacForm{"-", 6}, MacForm{":", 6}, MacForm{".", 6}, MacForm{"_", 6},   MacForm{"", kHexMac}};

// Anything else, in digits alone, may be a date, a version or numbers in a row.
bool is_unmistakable(const MacForm& form) {
  if (form.separator == ".") return form.group == 4;
  return form.group == 2 && form.separator != " ";
}

std::optional<MacAddress> read_mac(std::string_view text, const MacForm& form) {
  if (text.size() < form.length()) return std::nullopt;
  std::string digits;
  for (std::size_t at = 0; digits.size() < kHexMac; at += form.group + form.separator.size()) {
    const bool is_first = digits.empty();
    if (!is_first &&
        text.substr(at - form.separator.size(), form.separator.size()) != form.separator) {
      return std::nullopt;
    }
    digits += text.substr(at, form.group);
  }
  const auto octets = from_hex(digits);
  return octets ? MacAddress::from(*octets) : std::nullopt;
}

std::string write_mac(const MacAddress& mac, const MacForm& form, std::string_view original) {
  const std::string digits = like(original, to_hex(mac.octets));
  std::string text;
  for (std::size_t at = 0; at < digits.size(); at += form.group) {
    if (at > 0) text += form.separator;
    text += digits.substr(at, form.group);
  }
  return text;
}

constexpr std::size_t kOctets = 4;

// Numbers with this between them, as at the beginning of a text: the first octets of an address, or
// all of them.
struct DottedAddress {
  Ipv4Address address;              // what is missing is zero
  std::vector<std::size_t> widths;  // digits of each number
  bool is_padded = false;           // with zeros in front, as scripts align them: "010.000.000.057"
  std::size_t length = 0;
};

std::optional<DottedAddress> read_dotted(std::string_view text, char separator,
                                         std::size_t octets) {
  constexpr std::size_t kMaximumDigits = 3;
  constexpr std::uint32_t kMaximumOctet = 255;
  DottedAddress read;
  for (std::size_t index = 0; index < octets; ++index) {
    if (index > 0) {
      if (read.length == text.size() || text[read.length] != separator) return std::nullopt;
      ++read.length;
    }
    const std::string_view rest = text.substr(read.length);
    const std::size_t width = count_front(rest, is_digit);
    if (width == 0 || width > kMaximumDigits) return std::nullopt;
    std::uint32_t octet = 0;
    for (const char digit : rest.substr(0, width)) {
      octet = octet * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    if (octet > kMaximumOctet) return std::nullopt;
    read.address.value |= octet << (24U - 8U * index);
    read.widths.push_back(width);
    read.is_padded = read.is_padded || (width > 1 && rest.front() == '0');
    read.length += width;
  }
  return read;
}

std::string write_dotted(Ipv4Address address, const DottedAddress& original, char separator) {
  std::string text;
  for (std::size_t index = 0; index < original.widths.size(); ++index) {
    const std::uint32_t octet = address.value >> (24U - 8U * index) & 0xffU;
    if (index > 0) text += separator;
    text += fmt::format("{:0{}}", octet, original.is_padded ? original.widths[index] : 1);
  }
  return text;
}

// As boot programs write it: in capitals, unless the original shows that it is otherwise; with a
// zero in front, unless the original has none.
std::string hexadecimal(Ipv4Address address, std::string_view original) {
  const std::size_t width = std::min(original.size(), kHexAddress);
  const bool is_lower =
      std::ranges::any_of(original, [](char letter) { return letter >= 'a' && letter <= 'f'; });
  return is_lower ? fmt::format("{:0{}x}", address.value, width)
                  : fmt::format("{:0{}X}", address.value, width);
}

// Shortened digits with as many behind as they lack.
std::string padded(std::string_view digits) {
  return std::string(digits) + std::string(kHexAddress - digits.size(), '0');
}

// Settings of iPXE that were not put in, and what it knows of the processor and the platform.
bool says_nothing(std::string_view value) {
  constexpr std::array<std::string_view, 9> kOfEverybody = {
      "i386", "x86_64", "arm32", "arm64", "loong64", "riscv32", "riscv64", "efi", "pcbios"};
  const bool is_setting = value.starts_with("${") && value.find('}') == value.size() - 1;
  return is_setting || std::ranges::find(kOfEverybody, value) != kOfEverybody.end();
}

// So many letters that count.
std::string numbered(std::size_t length, std::size_t number) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text(length, 'x');
  for (auto letter = text.rbegin(); letter != text.rend() && number > 0; ++letter) {
    *letter = kDigits[number % kDigits.size()];
    number /= kDigits.size();
  }
  return text;
}

// A name that is no word of everyday, so that it is replaced also where it is part of one.
bool is_distinctive(std::string_view name) {
  return name.size() > kShortName && std::ranges::any_of(name, [](char letter) {
           return is_digit(letter) || letter == '-' || letter == '.';
         });
}

}  // namespace

std::optional<Pseudonyms::Found> Pseudonyms::find_guid(std::string_view rest) {
  std::optional<Guid> guid = Guid::parse(rest.substr(0, kGuidText));
  const bool has_dashes = guid.has_value();
  if (!guid && count_front(rest, is_hex) == kHexGuid && ends_at(rest, kHexGuid)) {
    const auto octets = from_hex(rest.substr(0, kHexGuid));
    guid.emplace();
    std::ranges::copy(*octets, guid->octets.begin());
  }
  if (!guid) return std::nullopt;
  const bool is_swapped = !guids_.contains(*guid) && guids_.contains(swapped(*guid));
  const Guid other = is_swapped ? swapped(of(swapped(*guid))) : of(*guid);
  const std::size_t length = has_dashes ? kGuidText : kHexGuid;
  return Found{length,
               like(rest.substr(0, length), has_dashes ? to_string(other) : to_hex(other.octets))};
}

std::optional<Pseudonyms::Found> Pseudonyms::find_mac(std::string_view rest, Place place) {
  for (const MacForm& form : kMacForms) {
    const auto mac = read_mac(rest, form);
    if (!mac) continue;
    const std::string_view original = rest.substr(0, form.length());
    // The middle of a word may be anything at all.
    const bool is_plain = place == Place::WordBegins && ends_at(rest, form.length()) &&
                          (is_unmistakable(form) || std::ranges::any_of(original, is_hex_letter));
    if (!is_plain && !macs_.contains(*mac)) continue;
    return Found{form.length(), write_mac(of(*mac), form, original)};
  }
  return std::nullopt;
}

std::optional<Pseudonyms::Found> Pseudonyms::find_address(std::string_view rest, Place place) {
  for (const char separator : {'.', '-', '_'}) {
    const auto read = read_dotted(rest, separator, kOctets);
    if (!read) continue;
    const bool is_plain = place == Place::WordBegins && separator == '.';
    if (!is_plain && !addresses_.contains(read->address)) continue;
    return Found{read->length, write_dotted(of(read->address), *read, separator)};
  }
  return std::nullopt;
}

// "boot/192.168.178/menu": what all addresses of a network begin with.
std::optional<Pseudonyms::Found> Pseudonyms::find_network(std::string_view rest, char before) {
  if (is_digit(before)) return std::nullopt;
  for (const char separator : {'.', '-', '_'}) {
    const auto read = read_dotted(rest, separator, kOctets - 1);
    if (!read || (read->length < rest.size() && is_digit(rest[read->length]))) continue;
    const auto known = addresses_.lower_bound(read->address);
    constexpr unsigned kLastOctet = 8;
    if (known == addresses_.end() ||
        known->value >> kLastOctet != read->address.value >> kLastOctet)
      continue;
    return Found{read->length, write_dotted(of(*known), *read, separator)};
  }
  return std::nullopt;
}

// One number, in decimal, or in hexadecimal behind "0x".
std::optional<Pseudonyms::Found> Pseudonyms::find_number(std::string_view rest,
                                                         Ipv4Address own_address) {
  constexpr std::size_t kPrefix = 2;
  const bool is_hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
  const std::size_t begin = is_hexadecimal ? kPrefix : 0;
  const std::string_view digits = rest.substr(begin, count_front(rest.substr(begin), is_word));
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value,
                                            is_hexadecimal ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  const Ipv4Address address{value};
  const bool is_known = address == own_address || addresses_.contains(address);
  if (address.is_unspecified() || !is_known) return std::nullopt;
  const std::string prefix(rest.substr(0, begin));
  return Found{begin + digits.size(), is_hexadecimal ? prefix + hexadecimal(of(address), digits)
                                                     : std::to_string(of(address).value)};
}

std::optional<Pseudonyms::Found> Pseudonyms::find_hexadecimal_address(std::string_view rest,
                                                                      Ipv4Address own_address,
                                                                      char before) {
  const std::size_t word = count_front(rest, is_word);
  if (word == 0 || word > kHexAddress || count_front(rest, is_hex) < word) return std::nullopt;
  const std::string_view digits = rest.substr(0, word);
  if (word == kHexAddress) {
    const auto octets = from_hex(digits);
    const Ipv4Address address = octets ? *Ipv4Address::from(*octets) : Ipv4Address{};
    const bool is_known = address == own_address || addresses_.contains(address);
    if (address.is_unspecified() || !is_known) return std::nullopt;
    return Found{word, hexadecimal(of(address), digits)};
  }
  // Shortened it stands alone behind a slash, or as GRUB has it, behind a dash. The texts of
  // servers' errors go on behind the name: "file .../C0A8B2 not found".
  const bool is_searched = before == '/' || before == '-';
  const bool ends_name = word == rest.size() ||
                         std::string_view(" \"',;:)").find(rest[word]) != std::string_view::npos;
  const bool is_own =
      !own_address.is_unspecified() &&
      lower_case(digits) == fmt::format("{:08x}", own_address.value).substr(0, word);
  if (!is_searched || !ends_name || !is_own) return std::nullopt;
  return Found{word, hexadecimal(of(own_address), padded(digits)).substr(0, word)};
}

std::optional<Pseudonyms::Found> Pseudonyms::find_name(std::string_view rest, Place place) const {
  const std::string lower = lower_case(rest.substr(0, count_front(rest, is_host_letter)));
  for (std::size_t length = lower.size(); length > 0; --length) {
    const auto known = hosts_.find(std::string_view(lower).substr(0, length));
    if (known == hosts_.end()) continue;
    const bool is_alone = place == Place::WordBegins && ends_at(lower, length);
    if (is_alone || is_distinctive(known->first)) return Found{length, known->second};
  }
  return std::nullopt;
}

// What stands behind "://": [user[:password]@]host.
Pseudonyms::Found Pseudonyms::url_authority(std::string_view rest) {
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?# \"'"));
  const std::size_t at = authority.rfind('@');
  const std::size_t begin = at == std::string_view::npos ? 0 : at + 1;
  const std::string_view place = authority.substr(begin);
  const std::size_t bracket = place.starts_with('[') ? place.find(']') : std::string_view::npos;
  const std::size_t length =
      bracket != std::string_view::npos ? bracket + 1 : count_front(place, is_host_letter);
  const std::string_view name = place.substr(0, length);
  const auto address = Ipv4Address::parse(name);
  return {begin + length,
          (begin > 0 ? "user@" : "") + (address ? to_string(of(*address)) : host(name))};
}

// What stands behind "?", up to the end of the URL: the keys stay, what they are set to does not.
Pseudonyms::Found Pseudonyms::url_query(std::string_view rest, Ipv4Address own_address) {
  std::string_view query = rest.substr(0, rest.find_first_of(kBehindUrl));
  // In a sentence; "/menu?mac=52:54:00:12:34:56, once more".
  while (!query.empty() && std::string_view(",.;:)").find(query.back()) != std::string_view::npos) {
    query.remove_suffix(1);
  }
  Found found{query.size(), {}};
  while (true) {
    const std::string_view pair = query.substr(0, query.find_first_of("&;"));
    const std::size_t equals = pair.find('=');
    const std::size_t value = equals == std::string_view::npos ? 0 : equals + 1;
    found.replacement += pair.substr(0, value);
    found.replacement += query_value(pair.substr(value), own_address);
    if (pair.size() == query.size()) return found;
    found.replacement += query[pair.size()];
    query.remove_prefix(pair.size() + 1);
  }
}

// Another value of the same length; what is a name as a whole is replaced like any other.
std::string Pseudonyms::query_value(std::string_view value, Ipv4Address own_address) {
  if (value.empty() || says_nothing(value)) return std::string(value);
  if (const auto known = query_values_.find(value); known != query_values_.end()) {
    return known->second;
  }
  const auto found = find(value, {Place::WordBegins, '=', own_address});
  std::string other = found && found->length == value.size()
                          ? found->replacement
                          : numbered(value.size(), ++query_values_of_length_[value.size()]);
  query_values_.emplace(value, other);
  return other;
}

std::optional<Pseudonyms::Found> Pseudonyms::find(std::string_view rest, const Surroundings& here) {
  const auto [place, before, own_address] = here;
  if (place == Place::WordBegins) {
    if (auto found = find_guid(rest)) return found;
    // pxelinux puts the hardware type before the address.
    constexpr std::size_t kType = 3;
    if (rest.size() > kType && is_hex(rest[0]) && is_hex(rest[1]) &&
        (rest[2] == '-' || rest[2] == '_')) {
      const auto found = find_mac(rest.substr(kType), place);
      if (found && rest[kType + 2] == rest[2]) {
        return Found{kType + found->length,
                     std::string(rest.substr(0, kType)) + found->replacement};
      }
    }
  }
  if (auto found = find_mac(rest, place)) return found;
  if (auto found = find_address(rest, place)) return found;
  if (auto found = find_network(rest, before)) return found;
  if (auto found = find_name(rest, place)) return found;
  if (place == Place::InsideWord) return std::nullopt;
  if (auto found = find_number(rest, own_address)) return found;
  return find_hexadecimal_address(rest, own_address, before);
}

std::string Pseudonyms::text(std::string_view text, Ipv4Address own_address) {
  std::string result;
  Place place = Place::WordBegins;
  while (!text.empty()) {
    constexpr std::string_view kAuthority = "://";
    std::optional<Found> found;
    if (text.starts_with(kAuthority)) {
      found = url_authority(text.substr(kAuthority.size()));
      found->length += kAuthority.size();
      found->replacement.insert(0, kAuthority);
    } else if (text.front() == '?') {
      found = url_query(text.substr(1), own_address);
      found->length += 1;
      found->replacement.insert(0, 1, '?');
    } else {
      found = find(text, {place, result.empty() ? '\0' : result.back(), own_address});
    }
    if (found && found->length > 0) {
      result += found->replacement;
      text.remove_prefix(found->length);
      place = Place::InsideWord;
      continue;
    }
    // "bob@host": who is written to there has a name, too.
    if (text.front() == '@' && !result.empty() && is_host_letter(result.back())) {
      while (!result.empty() && is_host_letter(result.back())) result.pop_back();
      result += "user";
    }
    place = is_word(text.front()) ? Place::InsideWord : Place::WordBegins;
    result += text.front();
    text.remove_prefix(1);
  }
  return result;
}

}  // namespace pxeproof::trace
