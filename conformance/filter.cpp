#include "conformance/filter.h"

#include <algorithm>
#include <cctype>

#include "conformance/catalogue.h"
#include "protocol/letter_case.h"

namespace pxeproof::conformance {

namespace {

// Lower case, and neither blanks nor the signs that clauses are written with.
std::string plain(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const auto octet = static_cast<unsigned char>(letter);
    if (std::isalnum(octet) != 0 || letter == '.' || letter == '-') {
      out += to_lower(letter);
    }
  }
  return out;
}

// "rfc2347/negotiation": each part stands somewhere in the clause.
bool is_about_clause(const Case& subject, std::string_view word) {
  const std::string clause = plain(subject.clause);
  while (!word.empty()) {
    const std::size_t slash = word.find('/');
    const std::string part = plain(word.substr(0, slash));
    if (part.size() < 3 || clause.find(part) == std::string::npos) return false;
    word.remove_prefix(slash == std::string_view::npos ? word.size() : slash + 1);
  }
  return true;
}

bool is_about(const Case& subject, std::string_view word) {
  const std::string lower = plain(word);
  if (word.starts_with("level=")) return plain(to_string(subject.level)) == plain(word.substr(6));
  if (word.starts_with("quirk=")) {
    return subject.level == Level::Quirk && plain(subject.quirk_of) == plain(word.substr(6));
  }
  if (lower == plain(subject.group()) || lower == plain(subject.id) ||
      lower == plain(subject.slug)) {
    return true;
  }
  return is_about_clause(subject, word);
}

}  // namespace

Result<Filter, std::string> Filter::parse(const std::vector<std::string>& words) {
  Filter filter;
  for (const std::string& word : words) {
    const bool excludes = word.starts_with('!');
    const std::string name = excludes ? word.substr(1) : word;
    const bool known = !name.empty() && std::ranges::any_of(catalogue(), [&](const Case& each) {
      return is_about(each, name);
    });
    if (!known) return fail(name.empty() ? word : name);
    (excludes ? filter.excluded_ : filter.wanted_).push_back(name);
  }
  return filter;
}

bool Filter::matches(const Case& subject) const {
  const auto about = [&subject](const std::string& word) { return is_about(subject, word); };
  if (std::ranges::any_of(excluded_, about)) return false;
  return wanted_.empty() || std::ranges::any_of(wanted_, about);
}

std::vector<const Case*> choose(const Filter& filter) {
  std::vector<const Case*> chosen;
  for (const Case& each : catalogue()) {
    if (filter.matches(each)) chosen.push_back(&each);
  }
  return chosen;
}

}  // namespace pxeproof::conformance
