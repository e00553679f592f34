#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cli/faults/fault.h"
#include "cli/faults/fault_edits.h"
#include "cli/faults/fault_words.h"
#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/time.h"

namespace pxeproof::cli {

// Goes through the words of one fault in turn. The first thing that is wrong is kept; after it no
// word is left, so that the reading ends by itself.
class FaultCursor {
 public:
  explicit FaultCursor(const FaultSentence& sentence) : sentence_(sentence) {}

  const FaultSentence& sentence() const { return sentence_; }
  const std::optional<FaultSyntaxError>& error() const { return error_; }

  bool is_at_start() const { return at_ == 0; }
  bool is_over() const { return at_ == sentence_.words.size(); }
  const FaultWord& word() const;
  void step();
  bool is_next(std::string_view text) const;
  bool next_is_number(std::size_t ahead) const;
  bool take(std::string_view text);

  // About the next word, or a position counted from 1.
  void refuse(std::string problem);
  void refuse_at(std::size_t position, std::string problem);
  // The next word is none of those that may stand there.
  void refuse_unknown(std::string_view what, std::span<const std::string> known);

  // What is named "what" in the words of an error.
  std::string take_word(std::string_view what);
  std::uint64_t take_number(std::string_view what, std::uint64_t low, std::uint64_t high);
  Duration take_duration();  // "500ms", "2s"

  // The same of a text that is a part of the next word.
  std::uint64_t read_number(std::string_view text, std::string_view what, std::uint64_t low,
                            std::uint64_t high);
  Ipv4Address read_address(std::string_view text);
  Bytes read_octets(std::string_view text);
  OptionName read_option(std::string_view text);

 private:
  const FaultSentence& sentence_;
  std::size_t at_ = 0;
  std::optional<FaultSyntaxError> error_;
};

}  // namespace pxeproof::cli
