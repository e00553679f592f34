#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>

namespace pxeproof::cli {

namespace {

namespace po = boost::program_options;

constexpr int kMaximumVerbosity = 2;

// "-v" may be repeated and joined; Boost takes each flag once only.
bool take_verbosity(std::string_view word, Arguments& arguments) {
  if (word == "--verbose") {
    ++arguments.verbosity;
    return true;
  }
  if (word.size() < 2 || word[0] != '-' || word.find_first_not_of('v', 1) != word.npos)
    return false;
  arguments.verbosity += static_cast<int>(word.size()) - 1;
  return true;
}

std::string unknown_option(const Syntax& syntax, std::string_view option) {
  const std::size_t name_start = std::min(option.find_first_not_of('-'), option.size());
  const std::string name(option.substr(name_start, option.find('=') - name_start));
  const std::string_view dashes = option.substr(0, name_start);
  std::vector<std::string> names;
  for (const OptionSpec& spec : syntax.options) names.emplace_back(spec.name);
  // One letter is near to anything short.
  const auto suggestion = name.size() < 2 ? std::nullopt : nearest(name, names);
  return fmt::format("pxeproof {}: unknown option {}{}{}", syntax.verb, dashes, name,
                     suggestion ? fmt::format("; did you mean --{}?", *suggestion)
                                : fmt::format("; pxeproof {} --help lists them", syntax.verb));
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t substituted = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

// The option of ours whose value is the word behind this one; nullptr where there is none.
const OptionSpec* spec_of_next_word(const Syntax& syntax, std::string_view word) {
  const bool is_name = word.starts_with("--");
  const std::string_view name = word.substr(std::min(word.size(), is_name ? 2UL : 1UL));
  if (!word.starts_with('-') || name.empty()) return nullptr;
  const auto spec =
      std::ranges::find(syntax.options, name, is_name ? &OptionSpec::name : &OptionSpec::letter);
  return spec == syntax.options.end() || spec->value.empty() ? nullptr : &*spec;
}

// An option whose value was forgotten must not swallow the next one: what that one asks for would
// not be done, and nobody would be told.
Outcome<void> check_values(const Syntax& syntax, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i + 1 < words.size() && words[i] != "--"; ++i) {
    const OptionSpec* spec = spec_of_next_word(syntax, words[i]);
    if (spec == nullptr) continue;
    const std::string& value = words[++i];
    if (!value.starts_with("--") || value == "--") continue;
    return wrong_usage(fmt::format(
        "pxeproof {}: --{} needs a value, and {} is an option; write --{}={} if it is meant so",
        syntax.verb, spec->name, value, spec->name, value));
  }
  return {};
}

// Takes the options out that stand without a value and may: Boost would take the next word for it.
void take_empty(const Syntax& syntax, std::vector<std::string>& words, Arguments& arguments) {
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool has_next =
        i + 1 < words.size() && (words[i + 1] == "-" || !words[i + 1].starts_with("-"));
    const auto is_empty = [&](const OptionSpec& spec) {
      if (spec.empty == EmptyValue::Refused) return false;
      const std::string name = fmt::format("--{}", spec.name);
      return words[i] == name + "=" || (words[i] == name && !has_next);
    };
    const auto spec = std::ranges::find_if(syntax.options, is_empty);
    if (spec == syntax.options.end()) {
      rest.push_back(words[i]);
    } else {
      arguments.values[std::string(spec->name)].emplace_back();
    }
  }
  words = std::move(rest);
}

bool is_known(const Syntax& syntax, std::string_view word) {
  if (word.starts_with("--")) {
    const std::string_view name = word.substr(2, word.find('=') - 2);
    return name.empty() || name == "help" ||
           std::ranges::find(syntax.options, name, &OptionSpec::name) != syntax.options.end();
  }
  const std::string_view letter = word.substr(1, 1);
  return letter == "h" ||
         std::ranges::find(syntax.options, letter, &OptionSpec::letter) != syntax.options.end();
}

// Takes the options out that no spec names, each with its value. Boost would take the value for a
// word of ours, and refuse an empty one.
void take_foreign(const Syntax& syntax, std::vector<std::string>& words, Arguments& arguments) {
  std::vector<std::string> ours;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word.front() != '-' || is_known(syntax, word)) {
      ours.push_back(word);
      // "-1" behind "--seed" is no letter of dnsmasq's.
      const bool has_value = spec_of_next_word(syntax, word) != nullptr && i + 1 < words.size();
      if (has_value) ours.push_back(words[++i]);
      continue;
    }
    arguments.foreign.push_back(word);
    const bool takes_next = syntax.foreign_takes_next != nullptr && syntax.foreign_takes_next(word);
    if (takes_next && i + 1 < words.size()) arguments.foreign.push_back(words[++i]);
  }
  words = std::move(ours);
}

}  // namespace

std::optional<std::string> Arguments::value(std::string_view name) const {
  const auto found = values.find(name);
  if (found == values.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::string Arguments::value_or(std::string_view name, std::string_view fallback) const {
  return value(name).value_or(std::string(fallback));
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::vector<std::string>{} : found->second;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

Outcome<Arguments> parse_arguments(const Syntax& syntax, std::span<const std::string> words) {
  Arguments arguments;
  std::vector<std::string> rest;
  for (const std::string& word : words) {
    if (!take_verbosity(word, arguments)) rest.push_back(word);
  }
  arguments.verbosity = std::min(arguments.verbosity, kMaximumVerbosity);

  take_empty(syntax, rest, arguments);
  if (syntax.foreign == ForeignOptions::Collect) take_foreign(syntax, rest, arguments);
  if (auto checked = check_values(syntax, rest); !checked) return fail(checked.error());

  po::options_description description;
  description.add_options()("help,h", "");
  for (const OptionSpec& spec : syntax.options) {
    std::string name(spec.name);
    if (!spec.letter.empty()) name += fmt::format(",{}", spec.letter);
    if (spec.value.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::vector<std::string>>(), "");
    }
  }
  try {
    // No guessing: a prefix of an option's name is a misspelling, so that scripts stay unambiguous.
    const int style = (po::command_line_style::unix_style ^ po::command_line_style::allow_guessing);
    auto parser = po::command_line_parser(rest).options(description).style(style);
    parser.allow_unregistered();
    const po::parsed_options parsed = parser.run();
    for (const auto& option : parsed.options) {
      if (option.unregistered) {
        return wrong_usage(unknown_option(syntax, option.original_tokens.front()));
      }
      if (option.position_key >= 0) {
        arguments.positionals.insert(arguments.positionals.end(), option.value.begin(),
                                     option.value.end());
      } else if (option.string_key == "help") {
        arguments.help = Arguments::Help::Asked;
      } else {
        std::vector<std::string>& values = arguments.values[option.string_key];
        values.insert(values.end(), option.value.begin(), option.value.end());
      }
    }
  } catch (const po::error& error) {
    return wrong_usage(fmt::format("pxeproof {}: {}; pxeproof {} --help shows how to write it",
                                   syntax.verb, error.what(), syntax.verb));
  }
  if (!arguments.positionals.empty() && syntax.positionals.empty()) {
    return wrong_usage(fmt::format("pxeproof {}: '{}' is not expected here; options begin with --",
                                   syntax.verb, arguments.positionals.front()));
  }
  return arguments;
}

std::string help_text(const Syntax& syntax) {
  std::string text =
      fmt::format("usage: pxeproof {} [OPTION...]{}{}\n{}\n\n", syntax.verb,
                  syntax.positionals.empty() ? "" : " ", syntax.positionals, syntax.purpose);
  for (const OptionSpec& spec : syntax.options) {
    const std::string left = spec.value.empty() ? fmt::format("--{}", spec.name)
                                                : fmt::format("--{} {}", spec.name, spec.value);
    // Behind the explanation: the completions read the names at the beginning of the lines.
    const std::string letter = spec.letter.empty() ? "" : fmt::format(" (-{})", spec.letter);
    text += fmt::format("  {:<28} {}{}\n", left, spec.explanation, letter);
  }
  text += fmt::format("  {:<28} {}\n", "-v, -vv",
                      "each packet; each packet and its octets (fleet: the servers' last words)");
  text += fmt::format("  {:<28} {}\n", "--help", "this text");
  return text;
}

Outcome<std::uint64_t> parse_count(std::string_view what, std::string_view text, std::uint64_t low,
                                   std::uint64_t high) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high) {
    return wrong_usage(
        fmt::format("{}: '{}' is not a whole number from {} to {}", what, text, low, high));
  }
  return value;
}

}  // namespace pxeproof::cli
