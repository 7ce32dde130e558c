// Rails of found sources: their names, and which of them make a total.
#include "board/discover.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/memory_tree.h"
#include "sensor/ina3221/fake_ina3221.h"
#include "sensor/test_clock.h"

namespace isojoule {
namespace {

// Opens what is found in `tree`, as on a machine that no board file describes.
Board open_found(MemoryTree& tree, fake::TestClock& clock, const std::vector<Rail>& rails = {}) {
  BoardFile file;
  file.rails = rails;
  file.releases.emplace_back();
  file.releases.back().discover = true;
  auto board = open_board(file, "", tree, clock);
  EXPECT_TRUE(board.has_value());
  return std::move(*board);
}

// Opens these sources only.
Board open_these(std::vector<FoundSource> sources, MemoryTree& tree, fake::TestClock& clock) {
  Board board;
  board.tree = &tree;
  board.clock = &clock;
  for (FoundSource& source : sources) {
    add_source(source, board.file, board.release);
    auto sensor = open_sensor(source.spec, tree);
    EXPECT_TRUE(sensor.has_value()) << to_string(sensor.error());
    if (sensor) board.sensors.push_back(std::move(*sensor));
  }
  choose_total(board, sources);
  return board;
}

bool has_problem(const Board& board, const std::string& part) {
  return std::any_of(board.problems.begin(), board.problems.end(), [&](const Error& problem) {
    return problem.what.find(part) != std::string::npos;
  });
}

// A device with a hwmon folder of its own.
void add_chip(MemoryTree& tree, const std::string& hwmon, const std::string& chip,
              const std::vector<std::string>& labels) {
  const std::string folder = "/sys/devices/" + chip + "/hwmon/" + hwmon;
  tree.add_text(folder + "/name", chip + "\n");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string stem = folder + "/power" + std::to_string(i + 1);
    tree.add_text(stem + "_input", "1000000\n");
    tree.add_text(stem + "_label", labels[i] + "\n");
  }
  tree.add_link("/sys/class/hwmon/" + hwmon, folder);
}

class ChooseTotal : public testing::Test {
 protected:
  MemoryTree tree_;
  fake::TestClock clock_;
};

TEST_F(ChooseTotal, WithoutASourceThereIsNone) {
  const Board board = open_found(tree_, clock_);
  EXPECT_EQ(board.file.total, "");
  EXPECT_TRUE(board.file.quirks.empty());
}

TEST_F(ChooseTotal, OfAJetsonIsItsInputRailAlone) {
  fake::add_hwmon(tree_, {"1-0040", {"VDD_CPU_GPU_CV", "VDD_IN", "VDD_SOC"}}, 3);
  const Board board = open_found(tree_, clock_);
  EXPECT_EQ(board.file.total, "VDD_IN");
  EXPECT_FALSE(has_problem(board, "no total has"));
  ASSERT_EQ(board.file.quirks.size(), 1u);
  EXPECT_NE(board.file.quirks[0].find("VDD_IN"), std::string::npos);
}

TEST_F(ChooseTotal, OfRailsBesideEachOtherOnTwoChipsIsTheirSum) {
  fake::add_hwmon(tree_, {"1-0040", {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"}}, 3);
  fake::add_hwmon(tree_, {"1-0041", {"", "VDDQ_VDD2_1V8AO", ""}}, 4);
  EXPECT_EQ(open_found(tree_, clock_).file.total, "VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0");
}

TEST_F(ChooseTotal, OfRailsThatMayContainEachOtherIsAbsentAndSaysWhy) {
  fake::add_hwmon(tree_, {"1-0040", {"12V_A", "5V_B", ""}}, 3);
  fake::add_hwmon(tree_, {"1-0041", {"3V3_C", "", ""}}, 4);
  const Board board = open_found(tree_, clock_);
  EXPECT_EQ(board.file.total, "");
  EXPECT_TRUE(has_problem(board, "no total has 12V_A, 5V_B, 3V3_C")) << board.problems.size();
  EXPECT_EQ(board.sensors.size(), 2u);  // each is measured by itself
}

// The input rail is there and gives nothing: what it feeds may still share something.
TEST_F(ChooseTotal, WithoutAReadingOfTheInputRailIsAbsent) {
  const std::string folder =
      fake::add_hwmon(tree_, {"1-0040", {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"}}, 3);
  tree_.add_text(folder + "/curr1_input", "garbage\n");
  const Board board = open_found(tree_, clock_);
  EXPECT_EQ(board.file.total, "");
  EXPECT_TRUE(has_problem(board, "no total has VDD_CPU_GPU_CV, VDD_SOC"));
}

TEST_F(ChooseTotal, OfTwoChipsWithTheSameLabelsIsAbsentAndBothAreRead) {
  fake::add_hwmon(tree_, {"1-0040", {"VDD_IN", "VDD_SOC", ""}}, 3);
  fake::add_hwmon(tree_, {"7-0040", {"VDD_IN", "VDD_SOC", ""}}, 4);
  const Board board = open_found(tree_, clock_);
  ASSERT_EQ(board.sensors.size(), 2u);
  EXPECT_EQ(board.sensors[1]->channels()[0].rail, "ina3221:VDD_IN");
  ASSERT_EQ(board.file.rails.size(), 4u);
  EXPECT_EQ(board.file.rails[3].name, "ina3221:VDD_SOC");
  EXPECT_EQ(board.file.rails[3].parent, "ina3221:VDD_IN");
  EXPECT_EQ(board.file.total, "");
  EXPECT_TRUE(has_problem(board, "no total has VDD_IN, ina3221:VDD_IN"));
}

TEST_F(ChooseTotal, OfAnIioChipIsThere) {
  fake::add_iio(tree_, {"6-0040", {"POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU"}});
  EXPECT_EQ(open_found(tree_, clock_).file.total, "POM_5V_IN");
}

// A card may show parts of it; another chip is another device.
TEST_F(ChooseTotal, OfHwmonChipsIsOneChannelOfEach) {
  add_chip(tree_, "hwmon1", "xe", {"pkg", "card"});
  add_chip(tree_, "hwmon2", "amd_energy", {"Ecore000", "Ecore001", "Esocket0"});
  add_chip(tree_, "hwmon3", "amdgpu", {"PPT"});
  const Board board = open_found(tree_, clock_);
  EXPECT_EQ(board.file.total, "xe-card + amd_energy-Esocket0 + amdgpu-PPT");
  EXPECT_FALSE(has_problem(board, "no total has"));
}

TEST_F(ChooseTotal, LeavesOutOnlyTheChipThatDoesNotSayItsWhole) {
  add_chip(tree_, "hwmon1", "amdgpu", {"slowPPT", "fastPPT"});
  add_chip(tree_, "hwmon2", "nouveau", {"board"});
  const Board board = open_found(tree_, clock_);
  EXPECT_EQ(board.file.total, "nouveau-board");
  EXPECT_TRUE(has_problem(board, "no total has amdgpu-slowPPT, amdgpu-fastPPT"));
}

TEST_F(ChooseTotal, LabelsBecomeNamesThatAnExpressionCanHold) {
  add_chip(tree_, "hwmon1", "corsairpsu", {"power +12v", "power total", "power/+12v"});
  const Board board = open_found(tree_, clock_);
  EXPECT_EQ(board.file.total, "corsairpsu-power_total");
  EXPECT_EQ(rails_of_total(board.file.total)->size(), 1u);
  ASSERT_EQ(board.file.rails.size(), 3u);
  EXPECT_EQ(board.file.rails[0].name, "corsairpsu-power__12v");
  EXPECT_EQ(board.file.rails[0].parent, "corsairpsu-power_total");
  EXPECT_EQ(board.file.rails[2].name, "hwmon:corsairpsu-power__12v");
  ASSERT_EQ(board.sensors.size(), 1u);
  EXPECT_EQ(board.sensors[0]->channels()[2].rail, "hwmon:corsairpsu-power__12v");
}

TEST_F(ChooseTotal, OfARaspberryPiIsTheSumOfItsRails) {
  tree_.add_text("/proc/device-tree/model", "Raspberry Pi Compute Module 5 Rev 1.0\n");
  tree_.add_program("vcgencmd", [](const std::vector<std::string>&) -> Result<std::string> {
    return std::string(
        " VDD_CORE_A current(7)=6.2A\n 1V8_SYS_A current(2)=0.2A\n"
        " VDD_CORE_V volt(15)=0.86V\n 1V8_SYS_V volt(9)=1.8V\n");
  });
  EXPECT_EQ(open_found(tree_, clock_).file.total, "VDD_CORE + 1V8_SYS");
  // A rail of that name is there already: the firmware's own name stays the one that is asked for.
  const Board board = open_found(tree_, clock_, {{"VDD_CORE", "", "of a board file"}});
  EXPECT_EQ(board.file.total, "rpi_pmic:VDD_CORE + 1V8_SYS");
}

TEST_F(ChooseTotal, OfTegrastatsIsItsInputRail) {
  tree_.add_text("/log", "RAM 1/2MB VDD_IN 4761mW/4778mW VDD_SOC 1428mW/1428mW\n");
  FoundSource source;
  source.spec.type = "tegrastats";
  source.spec.path = "/log";
  source.spec.channels = {{0, "VDD_IN", 0, "VDD_IN"}, {0, "VDD_SOC", 0, "VDD_SOC"}};
  source.rails = {{"VDD_IN", "", ""}, {"VDD_SOC", "VDD_IN", ""}};
  source.coverage = Coverage::package;
  EXPECT_EQ(open_these({source}, tree_, clock_).file.total, "VDD_IN");
}

// A label is what the source itself calls a channel; for NVML that is a field and not a name.
TEST(AddSource, TwoGpusOfOneNameKeepTheirEmptyLabels) {
  BoardFile file;
  BoardRelease release;
  for (const char* uuid : {"GPU-0", "GPU-1"}) {
    FoundSource gpu;  // as sensor/nvml finds it
    gpu.spec.type = "nvml";
    gpu.spec.options["device"] = uuid;
    gpu.spec.channels = {{0, "GPU0", 0, {}}};
    gpu.rails = {{"GPU0", "", "a GPU"}};
    add_source(gpu, file, release);
  }
  ASSERT_EQ(release.chips.size(), 2u);
  EXPECT_EQ(release.chips[0].channels[0].rail, "GPU0");
  EXPECT_EQ(release.chips[1].channels[0].rail, "nvml:GPU0");
  EXPECT_EQ(release.chips[1].channels[0].label, "");
}

}  // namespace
}  // namespace isojoule
