// Boxes that say the same thing: only the best of them stays.
#pragma once

#include <vector>

#include "tensor/post.h"

namespace isojoule {

// Intersection over union, 0..1; 0 where both are empty.
double overlap_of(const Box& a, const Box& b);

// By class, the best first: a box that overlaps a kept one of its class by more than `overlap`
// goes. The result is sorted by score (equal ones by class, then as they came) and has at most
// `most`.
std::vector<Detection> without_overlaps(std::vector<Detection> detections, double overlap,
                                        std::size_t most);

}  // namespace isojoule
