#include "app/calibration_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include "app/target.h"
#include "base/text_file.h"
#include "base/wall_time.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

// A folder of its own as STATE.
class CalibrationStore : public ::testing::Test {
 protected:
  CalibrationStore() {
    std::string pattern = (fs::temp_directory_path() / "isojoule-calibration-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    ::setenv("ISOJOULE_STATE", folder_.c_str(), 1);
  }
  ~CalibrationStore() override {
    ::unsetenv("ISOJOULE_STATE");
    std::error_code code;
    fs::permissions(folder_, fs::perms::owner_all, code);
    fs::remove_all(folder_, code);
  }
  std::string file() const { return folder_ + "/calibration.toml"; }
  void write(const std::string& text) const { std::ofstream(file()) << text; }
  std::string folder_;
};

StoredCalibration one() {
  StoredCalibration stored;
  stored.release = "r32.7";
  stored.board = {"jetson-nano", "NVIDIA \"Nano\" \\ kit", "1421234", "abcd", "nano-3", ""};
  stored.rail = "POM_5V_IN";
  stored.sensor = "ina3221 6-0040 channel 0";
  stored.calibration = {1.0214,      Watt(-0.0123), 0.0012,     Watt(0.004), -0.87,
                        "PM-1 = #3", "2026-11-21",  Watt(1.25), Watt(9.5)};
  return stored;
}

TEST_F(CalibrationStore, WhatIsWrittenIsReadBack) {
  StoredCalibration second = one();
  second.sensor = "ina3221 6-0040 channel 1";
  second.rail = "POM_5V_GPU";
  second.board.model = "line\nbreak\ttab";
  second.calibration.gain = 1;
  second.calibration.offset = Watt(1e-9);
  const std::vector<StoredCalibration> all = {one(), second};
  const auto read = parse_calibrations(to_toml(all), "x");
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(*read, all);
  ASSERT_TRUE(store_calibration(file(), one()));
  ASSERT_TRUE(store_calibration(file(), second));
  EXPECT_EQ(*load_calibrations(file()), all);
}

TEST_F(CalibrationStore, ANewOneTakesThePlaceOfTheOldOfTheSameChannel) {
  ASSERT_TRUE(store_calibration(file(), one()));
  StoredCalibration newer = one();
  newer.calibration.gain = 1.5;
  ASSERT_TRUE(store_calibration(file(), newer));
  StoredCalibration sister = one();
  sister.board.serial = "other";
  ASSERT_TRUE(store_calibration(file(), sister));
  const auto all = load_calibrations(file());
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].calibration.gain, 1.5);
}

TEST_F(CalibrationStore, RemovesOfThisBoardOnly) {
  StoredCalibration sister = one();
  sister.board.serial = "other";
  ASSERT_TRUE(store_calibration(file(), one()));
  ASSERT_TRUE(store_calibration(file(), sister));
  EXPECT_EQ(*remove_calibrations(file(), one().board, "NO_SUCH"), 0u);
  EXPECT_EQ(*remove_calibrations(file(), one().board, "POM_5V_IN"), 1u);
  EXPECT_EQ(load_calibrations(file())->size(), 1u);
  EXPECT_EQ(*remove_calibrations(file(), sister.board, ""), 1u);
  EXPECT_TRUE(load_calibrations(file())->empty());
  EXPECT_EQ(*remove_calibrations(folder_ + "/none.toml", sister.board, ""), 0u);
}

TEST(SameBoard, TheStrongestNameThatBothHaveDecides) {
  const BoardIdentity a = {"b", "", "s1", "m1", "h1", ""};
  EXPECT_TRUE(same_board(a, a));
  EXPECT_FALSE(same_board(a, {"b", "", "s2", "m1", "h1", ""}));  // another serial number
  EXPECT_TRUE(same_board(a, {"b", "", "s1", "m2", "h2", ""}));   // installed anew
  EXPECT_TRUE(same_board(a, {"b", "", "", "m1", "h2", ""}));     // renamed
  EXPECT_FALSE(same_board(a, {"b", "", "", "m2", "h1", ""}));
  EXPECT_TRUE(same_board(a, {"b", "", "", "", "h1", ""}));         // the last resort
  EXPECT_FALSE(same_board(a, {"c", "", "s1", "m1", "h1", ""}));    // another kind of board
  EXPECT_FALSE(same_board(a, {"b", "", "s1", "m1", "h1", "t1"}));  // a twin is no board
  EXPECT_TRUE(same_board({"b", "", "", "", "", "t1"}, {"b", "", "", "", "", "t1"}));
  EXPECT_FALSE(same_board({"b", "", "", "", "", ""}, {"b", "", "", "", "", ""}));
}

TEST_F(CalibrationStore, ADamagedFileIsAnErrorWithTheLine) {
  const std::string good = to_toml({one()});
  const auto kind_of = [&](const std::string& text) {
    write(text);
    const auto all = load_calibrations(file());
    EXPECT_FALSE(all) << text;
    if (all) return ErrorKind::internal;
    EXPECT_NE(all.error().what.find(file()), std::string::npos) << all.error().what;
    EXPECT_FALSE(all.error().remedy.empty()) << all.error().what;
    return all.error().kind;
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  EXPECT_EQ(kind_of(good.substr(0, good.size() / 2)), ErrorKind::parse);
  EXPECT_EQ(kind_of(std::string("\0\1garbage", 9)), ErrorKind::parse);
  EXPECT_EQ(kind_of(with("gain = 1.0214", "gain = \"much\"")), ErrorKind::parse);
  EXPECT_EQ(kind_of(with("gain = 1.0214", "gian = 1.0214")), ErrorKind::parse);
  EXPECT_EQ(kind_of(with("gain = 1.0214", "gain = -1.0")), ErrorKind::invalid);
  EXPECT_EQ(kind_of(with("gain = 1.0214", "gain = nan")), ErrorKind::invalid);
  EXPECT_EQ(kind_of(with("gain_uncertainty = 0.0012", "gain_uncertainty = -1.0")),
            ErrorKind::invalid);
  EXPECT_EQ(kind_of(with("correlation = -0.87", "correlation = 7.0")), ErrorKind::invalid);
  write("");
  EXPECT_TRUE(load_calibrations(file()));  // nothing is stored
  EXPECT_TRUE(load_calibrations(folder_ + "/none.toml")->empty());
  // A damaged file is never written over.
  write("[[calibration");
  EXPECT_FALSE(store_calibration(file(), one()));
  EXPECT_EQ(*read_text_file(file()), "[[calibration");
}

TEST_F(CalibrationStore, AFileThatMayNotBeReadIsAnErrorNotNothing) {
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: root may read everything";
  write(to_toml({one()}));
  fs::permissions(file(), fs::perms::none);
  const auto all = load_calibrations(file());
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(all.error().remedy.find("--no-calibration"), std::string::npos);
}

TEST_F(CalibrationStore, AFolderThatMayNotBeWrittenIsAnError) {
  const auto stored = store_calibration("/proc/self/calibration.toml", one());
  EXPECT_FALSE(stored);
}

TEST_F(CalibrationStore, IsAppliedToTheBoardThatItIsOfAndToNoOther) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  TargetOptions options;
  options.board = "twin:jetson-nano";
  const auto fresh = open_target(*paths, options);
  ASSERT_TRUE(fresh) << to_string(fresh.error());
  Board& board = (*fresh)->board;
  EXPECT_TRUE(board.calibrations.empty());
  ASSERT_FALSE(board.sensors.empty());
  const ChannelInfo channel = board.sensors.front()->channels().front();
  StoredCalibration stored = one();
  stored.board = identity_of(board);
  EXPECT_FALSE(stored.board.twin.empty());
  stored.rail = channel.rail;
  stored.sensor = channel.sensor;
  stored.calibration.date = wall_time_now();
  stored.release = board.release.name;
  ASSERT_TRUE(store_calibration(file(), stored));

  const auto again = open_target(*paths, options);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->board.calibration_of(channel), stored.calibration);
  EXPECT_EQ((*again)->board.problems.size(), board.problems.size());
  EXPECT_TRUE((*again)->board.calibration_doubts.empty());
  options.seed = 2;  // another piece of the same kind
  EXPECT_TRUE((*open_target(*paths, options))->board.calibrations.empty());
  options.seed = 1;
  options.calibrated = false;
  EXPECT_TRUE((*open_target(*paths, options))->board.calibrations.empty());
  options.calibrated = true;
  stored.calibration.date = "2020-02-03";
  ASSERT_TRUE(store_calibration(file(), stored));
  const auto old = open_target(*paths, options);
  EXPECT_EQ((*old)->board.calibrations.size(), 1u);
  EXPECT_NE((*old)->board.calibration_doubts.at(channel.sensor).find("a year old"),
            std::string::npos);
  // It keeps no sensor from working, and is no reason for an energy that is absent.
  EXPECT_EQ((*old)->board.problems.size(), board.problems.size());
  const auto told = calibration_problems((*old)->board);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told.front().what.find(channel.rail), std::string::npos);
  // Another release's driver may tell the same chip by another step.
  stored.calibration.date = wall_time_now();
  stored.release = "r1.0";
  ASSERT_TRUE(store_calibration(file(), stored));
  EXPECT_NE((*open_target(*paths, options))
                ->board.calibration_doubts.at(channel.sensor)
                .find("found under r1.0"),
            std::string::npos);
  stored.release.clear();
  stored.calibration.date = "2999-01-01";
  ASSERT_TRUE(store_calibration(file(), stored));
  EXPECT_NE((*open_target(*paths, options))
                ->board.calibration_doubts.at(channel.sensor)
                .find("in the future"),
            std::string::npos);
  write("[[damaged");
  EXPECT_FALSE(open_target(*paths, options));
}

TEST(DaysSince, CountsWholeDaysAndRefusesNoDates) {
  EXPECT_EQ(days_since(wall_time_now()), 0);
  EXPECT_GT(*days_since("2020-01-01T00:00:00Z"), 2000);
  EXPECT_FALSE(days_since("yesterday"));
  EXPECT_FALSE(days_since(""));
  EXPECT_FALSE(days_since("2025-99-01"));
}

}  // namespace
}  // namespace isojoule
