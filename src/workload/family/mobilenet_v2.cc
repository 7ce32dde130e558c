// MobileNet-V2: M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks",
// arXiv:1801.04381, table 2, over width and image size, as TF-slim's mobilenet_v2.py has it: the
// last convolution keeps its 1,280 channels below width 1; 1,001 classes. Normalisations are
// folded, which sets it apart from the zoo's mobilenet-v2 (torchvision's, 1,000 classes).
#include <fmt/format.h>

#include <algorithm>

#include "workload/family_entry.h"
#include "workload/family_name.h"
#include "workload/mobile_blocks.h"

namespace isojoule {
namespace {

constexpr NetworkFamily kMobileNetV2 = {
    .name = "mobilenet-v2",
    .pattern = "mobilenet-v2-WIDTH-SIZE[-quantized|-non-quantized]",
    .summary = "MobileNet-V2 over width and image size",
    .source = "Sandler et al. 2018, arXiv:1801.04381, as in TF-slim",
    .example = "mobilenet-v2-1.0-224"};

struct V2Stage {  // a row of the paper's table 2
  std::int64_t expansion;
  double channels;
  std::int64_t repeats, stride;
};
constexpr V2Stage kV2Stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                 {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

void build_mobilenet_v2(GraphBuilder& graph, double width, std::int64_t size) {
  GraphValue x = graph.input("input", {3, size, size});
  x = mobile_conv(graph, x, "conv",
                  {.channels = divisible_by_8(32 * width), .kernel = 3, .stride = 2},
                  Activation::relu6);
  int index = 0;
  for (const V2Stage& stage : kV2Stages)
    for (std::int64_t repeat = 0; repeat < stage.repeats; ++repeat)
      x = inverted_residual_block(graph, x, "block" + std::to_string(index++),
                                  {.hidden = x.shape[1] * stage.expansion,
                                   .channels = divisible_by_8(stage.channels * width),
                                   .stride = repeat == 0 ? stage.stride : 1});
  x = mobile_conv(graph, x, "conv_last", {.channels = divisible_by_8(1280 * std::max(width, 1.0))},
                  Activation::relu6);
  slim_classifier(graph, mobile_pool(graph, x));
}

Result<std::optional<FamilyMember>> parse_mobilenet_v2(std::string_view name) {
  if (!name.starts_with("mobilenet-v2-")) return std::nullopt;
  const auto words = split_words(without_precision(name), '-');
  if (words.size() != 4) return not_the_pattern(name, kMobileNetV2.pattern, kMobileNetV2.example);
  ISOJOULE_TRY(const double width, parse_width(name, words[2]));
  ISOJOULE_TRY(const std::int64_t size, parse_image_size(name, words[3]));
  return FamilyMember{
      fmt::format("mobilenet-v2-{}-{}", width_text(width), size),
      [width, size](GraphBuilder& graph) { build_mobilenet_v2(graph, width, size); }, true,
      kHalfNormalisation};
}

}  // namespace

const FamilyEntry& family_entry_mobilenet_v2() {
  static const FamilyEntry entry = {kMobileNetV2, parse_mobilenet_v2};
  return entry;
}

}  // namespace isojoule
