#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "server/argument.h"
#include "server/diagnostic.h"

namespace pxeproof::server {

class ReaderSession;

// One row per directive of dnsmasq 2.90, and of those that later versions added.
struct Directive {
  enum class Value { None, Optional, Required };
  enum class Repetition { Allowed, Once };
  enum class Concern {
    Boot,         // takes effect
    Leases,       // takes effect for leased addresses; none in proxy mode
    Process,      // how dnsmasq itself runs or logs; nothing to say about it
    Foreign,      // DNS, DHCPv6 and so on; accepted
    Unsupported,  // near network boot, but pxeproof does not do it; a warning each
  };
  using Handler = Judgement (*)(ReaderSession&, const std::optional<Argument>&);

  std::string_view name;
  char letter;  // on the command line; ' ': none
  Value value;
  Repetition repetition;
  Concern concern;
  std::string_view subject;  // of a foreign one: "DNS"; of an unsupported one: what to do
  Handler handler;
};

std::span<const Directive> all_directives();
const Directive* find_directive(std::string_view name);
const Directive* find_directive_by_letter(char letter);

// As getopt_long does: the whole name, or a beginning that only one directive has.
const Directive* find_directive_by_beginning(std::string_view beginning);

// The directive that a misspelt name most likely means; empty when none is near.
std::string_view nearest_directive(std::string_view name);

}  // namespace pxeproof::server
