// `isojoule probe` from the outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "whole/program.h"

namespace isojoule::test {
namespace {

using nlohmann::json;

json probed(const Workplace& place, std::vector<std::string> more) {
  more.insert(more.begin(), {"probe", "--json"});
  const Outcome outcome = place.run(more);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return json::parse(outcome.out, nullptr, false);
}

const json* named(const json& list, const std::string& name, const char* key = "name") {
  for (const auto& entry : list)
    if (entry.at(key) == name) return &entry;
  return nullptr;
}

TEST(Probe, ATwinShowsRailsKnobsAndState) {
  const Workplace place;
  const json root = probed(place, {"--board", "twin:jetson-orin-nx", "--release", "36.4"});
  ASSERT_TRUE(root.is_object());
  EXPECT_TRUE(root.at("simulated").get<bool>());
  EXPECT_EQ(root.at("release"), "36.4");
  const json* input = named(root.at("rails"), "VDD_IN");
  ASSERT_NE(input, nullptr);
  EXPECT_NEAR(input->at("power_w").get<double>(),
              input->at("voltage_v").get<double>() * input->at("current_a").get<double>(), 1e-9);
  EXPECT_NEAR(input->at("window_s").get<double>(), 0.43008, 1e-6);
  EXPECT_NEAR(input->at("new_readings_hz").get<double>(), 1 / 0.43008, 1e-6);
  EXPECT_NEAR(input->at("power_quantum_w").get<double>(), 0.04, 0.002);  // 8 mA of 5 V
  EXPECT_EQ(named(root.at("rails"), "VDD_SOC")->at("parent"), "VDD_IN");
  EXPECT_EQ(root.at("total").at("power_w"), input->at("power_w"));
  const json* clock = named(root.at("knobs"), "gpu_frequency_hz", "axis");
  ASSERT_NE(clock, nullptr);
  EXPECT_TRUE(clock->at("settable").get<bool>());
  EXPECT_EQ(clock->at("values").back(), 918000000);
  EXPECT_EQ(root.at("throttles").at("over_current"), 0);
  EXPECT_TRUE(root.at("missing_rights").empty());
  EXPECT_EQ(root.at("rules"), "");
}

TEST(Probe, AUserIsToldEveryNodeAndTheRulesThatHelp) {
  const Workplace place;
  const json root =
      probed(place, {"--board", "twin:jetson-orin-nx", "--release", "35.5", "--as-user"});
  std::set<std::string> read, write;
  for (const auto& right : root.at("missing_rights")) {
    const std::string path = right.at("path");
    (right.at("access") == "read" ? read : write).insert(path.substr(path.rfind('/') + 1));
  }
  for (const char* file : {"in1_label", "in1_input", "curr1_input", "in3_input", "curr3_input"})
    EXPECT_TRUE(read.contains(file)) << file;
  for (const char* file : {"scaling_max_freq", "min_freq", "governor", "online"})
    EXPECT_TRUE(write.contains(file)) << file;
  EXPECT_FALSE(named(root.at("knobs"), "gpu_frequency_hz", "axis")->at("settable").get<bool>());
  const std::string rules = root.at("rules");
  EXPECT_NE(rules.find("SUBSYSTEM==\"hwmon\", ATTR{name}==\"ina3221\""), std::string::npos);
  EXPECT_NE(rules.find("SUBSYSTEM==\"devfreq\", KERNEL==\"17000000.ga10b\""), std::string::npos);
  EXPECT_NE(
      rules.find("z /sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq 0664 root isojoule"),
      std::string::npos);
  const Outcome text = place.run(
      {"probe", "--board", "twin:jetson-orin-nx", "--release", "35.5", "--as-user", "--rules"});
  EXPECT_EQ(text.out, rules);
}

TEST(Probe, AnyMachineIsProbed) {
  const Workplace place;
  const json root = probed(place, {});
  ASSERT_TRUE(root.is_object());
  EXPECT_FALSE(root.at("simulated").get<bool>());
  ASSERT_NE(named(root.at("engines"), "onnxruntime"), nullptr);
  const Outcome text = place.run({"probe"});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out.find("\nEngines\n"), std::string::npos);
  if (root.at("board") != "generic-linux")
    GTEST_SKIP() << "skipped: this is a " << root.at("board");
  EXPECT_EQ(place.run({"probe", "--board", "generic-linux"}).status, 0);
  const Outcome other = place.run({"probe", "--release", "nonsense"});
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("pstate"), std::string::npos) << other.err;
}

TEST(Probe, AnUnknownBoardIsBadInput) {
  const Workplace place;
  const Outcome outcome = place.run({"probe", "--board", "twin:jetson-orin-nz"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("jetson-orin-nx"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace isojoule::test
