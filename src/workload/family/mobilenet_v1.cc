// MobileNet-V1: A. Howard et al., "MobileNets: efficient convolutional neural networks for mobile
// vision applications", arXiv:1704.04861, table 1, over width and image size, as TF-slim's
// mobilenet_v1.py has it: at least 8 channels, 1,001 classes. Normalisations are folded.
#include <fmt/format.h>

#include <algorithm>

#include "workload/family_entry.h"
#include "workload/family_name.h"
#include "workload/mobile_blocks.h"

namespace isojoule {
namespace {

constexpr NetworkFamily kMobileNetV1 = {
    .name = "mobilenet-v1",
    .pattern = "mobilenet-v1-WIDTH-SIZE[-quantized|-non-quantized]",
    .summary = "MobileNet-V1 over width and image size",
    .source = "Howard et al. 2017, arXiv:1704.04861, as in TF-slim",
    .example = "mobilenet-v1-0.25-128"};

struct V1Step {  // each channel by itself (3 x 3), then all of them (1 x 1)
  double channels;
  std::int64_t stride;
};
constexpr V1Step kV1Steps[] = {{64, 1},  {128, 2},  {128, 1}, {256, 2}, {256, 1},
                               {512, 2}, {512, 1},  {512, 1}, {512, 1}, {512, 1},
                               {512, 1}, {1024, 2}, {1024, 1}};

std::int64_t scaled_channels(double channels, double width) {
  return std::max<std::int64_t>(8, static_cast<std::int64_t>(channels * width));
}

void build_mobilenet_v1(GraphBuilder& graph, double width, std::int64_t size) {
  GraphValue x = graph.input("input", {3, size, size});
  x = mobile_conv(graph, x, "conv0",
                  {.channels = scaled_channels(32, width), .kernel = 3, .stride = 2},
                  Activation::relu6);
  int index = 1;
  for (const V1Step& step : kV1Steps) {
    const std::string name = "conv" + std::to_string(index++);
    x = depthwise_conv(graph, x, name + ".depthwise", 3, step.stride, Activation::relu6);
    x = mobile_conv(graph, x, name + ".pointwise",
                    {.channels = scaled_channels(step.channels, width)}, Activation::relu6);
  }
  slim_classifier(graph, mobile_pool(graph, x));
}

Result<std::optional<FamilyMember>> parse_mobilenet_v1(std::string_view name) {
  if (!name.starts_with("mobilenet-v1-")) return std::nullopt;
  const auto words = split_words(without_precision(name), '-');
  if (words.size() != 4) return not_the_pattern(name, kMobileNetV1.pattern, kMobileNetV1.example);
  ISOJOULE_TRY(const double width, parse_width(name, words[2]));
  ISOJOULE_TRY(const std::int64_t size, parse_image_size(name, words[3]));
  return FamilyMember{
      fmt::format("mobilenet-v1-{}-{}", width_text(width), size),
      [width, size](GraphBuilder& graph) { build_mobilenet_v1(graph, width, size); }, true,
      kHalfNormalisation};
}

}  // namespace

const FamilyEntry& family_entry_mobilenet_v1() {
  static const FamilyEntry entry = {kMobileNetV1, parse_mobilenet_v1};
  return entry;
}

}  // namespace isojoule
