#include "import/window_reader.h"

#include <algorithm>

namespace isojoule::import {

Result<bool> WindowReader::do_next(std::vector<Channel>& block) {
  block.clear();
  if (done_) return false;
  ISOJOULE_TRY(std::string_view text, blocks_->next());
  if (!text.empty()) {
    while (!text.empty()) do_take(take_line(text), false);
    return true;
  }
  done_ = true;
  if (!blocks_->rest().empty()) do_take(blocks_->rest(), true);
  const auto paired = pairs_.take(counters_);
  windows_.insert(windows_.end(), paired.begin(), paired.end());
  std::stable_sort(windows_.begin(), windows_.end(),
                   [](const Window& a, const Window& b) { return a.begin < b.begin; });
  return false;
}

}  // namespace isojoule::import
