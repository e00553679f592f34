#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/case.h"
#include "protocol/result.h"

namespace pxeproof::conformance {

// Which cases are meant. A word names a group (TOPT), an id (TOPT-11), a slug (tsize-over-4gib), a
// clause (rfc7440, rfc2347/negotiation), a level (level=must) or a client (quirk=edk2); with '!'
// before it, it leaves them out. A case is chosen when one of the words is about it, or none names
// any, and no exclusion is.
class Filter {
 public:
  // The error says which word means nothing.
  static Result<Filter, std::string> parse(const std::vector<std::string>& words);

  bool matches(const Case& subject) const;

 private:
  std::vector<std::string> wanted_;
  std::vector<std::string> excluded_;
};

// The cases of the catalogue that a filter chooses, in order.
std::vector<const Case*> choose(const Filter& filter);

}  // namespace pxeproof::conformance
