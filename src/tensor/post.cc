#include "tensor/post.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "tensor/post_tasks.h"

namespace isojoule {
namespace {

bool fits(Outputs outputs, PostTask task) {
  switch (task) {
    case PostTask::classification: return fits_classification(outputs);
    case PostTask::detection: return fits_detection(outputs);
    case PostTask::yolo: return fits_yolo(outputs);
    case PostTask::segmentation: return fits_segmentation(outputs);
    case PostTask::text: return fits_text(outputs);
    case PostTask::automatic:
    case PostTask::none: break;
  }
  return true;
}

// What can be done on outputs need not be what they are for: 21 planes may be classes or a head.
bool speaks_for(Outputs outputs, PostTask task) {
  constexpr std::int64_t least_side = 16;  // of a mask; smaller planes are features
  const auto& first = outputs[0].spec.shape;
  switch (task) {
    case PostTask::classification: return outputs.size() == 1;
    case PostTask::yolo:
      return std::any_of(outputs.begin(), outputs.end(), [&first](const Tensor& output) {
        return output.spec.shape[3] != first[3];
      });
    case PostTask::segmentation:
      return first[2] >= least_side && first[3] >= least_side &&
             std::all_of(outputs.begin(), outputs.end(),
                         [&first](const Tensor& output) { return output.spec.shape == first; });
    default: return true;
  }
}

// An engine's outputs are its word; a shape that lies about the data would be read beyond its end.
Status check_data(Outputs outputs) {
  for (const Tensor& output : outputs) {
    const auto count = element_count(output.spec.shape);
    if (!count || output.data.size() != *count * size_of(output.spec.type))
      return fail(ErrorKind::invalid, output_words({&output, 1}) + " has " +
                                          std::to_string(output.data.size()) +
                                          " bytes, not what its shape takes");
  }
  return {};
}

Status run(PostTask task, Outputs outputs, const PostOptions& options, PostResult& result) {
  switch (task) {
    case PostTask::classification: return classify(outputs, options, result);
    case PostTask::detection: return detect(outputs, options, result);
    case PostTask::yolo: return decode_yolo(outputs, options, result);
    case PostTask::segmentation: return segment(outputs, options, result);
    case PostTask::text: return pool_text(outputs, options, result);
    case PostTask::automatic:
    case PostTask::none: break;
  }
  return {};
}

}  // namespace

std::string output_words(Outputs outputs) {
  std::vector<std::string> words;
  for (const Tensor& output : outputs)
    words.push_back("output '" + output.spec.name + "' (" + shape_words(output.spec.shape) + ", " +
                    std::string(name_of(output.spec.type)) + ")");
  return words.empty() ? "no output" : join(words, ", ");
}

void softmax(std::span<float> values) {
  if (values.empty()) return;
  const float largest = *std::max_element(values.begin(), values.end());
  float sum = 0;
  for (float& value : values) sum += value = std::exp(value - largest);
  for (float& value : values) value /= sum;
}

PostTask find_task(std::span<const Tensor> outputs) {
  for (const PostTask task : {PostTask::classification, PostTask::detection, PostTask::yolo,
                              PostTask::segmentation, PostTask::text})
    if (fits(outputs, task) && speaks_for(outputs, task)) return task;
  return PostTask::none;
}

Result<PostResult> post_process(std::span<const Tensor> outputs, const PostOptions& options) {
  ISOJOULE_CHECK(check_data(outputs));
  PostResult result;
  result.task = options.task == PostTask::automatic ? find_task(outputs) : options.task;
  // Names say more than shapes: with them detection looks for itself.
  const bool named = !options.boxes.empty() || !options.scores.empty();
  if (!(named && result.task == PostTask::detection) && !fits(outputs, result.task))
    return fail(ErrorKind::invalid,
                "post.task=" + std::string(name_of(result.task)) + " cannot be done on " +
                    output_words(outputs),
                "Choose another post.task, or none");
  ISOJOULE_CHECK(run(result.task, outputs, options, result));
  return result;
}

}  // namespace isojoule
