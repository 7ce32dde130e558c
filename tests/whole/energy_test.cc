// `isojoule energy` from the outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "whole/program.h"

namespace isojoule::test {
namespace {

std::string golden(const std::string& name) {
  return std::string(ISOJOULE_SOURCE_DIR) + "/src/import/golden/" + name;
}

nlohmann::json json_of(const Workplace& place, std::vector<std::string> arguments, int status = 0) {
  arguments.insert(arguments.begin(), "energy");
  arguments.emplace_back("--json");
  const Outcome outcome = place.run(arguments);
  EXPECT_EQ(outcome.status, status) << outcome.err;
  return nlohmann::json::parse(outcome.out, nullptr, false);
}

TEST(Energy, ABatchOfDeepedgebench) {
  const Workplace place;
  const std::vector<std::string> arguments = {"--trace",      golden("deepedgebench_batch_1.txt"),
                                              "--markers",    golden("deepedgebench_marks.txt"),
                                              "--window",     "inf_batch_1",
                                              "--inferences", "1000"};
  const auto json = json_of(place, arguments);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["format"], "csv");
  EXPECT_NEAR(json["energy_per_inference_j"].get<double>(), 0.164, 0.02 * 0.164);
  EXPECT_NEAR(json["duration_s"].get<double>(), 23.080, 0.001);
  EXPECT_NEAR(json["mean_power_w"].get<double>(),
              json["energy_j"].get<double>() / json["duration_s"].get<double>(), 1e-9);
  EXPECT_GT(json["energy_u_j"].get<double>(), 0);
  EXPECT_EQ(json["begin"], "1612620916.907567");
  EXPECT_TRUE(json["counters"].is_object());
  std::vector<std::string> text = arguments;
  text.insert(text.begin(), "energy");
  text.emplace_back("--budget");
  const Outcome outcome = place.run(text);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("inf_batch_1"), std::string::npos);
  EXPECT_NE(outcome.out.find("±"), std::string::npos);
  EXPECT_NE(outcome.out.find("sampling"), std::string::npos);
}

TEST(Energy, TimesAsTheTraceWritesThem) {
  const Workplace place;
  const auto json = json_of(place, {"--trace", golden("spl_agx_xavier.txt"), "--begin",
                                    "08-10-2021 21:10:40.000", "--end", "21:10:50.000"});
  EXPECT_DOUBLE_EQ(json["duration_s"].get<double>(), 10);
  EXPECT_EQ(json["end"], "08-10-2021 21:10:50.000");
  EXPECT_NEAR(json["mean_power_w"].get<double>(), 7, 2);
}

TEST(Energy, ColumnsNamedOnTheCommandLine) {
  const Workplace place;
  const std::string trace = place.write("log.txt", "0|1|5|1000\n1|1|5|1000\n2|1|5|1000\n");
  const auto json = json_of(place, {"--trace", trace, "--option", "time=1:s", "--option",
                                    "voltage=3:V", "--option", "current=4:mA", "--format", "csv"});
  EXPECT_NEAR(json["energy_j"].get<double>(), 10, 1e-6);
}

TEST(Energy, LayersByTheirShareOfTime) {
  const Workplace place;
  std::string trace = "time,power\n";
  for (int i = 0; i < 100; ++i) trace += std::to_string(i) + ",10\n";
  const auto json = json_of(
      place, {"--trace", place.write("log.csv", trace), "--layers",
              std::string(ISOJOULE_SOURCE_DIR) + "/tests/corpus/import_trtexec/profile_8_4.txt"});
  double sum = 0;
  for (const auto& layer : json["layers"]) sum += layer["energy_j"].get<double>();
  EXPECT_NEAR(sum, 990, 1e-3);
  EXPECT_NEAR(json["layers"][1]["share"].get<double>(), 9 / 10.01, 1e-6);
}

TEST(Energy, WhatIsWrongIsSaidWithAStatus) {
  const Workplace place;
  EXPECT_EQ(place.run({"energy", "--trace", place.path("none")}).status, 2);
  EXPECT_EQ(place.run({"energy"}).status, 2);
  const std::string trace = place.write("log.csv", "time,power\n1,2\n2,3\n3,4\n");
  EXPECT_EQ(place.run({"energy", "--trace", trace, "--option", "x"}).status, 2);
  EXPECT_EQ(place.run({"energy", "--trace", trace, "--format", "cvs"}).status, 2);
  // A shell's variable that is not set.
  for (const char* option : {"--begin", "--end", "--window", "--markers", "--rail"})
    EXPECT_EQ(place.run({"energy", "--trace", trace, option, ""}).status, 2) << option;
  EXPECT_EQ(place.run({"energy", "--trace", trace, "--option", "power="}).status, 2);
  // It ran, and the window has nothing.
  const Outcome absent = place.run({"energy", "--trace", trace, "--begin", "100", "--end", "101"});
  EXPECT_EQ(absent.status, 3) << absent.err;
  EXPECT_NE(absent.out.find("marker_outside"), std::string::npos);
}

TEST(Energy, TheFormatsAreListed) {
  const Workplace place;
  const Outcome outcome = place.run({"list", "imports"});
  EXPECT_EQ(outcome.status, 0);
  for (const char* name : {"spl", "csv", "marks", "mlperf", "tegrastats", "trtexec", "delimiter"})
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name;
}

}  // namespace
}  // namespace isojoule::test
