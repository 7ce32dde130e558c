// The energy of logs from elsewhere: made-up ones, and, where they are there, the measured ones
// that the project is held against.
#include "app/energy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "import/test_log.h"

namespace isojoule {
namespace {

class EnergyOf : public testing::Test {
 protected:
  EnergyOf() : folder_(testing::TempDir() + "isojoule_energy_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~EnergyOf() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }
  // 5 W, then 10 W from 100 s on, a reading a second, instants, from 0 to 200 s.
  std::string step() const {
    std::string text = "time (s),power (W)\n";
    for (int i = 0; i <= 200; ++i) text += std::to_string(i) + (i < 100 ? ",5.000\n" : ",10.000\n");
    return write("step.csv", text);
  }
  EnergyRequest of(const std::string& trace) const {
    EnergyRequest request;
    request.trace = trace;
    return request;
  }
  std::string folder_;
};

double joules(const WindowResult& window, std::size_t rail = 0) {
  return window.rails.at(rail).energy.energy.value.value_or(Joule(std::nan(""))).value();
}

bool notes(const EnergyResult& result, std::string_view words) {
  return std::any_of(result.notes.begin(), result.notes.end(), [words](const std::string& note) {
    return note.find(words) != std::string::npos;
  });
}

TEST_F(EnergyOf, WholeTraceAndTimes) {
  EnergyRequest request = of(step());
  auto result = energy_of(request);
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  ASSERT_EQ(result->windows.size(), 1u);
  EXPECT_EQ(result->format, "csv");
  EXPECT_EQ(result->readings, 201u);
  EXPECT_EQ(result->windows[0].duration, Second(200));
  EXPECT_NEAR(joules(result->windows[0]), 5 * 99.5 + 10 * 100.5, 3);
  request.begin = "10";
  request.end = "20";
  result = energy_of(request);
  EXPECT_NEAR(joules(result->windows[0]), 50, 1e-6);
  EXPECT_EQ(result->windows[0].begin_text, "10");
  ASSERT_TRUE(result->windows[0].rails[0].energy.energy.uncertainty.has_value());
  request.begin = "+150.5";
  request.end = "+160";
  EXPECT_NEAR(joules(energy_of(request)->windows[0]), 95, 1e-6);
  request.end = "+150";
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::invalid);
  request.end = "soon";
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::parse);
  request.end.reset();
  EXPECT_NEAR(joules(energy_of(request)->windows[0]), 495, 1e-6);
}

TEST_F(EnergyOf, WindowsOfMarkers) {
  EnergyRequest request = of(step());
  request.markers = write("marks.txt", "10 a_begin\n20 a_end\n120 b_begin\n130 b_end\n");
  auto result = energy_of(request);
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  ASSERT_EQ(result->windows.size(), 2u);
  EXPECT_NEAR(joules(result->windows[0]), 50, 1e-6);
  EXPECT_NEAR(joules(result->windows[1]), 100, 1e-6);
  ASSERT_TRUE(result->all.has_value());
  EXPECT_NEAR(joules(*result->all), 150, 1e-6);
  EXPECT_EQ(result->all->duration, Second(20));
  request.window = "b*";
  EXPECT_EQ(energy_of(request)->windows.size(), 1u);
  request.window = "c";
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::not_found);
  request.window.clear();
  request.markers_shift = Second(5);
  EXPECT_EQ(energy_of(request)->windows[0].begin_text, "15");
  request.begin = "1";
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::invalid);
}

TEST_F(EnergyOf, WindowsThatOverlapAreNotAddedUp) {
  EnergyRequest request = of(step());
  request.markers = write("marks.txt", "10 a_begin\n15 b_begin\n20 a_end\n30 b_end\n");
  const auto result = energy_of(request);
  EXPECT_FALSE(result->all.has_value());
  EXPECT_NE(result->why_not_all.find("overlap"), std::string::npos);
}

TEST_F(EnergyOf, ManyWindowsInOnePass) {
  std::string trace = "time (s),power (W)\n", marks;
  for (int i = 0; i <= 20'000; ++i) trace += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
  for (int i = 0; i < 500; ++i)
    marks += std::to_string(i * 35 + 7) + " w" + std::to_string(i) + "_begin\n" +
             std::to_string(i * 35 + 35) + " w" + std::to_string(i) + "_end\n";
  EnergyRequest request = of(write("long.csv", trace));
  request.markers = write("marks.txt", marks);
  const auto result = energy_of(request);
  ASSERT_TRUE(result.has_value());
  ASSERT_EQ(result->windows.size(), 500u);
  // Four whole periods of 0..6: 28 readings of 3 W in the mean.
  for (const WindowResult& window : result->windows)
    ASSERT_NEAR(joules(window), 84, 4) << window.name;
  // The same as each window alone.
  request.markers.clear();
  for (const std::size_t i : {0u, 77u, 499u}) {
    request.begin = result->windows[i].begin_text;
    request.end = result->windows[i].end_text;
    const auto alone = energy_of(request);
    EXPECT_NEAR(joules(alone->windows[0]), joules(result->windows[i]), 1e-9);
    EXPECT_NEAR(alone->windows[0].rails[0].energy.energy.uncertainty->value(),
                result->windows[i].rails[0].energy.energy.uncertainty->value(), 1e-9);
  }
}

TEST_F(EnergyOf, AWindowOutsideIsCountedAndAbsent) {
  EnergyRequest request = of(step());
  request.markers = write("marks.txt", "1000 a_begin\n1010 a_end\n195 b_begin\n215 b_end\n");
  const auto result = energy_of(request);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->counters[Counter::marker_outside], 1u);
  EXPECT_EQ(result->counters[Counter::trace_ends_in_phase], 1u);
  EXPECT_FALSE(result->windows[1].rails[0].energy.energy.value.has_value());
  EXPECT_FALSE(result->windows[1].rails[0].energy.energy.why_absent.empty());
}

TEST_F(EnergyOf, RailsAndTheirTotal) {
  std::string text = "time (s),A (W),B (W)\n";
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + ",1.5,2.5\n";
  EnergyRequest request = of(write("rails.csv", text));
  auto result = energy_of(request);
  ASSERT_EQ(result->windows[0].rails.size(), 2u);
  request.rail = "B";
  EXPECT_NEAR(joules(energy_of(request)->windows[0]), 2.5 * 99, 1e-6);
  request.rail = "total";
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::not_found);
  request.rail = "C";
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::not_found);
  request.rail.clear();
  request.import.options["total"] = "A + B";
  request.import.gain_uncertainty = 0.01;
  result = energy_of(request);
  ASSERT_EQ(result->windows[0].rails.size(), 3u);
  EXPECT_EQ(result->windows[0].rails[0].rail, "total");
  EXPECT_NEAR(joules(result->windows[0]), 4 * 99, 1e-6);
  // One meter: its gain is wrong in both alike.
  EXPECT_NEAR(result->windows[0].rails[0].energy.budget_j.at("gain"), 0.01 * 4 * 99, 1e-6);
}

TEST_F(EnergyOf, MarkersWithAZeroOfTheirOwnNeedAPlace) {
  EnergyRequest request = of(write("epoch.csv",
                                   "time,power\n1612618500,5\n1612618501,5\n1612618502,5\n"
                                   "1612618503,5\n1612618504,5\n"));
  request.markers = write("marks.txt", "1 a_begin\n3 a_end\n");
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::invalid);
  request.markers_at = "1612618500";
  const auto result = energy_of(request);
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  EXPECT_NEAR(joules(result->windows[0]), 10, 1e-6);
  EXPECT_EQ(result->windows[0].begin_text, "1612618501");
}

TEST_F(EnergyOf, WhatHoldsNoPowerIsRefused) {
  const std::string marks = write("marks.txt", "1 a_begin\n3 a_end\n");
  const auto result = energy_of(of(marks));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::no_data);
  EXPECT_EQ(energy_of(of(folder_)).error().kind, ErrorKind::invalid);
  EnergyRequest request = of(step());
  request.markers = write("none.txt", "1 nothing\n");
  request.markers_import.format = "marks";
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::no_data);
}

TEST_F(EnergyOf, ARailMayHaveAPlusInItsName) {
  const auto result = energy_of(of(write("plus.csv", "time (s),CPU+GPU (W)\n0,5\n1,5\n2,5\n")));
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  ASSERT_EQ(result->windows[0].rails.size(), 1u);
  EXPECT_EQ(result->windows[0].rails[0].rail, "CPU+GPU");
  EXPECT_NEAR(joules(result->windows[0]), 10, 1e-6);
  EnergyRequest request = of(folder_ + "/plus.csv");
  request.rail = "total";
  EXPECT_NEAR(joules(energy_of(request)->windows[0]), 10, 1e-6);
}

TEST_F(EnergyOf, ALagMovesTheWholeTraceAndEveryWindow) {
  EnergyRequest request = of(step());
  for (const double lag : {7.0, -7.0}) {
    request.import.lag = Second(lag);
    const auto whole = energy_of(request);
    ASSERT_TRUE(whole.has_value());
    EXPECT_FALSE(whole->counters.any()) << lag;
    EXPECT_NEAR(joules(whole->windows[0]), 5 * 99.5 + 10 * 100.5, 3) << lag;
  }
  // A meter's clock that is far behind: its readings of a window stand long before it.
  std::string text = "time (s),power (W)\n";
  for (int i = 0; i < 10'000; ++i) text += std::to_string(i) + "," + std::to_string(i / 100) + "\n";
  request = of(write("far.csv", text));
  request.import.lag = Second(-5000);
  request.begin = "8010";
  request.end = "8090";
  EXPECT_NEAR(joules(energy_of(request)->windows[0]), 30 * 80, 1e-6);
}

TEST_F(EnergyOf, ACounterThatWasResetHasNoEnergyThere) {
  std::string text = "time (s),e (J)\n";
  for (int i = 0; i < 200; ++i)
    text += std::to_string(i) + "," + std::to_string(i < 100 ? 9e6 + 5.0 * i : 5.0 * i) + "\n";
  EnergyRequest request = of(write("reset.csv", text));
  request.import.options["energy"] = "e";
  request.import.options["time"] = "1";
  request.begin = "10";
  request.end = "20";
  EXPECT_NEAR(joules(energy_of(request)->windows[0]), 50, 1e-6);
  request.begin = "110";
  request.end = "120";
  EXPECT_NEAR(joules(energy_of(request)->windows[0]), 50, 1e-6);
  request.begin = "90";
  const auto across = energy_of(request);
  EXPECT_FALSE(across->windows[0].rails[0].energy.energy.value.has_value());
  EXPECT_NE(across->windows[0].rails[0].energy.energy.why_absent.find("reset"), std::string::npos);
}

TEST_F(EnergyOf, MarkersOfAnotherClockAreRefusedOrNoted) {
  EnergyRequest request = of(step());
  request.markers = write("day.txt", "00:00:10 a_begin\n00:00:20 a_end\n");
  EXPECT_EQ(energy_of(request).error().kind, ErrorKind::invalid);
  request.markers_at = "0";
  EXPECT_NEAR(joules(energy_of(request)->windows[0]), 50, 1e-6);
  request = of(step());
  request.markers = write("marks.txt", "10 a_begin\n20 a_end\n");
  const auto result = energy_of(request);
  EXPECT_TRUE(notes(*result, "--markers-at"));
  for (const double shift : {std::nan(""), HUGE_VAL, -1e300, 4.59e9}) {
    request.markers_shift = Second(shift);
    request.markers_at = "4000000000";
    EXPECT_EQ(energy_of(request).error().kind, ErrorKind::invalid) << shift;
  }
}

TEST_F(EnergyOf, WhyThereAreNoLayersIsSaid) {
  EnergyRequest request = of(step());
  request.markers = write("marks.txt", "10 a_begin\n15 b_begin\n20 a_end\n30 b_end\n");
  request.layers =
      std::string(ISOJOULE_SOURCE_DIR) + "/tests/corpus/import_trtexec/profile_8_4.txt";
  const auto result = energy_of(request);
  EXPECT_TRUE(result->layers.empty());
  EXPECT_TRUE(notes(*result, "choose one with --window"));
}

// ---- what others measured -----------------------------------------------------------------------

TEST_F(EnergyOf, OneBatchOfDeepedgebench) {
  EnergyRequest request = of(import_golden("deepedgebench_batch_1.txt"));
  request.markers = import_golden("deepedgebench_marks.txt");
  request.window = "inf_batch_1";
  const auto result = energy_of(request);
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  constexpr double kInferences = 1000;
  EXPECT_NEAR(joules(result->windows[0]) / kInferences, 0.164, 0.02 * 0.164);
}

TEST_F(EnergyOf, FiveBatchesOfDeepedgebench) {
  const auto shared = shared_measured();
  if (shared.empty()) GTEST_SKIP() << "skipped: no shared data";
  EnergyRequest request = of(shared / "deepedgebench/jetson_all.txt");
  request.markers = shared / "deepedgebench/pow_ts_jetson_onnxtrt_mn2.txt";
  request.window = "inf_batch_*";
  const auto result = energy_of(request);
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  ASSERT_TRUE(result->all.has_value());
  constexpr double kInferences = 5000;
  EXPECT_NEAR(joules(*result->all) / kInferences, 0.164, 0.02 * 0.164);
}

// A row of traces.csv: its first five columns.
struct Reference {
  std::string trace;
  double session_w = 0, window_w = 0, window_s = 0, window_j = 0;
};

std::vector<Reference> references(const std::filesystem::path& shared) {
  std::istringstream text(content_of(shared / "mlperf_power/traces.csv"));
  std::vector<Reference> rows;
  std::string line;
  std::getline(text, line);
  while (std::getline(text, line)) {
    std::istringstream cells(line);
    Reference row;
    char comma = 0;
    std::getline(cells, row.trace, ',');
    cells >> row.session_w >> comma >> row.window_w >> comma >> row.window_s >> comma >>
        row.window_j;
    rows.push_back(row);
  }
  return rows;
}

TEST_F(EnergyOf, EveryTraceOfMlperfPower) {
  const auto shared = shared_measured();
  if (shared.empty()) GTEST_SKIP() << "skipped: no shared data";
  const auto rows = references(shared);
  EXPECT_EQ(rows.size(), 24u);
  for (const Reference& row : rows) {
    SCOPED_TRACE(row.trace);
    EnergyRequest request = of(shared / "mlperf_power/traces" / row.trace / "spl.txt");
    const auto window = energy_of(request);
    ASSERT_TRUE(window.has_value()) << to_string(window.error());
    EXPECT_EQ(window->windows[0].name, "power");
    EXPECT_NEAR(window->windows[0].duration.value(), row.window_s, 2e-3);
    EXPECT_NEAR(joules(window->windows[0]) / row.window_j, 1, 0.002);
    request.whole = true;
    const auto session = energy_of(request);
    ASSERT_TRUE(session.has_value());
    const double mean = joules(session->windows[0]) / session->windows[0].duration.value();
    // The session is whole where the analyser answered all the time.
    const bool is_whole = session->counters[Counter::sample_failed] == 0;
    EXPECT_NEAR(mean / row.session_w, 1, is_whole ? 0.001 : 0.01);
  }
}

}  // namespace
}  // namespace isojoule
