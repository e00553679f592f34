#include "live/screen.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace pxeproof::live {
namespace {

constexpr std::uint8_t kWhiteOnBlue = 0x17;
constexpr std::size_t kMaximumHeader = 64;  // of a PPM file
constexpr std::string_view kName = "Memtest86+";

using Colour = std::array<std::uint8_t, 3>;
constexpr Colour kBlue{0x00, 0x00, 0xaa};
constexpr Colour kGrey{0xaa, 0xaa, 0xaa};
constexpr Colour kRed{0xaa, 0x00, 0x00};

// The next word of a PPM header; a single white space ends it.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of(" \n\t\r"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::size_t to_number(std::string_view word) {
  std::size_t number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

}  // namespace

std::string TextScreen::row(std::size_t number) const {
  std::string text;
  for (std::size_t column = 0; column < kColumns; ++column) {
    const std::uint8_t letter = cells_[(number * kColumns + column) * 2];
    text += letter >= 0x20 && letter < 0x7f ? static_cast<char>(letter) : ' ';
  }
  text.resize(text.find_last_not_of(' ') + 1);
  return text;
}

std::vector<std::string> TextScreen::rows() const {
  std::vector<std::string> rows;
  for (std::size_t number = 0; number < kRows; ++number) {
    if (std::string text = row(number); !text.empty()) {
      rows.push_back(std::move(text));
    }
  }
  return rows;
}

bool TextScreen::shows_memtest() const {
  std::size_t blue = 0;
  for (std::size_t cell = kColumns; cell < kRows * kColumns; ++cell) {
    blue += cells_[cell * 2 + 1] == kWhiteOnBlue ? 1U : 0U;
  }
  return row(0).find(kName) != std::string::npos && blue > kRows * kColumns / 2;
}

std::optional<Picture> Picture::read(ByteView ppm) {
  const std::string header = as_text(ppm.first(std::min(ppm.size(), kMaximumHeader)));
  std::string_view rest(header);
  if (take_word(rest) != "P6") {
    return std::nullopt;
  }
  Picture picture;
  picture.width = to_number(take_word(rest));
  picture.height = to_number(take_word(rest));
  const bool has_octet_colours = take_word(rest) == "255";
  const ByteView pixels = ppm.subspan(header.size() - rest.size());
  if (!has_octet_colours || picture.width == 0 || picture.height == 0 ||
      pixels.size() / 3 / picture.width != picture.height) {
    return std::nullopt;
  }
  picture.pixels.assign(pixels.begin(), pixels.end());
  return picture;
}

bool Picture::shows_memtest() const {
  std::size_t blue = 0;
  std::size_t grey = 0;
  std::size_t red = 0;
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    const Colour colour{pixels[i], pixels[i + 1], pixels[i + 2]};
    blue += colour == kBlue ? 1U : 0U;
    grey += colour == kGrey ? 1U : 0U;
    red += colour == kRed ? 1U : 0U;
  }
  const std::size_t all = width * height;
  return blue * 2 > all && grey * 100 > all && red > 0 && red * 100 < all;
}

}  // namespace pxeproof::live
