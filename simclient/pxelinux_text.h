#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pxeproof::rom {

// How pxelinux takes lines apart. White space is the space and every control character.

bool is_pxelinux_space(char c);

std::string_view skip_space(std::string_view text);

// The text up to the first white space.
std::string_view first_word(std::string_view text);

// What follows the first word and the white space behind it.
std::string_view after_first_word(std::string_view text);

// What follows a keyword (lower case here, any case in the text) that ends at white space or at the
// end; nullopt when the text begins otherwise.
std::optional<std::string_view> looking_at(std::string_view text, std::string_view keyword);

// C's atoi: white space, a sign, digits; 0 when there are none. Saturates instead of wrapping.
std::int64_t decimal_prefix(std::string_view text);

// C's strtoul with base 0: 0x for hexadecimal, a leading 0 for octal. Saturates.
std::uint32_t number_prefix(std::string_view text);

}  // namespace pxeproof::rom
