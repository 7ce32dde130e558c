// Boxes and scores side by side, as SSD and its like put them out.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "tensor/boxes.h"
#include "tensor/elements.h"
#include "tensor/post_tasks.h"

namespace isojoule {
namespace {

// Boxes are [B,N,4] or [B,N,1,4].
bool is_boxes(const Tensor& tensor) {
  const auto& shape = tensor.spec.shape;
  const std::size_t rank = shape.size();
  return (rank == 3 || (rank == 4 && shape[2] == 1)) && shape.back() == 4 && shape[0] >= 1 &&
         shape[1] >= 1;
}

// Scores are [B,N,C] or [B,C,N].
bool is_scores(const Tensor& tensor, const Tensor& boxes) {
  const auto& shape = tensor.spec.shape;
  const std::int64_t count = boxes.spec.shape[1];
  return shape.size() == 3 && shape[0] == boxes.spec.shape[0] &&
         (shape[1] == count || shape[2] == count) && shape[1] >= 1 && shape[2] >= 1;
}

struct Pair {
  const Tensor* boxes = nullptr;
  const Tensor* scores = nullptr;
};

std::optional<Pair> find_pair(Outputs outputs) {
  for (const Tensor& boxes : outputs) {
    if (!is_boxes(boxes)) continue;
    for (const Tensor& scores : outputs)
      if (&scores != &boxes && is_scores(scores, boxes)) return Pair{&boxes, &scores};
  }
  return std::nullopt;
}

Result<const Tensor*> by_name(Outputs outputs, const std::string& key, const std::string& name) {
  std::vector<std::string> names;
  for (const Tensor& output : outputs) {
    if (output.spec.name == name) return &output;
    names.push_back(output.spec.name);
  }
  return fail(ErrorKind::invalid, "option " + key + "=" + name + " names no output of the model",
              unknown_name_remedy(name, names));
}

Result<Pair> choose_pair(Outputs outputs, const PostOptions& options) {
  Pair pair = find_pair(outputs).value_or(Pair());
  if (!options.boxes.empty()) {
    ISOJOULE_TRY(pair.boxes, by_name(outputs, "post.boxes", options.boxes));
  }
  if (!options.scores.empty()) {
    ISOJOULE_TRY(pair.scores, by_name(outputs, "post.scores", options.scores));
  }
  if (pair.boxes == nullptr || pair.scores == nullptr || !is_boxes(*pair.boxes) ||
      !is_scores(*pair.scores, *pair.boxes))
    return fail(ErrorKind::invalid,
                "no boxes [B,N,4] with scores [B,N,C] or [B,C,N] among " + output_words(outputs),
                "Name both with post.boxes and post.scores, or choose another post.task");
  return pair;
}

Box box_at(const float* values, bool centre) {
  const double a = values[0];
  const double b = values[1];
  const double c = values[2];
  const double d = values[3];
  return centre ? Box{a - c / 2, b - d / 2, a + c / 2, b + d / 2} : Box{a, b, c, d};
}

// The scores of one image, wherever its classes lie.
class ScoreTable {
 public:
  ScoreTable(const Tensor& scores, std::int64_t boxes)
      : values_(float_values(scores)), boxes_(static_cast<std::size_t>(boxes)) {
    const auto& shape = scores.spec.shape;
    // Where both could be, classes come last, as most exporters write them.
    classes_last_ = shape[1] == boxes;
    classes_ = static_cast<std::size_t>(classes_last_ ? shape[2] : shape[1]);
  }
  std::size_t classes() const { return classes_; }
  float at(std::size_t image, std::size_t box, std::size_t c) const {
    const std::size_t first = image * boxes_ * classes_;
    return values_[first + (classes_last_ ? box * classes_ + c : c * boxes_ + box)];
  }

 private:
  std::vector<float> values_;
  std::size_t boxes_, classes_ = 0;
  bool classes_last_ = true;
};

}  // namespace

bool fits_detection(Outputs outputs) { return find_pair(outputs).has_value(); }

void add_detections(std::vector<Detection> candidates, const PostOptions& options,
                    PostResult& result) {
  result.counts["images"] += 1;
  result.counts["candidates"] += static_cast<std::int64_t>(candidates.size());
  std::vector<Detection> kept = without_overlaps(std::move(candidates), options.overlap,
                                                 static_cast<std::size_t>(options.most_boxes));
  result.counts["detections"] += static_cast<std::int64_t>(kept.size());
  if (result.detections.empty()) {
    result.words = fmt::format("{} detections", kept.size());
    for (std::size_t i = 0; i < std::min<std::size_t>(kept.size(), 5); ++i)
      result.words += fmt::format("{}class {} ({:.1f} %)", i == 0 ? ": " : ", ", kept[i].index,
                                  kept[i].score * 100);
  }
  result.detections.push_back(std::move(kept));
}

Status detect(Outputs outputs, const PostOptions& options, PostResult& result) {
  ISOJOULE_TRY(const Pair pair, choose_pair(outputs, options));
  const std::vector<float> boxes = float_values(*pair.boxes);
  const auto count = static_cast<std::size_t>(pair.boxes->spec.shape[1]);
  const ScoreTable scores(*pair.scores, pair.boxes->spec.shape[1]);
  for (std::size_t image = 0; image < static_cast<std::size_t>(pair.boxes->spec.shape[0]);
       ++image) {
    std::vector<Detection> candidates;
    for (std::size_t box = 0; box < count; ++box) {
      for (std::size_t c = 0; c < scores.classes(); ++c) {
        const float score = scores.at(image, box, c);
        if (!(score >= options.score) || static_cast<std::int64_t>(c) == options.background)
          continue;
        candidates.push_back(
            {box_at(boxes.data() + (image * count + box) * 4, options.centre_boxes),
             static_cast<std::int64_t>(c), score});
      }
    }
    add_detections(std::move(candidates), options, result);
  }
  return {};
}

}  // namespace isojoule
