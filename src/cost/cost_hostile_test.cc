// Files made to break the count: each is an answer or an error, soon, and in little memory.
#include <gmock/gmock.h>
#include <onnx/defs/schema.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "cost/onnx_reader_holds.h"
#include "cost/test_model.h"

namespace isojoule {
namespace {

using testing::HasSubstr;
constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

void expect_error(const onnx::ModelProto& model, ErrorKind kind, const std::string& says) {
  const auto cost = cost_of(model);
  ASSERT_FALSE(cost) << says;
  EXPECT_EQ(name_of(cost.error().kind), name_of(kind)) << to_string(cost.error());
  EXPECT_THAT(cost.error().what, HasSubstr(says));
}

onnx::NodeProto node_of(const std::string& operation, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs) {
  onnx::NodeProto node;
  node.set_op_type(operation);
  for (const auto& input : inputs) node.add_input(input);
  for (const auto& output : outputs) node.add_output(output);
  return node;
}

onnx::AttributeProto& attribute_of(onnx::NodeProto& node, const std::string& name,
                                   onnx::AttributeProto::AttributeType type) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

onnx::GraphProto* graph_in(onnx::NodeProto& node, const std::string& name) {
  auto& attribute = attribute_of(node, name, onnx::AttributeProto::GRAPH);
  attribute.mutable_g()->set_name("inner");
  return attribute.mutable_g();
}

// A model of input x [1,6] and flag c, whose one node the caller makes.
onnx::ModelProto around(const onnx::NodeProto& node, int opset = 13) {
  auto model = model_of("g (float[1,6] x, bool[1] c) => (float[1,6] y) { y = Relu(x) }", {}, opset);
  *model.mutable_graph()->mutable_node(0) = node;
  return model;
}

// ---- sizes --------------------------------------------------------------------------------------

TEST(CostHostile, ASizeBesideAZeroIsCheckedToo) {
  expect_error(model_of("g (float[1,6] x) => (float[1,6] y) { y = Concat<axis=1>(w, w) }",
                        {{"w", {0, kLargest}}}),
               ErrorKind::out_of_range, "too large");
}

TEST(CostHostile, ATensorHasAtMostSixtyFourAxes) {
  expect_error(
      model_of("g (float[1,6] x) => (float[1,6] y) { y = Mul(x, w) }", {{"w", Dims(65, 1)}}),
      ErrorKind::out_of_range, "65 axes");
}

TEST(CostHostile, GroupsThatDoNotDivideAreNotCountedAsZero) {
  for (const char* operation : {"Conv<group=7>", "Conv<group=3>", "ConvTranspose<group=3>"}) {
    const auto cost = cost_of(model_of(
        std::string("g (float[N,8,4,4] x) => (float[N,a,b,c] y) { y = ") + operation + "(x, w) }",
        {{"w", {8, 8, 1, 1}}}, 11));
    ASSERT_TRUE(cost) << to_string(cost.error());
    EXPECT_FALSE(cost->layers[0].known) << operation;
    EXPECT_THAT(cost->layers[0].why_unknown, HasSubstr("groups"));
  }
}

TEST(CostHostile, FlopsBeyondSixtyFourBitsAreAnError) {
  auto node = node_of("Loop", {"n", "", "x"}, {"y"});
  *graph_in(node, "body") = model_of(
                                "b (int64 i, bool go, float[1,6] s) => (bool go2, float[1,6] t) {"
                                "  go2 = Identity(go)  t = MatMul(s, w) }")
                                .graph();
  auto model = around(node);
  auto& w = *model.mutable_graph()->add_initializer();
  w.set_name("w");
  w.set_data_type(onnx::TensorProto::FLOAT);
  w.add_dims(6);
  w.add_dims(6);
  add_integers(model, "n", {kLargest / 50});
  expect_error(model, ErrorKind::out_of_range, "too large");
}

// ---- weights in other files ---------------------------------------------------------------------

TEST(CostHostile, AnExternalWeightOfNegativeSizeIsRefused) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("isojoule-hostile-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "w.bin") << std::string(96, 'x');
  auto model = model_of("g (float[1,6] x) => (float[1,6] y) { y = Mul(x, w) }", {{"w", {-6}}});
  auto& tensor = *model.mutable_graph()->mutable_initializer(0);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  auto& entry = *tensor.add_external_data();
  entry.set_key("location");
  entry.set_value("w.bin");
  std::ofstream(folder / "m.onnx", std::ios::binary) << model.SerializeAsString();
  const auto cost = network_cost((folder / "m.onnx").string(), 1);
  ASSERT_FALSE(cost);
  EXPECT_EQ(cost.error().kind, ErrorKind::invalid);
  EXPECT_THAT(cost.error().what, HasSubstr("-6"));
  std::filesystem::remove_all(folder);
}

// ---- depth and repetition -----------------------------------------------------------------------

onnx::NodeProto nested_if(int depth) {
  auto node = node_of("If", {"c"}, {"y" + std::to_string(depth)});
  for (const char* branch : {"then_branch", "else_branch"}) {
    auto* graph = graph_in(node, branch);
    const bool deeper = depth > 0 && std::string(branch) == "then_branch";
    *graph->add_node() = deeper ? nested_if(depth - 1) : node_of("Relu", {"x"}, {"r"});
    graph->add_output()->set_name(deeper ? "y" + std::to_string(depth - 1) : "r");
  }
  return node;
}

// Counted anew at each level, the innermost layer would be 2^18 times.
TEST(CostHostile, AnIfInAnIfInAnIfIsCountedOnce) {
  const auto cost = cost_of(around(nested_if(18)));
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->layers.size(), 1u);
  EXPECT_EQ(cost->other_ops(), 6);
}

TEST(CostHostile, GraphsNestedTooDeeplyAreAnError) {
  expect_error(around(nested_if(28)), ErrorKind::parse, "nested too deeply");
}

onnx::ModelProto with_functions(int functions, int calls_each, bool itself) {
  auto node = node_of("F0", {"x"}, {"y"});
  node.set_domain("own");
  auto model = around(node);
  model.set_ir_version(8);
  auto& import = *model.add_opset_import();
  import.set_domain("own");
  import.set_version(1);
  for (int i = 0; i < functions; ++i) {
    auto& function = *model.add_functions();
    function.set_name("F" + std::to_string(i));
    function.set_domain("own");
    function.add_input("a");
    function.add_output("b0");
    for (int call = 0; call < calls_each; ++call) {
      const bool last = i + 1 == functions && !itself;
      auto inner = node_of(last ? "Relu" : "F" + std::to_string(itself ? i : i + 1), {"a"},
                           {"b" + std::to_string(call)});
      if (!last) inner.set_domain("own");
      *function.add_node() = inner;
    }
  }
  return model;
}

TEST(CostHostile, AFunctionThatCallsItselfIsAnError) {
  expect_error(with_functions(1, 2, true), ErrorKind::invalid, "nested more than 32 deep");
}

TEST(CostHostile, AFunctionOfFunctionsIsCountedAtEachCall) {
  const auto cost = cost_of(with_functions(6, 3, false));
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->layers.size(), 729u);
  EXPECT_EQ(cost->other_ops(), 729 * 6);
}

TEST(CostHostile, LongNamesAreCut) {
  auto node = nested_if(2);
  node.set_name(std::string(100'000, 'n'));
  const auto cost = cost_of(around(node));
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_LT(cost->layers[0].name.size(), 1100u);
}

TEST(CostHostile, NotesAreAtMostFifty) {
  std::string nodes;
  for (int i = 0; i < 60; ++i) nodes += " t" + std::to_string(i) + " = Relu(x)";
  auto model = model_of("g (float[1,6] x) => (float[1,6] y) {" + nodes + " y = Relu(x) }");
  for (int i = 0; i < 60; ++i) {
    auto& info = *model.mutable_graph()->add_value_info();
    info = model.graph().input(0);
    info.set_name("t" + std::to_string(i));
    info.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_dim_value(7);
  }
  const auto cost = cost_of(model);
  ASSERT_TRUE(cost) << to_string(cost.error());
  ASSERT_EQ(cost->notes.size(), 51u);
  EXPECT_EQ(cost->notes.back(), "and 10 more");
}

// 8192 numbers a layer: 128 KB each in our own form, 4000 of them would be half a gigabyte. A
// sanitizer keeps what was freed for a while.
TEST(CostHostile, FoldedNumbersDoNotFillTheMemory) {
  std::string nodes;
  for (int i = 0; i < 4000; ++i) nodes += " t" + std::to_string(i) + " = ConstantOfShape(n)";
  auto model = model_of("g (float[1,6] x) => (float[1,6] y) {" + nodes + " y = Relu(x) }");
  add_integers(model, "n", {8192});
  const auto resident = [] {
    std::ifstream file("/proc/self/statm");
    std::int64_t all = 0, pages = 0;
    file >> all >> pages;
    return pages * ::sysconf(_SC_PAGESIZE);
  };
  const std::int64_t before = resident();
  const auto cost = cost_of(model);
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->layers.size(), 1u);
#ifdef __SANITIZE_ADDRESS__
  constexpr std::int64_t kMostMb = 400;
#else
  constexpr std::int64_t kMostMb = 200;
#endif
  EXPECT_LT(resident() - before, kMostMb << 20);
}

// ---- names --------------------------------------------------------------------------------------

TEST(CostHostile, ATensorWrittenTwiceInABranchIsAnError) {
  auto node = node_of("If", {"c"}, {"y"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    auto* graph = graph_in(node, branch);
    *graph->add_node() = node_of("Relu", {"x"}, {"r"});
    *graph->add_node() = node_of("Abs", {"x"}, {"r"});
    graph->add_output()->set_name("r");
  }
  expect_error(around(node), ErrorKind::invalid, "there already");
}

// ---- Loop, Scan, If -----------------------------------------------------------------------------

TEST(CostHostile, GraphsInsideThatLackSomethingAreErrors) {
  expect_error(around(node_of("If", {"c"}, {"y"}), 18), ErrorKind::invalid, "lacks a branch");
  expect_error(around(node_of("Loop", {}, {"y"}), 18), ErrorKind::invalid, "lacks its body");
  expect_error(around(node_of("Scan", {"x"}, {"y"}), 18), ErrorKind::invalid, "lacks its body");
  auto loop = node_of("Loop", {"", "", "x"}, {"y"});
  graph_in(loop, "body");
  expect_error(around(loop), ErrorKind::invalid, "lacks outputs");
  auto branch = node_of("If", {"c"}, {"y"});
  graph_in(branch, "then_branch")->add_output()->set_name("ghost");
  graph_in(branch, "else_branch")->add_output()->set_name("ghost");
  expect_error(around(branch), ErrorKind::invalid, "nothing writes 'ghost'");
}

TEST(CostHostile, ALoopWithoutEndAndAStateThatGrowsAreUnknown) {
  for (const auto& [body, says] : std::vector<std::pair<std::string, std::string>>{
           {"t = Relu(s)", "how often it turns"}, {"t = Concat<axis=1>(s, s)", "changes"}}) {
    auto loop = node_of("Loop", {says == "changes" ? "n" : "", "", "x"}, {"y"});
    *graph_in(loop, "body") = model_of(
                                  "b (int64 i, bool go, float[1,6] s) => (bool go2, float[1,k] t) {"
                                  "  go2 = Identity(go) " +
                                  body + " }")
                                  .graph();
    auto model = around(loop);
    add_integers(model, "n", {3});
    const auto cost = cost_of(model);
    ASSERT_TRUE(cost) << to_string(cost.error());
    EXPECT_FALSE(cost->layers[0].known);
    EXPECT_THAT(cost->layers[0].why_unknown, HasSubstr(says));
    EXPECT_EQ(cost->unknown_operations(), (std::vector<std::string>{"Loop"}));
  }
}

TEST(CostHostile, AScanBeyondItsInputsAxesIsAnError) {
  for (const std::int64_t axis : {std::int64_t{2}, kLargest, kSmallest}) {
    auto scan = node_of("Scan", {"x"}, {"y"});
    attribute_of(scan, "num_scan_inputs", onnx::AttributeProto::INT).set_i(1);
    attribute_of(scan, "scan_input_axes", onnx::AttributeProto::INTS).add_ints(axis);
    *graph_in(scan, "body") = model_of("b (float[1] s) => (float[1] t) { t = Relu(s) }").graph();
    expect_error(around(scan), ErrorKind::invalid, "scan axis");
  }
}

// ---- every operator with what it does not expect ------------------------------------------------

void add_absurd_attributes(onnx::NodeProto& node, const onnx::OpSchema& schema, std::size_t turn) {
  constexpr std::int64_t kNumbers[] = {0, -1, 1, 7, kLargest, kSmallest, 1 << 20, -64};
  for (const auto& [name, known] : schema.attributes()) {
    const std::int64_t number = kNumbers[turn++ % std::size(kNumbers)];
    if (known.type == onnx::AttributeProto::INT) {
      attribute_of(node, name, known.type).set_i(number);
    } else if (known.type == onnx::AttributeProto::INTS) {
      auto& attribute = attribute_of(node, name, known.type);
      for (std::size_t i = 0; i < turn % 5; ++i) attribute.add_ints(number);
    } else if (known.type == onnx::AttributeProto::FLOAT) {
      attribute_of(node, name, known.type).set_f(static_cast<float>(number));
    } else if (known.type == onnx::AttributeProto::STRING) {
      attribute_of(node, name, known.type).set_s(turn % 2 == 0 ? "SAME_UPPER" : "ij,->");
    }
  }
}

// Set 18 is beyond the library's checks of a node, so that ours and its inference meet it as it is.
TEST(CostHostile, EveryOperatorWithFewInputsAndAbsurdAttributesIsAnAnswerOrAnError) {
  const std::vector<std::string> pool = {"x", "w", "s", "z", "n", "", "x"};
  int models = 0;
  for (const auto& schema : onnx::OpSchemaRegistry::get_all_schemas()) {
    if (!schema.domain().empty()) continue;
    for (std::size_t turn = 0; turn < 12; ++turn) {
      std::vector<std::string> inputs;
      for (std::size_t i = 0; i < turn % 6; ++i) inputs.push_back(pool[(i + turn) % pool.size()]);
      auto node = node_of(schema.Name(), inputs, {"y"});
      if (turn > 2) add_absurd_attributes(node, schema, turn);
      auto model = model_of("g (float[1,4,8,8] x, float[1] s) => (float[a] y) { y = Relu(x) }",
                            {{"w", {4, 4, 3, 3}}, {"z", {0, 3}}}, 18);
      add_integers(model, "n", {kLargest, -1, 0, kSmallest});
      *model.mutable_graph()->mutable_node(0) = node;
      EXPECT_EQ(cost_holds(model.SerializeAsString()), "") << schema.Name() << " " << turn;
      ++models;
    }
  }
  EXPECT_GT(models, 1500);
}

}  // namespace
}  // namespace isojoule
