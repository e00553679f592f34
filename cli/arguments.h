#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"

namespace pxeproof::cli {

// Whether an option may stand without its value, or with an empty one.
enum class EmptyValue { Refused, Allowed };

// One option of a verb; a row of its help.
struct OptionSpec {
  std::string_view name;         // without dashes
  std::string_view value;        // what to give, such as "FILE"; empty: a flag
  std::string_view explanation;  // one line
  std::string_view letter{};     // its short form without dash, such as "j"; empty: none
  EmptyValue empty = EmptyValue::Refused;
};

// What to do with an option when no spec has that name.
enum class ForeignOptions { Refuse, Collect };

// What a verb accepts.
struct Syntax {
  std::string_view verb;     // "boot"
  std::string_view purpose;  // one sentence
  std::span<const OptionSpec> options;
  std::string_view positionals;  // such as "[FILE]"; empty: none are taken
  ForeignOptions foreign = ForeignOptions::Refuse;
  // With Collect: whether the word behind a foreign option is its value.
  bool (*foreign_takes_next)(std::string_view option) = nullptr;
};

// The command line of a verb, taken apart. -v, -vv and --help are known to every verb.
struct Arguments {
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::vector<std::string> positionals;
  std::vector<std::string> foreign;  // as written: "--key=value", or "--key", "value"
  int verbosity = 0;
  enum class Help { NotAsked, Asked } help = Help::NotAsked;

  bool has(std::string_view name) const { return values.contains(name); }
  std::optional<std::string> value(std::string_view name) const;  // the last one given
  std::string value_or(std::string_view name, std::string_view fallback) const;
  std::vector<std::string> all(std::string_view name) const;
};

Outcome<Arguments> parse_arguments(const Syntax& syntax, std::span<const std::string> words);

// The text of --help.
std::string help_text(const Syntax& syntax);

// The candidate nearest to a misspelt word; nullopt when none is near.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// A whole decimal number within [low, high].
Outcome<std::uint64_t> parse_count(std::string_view what, std::string_view text, std::uint64_t low,
                                   std::uint64_t high);

}  // namespace pxeproof::cli
