#pragma once

#include <string>
#include <utility>

namespace pxeproof::conformance {

// What a judge says of an observation. The texts are the same in every run: they hold no address,
// port, transaction or time, because baselines are compared with them.
struct Ruling {
  enum class Kind {
    GoOn,    // right so far
    Admit,   // the admissible answer of that name
    Loose,   // allowed, not preferred: the answer of that name
    Refuse,  // wrong; the text is what was seen
    Skip,    // the target does not offer this; the text says what
  };
  Kind kind = Kind::GoOn;
  std::string text{};
};

inline Ruling go_on() { return {}; }
inline Ruling admit(std::string name) { return {Ruling::Kind::Admit, std::move(name)}; }
inline Ruling loosely(std::string name) { return {Ruling::Kind::Loose, std::move(name)}; }
inline Ruling refuse(std::string seen) { return {Ruling::Kind::Refuse, std::move(seen)}; }
inline Ruling skip(std::string reason) { return {Ruling::Kind::Skip, std::move(reason)}; }

}  // namespace pxeproof::conformance
