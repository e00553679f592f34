#include "firmware/lzma.h"

#include <array>
#include <cstdint>
#include <vector>

namespace pxeproof::firmware {

namespace {

// The names are those of the LZMA specification (7-zip.org, lzma-specification.txt).
constexpr unsigned kLiteralContextBits = 3;
constexpr unsigned kPositionBits = 2;
constexpr std::uint16_t kHalf = 1024;  // a probability of one half, of 2048
constexpr std::uint32_t kTop = 1U << 24U;

using Probability = std::uint16_t;

// Reads decisions from the stream. Past its end it reads zeros and remembers.
class RangeDecoder {
 public:
  explicit RangeDecoder(ByteView stream) : stream_(stream) {
    for (int i = 0; i < 5; ++i) code_ = code_ << 8U | next();
  }

  bool overran() const { return overran_; }

  unsigned bit(Probability& probability) {
    const std::uint32_t bound = (range_ >> 11U) * probability;
    unsigned result = 0;
    if (code_ < bound) {
      range_ = bound;
      probability = static_cast<Probability>(probability + ((2048 - probability) >> 5U));
    } else {
      range_ -= bound;
      code_ -= bound;
      probability = static_cast<Probability>(probability - (probability >> 5U));
      result = 1;
    }
    normalise();
    return result;
  }

  std::uint32_t direct(unsigned bits) {
    std::uint32_t result = 0;
    for (unsigned i = 0; i < bits; ++i) {
      range_ >>= 1U;
      const std::uint32_t one = code_ >= range_ ? 1 : 0;
      if (one != 0) code_ -= range_;
      normalise();
      result = result << 1U | one;
    }
    return result;
  }

  std::uint32_t tree(Probability* probabilities, unsigned bits) {
    std::uint32_t symbol = 1;
    for (unsigned i = 0; i < bits; ++i) symbol = symbol << 1U | bit(probabilities[symbol]);
    return symbol - (1U << bits);
  }

  std::uint32_t reverse_tree(Probability* probabilities, unsigned bits) {
    std::uint32_t symbol = 1;
    std::uint32_t result = 0;
    for (unsigned i = 0; i < bits; ++i) {
      const unsigned one = bit(probabilities[symbol]);
      symbol = symbol << 1U | one;
      result |= one << i;
    }
    return result;
  }

 private:
  void normalise() {
    if (range_ >= kTop) return;
    range_ <<= 8U;
    code_ = code_ << 8U | next();
  }
  std::uint32_t next() {
    if (at_ < stream_.size()) return stream_[at_++];
    overran_ = true;
    return 0;
  }

  ByteView stream_;
  std::size_t at_ = 0;
  std::uint32_t range_ = 0xffffffff;
  std::uint32_t code_ = 0;
  bool overran_ = false;
};

template <std::size_t Count>
std::array<Probability, Count> halves() {
  std::array<Probability, Count> result;
  result.fill(kHalf);
  return result;
}

class LengthDecoder {
 public:
  std::uint32_t read(RangeDecoder& range, unsigned position_state) {
    if (range.bit(choice_) == 0) return range.tree(low_.data() + (position_state << 3U), 3);
    if (range.bit(choice2_) == 0) return 8 + range.tree(middle_.data() + (position_state << 3U), 3);
    return 16 + range.tree(high_.data(), 8);
  }

 private:
  Probability choice_ = kHalf;
  Probability choice2_ = kHalf;
  std::array<Probability, 8U << kPositionBits> low_ = halves<8U << kPositionBits>();
  std::array<Probability, 8U << kPositionBits> middle_ = halves<8U << kPositionBits>();
  std::array<Probability, 256> high_ = halves<256>();
};

class Decoder {
 public:
  Decoder(ByteView stream, std::size_t size) : range_(stream), size_(size) {}

  std::optional<Bytes> run() {
    while (result_.size() < size_) {
      if (range_.overran() || !step()) return std::nullopt;
    }
    if (range_.overran()) return std::nullopt;
    return std::move(result_);
  }

 private:
  // One literal or one match; false when the stream is none.
  bool step() {
    const unsigned position = static_cast<unsigned>(result_.size()) & ((1U << kPositionBits) - 1);
    const unsigned slot = (state_ << 4U) + position;
    if (range_.bit(is_match_[slot]) == 0) {
      literal();
      return true;
    }
    std::uint32_t length = 0;
    if (range_.bit(is_repeat_[state_]) == 0) {
      repeats_ = {0, repeats_[0], repeats_[1], repeats_[2]};
      length = lengths_.read(range_, position);
      state_ = state_ < 7 ? 7 : 10;
      repeats_[0] = distance(length);
      if (repeats_[0] == 0xffffffff) return false;  // an end mark, and there is none
    } else {
      if (result_.empty()) return false;
      if (range_.bit(is_repeat0_[state_]) == 0) {
        if (range_.bit(is_repeat0_long_[slot]) == 0) {
          state_ = state_ < 7 ? 9 : 11;
          return copy(1);
        }
      } else {
        std::size_t which = 1;
        if (range_.bit(is_repeat1_[state_]) != 0) which = 2 + range_.bit(is_repeat2_[state_]);
        const std::uint32_t chosen = repeats_[which];
        for (; which > 0; --which) repeats_[which] = repeats_[which - 1];
        repeats_[0] = chosen;
      }
      length = repeat_lengths_.read(range_, position);
      state_ = state_ < 7 ? 8 : 11;
    }
    return copy(length + 2);
  }

  void literal() {
    const unsigned before = result_.empty() ? 0U : result_.back();
    Probability* const probabilities =
        literals_.data() + std::size_t{0x300} * (before >> (8U - kLiteralContextBits));
    std::uint32_t symbol = 1;
    if (state_ >= 7 && repeats_[0] < result_.size()) {
      std::uint32_t match = result_[result_.size() - repeats_[0] - 1];
      while (symbol < 0x100) {
        const std::uint32_t match_bit = match >> 7U & 1U;
        match <<= 1U;
        const unsigned bit = range_.bit(probabilities[((1 + match_bit) << 8U) + symbol]);
        symbol = symbol << 1U | bit;
        if (match_bit != bit) break;
      }
    }
    while (symbol < 0x100) symbol = symbol << 1U | range_.bit(probabilities[symbol]);
    result_.push_back(static_cast<std::uint8_t>(symbol));
    state_ = state_ < 4 ? 0 : state_ < 10 ? state_ - 3 : state_ - 6;
  }

  std::uint32_t distance(std::uint32_t length) {
    const std::uint32_t length_state = length < 3 ? length : 3;
    const std::uint32_t slot = range_.tree(slots_.data() + (length_state << 6U), 6);
    if (slot < 4) return slot;
    const unsigned direct_bits = (slot >> 1U) - 1;
    std::uint32_t result = (2U | (slot & 1U)) << direct_bits;
    if (slot < 14) {
      return result + range_.reverse_tree(near_.data() + result - slot, direct_bits);
    }
    result += range_.direct(direct_bits - 4) << 4U;
    return result + range_.reverse_tree(align_.data(), 4);
  }

  bool copy(std::uint32_t length) {
    if (repeats_[0] >= result_.size()) return false;
    for (; length > 0 && result_.size() < size_; --length) {
      result_.push_back(result_[result_.size() - repeats_[0] - 1]);
    }
    return true;
  }

  RangeDecoder range_;
  std::size_t size_;
  Bytes result_;
  unsigned state_ = 0;
  std::array<std::uint32_t, 4> repeats_{};
  std::array<Probability, 192> is_match_ = halves<192>();
  std::array<Probability, 12> is_repeat_ = halves<12>();
  std::array<Probability, 12> is_repeat0_ = halves<12>();
  std::array<Probability, 12> is_repeat1_ = halves<12>();
  std::array<Probability, 12> is_repeat2_ = halves<12>();
  std::array<Probability, 192> is_repeat0_long_ = halves<192>();
  std::array<Probability, 256> slots_ = halves<256>();
  std::array<Probability, 116> near_ = halves<116>();
  std::array<Probability, 16> align_ = halves<16>();
  std::vector<Probability> literals_ =
      std::vector<Probability>(std::size_t{0x300} << kLiteralContextBits, kHalf);
  LengthDecoder lengths_;
  LengthDecoder repeat_lengths_;
};

}  // namespace

std::optional<Bytes> unpack_lzma(ByteView stream, std::size_t size) {
  return Decoder(stream, size).run();
}

}  // namespace pxeproof::firmware
