// MobileNet-V3: A. Howard et al., "Searching for MobileNetV3", arXiv:1905.02244, tables 1 and 2,
// over width and image size, as TF-slim's mobilenet_v3.py has it: channels inside a block are a
// factor of those that go in, once these were scaled and rounded (torchvision scales the table's
// number itself, which gives fewer at width 0.75); the last convolution keeps its channels; 1,001
// classes. "minimalistic": 3 x 3 kernels and ReLU throughout, no squeezing. Normalisations are
// folded.
#include <fmt/format.h>

#include <algorithm>

#include "workload/family_entry.h"
#include "workload/family_name.h"
#include "workload/mobile_blocks.h"

namespace isojoule {
namespace {

constexpr NetworkFamily kMobileNetV3 = {
    .name = "mobilenet-v3",
    .pattern = "mobilenet-v3-(small|large)[-minimalistic]_SIZE_WIDTH[_float|_uint8]",
    .summary = "MobileNet-V3, large or small, over width and image size",
    .source = "Howard et al. 2019, arXiv:1905.02244, as in TF-slim",
    .example = "mobilenet-v3-large_224_0.75"};

struct V3Block {  // a row of the paper's tables
  std::int64_t kernel;
  double inside, before, channels;  // at width 1; `before`: those that go in
  bool squeezes;
  Activation activation;
  std::int64_t stride;
};
constexpr Activation kRelu = Activation::relu;
constexpr Activation kSwish = Activation::hard_swish;

constexpr V3Block kV3Large[] = {
    {3, 16, 16, 16, false, kRelu, 1},    {3, 64, 16, 24, false, kRelu, 2},
    {3, 72, 24, 24, false, kRelu, 1},    {5, 72, 24, 40, true, kRelu, 2},
    {5, 120, 40, 40, true, kRelu, 1},    {5, 120, 40, 40, true, kRelu, 1},
    {3, 240, 40, 80, false, kSwish, 2},  {3, 200, 80, 80, false, kSwish, 1},
    {3, 184, 80, 80, false, kSwish, 1},  {3, 184, 80, 80, false, kSwish, 1},
    {3, 480, 80, 112, true, kSwish, 1},  {3, 672, 112, 112, true, kSwish, 1},
    {5, 672, 112, 160, true, kSwish, 2}, {5, 960, 160, 160, true, kSwish, 1},
    {5, 960, 160, 160, true, kSwish, 1}};
constexpr V3Block kV3Small[] = {
    {3, 16, 16, 16, true, kRelu, 2},   {3, 72, 16, 24, false, kRelu, 2},
    {3, 88, 24, 24, false, kRelu, 1},  {5, 96, 24, 40, true, kSwish, 2},
    {5, 240, 40, 40, true, kSwish, 1}, {5, 240, 40, 40, true, kSwish, 1},
    {5, 120, 40, 48, true, kSwish, 1}, {5, 144, 48, 48, true, kSwish, 1},
    {5, 288, 48, 96, true, kSwish, 2}, {5, 576, 96, 96, true, kSwish, 1},
    {5, 576, 96, 96, true, kSwish, 1}};

struct V3Network {
  bool large = true;
  bool minimalistic = false;
  double width = 1;
  std::int64_t size = 224;
};

void build_mobilenet_v3(GraphBuilder& graph, const V3Network& network) {
  const double width = network.width;
  const Activation outer = network.minimalistic ? kRelu : kSwish;
  GraphValue x = graph.input("input", {3, network.size, network.size});
  x = mobile_conv(graph, x, "conv",
                  {.channels = divisible_by_8(16 * width), .kernel = 3, .stride = 2}, outer);
  const auto blocks = network.large ? std::span<const V3Block>(kV3Large) : kV3Small;
  int index = 0;
  for (const V3Block& block : blocks) {
    const double factor = block.inside / block.before;
    x = inverted_residual_block(
        graph, x, "block" + std::to_string(index++),
        {.hidden =
             factor > 1 ? divisible_by_8(static_cast<double>(x.shape[1]) * factor) : x.shape[1],
         .channels = divisible_by_8(block.channels * width),
         .kernel = network.minimalistic ? 3 : block.kernel,
         .stride = block.stride,
         .activation = network.minimalistic ? kRelu : block.activation,
         .squeezes = block.squeezes && !network.minimalistic});
  }
  x = mobile_conv(graph, x, "conv_last",
                  {.channels = divisible_by_8((network.large ? 960 : 576) * width)}, outer);
  x = mobile_pool(graph, x);
  const double features = network.large ? 1280 : 1024;
  x = mobile_conv(graph, x, "features",
                  {.channels = divisible_by_8(features * std::max(width, 1.0))}, outer);
  slim_classifier(graph, x);
}

Result<std::optional<FamilyMember>> parse_mobilenet_v3(std::string_view name) {
  constexpr std::string_view kPrefix = "mobilenet-v3";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto words = split_words(without_precision(name), '_');
  const std::string_view kind = words[0].substr(std::min(kPrefix.size(), words[0].size()));
  V3Network network;
  network.large = kind.starts_with("-large");
  network.minimalistic = kind.ends_with("-minimalistic");
  const bool known = kind == "-large" || kind == "-small" || kind == "-large-minimalistic" ||
                     kind == "-small-minimalistic";
  if (!known || words.size() != 3)
    return not_the_pattern(name, kMobileNetV3.pattern, kMobileNetV3.example);
  ISOJOULE_TRY(network.size, parse_image_size(name, words[1]));
  ISOJOULE_TRY(network.width, parse_width(name, words[2]));
  return FamilyMember{fmt::format("{}_{}_{}", words[0], network.size, width_text(network.width)),
                      [network](GraphBuilder& graph) { build_mobilenet_v3(graph, network); }, true,
                      kHalfNormalisation};
}

}  // namespace

const FamilyEntry& family_entry_mobilenet_v3() {
  static const FamilyEntry entry = {kMobileNetV3, parse_mobilenet_v3};
  return entry;
}

}  // namespace isojoule
