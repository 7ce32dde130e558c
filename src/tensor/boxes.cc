#include "tensor/boxes.h"

#include <algorithm>
#include <map>

namespace isojoule {
namespace {

double area(const Box& box) {
  return std::max(0.0, box.right - box.left) * std::max(0.0, box.bottom - box.top);
}

}  // namespace

double overlap_of(const Box& a, const Box& b) {
  const double common = area({std::max(a.left, b.left), std::max(a.top, b.top),
                              std::min(a.right, b.right), std::min(a.bottom, b.bottom)});
  const double both = area(a) + area(b) - common;
  return both > 0 ? common / both : 0;
}

std::vector<Detection> without_overlaps(std::vector<Detection> detections, double overlap,
                                        std::size_t most) {
  std::stable_sort(detections.begin(), detections.end(),
                   [](const Detection& a, const Detection& b) {
                     return a.score != b.score ? a.score > b.score : a.index < b.index;
                   });
  std::vector<Detection> kept;
  std::map<std::int64_t, std::vector<Box>> by_class;
  for (const Detection& detection : detections) {
    if (kept.size() == most) break;
    auto& boxes = by_class[detection.index];
    const bool said = std::any_of(boxes.begin(), boxes.end(), [&](const Box& box) {
      return overlap_of(box, detection.box) > overlap;
    });
    if (said) continue;
    boxes.push_back(detection.box);
    kept.push_back(detection);
  }
  return kept;
}

}  // namespace isojoule
