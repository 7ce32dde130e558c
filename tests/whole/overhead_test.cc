// `isojoule measure --overhead` from the outside, on a small tree of an INA3221's nodes. Counts
// only: how long anything takes is no matter of a test.
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "whole/program.h"

namespace isojoule::test {
namespace {

using nlohmann::json;

// One channel of a chip behind Linux's own driver.
std::string write_tree(const Workplace& place) {
  const std::string root = place.path("tree");
  const std::string folder = root + "/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon1";
  std::filesystem::create_directories(folder);
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text << "\n";
  };
  put("name", "ina3221");
  put("samples", "1");
  put("update_interval", "7");
  put("in1_label", "VDD");
  put("in1_enable", "1");
  put("in1_input", "5024");
  put("curr1_input", "1328");
  put("shunt1_resistor", "5000");
  return root;
}

TEST(Overhead, EveryWayIsRunInEveryBlock) {
  const Workplace place;
  const Outcome outcome =
      place.run({"measure", "--sysroot", write_tree(place), "--overhead", "--periods", "50ms,10ms",
                 "--blocks", "2", "--json", "--", "/bin/sleep", "0.1"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json root = json::parse(outcome.out);
  ASSERT_EQ(root.at("ways").size(), 3u);
  EXPECT_TRUE(root.at("ways")[0].at("period_s").is_null());
  EXPECT_EQ(root.at("ways")[0].at("ticks"), 0);
  EXPECT_TRUE(root.at("ways")[0].at("energy_j").is_null());  // without readings there is none
  for (int way = 1; way < 3; ++way) {
    const json& told = root.at("ways")[static_cast<std::size_t>(way)];
    EXPECT_GT(told.at("ticks").get<int>(), 0);
    EXPECT_GT(told.at("cpu_per_tick_s").get<double>(), 0);
    EXPECT_EQ(told.at("mean_overhead_percent").at("blocks"), 2);
    EXPECT_GT(told.at("reached_period_s").get<double>(), 0);
    EXPECT_FALSE(told.at("energy_j").is_null());
  }
  EXPECT_TRUE(root.at("ways")[1].at("energy_percent").is_null());
  EXPECT_FALSE(root.at("ways")[2].at("energy_percent").is_null());
  ASSERT_EQ(root.at("runs").size(), 6u);
  for (int block = 0; block < 2; ++block) {
    std::set<std::string> ways;
    for (int i = 0; i < 3; ++i) {
      const json& run = root.at("runs")[static_cast<std::size_t>(3 * block + i)];
      EXPECT_EQ(run.at("block"), block);
      ways.insert(run.at("period_s").dump());
      EXPECT_GT(run.at("inference_end_ns"), run.at("inference_begin_ns"));
      EXPECT_NEAR(run.at("inference_begin_unix_s").get<double>(),
                  static_cast<double>(std::time(nullptr)), 600);
    }
    EXPECT_EQ(ways.size(), 3u);
  }
}

TEST(Overhead, TheTableSaysWhatItMeans) {
  const Workplace place;
  const Outcome outcome =
      place.run({"measure", "--sysroot", write_tree(place), "--overhead", "--periods", "20ms",
                 "--blocks", "2", "--", "/bin/sleep", "0.05"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* words : {"without", "20 ms", "mean run, ms", "95 %", "2 blocks"})
    EXPECT_NE(outcome.out.find(words), std::string::npos) << words << "\n" << outcome.out;
}

TEST(Overhead, IsRefusedWhereThereIsNothingToMeasure) {
  const Workplace place;
  const Outcome twin =
      place.run({"measure", "--board", "twin:jetson-nano", "--model", "alexnet", "--overhead"});
  EXPECT_EQ(twin.status, 2);
  EXPECT_NE(twin.err.find("a twin has no overhead"), std::string::npos) << twin.err;
  std::filesystem::create_directories(place.path("empty"));
  const Outcome empty =
      place.run({"measure", "--sysroot", place.path("empty"), "--overhead", "--", "/bin/true"});
  EXPECT_EQ(empty.status, 3) << empty.err;
  EXPECT_EQ(empty.out, "");
  EXPECT_EQ(place.run({"measure", "--overhead", "--periods", "1", "--", "/bin/true"}).status, 2);
  // A meter's log that cannot be used is told before anything runs.
  const std::string zero = place.write("zero.csv", "time_s,power_w\n0.1,5\n0.2,5\n0.3,5\n");
  for (const std::string& log : {place.path("none.csv"), zero}) {
    const Outcome meter = place.run({"measure", "--sysroot", write_tree(place), "--overhead",
                                     "--meter", log, "--", "/bin/false"});
    EXPECT_EQ(meter.status, 2) << meter.err;
    EXPECT_NE(meter.err.find(log), std::string::npos) << meter.err;
  }
  const Outcome kept = place.run({"measure", "--sysroot", write_tree(place), "--overhead", "-o",
                                  place.path("o.study"), "--", "/bin/true"});
  EXPECT_EQ(kept.status, 2) << kept.out;
  EXPECT_NE(kept.err.find("keeps no study"), std::string::npos) << kept.err;
  EXPECT_EQ(place.run({"measure", "--meter", zero, "--", "/bin/true"}).status, 2);
  EXPECT_EQ(place.run({"measure", "--periods", "1ms", "--", "/bin/true"}).status, 2);
}

}  // namespace
}  // namespace isojoule::test
