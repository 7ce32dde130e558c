#include "workload/family.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "cost/cost.h"
#include "workload/family_entry.h"
#include "workload/family_name.h"
#include "workload/mobile_blocks.h"
#include "workload/test_network.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

struct MeasuredNetwork {
  std::int64_t macs = 0, parameters = 0;
};

// By name, from the table of MLPerf's runs; ResNet-50, for which it derives nothing, is left out.
std::map<std::string, MeasuredNetwork> measured_networks() {
  std::ifstream file(ISOJOULE_SOURCE_DIR "/docs/measured/mlperf-agx-xavier-tflite.csv");
  std::string line;
  std::getline(file, line);
  const auto columns = split_words(line, ',');
  const auto column = [&](std::string_view name) {
    return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), name) -
                                    columns.begin());
  };
  const std::size_t model = column("model"), macs = column("macs_derived"),
                    parameters = column("params_derived"), all = columns.size();
  std::map<std::string, MeasuredNetwork> networks;
  while (std::getline(file, line)) {
    const auto fields = split_words(line, ',');
    EXPECT_EQ(fields.size(), all) << line;
    if (fields.size() != all || fields[macs].empty()) continue;
    networks[std::string(fields[model])] = {std::atoll(std::string(fields[macs]).c_str()),
                                            std::atoll(std::string(fields[parameters]).c_str())};
  }
  return networks;
}

// Weights without biases: what the table counts.
std::int64_t weights_of(const std::string& bytes) {
  std::int64_t sum = 0;
  const onnx::ModelProto model = parsed(bytes);
  for (const auto& tensor : model.graph().initializer()) {
    std::int64_t size = 1;
    for (const std::int64_t dimension : tensor.dims()) size *= dimension;
    if (tensor.dims_size() > 1) sum += size;
  }
  return sum;
}

std::int64_t biases_of(const std::string& bytes) {
  std::int64_t sum = 0;
  const onnx::ModelProto model = parsed(bytes);
  for (const auto& tensor : model.graph().initializer())
    if (tensor.name().ends_with(".bias")) sum += tensor.dims(0);
  return sum;
}

TEST(PublishedFamilies, CountAsTheTableDoes) {
  const auto networks = measured_networks();
  EXPECT_EQ(networks.size(), 94u);
  for (const auto& [name, network] : networks) {
    SCOPED_TRACE(name);
    // The table scales the paper's number of channels inside a block, TF-slim a factor of it.
    if (name.starts_with("mobilenet-v3") && name.find("_0.75") != std::string::npos) continue;
    const auto bytes = zoo_model(name, {.weights = false});
    ASSERT_TRUE(bytes) << to_string(bytes.error());
    const auto cost = network_cost_of_bytes(*bytes, 1, name);
    ASSERT_TRUE(cost) << to_string(cost.error());
    EXPECT_EQ(cost->macs(), network.macs);
    EXPECT_EQ(weights_of(*bytes), network.parameters);
    EXPECT_EQ(cost->parameters(), network.parameters + biases_of(*bytes));
    for (const LayerCost& layer : cost->layers) EXPECT_TRUE(layer.known) << layer.operation;
  }
}

// The paper's table 3: 155 M and 4.0 M; 44 M and 2.0 M.
TEST(PublishedFamilies, CountWidthThreeQuartersOfV3AsThePaper) {
  const auto counts = [](const char* name) {
    const auto bytes = zoo_model(name, {.weights = false});
    return network_cost_of_bytes(*bytes, 1, name).value();
  };
  const auto large = counts("mobilenet-v3-large_224_0.75_float");
  EXPECT_EQ(large.macs(), 154'561'904);
  EXPECT_NEAR(static_cast<double>(large.parameters()), 4.0e6, 0.05e6);
  const auto small = counts("mobilenet-v3-small_224_0.75_float");
  EXPECT_EQ(small.macs(), 43'400'368);
  EXPECT_NEAR(static_cast<double>(small.parameters()), 2.0e6, 0.05e6);
}

TEST(PublishedFamilies, NameResNet50AsMlperfDoes) {
  EXPECT_TRUE(*zoo_model("resnet50", {.weights = false}) ==
              *zoo_model("resnet-50", {.weights = false}));
  EXPECT_EQ(zoo_job_options("resnet50"), zoo_job_options("resnet-50"));
}

TEST(PublishedFamilies, AreTheSameNetworkInEveryPrecision) {
  const std::string plain = zoo_model("mobilenet-v1-0.25-128", {}).value();
  for (const char* other : {"mobilenet-v1-0.25-128-quantized", "mobilenet-v1-0.250-128_uint8"})
    EXPECT_TRUE(zoo_model(other, {}).value() == plain) << other;
  EXPECT_FALSE(zoo_model("mobilenet-v1-0.25-160", {}).value() == plain);
}

// ---- each family --------------------------------------------------------------------------------

class EveryFamily : public testing::TestWithParam<NetworkFamily> {};

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily,
                         testing::ValuesIn(network_families().begin(), network_families().end()),
                         [](const auto& test) {
                           std::string name(test.param.name);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(EveryFamily, IsRightInEveryOperatorSetWithAnyBatch) {
  const std::string example(GetParam().example);
  EXPECT_TRUE(in_zoo(example));
  for (int opset = 10; opset <= 17; ++opset)
    for (const bool dynamic : {false, true}) {
      SCOPED_TRACE("operator set " + std::to_string(opset));
      const auto bytes =
          zoo_model(example, {.dynamic_batch = dynamic, .weights = false, .opset = opset});
      ASSERT_TRUE(bytes) << to_string(bytes.error());
      auto model = parsed(*bytes);
      expect_nodes_valid(model);
      expect_shapes_agree(model);
    }
  EXPECT_NO_THROW(onnx::checker::check_model(parsed(*zoo_model(example, {}))));
}

TEST_P(EveryFamily, IsDescribed) {
  const NetworkFamily& family = GetParam();
  for (const std::string_view text : {family.pattern, family.summary, family.source})
    EXPECT_FALSE(text.empty());
  std::set<std::string_view> names;
  for (const NetworkFamily& other : network_families())
    EXPECT_TRUE(names.insert(other.name).second) << other.name;
}

// ---- names --------------------------------------------------------------------------------------

TEST(FamilyNames, SayWhichPartIsWrong) {
  struct Wrong {
    const char* name;
    ErrorKind kind;
    const char* words;
  };
  const Wrong wrong[] = {
      {"mobilenet-v1-0.25-127", ErrorKind::out_of_range, "127 is no multiple of 32"},
      {"mobilenet-v1-0.25-2048", ErrorKind::out_of_range, "2048 pixels"},
      {"mobilenet-v1-0.25-big", ErrorKind::invalid, "'big' is no size"},
      {"mobilenet-v1-0-224", ErrorKind::out_of_range, "width 0"},
      {"mobilenet-v1-nan-224", ErrorKind::out_of_range, "width nan"},
      {"mobilenet-v1-wide-224", ErrorKind::invalid, "'wide' is no width"},
      {"mobilenet-v1-1.0", ErrorKind::invalid, "no name of this family"},
      {"mobilenet-v2-9-224-quantized", ErrorKind::out_of_range, "width 9"},
      {"mobilenet-v2-1.0-224-int4", ErrorKind::invalid, "no name of this family"},
      {"mobilenet-v3-medium_224_1.0", ErrorKind::invalid, "no name of this family"},
      {"mobilenet-v3-large_225_1.0", ErrorKind::out_of_range, "225 is no multiple of 32"},
      {"efficientnet-lite5", ErrorKind::invalid, "no name of this family"},
      {"efficientnet-lite", ErrorKind::invalid, "no name of this family"},
  };
  for (const Wrong& each : wrong) {
    SCOPED_TRACE(each.name);
    EXPECT_FALSE(in_zoo(each.name));
    const auto model = zoo_model(each.name, {});
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().kind, each.kind);
    EXPECT_THAT(model.error().what, HasSubstr(each.words));
    EXPECT_FALSE(model.error().remedy.empty());
    EXPECT_EQ(resolve_network(each.name, "").error().what, model.error().what);
  }
}

TEST(FamilyNames, TakeAnyWidth) {
  EXPECT_TRUE(in_zoo("mobilenet-v1-0.33-224"));
  EXPECT_TRUE(in_zoo("mobilenet-v2-1.1-96"));
  EXPECT_TRUE(zoo_model("mobilenet-v3-small_64_0.4", {.weights = false}));
}

TEST(FamilyNames, AreNoPaths) {
  const auto missing = resolve_network("efficientnet-lite9.onnx", "");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
}

TEST(FamilyNames, AreFilesInTheCache) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / "isojoule-family-cache";
  fs::remove_all(folder);
  const auto path = resolve_network("conv_c3_n5_k3_s2_h9+relu_c5_h5", folder.string(), 11);
  ASSERT_TRUE(path) << to_string(path.error());
  EXPECT_EQ(resolve_network("conv_c3_n5_k3_s2_h9+relu_c5_h5", folder.string(), 11).value(), *path);
  EXPECT_EQ(network_cost(*path, 1)->macs(), 5 * 5 * 5 * 27);
  fs::remove_all(folder);
}

TEST(MobileBlocks, RoundChannelsAsTfSlimDoes) {
  EXPECT_EQ(divisible_by_8(3), 8);
  EXPECT_EQ(divisible_by_8(11.2), 16);  // 8 would be less than 0.9 of it
  EXPECT_EQ(divisible_by_8(12), 16);
  EXPECT_EQ(divisible_by_8(33.6), 32);
  EXPECT_EQ(divisible_by_8(1280), 1280);
}

}  // namespace
}  // namespace isojoule
