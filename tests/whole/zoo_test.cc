// The networks of the zoo in the real engine, and `isojoule zoo` from the outside.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "whole/program.h"
#include "workload/zoo.h"

namespace isojoule::test {
namespace {

// ---- every network in ONNX Runtime, which refuses outputs that are not finite -------------------

struct Form {
  int opset;
  int batch;
};

// The two largest take seconds an inference: one form is enough for them.
std::vector<Form> forms_of(const std::string& network) {
  if (network == "deeplabv3" || network == "resnet-34-ssd") return {{10, 1}};
  return {{10, 2}, {17, 1}};
}

class NetworkInEngine : public testing::TestWithParam<std::string> {};

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const ZooNetwork& network : zoo()) result.emplace_back(network.name);
  return result;
}

INSTANTIATE_TEST_SUITE_P(Zoo, NetworkInEngine, testing::ValuesIn(names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(NetworkInEngine, RunsAtAnyBatchInOldAndNewOperatorSets) {
  if (!std::filesystem::exists(ISOJOULE_BINARY_DIR "/bin/isojoule-engine-onnxruntime"))
    GTEST_SKIP() << "skipped: the ONNX Runtime engine is not built";
  const Workplace place;
  const std::string model = place.path("model.onnx");
  for (const Form& form : forms_of(GetParam())) {
    SCOPED_TRACE("operator set " + std::to_string(form.opset));
    const Outcome written = place.run({"zoo", "export", GetParam(), "--dynamic-batch", "--opset",
                                       std::to_string(form.opset), "-o", model});
    ASSERT_EQ(written.status, 0) << written.err;
    const std::string batch = std::to_string(form.batch);
    std::vector<std::string> command = {"measure", "--model",           model, "--batch",
                                        batch,     "--inferences",      batch, "--warm-up",
                                        "0",       "--allow-unmeasured"};
    for (const ZooNetwork& network : zoo())
      if (network.name == GetParam() && network.vocabulary > 0)
        command.insert(command.end(),
                       {"--option", "limit.input_ids=" + std::to_string(network.vocabulary)});
    const Outcome measured = place.run(command);
    EXPECT_EQ(measured.status, 0) << measured.err;
  }
}

// ---- the list -----------------------------------------------------------------------------------

TEST(ZooList, FitsIntoAHundredColumnsAndNamesEveryNetwork) {
  const Workplace place;
  const Outcome outcome = place.run({"zoo", "list"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  for (const ZooNetwork& network : zoo())
    EXPECT_NE(outcome.out.find("\n" + std::string(network.name) + " "), std::string::npos)
        << network.name;
}

TEST(ZooList, GivesTheDocumentsFiguresAsJson) {
  const Workplace place;
  const Outcome outcome = place.run({"zoo", "list", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto root = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(root.size(), zoo().size());
  for (const auto& network : root) {
    EXPECT_GT(network.at("macs").get<std::int64_t>(), 0);
    EXPECT_GT(network.at("parameters").get<std::int64_t>(), 0);
    EXPECT_EQ(network.at("documents").size(), network.at("name") == "mobilenet-v2" ? 2u : 1u);
    EXPECT_EQ(network.at("input").contains("vocabulary"), network.at("task") == "text");
  }
}

TEST(ZooExport, RefusesAnOperatorSetThatItDoesNotWrite) {
  const Workplace place;
  for (const char* opset : {"9", "18", "x"}) {
    const Outcome outcome = place.run({"zoo", "export", "alexnet", "--opset", opset});
    EXPECT_NE(outcome.status, 0);
    EXPECT_NE(outcome.err.find("--opset"), std::string::npos) << outcome.err;
  }
  EXPECT_TRUE(place.files().empty());
}

}  // namespace
}  // namespace isojoule::test
