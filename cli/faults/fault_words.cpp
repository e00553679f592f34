#include "cli/faults/fault_words.h"

namespace pxeproof::cli {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// Reads one word from at on; at stands behind it afterwards.
Result<FaultWord, FaultSyntaxError> take_word(std::string_view text, std::size_t& at) {
  FaultWord word{.text = {}, .position = at + 1, .is_quoted = text[at] == '"'};
  while (at < text.size() && !is_blank(text[at]) && text[at] != ';') {
    if (text[at] != '"') {
      word.text += text[at++];
      continue;
    }
    const std::size_t opened = at++;
    while (at < text.size() && text[at] != '"') {
      if (text[at] == '\\') {
        ++at;
        if (at == text.size() || (text[at] != '"' && text[at] != '\\')) {
          return fail(FaultSyntaxError{at, "in a quoted text a backslash stands before \" or \\"});
        }
      }
      word.text += text[at++];
    }
    if (at == text.size()) {
      return fail(FaultSyntaxError{opened + 1, "this quote is never closed; put \" at its end"});
    }
    ++at;
  }
  return word;
}

}  // namespace

Result<std::vector<FaultSentence>, FaultSyntaxError> split_faults(std::string_view text) {
  std::vector<FaultSentence> sentences;
  std::size_t at = 0;
  while (at <= text.size()) {
    FaultSentence sentence;
    std::size_t last = at;
    while (at < text.size() && text[at] != ';') {
      if (is_blank(text[at])) {
        ++at;
        continue;
      }
      auto word = take_word(text, at);
      if (!word) return fail(word.error());
      sentence.words.push_back(std::move(*word));
      last = at;
    }
    sentence.end = last + 1;
    if (!sentence.words.empty()) {
      const std::size_t first = sentence.words.front().position - 1;
      sentence.text = std::string(text.substr(first, last - first));
      sentences.push_back(std::move(sentence));
    }
    ++at;
  }
  return sentences;
}

}  // namespace pxeproof::cli
