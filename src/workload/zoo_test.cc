#include "workload/zoo.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/hash.h"
#include "cost/cost.h"
#include "workload/graph_builder.h"
#include "workload/test_network.h"
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

TEST_P(EveryNetwork, PassesTheChecker) {
  const auto bytes = zoo_model(GetParam(), {.dynamic_batch = true});
  ASSERT_TRUE(bytes) << to_string(bytes.error());
  EXPECT_NO_THROW(onnx::checker::check_model(parsed(*bytes)));
}

TEST_P(EveryNetwork, IsRightInEveryOperatorSetWithAnyBatch) {
  for (int opset = 10; opset <= 17; ++opset) {
    for (const std::int64_t batch : {1, 8, 0}) {
      SCOPED_TRACE("operator set " + std::to_string(opset) + ", batch " + std::to_string(batch));
      const auto bytes = zoo_model(
          GetParam(),
          {.batch = batch, .dynamic_batch = batch == 0, .weights = false, .opset = opset});
      ASSERT_TRUE(bytes) << to_string(bytes.error());
      auto model = parsed(*bytes);
      for (const auto& input : model.graph().input()) {
        const auto& first = input.type().tensor_type().shape().dim(0);
        EXPECT_EQ(first.has_dim_param(), batch == 0);
        EXPECT_EQ(first.dim_value(), batch);
      }
      expect_nodes_valid(model);
      expect_shapes_agree(model);
    }
  }
}

TEST_P(EveryNetwork, CostsTheSameInEveryOperatorSet) {
  const auto cost_in = [](int opset) {
    return network_cost_of_bytes(
        *zoo_model(GetParam(), {.dynamic_batch = true, .weights = false, .opset = opset}), 4, "m");
  };
  const auto first = cost_in(10);
  ASSERT_TRUE(first) << to_string(first.error());
  for (int opset = 11; opset <= 17; ++opset) {
    SCOPED_TRACE(opset);
    const auto other = cost_in(opset);
    ASSERT_TRUE(other) << to_string(other.error());
    EXPECT_EQ(other->layers.size(), first->layers.size());
    EXPECT_EQ(other->macs(), first->macs());
    EXPECT_EQ(other->other_ops(), first->other_ops());
    EXPECT_EQ(other->parameters(), first->parameters());
    EXPECT_EQ(other->bytes_read(), first->bytes_read());
    EXPECT_EQ(other->bytes_written(), first->bytes_written());
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
  std::int64_t parameters;
  std::int64_t macs;     // at batch 1
  std::size_t weighted;  // layers with weights: convolutions and matrix products
};

constexpr std::int64_t encoder_macs(std::int64_t layers, std::int64_t width, std::int64_t tokens) {
  // Four projections and two layers of four times the width; the products of attention.
  return layers * (12 * width * width * tokens + 2 * tokens * tokens * width);
}

// Parameters: torchvision 0.15's documentation ("num_params"; deeplabv3 without the 2,365,205 of
// the classifier that only training uses), and the other definitions added up by hand.
constexpr Published kPublished[] = {
    {"alexnet", 61'100'840, 714'188'480, 8},
    {"bert-tiny", 4'385'920, encoder_macs(2, 128, 512) + 128 * 128, 13},
    {"deeplabv3", 60'996'202 - 2'365'205, 241'157'275'648, 112},
    {"distilbert", 66'362'880, encoder_macs(6, 768, 512), 36},
    {"inception", 6'166'250, 1'521'756'160, 65},
    {"mobilenet-ssd", 6'819'839, 1'237'129'408, 47},
    {"mobilenet-v2", 3'504'872, 300'774'272, 53},
    {"resnet-18", 11'689'512, 1'814'073'344, 21},
    {"resnet-34-ssd", 19'972'534, 216'415'931'904, 51},
    {"resnet-50", 25'557'032, 4'089'184'256, 54},
    {"unet", 7'783'238, 10'604'249'088, 15},
    {"yolov4-tiny", 6'056'606, 3'453'938'176, 21},
};

TEST(Zoo, CountsAsPublished) {
  EXPECT_EQ(std::size(kPublished), zoo().size());
  for (const Published& published : kPublished) {
    SCOPED_TRACE(published.name);
    const auto cost =
        network_cost_of_bytes(*zoo_model(published.name, {.weights = false}), 1, published.name);
    ASSERT_TRUE(cost) << to_string(cost.error());
    EXPECT_EQ(cost->parameters(), published.parameters);
    EXPECT_EQ(cost->macs(), published.macs);
    std::size_t weighted = 0;
    for (const auto& layer : cost->layers) {
      weighted += layer.macs > 0 && layer.parameters > 0 ? 1 : 0;
      EXPECT_EQ(layer.rows * layer.columns * layer.depth * layer.groups, layer.macs) << layer.name;
    }
    EXPECT_EQ(weighted, published.weighted);
  }
}

// Figures of others, who round and in part count more than products.
TEST(Zoo, IsNearWhatOthersCount) {
  struct Other {
    const char* name;
    double macs_g;
    double tolerance;
  };
  const Other others[] = {
      {"resnet-50", 4.09, 0.001},          // torchvision 0.15
      {"resnet-34-ssd", 433 / 2., 0.002},  // MLPerf Inference's paper, "433 GOPS"
      {"resnet-34-ssd", 216.8, 0.002},     // AGX
      {"mobilenet-ssd", 2.47 / 2, 0.002},  // MLPerf Inference's paper, "2.47 GOPS"
      {"deeplabv3", 241.8, 0.003},         // AGX
      {"inception", 1.5, 0.02},            // AGX
      {"unet", 10.6, 0.001},               // AGX
      {"yolov4-tiny", 6.9 / 2, 0.002},     // RPE, a multiply-accumulate as two
  };
  for (const Other& other : others) {
    const auto cost =
        network_cost_of_bytes(*zoo_model(other.name, {.weights = false}), 1, other.name);
    ASSERT_TRUE(cost) << to_string(cost.error());
    EXPECT_NEAR(static_cast<double>(cost->macs()) * 1e-9, other.macs_g,
                other.tolerance * other.macs_g)
        << other.name;
  }
}

TEST(Zoo, SaysWhatEachNetworkTakes) {
  for (const ZooNetwork& network : zoo()) {
    SCOPED_TRACE(network.name);
    EXPECT_FALSE(network.documents.empty());
    EXPECT_EQ(network.task == ZooTask::text, network.vocabulary > 0);
    for (const double deviation : network.normalisation.deviation) EXPECT_GT(deviation, 0);
    const auto model = parsed(*zoo_model(network.name, {.weights = false}));
    std::string shape;
    const auto& dims = model.graph().input(0).type().tensor_type().shape().dim();
    for (int axis = 1; axis < dims.size(); ++axis)
      shape += (axis > 1 ? "x" : "") + std::to_string(dims[axis].dim_value());
    EXPECT_EQ(shape, network.input);
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

// Caches and studies hold these files: what they were when first measured, they stay.
TEST(ZooWeights, KeepTheirBytes) {
  const std::map<std::string, std::string> kept = {
      {"alexnet", "1c492a5c8291bbbbc3645fe7f7e69598"},
      {"resnet-18", "585a49a862384a94180790dd7bcb06f8"},
      {"mobilenet-v2", "17942b873a152b74e7b1ec380870b02b"},
  };
  for (const auto& [name, hash] : kept) EXPECT_EQ(content_hash(*zoo_model(name, {})), hash) << name;
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
