#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/dhcp_rules.h"
#include "firmware/profile.h"
#include "firmware/toml_reader.h"

namespace pxeproof::firmware {

// A word of the TOML file and what it stands for.
template <typename Value>
struct Word {
  std::string_view word;
  Value value;
};

template <typename Value, std::size_t Count>
Value word(TomlReader& table, std::string_view key, std::string_view text,
           const std::array<Word<Value>, Count>& words) {
  const auto found = std::ranges::find(words, text, &Word<Value>::word);
  if (found != words.end()) return found->value;
  std::vector<std::string_view> known;
  for (const Word<Value>& row : words) known.push_back(row.word);
  table.refuse(key, fmt::format("'{}' is none of {}", text, fmt::join(known, ", ")));
  return words.front().value;
}

template <typename Value, std::size_t Count>
Value word(TomlReader& table, std::string_view key, const std::array<Word<Value>, Count>& words) {
  return word(table, key, table.text(key), words);
}

// The same for a key that may be absent.
template <typename Value, std::size_t Count>
Value word_or(TomlReader& table, std::string_view key, Value otherwise,
              const std::array<Word<Value>, Count>& words) {
  return table.has(key) ? word(table, key, words) : otherwise;
}

// A wait: "250ms", "2s", "54925493ns" or "3t" (ticks of the firmware's clock).
Duration read_duration(TomlReader& table, std::string_view key, Duration tick);
// Waits in order, one at least.
std::vector<Duration> read_durations(TomlReader& table, std::string_view key, Duration tick);

// Options used in several messages, by name.
using OptionLists = std::map<std::string, std::vector<OptionTemplate>, std::less<>>;
OptionLists read_option_lists(TomlReader table);

// The tables [dhcp], [offers] and [discovery] of a profile. [lists] and the clock are read before.
void read_dhcp(TomlReader dhcp, const OptionLists& lists, Profile& profile);
OfferRules read_offers(TomlReader offers, Duration tick);
DiscoveryRules read_discovery(TomlReader discovery);

}  // namespace pxeproof::firmware
