#include "workload/layer_name.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "cost/cost.h"
#include "workload/test_network.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

const char* const kExamples[] = {
    "conv_c64_n128_k3_s1_h56",
    "conv_c64_n96_k5_s2_h57_w31",
    "conv_c64_n128_k2_s2_h14",
    "conv_c64_n128_k4_s1_h14",
    "conv_c64_n128_k3_s1_h28_g4",
    "conv_c16_n24_k3_s1_h28_d2",
    "conv_c16_n24_k3_s2_h28_w20_g8_d3",
    "dwconv_c32_k3_s1_h112",
    "dwconv_c32_k5_s2_h33_d2",
    "fc_i1024_o1000",
    "relu_c64_h56",
    "add_c64_h56",
    "bn_c64_h56",
    "maxpool_c64_k2_s2_h56",
    "maxpool_c64_k3_s2_h56",
    "avgpool_c64_k2_s2_h57",
    "avgpool_c64_k3_s1_h7_w9",
    "gap_c512_h7",
    "matmul_m128_k64_n128",
    "matmul_m128_k64_n32_b12",
    "softmax_m128_n128_b12",
    "softmax_m7_n1000",
    "layernorm_m128_n256",
    "gelu_m128_n512",
    "copy_c64_h56_w20",
    "identity_c1_h1",
    "conv_c3_n64_k3_s2_h64+bn_c64_h32+relu_c64_h32+gap_c64_h32",
    "gap_c512_h7+fc_i512_o10",
    "add_c4_h8+copy_c4_h8+add_c4_h8",
    "matmul_m16_k8_n16+softmax_m16_n16+matmul_m16_k16_n8",
};

class EveryLayer : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Layers, EveryLayer, testing::ValuesIn(kExamples));

// What the name says of the network is what its graph is and costs.
TEST_P(EveryLayer, IsWhatItsNameSays) {
  const auto layers = parse_layers(GetParam());
  ASSERT_TRUE(layers) << to_string(layers.error());
  ASSERT_TRUE(*layers);
  EXPECT_EQ(name_of(**layers), GetParam());
  for (const int opset : {10, 13, 17}) {
    const auto bytes = zoo_model(GetParam(), {.dynamic_batch = true, .opset = opset});
    ASSERT_TRUE(bytes) << to_string(bytes.error());
    auto model = parsed(*bytes);
    EXPECT_NO_THROW(onnx::checker::check_model(model));
    expect_shapes_agree(model);
    const auto cost = network_cost_of_bytes(*bytes, 1, "m");
    ASSERT_TRUE(cost) << to_string(cost.error());
    std::int64_t macs = 0, parameters = 0;
    for (const LayerSpec& layer : **layers) {
      macs += layer.macs();
      parameters += layer.parameters();
    }
    EXPECT_EQ(cost->macs(), macs);
    EXPECT_EQ(cost->parameters(), parameters);
    const auto shape = [](const onnx::ValueInfoProto& value) {
      std::vector<std::int64_t> sizes;
      const auto& dimensions = value.type().tensor_type().shape().dim();
      for (int i = 1; i < dimensions.size(); ++i) sizes.push_back(dimensions[i].dim_value());
      return sizes;
    };
    EXPECT_EQ(shape(model.graph().input(0)), (**layers).front().input());
    EXPECT_EQ(shape(model.graph().output(0)), (**layers).back().output());
    for (const auto& layer : cost->layers) EXPECT_TRUE(layer.known) << layer.operation;
  }
}

TEST(LayerNames, CoverEveryKind) {
  for (const LayerKind& kind : layer_kinds())
    EXPECT_TRUE(std::any_of(std::begin(kExamples), std::end(kExamples),
                            [&](std::string_view example) {
                              return example.starts_with(std::string(kind.name) + "_");
                            }))
        << kind.name;
}

TEST(LayerNames, SayWhatIsWrong) {
  struct Wrong {
    const char* name;
    ErrorKind kind;
    const char* words;
  };
  const Wrong wrong[] = {
      {"conv_c64_n128_k3_s1", ErrorKind::invalid, "no 'h' (height)"},
      {"conv_c64_n128_k3_s1_h56_q2", ErrorKind::invalid, "no size 'q'"},
      {"conv_c64_c64_n128_k3_s1_h56", ErrorKind::invalid, "'c' is given twice"},
      {"conv_c0_n128_k3_s1_h56", ErrorKind::out_of_range, "c = 0"},
      {"conv_c-4_n128_k3_s1_h56", ErrorKind::out_of_range, "c = -4"},
      {"conv_c64_n128_k3_s1_h99999999", ErrorKind::out_of_range, "h = 99999999"},
      {"conv_c64_n128_k3_s1_h99999999999999999999", ErrorKind::invalid, "no letter with a number"},
      {"conv_c64_n128_k3_s1_h", ErrorKind::invalid, "no letter with a number"},
      {"conv_c64_n128_k3_s1_h5x", ErrorKind::invalid, "no letter with a number"},
      {"conv_c64_n128_k3_s1_h56_", ErrorKind::invalid, "no letter with a number"},
      {"conv_n128_c64_k3_s1_h56", ErrorKind::invalid, "another name"},
      {"conv_c64_n128_k3_s1_h56_w56", ErrorKind::invalid, "another name"},
      {"conv_c64_n128_k3_s1_h056", ErrorKind::invalid, "another name"},
      {"conv_c64_n128_k3_s1_h56_g1", ErrorKind::invalid, "another name"},
      {"conv_c64_n128_k3_s1_h56_g3", ErrorKind::invalid, "3 groups divide not both"},
      {"conv_c64_n128_k33_s1_h56", ErrorKind::out_of_range, "above 31"},
      {"conv_c99999_n99999_k3_s1_h56", ErrorKind::out_of_range, "GB of weights"},
      {"conv_c3_n4_k3_s1_h99999", ErrorKind::out_of_range, "GB of one tensor"},
      {"fc_i999999_o999999", ErrorKind::out_of_range, "GB of weights"},
      {"matmul_m999999_k1_n999999", ErrorKind::out_of_range, "GB of one tensor"},
      {"maxpool_c4_k3_s1_h2", ErrorKind::out_of_range, "larger than the input"},
      {"relu_c64_h56+", ErrorKind::invalid, "no kind of layer is ''"},
      {"relu_c64_h56+rely_c64_h56", ErrorKind::invalid, "no kind of layer is 'rely'"},
      {"conv_c64_n128_k3_s2_h56+relu_c128_h56", ErrorKind::invalid,
       "relu_c128_h56 takes 128x56x56, but conv_c64_n128_k3_s2_h56 gives 128x28x28"},
      {"gap_c512_h7+fc_i500_o10", ErrorKind::invalid, "takes 500, but gap_c512_h7 gives 512x1x1"},
  };
  for (const Wrong& each : wrong) {
    SCOPED_TRACE(each.name);
    const auto layers = parse_layers(each.name);
    ASSERT_FALSE(layers);
    EXPECT_EQ(layers.error().kind, each.kind);
    EXPECT_THAT(layers.error().what, HasSubstr(each.words));
    EXPECT_FALSE(layers.error().remedy.empty());
  }
  std::string longest = "relu_c1_h1";
  while (longest.size() < 200) longest += "+relu_c1_h1";
  EXPECT_EQ(parse_layers(longest).error().kind, ErrorKind::out_of_range);
  EXPECT_THAT(parse_layers("relu_c64_h56+rely_c64_h56").error().remedy, HasSubstr("relu"));
}

TEST(LayerNames, LeaveOtherNamesAlone) {
  for (const char* name :
       {"alexnet", "conv", "add", "convolution_c3", "my_conv.onnx", "", "+", "_"})
    EXPECT_FALSE(parse_layers(name).value()) << name;
}

RC_GTEST_PROP(LayerNames, AreOneForEachLayer, ()) {
  const auto size = [](std::int64_t most) { return *rc::gen::inRange<std::int64_t>(1, most); };
  const std::int64_t groups = *rc::gen::element<std::int64_t>(1, 2, 4);
  const std::int64_t height = size(40);
  const auto layer = layer_of("conv", {{'c', groups * size(20)},
                                       {'n', groups * size(20)},
                                       {'k', size(7)},
                                       {'s', size(3)},
                                       {'h', height},
                                       {'w', *rc::gen::element(height, size(40))},
                                       {'g', groups},
                                       {'d', size(3)}});
  RC_ASSERT(layer.has_value());
  const std::string name = layer->name();
  const auto again = parse_layers(name);
  RC_ASSERT(again.has_value() && again->has_value());
  RC_ASSERT(name_of(**again) == name);
  const auto cost =
      network_cost_of_bytes(*zoo_model(name, {.dynamic_batch = true, .weights = false}), 3, "m");
  RC_ASSERT(cost.has_value());
  RC_ASSERT(cost->macs() == 3 * layer->macs());
  RC_ASSERT(cost->bytes_read() + cost->bytes_written() == 12 * layer->activations());
}

TEST(LayerNames, RefuseAKindThatIsNone) {
  EXPECT_THAT(layer_of("cnv", {}).error().remedy, HasSubstr("conv"));
}

}  // namespace
}  // namespace isojoule
