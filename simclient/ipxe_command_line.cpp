#include "simclient/ipxe_command_line.h"

#include <algorithm>
#include <cctype>

namespace pxeproof::rom {

namespace {

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// The options of a command that take a value.
bool takes_value(std::string_view option) {
  constexpr std::string_view kOptions[] = {
      "--name", "-n", "--timeout", "-t", "--default", "-d",         "--key",   "-k",
      "--set",  "-s", "--menu",    "-m", "--drive",   "--filename", "--extra", "--params"};
  return std::find(std::begin(kOptions), std::end(kOptions), option) != std::end(kOptions);
}

}  // namespace

std::vector<std::string> split_ipxe_line(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    if (is_blank(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && !is_blank(line[end])) ++end;
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string join_words(const std::vector<std::string>& words, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < words.size(); ++i) text += (i == from ? "" : " ") + words[i];
  return text;
}

bool is_ipxe_terminator(std::string_view word) {
  return word == "||" || word == "&&" || word.starts_with('#');
}

IpxeCommandLine IpxeCommandLine::parse(const std::vector<std::string>& words) {
  IpxeCommandLine parsed;
  std::size_t at = 1;
  for (; at < words.size(); ++at) {
    std::string word = words[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (word.size() < 2 || word.front() != '-') break;
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) {
      parsed.options[word.substr(0, equals)] = word.substr(equals + 1);
    } else if (takes_value(word) && at + 1 < words.size()) {
      parsed.options[word] = words[++at];
    } else {
      parsed.options[word] = "";
    }
  }
  parsed.operands.assign(words.begin() + static_cast<std::ptrdiff_t>(std::min(at, words.size())),
                         words.end());
  return parsed;
}

std::optional<std::string> IpxeCommandLine::option(const std::string& long_name,
                                                   const std::string& short_name) const {
  for (const std::string& name : {long_name, short_name}) {
    if (const auto found = options.find(name); found != options.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace pxeproof::rom
