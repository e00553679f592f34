#include "tests/bench/settings.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace pxeproof::bench {

void give_up(std::string_view what) {
  std::fprintf(stderr, "bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(3);
}

void give_up_with_errno(std::string_view what) {
  const std::string reason = std::strerror(errno);
  give_up(std::string(what) + ": " + reason);
}

Settings::Settings(int count, char** words,
                   std::map<std::string, std::string, std::less<>> defaults)
    : values_(std::move(defaults)) {
  for (int i = 1; i < count; i += 2) {
    const std::string_view word = words[i];
    const auto found = word.starts_with("--") ? values_.find(word.substr(2)) : values_.end();
    if (found == values_.end() || i + 1 == count) {
      std::string names;
      for (const auto& [name, value] : values_) names += "\n  --" + name + " (" + value + ")";
      give_up("cannot use " + std::string(word) + "; options take a value and are:" + names);
    }
    found->second = words[i + 1];
  }
}

const std::string& Settings::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) give_up("no such setting: " + std::string(name));
  return found->second;
}

std::uint64_t Settings::number(std::string_view name) const {
  const std::string& value = text(name);
  std::uint64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc{} || stop != end) {
    give_up("--" + std::string(name) + ": not a whole number: " + value);
  }
  return number;
}

double Settings::fraction(std::string_view name) const {
  const std::string& value = text(name);
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  if (value.empty() || *end != '\0') {
    give_up("--" + std::string(name) + ": not a number: " + value);
  }
  return number;
}

Ipv4Address Settings::address(std::string_view name) const {
  const auto address = Ipv4Address::parse(text(name));
  if (!address) give_up("--" + std::string(name) + ": not an IPv4 address: " + text(name));
  return *address;
}

}  // namespace pxeproof::bench
