// Words on a terminal: their width, and names of others that it shows and does not obey.
#pragma once

#include <cstddef>
#include <string>

namespace isojoule {

// Characters; each is taken to be one column wide.
std::size_t width_of(const std::string& text);
// A name of others, as one that a terminal shows and does not obey: a '?' stands for each control
// character, for marks that turn the direction, and without `utf8` for what is not ASCII.
std::string harmless(const std::string& name, bool utf8);
// Exactly so many characters.
std::string fitted(std::string text, std::size_t width, bool to_the_right = false);
std::string cut_to(const std::string& text, int columns);  // at most so many

}  // namespace isojoule
