// LibTorch beside ONNX Runtime, on networks of the zoo: the same inputs (they follow from the seed
// and the input's name), so the same outputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/text_file.h"
#include "tensor/npy.h"
#include "whole/program.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;

constexpr double kLimit = 1e-4;  // of the largest output

bool built(const std::string& engine) {
  return fs::exists(ISOJOULE_BINARY_DIR "/bin/isojoule-engine-" + engine);
}

using Outputs = std::map<std::string, std::vector<float>>;

Outputs read_outputs(const std::string& folder) {
  Outputs outputs;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto text = read_text_file(entry.path().string());
    EXPECT_TRUE(text);
    const auto tensor = parse_npy(text.value_or(""), entry.path().string());
    EXPECT_TRUE(tensor && tensor->spec.type == ElementType::float32) << entry.path();
    if (!tensor) continue;
    std::vector<float>& values = outputs[entry.path().filename().string()];
    values.resize(tensor->data.size() / sizeof(float));
    std::memcpy(values.data(), tensor->data.data(), tensor->data.size());
  }
  return outputs;
}

// The outputs of one batch, and what was said where it failed.
Outputs outputs_of(const Workplace& place, const std::string& network, int batch,
                   const std::string& engine, const std::string& graph) {
  const std::string folder = place.path(engine + graph + std::to_string(batch));
  const std::string number = std::to_string(batch);
  const Outcome outcome =
      place.run({"measure", "--allow-unmeasured", "--engine", engine, "--model", network, "--batch",
                 number, "--inferences", number, "--threads", "1", "--set", "graph=" + graph,
                 "--option", "save_outputs=" + folder});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return outcome.status == 0 ? read_outputs(folder) : Outputs();
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double apart = 0, scale = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    apart = std::max(apart, std::abs(static_cast<double>(a[i]) - b[i]));
    scale = std::max(scale, std::abs(static_cast<double>(a[i])));
  }
  return apart / scale;
}

class LibTorchAgrees : public ::testing::TestWithParam<const char*> {};

TEST_P(LibTorchAgrees, WithOnnxRuntimeInBothGraphs) {
  for (const char* engine : {"onnxruntime", "libtorch"})
    if (!built(engine)) GTEST_SKIP() << "skipped: engine " << engine << " is not built";
  const Workplace place;
  for (const int batch : {1, 2}) {
    const Outputs right = outputs_of(place, GetParam(), batch, "onnxruntime", "static");
    ASSERT_FALSE(right.empty());
    for (const char* graph : {"dynamic", "static"}) {
      const Outputs ours = outputs_of(place, GetParam(), batch, "libtorch", graph);
      ASSERT_EQ(ours.size(), right.size());
      for (const auto& [name, values] : right) {
        ASSERT_TRUE(ours.contains(name)) << name;
        ASSERT_EQ(ours.at(name).size(), values.size()) << name;
        EXPECT_LT(difference(values, ours.at(name)), kLimit)
            << name << ", " << graph << " " << batch;
      }
    }
  }
}

// Convolutions by channel, convolutions with shortcuts, attention with shapes that are worked out,
// and resizing. isojoule-agreement has all networks and engines.
INSTANTIATE_TEST_SUITE_P(Zoo, LibTorchAgrees,
                         ::testing::Values("mobilenet-v2", "resnet-18", "bert-tiny", "yolov4-tiny"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace isojoule::test
