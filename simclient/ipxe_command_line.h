#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::rom {

// The words of a line of a script (core/exec.c, split_command): they end at blanks; there are no
// quotes.
std::vector<std::string> split_ipxe_line(std::string_view line);

// The words from one on, with a space between them.
std::string join_words(const std::vector<std::string>& words, std::size_t from);

// Ends a command: ||, && and everything that begins with #.
bool is_ipxe_terminator(std::string_view word);

// A command's words in getopt's way: options come first, "--" ends them; "--name=value" is one
// word.
struct IpxeCommandLine {
  std::map<std::string, std::string> options;  // by "--name" or "-n"; those without value are ""
  std::vector<std::string> operands;

  // The first word is the command's name.
  static IpxeCommandLine parse(const std::vector<std::string>& words);

  std::optional<std::string> option(const std::string& long_name,
                                    const std::string& short_name) const;
};

}  // namespace pxeproof::rom
