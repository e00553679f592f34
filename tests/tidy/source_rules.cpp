#include "tests/tidy/source_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "tests/tidy/words.h"

namespace pxeproof::tidy {

namespace {

constexpr std::size_t kMaximumColumns = 100;

// Folder and what it may include besides itself: the table of docs/architecture.md. cli and tests
// may include everything.
const std::map<std::string_view, std::set<std::string_view>>& allowed_includes() {
  static const std::map<std::string_view, std::set<std::string_view>> table{
      {"protocol", {}},
      {"firmware", {"protocol"}},
      {"trace", {"protocol", "firmware"}},
      {"server", {"protocol", "firmware"}},
      {"simclient", {"protocol", "firmware"}},
      {"lab", {"protocol", "trace"}},
      {"live", {"protocol", "trace"}},
      {"conformance", {"protocol", "firmware", "trace"}},
      {"cli",
       {"protocol", "firmware", "trace", "server", "simclient", "lab", "live", "conformance"}},
      {"tests",
       {"protocol", "firmware", "trace", "server", "simclient", "lab", "live", "conformance",
        "cli"}},
  };
  return table;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

struct Include {
  std::string name;
  bool quoted = false;
};

std::optional<Include> include_of(std::string_view line) {
  std::string text(line);
  std::erase(text, ' ');
  const std::string_view directive = "#include";
  if (!text.starts_with(directive) || text.size() < directive.size() + 2) return std::nullopt;
  const char opening = text[directive.size()];
  const char closing = opening == '<' ? '>' : opening;
  const std::size_t end = text.find(closing, directive.size() + 1);
  if ((opening != '<' && opening != '"') || end == std::string::npos) return std::nullopt;
  return Include{text.substr(directive.size() + 1, end - directive.size() - 1), opening == '"'};
}

// Where words of the outside world are at home.
bool is_test_of(const Source& source, std::string_view folder) {
  return source.path.starts_with("tests/" + std::string(folder) + "/");
}

constexpr std::array<std::string_view, 16> kSocketHeaders = {
    "sys/socket.h", "sys/un.h",     "netinet/",      "arpa/inet.h",      "net/if", "net/ethernet.h",
    "net/route.h",  "netpacket/",   "linux/if",      "linux/netlink.h",  "poll.h", "sys/epoll.h",
    "sys/select.h", "sys/random.h", "sys/timerfd.h", "linux/rtnetlink.h"};
constexpr std::array<std::string_view, 5> kFileHeaders = {"fstream", "filesystem", "fcntl.h",
                                                          "unistd.h", "sys/stat.h"};
constexpr std::array<std::string_view, 4> kHeavyHeaders = {"toml++/", "nlohmann/", "tins/",
                                                           "boost/"};

template <std::size_t Count>
bool starts_with_one_of(std::string_view name, const std::array<std::string_view, Count>& starts) {
  return std::ranges::any_of(starts,
                             [name](std::string_view start) { return name.starts_with(start); });
}

// Searches the code of a file, without comments and literals.
void search(const Source& source, std::span<const ForbiddenWord> forbidden,
            std::vector<Violation>& found) {
  const std::string code = without_comments_and_literals(source.text);
  std::size_t number = 0;
  for (const std::string_view line : lines_of(code)) {
    ++number;
    if (line.starts_with("#")) continue;
    for (const Word& word : words_of(line)) {
      for (const ForbiddenWord& row : forbidden) {
        if (stands(row, word)) found.push_back({source.path, number, std::string(row.rule)});
      }
    }
  }
}

// UTF-8: octets of the form 10xxxxxx continue a character.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char octet) { return (static_cast<unsigned char>(octet) & 0xc0U) != 0x80U; }));
}

// A word such as TO-DO, unless an issue stands behind it: "(#12)" or "[12]".
bool promises_without_issue(std::string_view line) {
  constexpr std::array<std::string_view, 3> kPromises = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "XX"
      "X"};
  return std::ranges::any_of(words_of(line), [&](const Word& word) {
    if (std::ranges::find(kPromises, word.text) == kPromises.end()) return false;
    const auto end = static_cast<std::size_t>(word.text.data() - line.data()) + word.text.size();
    std::string behind(line.substr(end));
    std::erase_if(behind, [](char letter) { return letter == ' ' || letter == '('; });
    const bool marked = behind.starts_with("#") || behind.starts_with("[");
    return !marked || behind.size() < 2 || std::isdigit(static_cast<unsigned char>(behind[1])) == 0;
  });
}

}  // namespace

std::string_view Source::folder() const {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? std::string_view() : std::string_view(path).substr(0, slash);
}

std::string to_string(const Violation& violation) {
  return violation.path + ":" + std::to_string(violation.line) + ": " + violation.rule;
}

std::vector<Violation> check_includes(const Source& source) {
  std::vector<Violation> found;
  const auto allowed = allowed_includes().find(source.folder());
  if (!source.is_code() || allowed == allowed_includes().end()) return found;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(source.text)) {
    ++number;
    const auto include = include_of(line);
    if (!include) continue;
    const std::string target(include->name.substr(0, include->name.find('/')));
    if (!allowed_includes().contains(target) || target.size() == include->name.size()) {
      if (include->quoted) {
        found.push_back({source.path, number,
                         "includes \"" + include->name + "\"; write the path from the root"});
      }
      continue;
    }
    if (!include->quoted) {
      found.push_back(
          {source.path, number, "includes <" + include->name + ">; write it in quotes"});
    }
    if (target != source.folder() && !allowed->second.contains(target)) {
      found.push_back({source.path, number,
                       std::string(source.folder()) + "/ must not include " + target +
                           "/ (docs/architecture.md); state what it needs as an interface"});
    }
  }
  return found;
}

std::vector<Violation> check_heavy_headers(const Source& source) {
  std::vector<Violation> found;
  if (!source.is_code()) return found;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(source.text)) {
    ++number;
    const auto include = include_of(line);
    if (!include || include->quoted) continue;
    const bool is_declarations_only = include->name == "nlohmann/json_fwd.hpp";
    if (source.is_header() && !is_declarations_only &&
        starts_with_one_of(include->name, kHeavyHeaders)) {
      found.push_back({source.path, number,
                       "a header includes <" + include->name + ">; it is slow, so .cpp only"});
    }
    if (include->name.starts_with("tins/") && !source.path.starts_with("protocol/frames/")) {
      found.push_back({source.path, number, "libtins belongs in protocol/frames/ only"});
    }
  }
  return found;
}

std::vector<Violation> check_outside_world(const Source& source) {
  std::vector<Violation> found;
  if (!source.is_code() || source.folder().empty() || source.folder() == "live") return found;

  // What needs a network interface, a real ROM or a measured moment waits for the real world.
  const bool real_test = is_test_of(source, "live") || is_test_of(source, "real") ||
                         is_test_of(source, "bench") || is_test_of(source, "equality");
  if (!real_test) search(source, sleeps(), found);
  if (source.folder() == "tests") return found;
  search(source, clocks(), found);
  search(source, entropy(), found);
  search(source, sockets(), found);
  const bool reads_files = source.folder() == "cli" || source.folder() == "trace";
  if (!reads_files) search(source, files(), found);
  std::size_t number = 0;
  for (const std::string_view line : lines_of(source.text)) {
    ++number;
    const auto include = include_of(line);
    if (!include || include->quoted) continue;
    if (starts_with_one_of(include->name, kSocketHeaders)) {
      found.push_back(
          {source.path, number, "includes <" + include->name + ">; that belongs in live/"});
    }
    if (!reads_files && starts_with_one_of(include->name, kFileHeaders)) {
      found.push_back(
          {source.path, number, "includes <" + include->name + ">; files are live/'s and cli/'s"});
    }
  }
  return found;
}

std::vector<Violation> check_paths(const Source& source) {
  // Spelt in parts, or this file would break its own rule.
  constexpr std::array<std::string_view, 5> kPlaces = {
      "/ho"
      "me/",
      "/ro"
      "ot/",
      "/wo"
      "rk/",
      "/Us"
      "ers/",
      "/tm"
      "p/wt/"};
  std::vector<Violation> found;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(source.text)) {
    ++number;
    const bool named = std::ranges::any_of(kPlaces, [line](std::string_view place) {
      const std::size_t at = line.find(place);
      // Not a part of a longer path.
      return at != std::string_view::npos &&
             (at == 0 || (!is_word(line[at - 1]) && line[at - 1] != '.' && line[at - 1] != '}'));
    });
    if (named)
      found.push_back({source.path, number, "names a path of one machine; make it relative"});
  }
  return found;
}

std::vector<Violation> check_form(const Source& source) {
  std::vector<Violation> found;
  bool guarded = false;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(source.text)) {
    ++number;
    guarded = guarded || line == "#pragma once";
    if (source.is_code() && columns(line) > kMaximumColumns) {
      found.push_back({source.path, number, "is longer than 100 columns; run clang-format"});
    }
    if (promises_without_issue(line)) {
      found.push_back({source.path, number, "promises work without an issue number; name it"});
    }
  }
  if (source.is_header() && !guarded) {
    found.push_back({source.path, 1, "a header without #pragma once"});
  }
  return found;
}

std::vector<Violation> find_unbuilt(const std::vector<Source>& sources) {
  std::map<std::string, std::string_view> lists;  // folder with its slash, "" for the root
  for (const Source& source : sources) {
    if (!source.path.ends_with("CMakeLists.txt")) continue;
    lists.emplace(source.path.substr(0, source.path.rfind('/') + 1), source.text);
  }
  std::vector<Violation> found;
  for (const Source& source : sources) {
    if (!source.path.ends_with(".cpp")) continue;
    bool named = false;
    std::string folder = source.path;
    while (!named && !folder.empty()) {
      folder.pop_back();
      folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/') + 1);
      const auto list = lists.find(folder);
      if (list == lists.end()) continue;
      std::string name = source.path.substr(folder.size());
      // fuzz_target(NAME ...) stands for NAME_fuzz.cpp.
      if (name.ends_with("_fuzz.cpp")) {
        name = "fuzz_target(" + name.substr(0, name.size() - std::string("_fuzz.cpp").size()) + " ";
      }
      named = list->second.find(name) != std::string_view::npos;
    }
    if (!named) {
      // Shared by several test programs: ../support/name.cpp.
      const std::string sibling = "../" + source.path.substr(source.path.find('/') + 1);
      named = std::ranges::any_of(lists, [&sibling](const auto& folder_and_text) {
        return folder_and_text.second.find(sibling) != std::string_view::npos;
      });
    }
    if (!named) {
      found.push_back({source.path, 1, "is named by no CMakeLists.txt; nobody builds it"});
    }
  }
  return found;
}

}  // namespace pxeproof::tidy
