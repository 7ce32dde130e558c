// What must hold for any bytes whatever, for fuzzing and for the tests that run the kept corpora.
#pragma once

#include <string_view>

namespace isojoule {

// Each is false where a reader breaks its promise: it refuses with a kind of error that it does not
// name, or what it read does not come back when it is written.
bool npy_holds(std::string_view bytes);
bool vocabulary_holds(std::string_view text);  // first as a vocabulary, then as a text
bool image_holds(std::string_view bytes);

}  // namespace isojoule
