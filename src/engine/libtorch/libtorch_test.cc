// The real worker with the real library, on networks that are written here: a Gemm and a Relu, so
// that every phase is there and a batch takes microseconds, and what a worker has to refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/engine_rig.h"
#include "engine/sample_models.h"
#include "tensor/npy.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

class LibTorchTest : public EngineRig {
 protected:
  LibTorchTest() : EngineRig("libtorch") {}

  Outcome run(const std::string& model, Job job) {
    job.model_path = write("model.onnx", model);
    return run_file(std::move(job));
  }
  Outcome run_file(Job job) {
    if (job.threads == 0) job.threads = 1;
    return run_job(std::move(job), engine_);
  }

  // Of a run that has to fail.
  Error error_of(const std::string& model, Job job) {
    const Outcome outcome = run(model, std::move(job));
    EXPECT_TRUE(outcome.error);
    return outcome.error.value_or(Error{});
  }

  // An output of one byte an element.
  std::vector<int> bytes_of(const onnx::ModelProto& model, const std::string& output) {
    Job job;
    job.options = {{"shape.x", "1x4"}, {"save_outputs", folder_.string()}};
    const Outcome outcome = run(model.SerializeAsString(), job);
    EXPECT_FALSE(outcome.error) << to_string(*outcome.error);
    std::ifstream file(folder_ / (output + ".npy"), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto tensor = parse_npy(text, output);
    std::vector<int> values;
    EXPECT_TRUE(tensor);
    if (tensor)
      for (const std::byte value : tensor->data) values.push_back(std::to_integer<int>(value));
    return values;
  }
};

TEST_F(LibTorchTest, both_graphs_run_phase_by_phase) {
  for (const char* graph : {"dynamic", "static"}) {
    Job job;
    job.batch = 8;
    job.inferences = 80;
    job.graph = graph;
    const Outcome outcome = run(gemm_model("n"), job);
    ASSERT_FALSE(outcome.error) << graph << ": " << to_string(*outcome.error);
    EXPECT_THAT(outcome.phases,
                testing::IsSupersetOf({PhaseKind::load, PhaseKind::graph_initialisation,
                                       PhaseKind::first_inference, PhaseKind::inference,
                                       PhaseKind::tear_down}));
    EXPECT_EQ(outcome.batches, 10);
    EXPECT_EQ(outcome.events.back().kind, EventKind::finished);
    EXPECT_THAT(outcome.notes.at("engine"), StartsWith("libtorch "));
    EXPECT_EQ(outcome.notes.at("provider"), "CPU");
    EXPECT_EQ(outcome.notes.at("threads"), "1");
    EXPECT_EQ(outcome.notes.at("graph"), graph);
    EXPECT_EQ(outcome.notes.at("input x"), "8x4");
  }
}

TEST_F(LibTorchTest, shapes_may_follow_from_the_batch) {
  for (const char* graph : {"dynamic", "static"}) {
    for (const int batch : {1, 3}) {
      Job job;
      job.batch = batch;
      job.graph = graph;
      const Outcome outcome = run(shape_model(), job);
      EXPECT_FALSE(outcome.error) << graph << " " << batch << ": " << to_string(*outcome.error);
    }
  }
}

TEST_F(LibTorchTest, an_operator_that_is_not_here_is_named_with_its_node) {
  Job job;
  job.options["shape.x"] = "1x4";
  const Error error = error_of(one_operator("StringNormalizer").SerializeAsString(), job);
  EXPECT_EQ(error.kind, ErrorKind::unsupported);
  EXPECT_THAT(error.what, HasSubstr("operator 'StringNormalizer' (node 'the node', opset 13)"));
  onnx::ModelProto foreign = one_operator("Relu");
  foreign.mutable_graph()->mutable_node(0)->set_domain("com.example");
  EXPECT_THAT(error_of(foreign.SerializeAsString(), job).what, HasSubstr("'com.example.Relu'"));
}

TEST_F(LibTorchTest, a_mode_that_is_not_here_is_refused_before_the_first_batch) {
  onnx::ModelProto model = one_operator("Pad");
  auto* mode = model.mutable_graph()->mutable_node(0)->add_attribute();
  mode->set_name("mode");
  mode->set_type(onnx::AttributeProto::STRING);
  mode->set_s("spiral");
  Job job;
  job.options["shape.x"] = "1x4";
  const Outcome outcome = run(model.SerializeAsString(), job);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ErrorKind::unsupported);
  EXPECT_THAT(outcome.error->what, HasSubstr("operator 'Pad' (node 'the node'): mode=spiral"));
  EXPECT_EQ(outcome.phases.back(), PhaseKind::graph_initialisation);
}

TEST_F(LibTorchTest, a_shape_that_follows_from_the_data_needs_the_dynamic_graph) {
  Job job;
  job.options["shape.x"] = "1x4";
  const std::string model = one_operator("NonZero").SerializeAsString();
  job.graph = "static";
  const Error error = error_of(model, job);
  EXPECT_EQ(error.kind, ErrorKind::unsupported);
  EXPECT_THAT(error.remedy, HasSubstr("graph dynamic"));
  job.graph = "dynamic";
  EXPECT_FALSE(run(model, job).error);
}

TEST_F(LibTorchTest, files_that_are_no_model_are_parse_errors) {
  const std::string good = gemm_model("1");
  for (const std::string& bytes :
       {std::string(), std::string("hello, this is no network"), good.substr(0, good.size() / 2),
        good.substr(0, 40), std::string("PK\x03\x04 no archive"), good + "tail"}) {
    const Error error = error_of(bytes, {});
    EXPECT_EQ(error.kind, ErrorKind::parse) << to_string(error);
    EXPECT_FALSE(error.remedy.empty());
  }
  onnx::ModelProto loose = one_operator("Relu");
  loose.mutable_graph()->mutable_node(0)->set_input(0, "nowhere");
  Job job;
  job.options["shape.x"] = "1x4";
  EXPECT_THAT(error_of(loose.SerializeAsString(), job).what,
              HasSubstr("needs 'nowhere', which nothing makes"));
}

TEST_F(LibTorchTest, shapes_that_do_not_fit_are_named_with_their_node) {
  onnx::ModelProto model = one_operator("Relu");
  add_weight(model, "w", {3, 3}, 1);
  model.mutable_graph()->clear_node();
  add_node(model, "MatMul", {"x", "w"}, "y").set_name("product");
  Job job;
  job.options["shape.x"] = "1x4";
  for (const char* graph : {"dynamic", "static"}) {
    job.graph = graph;
    const Error error = error_of(model.SerializeAsString(), job);
    EXPECT_EQ(error.kind, ErrorKind::engine);
    EXPECT_THAT(error.what, HasSubstr("operator 'MatMul' (node 'product'): "));
  }
}

TEST_F(LibTorchTest, wrong_words_are_named_with_the_nearest) {
  Job job;
  job.options["save_modul"] = "x.pt";
  EXPECT_THAT(error_of(gemm_model("n"), job).remedy, HasSubstr("'save_module'"));
  job.options = {{"save_module", (folder_ / "x.pt").string()}};
  EXPECT_THAT(error_of(gemm_model("n"), job).what, HasSubstr("needs the static graph"));
  job.options = {{"type.x", "int64"}};
  EXPECT_EQ(error_of(gemm_model("n"), job).kind, ErrorKind::invalid);
  job.options.clear();
  job.batch = 8;
  EXPECT_THAT(error_of(gemm_model("3"), job).what, HasSubstr("has batch 3 built in"));
}

TEST_F(LibTorchTest, what_this_machine_has_not_is_refused_with_the_reason) {
  const auto known = describe_engine("libtorch", kWorkers);
  ASSERT_TRUE(known) << to_string(known.error());
  Job job;
  job.accelerator = "gpu";
  if (known->at("cuda devices") == "0") {
    const Error error = error_of(gemm_model("n"), job);
    EXPECT_EQ(error.kind, ErrorKind::unsupported);
    EXPECT_THAT(error.what, HasSubstr("finds no CUDA"));
  } else {
    EXPECT_FALSE(run(gemm_model("n"), job).error);
  }
  job.accelerator = "cpu";
  job.precision = "fp16";  // from LibTorch 2.0 on a CPU has it
  const Outcome half = run(gemm_model("n"), job);
  if (half.error) {
    EXPECT_EQ(half.error->kind, ErrorKind::unsupported);
    EXPECT_THAT(half.error->what, HasSubstr("operator 'Gemm'"));
    EXPECT_THAT(half.error->remedy, HasSubstr("fp32"));
  }
}

TEST_F(LibTorchTest, more_than_the_memory_holds_is_told_as_such) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "skipped: the sanitizer's allocator ends the program instead of refusing";
#endif
  // Too little for the network, and too little for the library itself.
  for (const char* limit : {"1000", "100"}) {
    for (const char* graph : {"dynamic", "static"}) {
      Job job;
      job.graph = graph;
      job.options = {{"shape.x", "1x400000000"}, {"memory_limit_mib", limit}};
      const Error error = error_of(one_operator("Relu").SerializeAsString(), job);
      EXPECT_EQ(error.kind, ErrorKind::engine);
      EXPECT_THAT(error.what, StartsWith("out of memory")) << graph << ", " << limit << " MiB";
    }
  }
}

TEST_F(LibTorchTest, layers_are_timed_in_both_graphs) {
  for (const char* graph : {"dynamic", "static"}) {
    Job job;
    job.graph = graph;
    job.profile_batches = 5;
    const Outcome outcome = run(gemm_model("n"), job);
    ASSERT_FALSE(outcome.error) << graph << ": " << to_string(*outcome.error);
    ASSERT_GE(outcome.layers.size(), 2U) << graph;
    for (const LayerTime& layer : outcome.layers) {
      EXPECT_GT(layer.time.value(), 0);
      EXPECT_EQ(layer.batches, 5);
      EXPECT_EQ(layer.device, "CPU");
    }
    if (graph == std::string("dynamic")) {
      EXPECT_EQ(outcome.layers[0].name, "h");
      EXPECT_EQ(outcome.layers[0].operation, "Gemm");
    }
  }
}

TEST_F(LibTorchTest, a_saved_module_runs_as_a_file_of_its_own) {
  const std::string path = (folder_ / "network.pt").string();
  Job save;
  save.graph = "static";
  save.batch = 2;
  save.options["save_module"] = path;
  ASSERT_FALSE(run(gemm_model("n"), save).error);
  Job job;
  job.model_path = path;
  job.batch = 2;
  const Outcome shapeless = run_file(job);
  ASSERT_TRUE(shapeless.error);
  EXPECT_EQ(shapeless.error->kind, ErrorKind::invalid);
  EXPECT_THAT(shapeless.error->remedy, HasSubstr("shape.input_0=1x3x224x224"));
  job.options["shape.input_0"] = "2x4";
  for (const char* graph : {"", "static"}) {
    job.graph = graph;
    const Outcome outcome = run_file(job);
    ASSERT_FALSE(outcome.error) << graph << ": " << to_string(*outcome.error);
    EXPECT_EQ(outcome.notes.at("input input_0"), "2x4");
  }
  job.graph = "dynamic";
  EXPECT_EQ(run_file(job).error.value_or(Error{}).kind, ErrorKind::unsupported);
}

TEST_F(LibTorchTest, outputs_that_are_not_finite_are_a_failure) {
  EXPECT_THAT(error_of(gemm_model("n", 3e38f), {}).what,
              HasSubstr("output 'y' holds values that are not finite"));
}

TEST_F(LibTorchTest, whole_numbers_are_resized_by_fractions) {
  onnx::ModelProto model = folded("Resize", {"picture", "", "", "sizes"});
  auto* mode = model.mutable_graph()->mutable_node(1)->add_attribute();
  mode->set_name("mode");
  mode->set_type(onnx::AttributeProto::STRING);
  mode->set_s("linear");
  add_numbers(model, "picture", onnx::TensorProto::UINT8, {1, 1, 1, 2}, {10, 20});
  add_numbers(model, "sizes", onnx::TensorProto::INT64, {4}, {1, 1, 1, 4});
  EXPECT_THAT(bytes_of(model, "y"), testing::ElementsAre(10, 12, 17, 20));
}

TEST_F(LibTorchTest, nothing_but_zeros_is_quantised_to_zeros) {
  onnx::ModelProto model = folded("DynamicQuantizeLinear", {"zeros"});
  model.mutable_graph()->mutable_node(1)->add_output("scale");
  model.mutable_graph()->mutable_node(1)->add_output("zero");
  add_weight(model, "zeros", {3}, 0);
  EXPECT_THAT(bytes_of(model, "y"), testing::ElementsAre(0, 0, 0));
}

TEST_F(LibTorchTest, what_would_be_computed_wrongly_is_refused) {
  Job job;
  job.options["shape.x"] = "1x4";
  onnx::ModelProto wide = one_operator("QuantizeLinear");
  wide.mutable_graph()->mutable_node(0)->add_input("scale");
  wide.mutable_graph()->mutable_node(0)->add_input("zero");
  add_weight(wide, "scale", {1}, 1);
  add_numbers(wide, "zero", onnx::TensorProto::INT16, {1}, {0});
  onnx::ModelProto blocks = one_operator("LpPool");
  for (const char* name : {"kernel_shape", "dilations"}) {
    auto* attribute = blocks.mutable_graph()->mutable_node(0)->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    attribute->add_ints(2);
  }
  for (const onnx::ModelProto& model : {wide, blocks}) {
    const Error error = error_of(model.SerializeAsString(), job);
    EXPECT_EQ(error.kind, ErrorKind::unsupported) << to_string(error);
    EXPECT_THAT(error.what, HasSubstr("(node 'the node'): "));
  }
  onnx::ModelProto twice = one_operator("Relu");
  add_node(twice, "Relu", {"x"}, "y");
  EXPECT_THAT(error_of(twice.SerializeAsString(), job).what, HasSubstr("'y' is made twice"));
}

// Written by ONNX's Python package where that is installed (package python3-onnx).
TEST_F(LibTorchTest, onnx_s_own_tests_of_operators_pass) {
  const std::string program = kWorkers + "/libtorch_node_tests";
  if (!fs::exists(program)) GTEST_SKIP() << "skipped: " << program << " is not built";
  const std::string write = ISOJOULE_SOURCE_DIR "/src/engine/libtorch/worker/node_tests/write";
  const std::string log = (folder_ / "log").string();
  if (std::system((write + " " + folder_.string() + " > " + log + " 2>&1").c_str()) != 0)
    GTEST_SKIP() << "skipped: no ONNX node tests (package python3-onnx)";
  const int status =
      std::system((program + " " + folder_.string() + "/node > " + log + " 2>&1").c_str());
  std::ifstream said(log);
  const std::string text{std::istreambuf_iterator<char>(said), {}};
  EXPECT_EQ(status, 0) << text;
  EXPECT_THAT(text, HasSubstr("by operator: "));
  std::fputs(text.c_str(), stdout);
}

}  // namespace
}  // namespace isojoule
