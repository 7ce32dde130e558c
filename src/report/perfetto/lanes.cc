#include "report/perfetto/lanes.h"

#include <algorithm>
#include <numeric>

namespace isojoule::perfetto {
namespace {

struct Lane {
  std::vector<std::size_t> slices;
  std::vector<std::int64_t> open_ends;  // the innermost last

  bool fits(std::int64_t begin_ns, std::int64_t end_ns) {
    while (!open_ends.empty() && open_ends.back() <= begin_ns) open_ends.pop_back();
    return open_ends.empty() || end_ns <= open_ends.back();
  }
};

}  // namespace

std::vector<std::vector<std::size_t>> lanes_of(const std::vector<Slice>& slices) {
  std::vector<std::size_t> order(slices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (slices[a].begin_ns != slices[b].begin_ns) return slices[a].begin_ns < slices[b].begin_ns;
    return slices[a].end_ns > slices[b].end_ns;
  });
  std::vector<Lane> lanes;
  for (const std::size_t i : order) {
    const std::int64_t begin = slices[i].begin_ns, end = std::max(begin, slices[i].end_ns);
    auto lane = std::find_if(lanes.begin(), lanes.end(),
                             [&](Lane& candidate) { return candidate.fits(begin, end); });
    if (lane == lanes.end()) lane = lanes.insert(lanes.end(), Lane{});
    lane->slices.push_back(i);
    lane->open_ends.push_back(end);
  }
  std::vector<std::vector<std::size_t>> result;
  for (Lane& lane : lanes) result.push_back(std::move(lane.slices));
  return result;
}

}  // namespace isojoule::perfetto
