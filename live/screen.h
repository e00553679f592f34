#pragma once

#include <string>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::live {

// The VGA text page of a PC: 25 rows of 80 cells, each a character and its colours.
class TextScreen {
 public:
  static constexpr std::uint64_t kAddress = 0xb8000;
  static constexpr std::size_t kRows = 25;
  static constexpr std::size_t kColumns = 80;
  static constexpr std::size_t kSize = kRows * kColumns * 2;

  explicit TextScreen(Bytes cells) : cells_(std::move(cells)) { cells_.resize(kSize); }

  // A row without trailing blanks; what is not ASCII is a blank.
  std::string row(std::size_t number) const;

  // The rows that hold anything.
  std::vector<std::string> rows() const;

  // Memtest86+ has drawn itself: its name in the first row, white on blue below. A boot loader's
  // menu may hold the name, too, but not there and in these colours.
  bool shows_memtest() const;

 private:
  Bytes cells_;
};

// A picture as QEMU writes it (binary PPM); nothing when it is cut or of another kind.
struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  Bytes pixels;  // three octets each

  static std::optional<Picture> read(ByteView ppm);

  // Memtest86+ on a UEFI machine: most of the screen in its blue, its text in grey, and the red "+"
  // of its name.
  bool shows_memtest() const;
};

}  // namespace pxeproof::live
