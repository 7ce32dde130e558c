// The little of Unicode that splitting texts takes.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace isojoule {

// Errors: parse (no UTF-8, with the byte's number). `name` is for messages.
Result<std::u32string> code_points(std::string_view utf8, const std::string& name);
// Code points that are none (surrogates, beyond 10FFFF) are left out.
std::string utf8_of(std::u32string_view text);

bool is_space(char32_t c);        // tab, line ends and the categories Zs, Zl, Zp
bool is_control(char32_t c);      // categories Cc and Cf, but none of the above
bool is_punctuation(char32_t c);  // category P*, and ASCII's that is no letter, digit or space
bool is_ideograph(char32_t c);    // the CJK ideographs, which are words of one character each

// Lower case, character by character, then without accents: decomposed (NFD), and what is left of
// category Mn goes.
std::u32string lowercase_without_accents(std::u32string_view text);

}  // namespace isojoule
