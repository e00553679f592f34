#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::rom {

struct GrubCode;

// A part of a word: text as it stands, or a variable. Quoted: it makes a word even when empty, and
// a variable's value is not split at blanks.
struct GrubPiece {
  enum class Kind { Text, Variable } kind = Kind::Text;
  enum class Quotes { None, Quoted } quotes = Quotes::None;
  std::string text{};  // the text, or the variable's name
};
using GrubWord = std::vector<GrubPiece>;

// One step of a script. Control flow is compiled into jumps.
struct GrubInstruction {
  enum class Kind {
    Command,         // words, and a block for menuentry and the like
    Jump,            // to target
    JumpUnlessTrue,  // to target, if the last command failed
    JumpIfTrue,
    BeginLoop,  // words: the values of `for`; target: behind the loop
    NextValue,  // the next value into the variable `name`, or behind the loop
    EndLoop,
    Define,       // the function `name`
    SyntaxError,  // the rest of that line is passed over
  };
  Kind kind = Kind::Command;
  std::vector<GrubWord> words{};
  std::size_t target = 0;
  std::string name{};
  std::shared_ptr<const GrubCode> block{};
};

// A script, or the block of a menu entry or function, ready to run.
struct GrubCode {
  std::vector<GrubInstruction> instructions;
};

struct GrubScriptLimits {
  std::size_t nesting = 64;  // blocks inside blocks
};

// Parses a script of GRUB 2 line by line, as GRUB does: a line that is wrong spoils its own
// statement and no other.
std::shared_ptr<const GrubCode> parse_grub_script(std::string_view text,
                                                  const GrubScriptLimits& limits = {});

}  // namespace pxeproof::rom
