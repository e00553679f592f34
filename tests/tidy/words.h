#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::tidy {

// The text with comments and the contents of literals blanked, line by line as before.
std::string without_comments_and_literals(std::string_view text);

bool is_word(char letter);

// An identifier and what stands round it on its line.
struct Word {
  std::string_view text;
  std::string_view before;  // without blanks at its end
  bool called = false;      // a parenthesis follows
};
std::vector<Word> words_of(std::string_view line);

// An identifier that must not stand in a place.
struct ForbiddenWord {
  enum class Where {
    Anywhere,
    Called,     // as a free function
    Qualified,  // as ::name() or std::name(), because a member function may well have the name
    OfAClass,   // as a static function: Clock::now()
  };
  std::string_view word;
  Where where;
  std::string_view rule;
};
bool stands(const ForbiddenWord& forbidden, const Word& word);

// What belongs in live/, by its kind.
std::span<const ForbiddenWord> clocks();
std::span<const ForbiddenWord> entropy();
std::span<const ForbiddenWord> sockets();
std::span<const ForbiddenWord> sleeps();
std::span<const ForbiddenWord> files();

}  // namespace pxeproof::tidy
