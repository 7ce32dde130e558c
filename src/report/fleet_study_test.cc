// A study that several boards made: who made a run is told wherever runs are, and boards are
// compared with themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "report/compare.h"
#include "report/export_fixture.h"
#include "report/listed_study.h"
#include "report/summary.h"

namespace isojoule::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

class FleetStudyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "isojoule-fleet-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    StudyInfo info = ListedStudy().info();
    info.planned_runs = 12;
    study_ = StudyFile::create((folder_ / "a.study").string(), info).value();
  }
  void TearDown() override {
    study_.reset();
    fs::remove_all(folder_);
  }
  // Two clocks, each measured twice on three boards that lie 20 % apart, in blocks that have one
  // of the clocks only. The higher clock takes about 5 % less on every board.
  void fill() {
    std::int64_t sequence = 0, block = 0;
    for (const auto& [board, factor] : boards_) {
      ASSERT_TRUE(study_->put_board({board, "14" + board, "Jetson Nano", "32.7", "", "0.1.0"}));
      for (const double gpu : {300e6, 900e6}) {
        for (int repeat = 0; repeat < 2; ++repeat) {
          const double ratio = gpu > 300e6 ? 0.95 + 0.02 * (factor - 1) : 1;
          const double watts = 4 * factor * ratio * (1 + 0.001 * repeat);
          isojoule::Run run = listed_run("alexnet", "", clocks(1e9, gpu), watts, 4);
          run.sequence = sequence++;
          run.block = block;
          run.on_board = board;
          ASSERT_TRUE(study_->add(run, nullptr));
        }
        ++block;
      }
    }
  }
  std::string as(const char* format) {
    const auto text = exported(*study_, format);
    EXPECT_TRUE(text) << (text ? "" : to_string(text.error()));
    return text.value_or("");
  }

  const std::vector<std::pair<std::string, double>> boards_ = {
      {"rack-1", 1}, {"rack-2", 1.2}, {"rack-3", 0.8}};
  fs::path folder_;
  std::unique_ptr<StudyFile> study_;
};

TEST_F(FleetStudyTest, EveryFormatNamesTheBoardOfARun) {
  fill();
  const std::string csv = as("csv");
  EXPECT_THAT(csv, ::testing::StartsWith("run,sequence,block,repeat,simulated,on_board,network,"));
  EXPECT_THAT(csv, HasSubstr("\n5,4,2,0,1,rack-2,alexnet,"));
  const std::string lines = as("jsonl");
  EXPECT_THAT(lines, HasSubstr("{\"type\":\"board\",\"name\":\"rack-3\",\"serial\":\"14rack-3\""));
  EXPECT_THAT(lines, HasSubstr("\"on_board\":\"rack-2\""));
  EXPECT_THAT(as("prometheus"), HasSubstr("on_board=\"rack-1\""));
  EXPECT_THAT(as("perfetto"), HasSubstr("rack-3"));
  EXPECT_THAT(as("text"), HasSubstr("Boards      3 (rack-1, rack-2, rack-3)\n"));
}

TEST_F(FleetStudyTest, OneBoardsStudyIsAsItWas) {
  isojoule::Run run = listed_run("alexnet", "", clocks(1e9, 300e6), 4, 4);
  ASSERT_TRUE(study_->add(run, nullptr));
  for (const char* format : {"csv", "jsonl", "prometheus", "text"}) {
    const std::string text = as(format);
    EXPECT_THAT(text, Not(HasSubstr("on_board"))) << format;
    EXPECT_THAT(text, Not(HasSubstr("Boards"))) << format;
  }
}

// Not a pair of them shares a block, and the boards differ by far more than the settings.
TEST_F(FleetStudyTest, SettingsAreComparedBoardByBoard) {
  fill();
  const auto result =
      compare_runs(*study_, nullptr, {.a = "gpu_frequency=900MHz", .b = "gpu_frequency=300MHz"});
  ASSERT_TRUE(result) << to_string(result.error());
  const ComparedSettings& pair = result->pairs.at(0);
  EXPECT_TRUE(pair.by_board);
  EXPECT_TRUE(pair.comparison.is_paired);
  EXPECT_EQ(pair.comparison.blocks, 3);
  EXPECT_NEAR(pair.comparison.percent, -5, 0.01);
  EXPECT_EQ(pair.comparison.verdict, Difference::less) << to_text(*result);
  EXPECT_THAT(to_text(*result), HasSubstr("Paired: 3 boards, each with both"));
}

// 20 % between two boards is no drift, and boards have no common clock.
TEST_F(FleetStudyTest, DriftIsThatOfEachBoard) {
  fill();
  const auto runs = study_->runs().value();
  const auto seen = drift_observations(runs, RunQuantity::energy);
  ASSERT_EQ(seen.size(), 12U);
  EXPECT_NE(seen[0].setting, seen[4].setting) << "the same setting of another board";
  EXPECT_EQ(seen[0].setting, seen[1].setting);
  EXPECT_FALSE(seen[0].time_s);
  const auto first = drift_observations(std::span(runs).first(4), RunQuantity::energy);
  EXPECT_TRUE(first[0].time_s);
}

}  // namespace
}  // namespace isojoule::test
