// Texts that look English and mean nothing.
#pragma once

#include <cstdint>
#include <string>

namespace isojoule {

// Exactly `words` words in sentences of 5 to 20, drawn from the built-in list so that the most
// common come most often. The same for a seed on every machine.
std::string made_up_text(std::uint64_t seed, std::int64_t words);

}  // namespace isojoule
