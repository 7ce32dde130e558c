// The tasks of post.h, one function each.
#pragma once

#include <span>

#include "tensor/post.h"

namespace isojoule {

using Outputs = std::span<const Tensor>;

bool fits_classification(Outputs outputs);
bool fits_detection(Outputs outputs);
bool fits_yolo(Outputs outputs);
bool fits_segmentation(Outputs outputs);
bool fits_text(Outputs outputs);

// Each fills what belongs to its task. Errors: those of post_process().
Status classify(Outputs outputs, const PostOptions& options, PostResult& result);
Status detect(Outputs outputs, const PostOptions& options, PostResult& result);
Status decode_yolo(Outputs outputs, const PostOptions& options, PostResult& result);
Status segment(Outputs outputs, const PostOptions& options, PostResult& result);
Status pool_text(Outputs outputs, const PostOptions& options, PostResult& result);

// Removes overlaps, counts, and adds one image's detections.
void add_detections(std::vector<Detection> candidates, const PostOptions& options,
                    PostResult& result);

// e^x of each over their sum, safe for large values.
void softmax(std::span<float> values);
// "output 'logits' (1x1000, float32)", all of them joined by commas.
std::string output_words(Outputs outputs);

}  // namespace isojoule
