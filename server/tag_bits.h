#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/configuration.h"

namespace pxeproof::server {

// A tag name as a small number, so that a packet's tags are bits.
using TagId = std::uint16_t;

// The tag names that a configuration and its interfaces can set or ask for.
class TagNames {
 public:
  TagId intern(std::string_view name);
  std::optional<TagId> find(std::string_view name) const;
  std::size_t size() const { return names_.size(); }
  const std::string& name(TagId id) const { return names_[id]; }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, TagId> ids_;
};

// The tags that one request has.
class TagBits {
 public:
  // Empties the set and makes room for the given number of names; the capacity is reused.
  void reset(std::size_t names);
  void set(TagId id) { words_[id / 64U] |= std::uint64_t{1} << (id % 64U); }
  bool test(TagId id) const { return (words_[id / 64U] >> (id % 64U) & 1U) != 0; }

 private:
  std::vector<std::uint64_t> words_;
};

// Tag conditions ready for use: all of them hold.
class TagFilter {
 public:
  TagFilter() = default;

  // What a '*' at the end of a name is: a part of it, or any tail.
  enum class Star { Letter, AnyTail };

  // Every name of the conditions must have been interned; with AnyTail a name ending in '*' stands
  // for all names interned so far that begin with the rest.
  TagFilter(const std::vector<TagCondition>& conditions, const TagNames& names,
            Star star = Star::Letter);

  bool holds(const TagBits& tags) const;
  bool is_empty() const { return terms_.empty(); }

 private:
  struct Term {
    std::vector<TagId> any_of;
    bool negated = false;
  };
  std::vector<Term> terms_;
};

// dnsmasq asks for tags in two ways: a directive without conditions either never holds or always.
enum class Untagged { Refused, Accepted };
bool holds(const TagFilter& filter, const TagBits& tags, Untagged untagged);

}  // namespace pxeproof::server
