// What a report holds beside the answers: timelines, cumulative energy, budgets, boards; runs as
// columns; studies that are odd.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "report/column.h"
#include "report/cumulative_json.h"
#include "report/leading_points.h"
#include "report/listed_study.h"
#include "report/packed_runs.h"
#include "report/report.h"
#include "report/residency_json.h"
#include "report/summary_json.h"
#include "report/timeline_json.h"

namespace isojoule {
namespace {

using nlohmann::json;
using namespace isojoule::test;

ReportOptions everything() {
  ReportOptions options;
  options.timelines = ReportOptions::Timelines::best;
  options.cumulative = true;
  return options;
}

json data_of(ListedStudy& study, const ReportOptions& options) {
  const auto summary = summarise(study);
  EXPECT_TRUE(summary) << to_string(summary.error());
  const auto data = to_json(*summary, study, options);
  EXPECT_TRUE(data) << to_string(data.error());
  return data.value_or(json());
}

std::vector<double> values_of(const json& column) {
  const PackedColumn packed{column.at("count"), column.at("scale"), column.at("order"),
                            column.at("first"), column.at("data")};
  std::vector<double> values;
  const std::vector<std::int64_t> integers = unpack_column(packed).value();
  for (const std::int64_t n : integers) values.push_back(static_cast<double>(n) * packed.scale);
  return values;
}

TEST(Timelines, OfTheBestSettingAndItsGovernorsAndNoMore) {
  ListedStudy study;
  fill_grid(study);
  const json data = data_of(study, everything());
  const json& timelines = data.at("timelines");
  ASSERT_EQ(timelines.size(), 2U);
  EXPECT_EQ(timelines[0].at("label"), "alexnet, best");
  EXPECT_EQ(timelines[0].at("point"), data.at("minima")[0].at("best"));
  EXPECT_EQ(timelines[0].at("run"), 1);  // of two the lower: 16 J, not 16.04 J
  EXPECT_EQ(timelines[1].at("label"), "alexnet, default");
  EXPECT_FALSE(data.contains("cumulative"));
  EXPECT_FALSE(data.contains("boards"));
}

TEST(Timelines, TellWhatTheTraceHas) {
  ListedStudy study;
  const Trace trace = listed_trace(4.25, 4);
  const isojoule::Run run = study.add(listed_run("alexnet", "", clocks(1e9, 3e8), 4.25, 4));
  std::size_t bytes = 0;
  const json timeline = timeline_json(run, trace, 0, "it", bytes);
  EXPECT_NEAR(static_cast<double>(bytes), static_cast<double>(timeline.dump().size()), 700);
  EXPECT_NEAR(timeline.at("duration_s").get<double>(), 7.5, 1e-4);  // from -0.5 s to 7 s
  const json& rail = timeline.at("series")[0];
  EXPECT_EQ(rail.at("name"), "VDD_IN");
  EXPECT_EQ(rail.at("kind"), "total");
  const auto time = values_of(rail.at("time")), watts = values_of(rail.at("value"));
  ASSERT_EQ(time.size(), trace.channels[0].time_ns.size());
  for (std::size_t i = 0; i < time.size(); ++i) {
    EXPECT_NEAR(time[i], static_cast<double>(trace.channels[0].time_ns[i]) * 1e-9 + 0.5, 0.51e-6);
    EXPECT_NEAR(watts[i], trace.channels[0].power_at(i).value(), 1e-12);
  }
  EXPECT_EQ(timeline.at("series")[1].at("kind"), "clock");
  EXPECT_EQ(values_of(timeline.at("series")[1].at("value")).back(), 921.6e6);
  EXPECT_EQ(timeline.at("series")[2].at("kind"), "temperature");
  EXPECT_DOUBLE_EQ(values_of(timeline.at("series")[2].at("value"))[0], 31.5);
  EXPECT_EQ(timeline.at("phases")[2].at("name"), "inference");
  EXPECT_DOUBLE_EQ(timeline.at("phases")[2].at("begin_s").get<double>(), 2.5);
  EXPECT_NEAR(values_of(timeline.at("batches").at("end_s")).back(), 6.5, 1e-6);
}

// Two rails read at other moments: at the first one's times, the second between its readings.
TEST(Timelines, ATotalOfSeveralRailsIsTheirSum) {
  Trace trace = listed_trace(4, 4);
  trace.total = "VDD_IN + VDD_CPU";
  Channel cpu = trace.channels[0];
  cpu.info.rail = "VDD_CPU";
  for (std::int64_t& time : cpu.time_ns) time += 25'000'000;
  for (std::size_t i = 0; i < cpu.a.size(); ++i) cpu.a[i] = static_cast<std::int32_t>(10 * i);
  trace.channels.push_back(cpu);
  std::size_t bytes = 0;
  const json timeline =
      timeline_json(listed_run("alexnet", "", {}, 4, 4), trace, std::nullopt, "", bytes);
  ASSERT_EQ(timeline.at("series")[0].at("kind"), "total");
  const auto total = values_of(timeline.at("series")[0].at("value"));
  for (std::size_t i = 1; i < total.size(); ++i)
    EXPECT_NEAR(total[i],
                trace.channels[0].power_at(i).value() + 0.010 * (static_cast<double>(i) - 0.5),
                0.51e-3)
        << i;
  EXPECT_TRUE(timeline.at("point").is_null());
}

TEST(Timelines, WhatWouldBeTooLargeIsLeftOutAndSaysHowToGetIt) {
  ListedStudy study;
  fill_grid(study);
  ReportOptions options = everything();
  const std::size_t whole = data_of(study, options).at("timelines")[0].dump().size();
  options.timeline_bytes = whole + 200;
  json timelines = data_of(study, options).at("timelines");
  EXPECT_FALSE(timelines[0].at("series").empty());
  EXPECT_TRUE(timelines[1].at("series").empty());
  const std::string why = timelines[1].at("why_absent");
  const std::int64_t run = timelines[1].at("run");
  EXPECT_NE(why.find("--timeline " + std::to_string(run)), std::string::npos) << why;
  options.timeline_runs = {run, 5};
  timelines = data_of(study, options).at("timelines");
  ASSERT_EQ(timelines.size(), 3U);
  EXPECT_FALSE(timelines[1].at("series").empty());
  EXPECT_EQ(timelines[2].at("run"), 5);
  EXPECT_EQ(timelines[2].at("label"), "alexnet, powersave, run 5");
}

TEST(Timelines, AllAreOfEveryPointNoneOfNone) {
  ListedStudy study;
  fill_grid(study);
  ReportOptions options;
  EXPECT_FALSE(data_of(study, options).contains("timelines"));
  EXPECT_EQ(study.traces_read, 1);  // what the sensors resolve, of one run
  options.timelines = ReportOptions::Timelines::all;
  options.timeline_bytes = 1;
  const json timelines = data_of(study, options).at("timelines");
  EXPECT_EQ(timelines.size(), 6U);
  for (const json& one : timelines) EXPECT_FALSE(one.at("series").empty());
}

TEST(Timelines, ARunThatIsNotThereIsAnErrorOneWithoutATraceSaysSo) {
  ListedStudy study;
  study.add(listed_run("alexnet", "", clocks(1e9, 3e8), 4, 4));
  ReportOptions options;
  options.timeline_runs = {1};
  const json timelines = data_of(study, options).at("timelines");
  EXPECT_EQ(timelines[0].at("why_absent"), "the study keeps no trace of the run");
  options.timeline_runs = {2};
  const auto summary = summarise(study).value();
  const auto data = to_json(summary, study, options);
  ASSERT_FALSE(data);
  EXPECT_EQ(data.error().kind, ErrorKind::not_found);
}

void fill_graphs(ListedStudy& study) {
  for (const char* graph : {"static", "dynamic"}) {
    Setting setting;
    setting.set("batch", 8.0);
    setting.set("graph", std::string(graph));
    const double watts = graph[0] == 's' ? 4 : 5;
    study.add(listed_run("alexnet", "", setting, watts, 4), listed_trace(watts, 4));
  }
}

TEST(CumulativeEnergy, IsOfPointsThatDifferInOneAxisOfTheEngine) {
  ListedStudy study;
  fill_graphs(study);
  study.add(listed_run("alexnet", "", clocks(1e9, 3e8), 4, 4), listed_trace(4, 4));
  const json data = data_of(study, everything());
  const json& curves = data.at("cumulative");
  ASSERT_EQ(curves.size(), 2U);
  for (const json& curve : curves) {
    const json& setting = data.at("points")[curve.at("point").get<std::size_t>()].at("setting");
    const double watts = setting.at("graph") == "static" ? 4 : 5;
    // From the begin of loading: a second at 1 W, then four at `watts`; ten batches, two phases.
    ASSERT_EQ(curve.at("time_s").size(), 12U);
    EXPECT_EQ(curve.at("time_s")[1], 1.0);
    EXPECT_NEAR(curve.at("energy_j")[1].get<double>(), 1, 0.11);  // a straight line up to 2 s
    EXPECT_EQ(curve.at("time_s").back(), 5.0);
    EXPECT_NEAR(curve.at("energy_j").back().get<double>(), 1 + 4 * watts, 0.15);
    EXPECT_EQ(curve.at("inferences")[1], 0);
    EXPECT_EQ(curve.at("inferences").back(), 80);
  }
}

TEST(CumulativeEnergy, ManyBatchesAreThinnedAndTheLastIsThere) {
  isojoule::Run run = listed_run("alexnet", "", {}, 4, 4);
  run.batches.clear();
  for (int i = 0; i < 5000; ++i)
    run.batches.push_back({second_at(2 + i * 0.0008), second_at(2 + (i + 1) * 0.0008)});
  run.inferences = 5000;
  const json curve = cumulative_curve(run, listed_trace(4, 4));
  EXPECT_LE(curve.at("time_s").size(), kMostCumulativeMarks);
  EXPECT_GT(curve.at("time_s").size(), kMostCumulativeMarks / 2);
  EXPECT_EQ(curve.at("inferences").back(), 5000);
  const auto& joules = curve.at("energy_j");
  for (std::size_t i = 1; i < joules.size(); ++i)
    EXPECT_GE(joules[i].get<double>(), joules[i - 1].get<double>());
}

TEST(CumulativeEnergy, EndsBeforeWhatNoReadingReaches) {
  Trace trace = listed_trace(4, 4);
  auto& channel = trace.channels[0];
  while (channel.time_ns.back() > second_at(4).ns) {
    channel.time_ns.pop_back();
    channel.a.pop_back();
  }
  const json curve = cumulative_curve(listed_run("alexnet", "", {}, 4, 4), trace);
  ASSERT_FALSE(curve.is_null());
  EXPECT_LE(curve.at("time_s").back().get<double>(), 3.01);
  EXPECT_TRUE(cumulative_curve(listed_run("alexnet", "", {}, 4, 4), Trace{}).is_null());
}

TEST(Budgets, AreOfTheLeadingPointsAndAddUp) {
  ListedStudy study;
  fill_grid(study);
  const json data = data_of(study, {});
  const json& budgets = data.at("budgets");
  ASSERT_EQ(budgets.size(), 2U);
  EXPECT_EQ(budgets[0].at("point"), data.at("minima")[0].at("best"));
  for (const json& budget : budgets) {
    const json& point = data.at("points")[budget.at("point").get<std::size_t>()];
    EXPECT_EQ(budget.at("energy_j"), point.at("energy_j").at("value"));
    EXPECT_DOUBLE_EQ(budget.at("combined_u_j").get<double>(),
                     point.at("energy_j").at("uncertainty").get<double>());
    double percent = 0;
    for (const json& cause : budget.at("causes"))
      percent += cause.at("percent_of_variance").get<double>();
    EXPECT_NEAR(percent, 100, 1e-6);
  }
}

TEST(BoardRows, AreOfEveryStudyTheFirstOnesFirst) {
  ListedStudy study, other;
  fill_grid(study);
  fill_graphs(other);
  other.info().board = "jetson-agx-orin";
  other.info().simulated = false;
  ReportOptions options;
  options.study_path = "here/a.study";
  options.beside.push_back({"there/b.study", summarise(other).value()});
  const json rows = data_of(study, options).at("boards");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at("study"), "listed (a.study)");  // both are called "listed"
  EXPECT_EQ(rows[0].at("baseline"), "default");
  EXPECT_NEAR(rows[0].at("energy_per_inference_j").at("value").get<double>(), 16.02 / 80, 1e-12);
  EXPECT_NEAR(rows[0].at("baseline_energy_per_inference_j").get<double>(), 24.0 / 80, 1e-12);
  EXPECT_NEAR(rows[0].at("saving_percent").get<double>(), 100 * (1 - 16.02 / 24), 1e-9);
  EXPECT_EQ(rows[1].at("board"), "jetson-agx-orin");
  EXPECT_FALSE(rows[1].at("simulated").get<bool>());
  EXPECT_EQ(rows[1].at("job"), "graph=dynamic");
  EXPECT_TRUE(rows[1].at("saving_percent").is_null());
}

TEST(PackedRuns, HaveTheSameNumbers) {
  ListedStudy study;
  fill_grid(study);
  isojoule::Run odd = listed_run("alexnet", "", clocks(1e9, 3e8), 1.0 / 3, 4);
  odd.counters.add(Counter::sample_gap, 3);
  odd.state = RunState::throttled;
  study.add(odd);
  const json runs = data_of(study, {}).at("runs");
  const json packed = packed_runs(runs);
  EXPECT_EQ(packed.at("rows"), runs.size());
  EXPECT_EQ(packed.at("columns").at("failure"), "");  // all have the same
  EXPECT_EQ(packed.at("columns").at("state").at("texts"), json({"complete", "throttled"}));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(packed.at("columns").at("energy_j")[i], runs[i].at("energy_j"));
    EXPECT_EQ(packed.at("columns").at("id")[i], runs[i].at("id"));
  }
  EXPECT_EQ(packed.at("counters").at("sample_gap").back(), 3);
  EXPECT_TRUE(packed.at("counters").at("sample_gap")[0].is_null());
  EXPECT_LT(packed.dump().size(), runs.dump().size());
  EXPECT_EQ(packed_runs(json::array()).at("rows"), 0);
}

// Somebody compares a table from the page with `show --csv`.
TEST(Runs, HaveTheVeryNumbersOfTheCsv) {
  ListedStudy study;
  isojoule::Run run = listed_run("alexnet", "", clocks(1e9, 3e8), 1.0 / 3, 4);
  run.phases[2].end.ns += 123'456'789;
  study.add(run);
  const StudySummary summary = summarise(study).value();
  const std::string csv = find_report("csv").value()->render(summary, study, {}).value();
  const json packed = packed_runs(data_of(study, {}).at("runs"));
  const auto in_csv = [&](const char* header) {
    std::istringstream lines(csv);
    std::string names, values, name, value;
    std::getline(lines, names);
    std::getline(lines, values);
    std::istringstream heads(names), cells(values);
    while (std::getline(heads, name, ',') && std::getline(cells, value, ','))
      if (name == header) return std::stod(value);
    return -1.0;
  };
  EXPECT_EQ(packed.at("columns").at("energy_j"), in_csv("inference_total_energy_j"));
  EXPECT_EQ(packed.at("columns").at("energy_u_j"), in_csv("inference_total_energy_u_j"));
  EXPECT_EQ(packed.at("columns").at("latency_s"), in_csv("inference_s"));
  EXPECT_EQ(packed.at("phases").at("inference_s"), 4.123456789);
}

TEST(Residency, AClockIsToldInBinsACountAsItsSpan) {
  std::map<std::string, std::map<double, double>> watches;
  for (int i = 0; i < 1000; ++i) {
    watches["cpu_frequency"][1e9 + 1e6 * i] = 0.1;
    watches["memory_activity"][3.0 * i] = 0.1;
  }
  watches["gpu_frequency"] = {{3e8, 40}, {9e8, 60}};
  const json shares = residency_json(watches), watched = watched_json(watches);
  EXPECT_LE(shares.at("cpu_frequency_hz").size(), 22U);
  EXPECT_EQ(shares.at("gpu_frequency_hz"), json({{3e8, 40.0}, {9e8, 60.0}}));
  EXPECT_FALSE(shares.contains("memory_activity"));
  EXPECT_EQ(watched.at("memory_activity").at("least"), 0);
  EXPECT_EQ(watched.at("memory_activity").at("most"), 2997);
  EXPECT_NEAR(watched.at("memory_activity").at("mean").get<double>(), 1498.5, 1e-6);
  EXPECT_FALSE(watched.contains("gpu_frequency_hz"));
}

// Whatever is in a study, every report of it is whole and what it says is JSON.
TEST(OddStudies, HaveEveryReport) {
  for (OddStudy& odd : odd_studies()) {
    const auto summary = summarise(odd.study);
    ASSERT_TRUE(summary) << odd.what;
    for (const char* format : {"text", "csv", "json", "html"}) {
      const auto text = find_report(format).value()->render(*summary, odd.study, everything());
      if (!text && text.error().kind == ErrorKind::unsupported) continue;  // built without the page
      ASSERT_TRUE(text) << odd.what << format << to_string(text.error());
      EXPECT_FALSE(text->empty());
      if (std::string_view(format) == "json") {
        const json data = json::parse(*text);
        EXPECT_EQ(data.at("schema"), kSummarySchema) << odd.what;
        EXPECT_EQ(data.at("runs").size(), static_cast<std::size_t>(summary->runs)) << odd.what;
      }
      if (std::string_view(format) == "html") {
        EXPECT_EQ(text->find("<script>alert"), std::string::npos) << odd.what;
      }
    }
  }
}

TEST(OddStudies, WhatIsNoNumberIsAbsent) {
  std::vector<OddStudy> odd = odd_studies();
  const json data = json::parse(data_of(odd[6].study, everything()).dump());
  EXPECT_TRUE(data.at("points")[0].at("energy_j").is_null());
  EXPECT_EQ(data.at("points")[0].at("why_absent"), "an energy of its runs is no finite number");
  EXPECT_EQ(data.at("budgets")[0].at("why_absent"), "an energy of its runs is no finite number");
  EXPECT_TRUE(data.at("runs")[1].at("energy_j").is_null());
  for (const json& series : data.at("timelines")[0].at("series"))
    EXPECT_NE(series.at("name"), "gpu_frequency");  // no finite value is left
}

}  // namespace
}  // namespace isojoule
