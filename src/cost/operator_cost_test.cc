// Operators whose form changed from one operator set to the next cost the same in each.
#include "cost/operator_cost.h"

#include <gtest/gtest.h>

#include "cost/test_model.h"

namespace isojoule {
namespace {

void add_floats(onnx::ModelProto& model, const std::string& name,
                const std::vector<float>& values) {
  auto& tensor = *model.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  for (const float value : values) tensor.add_float_data(value);
}

TEST(CostOfForm, AResizeCountsTheSameWithAndWithoutARegion) {
  const std::string head =
      "g (float[N,3,8,8] x) => (float[N,3,h,w] y) { y = Resize<mode=\"linear\"";
  const std::string asymmetric = ", coordinate_transformation_mode=\"asymmetric\"";
  const std::map<int, std::string> forms = {{10, head + ">(x, scales) }"},
                                            {11, head + asymmetric + ">(x, roi, scales) }"},
                                            {13, head + asymmetric + ">(x, , scales) }"}};
  for (const auto& [opset, text] : forms) {
    SCOPED_TRACE(opset);
    auto model = model_of(text, {}, opset);
    add_floats(model, "scales", {1, 1, 2, 2});
    if (opset == 11) add_floats(model, "roi", {});
    const auto layer = only_layer(model, 2);
    EXPECT_EQ(layer.output_shape, (Dims{2, 3, 16, 16}));
    // Two taps an axis: four multiplications and three additions.
    EXPECT_EQ(layer.other_ops, 2 * 3 * 256 * 7);
    EXPECT_EQ(layer.macs, 0);
    EXPECT_EQ(layer.parameters, 0);
    EXPECT_EQ(layer.bytes_read, 2 * 3 * 64 * 4);
    EXPECT_EQ(layer.bytes_written, 2 * 3 * 256 * 4);
  }
}

TEST(CostOfForm, AxesAsAnAttributeOrAsAnInput) {
  auto old =
      model_of("g (float[N,6] x) => (float[N,1,6] y) { y = Unsqueeze<axes=[1]>(x) }", {}, 12);
  auto fresh = model_of("g (float[N,6] x) => (float[N,1,6] y) { y = Unsqueeze(x, axes) }", {}, 13);
  add_integers(fresh, "axes", {1});
  for (const auto* model : {&old, &fresh}) {
    const auto layer = only_layer(*model, 5);
    EXPECT_EQ(layer.output_shape, (Dims{5, 1, 6}));
    EXPECT_EQ(layer.bytes_written, 0);
  }
}

TEST(CostOfForm, LimitsAsAttributesOrAsInputs) {
  const auto old = only_layer(
      model_of("g (float[1,6] x) => (float[1,6] y) { y = Clip<min=0.0, max=6.0>(x) }", {}, 10));
  const auto fresh =
      only_layer(model_of("g (float[1,6] x) => (float[1,6] y) { y = Clip(x, low, high) }",
                          {{"low", {}}, {"high", {}}}, 11));
  EXPECT_EQ(old.other_ops, 6);
  EXPECT_EQ(fresh.other_ops, 6);
  EXPECT_EQ(fresh.parameters, 0);
}

TEST(CostOfForm, ADilatedConvolutionMultipliesItsWeightsOnly) {
  const auto layer = only_layer(
      model_of("g (float[N,8,32,32] x) => (float[N,4,h,w] y) {"
               "  y = Conv<kernel_shape=[3,3], dilations=[12,12], pads=[12,12,12,12]>(x, w) }",
               {{"w", {4, 8, 3, 3}}}));
  EXPECT_EQ(layer.output_shape, (Dims{1, 4, 32, 32}));
  EXPECT_EQ(layer.macs, 32 * 32 * 4 * 8 * 9);
}

TEST(CostOfForm, ASliceReadsWhatItTakes) {
  auto model = model_of(
      "g (float[N,8,4,4] x) => (float[N,4,4,4] y) { y = Slice(x, starts, ends, axes) }", {}, 10);
  add_integers(model, "starts", {4});
  add_integers(model, "ends", {8});
  add_integers(model, "axes", {1});
  const auto layer = only_layer(model, 3);
  EXPECT_EQ(layer.output_shape, (Dims{3, 4, 4, 4}));
  EXPECT_EQ(layer.bytes_read, 3 * 64 * 4);
  EXPECT_EQ(layer.bytes_written, 3 * 64 * 4);
}

// Operator set 17 has one node for what the zoo writes as nine.
TEST(CostOfForm, ALayerNormalisationInNineNodesCountsAsTheOne) {
  const auto one = only_layer(model_of(
      "g (float[N,5,16] x) => (float[N,5,16] y) { y = LayerNormalization<axis=-1>(x, w, b) }",
      {{"w", {16}}, {"b", {16}}}, 17));
  auto model = model_of(
      "g (float[N,5,16] x) => (float[N,5,16] y) {"
      "  mean = ReduceMean<axes=[2]>(x)  centred = Sub(x, mean)  squares = Pow(centred, two)"
      "  variance = ReduceMean<axes=[2]>(squares)  more = Add(variance, epsilon)"
      "  deviation = Sqrt(more)  normal = Div(centred, deviation)  scaled = Mul(normal, w)"
      "  y = Add(scaled, b) }",
      {{"w", {16}}, {"b", {16}}, {"two", {}}, {"epsilon", {}}});
  const auto nine = cost_of(model);
  ASSERT_TRUE(nine) << to_string(nine.error());
  EXPECT_EQ(nine->layers.size(), 9u);
  EXPECT_EQ(nine->parameters(), one.parameters);
  // Besides one's: the addition and the root, one each a row.
  EXPECT_EQ(nine->other_ops(), one.other_ops + 2 * 5);
  EXPECT_GT(nine->bytes_read(), one.bytes_read);
}

TEST(CostOfForm, AttentionMultipliesEachTokenWithEach) {
  const auto cost = cost_of(
      model_of("g (float[N,2,7,4] q, float[N,2,4,7] k, float[N,2,7,4] v, float[N,1,1,7] mask)"
               "  => (float[N,2,7,4] y) {"
               "  scores = MatMul(q, k)  hidden = Add(scores, mask)"
               "  shares = Softmax<axis=3>(hidden)  y = MatMul(shares, v) }",
               {}, 10),
      3);
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->macs(), 3 * 2 * (7 * 7 * 4) * 2);
  EXPECT_EQ(cost->layers[0].groups, 6);
  EXPECT_EQ(cost->layers[2].other_ops, 3 * 2 * 49 * 5);
  EXPECT_EQ(cost->parameters(), 0);
}

}  // namespace
}  // namespace isojoule
