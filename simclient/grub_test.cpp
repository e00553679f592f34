#include "simclient/grub_test.h"

#include <charconv>

namespace pxeproof::rom {
namespace {

std::int64_t number_of(std::string_view text) {
  std::int64_t value = 0;
  int base = 10;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (result.ec != std::errc{}) return 0;
  return negative ? -value : value;
}

std::optional<bool> compare(std::string_view left, std::string_view with, std::string_view right) {
  if (with == "=" || with == "==") return left == right;
  if (with == "!=") return left != right;
  if (with == "<") return left < right;
  if (with == "<=") return left <= right;
  if (with == ">") return left > right;
  if (with == ">=") return left >= right;
  const std::int64_t a = number_of(left);
  const std::int64_t b = number_of(right);
  if (with == "-eq") return a == b;
  if (with == "-ge") return a >= b;
  if (with == "-gt") return a > b;
  if (with == "-le") return a <= b;
  if (with == "-lt") return a < b;
  if (with == "-ne") return a != b;
  return std::nullopt;
}

}  // namespace

std::vector<std::string> GrubTest::sized_files(std::span<const std::string> arguments) {
  std::vector<std::string> files;
  for (std::size_t at = 0; at + 1 < arguments.size(); ++at) {
    if (arguments[at] == "-s") files.push_back(arguments[at + 1]);
  }
  return files;
}

// commands/test.c, test_parse: a list of terms; -o ends an alternative, -a and nothing join terms.
bool GrubTest::evaluate(std::span<const std::string> arguments) const {
  bool any = false;   // an alternative was true
  bool all = true;    // of the alternative under way
  bool seen = false;  // it has a term
  bool inverted = false;
  std::size_t at = 0;
  const auto take = [&](bool value) {
    all = all && (inverted ? !value : value);
    inverted = false;
    seen = true;
  };
  std::vector<std::pair<bool, bool>> outer;  // any and all of the brackets around
  std::vector<bool> outer_inverted;
  while (at < arguments.size()) {
    const std::string& word = arguments[at];
    if (at + 2 < arguments.size()) {
      if (const auto result = compare(word, arguments[at + 1], arguments[at + 2])) {
        take(*result);
        at += 3;
        continue;
      }
    }
    if (word == "!") {
      inverted = !inverted;
      ++at;
    } else if (word == "-a") {
      ++at;
    } else if (word == "-o") {
      any = any || (all && seen);
      all = true;
      seen = false;
      ++at;
    } else if (word == "(") {
      outer.emplace_back(any, all);
      outer_inverted.push_back(inverted);
      any = false;
      all = true;
      seen = false;
      inverted = false;
      ++at;
    } else if (word == ")") {
      if (outer.empty()) return false;
      const bool inner = any || (all && seen);
      any = outer.back().first;
      all = outer.back().second;
      inverted = outer_inverted.back();
      outer.pop_back();
      outer_inverted.pop_back();
      take(inner);
      ++at;
    } else if (at + 1 < arguments.size() && word.size() == 2 && word[0] == '-' &&
               std::string_view("defsnz").find(word[1]) != std::string_view::npos) {
      const std::string& operand = arguments[at + 1];
      switch (word[1]) {
        case 'n':
          take(!operand.empty());
          break;
        case 'z':
          take(operand.empty());
          break;
        case 's':
          take(size_of_(operand).value_or(0) > 0);
          break;
        case 'f':
          take(false);
          break;
        default:
          take(is_device_(operand));
          break;
      }
      at += 2;
    } else {
      take(!word.empty());
      ++at;
    }
  }
  return any || (all && seen);
}

}  // namespace pxeproof::rom
