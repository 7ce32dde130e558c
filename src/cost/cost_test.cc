#include "cost/cost.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cost/test_model.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

// ---- layers worked out by hand
// -------------------------------------------------------------------

TEST(CostOfLayer, ConvolutionWithStridePaddingGroupsAndBias) {
  // 8 channels of 15 x 15 in 2 groups; 5 x 3 kernel, stride 2, padding 1: (15+2-5)/2+1 = 7 high,
  // (15+2-3)/2+1 = 8 wide; 12 channels out, 6 a group; 4 channels in a group x 15 = 60 deep.
  const auto layer = only_layer(
      model_of("g (float[N,8,15,15] x) => (float[N,12,h,w] y) {"
               "  y = Conv<group=2, kernel_shape=[5,3], strides=[2,2], pads=[1,1,1,1]>(x, w, b) }",
               {{"w", {12, 4, 5, 3}}, {"b", {12}}}),
      3);
  EXPECT_EQ(layer.output_shape, (Dims{3, 12, 7, 8}));
  EXPECT_EQ(layer.rows, 3 * 7 * 8);
  EXPECT_EQ(layer.columns, 6);
  EXPECT_EQ(layer.depth, 60);
  EXPECT_EQ(layer.groups, 2);
  EXPECT_EQ(layer.macs, 168 * 6 * 60 * 2);
  EXPECT_EQ(layer.other_ops, 3 * 12 * 7 * 8);
  EXPECT_EQ(layer.parameters, 12 * 60 + 12);
  EXPECT_EQ(layer.bytes_weights, (12 * 60 + 12) * 4);
  EXPECT_EQ(layer.bytes_read, 3 * 8 * 15 * 15 * 4);
  EXPECT_EQ(layer.bytes_written, 3 * 12 * 7 * 8 * 4);
  EXPECT_EQ(layer.name, "y");
  EXPECT_TRUE(layer.known);
}

TEST(CostOfLayer, TransposedConvolution) {
  // 5 x 5 -> (5-1)*2 + 2 = 10 x 10; each of 25 x 2 positions meets 6 x 4 weights of each of 8
  // channels.
  const auto layer =
      only_layer(model_of("g (float[2,8,5,5] x) => (float[2,6,h,w] y) {"
                          "  y = ConvTranspose<kernel_shape=[2,2], strides=[2,2]>(x, w) }",
                          {{"w", {8, 6, 2, 2}}}),
                 2);
  EXPECT_EQ(layer.output_shape, (Dims{2, 6, 10, 10}));
  EXPECT_EQ(layer.macs, 2 * 25 * 8 * 6 * 4);
  EXPECT_EQ(layer.rows * layer.columns * layer.depth * layer.groups, layer.macs);
  EXPECT_EQ(layer.parameters, 8 * 6 * 4);
}

TEST(CostOfLayer, GemmEitherWayRound) {
  const auto layer = only_layer(model_of("g (float[N,20] x) => (float[N,7] y) {"
                                         "  y = Gemm<transB=1>(x, w, b) }",
                                         {{"w", {7, 20}}, {"b", {7}}}),
                                5);
  EXPECT_EQ(layer.macs, 5 * 7 * 20);
  EXPECT_EQ((Dims{layer.rows, layer.columns, layer.depth, layer.groups}), (Dims{5, 7, 20, 1}));
  EXPECT_EQ(layer.other_ops, 5 * 7);
  EXPECT_EQ(layer.parameters, 147);
  const auto turned =
      only_layer(model_of("g (float[20,5] x) => (float[5,7] y) { y = Gemm<transA=1>(x, w) }",
                          {{"w", {20, 7}}}),
                 20);
  EXPECT_EQ(turned.macs, 5 * 7 * 20);
  EXPECT_EQ(turned.other_ops, 0);
}

TEST(CostOfLayer, MatMulOfStacksAndWithWeights) {
  const auto stack = only_layer(
      model_of("g (float[N,4,6,8] a, float[N,4,8,9] b) => (float[N,4,6,9] y) { y = MatMul(a, b) }"),
      2);
  EXPECT_EQ((Dims{stack.rows, stack.columns, stack.depth, stack.groups}), (Dims{6, 9, 8, 8}));
  EXPECT_EQ(stack.macs, 6 * 9 * 8 * 8);
  EXPECT_EQ(stack.parameters, 0);
  EXPECT_EQ(stack.bytes_read, 2 * 4 * (6 * 8 + 8 * 9) * 4);
  const auto weights = only_layer(
      model_of("g (float[N,10,8] a) => (float[N,10,3] y) { y = MatMul(a, w) }", {{"w", {8, 3}}}),
      2);
  EXPECT_EQ((Dims{weights.rows, weights.columns, weights.depth, weights.groups}),
            (Dims{20, 3, 8, 1}));
  EXPECT_EQ(weights.parameters, 24);
}

TEST(CostOfLayer, Pools) {
  const auto largest =
      only_layer(model_of("g (float[1,4,8,8] x) => (float[1,4,h,w] y) {"
                          "  y = MaxPool<kernel_shape=[3,2], strides=[2,2]>(x) }"));
  EXPECT_EQ(largest.output_shape, (Dims{1, 4, 3, 4}));
  EXPECT_EQ(largest.other_ops, 4 * 12 * 5);
  EXPECT_EQ(largest.macs, 0);
  EXPECT_EQ(largest.rows, 0);
  const auto mean =
      only_layer(model_of("g (float[1,4,8,8] x) => (float[1,4,h,w] y) {"
                          "  y = AveragePool<kernel_shape=[4,4], strides=[4,4]>(x) }"));
  EXPECT_EQ(mean.other_ops, 4 * 4 * 16);
  const auto all = only_layer(
      model_of("g (float[1,4,8,8] x) => (float[1,4,1,1] y) { y = GlobalAveragePool(x) }"));
  EXPECT_EQ(all.other_ops, 4 * 64);
}

TEST(CostOfLayer, BatchNormCountsScaleAndShiftAsParametersOnly) {
  const auto layer =
      only_layer(model_of("g (float[1,6,4,4] x) => (float[1,6,4,4] y) {"
                          "  y = BatchNormalization(x, scale, shift, mean, variance) }",
                          {{"scale", {6}}, {"shift", {6}}, {"mean", {6}}, {"variance", {6}}}));
  EXPECT_EQ(layer.parameters, 12);
  EXPECT_EQ(layer.bytes_weights, 24 * 4);
  EXPECT_EQ(layer.other_ops, 6 * 16 * 2);
}

TEST(CostOfLayer, LimitsAndFactorsAreNoParameters) {
  EXPECT_EQ(only_layer(model_of("g (float[1,6] x) => (float[1,6] y) { y = Clip(x, low, high) }",
                                {{"low", {}}, {"high", {}}}))
                .parameters,
            0);
  EXPECT_EQ(only_layer(
                model_of("g (float[1,6] x) => (float[1,6] y) { y = Mul(x, half) }", {{"half", {}}}))
                .parameters,
            0);
  EXPECT_EQ(
      only_layer(model_of("g (float[1,6] x) => (float[1,6] y) { y = Add(x, b) }", {{"b", {6}}}))
          .parameters,
      6);
}

TEST(CostOfLayer, AnEmbeddingReadsOnlyItsRows) {
  const auto layer =
      only_layer(model_of("g (int64[N,5] ids) => (float[N,5,16] y) { y = Gather(table, ids) }",
                          {{"table", {1000, 16}}}),
                 2);
  EXPECT_EQ(layer.parameters, 16000);
  EXPECT_EQ(layer.bytes_weights, 2 * 5 * 16 * 4);
  EXPECT_EQ(layer.bytes_read, 2 * 5 * 8);
}

TEST(CostOfLayer, ReducedPrecisionHasSmallerTensors) {
  const auto layer = only_layer(model_of("g (float16[1,6] x) => (float16[1,6] y) { y = Relu(x) }"));
  EXPECT_EQ(layer.bytes_read, 12);
  EXPECT_EQ(layer.bytes_written, 12);
}

TEST(CostOfLayer, LinearResizeHasFourTapsNearestNone) {
  auto model = model_of(
      "g (float[1,2,4,4] x) => (float[1,2,h,w] y) {"
      "  y = Resize<mode=\"linear\">(x, , , sizes) }");
  add_integers(model, "sizes", {1, 2, 8, 8});
  EXPECT_EQ(only_layer(model).other_ops, 2 * 64 * 7);
  model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->set_s("nearest");
  EXPECT_EQ(only_layer(model).other_ops, 0);
}

TEST(CostOfLayer, AnLstmMultipliesEachStep) {
  const auto layer = only_layer(
      model_of("g (float[9,2,5] x) => (float[9,1,2,3] y) { y = LSTM<hidden_size=3>(x, w, r) }",
               {{"w", {1, 12, 5}}, {"r", {1, 12, 3}}}),
      9);
  EXPECT_EQ(layer.macs, 9 * 2 * 12 * (5 + 3));
  EXPECT_EQ(layer.parameters, 12 * 8);
}

TEST(CostOfLayer, AnUnknownOperatorIsSaidToBe) {
  const auto layer = only_layer(
      model_of("g (float[1,6,4,4] x) => (float[1,6,4,4] y) { y = Bernoulli(x) }", {}, 15));
  EXPECT_FALSE(layer.known);
  EXPECT_EQ(layer.macs, 0);
  EXPECT_EQ(layer.other_ops, 0);
  EXPECT_EQ(layer.bytes_read, 96 * 4);
  EXPECT_EQ(layer.bytes_written, 96 * 4);
}

TEST(CostOfLayer, AForeignOperatorWithAStatedShapeCounts) {
  auto model = model_of("g (float[1,6] x) => (float[1,6] y) { z = Foo(x) y = Relu(z) }");
  EXPECT_FALSE(cost_of(model));
  auto& info = *model.mutable_graph()->add_value_info();
  info = model.graph().input(0);
  info.set_name("z");
  const auto cost = cost_of(model);
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_FALSE(cost->layers[0].known);
  EXPECT_EQ(cost->layers[0].bytes_written, 24);
}

// ---- networks
// ------------------------------------------------------------------------------------

TEST(CostOfNetwork, SharedWeightsAreParametersOnceButReadTwice) {
  const auto cost =
      cost_of(model_of("g (float[1,6] x) => (float[1,6] y) {"
                       "  h = MatMul(x, w)  y = MatMul(h, w) }",
                       {{"w", {6, 6}}}));
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->parameters(), 36);
  EXPECT_EQ(cost->layers[1].parameters, 0);
  EXPECT_EQ(cost->bytes_weights(), 2 * 36 * 4);
  EXPECT_EQ(cost->macs(), 72);
}

TEST(CostOfNetwork, WhatWeightsAloneMakeCostsNothing) {
  const auto cost =
      cost_of(model_of("g (float[1,6] x) => (float[1,8] y) {"
                       "  t = Transpose(w)  y = MatMul(x, t) }",
                       {{"w", {8, 6}}}));
  ASSERT_TRUE(cost) << to_string(cost.error());
  ASSERT_EQ(cost->layers.size(), 1u);
  EXPECT_EQ(cost->parameters(), 48);
  EXPECT_EQ(cost->bytes_weights(), 48 * 4);
}

TEST(CostOfNetwork, ShapesThatAreComputedInTheGraphAreFollowed) {
  auto model = model_of(
      "g (float[N,3,4,4] x) => (float[N,48] y) {"
      "  s = Shape(x)  first = Gather(s, zero)  rest = Constant<value_ints=[-1]>()"
      "  target = Concat<axis=0>(first, rest)  y = Reshape(x, target) }");
  add_integers(model, "zero", {0});
  const auto cost = cost_of(model, 8);
  ASSERT_TRUE(cost) << to_string(cost.error());
  ASSERT_EQ(cost->layers.size(), 1u);
  EXPECT_EQ(cost->layers[0].operation, "Reshape");
  EXPECT_EQ(cost->layers[0].output_shape, (Dims{8, 48}));
  EXPECT_EQ(cost->bytes_written(), 0);
}

TEST(CostOfNetwork, ReductionsOfNewOperatorSetsKeepTheirAxes) {
  auto model =
      model_of("g (float[1,6,4,4] x) => (float[a,b,c,d] y) { y = ReduceMean(x, axes) }", {}, 18);
  add_integers(model, "axes", {2, 3});
  EXPECT_EQ(only_layer(model).output_shape, (Dims{1, 6, 1, 1}));
}

TEST(CostOfNetwork, TheBatchOfAStaticFileIsReplacedWhereItCanBe) {
  const auto model = model_of(
      "g (float[4,3,8,8] x) => (float[4,5,8,8] y) {"
      "  c = Conv<kernel_shape=[1,1]>(x, w)  y = Relu(c) }",
      {{"w", {5, 3, 1, 1}}});
  const auto own = cost_of(model, 4);
  const auto other = cost_of(model, 16);
  ASSERT_TRUE(own && other);
  EXPECT_EQ(other->batch, 16);
  EXPECT_EQ(other->macs(), 4 * own->macs());
  EXPECT_EQ(other->bytes_weights(), own->bytes_weights());
}

TEST(CostOfNetwork, ABatchInAReshapeIsRefusedByName) {
  auto model = model_of("g (float[2,3,4,4] x) => (float[2,48] y) { y = Reshape(x, target) }");
  add_integers(model, "target", {2, 48});
  EXPECT_TRUE(cost_of(model, 2));
  const auto cost = cost_of(model, 8);
  ASSERT_FALSE(cost);
  EXPECT_EQ(cost.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(cost.error().what, HasSubstr("'y' (Reshape)"));
  auto open = model_of("g (float[2,3,4,4] x) => (float[2,48] y) { y = Reshape(x, target) }");
  add_integers(open, "target", {2, -1});  // would fold the larger batch into the features
  EXPECT_FALSE(cost_of(open, 8));
}

TEST(CostOfNetwork, ScalesWithTheBatch) {
  EXPECT_TRUE(rc::check("MACs and activations in proportion, weights unchanged", [] {
    const auto batch = *rc::gen::inRange<std::int64_t>(1, 512);
    const auto model = model_of(
        "g (float[N,3,8,8] x) => (float[N,5,4,4] y) {"
        "  y = Conv<kernel_shape=[2,2], strides=[2,2]>(x, w) }",
        {{"w", {5, 3, 2, 2}}});
    const auto one = cost_of(model, 1), many = cost_of(model, batch);
    RC_ASSERT(one.has_value() && many.has_value());
    RC_ASSERT(many->macs() == batch * one->macs());
    RC_ASSERT(many->bytes_read() == batch * one->bytes_read());
    RC_ASSERT(many->bytes_weights() == one->bytes_weights());
  }));
}

// ---- bad input
// -----------------------------------------------------------------------------------

struct Bad {
  const char* label;
  ErrorKind kind;
  const char* says;
  Result<NetworkCost> cost;
};

TEST(CostOfBadInput, IsATypedErrorOnOneLineWithARemedy) {
  const std::string relu = "g (float[1,6] x) => (float[1,6] y) { y = Relu(x) }";
  auto no_opset = model_of(relu);
  no_opset.clear_opset_import();
  auto no_graph = model_of(relu);
  no_graph.clear_graph();
  auto no_shape = model_of(relu);
  no_shape.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  auto huge = model_of("g (float[N,1000000000,1000000000] x) => (float[N,a,b] y) { y = Relu(x) }");
  auto large = model_of("g (float[N,1000000,1000000] x) => (float[N,a,b] y) { y = MatMul(x, x) }");
  auto negative = model_of("g (float[N,6] x) => (float[N,6] y) { y = Relu(x) }");
  negative.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(1)
      ->set_dim_value(-6);
  const std::string whole = model_of(relu).SerializeAsString();
  const auto bytes = [](const std::string& text) { return network_cost_of_bytes(text, 1, "m"); };
  const Bad cases[] = {
      {"empty", ErrorKind::parse, "empty", bytes("")},
      {"PNG", ErrorKind::parse, "no ONNX", bytes("\x89PNG\r\n\x1a\n and so on")},
      {"text", ErrorKind::parse, "no ONNX", bytes("board = \"jetson-nano\"\n")},
      {"HTML", ErrorKind::parse, "no ONNX", bytes("<html>404</html>")},
      {"zeros", ErrorKind::parse, "no ONNX", bytes(std::string(100, '\0'))},
      {"truncated", ErrorKind::parse, "truncated", bytes(whole.substr(0, whole.size() - 9))},
      {"no graph", ErrorKind::parse, "no network", cost_of(no_graph)},
      {"no operator set", ErrorKind::invalid, "operator set", cost_of(no_opset)},
      {"batch 0", ErrorKind::invalid, "batch size 0", cost_of(model_of(relu), 0)},
      {"cycle", ErrorKind::invalid, "cyclic",
       cost_of(model_of("g (float[1,6] x) => (float[1,6] y) { a = Add(x, y)  y = Relu(a) }"))},
      {"unknown tensor", ErrorKind::invalid, "nothing writes",
       cost_of(model_of("g (float[1,6] x) => (float[1,6] y) { y = Add(x, ghost) }"))},
      {"written twice", ErrorKind::invalid, "two layers",
       cost_of(model_of("g (float[1,6] x) => (float[1,6] y) { y = Relu(x)  y = Abs(x) }"))},
      {"input without shape", ErrorKind::unsupported, "'x' has no shape", cost_of(no_shape)},
      {"open height", ErrorKind::unsupported, "'height'",
       cost_of(model_of("g (float[N,3,height,8] x) => (float[N,3,a,8] y) { y = Relu(x) }"))},
      {"negative size", ErrorKind::invalid, "-6", cost_of(negative)},
      {"tensor beyond 64 bits", ErrorKind::out_of_range, "too large", cost_of(huge)},
      {"product beyond 64 bits", ErrorKind::out_of_range, "too large", cost_of(large, 1000)},
      {"stride 0", ErrorKind::invalid, "strides",
       cost_of(model_of("g (float[1,4,8,8] x) => (float[1,4,h,w] y) {"
                        "  y = MaxPool<kernel_shape=[3,2], strides=[0,2]>(x) }"))},
      {"missing attribute", ErrorKind::invalid, "kernel_shape",
       cost_of(model_of("g (float[1,4,8,8] x) => (float[1,4,h,w] y) { y = MaxPool(x) }"))},
      {"shapes that do not meet", ErrorKind::unsupported, "cannot be inferred",
       cost_of(
           model_of("g (float[1,6] x) => (float[1,3] y) { y = MatMul(x, w) }", {{"w", {5, 3}}}))},
      {"data-dependent shape", ErrorKind::unsupported, "'z'",
       cost_of(model_of("g (float[1,6] x) => (int64[2,n] y) { z = NonZero(x)  y = Abs(z) }"))},
  };
  for (const Bad& bad : cases) {
    SCOPED_TRACE(bad.label);
    ASSERT_FALSE(bad.cost);
    EXPECT_EQ(name_of(bad.cost.error().kind), name_of(bad.kind)) << to_string(bad.cost.error());
    EXPECT_THAT(bad.cost.error().what, HasSubstr(bad.says));
    EXPECT_EQ(bad.cost.error().what.find('\n'), std::string::npos);
    EXPECT_FALSE(bad.cost.error().remedy.empty());
  }
}

TEST(CostOfBadInput, EveryTruncationIsAnError) {
  const std::string whole = model_of(
                                "g (float[N,3,8,8] x) => (float[N,5,8,8] y) {"
                                "  c = Conv<kernel_shape=[1,1]>(x, w)  y = Relu(c) }",
                                {{"w", {5, 3, 1, 1}}})
                                .SerializeAsString();
  ASSERT_TRUE(network_cost_of_bytes(whole, 1, "m"));
  int accepted = 0;  // a cut between the model's own fields leaves a model without its last ones
  for (std::size_t size = 0; size < whole.size(); ++size)
    accepted += network_cost_of_bytes(whole.substr(0, size), 1, "m").has_value() ? 1 : 0;
  EXPECT_EQ(accepted, 0);
}

TEST(CostOfBadInput, BrokenBytesAreAnAnswerOrAnError) {
  google::protobuf::LogSilencer quiet;  // protobuf prints what it does not like
  const std::string whole =
      model_of(
          "g (float[N,3,8,8] x) => (float[N,10] y) {"
          "  c = Conv<kernel_shape=[2,2], strides=[2,2]>(x, w)  r = Relu(c)"
          "  p = GlobalAveragePool(r)  f = Flatten(p)  y = Gemm<transB=1>(f, v) }",
          {{"w", {5, 3, 2, 2}}, {"v", {10, 5}}})
          .SerializeAsString();
  EXPECT_TRUE(rc::check("one or two broken bytes", [&] {
    std::string broken = whole;
    for (int i = *rc::gen::inRange(1, 3); i > 0; --i)
      broken[*rc::gen::inRange<std::size_t>(0, broken.size())] = *rc::gen::arbitrary<char>();
    const auto cost = network_cost_of_bytes(broken, 2, "m");
    RC_ASSERT(cost.has_value() || !cost.error().what.empty());
    if (cost)
      for (const auto& layer : cost->layers) RC_ASSERT(layer.macs >= 0 && layer.bytes_read >= 0);
  }));
}

TEST(CostOfFile, TellsWhatIsWrongWithThePath) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("isojoule-cost-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto missing = network_cost((folder / "missing.onnx").string(), 1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  const auto directory = network_cost(folder.string(), 1);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().kind, ErrorKind::invalid);
  const auto path = folder / "net.onnx";
  std::ofstream(path).close();
  EXPECT_EQ(network_cost(path.string(), 1).error().kind, ErrorKind::parse);
  std::ofstream(path, std::ios::binary)
      << model_of("g (float[N,6] x) => (float[N,6] y) { y = Relu(x) }").SerializeAsString();
  const auto cost = network_cost(path.string(), 3);
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->name, "net");
  EXPECT_EQ(cost->other_ops(), 18);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace isojoule
