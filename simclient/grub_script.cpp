#include "simclient/grub_script.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace pxeproof::rom {
namespace {

using Kind = GrubInstruction::Kind;

// script/yylex.l: what ends a word.
constexpr std::string_view kSpecial = "{}|&$;<> \t\n'\"\\";
constexpr std::array<std::string_view, 15> kReserved = {
    "case", "do", "done", "elif",  "else",  "esac",   "fi",      "for",
    "if",   "in", "then", "until", "while", "select", "function"};

struct Token {
  enum class Kind { Word, Newline, Semicolon, OpenBlock, CloseBlock, Bad, End } kind = Kind::End;
  GrubWord word{};
  std::string plain{};  // of a word without quotes and variables
};

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_name(char c) {
  return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\r') {
        ++at_;
      } else if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
        at_ += 2;
      } else {
        break;
      }
    }
    if (at_ >= text_.size()) return {.kind = Token::Kind::End};
    switch (text_[at_]) {
      case '\n':
        ++at_;
        return {.kind = Token::Kind::Newline};
      case ';':
        ++at_;
        return {.kind = Token::Kind::Semicolon};
      case '{':
        ++at_;
        return {.kind = Token::Kind::OpenBlock};
      case '}':
        ++at_;
        return {.kind = Token::Kind::CloseBlock};
      case '|':
      case '&':
      case '<':
      case '>':
        ++at_;
        return {.kind = Token::Kind::Bad};
      default:
        return word();
    }
  }

  void skip_line() {
    while (at_ < text_.size() && text_[at_ - 1] != '\n') ++at_;
  }
  bool at_line_start() const { return at_ == 0 || text_[at_ - 1] == '\n'; }

 private:
  using Piece = GrubPiece;

  Token word() {
    Token token{.kind = Token::Kind::Word};
    bool plain = true;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\'') {
        plain = false;
        const std::size_t end = text_.find('\'', at_ + 1);
        if (end == std::string_view::npos) return bad();
        add(token, Piece::Quotes::Quoted, text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
      } else if (c == '"') {
        plain = false;
        if (!double_quoted(token)) return bad();
      } else if (c == '$') {
        plain = false;
        if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {  // a text to translate
          ++at_;
          if (!double_quoted(token)) return bad();
        } else if (!variable(token, Piece::Quotes::None)) {
          return bad();
        }
      } else if (c == '\\') {
        if (at_ + 1 >= text_.size()) return bad();
        // The backslash stays where nothing needs it: GRUB's splitter copies both characters.
        if (text_[at_ + 1] != '\n') {
          plain = false;
          add(token, Piece::Quotes::None, text_.substr(at_ + 1, 1));
        }
        at_ += 2;
      } else if (kSpecial.find(c) != std::string_view::npos) {
        break;
      } else {
        const std::size_t end = std::min(text_.find_first_of(kSpecial, at_), text_.size());
        add(token, Piece::Quotes::None, text_.substr(at_, end - at_));
        at_ = end;
      }
    }
    if (plain) {
      for (const Piece& piece : token.word) token.plain += piece.text;
    }
    return token;
  }

  bool double_quoted(Token& token) {
    ++at_;
    std::string text;
    token.word.push_back({.quotes = Piece::Quotes::Quoted});  // "" is a word too
    while (at_ < text_.size() && text_[at_] != '"') {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        const char escaped = text_[at_ + 1];
        at_ += 2;
        if (escaped == '\n') continue;
        if (escaped != '$' && escaped != '\\' && escaped != '"') text.push_back('\\');
        text.push_back(escaped);
      } else if (c == '$') {
        add(token, Piece::Quotes::Quoted, std::exchange(text, {}));
        if (!variable(token, Piece::Quotes::Quoted)) return false;
      } else {
        text.push_back(c);
        ++at_;
      }
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    add(token, Piece::Quotes::Quoted, text);
    return true;
  }

  bool variable(Token& token, Piece::Quotes quotes) {
    std::size_t at = at_ + 1;
    const bool braces = at < text_.size() && text_[at] == '{';
    if (braces) ++at;
    const std::size_t begin = at;
    if (at < text_.size() && is_name_start(text_[at])) {
      while (at < text_.size() && is_name(text_[at])) ++at;
    } else if (at < text_.size() && is_digit(text_[at])) {
      while (at < text_.size() && is_digit(text_[at])) ++at;
    } else if (at < text_.size() &&
               std::string_view("?#*@").find(text_[at]) != std::string_view::npos) {
      ++at;
    } else {
      return false;
    }
    const std::string name(text_.substr(begin, at - begin));
    if (braces && (at >= text_.size() || text_[at++] != '}')) return false;
    token.word.push_back({.kind = Piece::Kind::Variable, .quotes = quotes, .text = name});
    at_ = at;
    return true;
  }

  static void add(Token& token, Piece::Quotes quotes, std::string_view text) {
    if (text.empty() && quotes == Piece::Quotes::None) return;
    token.word.push_back({.quotes = quotes, .text = std::string(text)});
  }

  Token bad() {
    ++at_;
    return {.kind = Token::Kind::Bad};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Recursive descent over script/parser.y; the nesting limit bounds it.
class Parser {
 public:
  Parser(std::string_view text, const GrubScriptLimits& limits) : lexer_(text), limits_(limits) {
    advance();
  }

  std::shared_ptr<const GrubCode> script() {
    auto code = std::make_shared<GrubCode>();
    while (token_.kind != Token::Kind::End) {
      if (is_delimiter()) {
        advance();
        continue;
      }
      GrubCode statement;
      depth_ = 0;
      // A statement ends with its line.
      if (parse_statement(statement) && (is_delimiter() || token_.kind == Token::Kind::End)) {
        append(*code, std::move(statement));
        continue;
      }
      code->instructions.push_back({.kind = Kind::SyntaxError});
      if (!(token_.kind == Token::Kind::Newline)) lexer_.skip_line();
      advance();
    }
    return code;
  }

 private:
  void advance() { token_ = lexer_.next(); }
  bool is_delimiter() const {
    return token_.kind == Token::Kind::Newline || token_.kind == Token::Kind::Semicolon;
  }
  bool is_word(std::string_view word) const {
    return token_.kind == Token::Kind::Word && token_.plain == word;
  }
  bool is_reserved() const {
    return token_.kind == Token::Kind::Word &&
           std::find(kReserved.begin(), kReserved.end(), token_.plain) != kReserved.end();
  }
  void skip_newlines() {
    while (token_.kind == Token::Kind::Newline) advance();
  }

  static void append(GrubCode& code, GrubCode more) {
    const std::size_t base = code.instructions.size();
    for (GrubInstruction& instruction : more.instructions) {
      instruction.target += base;
      code.instructions.push_back(std::move(instruction));
    }
  }

  bool parse_statement(GrubCode& code) {
    if (++depth_ > limits_.nesting) return false;
    const bool parsed = is_word("function") ? parse_function(code) : parse_command(code);
    --depth_;
    return parsed;
  }

  bool parse_command(GrubCode& code) {
    if (is_word("if")) return parse_if(code);
    if (is_word("while")) return parse_while(code, Kind::JumpUnlessTrue);
    if (is_word("until")) return parse_while(code, Kind::JumpIfTrue);
    if (is_word("for")) return parse_for(code);
    if (token_.kind != Token::Kind::Word || is_reserved()) return false;
    GrubInstruction command{.kind = Kind::Command};
    while (token_.kind == Token::Kind::Word) {
      command.words.push_back(std::move(token_.word));
      advance();
    }
    if (token_.kind == Token::Kind::OpenBlock) {
      advance();
      auto block = std::make_shared<GrubCode>();
      if (!parse_commands_until_brace(*block)) return false;
      command.block = std::move(block);
    }
    code.instructions.push_back(std::move(command));
    return true;
  }

  bool parse_commands_until_brace(GrubCode& code) {
    skip_newlines();
    if (!parse_commands(code)) return false;
    if (token_.kind != Token::Kind::CloseBlock) return false;
    advance();
    return true;
  }

  // One command at least, and the delimiters behind the last.
  bool parse_commands(GrubCode& code) {
    skip_newlines();
    while (true) {
      GrubCode command;
      if (++depth_ > limits_.nesting || !parse_command(command)) return false;
      --depth_;
      append(code, std::move(command));
      if (!is_delimiter()) return true;
      while (is_delimiter()) advance();
      const bool goes_on = token_.kind == Token::Kind::Word &&
                           (!is_reserved() || is_word("if") || is_word("while") ||
                            is_word("until") || is_word("for"));
      if (!goes_on) return true;
    }
  }

  bool expect(std::string_view word) {
    if (!is_word(word)) return false;
    advance();
    return true;
  }

  bool parse_if(GrubCode& code) {
    std::vector<std::size_t> to_end;
    bool more = true;
    while (more) {
      advance();  // if, elif
      if (!parse_commands(code) || !expect("then")) return false;
      const std::size_t jump = code.instructions.size();
      code.instructions.push_back({.kind = Kind::JumpUnlessTrue});
      if (!parse_commands(code)) return false;
      to_end.push_back(code.instructions.size());
      code.instructions.push_back({.kind = Kind::Jump});
      code.instructions[jump].target = code.instructions.size();
      more = is_word("elif");
    }
    if (is_word("else")) {
      advance();
      if (!parse_commands(code)) return false;
    }
    if (!expect("fi")) return false;
    for (const std::size_t jump : to_end) {
      code.instructions[jump].target = code.instructions.size();
    }
    return true;
  }

  bool parse_while(GrubCode& code, Kind leave) {
    advance();
    const std::size_t begin = code.instructions.size();
    code.instructions.push_back({.kind = Kind::BeginLoop});
    const std::size_t condition = code.instructions.size();
    if (!parse_commands(code) || !expect("do")) return false;
    const std::size_t jump = code.instructions.size();
    code.instructions.push_back({.kind = leave});
    if (!parse_commands(code) || !expect("done")) return false;
    code.instructions.push_back({.kind = Kind::Jump, .target = condition});
    code.instructions[jump].target = code.instructions.size();
    code.instructions.push_back({.kind = Kind::EndLoop});
    code.instructions[begin].target = code.instructions.size();
    return true;
  }

  bool parse_for(GrubCode& code) {
    advance();
    if (token_.kind != Token::Kind::Word || token_.plain.empty()) return false;
    const std::string name = token_.plain;
    advance();
    if (!expect("in")) return false;
    const std::size_t begin = code.instructions.size();
    code.instructions.push_back({.kind = Kind::BeginLoop, .name = name});
    while (token_.kind == Token::Kind::Word) {
      code.instructions[begin].words.push_back(std::move(token_.word));
      advance();
    }
    if (!is_delimiter()) return false;
    while (is_delimiter()) advance();
    if (!expect("do")) return false;
    const std::size_t next = code.instructions.size();
    code.instructions.push_back({.kind = Kind::NextValue, .name = name});
    if (!parse_commands(code) || !expect("done")) return false;
    code.instructions.push_back({.kind = Kind::Jump, .target = next});
    code.instructions[next].target = code.instructions.size();
    code.instructions.push_back({.kind = Kind::EndLoop});
    code.instructions[begin].target = code.instructions.size();
    return true;
  }

  bool parse_function(GrubCode& code) {
    advance();
    if (token_.kind != Token::Kind::Word || token_.plain.empty()) return false;
    GrubInstruction define{.kind = Kind::Define, .name = token_.plain};
    advance();
    skip_newlines();
    if (token_.kind != Token::Kind::OpenBlock) return false;
    advance();
    auto block = std::make_shared<GrubCode>();
    if (!parse_commands_until_brace(*block)) return false;
    define.block = std::move(block);
    code.instructions.push_back(std::move(define));
    return true;
  }

  Lexer lexer_;
  GrubScriptLimits limits_;
  Token token_;
  std::size_t depth_ = 0;
};

}  // namespace

std::shared_ptr<const GrubCode> parse_grub_script(std::string_view text,
                                                  const GrubScriptLimits& limits) {
  return Parser(text, limits).script();
}

}  // namespace pxeproof::rom
