#include "trace/ignored_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "protocol/dhcp/option_code.h"
#include "trace/dhcp_fields.h"

namespace pxeproof::trace {

namespace {

constexpr std::string_view kVendorPrefix = "43.";
constexpr std::array<std::string_view, 3> kRanks = {"semantic", "timing", "cosmetic"};

// Keys of differences that are no options; those of fields stand in compared_step.cpp and
// dhcp_fields.cpp, the others in boot_diff.cpp. A test holds this against all recorded boots.
constexpr std::array<std::string_view, 38> kKeys = {
    "boot file",   "chaddr", "ciaddr",     "client port", "content", "error",  "error text",
    "file",        "flags",  "from",       "giaddr",      "hops",    "method", "mode",
    "name",        "octets", "op",         "order",       "outcome", "pause",  "place",
    "repeats",     "resent", "secs",       "server",      "siaddr",  "size",   "sname",
    "source port", "status", "step",       "target",      "time",    "to",     "verdict",
    "xid",         "yiaddr", "server port"};

// Options that a transfer asks for and is granted; each may have any name.
constexpr std::array<std::string_view, 2> kTransferOptions = {"asks ", "grants "};
constexpr std::array<std::string_view, 4> kTransferOptionNames = {"blksize", "timeout", "tsize",
                                                                  "windowsize"};

// How a step's title begins, and whether the name of a file or the like stands behind it.
struct StepTitle {
  std::string_view begin;
  enum class Rest { None, Any } rest = Rest::None;
};
constexpr std::array kTitles = {
    StepTitle{"DISCOVER"},
    StepTitle{"OFFER"},
    StepTitle{"OFFER proxy"},
    StepTitle{"OFFER boot server"},
    StepTitle{"REQUEST"},
    StepTitle{"REQUEST 4011"},
    StepTitle{"REQUEST boot server"},
    StepTitle{"ACK"},
    StepTitle{"ACK boot server"},
    StepTitle{"NAK"},
    StepTitle{"DECLINE"},
    StepTitle{"RELEASE"},
    StepTitle{"INFORM"},
    StepTitle{"BOOTP"},
    StepTitle{"ARP"},
    StepTitle{"ARP without answer"},
    StepTitle{"end"},
    StepTitle{"file ", StepTitle::Rest::Any},
    StepTitle{"size probe ", StepTitle::Rest::Any},
    StepTitle{"GET ", StepTitle::Rest::Any},
    StepTitle{"HEAD ", StepTitle::Rest::Any},
    StepTitle{"ICMP ", StepTitle::Rest::Any},
};

std::optional<std::uint8_t> read_code(std::string_view digits) {
  std::uint8_t code = 0;
  const char* end = digits.data() + digits.size();
  const auto [read_to, error] = std::from_chars(digits.data(), end, code);
  if (digits.empty() || error != std::errc() || read_to != end) return std::nullopt;
  return code;
}

bool is_option(std::string_view word) {
  if (word.starts_with(kVendorPrefix)) word.remove_prefix(kVendorPrefix.size());
  return read_code(word).has_value();
}

std::optional<std::string> read_key(std::string_view word) {
  if (is_option(word) || std::ranges::find(kKeys, word) != kKeys.end()) return std::string(word);
  for (const std::string_view begin : kTransferOptions) {
    if (word.starts_with(begin) && word.size() > begin.size()) return std::string(word);
  }
  for (const VendorTagName& tag : vendor_tag_names()) {
    const std::string key = fmt::format("{}{}", kVendorPrefix, tag.tag);
    if (word == tag.name || word == fmt::format("{} {}", key, tag.name)) return key;
  }
  const std::size_t space = word.find(' ');
  const std::string_view digits = word.substr(0, space);
  const std::string_view name = space == std::string_view::npos ? word : word.substr(space + 1);
  const auto code = dhcp::option_by_name(name);
  if (!code || (space != std::string_view::npos && digits != std::to_string(*code))) {
    return std::nullopt;
  }
  return std::to_string(*code);
}

bool is_title(std::string_view word) {
  return std::ranges::any_of(kTitles, [word](const StepTitle& title) {
    if (title.rest == StepTitle::Rest::None) return word == title.begin;
    return word.starts_with(title.begin) && word.size() > title.begin.size();
  });
}

}  // namespace

std::optional<std::string> read_ignored(std::string_view word) {
  if (std::ranges::find(kRanks, word) != kRanks.end()) return std::string(word);
  if (auto key = read_key(word)) return key;
  const std::size_t colon = word.rfind(':');  // a file's name may hold one, too
  if (colon == std::string_view::npos || !is_title(word.substr(0, colon))) return std::nullopt;
  const auto key = read_key(word.substr(colon + 1));
  if (!key) return std::nullopt;
  return fmt::format("{}:{}", word.substr(0, colon), *key);
}

std::vector<std::string> ignorable_like(std::string_view word) {
  std::vector<std::string> keys(kKeys.begin(), kKeys.end());
  for (const std::string_view begin : kTransferOptions) {
    for (const std::string_view name : kTransferOptionNames) {
      keys.push_back(std::string(begin) + std::string(name));
    }
  }
  for (const VendorTagName& tag : vendor_tag_names()) keys.emplace_back(tag.name);
  for (unsigned code = 1; code < 255; ++code) {
    const std::string_view name = dhcp::option_name(static_cast<std::uint8_t>(code));
    if (!name.empty()) keys.emplace_back(name);
  }
  const std::size_t colon = word.rfind(':');
  if (colon == std::string_view::npos) {
    keys.insert(keys.end(), kRanks.begin(), kRanks.end());
    return keys;
  }
  const std::string step(word.substr(0, colon));
  std::vector<std::string> words;
  if (is_title(step)) {
    for (const std::string& key : keys) words.push_back(step + ":" + key);
    return words;
  }
  for (const StepTitle& title : kTitles) {
    if (title.rest == StepTitle::Rest::Any) continue;
    words.push_back(std::string(title.begin) + std::string(word.substr(colon)));
  }
  return words;
}

}  // namespace pxeproof::trace
