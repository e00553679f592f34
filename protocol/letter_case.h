#pragma once

#include <string>
#include <string_view>

namespace pxeproof {

// Only the letters of ASCII have a case in protocols and names of files; every other octet stays.
constexpr char to_lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}
std::string lower_case(std::string_view text);
bool same_without_case(std::string_view left, std::string_view right);

}  // namespace pxeproof
