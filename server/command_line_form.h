#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/argument.h"
#include "server/diagnostic.h"

namespace pxeproof::server {

// One option of a command line: a directive, or what is wrong with it.
struct CommandLineDirective {
  DirectiveLine line{};
  Judgement judgement{};
};
struct CommandLineForm {
  std::vector<CommandLineDirective> directives{};
};

// Divides dnsmasq's command line as getopt_long does: "--key=value", "--key value" where a value is
// needed, unique beginnings of names, letters with and without blank, several letters together.
// There are no quotes: the shell has resolved them.
CommandLineForm divide_command_line(const std::vector<std::string>& arguments);

// Whether the value of this option is the word behind it: "--dhcp-range", "-F", "-qF".
bool takes_next_word(std::string_view option);

}  // namespace pxeproof::server
