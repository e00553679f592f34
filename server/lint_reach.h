#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/configuration.h"

namespace pxeproof::server {

// dnsmasq 2.90 takes a star at the end of a tag for a beginning in tag-if alone.
enum class Star { Literal, Beginning };

// The tags that some client can have: what a configuration sets, and what the server sets itself.
class SettableTags {
 public:
  explicit SettableTags(const Configuration& configuration);

  // Those that are set before the first tag-if is looked at.
  static SettableTags before_tag_ifs(const Configuration& configuration);

  void add(const std::vector<std::string>& tags) { tags_.insert(tags.begin(), tags.end()); }
  bool contains(std::string_view name, Star star) const;

 private:
  SettableTags() = default;

  std::set<std::string, std::less<>> tags_;
};

// The configuration without the lines that count for no client: those with a condition that never
// holds, and those that need a tag which only such lines set, or which for a tag-if only later ones
// set.
Configuration without_dead_lines(const Configuration& configuration);

}  // namespace pxeproof::server
