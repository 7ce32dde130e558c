#include "workload/zoo.h"

#include <gmock/gmock.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "cost/cost.h"
#include "workload/graph_builder.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Folder {  // a temporary one
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "isojoule-zoo-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    fs::permissions(path_, fs::perms::owner_all);
    fs::remove_all(path_);
  }
  std::string operator/(const char* name) const { return (path_ / name).string(); }
  const fs::path& path() const { return path_; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), {}));
  }

 private:
  fs::path path_;
};

onnx::ModelProto parsed(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

// ---- every network of the zoo, those still to come included
// --------------------------------------

class EveryNetwork : public testing::TestWithParam<std::string> {};

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const auto& network : zoo()) result.emplace_back(network.name);
  return result;
}

INSTANTIATE_TEST_SUITE_P(Zoo, EveryNetwork, testing::ValuesIn(names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(EveryNetwork, PassesTheCheckerAndStrictShapeInference) {
  for (const std::int64_t batch : {1, 8, 0}) {
    SCOPED_TRACE(batch);
    ZooOptions options;
    options.batch = batch;
    options.dynamic_batch = batch == 0;
    const auto bytes = zoo_model(GetParam(), options);
    ASSERT_TRUE(bytes) << to_string(bytes.error());
    auto model = parsed(*bytes);
    EXPECT_NO_THROW(onnx::checker::check_model(model));
    const auto& first = model.graph().input(0).type().tensor_type().shape().dim(0);
    EXPECT_EQ(first.has_dim_param(), options.dynamic_batch);
    EXPECT_EQ(first.dim_value(), batch);
    // Our own shapes are merged with ONNX's, which throws where they differ.
    for (auto& tensor : *model.mutable_graph()->mutable_initializer())
      if (tensor.raw_data().size() > 1024) tensor.clear_raw_data();
    const int infos = model.graph().value_info_size();
    EXPECT_EQ(infos, model.graph().node_size() - model.graph().output_size());
    EXPECT_NO_THROW(onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                                       onnx::ShapeInferenceOptions{true, 1, true}));
    EXPECT_EQ(model.graph().value_info_size(), infos) << "a tensor without a recorded shape";
  }
}

TEST_P(EveryNetwork, PassesThemInEveryOperatorSet) {
  for (int opset = 10; opset <= 17; ++opset) {
    SCOPED_TRACE(opset);
    ZooOptions options;
    options.opset = opset;
    options.weights = opset == 10;  // the checker wants data; once is enough
    const auto bytes = zoo_model(GetParam(), options);
    ASSERT_TRUE(bytes) << to_string(bytes.error());
    auto model = parsed(*bytes);
    if (options.weights) {
      EXPECT_NO_THROW(onnx::checker::check_model(model));
    }
    EXPECT_NO_THROW(onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                                       onnx::ShapeInferenceOptions{true, 1, true}));
    EXPECT_TRUE(network_cost_of_bytes(*bytes, 1, "m"));
  }
}

TEST_P(EveryNetwork, NamesEveryNodeOnce) {
  const auto bytes = zoo_model(GetParam(), {.weights = false});
  ASSERT_TRUE(bytes);
  std::set<std::string> seen;
  const auto model = parsed(*bytes);
  for (const auto& node : model.graph().node()) {
    EXPECT_FALSE(node.op_type().empty());
    EXPECT_TRUE(!node.name().empty() && seen.insert(node.name()).second) << node.name();
  }
}

TEST_P(EveryNetwork, IsTheSameBytesForTheSameOptions) {
  const auto once = zoo_model(GetParam(), {});
  const auto again = zoo_model(GetParam(), {});
  ASSERT_TRUE(once && again);
  EXPECT_TRUE(*once == *again);
  const auto other = zoo_model(GetParam(), {.seed = 2});
  EXPECT_EQ(other->size(), once->size());
  EXPECT_FALSE(*other == *once);
}

TEST_P(EveryNetwork, CostsTheSameWithAndWithoutWeights) {
  const auto full = network_cost_of_bytes(*zoo_model(GetParam(), {.dynamic_batch = true}), 8, "a");
  const auto bare = network_cost_of_bytes(
      *zoo_model(GetParam(), {.dynamic_batch = true, .weights = false}), 8, "a");
  const auto fixed = network_cost_of_bytes(*zoo_model(GetParam(), {.weights = false}), 8, "a");
  ASSERT_TRUE(full && bare && fixed);
  for (const auto* other : {&*bare, &*fixed}) {
    ASSERT_EQ(other->layers.size(), full->layers.size());
    EXPECT_EQ(other->macs(), full->macs());
    EXPECT_EQ(other->parameters(), full->parameters());
    EXPECT_EQ(other->bytes_read(), full->bytes_read());
    EXPECT_EQ(other->bytes_weights(), full->bytes_weights());
  }
  for (const auto& layer : full->layers) EXPECT_TRUE(layer.known) << layer.operation;
}

TEST_P(EveryNetwork, KnowsItsSizeWithoutItsWeights) {
  for (const auto& entry : zoo_entries()) {
    if (entry.network.name != GetParam()) continue;
    GraphBuilder graph(entry.network.name, {.weights = false});
    entry.build(graph);
    EXPECT_EQ(graph.size_with_weights(), zoo_model(GetParam(), {})->size());
  }
}

// ---- published figures
// ---------------------------------------------------------------------------

struct Published {
  const char* name;
  std::int64_t parameters;  // torchvision 0.15's documentation, "num_params"
  std::int64_t macs;        // at 3 x 224 x 224; the same, "GFLOPS" (which are MACs)
  std::size_t weighted;     // layers with weights: convolutions and matrix products
};

TEST(Zoo, CountsAsPublished) {
  for (const Published& published : {Published{"alexnet", 61'100'840, 714'188'480, 8},
                                     Published{"resnet-18", 11'689'512, 1'814'073'344, 21},
                                     Published{"mobilenet-v2", 3'504'872, 300'774'272, 53}}) {
    SCOPED_TRACE(published.name);
    const auto cost =
        network_cost_of_bytes(*zoo_model(published.name, {.weights = false}), 1, published.name);
    ASSERT_TRUE(cost) << to_string(cost.error());
    EXPECT_EQ(cost->parameters(), published.parameters);
    EXPECT_EQ(cost->macs(), published.macs);
    std::size_t weighted = 0;
    for (const auto& layer : cost->layers) {
      weighted += layer.macs > 0 ? 1 : 0;
      EXPECT_EQ(layer.rows * layer.columns * layer.depth * layer.groups, layer.macs) << layer.name;
    }
    EXPECT_EQ(weighted, published.weighted);
  }
}

// ---- weights
// -------------------------------------------------------------------------------------

TEST(ZooWeights, HaveTheVarianceOfHe) {
  const auto model = parsed(*zoo_model("resnet-18", {}));
  for (const auto& tensor : model.graph().initializer()) {
    if (tensor.name() != "layer3.0.conv2.weight") continue;
    std::vector<float> values(tensor.raw_data().size() / 4);
    std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
    double sum = 0, squares = 0;
    for (const float value : values) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const auto count = static_cast<double>(values.size());
    const double expected = 2.0 / (256 * 9);
    EXPECT_NEAR(sum / count, 0, 4 * std::sqrt(expected / count));
    EXPECT_NEAR(squares / count, expected, 0.01 * expected);
    return;
  }
  FAIL() << "no such tensor";
}

TEST(ZooWeights, DoNotDependOnTheBatchOrTheOperatorSet) {
  const auto one = parsed(*zoo_model("mobilenet-v2", {}));
  const auto other = parsed(*zoo_model("mobilenet-v2", {.dynamic_batch = true, .opset = 10}));
  EXPECT_EQ(one.graph().initializer(0).raw_data(), other.graph().initializer(0).raw_data());
}

// ---- bad options
// ---------------------------------------------------------------------------------

TEST(ZooErrors, NameTheNearestNetworkAndTheRange) {
  const auto unknown = zoo_model("resnet18", {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
  EXPECT_THAT(unknown.error().remedy, HasSubstr("Did you mean 'resnet-18'?"));
  EXPECT_EQ(zoo_model("alexnet", {.batch = 0}).error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(zoo_model("alexnet", {.batch = -3}).error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(zoo_model("alexnet", {.opset = 9}).error().kind, ErrorKind::out_of_range);
  EXPECT_FALSE(in_zoo("ALEXNET"));
  EXPECT_TRUE(in_zoo("mobilenet-v2"));
}

// ---- files
// ---------------------------------------------------------------------------------------

TEST(ZooFile, IsTheModelAndReplacesWhatWasThere) {
  const Folder folder;
  const std::string path = folder / "m.onnx";
  std::ofstream(path) << "old";
  const auto written = write_zoo_model("mobilenet-v2", {}, path);
  ASSERT_TRUE(written) << to_string(written.error());
  EXPECT_TRUE(read_file(path) == *zoo_model("mobilenet-v2", {}));
  EXPECT_EQ(folder.files(), 1u);
}

TEST(ZooFile, FailsWithTheReasonAndLeavesNothing) {
  const Folder folder;
  const auto missing = write_zoo_model("mobilenet-v2", {}, folder / "no/such/m.onnx");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_THAT(missing.error().remedy, HasSubstr("folder"));
  const auto directory = write_zoo_model("mobilenet-v2", {}, folder.path().string());
  EXPECT_EQ(directory.error().kind, ErrorKind::invalid);
  EXPECT_EQ(write_zoo_model("mobilenet-v2", {}, "").error().kind, ErrorKind::invalid);
  EXPECT_EQ(write_zoo_model("mobilenet", {}, folder / "m.onnx").error().kind, ErrorKind::not_found);
  EXPECT_EQ(folder.files(), 0u);
}

TEST(ZooFile, SaysThatTheDiskIsFull) {
  const auto full = write_zoo_model("mobilenet-v2", {}, "/dev/full");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::disk_full) << to_string(full.error());
  EXPECT_FALSE(full.error().remedy.empty());
}

TEST(ZooFile, SaysThatTheFolderMayNotBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: root may write everywhere";
  const Folder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const auto refused = write_zoo_model("mobilenet-v2", {}, folder / "m.onnx");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::permission_denied);
}

// ---- names and paths
// -----------------------------------------------------------------------------

TEST(ResolveNetwork, WritesAZooNetworkOnceAndMendsABrokenFile) {
  const Folder folder;
  const std::string cache = folder / "cache/models";
  const auto first = resolve_network("mobilenet-v2", cache);
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_TRUE(read_file(*first) == *zoo_model("mobilenet-v2", {.dynamic_batch = true}));
  struct stat before {
  }, after{};
  ::stat(first->c_str(), &before);
  ASSERT_EQ(resolve_network("mobilenet-v2", cache).value(), *first);
  ::stat(first->c_str(), &after);
  EXPECT_EQ(before.st_ino, after.st_ino);
  fs::resize_file(*first, 1000);
  ASSERT_EQ(resolve_network("mobilenet-v2", cache).value(), *first);
  EXPECT_TRUE(read_file(*first) == *zoo_model("mobilenet-v2", {.dynamic_batch = true}));
}

TEST(ResolveNetwork, ChecksAPath) {
  const Folder folder;
  const std::string path = folder / "mine.onnx";
  std::ofstream(path) << "anything";
  EXPECT_EQ(resolve_network(path, "").value(), path);
  const auto missing = resolve_network(folder / "other.onnx", "");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_THAT(missing.error().what, HasSubstr(folder / "other.onnx"));
  EXPECT_EQ(resolve_network("other.onnx", "").error().kind, ErrorKind::not_found);
  EXPECT_EQ(resolve_network(folder.path().string(), "").error().kind, ErrorKind::invalid);
}

TEST(ResolveNetwork, SuggestsTheNearestName) {
  for (const auto& [typed, meant] : std::map<std::string, std::string>{
           {"AlexNet", "alexnet"}, {"ResNet18", "resnet-18"}, {"mobilenetv2", "mobilenet-v2"}}) {
    const auto unknown = resolve_network(typed, "");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
    EXPECT_THAT(unknown.error().remedy, HasSubstr("Did you mean '" + meant + "'?"));
  }
}

TEST(ResolveNetwork, NamesACacheThatCannotBeMade) {
  const Folder folder;
  std::ofstream(folder / "file") << "x";
  EXPECT_FALSE(resolve_network("mobilenet-v2", folder / "file/cache"));
}

}  // namespace
}  // namespace isojoule
