// The module's total as an expression over rails.
#include <algorithm>

#include "base/file_tree.h"
#include "board/board.h"

namespace isojoule {

Result<std::vector<std::string>> rails_of_total(const std::string& total) {
  std::vector<std::string> rails;
  for (std::size_t at = 0; at <= total.size();) {
    const std::size_t plus = std::min(total.find('+', at), total.size());
    const std::string rail = trimmed(total.substr(at, plus - at));
    at = plus + 1;
    if (rail.empty() || rail.find_first_of(" \t*/()") != std::string::npos)
      return fail(ErrorKind::invalid, "total '" + total + "' is not a sum of rails",
                  "Write for instance VDD_IN, or A + B + C");
    if (std::find(rails.begin(), rails.end(), rail) != rails.end())
      return fail(ErrorKind::invalid, "total '" + total + "' has " + rail + " twice");
    rails.push_back(rail);
  }
  return rails;
}

}  // namespace isojoule
