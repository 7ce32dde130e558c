// The real worker with the real library, on small networks that are written here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "engine/engine_rig.h"
#include "engine/opencv/darknet_sample.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Builds a graph node by node; weights are random, seeded.
class Graph {
 public:
  explicit Graph(int opset) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(opset);
    model_.mutable_graph()->set_name("small");
  }
  void input(const std::string& name, const std::vector<std::int64_t>& shape,
             int type = onnx::TensorProto::FLOAT) {
    value(*model_.mutable_graph()->add_input(), name, shape, type);
  }
  void output(const std::string& name, const std::vector<std::int64_t>& shape) {
    value(*model_.mutable_graph()->add_output(), name, shape, onnx::TensorProto::FLOAT);
  }
  onnx::NodeProto& node(const std::string& operation, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs) {
    auto& node = *model_.mutable_graph()->add_node();
    node.set_op_type(operation);
    node.set_name(outputs[0] + "_node");
    for (const auto& name : inputs) node.add_input(name);
    for (const auto& name : outputs) node.add_output(name);
    return node;
  }
  onnx::TensorProto& weights(const std::string& name, const std::vector<std::int64_t>& shape,
                             double scale = 0.2, double offset = 0) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    std::int64_t count = 1;
    for (const auto size : shape) tensor.add_dims(size), count *= size;
    for (std::int64_t i = 0; i < count; ++i)
      tensor.add_float_data(static_cast<float>(offset + scale * random_.normal()));
    return tensor;
  }
  void scalar(const std::string& name, float value) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.set_raw_data(&value, sizeof(value));
  }
  void integers(const std::string& name, const std::vector<std::int64_t>& values,
                bool list = true) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    if (list) tensor.add_dims(static_cast<std::int64_t>(values.size()));
    for (const auto value : values) tensor.add_int64_data(value);
  }
  static void list(onnx::NodeProto& node, const std::string& name,
                   const std::vector<std::int64_t>& values) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    for (const auto value : values) attribute->add_ints(value);
  }
  void convolution(const std::string& from, const std::string& to, int channels_in,
                   int channels_out) {
    weights(to + "_w", {channels_out, channels_in, 3, 3});
    auto& conv = node("Conv", {from, to + "_w"}, {to});
    list(conv, "kernel_shape", {3, 3});
    list(conv, "pads", {1, 1, 1, 1});
  }
  void normalisation(const std::string& from, const std::string& to, int channels) {
    weights(to + "_s", {channels}, 0.1, 1);
    weights(to + "_b", {channels}, 0.1);
    weights(to + "_m", {channels}, 0.1);
    weights(to + "_v", {channels}, 0, 1);
    node("BatchNormalization", {from, to + "_s", to + "_b", to + "_m", to + "_v"}, {to});
  }
  std::string bytes() const { return model_.SerializeAsString(); }
  onnx::ModelProto& model() { return model_; }

 private:
  static void value(onnx::ValueInfoProto& info, const std::string& name,
                    const std::vector<std::int64_t>& shape, int type) {
    info.set_name(name);
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    for (const auto size : shape) {
      auto* dimension = tensor->mutable_shape()->add_dim();
      if (size < 0)
        dimension->set_dim_param("open");
      else
        dimension->set_dim_value(size);
    }
  }

  onnx::ModelProto model_;
  Random random_{7};
};

// x -> Conv -> BatchNormalization -> Relu -> y; Conv -> z: two outputs, the later first.
std::string two_outputs(std::int64_t batch) {
  Graph graph(10);
  graph.input("x", {batch, 3, 8, 8});
  graph.convolution("x", "c", 3, 4);
  graph.normalisation("c", "n", 4);
  graph.node("Relu", {"n"}, {"y"});
  graph.convolution("y", "z", 4, 2);
  graph.output("z", {batch, 2, 8, 8});
  graph.output("y", {batch, 4, 8, 8});
  return graph.bytes();
}

// The limits of Clip as inputs, as they are since operator set 11.
std::string clipped(int opset) {
  Graph graph(opset);
  graph.input("x", {-1, 3, 8, 8});
  graph.convolution("x", "c", 3, 4);
  graph.scalar("low", 0);
  graph.scalar("high", 0.5f);
  graph.node("Clip", {"c", "low", "high"}, {"y"});
  graph.output("y", {-1, 4, 8, 8});
  return graph.bytes();
}

// Flattens as exporters do: Shape, Gather, Concat, Reshape.
std::string computed_shape() {
  Graph graph(13);
  graph.input("x", {-1, 3, 4, 4});
  graph.convolution("x", "c", 3, 2);
  graph.node("Shape", {"c"}, {"shape"});
  graph.integers("zero", {0});
  graph.node("Gather", {"shape", "zero"}, {"batch"});
  graph.integers("rest", {-1});
  graph.node("Concat", {"batch", "rest"}, {"wanted"}).add_attribute();
  auto* axis = graph.model().mutable_graph()->mutable_node(3)->mutable_attribute(0);
  axis->set_name("axis");
  axis->set_type(onnx::AttributeProto::INT);
  axis->set_i(0);
  graph.node("Reshape", {"c", "wanted"}, {"y"});
  graph.output("y", {-1, 32});
  return graph.bytes();
}

// A tensor in NumPy's file: only its floats. Empty where there is no such file.
std::vector<float> read_floats(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  if (text.size() < 10) return {};
  const std::size_t begin = 10 + static_cast<unsigned char>(text[8]) +
                            256 * static_cast<std::size_t>(static_cast<unsigned char>(text[9]));
  std::vector<float> floats((text.size() - begin) / sizeof(float));
  std::memcpy(floats.data(), text.data() + begin, floats.size() * sizeof(float));
  return floats;
}

class OpenCvTest : public EngineRig {
 protected:
  OpenCvTest() : EngineRig("opencv") {}

  Outcome run(const std::string& path, Job job, const std::string& name = "opencv") {
    job.model_path = path;
    return run_job(std::move(job), name);
  }
  // The file is whole, the error's kind and words as said.
  void expect_error(const std::string& path, ErrorKind kind, const std::string& words,
                    const Job& job = {}) {
    const Outcome outcome = run(path, job);
    ASSERT_TRUE(outcome.error) << words;
    EXPECT_EQ(outcome.error->kind, kind) << to_string(*outcome.error);
    EXPECT_THAT(to_string(*outcome.error), HasSubstr(words));
    EXPECT_FALSE(outcome.error->remedy.empty()) << to_string(*outcome.error);
  }
  // Both engines on the same file and inputs; every output within `tolerance` of its own scale.
  void expect_agreement(const std::string& path, Job job, const std::vector<std::string>& outputs,
                        double tolerance) {
    if (!find_worker("onnxruntime", kWorkers)) return;
    std::vector<std::vector<float>> found[2];
    for (const int i : {0, 1}) {
      const fs::path place = folder_ / ("outputs" + std::to_string(i));
      job.options["save_outputs"] = place.string();
      const Outcome outcome = run(path, job, i == 0 ? "opencv" : "onnxruntime");
      if (i == 1 && outcome.error && outcome.error->kind == ErrorKind::not_found) return;
      ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
      for (const auto& output : outputs) found[i].push_back(read_floats(place / (output + ".npy")));
    }
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      ASSERT_EQ(found[0][o].size(), found[1][o].size()) << outputs[o];
      double scale = 0, worst = 0;
      for (std::size_t i = 0; i < found[0][o].size(); ++i) {
        scale = std::max<double>(scale, std::abs(found[1][o][i]));
        worst = std::max<double>(worst, std::abs(found[0][o][i] - found[1][o][i]));
      }
      EXPECT_LE(worst, tolerance * scale) << outputs[o];
    }
  }
};

TEST_F(OpenCvTest, runs_a_network_phase_by_phase) {
  Job job;
  job.batch = 2;
  job.inferences = 6;
  job.warmup_batches = 1;
  job.threads = 1;
  const Outcome outcome = run(write("m.onnx", two_outputs(-1)), job);
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.batches, 3);
  EXPECT_THAT(outcome.phases, testing::IsSupersetOf({PhaseKind::process_start, PhaseKind::load,
                                                     PhaseKind::graph_initialisation,
                                                     PhaseKind::first_inference, PhaseKind::warm_up,
                                                     PhaseKind::inference, PhaseKind::tear_down}));
  EXPECT_THAT(outcome.notes.at("engine"), testing::StartsWith("opencv "));
  EXPECT_EQ(outcome.notes.at("provider"), "CPU");
  EXPECT_EQ(outcome.notes.at("threads"), "1");
  EXPECT_EQ(outcome.notes.at("fusion"), "on");
  EXPECT_EQ(outcome.notes.at("input x"), "2x3x8x8");
  EXPECT_FALSE(outcome.notes.contains("model changed for OpenCV"));
  EXPECT_FALSE(outcome.notes.contains("outputs"));
}

TEST_F(OpenCvTest, outputs_keep_the_models_order_and_agree_with_another_engine) {
  for (const char* graph : {"static", "dynamic"})
    for (const std::int64_t batch : {1, 4}) {
      Job job;
      job.batch = job.inferences = batch;
      job.graph = graph;
      expect_agreement(write("m.onnx", two_outputs(-1)), job, {"z", "y"}, 1e-5);
    }
}

TEST_F(OpenCvTest, layers_that_are_fused_stand_with_their_owner) {
  Job job;
  job.profile_batches = 4;
  const std::string path = write("m.onnx", two_outputs(1));
  const auto operations = [](const Outcome& outcome) {
    std::vector<std::string> all;
    for (const LayerTime& layer : outcome.layers)
      if (layer.operation != "Identity") all.push_back(layer.operation);
    return all;
  };
  const Outcome fused = run(path, job);
  ASSERT_FALSE(fused.error) << to_string(*fused.error);
  EXPECT_THAT(operations(fused), testing::ElementsAre("Conv+BatchNormalization+Relu", "Conv"));
  job.graph = "dynamic";
  const Outcome single = run(path, job);
  EXPECT_EQ(single.notes.at("fusion"), "off");
  EXPECT_THAT(operations(single),
              testing::ElementsAre("Conv", "BatchNormalization", "Relu", "Conv"));
  for (const LayerTime& layer : single.layers) {
    EXPECT_GT(layer.time, Second(0)) << layer.name;
    EXPECT_EQ(layer.batches, 4);
    EXPECT_EQ(layer.name.find('!'), std::string::npos) << layer.name;
  }
}

TEST_F(OpenCvTest, a_clip_of_today_is_given_to_opencv_in_its_old_form) {
  const std::string path = write("m.onnx", clipped(13));
  Job job;
  job.batch = job.inferences = 3;
  const Outcome outcome = run(path, job);
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_EQ(outcome.notes.at("model changed for OpenCV"), "Clip as in operator set 10");
  expect_agreement(path, job, {"y"}, 1e-5);
}

TEST_F(OpenCvTest, a_shape_that_is_computed_is_closed_before) {
  const std::string path = write("m.onnx", computed_shape());
  for (const std::int64_t batch : {1, 4}) {
    Job job;
    job.batch = job.inferences = batch;
    const Outcome outcome = run(path, job);
    ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
    EXPECT_EQ(outcome.notes.at("model changed for OpenCV"), "shapes closed");
    expect_agreement(path, job, {"y"}, 1e-5);
  }
}

TEST_F(OpenCvTest, what_it_cannot_do_is_said) {
  Graph gather(10);
  gather.input("tokens", {1, 4}, onnx::TensorProto::INT64);
  gather.weights("table", {10, 8});
  gather.node("Gather", {"table", "tokens"}, {"y"});
  gather.output("y", {1, 4, 8});
  expect_error(write("tokens.onnx", gather.bytes()), ErrorKind::unsupported,
               "input 'tokens' is not of 32-bit floats");

  Graph odd(10);
  odd.input("x", {1, 4});
  odd.node("Dance", {"x"}, {"y"});
  odd.output("y", {1, 4});
  expect_error(write("odd.onnx", odd.bytes()), ErrorKind::unsupported, "Dance");

  Graph outside(10);
  outside.input("x", {1, 4});
  outside.weights("w", {4, 4}).set_data_location(onnx::TensorProto::EXTERNAL);
  outside.node("MatMul", {"x", "w"}, {"y"});
  outside.output("y", {1, 4});
  expect_error(write("outside.onnx", outside.bytes()), ErrorKind::unsupported,
               "lie in a file of their own");

  const std::string good = write("good.onnx", two_outputs(2));
  Job job;
  job.batch = job.inferences = 2;
  job.precision = "fp16";
  expect_error(good, ErrorKind::unsupported, "fp32 on the CPU, not in fp16", job);
  job.precision.clear();
  job.options["optimisation"] = "all";
  expect_error(good, ErrorKind::not_found, "engine opencv has no option 'optimisation'", job);
  job.options.clear();
  job.batch = 3;
  expect_error(good, ErrorKind::invalid, "has batch 2 built in, the job asks for batch 3", job);
}

TEST_F(OpenCvTest, without_cuda_the_gpu_is_refused_with_the_reason) {
  Job job;
  job.accelerator = "gpu";
  const Outcome outcome = run(write("m.onnx", two_outputs(1)), job);
  if (outcome.finished) GTEST_SKIP() << "skipped: this OpenCV has CUDA";
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ErrorKind::unsupported);
  EXPECT_THAT(outcome.error->what, HasSubstr("here has no CUDA"));
}

TEST_F(OpenCvTest, a_file_that_is_no_model_is_a_typed_error) {
  const std::string good = two_outputs(1);
  for (const std::string& bytes :
       {std::string(), std::string("hello, this is no network"), good.substr(0, good.size() / 2)}) {
    const Outcome outcome = run(write("m.onnx", bytes), {});
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, ErrorKind::parse) << to_string(*outcome.error);
  }
}

TEST_F(OpenCvTest, more_than_the_memory_holds_is_told_as_such) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "skipped: the sanitizer's allocator ends the program instead of refusing";
#endif
  Job job;
  job.batch = job.inferences = 512;
  job.options["memory_limit_mib"] = "160";  // the input has 98 MiB, the layers more
  Graph graph(10);
  graph.input("x", {-1, 3, 128, 128});
  graph.convolution("x", "c", 3, 64);
  graph.output("c", {-1, 64, 128, 128});
  const Outcome outcome = run(write("m.onnx", graph.bytes()), job);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ErrorKind::engine);
  EXPECT_THAT(outcome.error->what, testing::StartsWith("out of memory"));
}

TEST_F(OpenCvTest, a_darknet_pair_runs_by_either_of_its_names) {
  const DarknetSample sample;
  const std::string structure = write("small.cfg", sample.structure());
  const std::string weights = write("small.weights", sample.weights());
  for (const std::string& path : {structure, weights})
    for (const std::int64_t batch : {1, 4}) {
      Job job;
      job.batch = job.inferences = batch;
      job.profile_batches = 2;
      job.options["save_outputs"] = (folder_ / "boxes").string();
      const Outcome outcome = run(path, job);
      ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
      EXPECT_EQ(outcome.notes.at("input data"), std::to_string(batch) + "x3x64x64");
      EXPECT_FALSE(outcome.layers.empty());
      for (const auto& [name, boxes] : {std::pair("yolo_10", DarknetSample::kCoarseBoxes),
                                        std::pair("yolo_15", DarknetSample::kFineBoxes)}) {
        const auto values = read_floats(folder_ / "boxes" / (std::string(name) + ".npy"));
        if (values.empty()) continue;  // not saved
        EXPECT_EQ(values.size(), static_cast<std::size_t>(batch * boxes * DarknetSample::kPerBox));
      }
    }
}

TEST_F(OpenCvTest, darknet_files_that_do_not_fit_are_told_apart) {
  const DarknetSample sample;
  const std::string alone = write("alone.cfg", sample.structure());
  expect_error(alone, ErrorKind::not_found, "alone.weights is not there");
  expect_error(write("lone.weights", sample.weights()), ErrorKind::not_found,
               "lone.cfg is not there");
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, sample.weights().size() - 4}) {
    write("cut.weights", sample.weights().substr(0, size));
    expect_error(write("cut.cfg", sample.structure()), ErrorKind::parse, "cut.weights has");
  }
  write("odd.weights", sample.weights());
  for (const char* text : {"", "hello", "[convolutional]\nfilters=3\n", "[net]\nwidth=0\n",
                           "[net]\nwidth=64\nheight=64\nchannels=3\n[dance]\nsteps=2\n"}) {
    const Outcome outcome = run(write("odd.cfg", text), {});
    ASSERT_TRUE(outcome.error) << text;
    EXPECT_EQ(outcome.error->kind, ErrorKind::parse) << to_string(*outcome.error);
  }
}

}  // namespace
}  // namespace isojoule
