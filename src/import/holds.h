// What must hold of a reader whatever bytes it gets: for fuzzing, and for the tests that read the
// kept corpora.
#pragma once

#include <string>
#include <string_view>

namespace isojoule {

// "", or what does not hold. An error of the reader is no fault; a different answer where the same
// bytes come in other pieces is one, as are times that do not ascend and columns of unequal length.
std::string import_holds(std::string_view format, std::string_view bytes);

namespace spl {
// "", or the line of which the fast way says another thing than the careful way.
std::string fast_agrees(std::string_view text);
}  // namespace spl

}  // namespace isojoule
