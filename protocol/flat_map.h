#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace pxeproof {

// Mixes a number with a secret, so that nobody outside can aim at one bucket (splitmix64's final
// steps).
constexpr std::uint64_t mix(std::uint64_t secret, std::uint64_t number) {
  std::uint64_t mixed = secret ^ number;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
}

// A small value for each of many numbers, all in one array that is at most half full: what is
// looked up for each packet of thousands of clients is found with one access to memory, where a
// table of nodes takes several. Pointers to values hold until the next change.
template <typename Value>
class FlatMap {
 public:
  // The key that no entry may have.
  static constexpr std::uint64_t kNoKey = ~std::uint64_t{0};

  explicit FlatMap(std::uint64_t secret = 0) : secret_(secret) {}

  std::size_t size() const { return size_; }

  // nullptr when the key has no value.
  const Value* find(std::uint64_t key) const {
    if (places_.empty()) return nullptr;
    const Place& place = places_[place_of(key)];
    return place.key == key ? &place.value : nullptr;
  }
  Value* find(std::uint64_t key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

  // False when the key has a value already, which stays.
  bool insert(std::uint64_t key, Value value) {
    assert(key != kNoKey);
    if ((size_ + 1) * 2 > places_.size()) grow();
    Place& place = places_[place_of(key)];
    if (place.key == key) return false;
    place = {key, std::move(value)};
    ++size_;
    return true;
  }

  // False when there was none.
  bool erase(std::uint64_t key) {
    if (places_.empty()) return false;
    std::size_t hole = place_of(key);
    if (places_[hole].key != key) return false;
    // What stands behind it and would not be found across the hole moves into it.
    for (std::size_t at = next(hole); places_[at].key != kNoKey; at = next(at)) {
      const std::size_t home = home_of(places_[at].key);
      const bool is_reached_without_hole =
          hole < at ? hole < home && home <= at : hole < home || home <= at;
      if (is_reached_without_hole) continue;
      places_[hole] = std::move(places_[at]);
      hole = at;
    }
    places_[hole] = {};
    --size_;
    return true;
  }

 private:
  struct Place {
    std::uint64_t key = kNoKey;
    Value value{};
  };
  static constexpr std::size_t kFewest = 16;  // a power of two

  std::size_t home_of(std::uint64_t key) const {
    return static_cast<std::size_t>(mix(secret_, key)) & (places_.size() - 1);
  }
  std::size_t next(std::size_t at) const { return (at + 1) & (places_.size() - 1); }
  // Where the key stands or, if it does not, where it would.
  std::size_t place_of(std::uint64_t key) const {
    std::size_t at = home_of(key);
    while (places_[at].key != key && places_[at].key != kNoKey) at = next(at);
    return at;
  }
  void grow() {
    std::vector<Place> before(places_.empty() ? kFewest : places_.size() * 2);
    before.swap(places_);
    for (Place& place : before) {
      if (place.key != kNoKey) places_[place_of(place.key)] = std::move(place);
    }
  }

  std::uint64_t secret_;
  std::vector<Place> places_;  // a power of two of them
  std::size_t size_ = 0;
};

}  // namespace pxeproof
