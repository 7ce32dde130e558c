#include "app/calibrate.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/text_file.h"
#include "data/study_file.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

constexpr double kMeterAhead_s = 3.217;  // of a twin's meter, see record_calibration.cc

// The record of a twin's pattern is made once; its meter's log is read as the importer would.
class Calibrate : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::temp_directory_path() / "isojoule-calibrate-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    ::setenv("ISOJOULE_STATE", folder_.c_str(), 1);
    auto paths = find_paths();
    ASSERT_TRUE(paths);
    paths->cache = folder_;
    paths_ = *paths;
    RecordRequest request;
    request.target.board = "twin:jetson-nano";
    request.study_path = folder_ + "/cal.study";
    request.twin_meter_path = folder_ + "/meter.csv";
    const std::atomic<bool> interrupted{false};
    const auto recorded = record_calibration(paths_, request, interrupted);
    ASSERT_TRUE(recorded) << to_string(recorded.error());
    EXPECT_TRUE(recorded->simulated);
    EXPECT_GT(recorded->readings, 500u);
  }
  static void TearDownTestSuite() {
    ::unsetenv("ISOJOULE_STATE");
    std::error_code code;
    fs::remove_all(folder_, code);
  }

  // `change`: what a line of the log says in place of the true power.
  static Log meter(double gain = 1, double offset = 0) {
    Log log;
    Channel channel;
    channel.info.rail = "meter";
    channel.info.kind = ChannelKind::power;
    channel.info.step_a = 1e-6;
    channel.info.window = Second(0.2);
    std::istringstream text(*read_text_file(folder_ + "/meter.csv"));
    std::string line;
    std::getline(text, line);
    while (std::getline(text, line)) {
      double time = 0, power = 0;
      EXPECT_EQ(std::sscanf(line.c_str(), "%lf,%lf", &time, &power), 2) << line;
      channel.time_ns.push_back(std::llround(time * 1e9));
      channel.a.push_back(static_cast<std::int32_t>(std::lround((power * gain + offset) * 1e6)));
    }
    log.trace.channels.push_back(channel);
    return log;
  }
  static CalibrateRequest request() {
    CalibrateRequest request;
    request.study_path = folder_ + "/cal.study";
    request.log_path = "meter.csv";
    request.meter.name = "a perfect meter";
    request.target.board = "twin:jetson-nano";
    return request;
  }
  inline static std::string folder_;
  inline static Paths paths_;
};

TEST_F(Calibrate, ATwinsRailIsBroughtToItsTruePower) {
  const auto result = calibrate(paths_, request(), meter());
  ASSERT_TRUE(result) << to_string(result.error());
  const Calibration& c = result->fit.calibration;
  // The chip of this twin is off by what its data sheet allows; the line mends it.
  EXPECT_NEAR(c.gain, 1, 0.05);
  EXPECT_NEAR(c.offset.value(), 0, 0.2);
  EXPECT_LT(c.gain_uncertainty, 0.02);
  EXPECT_GT(c.gain_uncertainty, 0);
  EXPECT_EQ(result->fit.points.size(), 9u);
  for (const CommonMean& point : result->fit.points)
    EXPECT_LT(std::abs(point.residual.value()), 0.1);  // windows of 54 ms, read every 100 ms
  EXPECT_FALSE(result->fit.bend);
  // The clocks: the first reading and the meter's zero are of the same instant.
  const auto study = StudyFile::open(request().study_path, StudyFile::Mode::read);
  ASSERT_TRUE(study);
  const Trace trace = *(*study)->trace(1);
  const double truth = trace.channels.front().time_ns.front() * 1e-9 - kMeterAhead_s;
  const double found = result->match.offset.seconds().value();
  const double u = result->match.offset_uncertainty.seconds().value();
  EXPECT_TRUE(result->match.is_sure);
  EXPECT_LT(u, 0.1);
  EXPECT_LE(std::abs(found - truth), 3 * u);
  EXPECT_TRUE(result->stored);
  EXPECT_FALSE(result->calibration.release.empty());
  EXPECT_FALSE(result->calibration.board.twin.empty());
  // And the same board, opened anew, is corrected.
  TargetOptions options;
  options.board = "twin:jetson-nano";
  const auto target = open_target(paths_, options);
  ASSERT_TRUE(target) << to_string(target.error());
  EXPECT_EQ((*target)->board.calibrations.at(result->calibration.sensor), c);
  // Once more: what was there before is told.
  const auto again = calibrate(paths_, request(), meter());
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->before);
  EXPECT_EQ(*again->before, c);
}

TEST_F(Calibrate, AMetersGainAndOffsetAreFollowed) {
  CalibrateRequest plain = request();
  plain.store = false;
  const auto straight = calibrate(paths_, plain, meter());
  const auto other = calibrate(paths_, plain, meter(1.1, 0.5));
  ASSERT_TRUE(straight && other);
  const Calibration &a = straight->fit.calibration, &b = other->fit.calibration;
  EXPECT_NEAR(b.gain, 1.1 * a.gain, 1e-3);
  EXPECT_NEAR(b.offset.value(), 1.1 * a.offset.value() + 0.5, 5e-3);
  EXPECT_FALSE(straight->stored);
  plain.meter.gain_uncertainty = 0.03;
  EXPECT_GT(calibrate(paths_, plain, meter())->fit.calibration.gain_uncertainty, 0.029);
}

TEST_F(Calibrate, TheMarkerAloneOrAStatedOffsetWillDo) {
  CalibrateRequest marked = request();
  marked.store = false;
  marked.marker_only = true;
  const auto by_marker = calibrate(paths_, marked, meter());
  ASSERT_TRUE(by_marker) << to_string(by_marker.error());
  CalibrateRequest known = request();
  known.store = false;
  known.offset = Second(kMeterAhead_s);
  const auto by_hand = calibrate(paths_, known, meter());
  ASSERT_TRUE(by_hand) << to_string(by_hand.error());
  EXPECT_NEAR(by_marker->match.offset.seconds().value(), by_hand->match.offset.seconds().value(),
              0.3);
  EXPECT_NEAR(by_marker->fit.calibration.gain, by_hand->fit.calibration.gain, 0.01);
  EXPECT_NE(by_hand->clocks.find("a zero of its own and shows 3.217 s"), std::string::npos)
      << by_hand->clocks;
  EXPECT_TRUE(by_marker->clocks.empty());
  known.within = Second(1);
  EXPECT_TRUE(calibrate(paths_, known, meter()));
}

// An offset alone does not say between which clocks. A wall clock's cannot be joined to a record
// that does not know what ours showed (a twin's time is its own).
TEST_F(Calibrate, AStatedOffsetJoinsClocksThatAreKnown) {
  CalibrateRequest known = request();
  known.store = false;
  known.offset = Second(kMeterAhead_s);
  Log dated = meter();
  dated.time_base = TimeBase::wall_clock;
  const auto refused = calibrate(paths_, known, dated);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
}

TEST_F(Calibrate, ClocksThatAreKnownBadlyAreCountedWithTheirBound) {
  CalibrateRequest known = request();
  known.store = false;
  EXPECT_EQ(calibrate(paths_, known, meter())->counters[Counter::clock_offset_unsure], 0u);
  known.offset = Second(kMeterAhead_s);
  known.offset_uncertainty = Second(0.75);
  Log noted = meter();
  noted.notes = {"power is in W"};
  noted.trace.channels[0].a[100] = -5'000'000;
  const auto loose = calibrate(paths_, known, noted);
  ASSERT_TRUE(loose) << to_string(loose.error());
  EXPECT_EQ(loose->counters[Counter::clock_offset_unsure], 1u);
  EXPECT_NEAR(loose->clock_bound.value(), 1.5, 1e-9);
  EXPECT_EQ(loose->notes, noted.notes);
  EXPECT_EQ(loose->counters[Counter::negative_power], 1u);
}

TEST_F(Calibrate, WhatCannotBeMatchedIsRefused) {
  Log flat = meter();
  for (auto& power : flat.trace.channels[0].a) power = 5'000'000;
  const auto result = calibrate(paths_, request(), flat);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unmeasured);
  EXPECT_NE(result.error().remedy.find("--offset"), std::string::npos);
  // With the offset known, a flat meter falls out of the line instead.
  CalibrateRequest known = request();
  known.offset = Second(kMeterAhead_s);
  EXPECT_FALSE(calibrate(paths_, known, flat));
  known.offset = Second(10'000);  // no overlap
  const auto apart = calibrate(paths_, known, meter());
  ASSERT_FALSE(apart);
  EXPECT_EQ(apart.error().kind, ErrorKind::no_data);
  EXPECT_EQ(calibrate(paths_, request(), Log{}).error().kind, ErrorKind::no_data);
}

TEST_F(Calibrate, WrongNamesAreNamed) {
  CalibrateRequest wrong = request();
  wrong.rail = "POM_5V_INN";
  EXPECT_EQ(calibrate(paths_, wrong, meter()).error().kind, ErrorKind::not_found);
  wrong = request();
  wrong.run = 7;
  EXPECT_EQ(calibrate(paths_, wrong, meter()).error().kind, ErrorKind::not_found);
  wrong = request();
  wrong.study_path = folder_ + "/none.study";
  EXPECT_EQ(calibrate(paths_, wrong, meter()).error().kind, ErrorKind::not_found);
  wrong = request();
  Log two = meter();
  two.trace.channels.push_back(two.trace.channels.front());
  two.trace.channels.back().info.rail = "voltage";
  const auto which = calibrate(paths_, wrong, two);
  ASSERT_FALSE(which);
  EXPECT_NE(which.error().remedy.find("--meter-rail"), std::string::npos);
}

TEST_F(Calibrate, ATotalThatIsASumIsRefusedWithWhatToDo) {
  RecordRequest record;
  record.target.board = "twin:jetson-agx-orin";
  record.study_path = folder_ + "/sum.study";
  record.step = Duration::milliseconds(2000);
  const std::atomic<bool> interrupted{false};
  const auto recorded = record_calibration(paths_, record, interrupted);
  ASSERT_TRUE(recorded) << to_string(recorded.error());
  CalibrateRequest sum = request();
  sum.study_path = record.study_path;
  const auto refused = calibrate(paths_, sum, meter());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_NE(refused.error().remedy.find("--rail"), std::string::npos);
}

TEST_F(Calibrate, AnInterruptedRecordLeavesNothing) {
  RecordRequest record;
  record.target.board = "twin:jetson-nano";
  record.study_path = folder_ + "/stopped.study";
  const std::atomic<bool> interrupted{true};
  const auto stopped = record_calibration(paths_, record, interrupted);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::interrupted);
  EXPECT_FALSE(fs::exists(record.study_path));
  record.study_path = folder_ + "/cal.study";  // there already
  EXPECT_EQ(record_calibration(paths_, record, interrupted).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(fs::exists(record.study_path));
}

}  // namespace
}  // namespace isojoule
