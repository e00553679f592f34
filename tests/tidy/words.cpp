#include "tests/tidy/words.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace pxeproof::tidy {

namespace {

using Where = ForbiddenWord::Where;

constexpr std::string_view kClockRule = "reads a clock; take an Instant instead";
constexpr std::array kClocks = {
    ForbiddenWord{"steady_clock", Where::Anywhere, kClockRule},
    ForbiddenWord{"system_clock", Where::Anywhere, kClockRule},
    ForbiddenWord{"high_resolution_clock", Where::Anywhere, kClockRule},
    ForbiddenWord{"file_clock", Where::Anywhere, kClockRule},
    ForbiddenWord{"utc_clock", Where::Anywhere, kClockRule},
    ForbiddenWord{"now", Where::OfAClass, kClockRule},
    ForbiddenWord{"time", Where::Qualified, kClockRule},
    ForbiddenWord{"clock", Where::Qualified, kClockRule},
    ForbiddenWord{"clock_gettime", Where::Called, kClockRule},
    ForbiddenWord{"gettimeofday", Where::Called, kClockRule},
    ForbiddenWord{"timespec_get", Where::Called, kClockRule},
    ForbiddenWord{"timerfd_create", Where::Called, kClockRule},
};
constexpr std::string_view kEntropyRule = "draws entropy; take a Random instead";
constexpr std::array kEntropy = {
    ForbiddenWord{"random_device", Where::Anywhere, kEntropyRule},
    ForbiddenWord{"mt19937", Where::Anywhere, kEntropyRule},
    ForbiddenWord{"mt19937_64", Where::Anywhere, kEntropyRule},
    ForbiddenWord{"default_random_engine", Where::Anywhere, kEntropyRule},
    ForbiddenWord{"getrandom", Where::Called, kEntropyRule},
    ForbiddenWord{"getentropy", Where::Called, kEntropyRule},
    ForbiddenWord{"arc4random", Where::Called, kEntropyRule},
    ForbiddenWord{"RAND_bytes", Where::Called, kEntropyRule},
    ForbiddenWord{"rand", Where::Called, kEntropyRule},
    ForbiddenWord{"rand_r", Where::Called, kEntropyRule},
    ForbiddenWord{"srand", Where::Called, kEntropyRule},
    ForbiddenWord{"random", Where::Qualified, kEntropyRule},
    ForbiddenWord{"drand48", Where::Called, kEntropyRule},
};
constexpr std::string_view kSocketRule = "uses a socket; sockets live in live/";
constexpr std::string_view kOrderRule =
    "turns octets round; ByteReader and ByteWriter do that, numbers are in host order";
constexpr std::array kSockets = {
    ForbiddenWord{"socket", Where::Called, kSocketRule},
    ForbiddenWord{"socketpair", Where::Called, kSocketRule},
    ForbiddenWord{"bind", Where::Qualified, kSocketRule},
    ForbiddenWord{"connect", Where::Qualified, kSocketRule},
    ForbiddenWord{"accept", Where::Qualified, kSocketRule},
    ForbiddenWord{"listen", Where::Qualified, kSocketRule},
    ForbiddenWord{"setsockopt", Where::Called, kSocketRule},
    ForbiddenWord{"sendto", Where::Called, kSocketRule},
    ForbiddenWord{"sendmsg", Where::Called, kSocketRule},
    ForbiddenWord{"sendmmsg", Where::Called, kSocketRule},
    ForbiddenWord{"recv", Where::Called, kSocketRule},
    ForbiddenWord{"recvfrom", Where::Called, kSocketRule},
    ForbiddenWord{"recvmsg", Where::Called, kSocketRule},
    ForbiddenWord{"recvmmsg", Where::Called, kSocketRule},
    ForbiddenWord{"poll", Where::Qualified, kSocketRule},
    ForbiddenWord{"ppoll", Where::Called, kSocketRule},
    ForbiddenWord{"epoll_wait", Where::Called, kSocketRule},
    ForbiddenWord{"htons", Where::Called, kOrderRule},
    ForbiddenWord{"htonl", Where::Called, kOrderRule},
    ForbiddenWord{"ntohs", Where::Called, kOrderRule},
    ForbiddenWord{"ntohl", Where::Called, kOrderRule},
};
constexpr std::string_view kSleepRule =
    "sleeps; time passes in live/ and in the virtual network only";
constexpr std::array kSleeps = {
    ForbiddenWord{"sleep", Where::Called, kSleepRule},
    ForbiddenWord{"usleep", Where::Called, kSleepRule},
    ForbiddenWord{"nanosleep", Where::Called, kSleepRule},
    ForbiddenWord{"clock_nanosleep", Where::Called, kSleepRule},
    ForbiddenWord{"sleep_for", Where::Anywhere, kSleepRule},
    ForbiddenWord{"sleep_until", Where::Anywhere, kSleepRule},
};
constexpr std::string_view kFileRule = "reads or writes files; that is live/'s and cli/'s";
constexpr std::array kFiles = {
    ForbiddenWord{"ifstream", Where::Anywhere, kFileRule},
    ForbiddenWord{"ofstream", Where::Anywhere, kFileRule},
    ForbiddenWord{"fstream", Where::Anywhere, kFileRule},
    ForbiddenWord{"fopen", Where::Called, kFileRule},
    ForbiddenWord{"open", Where::Qualified, kFileRule},
    ForbiddenWord{"openat", Where::Qualified, kFileRule},
};

// The identifier at the end of a text; empty when it ends otherwise.
std::string_view last_word(std::string_view text) {
  std::size_t start = text.size();
  while (start > 0 && is_word(text[start - 1])) --start;
  return text.substr(start);
}

// A call of ::name() or std::name().
bool is_global_call(const Word& word) {
  if (!word.called || !word.before.ends_with("::")) return false;
  const std::string_view scope = last_word(word.before.substr(0, word.before.size() - 2));
  return scope.empty() || scope == "std";
}

// A call of a free function: ::socket(...), std::rand() or socket(...), but neither a member
// function nor a declaration.
bool is_free_call(const Word& word) {
  if (!word.called) return false;
  const std::string_view before = word.before;
  if (before.ends_with("::")) return is_global_call(word);
  if (before.ends_with(".") || before.ends_with("->")) return false;
  const std::string_view previous = last_word(before);
  if (!previous.empty()) return previous == "return";
  // "Type& name(", "Type<T> name(" and "Type* name(" declare.
  return !before.ends_with(">") && !before.ends_with("&") && !before.ends_with("*");
}

bool is_static_call(const Word& word) {
  if (!word.called || !word.before.ends_with("::")) return false;
  const std::string_view scope = last_word(word.before.substr(0, word.before.size() - 2));
  return scope != "live";  // where clocks may be read, for those who may include it
}

}  // namespace

bool is_word(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  std::size_t i = 0;
  while (i < line.size()) {
    if (!is_word(line[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    while (i < line.size() && is_word(line[i])) ++i;
    std::string_view before = line.substr(0, start);
    while (!before.empty() && before.back() == ' ') before.remove_suffix(1);
    const std::size_t next = line.find_first_not_of(' ', i);
    words.push_back({line.substr(start, i - start), before,
                     next != std::string_view::npos && line[next] == '('});
  }
  return words;
}

bool stands(const ForbiddenWord& forbidden, const Word& word) {
  if (forbidden.word != word.text) return false;
  switch (forbidden.where) {
    case Where::Anywhere:
      return true;
    case Where::Called:
      return is_free_call(word);
    case Where::Qualified:
      return is_global_call(word);
    case Where::OfAClass:
      return is_static_call(word);
  }
  return false;
}

std::string without_comments_and_literals(std::string_view text) {
  enum class In { Code, LineComment, BlockComment, Text, Character };
  std::string result(text);
  In in = In::Code;
  const auto at = [text](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
  const auto blank = [&result](std::size_t i) {
    if (result[i] != '\n') result[i] = ' ';
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (in) {
      case In::Code: {
        if (at(i) == '/' && at(i + 1) == '/') in = In::LineComment;
        if (at(i) == '/' && at(i + 1) == '*') in = In::BlockComment;
        if (in != In::Code) {
          blank(i);
          break;
        }
        if (at(i) == '"' && i > 0 && text[i - 1] == 'R') {
          // R"delimiter( ... )delimiter"
          const std::size_t open = text.find('(', i);
          if (open == std::string_view::npos) break;
          const std::string close = ")" + std::string(text.substr(i + 1, open - i - 1)) + "\"";
          const std::size_t end = std::min(text.find(close, open), text.size());
          const std::size_t last = std::min(end + close.size() - 1, text.size());
          for (std::size_t inside = i + 1; inside < last; ++inside) blank(inside);
          i = std::min(end + close.size(), text.size()) - 1;
          break;
        }
        if (at(i) == '"') in = In::Text;
        // Not the separator of digits, as in 10'000.
        const bool in_number =
            i > 0 && (std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0);
        if (at(i) == '\'' && !in_number) in = In::Character;
        break;
      }
      case In::LineComment:
        if (at(i) == '\n') in = In::Code;
        blank(i);
        break;
      case In::BlockComment:
        blank(i);
        if (at(i) == '/' && at(i - 1) == '*') in = In::Code;
        break;
      case In::Text:
      case In::Character:
        if (at(i) == (in == In::Text ? '"' : '\'') || at(i) == '\n') {
          in = In::Code;
        } else {
          if (at(i) == '\\') blank(i++);
          if (i < text.size()) blank(i);
        }
        break;
    }
  }
  return result;
}

std::span<const ForbiddenWord> clocks() { return kClocks; }
std::span<const ForbiddenWord> entropy() { return kEntropy; }
std::span<const ForbiddenWord> sockets() { return kSockets; }
std::span<const ForbiddenWord> sleeps() { return kSleeps; }
std::span<const ForbiddenWord> files() { return kFiles; }

}  // namespace pxeproof::tidy
