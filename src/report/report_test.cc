// A small synthetic study, whose answers are known, through the summary and the text, csv and json
// reports. ISOJOULE_UPDATE_GOLDEN=1 writes the golden files anew; look at the difference then.
#include "report/report.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "report/summary_json.h"
#include "report/table.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

StudyInfo synthetic_info() {
  StudyInfo info;
  info.name = "small";
  info.board = "jetson-nano";
  info.release = "32.7";
  info.simulated = true;
  info.plan_toml = "name = \"small\"\n";
  info.program_version = "0.1.0";
  info.command = "isojoule sweep small.toml";
  info.engine = "twin";
  info.total = "VDD_IN";
  info.rails = {{"VDD_IN", "", "module input"}};
  info.created = "2026-01-01T00:00:00Z";
  info.planned_runs = 30;
  info.protocol_json =
      R"({"inferences": 3200, "repeats": 2, "sampling_period_s": 0.1, "variation_percent": 5})";
  return info;
}

// Energy in J, duration in s; gain 1 %, offset 0.5 J, random 0.3 J.
Run synthetic_run(const std::string& baseline, Setting setting, double joules, double seconds) {
  Run run;
  run.network = "alexnet";
  run.baseline = baseline;
  run.setting = std::move(setting);
  run.inferences = 3200;
  run.phases = {{PhaseKind::inference, {0}, Instant{std::llround(seconds * 1e9)}}};
  PhaseEnergy energy{PhaseKind::inference, "total", Second(seconds), {}, {}, {}};
  energy.budget_j = {{"gain", 0.01 * joules}, {"offset", 0.5}, {"sampling", 0.3}};
  energy.gross = {Joule(joules), Joule(std::hypot(0.01 * joules, 0.5, 0.3)), ""};
  energy.net = {Joule(joules - 2 * seconds), Joule(0.01 * joules), ""};
  run.energies = {energy};
  run.wall_time = "2026-01-01T00:00:00Z";
  return run;
}

Setting grid(double cpu, double gpu, double batch) {
  Setting setting;
  setting.set("cpu_frequency", cpu);
  setting.set("gpu_frequency", gpu);
  setting.set("batch", batch);
  return setting;
}

Setting governed(double batch) {
  Setting setting;
  setting.set("cpu_governor", std::string("schedutil"));
  setting.set("gpu_governor", std::string("nvhost_podgov"));
  setting.set("batch", batch);
  return setting;
}

class ReportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "isojoule-report-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto created = StudyFile::create((folder_ / "small.study").string(), synthetic_info());
    ASSERT_TRUE(created) << to_string(created.error());
    study_ = std::move(*created);
  }
  void TearDown() override {
    study_.reset();
    fs::remove_all(folder_);
  }

  void add(isojoule::Run run) {
    run.sequence = next_++;
    run.block = block_;
    const auto added = study_->add(run, nullptr);
    ASSERT_TRUE(added) << to_string(added.error());
  }

  // Two repeats, 1 J apart. Least at (918 MHz, 614.4 MHz): 200 J at batch 8, 160 J at batch 16.
  void fill() {
    for (const double batch : {8.0, 16.0}) {
      const double base = batch == 8 ? 200 : 160;
      for (const double repeat : {-0.5, 0.5}) {
        block_ = repeat > 0 ? 1 : 0;
        for (int cpu = 0; cpu < 3; ++cpu)
          for (int gpu = 0; gpu < 2; ++gpu)
            add(synthetic_run("",
                              grid(std::vector{102e6, 918e6, 1479e6}[static_cast<std::size_t>(cpu)],
                                   gpu == 0 ? 614.4e6 : 921.6e6, batch),
                              base + 30 * (cpu - 1) * (cpu - 1) + 1.5 * gpu + repeat,
                              30 - 5 * cpu - 2 * gpu));
        auto run = synthetic_run("default", governed(batch), 1.25 * base + repeat, 20);
        run.residency_percent["cpu_frequency"] = {{102e6, 40 + 10 * repeat},
                                                  {1479e6, 60 - 10 * repeat}};
        run.counters.add(Counter::sample_gap, 2);
        add(run);
      }
    }
    auto throttled = synthetic_run("default", governed(8), 9999, 99);
    throttled.state = RunState::throttled;
    throttled.counters.add(Counter::throttled);
    add(throttled);
    auto failed = synthetic_run("", grid(102e6, 614.4e6, 32), 0, 1);
    failed.state = RunState::failed;
    failed.failure = "out of memory: \"batch\", 32";
    failed.energies.clear();
    failed.counters.add(Counter::out_of_memory);
    add(failed);
  }

  std::string render(const char* format) {
    const auto kind = find_report(format);
    EXPECT_TRUE(kind);
    const auto summary = summarise(*study_);
    EXPECT_TRUE(summary) << to_string(summary.error());
    return (*kind)->render(*summary, *study_, options_).value();
  }

  void expect_golden(const char* format, const char* name) {
    fill();
    const std::string text = render(format);
    const fs::path path = fs::path(ISOJOULE_SOURCE_DIR) / "src/report/golden" / name;
    if (std::getenv("ISOJOULE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
    std::ifstream file(path);
    std::stringstream golden;
    golden << file.rdbuf();
    if (std::string_view(format) == "json")
      expect_near(nlohmann::json::parse(text), nlohmann::json::parse(golden.str()), "");
    else
      EXPECT_EQ(text, golden.str());
  }

  // The last digits are the compiler's (fused multiply-add).
  static void expect_near(const nlohmann::json& got, const nlohmann::json& wanted,
                          const std::string& where) {
    if (got.is_number_float() && wanted.is_number()) {
      EXPECT_NEAR(got.get<double>(), wanted.get<double>(),
                  1e-9 * std::abs(wanted.get<double>()) + 1e-12)
          << where;
    } else if (got.is_structured() && got.type() == wanted.type() && got.size() == wanted.size()) {
      const auto flat = wanted.items();
      for (const auto& [key, value] : flat) {
        const bool there = got.is_array() || got.contains(key);
        ASSERT_TRUE(there) << where << "/" << key;
        expect_near(got.is_array() ? got[std::stoul(key)] : got[key], value, where + "/" + key);
      }
    } else {
      EXPECT_EQ(got, wanted) << where;
    }
  }

  fs::path folder_;
  std::unique_ptr<StudyFile> study_;
  std::int64_t next_ = 0, block_ = 0;
  ReportOptions options_;
};

TEST_F(ReportTest, MinimaAgainstTheBaseline) {
  fill();
  const auto summary = summarise(*study_).value();
  EXPECT_EQ(summary.runs, 30);
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.throttled, 1);
  EXPECT_EQ(summary.points.size(), 15U);
  ASSERT_EQ(summary.minima.size(), 2U);
  const Minimum& minimum = summary.minima[0];
  EXPECT_EQ(minimum.batch, 8);
  EXPECT_EQ(minimum.best.setting, grid(918e6, 614.4e6, 8));
  EXPECT_EQ(minimum.grid_points, 6);
  EXPECT_EQ(minimum.within_one_percent, 2);
  ASSERT_EQ(minimum.comparisons.size(), 1U);
  EXPECT_NEAR(minimum.comparisons[0].saving_percent, 20, 1e-9);  // 1 - 200/250; 9999 J is left out
  EXPECT_NEAR(minimum.comparisons[0].latency_change_percent, 25, 1e-9);
}

TEST_F(ReportTest, TheGainStaysInTheEnergyAndLeavesTheSaving) {
  fill();
  const auto summary = summarise(*study_).value();
  const Minimum& minimum = summary.minima[0];
  const double spread = std::sqrt(0.5) / std::sqrt(2.0);  // of -0.5, 0.5, over the root of two
  EXPECT_NEAR(minimum.best.energy_j->value, 200, 1e-9);
  EXPECT_NEAR(minimum.best.energy_j->uncertainty, std::hypot(2.0, 0.5, spread), 1e-9);
  EXPECT_NEAR(minimum.best.energy_j->spread_percent, 100 * std::sqrt(0.5) / 200, 1e-9);
  EXPECT_EQ(minimum.best.energy_j->count, 2);
  const double random = std::hypot(spread / 200, spread / 250), offset = 0.5 / 200 - 0.5 / 250;
  EXPECT_NEAR(minimum.comparisons[0].saving_uncertainty_percent, 80 * std::hypot(random, offset),
              1e-9);
  EXPECT_NEAR(minimum.best.power_w->value, 8, 1e-9);
}

TEST_F(ReportTest, TheMeanOfResidencyAndItsCounters) {
  fill();
  const auto summary = summarise(*study_).value();
  for (const Point& point : summary.points)
    if (point.baseline == "default" && point.setting.number("batch") == 8) {
      EXPECT_NEAR(point.residency_percent.at("cpu_frequency").at(102e6), 40, 1e-9);
      EXPECT_EQ(point.counters[Counter::sample_gap], 4U);
      EXPECT_EQ(point.runs, 3);
    }
  EXPECT_EQ(summary.counters[Counter::sample_gap], 8U);
  EXPECT_EQ(summary.counters[Counter::spread_high], 0U);
}

TEST_F(ReportTest, AWideSpreadIsCounted) {
  for (const double joules : {90.0, 110.0})
    add(synthetic_run("", grid(102e6, 614.4e6, 8), joules, 10));
  const auto summary = summarise(*study_).value();
  EXPECT_EQ(summary.counters[Counter::spread_high], 1U);
  EXPECT_TRUE(summary.minima.empty());  // one point is no grid
}

TEST_F(ReportTest, AnOutlierIsNamedWithItsCause) {
  const std::vector<double> joules = {100, 100.4, 99.7, 130, 100.1, 99.9, 100.2};
  for (const double value : joules) {
    auto run = synthetic_run("", grid(102e6, 614.4e6, 8), value, 10);
    if (value == 130) run.counters.add(Counter::clock_drifted, 4);
    run.phases[0].begin = Instant{next_ * 60'000'000'000};
    run.phases[0].end = run.phases[0].begin + Duration::from(Second(10));
    block_ = next_;
    add(run);
  }
  const auto summary = summarise(*study_).value();
  ASSERT_TRUE(summary.points[0].repeats);
  EXPECT_NEAR(summary.points[0].energy_j->value, 104.328, 1e-3);  // it stays in the mean
  ASSERT_EQ(summary.points[0].repeats->outliers.size(), 1U);
  const std::string text = render("text");
  EXPECT_NE(text.find("+29.9 %"), std::string::npos) << text;
  EXPECT_NE(text.find("clock_drifted (4)"), std::string::npos) << text;
  const auto root = nlohmann::json::parse(render("json"));
  const auto& repeats = root.at("points")[0].at("repeats");
  EXPECT_EQ(repeats.at("outliers")[0].at("run"), 4);
  EXPECT_EQ(repeats.at("outliers")[0].at("causes")[0], "clock_drifted (4)");
  EXPECT_FALSE(repeats.at("within_criterion").get<bool>());
  EXPECT_NEAR(repeats.at("median_j").get<double>(), 100.1, 1e-9);
  EXPECT_EQ(root.at("drift").at("shown"), false);
  EXPECT_NEAR(root.at("drift").at("trend").at("hours").get<double>(), 0.1, 1e-9);
}

TEST_F(ReportTest, TooFewRunsForADriftAreSaid) {
  for (const double joules : {90.0, 110.0})
    add(synthetic_run("", grid(102e6, 614.4e6, 8), joules, 10));
  EXPECT_NE(render("text").find("Drift: not tested, 2 runs of 1 setting are too few"),
            std::string::npos);
  const auto root = nlohmann::json::parse(render("json"));
  EXPECT_TRUE(root.at("drift").at("p").is_null());
}

// One run: what the sensor adds is common to its phases, the rest of them is independent.
TEST_F(ReportTest, LoadingAndTheWholeHaveTheUncertaintyOfTheirPhases) {
  isojoule::Run run = synthetic_run("", grid(1e9, 9e8, 4), 100, 40);
  run.phases.insert(run.phases.begin(), {PhaseKind::load, {-10'000'000'000}, Instant{0}});
  PhaseEnergy load = run.energies.front();
  load.phase = PhaseKind::load;
  load.budget_j = {{"gain", 0.2}, {"offset", 0.1}, {"edges", 0.4}};
  load.gross = {Joule(20), Joule(std::hypot(0.2, 0.1, 0.4)), ""};
  run.energies.push_back(load);
  add(run);
  const Point point = summarise(*study_).value().points.front();
  ASSERT_TRUE(point.loading_energy_j && point.whole_energy_j);
  EXPECT_DOUBLE_EQ(point.loading_energy_j->uncertainty, std::hypot(0.2, 0.1, 0.4));
  EXPECT_DOUBLE_EQ(point.whole_energy_j->value, 120);
  EXPECT_NEAR(point.whole_energy_j->uncertainty,
              std::hypot(std::hypot(1.2, 0.6), std::hypot(0.3, 0.4)), 1e-9);
}

TEST_F(ReportTest, AnAbsentEnergyStaysAbsentAndSaysWhy) {
  auto run = synthetic_run("", grid(102e6, 614.4e6, 8), 1, 10);
  run.energies[0].gross = {std::nullopt, std::nullopt, "no power source gave readings"};
  run.energies[0].net = run.energies[0].gross;
  add(run);
  const auto summary = summarise(*study_).value();
  EXPECT_FALSE(summary.points[0].energy_j);
  EXPECT_FALSE(summary.points[0].power_w);
  EXPECT_EQ(summary.points[0].why_absent, "no power source gave readings");
  EXPECT_NEAR(summary.points[0].latency_s->value, 10, 1e-9);
  const auto json = to_json(summary, *study_).value();
  EXPECT_TRUE(json["points"][0]["energy_j"].is_null());
  EXPECT_TRUE(json["runs"][0]["energy_j"].is_null());
  const std::string text = render("text");
  EXPECT_NE(text.find("absent at 1 point: no power source gave readings"), std::string::npos)
      << text;
}

TEST_F(ReportTest, ABatchThatDoesNotFitIsToldWithTheOneThatDoes) {
  fill();
  const auto summary = summarise(*study_);
  ASSERT_TRUE(summary);
  for (const Point& point : summary->points)
    if (point.setting.number("batch") == 32) {
      EXPECT_EQ(point.why_absent, "batch 32 does not fit into memory; batch 16 does");
    }
}

TEST_F(ReportTest, WhatWasAskedOfTheEngineHasAMapOfItsOwn) {
  for (const char* precision : {"fp16", "int8"})
    for (const double cpu : {102e6, 1479e6})
      for (const double gpu : {614.4e6, 921.6e6}) {
        Setting setting = grid(cpu, gpu, 8);
        setting.set("precision", std::string(precision));
        add(synthetic_run("", setting, (precision[0] == 'i' ? 100 : 200) + gpu * 1e-8, 20));
      }
  const auto summary = summarise(*study_);
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->minima.size(), 2u);
  EXPECT_EQ(to_string(summary->minima[0].job), "precision=fp16");
  EXPECT_EQ(to_string(summary->minima[1].job), "precision=int8");
  EXPECT_EQ(summary->minima[1].grid_points, 4);
  EXPECT_NE(render("text").find("alexnet precision=int8"), std::string::npos);
}

TEST_F(ReportTest, LayersThatWereProfiledAreShownWithTheirEnergy) {
  auto run = synthetic_run("", grid(102e6, 614.4e6, 8), 100, 20);
  run.batches = {{{0}, {10'000'000'000}}, {{10'000'000'000}, {20'000'000'000}}};
  run.layers = {{"conv1", "Conv", "GPU", Second(6), Second(0.1), 5},
                {"fc", "Gemm", "GPU", Second(3), Second(0.1), 5}};
  add(run);
  const auto summary = summarise(*study_);
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->profiles.size(), 1u);
  ASSERT_EQ(summary->profiles[0].layers.rows.size(), 3u);
  EXPECT_NEAR(summary->profiles[0].layers.rows[0].gross.value->value(), 0.6 * 50, 1e-9);
  EXPECT_NE(render("text").find("conv1"), std::string::npos);
  const auto root = nlohmann::json::parse(render("json"));
  EXPECT_NEAR(root.at("profiles")[0].at("layers")[1].at("share").get<double>(), 0.3, 1e-9);
}

TEST_F(ReportTest, TheJsonPointsAtItsPoints) {
  fill();
  const auto json = nlohmann::json::parse(render("json"));
  EXPECT_EQ(json["schema"], kSummarySchema);
  EXPECT_EQ(json["simulated"], true);
  const auto& minimum = json["minima"][1];
  const auto& best = json["points"][minimum["best"].get<std::size_t>()];
  EXPECT_EQ(best["setting"]["cpu_frequency_hz"], 918000000);
  EXPECT_EQ(best["setting"]["batch"], 16);
  EXPECT_TRUE(best["baseline"].is_null());
  const auto& other = json["points"][minimum["comparisons"][0]["point"].get<std::size_t>()];
  EXPECT_EQ(other["baseline"], "default");
  EXPECT_EQ(other["setting"]["cpu_governor"], "schedutil");
  EXPECT_EQ(other["residency_percent"]["cpu_frequency_hz"][0][0], 102e6);
  for (const auto& run : json["runs"]) EXPECT_TRUE(run["point"].is_number());
}

// 4 W for ten seconds, read every 100 ms.
Trace even_trace() {
  Trace trace;
  trace.total = "VDD_IN";
  trace.period = Duration::milliseconds(100);
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.info.kind = ChannelKind::power;
  for (std::int64_t i = 0; i <= 100; ++i) {
    channel.time_ns.push_back(i * 100'000'000);
    channel.a.push_back(4000);
  }
  trace.channels = {channel};
  return trace;
}

Run run_with_windows() {
  Run run = synthetic_run("", grid(102e6, 614.4e6, 8), 40, 10);
  const auto second = [](double s) { return Instant{std::llround(s * 1e9)}; };
  run.windows = {{"a, b", second(1), second(3)},
                 {"a, b", second(4), second(5)},
                 {"now", second(4.5), second(4.5)}};
  run.window_energies = {{0, "total", {Joule(8), Joule(0.5), ""}, {}, {}}};
  return run;
}

TEST_F(ReportTest, WindowsOfTheProgramStandInJsonAndCsv) {
  const Trace trace = even_trace();
  isojoule::Run run = run_with_windows();
  run.sequence = next_++;
  ASSERT_TRUE(study_->add(run, &trace));
  add(synthetic_run("", grid(102e6, 614.4e6, 8), 41, 10));
  const auto root = nlohmann::json::parse(render("json"));
  const auto& windows = root.at("runs")[0].at("windows");
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[0].at("name"), "a, b");
  EXPECT_EQ(windows[0].at("count"), 2);
  EXPECT_NEAR(windows[0].at("energy_j").get<double>(), 12, 1e-6);
  EXPECT_EQ(windows[1].at("moments"), 1);
  const auto& each = root.at("runs")[0].at("each_window");
  ASSERT_EQ(each.size(), 3U);
  EXPECT_EQ(each[0].at("energy_j"), 8);
  EXPECT_FALSE(root.at("runs")[1].contains("windows"));
  const std::string csv = render("csv");
  EXPECT_NE(csv.find("\"window_a, b_count\",\"window_a, b_s\",\"window_a, b_energy_j\""),
            std::string::npos);
  EXPECT_NE(csv.find(",2,3,12"), std::string::npos) << csv;
}

TEST_F(ReportTest, WindowsWithoutATraceSayThatItIsTheTraceThatIsMissing) {
  add(run_with_windows());
  const auto windows = nlohmann::json::parse(render("json")).at("runs")[0].at("windows");
  EXPECT_TRUE(windows[0].at("energy_j").is_null());
  EXPECT_EQ(windows[0].at("why_absent"), "the study keeps no trace of the run");
}

TEST_F(ReportTest, NamesBeyondWhatATableCanHoldAreCountedAsLeftOut) {
  isojoule::Run run = run_with_windows();
  for (int i = 0; i < 70; ++i)
    run.windows.push_back({"name " + std::to_string(100 + i), Instant{0}, Instant{0}});
  add(run);
  const std::string csv = render("csv");
  EXPECT_EQ(csv.find("window_now"), std::string::npos);
  EXPECT_NE(csv.find(",windows_left_out\n"), std::string::npos);
  EXPECT_NE(csv.find(",8\n"), std::string::npos) << csv;
}

TEST_F(ReportTest, TextGolden) { expect_golden("text", "small.txt"); }
TEST_F(ReportTest, CsvGolden) { expect_golden("csv", "small.csv"); }
TEST_F(ReportTest, JsonGolden) { expect_golden("json", "small.json"); }

TEST_F(ReportTest, TheTextFitsAHundredColumns) {
  fill();
  std::istringstream lines(render("text"));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 100U) << line;
}

TEST_F(ReportTest, AnEmptyStudyHasAllReports) {
  for (const char* format : {"text", "csv", "json"}) EXPECT_NE(render(format), "") << format;
}

TEST(FindReport, AnUnknownNameIsAnErrorWithTheNearest) {
  const auto kind = find_report("jsno");
  ASSERT_FALSE(kind);
  EXPECT_NE(kind.error().remedy.find("json"), std::string::npos);
}

}  // namespace
}  // namespace isojoule
