// Records a twin's pattern, calibrates it by its perfect meter's log, and measures with it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "import/import.h"
#include "whole/program.h"

namespace isojoule::test {
namespace {

bool reads_logs() { return !import_kinds().empty(); }

TEST(Calibrate, FromTheRecordToACorrectedMeasurement) {
  if (!reads_logs()) GTEST_SKIP() << "skipped: this build reads no logs";
  const Workplace place;
  const std::string study = place.path("cal.study"), log = place.path("meter.csv");
  const Outcome recorded = place.run(
      {"calibrate", "--board", "twin:jetson-nano", "--record", study, "--twin-meter", log});
  ASSERT_EQ(recorded.status, 0) << recorded.err;
  EXPECT_NE(recorded.out.find("SIMULATED"), std::string::npos) << recorded.out;
  const Outcome fitted =
      place.run({"calibrate", "--study", study, "--meter", log, "--format", "csv", "--meter-name",
                 "a perfect meter", "--meter-window", "0.2", "--meter-gain-u", "0.1", "--json"});
  ASSERT_EQ(fitted.status, 0) << fitted.err;
  const auto root = nlohmann::json::parse(fitted.out);
  EXPECT_EQ(root.at("rail"), "POM_5V_IN");
  EXPECT_TRUE(root.at("stored").get<bool>());
  EXPECT_NEAR(root.at("calibration").at("gain").get<double>(), 1, 0.05);
  EXPECT_GT(root.at("calibration").at("gain_uncertainty").get<double>(), 0.001);
  EXPECT_EQ(root.at("points").size(), 9u);

  const Outcome listed = place.run({"calibrate", "--list"});
  EXPECT_NE(listed.out.find("a perfect meter"), std::string::npos) << listed.out;
  const Outcome probed = place.run({"probe", "--board", "twin:jetson-nano"});
  EXPECT_NE(probed.out.find("against a perfect meter"), std::string::npos) << probed.out;
  const std::vector<std::string> measure = {
      "measure",      "--board", "twin:jetson-nano", "--model", "alexnet",
      "--inferences", "1600",    "--batch",          "16",      "--json"};
  const Outcome with = place.run(measure);
  ASSERT_EQ(with.status, 0) << with.err;
  std::vector<std::string> plain = measure;
  plain.emplace_back("--no-calibration");
  const Outcome without = place.run(plain);
  ASSERT_EQ(without.status, 0) << without.err;
  const auto corrected = nlohmann::json::parse(with.out), told = nlohmann::json::parse(without.out);
  EXPECT_TRUE(corrected.at("notes").contains("calibration POM_5V_IN")) << with.out;
  EXPECT_FALSE(told.at("notes").contains("calibration POM_5V_IN"));
  const double gain = root.at("calibration").at("gain").get<double>(),
               offset = root.at("calibration").at("offset_w").get<double>();
  for (std::size_t i = 0; i < told.at("phases").size(); ++i) {
    const auto& phase = told.at("phases")[i];
    if (phase.at("phase") != "inference") continue;
    const double expected =
        gain * phase.at("energy_j").get<double>() + offset * phase.at("duration_s").get<double>();
    EXPECT_NEAR(corrected.at("phases")[i].at("energy_j").get<double>(), expected, 0.002 * expected);
  }

  // What the gain alone made out of reach is no more: the calibration counts before the first run.
  const Outcome until =
      place.run({"measure", "--board", "twin:jetson-nano", "--model", "alexnet", "--batch", "16",
                 "--inferences", "1600", "--until", "1.2%", "--at-most", "1s", "--json"});
  EXPECT_EQ(until.status, 1) << until.err;
  EXPECT_EQ(nlohmann::json::parse(until.out).at("until").at("repeats"), 1);

  EXPECT_EQ(place.run({"calibrate", "--board", "twin:jetson-nano", "--remove", "all"}).status, 0);
  EXPECT_NE(place.run({"calibrate", "--list"}).out.find("no rail is calibrated"),
            std::string::npos);
  EXPECT_EQ(place.run({"calibrate", "--board", "twin:jetson-nano", "--remove", "all"}).status, 2);
}

TEST(Calibrate, BadInputIsOneLineAndStatusTwo) {
  const Workplace place;
  const std::string nothing = place.write("none.study", "");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"calibrate"},
           {"calibrate", "--study", place.path("no.study"), "--meter", place.path("no.csv")},
           {"calibrate", "--record", place.path("x.study"), "--board", "twin:no-such"},
           {"calibrate", "--record", place.path("no/folder/x.study"), "--board",
            "twin:jetson-nano"},
           {"calibrate", "--record", nothing, "--board", "twin:jetson-nano"},
           {"calibrate", "--board", "twin:jetson-nano", "--remove", "POM_5V_IN"},
           {"calibrate", "--offset-u", "1"},
           {"calibrate", "--study", nothing, "--meter", nothing, "--offset", "nan"},
           {"calibrate", "--study", nothing, "--meter", nothing, "--offset", "1e300"},
           {"calibrate", "--study", nothing, "--meter", nothing, "--meter-gain-u", "nan"},
           {"calibrate", "--study", nothing, "--meter", nothing, "--marker", "--offset", "1"},
           {"calibrate", "--record", place.path("y.study"), "--step", "nan"},
           {"calibrate", "--record", place.path("y.study"), "--study", nothing},
           {"calibrate", "--list", "--remove", "all"}}) {
    const Outcome outcome = place.run(words);
    EXPECT_EQ(outcome.status, 2) << words.back() << outcome.out << outcome.err;
    EXPECT_FALSE(outcome.err.empty());
    EXPECT_LE(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2) << outcome.err;
  }
}

}  // namespace
}  // namespace isojoule::test
