#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"
#include "server/diagnostic.h"

namespace pxeproof::server {

// A piece of a directive's value that remembers what stood in quotes. dnsmasq protects quoted
// blanks, control octets, hexadecimal digits, ':', ',' and '.': such an octet never separates
// fields and never makes up an address, a tag prefix or a list of octets.
class Argument {
 public:
  Argument() = default;

  // A text without quotes, as on the command line.
  static Argument plain(std::string_view text);

  // What the user means, quotes and escapes resolved.
  const std::string& text() const { return text_; }

  // The same with every protected octet replaced by one that no syntax knows. As long as text().
  const std::string& syntax() const { return syntax_; }

  bool empty() const { return text_.empty(); }
  bool begins_with(std::string_view prefix) const { return syntax_.starts_with(prefix); }
  bool is(std::string_view keyword) const { return syntax_ == keyword; }

  // Keeps what stands before the first separator and returns what stands behind it, without the
  // blanks on either side; nullopt, and nothing changes, when there is no separator.
  std::optional<Argument> cut(char separator = ',');

  // All fields, cut as above; at least one.
  std::vector<Argument> fields(char separator = ',') const;

  // Everything from an offset on; empty past the end.
  Argument from(std::size_t offset) const;

  // Without its last octet.
  Argument without_last() const;

  // Appends one octet, or one octet that stood in quotes.
  void append(char octet);
  void append_quoted(char octet);

  // Removes blanks at both ends that did not stand in quotes.
  void trim();

 private:
  std::string text_;
  std::string syntax_;
};

// A line "name = value" of a configuration file.
struct DirectiveLine {
  std::string name{};
  std::optional<Argument> argument{};  // nullopt without '='
};

// One line of a file without its line end: quotes, the escapes \\ \" \t \n \b \r \e inside them,
// and comments are resolved. nullopt for a blank line.
Result<std::optional<Argument>, Complaint> parse_line(std::string_view line);

// Divides a line at its first '='.
DirectiveLine divide_directive(const Argument& line);

}  // namespace pxeproof::server
