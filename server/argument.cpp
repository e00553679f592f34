#include "server/argument.h"

#include <algorithm>

namespace pxeproof::server {

namespace {

constexpr char kProtected = '\x1a';  // stands in no number, address, keyword or separator

// Octets that lose their syntax inside quotes (dnsmasq 2.90: "x86PC" in quotes is no architecture
// and "static" is no keyword, but "proxy" is one).
bool is_protected_in_quotes(char octet) {
  constexpr std::string_view kSyntax = " \b\t\n\r\x1b:,.0123456789abcdefABCDEF";
  return kSyntax.find(octet) != std::string_view::npos;
}

bool is_space(char octet) {
  return octet == ' ' || octet == '\t' || octet == '\n' || octet == '\v' || octet == '\f' ||
         octet == '\r';
}

// The octet behind a backslash inside quotes; nullopt where the backslash means itself.
std::optional<char> escaped(char octet) {
  switch (octet) {
    case '"':
    case '\\':
      return octet;
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'b':
      return '\b';
    case 'r':
      return '\r';
    case 'e':
      return '\x1b';
    default:
      return std::nullopt;
  }
}

// Reads the inside of a quotation from the octet behind the opening quote on. Returns the offset
// behind the closing quote; nullopt when there is none.
std::optional<std::size_t> read_quotation(std::string_view line, std::size_t at, Argument& out) {
  while (at < line.size() && line[at] != '"') {
    if (line[at] == '\\' && at + 1 < line.size()) {
      if (const auto octet = escaped(line[at + 1])) {
        out.append_quoted(*octet);
        at += 2;
        continue;
      }
    }
    out.append_quoted(line[at++]);
  }
  if (at == line.size()) return std::nullopt;
  return at + 1;
}

}  // namespace

Argument Argument::plain(std::string_view text) {
  Argument argument;
  argument.text_ = text;
  argument.syntax_ = text;
  return argument;
}

std::optional<Argument> Argument::cut(char separator) {
  const std::size_t at = syntax_.find(separator);
  if (at == std::string::npos) return std::nullopt;
  std::size_t rest = at + 1;
  while (rest < syntax_.size() && syntax_[rest] == ' ') ++rest;
  std::size_t end = at;
  while (end > 0 && syntax_[end - 1] == ' ') --end;
  Argument behind = from(rest);
  text_.resize(end);
  syntax_.resize(end);
  return behind;
}

std::vector<Argument> Argument::fields(char separator) const {
  std::vector<Argument> result;
  Argument field = *this;
  while (std::optional<Argument> rest = field.cut(separator)) {
    result.push_back(std::move(field));
    field = *std::move(rest);
  }
  result.push_back(std::move(field));
  return result;
}

Argument Argument::from(std::size_t offset) const {
  Argument result;
  if (offset >= text_.size()) return result;
  result.text_ = text_.substr(offset);
  result.syntax_ = syntax_.substr(offset);
  return result;
}

Argument Argument::without_last() const {
  Argument result = *this;
  if (!result.text_.empty()) {
    result.text_.pop_back();
    result.syntax_.pop_back();
  }
  return result;
}

void Argument::append(char octet) {
  text_.push_back(octet);
  syntax_.push_back(octet);
}

void Argument::append_quoted(char octet) {
  text_.push_back(octet);
  syntax_.push_back(is_protected_in_quotes(octet) ? kProtected : octet);
}

void Argument::trim() {
  const std::size_t first = std::min(syntax_.find_first_not_of(' '), syntax_.size());
  *this = from(first);
  const std::size_t last = syntax_.find_last_not_of(' ');
  const std::size_t length = last == std::string::npos ? 0 : last + 1;
  text_.resize(length);
  syntax_.resize(length);
}

Result<std::optional<Argument>, Complaint> parse_line(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) {
    return refuse("the line holds a NUL octet", "remove it; dnsmasq would not see what follows");
  }
  Argument content;
  bool after_space = true;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == '"') {
      const auto behind = read_quotation(line, at + 1, content);
      if (!behind) return refuse("a quotation has no end", "close it with \"");
      at = *behind;
      if (at == line.size()) break;
      // As in dnsmasq, the octet behind a closing quote is plain, even when it is a quote.
    }
    const char octet = line[at++];
    if (is_space(octet)) {
      content.append(' ');
      after_space = true;
      continue;
    }
    if (after_space && octet == '#') break;
    content.append(octet);
    after_space = false;
  }
  content.trim();
  if (content.empty()) return std::optional<Argument>();
  return std::optional<Argument>(std::move(content));
}

DirectiveLine divide_directive(const Argument& line) {
  DirectiveLine result;
  Argument name = line;
  if (std::optional<Argument> value = name.cut('=')) {
    value->trim();
    result.argument = std::move(value);
  }
  name.trim();
  // A name with protected octets is the name of nothing; the quotes show why.
  const bool is_plain = name.text() == name.syntax();
  result.name = is_plain ? name.text() : '"' + name.text() + '"';
  return result;
}

}  // namespace pxeproof::server
