// ONNX Runtime's own operators (com.microsoft), worked out by hand, and element types.
#include <gmock/gmock.h>

#include "cost/operator_cost.h"
#include "cost/test_model.h"

namespace isojoule {
namespace {

struct ContribCase {
  const char* operation;
  std::vector<std::string> inputs;  // "x": the float input; else a weight below, "" left out
  std::map<std::string, std::int64_t> attributes;
  Dims x, shape;
  std::int64_t macs, other, parameters;
  const char* why;
};

// Weights by name: their sizes are in it.
const std::map<std::string, Dims> kWeights = {{"w8x24", {8, 24}},
                                              {"b24", {24}},
                                              {"w8x12", {8, 12}},
                                              {"w12x8", {12, 8}},
                                              {"b12", {12}},
                                              {"g8", {8}},
                                              {"one", {}},
                                              {"t9x8", {9, 8}},
                                              {"b8", {8}},
                                              {"p4x2x4", {4, 2, 4}},
                                              {"k4x3x1x1", {4, 3, 1, 1}},
                                              {"c12x12", {12, 12}}};

LayerCost contrib_layer(const ContribCase& one) {
  auto model = model_of("g (float[1,1] x) => (float[1] y) { y = Relu(x) }", kWeights, 17);
  auto& graph = *model.mutable_graph();
  auto& dims = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  dims.clear_dim();
  for (const auto size : one.x) dims.add_dim()->set_dim_value(size);
  auto& node = *graph.mutable_node(0);
  node.clear_input();
  for (const auto& input : one.inputs) node.add_input(input);
  node.set_op_type(one.operation);
  node.set_domain("com.microsoft");
  for (const auto& [name, value] : one.attributes) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }
  return only_layer(model, one.x[0]);
}

TEST(CostContrib, OperatorsByHand) {
  const ContribCase cases[] = {
      {"BiasGelu", {"x", "g8"}, {}, {2, 5, 8}, {2, 5, 8}, 0, 160, 8, "addition, activation"},
      {"FastGelu", {"x"}, {}, {2, 5, 8}, {2, 5, 8}, 0, 80, 0, "activation only"},
      {"Gelu", {"x"}, {}, {2, 8}, {2, 8}, 0, 16, 0, "one each"},
      {"QuickGelu", {"x"}, {}, {2, 8}, {2, 8}, 0, 16, 0, "one each"},
      {"RotaryEmbedding",
       {"x", "one", "t9x8", "t9x8"},
       {},
       {2, 5, 8},
       {2, 5, 8},
       0,
       240,
       0,
       "two products, a sum"},
      {"FusedMatMul",
       {"x", "w12x8"},
       {{"transB", 1}},
       {2, 5, 8},
       {2, 5, 12},
       960,
       0,
       96,
       "10 x 8 x 12"},
      {"FusedGemm", {"x", "w8x12", "b12"}, {}, {5, 8}, {5, 12}, 480, 120, 108, "bias, activation"},
      {"DynamicQuantizeMatMul",
       {"x", "w8x12", "one", "", "b12"},
       {},
       {2, 5, 8},
       {2, 5, 12},
       960,
       240,
       108,
       "scaled, bias"},
      {"DynamicQuantizeMatMul",
       {"x", "w8x12", "one"},
       {},
       {2, 5, 8},
       {2, 5, 12},
       960,
       120,
       96,
       "scaled"},
      {"MatMulIntegerToFloat",
       {"x", "w8x12", "one", "one", "one", "one", "b12"},
       {},
       {2, 5, 8},
       {2, 5, 12},
       960,
       240,
       108,
       "scaled, bias behind two zero points"},
      {"MatMulNBits",
       {"x", "p4x2x4", "b8"},
       {{"K", 8}, {"N", 4}, {"bits", 4}},
       {2, 5, 8},
       {2, 5, 4},
       320,
       0,
       32,
       "K x N weights"},
      {"SkipSimplifiedLayerNormalization",
       {"x", "x", "g8", "b8"},
       {},
       {2, 5, 8},
       {2, 5, 8},
       0,
       480,
       16,
       "4, two additions"},
      {"MultiHeadAttention",
       {"x", "x", "x"},
       {{"num_heads", 2}},
       {2, 5, 8},
       {2, 5, 8},
       800,
       600,
       0,
       "2 x 2 heads x 25 scores, each 4 + 4 wide"},
      {"QAttention",
       {"x", "w8x24", "b24", "one", "one"},
       {{"num_heads", 2}},
       {2, 5, 8},
       {2, 5, 8},
       1920 + 800,
       240 + 600,
       216,
       "projections and attention"},
      {"QLinearAdd",
       {"x", "one", "one", "g8", "one", "one", "one", "one"},
       {},
       {2, 8},
       {2, 8},
       0,
       16,
       8,
       "one each"},
      {"QLinearConcat",
       {"one", "one", "x", "one", "one", "x", "one", "one"},
       {{"axis", 1}},
       {2, 8},
       {2, 16},
       0,
       0,
       0,
       "moved only"},
      {"QLinearGlobalAveragePool",
       {"x", "one", "one", "one", "one"},
       {{"channels_last", 1}},
       {2, 3, 3, 4},
       {2, 1, 1, 4},
       0,
       72,
       0,
       "each input once"},
      {"QGemm",
       {"x", "one", "one", "w8x12", "one", "one", "b12"},
       {},
       {5, 8},
       {5, 12},
       480,
       60,
       108,
       "bias"},
      {"FusedConv",
       {"x", "k4x3x1x1"},
       {},
       {1, 3, 4, 4},
       {1, 4, 4, 4},
       192,
       0,
       12,
       "16 places x 3 x 4"},
  };
  for (const ContribCase& one : cases) {
    SCOPED_TRACE(std::string(one.operation) + ": " + one.why);
    const LayerCost layer = contrib_layer(one);
    EXPECT_TRUE(layer.known) << layer.why_unknown;
    EXPECT_EQ(layer.output_shape, one.shape);
    EXPECT_EQ(layer.macs, one.macs);
    EXPECT_EQ(layer.other_ops, one.other);
    EXPECT_EQ(layer.parameters, one.parameters);
  }
}

TEST(CostContrib, ADequantisedWeightIsAWeight) {
  auto model = model_of("g (float[1,8] x) => (float[1,12] y) { d = Relu(x) y = MatMul(x, d) }",
                        {{"w", {8, 12}}, {"s", {}}}, 17);
  model.mutable_graph()->mutable_initializer(1)->set_data_type(onnx::TensorProto::INT8);
  auto& node = *model.mutable_graph()->mutable_node(0);
  node.set_op_type("DequantizeLinear");
  node.set_domain("com.microsoft");
  node.set_input(0, "w");
  node.add_input("s");
  const auto layer = only_layer(model);
  EXPECT_EQ(layer.parameters, 96);
  EXPECT_EQ(layer.bytes_weights, 96);
}

TEST(CostContrib, WeightsThatDoNotFitAreAnError) {
  auto model = model_of("g (float[2,5,8] x) => (float[a] y) { y = Relu(x) }", kWeights, 17);
  auto& node = *model.mutable_graph()->mutable_node(0);
  node.set_op_type("Attention");
  node.set_domain("com.microsoft");
  node.add_input("w12x8");
  const auto cost = cost_of(model, 2);
  ASSERT_FALSE(cost);
  EXPECT_THAT(cost.error().what, testing::HasSubstr("do not fit"));
}

TEST(CostElements, BytesFollowTheType) {
  const std::pair<int, std::int64_t> types[] = {{onnx::TensorProto::DOUBLE, 120},
                                                {onnx::TensorProto::FLOAT16, 30},
                                                {onnx::TensorProto::BFLOAT16, 30},
                                                {17, 15},
                                                {20, 15},
                                                {21, 8},
                                                {22, 8},
                                                {23, 8}};
  for (const auto& [type, bytes] : types) {
    auto model =
        model_of("g (float[1,3] x) => (float[1,5] y) { y = MatMul(x, w) }", {{"w", {3, 5}}}, 21);
    model.mutable_graph()->mutable_initializer(0)->set_data_type(type);
    const auto layer = only_layer(model);
    EXPECT_EQ(layer.bytes_weights, bytes) << type;
    EXPECT_EQ(layer.parameters, 15) << type;
  }
}

}  // namespace
}  // namespace isojoule
