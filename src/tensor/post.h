// What an application does with a network's outputs: the most likely classes, the boxes that stay,
// the mask, the sentence's vector. The options' meaning for people stands in docs/inputs.md.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace isojoule {

enum class PostTask : std::uint8_t {
  automatic,  // by the outputs' shapes, see find_task()
  none,
  classification,  // the first output [B,C]: softmax, the best `top` classes
  detection,       // boxes [B,N,4] and scores [B,C,N] or [B,N,C]: overlaps removed by class
  yolo,            // heads [B,A*(5+C),H,W]: boxes from anchors, overlaps removed by class
  segmentation,    // [B,C,H,W]: the best class of every pixel
  text,            // [B,T,H]: the mean of the tokens' vectors
};
std::string_view name_of(PostTask task);  // "auto", "none", "classification", ...

struct PostOptions {
  PostTask task = PostTask::automatic;
  std::int64_t top = 5;
  double score = 0.25;            // boxes below it are dropped
  double overlap = 0.45;          // intersection over union above which the weaker box is dropped
  std::int64_t most_boxes = 100;  // an image, the best ones
  bool softmax = true;            // off: the scores are probabilities already
  std::int64_t background = -1;   // a class that is no object (SSD: 0); -1: none
  // Names of outputs; empty: found by shape.
  std::string boxes, scores;
  bool centre_boxes = false;  // boxes are (centre x, centre y, width, height), not two corners
  // yolo: pairs of width and height in pixels of the input, three a head, the coarsest head first;
  // empty: those of yolov4-tiny. Width of the input in pixels; 0: 32 times the coarsest head's.
  std::vector<double> anchors;
  std::int64_t size = 0;
  double scale_xy = 1.05;
  bool operator==(const PostOptions&) const = default;
};
// Takes the keys that begin with "post." out of `options`. Errors: not_found (an unknown "post."
// key, with the nearest), invalid (a value).
Result<PostOptions> take_post_options(std::map<std::string, std::string>& options);

struct ScoredClass {
  std::int64_t index = 0;
  double score = 0;
  bool operator==(const ScoredClass&) const = default;
};

struct Box {  // corners, in the units of the model's outputs (yolo: 0..1 of the input)
  double left = 0, top = 0, right = 0, bottom = 0;
  bool operator==(const Box&) const = default;
};

struct Detection {
  Box box;
  std::int64_t index = 0;  // of the class
  double score = 0;
  bool operator==(const Detection&) const = default;
};

struct PostResult {
  PostTask task = PostTask::none;                            // what was done, never `automatic`
  std::vector<std::vector<ScoredClass>> classes;             // by image, the best first
  std::vector<std::vector<Detection>> detections;            // by image, the best first
  std::vector<std::map<std::int64_t, std::int64_t>> pixels;  // by image: class -> pixels
  std::vector<Tensor> tensors;                 // segmentation: "mask" [B,H,W]; text: "pooled" [B,H]
  std::map<std::string, std::int64_t> counts;  // "images", "detections", "candidates", "classes"
  std::string words;                           // of the first image: "class 281 (43.1 %), ..."
};

// The task that the outputs' shapes speak for, the first of:
//   [B,C] or [B,C,1,1] alone, C >= 2                          classification
//   [B,N,4] or [B,N,1,4], and [B,N,C] or [B,C,N]              detection
//   two or more [B,3*(5+C),H,W], the sides of each a multiple of the smallest's    yolo
//   [B,C,H,W], 2 <= C <= 256, H and W >= 16, all of one shape  segmentation
//   [B,T,H] first                                             text
// and none for everything else.
PostTask find_task(std::span<const Tensor> outputs);

// Errors: invalid (outputs that the task cannot be done on, with their shapes; a name that no
// output has).
Result<PostResult> post_process(std::span<const Tensor> outputs, const PostOptions& options);

}  // namespace isojoule
