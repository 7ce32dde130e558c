#include "board/board.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "board/fake_board.h"

namespace isojoule {
namespace {

using fake::FakeBoard;
using fake::kBoards;

constexpr Duration kDeadline = Duration::milliseconds(50);

std::string name_of(const fake::BoardNodes& nodes) { return nodes.board + " " + nodes.release; }

std::string list_of(const std::vector<Error>& errors) {
  std::string text;
  for (const auto& error : errors) text += to_string(error) + "\n";
  return text;
}

// Whether a problem is one of the knobs that the fakes do not have.
bool is_expected(const Error& problem) {
  const std::string text = to_string(problem);
  return std::any_of(std::begin(fake::kNotInTheFakes), std::end(fake::kNotInTheFakes),
                     [&](const char* part) { return text.find(part) != std::string::npos; });
}

TEST(Boards, EveryFolderLoads) {
  const auto names = board_names(kBoards);
  EXPECT_GE(names.size(), 9u);
  std::set<std::string> compatible;
  for (const auto& name : names) {
    const auto file = load_board(kBoards, name);
    ASSERT_TRUE(file.has_value()) << to_string(file.error());
    EXPECT_EQ(file->name, name);
    EXPECT_FALSE(file->title.empty());
    EXPECT_EQ(file->directory, kBoards + "/" + name);
    EXPECT_FALSE(file->releases.empty());
    for (const auto& text : file->compatible)
      EXPECT_TRUE(compatible.insert(text).second) << text << " names two boards";
    for (const auto& release : file->releases) {
      EXPECT_EQ(release.l4t.empty(), name.rfind("jetson-", 0) != 0);
      EXPECT_EQ(release.knobs.empty(), release.discover);
      MemoryTree empty;
      for (const auto& knob : release.knobs)
        EXPECT_EQ(open_knob(knob, empty).error().what.find("is not known"), std::string::npos);
      for (const auto& chip : release.chips)
        EXPECT_EQ(open_sensor(chip, empty).error().what.find("is not known"), std::string::npos);
    }
  }
}

TEST(Boards, AnUnknownNameGivesTheNearest) {
  const auto file = load_board(kBoards, "jetson-nanno");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().kind, ErrorKind::not_found);
  EXPECT_EQ(file.error().remedy, "Did you mean 'jetson-nano'?");
  EXPECT_TRUE(board_names("/no/such/folder").empty());
}

TEST(OpenBoard, EveryBoardAndReleaseOpensWithoutAProblem) {
  for (const auto& nodes : fake::all_boards()) {
    SCOPED_TRACE(name_of(nodes));
    FakeBoard fake(nodes);
    Board board = fake.open();
    std::erase_if(board.problems, is_expected);
    EXPECT_TRUE(board.problems.empty()) << list_of(board.problems);
    ASSERT_EQ(board.sensors.size(), 1u);
    EXPECT_EQ(board.sensors[0]->channels().size(), 3u);
    EXPECT_NEAR(board.sensors[0]->channels()[0].window.value(),
                nodes.board == "jetson-nano" ? 0.05376 : 0.43008, 1e-9);
    for (const char* axis :
         {"cpu_frequency", "cpu_governor", "gpu_frequency", "gpu_governor", "cpu_online"})
      EXPECT_NE(board.knob(axis), nullptr) << axis;
    EXPECT_EQ(board.knob("emc_frequency"), nullptr);
    EXPECT_EQ(board.knob("cpu_frequency")->values().back(), Value(nodes.cpu_table.back() * 1e3));
    EXPECT_EQ(board.knob("gpu_frequency")->values().back(),
              Value(static_cast<double>(nodes.gpu_table.back())));
    ASSERT_TRUE(board.thermal_paths.count("CPU-therm"));
    EXPECT_EQ(read_integer(fake.tree, board.thermal_paths.at("CPU-therm")), 35500);
    // One of each policy, one of the GPU, and on kernel 4.9 the memory's activity.
    EXPECT_EQ(board.release.watches.size(), nodes.policies.size() + (nodes.iio ? 2u : 1u));
    for (const auto& watch : board.release.watches)
      EXPECT_TRUE(read_integer(fake.tree, watch.path).has_value()) << watch.path;
    for (const auto& throttle : board.release.throttles)
      EXPECT_EQ(read_integer(fake.tree, throttle.path), 0) << throttle.path;
  }
}

TEST(OpenBoard, TheWatchIsInHertz) {
  FakeBoard fake(fake::all_boards().front());
  const Board board = fake.open();
  const WatchSpec& watch = board.release.watches.front();
  EXPECT_EQ(watch.name, "cpu_frequency");
  EXPECT_DOUBLE_EQ(static_cast<double>(*read_integer(fake.tree, watch.path)) * watch.scale, 1479e6);
}

TEST(OpenBoard, WithoutAReleaseTheNewest) {
  FakeBoard fake(fake::all_boards().back());
  fake.nodes.release = "";
  EXPECT_EQ(fake.open().release.name, "36.4");
  const auto file = load_board(kBoards, "jetson-orin-nx");
  const auto wrong = open_board(*file, "36.5", fake.tree, fake.clock);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().remedy, "Did you mean '35.5'?");
}

// Each node taken away in turn: the board still opens and answers, whatever is missing.
TEST(OpenBoard, EveryMissingNodeIsSurvived) {
  for (const auto& nodes : fake::all_boards()) {
    SCOPED_TRACE(name_of(nodes));
    std::vector<std::string> paths;
    for (const auto& [path, text] : FakeBoard(nodes).tree.snapshot()) paths.push_back(path);
    for (const auto& path : paths) {
      FakeBoard fake(nodes);
      fake.tree.remove(path);
      Board board = fake.open();
      for (const auto& problem : board.problems) EXPECT_FALSE(problem.what.empty());
      std::vector<RawReading> readings(3);
      for (const auto& sensor : board.sensors) sensor->read(fake.clock, readings);
      for (const auto& knob : board.knobs) {
        const auto result = knob->set(knob->values().front(), fake.clock, kDeadline);
        EXPECT_TRUE(result || result.error().kind != ErrorKind::internal);
      }
    }
  }
}

TEST(OpenBoard, WhatIsMissingIsAProblemThatNamesIt) {
  FakeBoard fake(fake::all_boards().back());
  fake.tree.remove("/sys/bus/i2c");
  fake.tree.remove("/sys/devices/platform");
  fake.tree.remove("/sys/class");
  const Board board = fake.open();
  EXPECT_TRUE(board.sensors.empty());
  EXPECT_EQ(board.knob("gpu_frequency"), nullptr);
  EXPECT_NE(board.knob("cpu_frequency"), nullptr);
  const std::string problems = list_of(board.problems);
  for (const char* part : {"1-0040", "17000000.gpu", "thermal zone CPU-therm",
                           "watch gpu_frequency", "throttle indicator over_current"})
    EXPECT_NE(problems.find(part), std::string::npos) << part << " in\n" << problems;
}

TEST(OpenBoard, OptionsFollowTheNamesToo) {
  const std::string fan = "/sys/devices/platform/pwm-fan/hwmon/hwmon2/";
  for (const bool elsewhere : {false, true}) {
    FakeBoard fake(fake::all_boards().back());
    fake.tree.add_text(fan + "name", "pwmfan\n");
    fake::add_cell(fake.tree, fan + "pwm1", "80");
    fake::add_cell(fake.tree, fan + "pwm1_enable", "2");
    auto file = load_board(fake::kBoards, fake.nodes.board);
    for (auto& spec : file->releases.back().knobs)
      if (elsewhere && spec.type == "fan")
        spec.options["control"] = "/sys/devices/platform/pwm-fan/hwmon/[name=fan]/pwm1_enable";
    const auto board = open_board(*file, fake.nodes.release, fake.tree, fake.clock);
    ASSERT_TRUE(board && board->knob("fan_speed") != nullptr);
    EXPECT_EQ(board->knob("fan_speed")->save()->size(), elsewhere ? 1u : 2u);
    EXPECT_EQ(
        list_of(board->problems).find("knob fan_speed, options.control: ") != std::string::npos,
        elsewhere);
  }
}

TEST(ResolvePath, FollowsTheNamesNotTheNumbers) {
  MemoryTree tree;
  tree.add_text("/sys/class/hwmon/hwmon0/name", "ina3221\n");
  tree.add_text("/sys/class/hwmon/hwmon7/name", "soctherm_oc\n");
  tree.add_directory("/sys/class/hwmon/hwmon8");
  EXPECT_EQ(resolve_path("/sys/class/hwmon/[name=soctherm_oc]/oc1", tree),
            "/sys/class/hwmon/hwmon7/oc1");
  EXPECT_EQ(resolve_path("/plain/path", tree), "/plain/path");
  EXPECT_EQ(resolve_path("/sys/class/hwmon/[name=soctherm]/oc1", tree).error().kind,
            ErrorKind::not_found);
}

// ---- detection ----------------------------------------------------------------------------------

TEST(Detect, EveryBoardAndRelease) {
  for (const auto& nodes : fake::all_boards()) {
    FakeBoard fake(nodes);
    const auto found = detect_board(kBoards, fake.tree);
    ASSERT_TRUE(found.has_value()) << to_string(found.error());
    EXPECT_EQ(found->board, nodes.board);
    EXPECT_EQ(found->release, nodes.release);
  }
}

// One chip, three boards: each is the Pi 5's file, under its own title.
TEST(Detect, TheRaspberryPisOfOneChip) {
  for (const auto& [compatible, variant] :
       {std::pair("raspberrypi,5-model-b", ""), std::pair("raspberrypi,5-compute-module", "cm5"),
        std::pair("raspberrypi,500", "500")}) {
    MemoryTree tree;
    tree.add_text("/proc/device-tree/compatible",
                  std::string(compatible) + '\0' + "brcm,bcm2712" + '\0');
    const auto found = detect_board(kBoards, tree);
    ASSERT_TRUE(found.has_value()) << to_string(found.error());
    EXPECT_EQ(found->board, "raspberry-pi-5");
    EXPECT_EQ(found->variant, variant);
  }
}

TEST(Detect, AnotherMachineSaysWhereItLooked) {
  MemoryTree tree;
  const auto found = detect_board(kBoards, tree);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().kind, ErrorKind::not_found);
  EXPECT_NE(found.error().tried.find("/proc/device-tree/compatible"), std::string::npos);
}

TEST(Detect, TheReleaseFromThePackageInAContainer) {
  FakeBoard fake(fake::all_boards().back());
  fake.tree.remove("/etc/nv_tegra_release");
  EXPECT_EQ(detect_board(kBoards, fake.tree)->release, "");
  fake.tree.add_text("/var/lib/dpkg/status",
                     "Package: bash\nVersion: 5.1\n\nPackage: nvidia-l4t-core\nStatus: install ok\n"
                     "Version: 35.4.1-20230801124926\n\nPackage: zsh\nVersion: 9\n");
  EXPECT_EQ(detect_board(kBoards, fake.tree)->release, "35.5");
}

TEST(Detect, AReleaseThatTheBoardFileDoesNotKnowIsEmpty) {
  FakeBoard fake(fake::all_boards().back());
  for (const char* line :
       {"# R39 (release), REVISION: 2.0\n", "# R360 (release), REVISION: 1\n", "garbage\n", ""}) {
    fake.tree.add_text("/etc/nv_tegra_release", line);
    EXPECT_EQ(detect_board(kBoards, fake.tree)->release, "") << line;
  }
}

}  // namespace
}  // namespace isojoule
