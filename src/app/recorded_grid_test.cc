#include "app/recorded_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "base/text_file.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

class RecordedGridTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "isojoule-recorded-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    request_.axes = {"clock", "batch"};
    request_.energy = "energy_mj";
    request_.latency = "time_ms";
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result<RecordedGrid> read(const std::string& text, const std::string& name = "runs.csv") {
    request_.path = folder_ + "/" + name;
    EXPECT_TRUE(write_text_file(request_.path, text));
    return recorded_grid(request_);
  }
  Error error(const std::string& text) {
    const auto grid = read(text);
    EXPECT_FALSE(grid);
    return grid ? Error{} : grid.error();
  }
  static Metrics truth(const RecordedGrid& board, double clock, double batch) {
    Setting setting;
    setting.set("clock", clock);
    setting.set("batch", batch);
    const auto point = board.grid.space.find(setting);
    EXPECT_TRUE(point);
    return point ? board.grid.truth[static_cast<std::size_t>(*point)] : Metrics{};
  }

  std::string folder_;
  RecordedRequest request_;
};

constexpr const char* kWhole =
    "clock,batch,energy_mj,time_ms\n"
    "100,1,20,8\n"
    "200,1,24,4\n"
    "100,2,16,12\n"
    "200,2,18,7\n";

TEST_F(RecordedGridTest, TakesUnitsFromTheColumnsNames) {
  const auto board = read(kWhole);
  ASSERT_TRUE(board) << to_string(board.error());
  EXPECT_EQ(board->grid.space.size(), 4);
  EXPECT_EQ(board->grid.name, "runs");
  EXPECT_NEAR(*at(truth(*board, 200, 1), Metric::energy), 0.024, 1e-12);
  EXPECT_NEAR(*at(truth(*board, 100, 2), Metric::latency), 0.012, 1e-12);
  EXPECT_FALSE(at(truth(*board, 100, 2), Metric::power));
  EXPECT_TRUE(board->notes.empty());
}

TEST_F(RecordedGridTest, ExpressionsAreOfColumnsInSi) {
  request_.energy = "power_mw * time_ms + 2*time_ms";
  const auto board = read("clock,batch,power_mw,time_ms\n100,1,3000,8\n200,1,5000,4\n");
  ASSERT_TRUE(board) << to_string(board.error());
  Setting setting;
  setting.set("clock", 200.0);
  const auto& metrics =
      board->grid.truth[static_cast<std::size_t>(*board->grid.space.find(setting))];
  EXPECT_NEAR(*at(metrics, Metric::energy), 5 * 0.004 + 2 * 0.004, 1e-12);
  EXPECT_THAT(board->notes,
              Contains("axis batch has one value only, and is no axis of the search"));
}

TEST_F(RecordedGridTest, PowerTimesLatencyIsAnEnergy) {
  request_.energy = "";
  request_.power = "power_w";
  const auto board = read("clock,batch,power_w,time_ms\n100,1,3,8\n200,2,5,4\n");
  ASSERT_TRUE(board) << to_string(board.error());
  EXPECT_NEAR(*at(truth(*board, 200, 2), Metric::energy), 0.02, 1e-12);
  EXPECT_NEAR(*at(truth(*board, 200, 2), Metric::power), 5, 1e-12);
  EXPECT_THAT(board->notes, Contains("energy is power x latency: power_w x time_ms"));
}

TEST_F(RecordedGridTest, HolesDuplicatesAndGapsAreCountedAndSaid) {
  const auto board = read(
      "clock,batch,energy_mj,time_ms\n"
      "100,1,20,8\n"
      "100,1,45,2\n"  // again: the geometric mean
      "200,1,24,4\n"
      "100,2,nan,12\n"  // a hole after that
      "200,2,,7\n"
      "100,4,16\n"  // ragged
      "200,4,0,7\n"
      "200,8,-1,7\n"
      "\n"
      ",8,3,7\n");
  ASSERT_TRUE(board) << to_string(board.error());
  EXPECT_EQ(board->rows, 9);
  EXPECT_EQ(board->used, 3);
  EXPECT_EQ(board->duplicates, 1);
  EXPECT_EQ(board->grid.space.size(), 2);
  Setting slow;
  slow.set("clock", 100.0);
  const auto point = board->grid.space.find(slow);
  ASSERT_TRUE(point);
  const Metrics& mean = board->grid.truth[static_cast<std::size_t>(*point)];
  EXPECT_NEAR(*at(mean, Metric::energy), 0.03, 1e-12);
  EXPECT_NEAR(*at(mean, Metric::latency), 0.004, 1e-12);
  std::int64_t left_out = 0;
  for (const LeftOutRows& rows : board->left_out) left_out += rows.count;
  EXPECT_EQ(left_out, 6);
  EXPECT_THAT(board->notes, Contains(HasSubstr("2 rows were left out: energy_mj: no number is "
                                               "there (first runs.csv, line 5)")));
  EXPECT_THAT(board->notes, Contains(HasSubstr("energy_mj: not above zero (first")));
  EXPECT_THAT(board->notes, Contains(HasSubstr("1 row was left out: not 4 cells")));
  EXPECT_THAT(board->notes, Contains(HasSubstr("1 row was left out: clock: no value is there")));
  EXPECT_THAT(board->notes, Contains(HasSubstr("1 further rows repeat a setting")));
}

TEST_F(RecordedGridTest, AHoleIsNoSetting) {
  const auto board = read("clock,batch,energy_mj,time_ms\n100,1,20,8\n200,1,24,4\n100,2,16,12\n");
  ASSERT_TRUE(board);
  EXPECT_EQ(board->grid.space.size(), 3);
  EXPECT_EQ(board->holes, 1);
  EXPECT_THAT(board->notes, Contains(HasSubstr("1 of 4 combinations are not in the table")));
}

TEST_F(RecordedGridTest, TheOrderOfTheRowsPlaysNoPart) {
  const auto one = read(kWhole);
  const auto other = read(
      "clock,batch,energy_mj,time_ms\r\n200,2,18,7\r\n100,2,16,12\r\n200,1,24,4\r\n100,1,20,8");
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->grid.truth, other->grid.truth);
  for (GridPoint p = 0; p < 4; ++p)
    EXPECT_EQ(one->grid.space.setting(p), other->grid.space.setting(p));
}

TEST_F(RecordedGridTest, ConditionsAreTextsOrEqualNumbers) {
  const std::string table =
      "clock,batch,net,energy_mj,time_ms\n"
      "100,1,a,20,8\n200,1.0,a,24,4\n100,1,b,1,1\n200,1,b,2,1\n100,2,a,3,3\n200,2,a,3,3\n";
  request_.where = {{"net", "a"}, {"batch", "01"}};
  auto board = read(table);
  ASSERT_TRUE(board) << to_string(board.error());
  EXPECT_EQ(board->rows, 2);
  EXPECT_EQ(board->grid.name, "runs/a/01");
  request_.where = {{"net", "a"}, {"batch", "1"}, {"batch", "2"}};
  board = read(table);
  ASSERT_TRUE(board);
  EXPECT_EQ(board->rows, 4);
  request_.where = {{"net", "c"}};
  EXPECT_THAT(error(table).what, HasSubstr("no row has net=c"));
  request_.where = {{"nett", "a"}};
  EXPECT_THAT(error(table).remedy, HasSubstr("net"));
}

TEST_F(RecordedGridTest, WordsAreAnAxisWithoutOrder) {
  request_.axes = {"clock", "precision"};
  auto board =
      read("clock,precision,energy_mj,time_ms\n100,none,20,8\n100,fp16,12,5\n200,fp16,1,1\n");
  ASSERT_TRUE(board) << to_string(board.error());
  const auto axis = board->grid.space.axis("precision");
  ASSERT_TRUE(axis);
  EXPECT_FALSE(board->grid.space.axes()[*axis].ordered);
  board = read("clock,precision,energy_mj,time_ms\n100,8,20,8\n100,mixed,12,5\n200,16,1,1\n");
  ASSERT_TRUE(board) << to_string(board.error());
  EXPECT_THAT(board->notes, Contains(HasSubstr("axis precision has words beside numbers")));
}

TEST_F(RecordedGridTest, SaysWhatIsWrongAndWhere) {
  request_.energy = "enrgy_mj";
  Error wrong = error(kWhole);
  EXPECT_EQ(wrong.kind, ErrorKind::invalid);
  EXPECT_THAT(wrong.what, HasSubstr("--energy"));
  EXPECT_THAT(wrong.remedy, HasSubstr("energy_mj"));
  request_.energy = "energy_mj*tim_ms";
  EXPECT_THAT(error(kWhole).remedy, HasSubstr("time_ms"));
  request_.energy = "energy_mj*(";
  EXPECT_EQ(error(kWhole).kind, ErrorKind::parse);
  request_.energy = "time_ms = 2*energy_mj";  // would set it
  EXPECT_THAT(error(kWhole).what, HasSubstr("'=' at place 9 sets a value"));
  request_.energy = "2*energy_mj, time_ms";  // would be the last
  EXPECT_THAT(error(kWhole).what, HasSubstr("',' at place 12 makes several"));
  request_.energy = "2*3";
  EXPECT_EQ(error(kWhole).kind, ErrorKind::invalid);
  request_.energy = "";
  EXPECT_THAT(error(kWhole).remedy, HasSubstr("--power"));
  request_.energy = "energy_mj";
  wrong = error("clock,batch,energy_mj,time_ms\n100,1,20,8\n200,1,much,4\n");
  EXPECT_EQ(wrong.kind, ErrorKind::parse);
  EXPECT_THAT(wrong.what, HasSubstr("runs.csv, line 3: column 'energy_mj' holds 'much'"));
  EXPECT_THAT(error("clock;batch;energy_mj;time_ms\n100;1;2,5;8\n").remedy,
              HasSubstr("decimal point"));
  EXPECT_EQ(error("").kind, ErrorKind::parse);
  EXPECT_EQ(error("clock,batch,energy_mj,time_ms\n").kind, ErrorKind::no_data);
  EXPECT_EQ(error("clock,batch,energy_mj,time_ms\n1,1,nan,nan\n").kind, ErrorKind::no_data);
  EXPECT_THAT(error("clock,batch,energy_mj,time_ms\n1,1,2,3\n").what,
              HasSubstr("all rows have one setting"));
  EXPECT_THAT(error("clock,clock,batch,energy_mj,time_ms\n1,1,1,2,3\n").what,
              HasSubstr("two columns"));
  request_.axes = {"clock", "clock"};
  EXPECT_THAT(error(kWhole).what, HasSubstr("named twice"));
  request_.axes = {};
  EXPECT_THAT(error(kWhole).remedy, HasSubstr("--axes"));
  request_.axes = {"clock"};
  request_.path = folder_ + "/none.csv";
  const auto missing = recorded_grid(request_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
}

// As Kernel Tuner writes it: the braces at the end are not there yet.
TEST_F(RecordedGridTest, ReadsACacheThatIsNotClosed) {
  request_.axes = {"clock", "size"};
  request_.energy = "nvml_power*time";
  request_.latency = "time";
  const std::string cache =
      "{\n\"device_name\": \"x\",\n\"cache\": {\n"
      "\"900,32\": {\"clock\": 900, \"size\": 32, \"time\": 80.0, \"times\": [1], \"nvml_power\": "
      "100.0},\n"
      "\"800,32\": {\"clock\": 800, \"size\": 32, \"time\": 90.0, \"nvml_power\": 80.0},\n"
      "\"800,64\": {\"clock\": 800, \"size\": 64, \"time\": \"RuntimeFailedConfig\"}";
  for (const char* end : {"", ",", ",\n", ",\n\"700,32\": {\"clock\": 700, \"si"}) {
    const auto board = read(cache + end, "cache.json");
    ASSERT_TRUE(board) << end << to_string(board.error());
    EXPECT_EQ(board->grid.space.size(), 3);
    EXPECT_EQ(board->refused, 1);
    Setting setting;
    setting.set("clock", 900.0);
    setting.set("size", 32.0);
    const auto point = static_cast<std::size_t>(*board->grid.space.find(setting));
    EXPECT_NEAR(*at(board->grid.truth[point], Metric::energy), 8, 1e-9);
    EXPECT_NEAR(*at(board->grid.truth[point], Metric::latency), 0.08, 1e-12);
  }
  EXPECT_EQ(error("{\"cache\": 3}").kind, ErrorKind::parse);
  EXPECT_EQ(error("{\"cache\": {}}").kind, ErrorKind::parse);
  EXPECT_EQ(error("{{{").kind, ErrorKind::parse);
}

}  // namespace
}  // namespace isojoule
