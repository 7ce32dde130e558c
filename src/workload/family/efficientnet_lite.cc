// EfficientNet-Lite 0 to 4: M. Tan, Q. Le, "EfficientNet", arXiv:1905.11946, table 1, with width
// and depth scaled, and the changes that the Lite variants are known by: no squeezing, ReLU6
// instead of swish, the first and last convolution and the first and last stage's depth not scaled.
// 1,000 classes. Normalisations are folded.
#include <fmt/format.h>

#include <cmath>

#include "workload/family_entry.h"
#include "workload/family_name.h"
#include "workload/mobile_blocks.h"

namespace isojoule {
namespace {

constexpr NetworkFamily kEfficientNetLite = {
    .name = "efficientnet-lite",
    .pattern = "efficientnet-lite(0..4)[-quantized|-non-quantized]",
    .summary = "EfficientNet-Lite 0 to 4",
    .source = "Tan, Le 2019, arXiv:1905.11946, with the changes of its Lite variants",
    .example = "efficientnet-lite0"};

struct LiteScale {
  double width, depth;
  std::int64_t size;
};
constexpr LiteScale kLiteScales[] = {
    {1.0, 1.0, 224}, {1.0, 1.1, 240}, {1.1, 1.2, 260}, {1.2, 1.4, 280}, {1.4, 1.8, 300}};

struct LiteStage {  // a row of the paper's table 1
  std::int64_t repeats, kernel, stride, expansion;
  double channels;
  bool deepens = true;
};
constexpr LiteStage kLiteStages[] = {{1, 3, 1, 1, 16, false}, {2, 3, 2, 6, 24},  {2, 5, 2, 6, 40},
                                     {3, 3, 2, 6, 80},        {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192},
                                     {1, 3, 1, 6, 320, false}};

void build_lite(GraphBuilder& graph, const LiteScale& scale) {
  GraphValue x = graph.input("input", {3, scale.size, scale.size});
  x = mobile_conv(graph, x, "stem", {.channels = 32, .kernel = 3, .stride = 2}, Activation::relu6);
  int index = 0;
  for (const LiteStage& stage : kLiteStages) {
    const auto repeats = static_cast<std::int64_t>(
        std::ceil(static_cast<double>(stage.repeats) * (stage.deepens ? scale.depth : 1)));
    for (std::int64_t repeat = 0; repeat < repeats; ++repeat)
      x = inverted_residual_block(graph, x, "block" + std::to_string(index++),
                                  {.hidden = x.shape[1] * stage.expansion,
                                   .channels = divisible_by_8(stage.channels * scale.width),
                                   .kernel = stage.kernel,
                                   .stride = repeat == 0 ? stage.stride : 1});
  }
  x = mobile_conv(graph, x, "head", {.channels = 1280}, Activation::relu6);
  x = graph.flatten(mobile_pool(graph, x), "flatten");
  graph.output(graph.linear(x, "classifier", 1000), "logits");
}

Result<std::optional<FamilyMember>> parse_efficientnet_lite(std::string_view name) {
  if (!name.starts_with(kEfficientNetLite.name)) return std::nullopt;
  const std::string_view bare = without_precision(name);
  const std::string_view number = bare.substr(kEfficientNetLite.name.size());
  if (number.size() != 1 || number[0] < '0' || number[0] > '4')
    return not_the_pattern(name, kEfficientNetLite.pattern, kEfficientNetLite.example);
  const LiteScale& scale = kLiteScales[number[0] - '0'];
  // Pixels less 127, over 128, as its inputs are made.
  return FamilyMember{std::string(bare),
                      [&scale](GraphBuilder& graph) { build_lite(graph, scale); }, true,
                      kHalfNormalisation};
}

}  // namespace

const FamilyEntry& family_entry_efficientnet_lite() {
  static const FamilyEntry entry = {kEfficientNetLite, parse_efficientnet_lite};
  return entry;
}

}  // namespace isojoule
