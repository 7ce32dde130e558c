// Heads of YOLO v3 and v4: each cell of a grid says, for each of three anchors, where a box is
// (t_x, t_y, t_w, t_h), whether there is one, and of which class. J. Redmon, A. Farhadi, "YOLOv3:
// An Incremental Improvement" (2018), section 2.1; scale_xy: A. Bochkovskiy et al., "YOLOv4"
// (2020), section 3.4 ("eliminate grid sensitivity").
#include <algorithm>
#include <array>
#include <cmath>

#include "tensor/elements.h"
#include "tensor/post_tasks.h"

namespace isojoule {
namespace {

constexpr std::int64_t kAnchors = 3;  // a cell
constexpr std::int64_t kBefore = 5;   // t_x, t_y, t_w, t_h, whether

// yolov4-tiny.cfg of AlexeyAB/darknet: masks 3,4,5 at the coarse head, and 1,2,3 at the fine one
// (not 0,1,2: so it was trained).
constexpr std::array<double, 12> kTinyAnchors = {81, 82, 135, 169, 344, 319,
                                                 23, 27, 37,  58,  81,  82};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct Head {
  std::vector<float> values;
  std::size_t height = 0, width = 0, classes = 0;
  const double* anchors = nullptr;

  double at(std::size_t image, std::size_t anchor, std::size_t channel, std::size_t cell) const {
    const std::size_t channels = kBefore + classes;
    return values[((image * kAnchors + anchor) * channels + channel) * height * width + cell];
  }
};

bool is_head(const Tensor& tensor) {
  const auto& shape = tensor.spec.shape;
  return shape.size() == 4 && shape[0] >= 1 && shape[1] > kAnchors * kBefore &&
         shape[1] % kAnchors == 0 && shape[2] >= 1 && shape[3] >= 1;
}

// The coarsest first, as anchors are given.
std::vector<const Tensor*> sorted_heads(Outputs outputs) {
  std::vector<const Tensor*> heads;
  for (const Tensor& output : outputs) heads.push_back(&output);
  std::stable_sort(heads.begin(), heads.end(), [](const Tensor* a, const Tensor* b) {
    return a->spec.shape[3] < b->spec.shape[3];
  });
  return heads;
}

struct Size {
  double width = 0, height = 0;  // of the input, in pixels
};

void add_cell(const Head& head, const Size& input, const PostOptions& options, std::size_t image,
              std::size_t cell, std::vector<Detection>& candidates) {
  for (std::size_t anchor = 0; anchor < static_cast<std::size_t>(kAnchors); ++anchor) {
    const double whether = sigmoid(head.at(image, anchor, 4, cell));
    if (!(whether >= options.score)) continue;
    const auto place = [&](std::size_t channel, std::size_t index, std::size_t cells) {
      const double within = sigmoid(head.at(image, anchor, channel, cell)) * options.scale_xy -
                            (options.scale_xy - 1) / 2;
      return (static_cast<double>(index) + within) / static_cast<double>(cells);
    };
    const double x = place(0, cell % head.width, head.width);
    const double y = place(1, cell / head.width, head.height);
    // Beyond e^10 times an anchor a box is none; without the limit untrained weights give
    // infinities.
    const double w = std::exp(std::min(head.at(image, anchor, 2, cell), 10.0)) *
                     head.anchors[2 * anchor] / input.width;
    const double h = std::exp(std::min(head.at(image, anchor, 3, cell), 10.0)) *
                     head.anchors[2 * anchor + 1] / input.height;
    for (std::size_t c = 0; c < head.classes; ++c) {
      const double score = whether * sigmoid(head.at(image, anchor, kBefore + c, cell));
      if (score >= options.score)
        candidates.push_back(
            {{x - w / 2, y - h / 2, x + w / 2, y + h / 2}, static_cast<std::int64_t>(c), score});
    }
  }
}

Result<std::vector<double>> anchors_of(const PostOptions& options, std::size_t heads) {
  if (options.anchors.empty() && heads == 2)
    return std::vector<double>(kTinyAnchors.begin(), kTinyAnchors.end());
  const std::size_t needed = heads * kAnchors * 2;
  if (options.anchors.size() == needed) return options.anchors;
  return fail(ErrorKind::invalid,
              "post.anchors has " + std::to_string(options.anchors.size()) + " numbers, " +
                  std::to_string(heads) + " heads take " + std::to_string(needed),
              "Give width and height of three anchors a head, the coarsest head first");
}

}  // namespace

bool fits_yolo(Outputs outputs) {
  if (outputs.empty() || !std::all_of(outputs.begin(), outputs.end(), is_head)) return false;
  const auto heads = sorted_heads(outputs);
  const auto& coarsest = heads[0]->spec.shape;
  return std::all_of(heads.begin(), heads.end(), [&coarsest](const Tensor* head) {
    const auto& shape = head->spec.shape;
    return shape[0] == coarsest[0] && shape[1] == coarsest[1] && shape[2] % coarsest[2] == 0 &&
           shape[3] % coarsest[3] == 0;
  });
}

Status decode_yolo(Outputs outputs, const PostOptions& options, PostResult& result) {
  const auto sorted = sorted_heads(outputs);
  ISOJOULE_TRY(const std::vector<double> anchors, anchors_of(options, sorted.size()));
  std::vector<Head> heads;
  for (const Tensor* output : sorted) {
    const auto& shape = output->spec.shape;
    heads.push_back({float_values(*output), static_cast<std::size_t>(shape[2]),
                     static_cast<std::size_t>(shape[3]),
                     static_cast<std::size_t>(shape[1] / kAnchors - kBefore),
                     anchors.data() + heads.size() * kAnchors * 2});
  }
  constexpr double stride = 32;  // of the coarsest head
  Size input{static_cast<double>(options.size), 0};
  if (options.size == 0) input.width = stride * static_cast<double>(heads[0].width);
  input.height =
      input.width * static_cast<double>(heads[0].height) / static_cast<double>(heads[0].width);
  for (std::size_t image = 0; image < static_cast<std::size_t>(sorted[0]->spec.shape[0]); ++image) {
    std::vector<Detection> candidates;
    for (const Head& head : heads)
      for (std::size_t cell = 0; cell < head.width * head.height; ++cell)
        add_cell(head, input, options, image, cell, candidates);
    add_detections(std::move(candidates), options, result);
  }
  return {};
}

}  // namespace isojoule
