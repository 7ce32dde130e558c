// Every operator by hand, and that none is forgotten.
#include <gmock/gmock.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cost/onnx_reader_holds.h"
#include "cost/operator_cost.h"
#include "cost/test_model.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

TEST(CostTable, EveryOperatorOfTheLibrarysRegistryIsCountedOrLeftOutOnPurpose) {
  const auto& left_out = uncounted_operations();
  EXPECT_TRUE(std::is_sorted(left_out.begin(), left_out.end()));
  int seen = 0;
  for (const auto& schema : onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    if (!schema.domain().empty() || schema.SinceVersion() > 17) continue;
    // Those that only sets before 9 have are no part of it.
    const auto* current =
        onnx::OpSchemaRegistry::Instance()->GetSchema(schema.Name(), 17, schema.domain());
    if (current == nullptr || current->support_level() != onnx::OpSchema::SupportType::COMMON)
      continue;
    if (current->Deprecated() && current->SinceVersion() < 9) continue;
    ++seen;
    const bool named = std::binary_search(left_out.begin(), left_out.end(), schema.Name());
    EXPECT_NE(is_counted(schema.Name()), named) << schema.Name();
  }
  EXPECT_GT(seen, 150);
}

// What sets 18 to 21 have added (onnx/docs/Operators.md).
TEST(CostTable, NewOperatorsAreCountedOrLeftOutToo) {
  const auto& left_out = uncounted_operations();
  for (const char* name :
       {"Mish", "CenterCropPad", "Col2Im", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot",
        "GroupNormalization", "DeformConv", "AffineGrid", "Gelu", "ImageDecoder", "RegexFullMatch",
        "StringConcat", "StringSplit"})
    EXPECT_NE(is_counted(name), std::binary_search(left_out.begin(), left_out.end(), name)) << name;
}

struct OperatorCase {
  const char* label;
  int opset;
  const char* graph;
  std::map<std::string, Dims> weights;
  std::map<std::string, Dims> integers;
  Dims shape;
  std::int64_t macs, other, parameters;
};

TEST(CostTable, CountsWorkedOutByHand) {
  const OperatorCase cases[] = {
      {"Einsum: 2 groups x 3 rows x 5 columns x 4 deep",
       13,
       "g (float[2,3,4] a, float[2,4,5] b) => (float[2,3,5] y) {"
       " y = Einsum<equation=\"bij,bjk->bik\">(a, b) }",
       {},
       {},
       {2, 3, 5},
       120,
       0,
       0},
      {"Einsum with dots and no arrow",
       13,
       "g (float[2,3,4] a, float[2,4,5] b) => (float[d,e,f] y) {"
       " y = Einsum<equation=\"...ij,...jk\">(a, b) }",
       {},
       {},
       {2, 3, 5},
       120,
       0,
       0},
      {"Einsum without a sum",
       13,
       "g (float[3] a, float[5] b) => (float[3,5] y) { y = Einsum<equation=\"i,j->ij\">(a, b) }",
       {},
       {},
       {3, 5},
       0,
       15,
       0},
      {"DeformConv: 4 x 2 taps of 9, 7 a sample, 3 x 16 x 9 samples",
       19,
       "g (float[1,3,6,6] x, float[1,18,4,4] o) => (float[1,5,4,4] y) { y = DeformConv(x, w, o) }",
       {{"w", {5, 3, 3, 3}}},
       {},
       {1, 5, 4, 4},
       16 * 5 * 27,
       3 * 16 * 9 * 7,
       135},
      {"LpPool: a power and an addition each, a root",
       13,
       "g (float[1,2,4,4] x) => (float[1,2,2,2] y) {"
       " y = LpPool<kernel_shape=[2,2], strides=[2,2]>(x) }",
       {},
       {},
       {1, 2, 2, 2},
       0,
       8 * 8,
       0},
      {"GlobalLpPool",
       13,
       "g (float[1,2,4,4] x) => (float[1,2,1,1] y) { y = GlobalLpPool(x) }",
       {},
       {},
       {1, 2, 1, 1},
       0,
       64,
       0},
      {"AveragePool 19 with dilation and ceil",
       19,
       "g (float[1,1,6,6] x) => (float[a,b,c,d] y) {"
       " y = AveragePool<kernel_shape=[2,2], strides=[3,3], dilations=[2,2], ceil_mode=1>(x) }",
       {},
       {},
       {1, 1, 2, 2},
       0,
       16,
       0},
      {"MeanVarianceNormalization",
       13,
       "g (float[1,2,3,3] x) => (float[1,2,3,3] y) { y = MeanVarianceNormalization(x) }",
       {},
       {},
       {1, 2, 3, 3},
       0,
       90,
       0},
      {"LpNormalization",
       13,
       "g (float[1,6] x) => (float[1,6] y) { y = LpNormalization(x) }",
       {},
       {},
       {1, 6},
       0,
       18,
       0},
      {"GroupNormalization 21",
       21,
       "g (float[1,4,3,3] x) => (float[a,b,c,d] y) {"
       " y = GroupNormalization<num_groups=2>(x, s, b) }",
       {{"s", {4}}, {"b", {4}}},
       {},
       {1, 4, 3, 3},
       0,
       36 * 7,
       8},
      {"Gelu 20",
       20,
       "g (float[1,6] x) => (float[a,b] y) { y = Gelu(x) }",
       {},
       {},
       {1, 6},
       0,
       6,
       0},
      {"Mish 18",
       18,
       "g (float[1,6] x) => (float[a,b] y) { y = Mish(x) }",
       {},
       {},
       {1, 6},
       0,
       6,
       0},
      {"ReduceLogSumExp 18 with axes as input",
       18,
       "g (float[2,6] x) => (float[a,b] y) { y = ReduceLogSumExp(x, axes) }",
       {},
       {{"axes", {1}}},
       {2, 1},
       0,
       24,
       0},
      {"Split 18 into unequal parts",
       18,
       "g (float[1,7] x) => (float[a,b] y, float[c,d] z) {"
       " y, z = Split<axis=1, num_outputs=2>(x) }",
       {},
       {},
       {1, 4},
       0,
       0,
       0},
      {"Pad 18 with axes",
       18,
       "g (float[1,2,3,3] x) => (float[a,b,c,d] y) { y = Pad(x, pads, , axes) }",
       {},
       {{"pads", {1, 2}}, {"axes", {-1}}},
       {1, 2, 3, 6},
       0,
       0,
       0},
      {"Resize 18 that keeps the aspect",
       18,
       "g (float[1,1,4,8] x) => (float[a,b,c,d] y) { y = Resize<axes=[2,3], mode=\"linear\","
       " keep_aspect_ratio_policy=\"not_larger\">(x, , , sizes) }",
       {},
       {{"sizes", {8, 8}}},
       {1, 1, 4, 8},
       0,
       32,
       0},
      {"CenterCropPad",
       18,
       "g (float[1,4,8,8] x) => (float[a,b,c,d] y) { y = CenterCropPad<axes=[2,3]>(x, s) }",
       {},
       {{"s", {5, 9}}},
       {1, 4, 5, 9},
       0,
       0,
       0},
      {"Col2Im",
       18,
       "g (float[1,4,9] x) => (float[a,b,c,d] y) { y = Col2Im(x, image, block) }",
       {},
       {{"image", {4, 4}}, {"block", {2, 2}}},
       {1, 1, 4, 4},
       0,
       36,
       0},
      {"AffineGrid: 12 places x 2 x 3",
       20,
       "g (float[1,2,3] t) => (float[a,b,c,d] y) { y = AffineGrid(t, size) }",
       {},
       {{"size", {1, 5, 3, 4}}},
       {1, 3, 4, 2},
       72,
       0,
       0},
      {"GridSample: 7 an output, 2 a coordinate",
       16,
       "g (float[1,3,4,4] x, float[1,2,2,2] g) => (float[1,3,2,2] y) {"
       " y = GridSample<mode=\"bilinear\">(x, g) }",
       {},
       {},
       {1, 3, 2, 2},
       0,
       12 * 7 + 16,
       0},
      {"RoiAlign: 4 samples of 8",
       16,
       "g (float[1,3,8,8] x, float[2,4] r, int64[2] i) => (float[2,3,2,2] y) {"
       " y = RoiAlign<output_height=2, output_width=2, sampling_ratio=2>(x, r, i) }",
       {},
       {},
       {2, 3, 2, 2},
       0,
       24 * 4 * 8,
       0},
      {"TopK: log2(3 + 1) comparisons",
       13,
       "g (float[1,10] x) => (float[1,3] y, int64[1,3] i) { y, i = TopK(x, k) }",
       {},
       {{"k", {3}}},
       {1, 3},
       0,
       20,
       0},
      {"OneHot",
       13,
       "g (int64[4] x, float[2] v) => (float[4,6] y) { y = OneHot(x, depth, v) }",
       {},
       {{"depth", {6}}},
       {4, 6},
       0,
       0,
       0},
      {"CumSum",
       13,
       "g (float[2,5] x) => (float[2,5] y) { y = CumSum(x, axis) }",
       {},
       {{"axis", {1}}},
       {2, 5},
       0,
       10,
       0},
      {"STFT: 7 frames of 2.5 x 16 x 4",
       17,
       "g (float[1,64] x) => (float[1,7,9,2] y) { y = STFT(x, step, , length) }",
       {},
       {{"step", {8}}, {"length", {16}}},
       {1, 7, 9, 2},
       0,
       7 * 160,
       0},
      {"DFT of 16 real numbers",
       17,
       "g (float[1,16,1] x) => (float[a,b,c] y) { y = DFT<axis=1, onesided=1>(x) }",
       {},
       {},
       {1, 9, 2},
       0,
       160,
       0},
      {"Det", 13, "g (float[2,3,3] x) => (float[2] y) { y = Det(x) }", {}, {}, {2}, 0, 36, 0},
      {"DynamicQuantizeLinear",
       13,
       "g (float[1,6] x) => (uint8[1,6] y, float s, uint8 z) { y, s, z = DynamicQuantizeLinear(x) "
       "}",
       {},
       {},
       {1, 6},
       0,
       18,
       0},
  };
  for (const OperatorCase& one : cases) {
    SCOPED_TRACE(one.label);
    auto model = model_of(one.graph, one.weights, one.opset);
    for (const auto& [name, values] : one.integers) add_integers(model, name, values);
    const auto cost = network_cost_of_bytes(
        model.SerializeAsString(),
        CostOptions(model.graph().input(0).type().tensor_type().shape().dim(0).dim_value()), "t");
    ASSERT_TRUE(cost) << to_string(cost.error());
    ASSERT_EQ(cost->layers.size(), 1u);
    const LayerCost& layer = cost->layers[0];
    EXPECT_TRUE(layer.known) << layer.why_unknown;
    EXPECT_EQ(layer.output_shape, one.shape);
    EXPECT_EQ(layer.macs, one.macs);
    EXPECT_EQ(layer.other_ops, one.other);
    EXPECT_EQ(layer.parameters, one.parameters);
  }
}

// ---- com.microsoft ------------------------------------------------------------------------------

onnx::NodeProto contrib(const std::string& operation, const std::vector<std::string>& inputs,
                        const std::string& output) {
  onnx::NodeProto node;
  node.set_op_type(operation);
  node.set_domain("com.microsoft");
  for (const auto& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

TEST(CostTable, OptimisedTransformersCount) {
  auto model = model_of("g (float[2,5,8] x) => (float[2,5,a] y) { t = Relu(x) y = Relu(m) }",
                        {{"w", {8, 24}}, {"b", {24}}, {"s", {8}}, {"v", {8, 12}}}, 17);
  auto& graph = *model.mutable_graph();
  const onnx::NodeProto first = graph.node(0), last = graph.node(1);
  graph.clear_node();
  *graph.add_node() = first;
  auto attention = contrib("Attention", {"t", "w", "b"}, "a");
  auto& heads = *attention.add_attribute();
  heads.set_name("num_heads");
  heads.set_type(onnx::AttributeProto::INT);
  heads.set_i(2);
  *graph.add_node() = attention;
  *graph.add_node() = contrib("SkipLayerNormalization", {"a", "t", "s", "s"}, "n");
  *graph.add_node() = contrib("FusedMatMul", {"n", "v"}, "m");
  *graph.add_node() = last;
  const auto cost = cost_of(model, 2);
  ASSERT_TRUE(cost) << to_string(cost.error());
  // 10 tokens x 8 x 24; scores 2 x 2 heads x 5 x 5, each 4 wide, twice.
  EXPECT_EQ(cost->layers[1].macs, 10 * 8 * 24 + 100 * 8);
  EXPECT_EQ(cost->layers[1].other_ops, 10 * 24 + 100 * 6);
  EXPECT_EQ(cost->layers[1].parameters, 8 * 24 + 24);
  EXPECT_EQ(cost->layers[2].other_ops, 80 * 8);
  EXPECT_EQ(cost->layers[3].macs, 10 * 8 * 12);
  EXPECT_EQ(cost->layers[4].output_shape, (Dims{2, 5, 12}));
}

// ---- element types ------------------------------------------------------------------------------

TEST(CostTable, FourBitWeightsArePacked) {
  auto model = model_of(
      "g (float[1,3] x) => (float[1,5] y) { d = DequantizeLinear(w, s) "
      " y = MatMul(x, d) }",
      {{"w", {3, 5}}, {"s", {}}}, 21);
  for (auto& tensor : *model.mutable_graph()->mutable_initializer())
    if (tensor.name() == "w") tensor.set_data_type(22);  // INT4
  const auto layer = only_layer(model);
  EXPECT_EQ(layer.bytes_weights, 8);  // 15 of four bits
  EXPECT_EQ(layer.parameters, 15);
}

// ---- graphs inside layers -----------------------------------------------------------------------

std::string corpus_file(const std::string& name) {
  std::ifstream file(std::string(ISOJOULE_SOURCE_DIR) + "/tests/corpus/cost/" + name,
                     std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(CostOfBodies, ALoopCountsEachTurnAndAnIfItsDearerBranch) {
  const auto loop = network_cost_of_bytes(corpus_file("loop.onnx"), 2, "m");
  ASSERT_TRUE(loop) << to_string(loop.error());
  EXPECT_EQ(loop->macs(), 7 * 2 * 36);
  EXPECT_EQ(loop->parameters(), 36);
  const auto scan = network_cost_of_bytes(corpus_file("scan.onnx"), 6, "m");
  ASSERT_TRUE(scan) << to_string(scan.error());
  EXPECT_EQ(scan->other_ops(), 5 * (6 + 6));
  const auto choice = network_cost_of_bytes(corpus_file("if.onnx"), 2, "m");
  ASSERT_TRUE(choice) << to_string(choice.error());
  EXPECT_EQ(choice->macs(), 2 * 36);
  ASSERT_EQ(choice->notes.size(), 1u);
  EXPECT_THAT(choice->notes[0], HasSubstr("dearer branch"));
}

TEST(CostOfBodies, AFunctionIsCountedAtEachCallItsSharedWeightOnce) {
  const auto cost = network_cost_of_bytes(corpus_file("function.onnx"), 3, "m");
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->macs(), 2 * 3 * 36);
  EXPECT_EQ(cost->parameters(), 36);
  EXPECT_EQ(cost->layers.size(), 4u);
}

TEST(CostCorpus, TheKeptFilesHold) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(ISOJOULE_SOURCE_DIR) +
                                                               "/tests/corpus/cost")) {
    ++files;
    EXPECT_EQ(cost_holds(corpus_file(entry.path().filename())), "") << entry.path();
  }
  EXPECT_GT(files, 10);
}

}  // namespace
}  // namespace isojoule
