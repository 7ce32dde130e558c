#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/tune/recorded_report.h"
#include "app/tune/tune_memory.h"
#include "app/tune/tune_tale.h"
#include "app/tune/tune_verdict.h"
#include "app/tune/tune_words.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

Goal goal(const std::string& cost, const std::vector<std::string>& limits = {}) {
  auto made = tune_goal(cost, limits);
  EXPECT_TRUE(made);
  return *made;
}

Metrics metrics(double energy_j, double latency_s) {
  Metrics made;
  at(made, Metric::energy) = energy_j;
  at(made, Metric::latency) = latency_s;
  return made;
}

TEST(TuneWords, SharesAreReadWithOrWithoutPercent) {
  EXPECT_DOUBLE_EQ(*parse_share("2%", "--noise"), 0.02);
  EXPECT_DOUBLE_EQ(*parse_share(" 0.05 ", "--noise"), 0.05);
  EXPECT_DOUBLE_EQ(*parse_share("0", "--noise"), 0);
  EXPECT_EQ(parse_share("2", "--noise").error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(parse_share("-1%", "--noise").error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(parse_share("much", "--noise").error().kind, ErrorKind::parse);
}

TEST(TuneWords, PlotsCostsOnALogarithmicScale) {
  const Goal energy = goal("energy");
  EXPECT_EQ(cost_plot({}, energy.cost), "");
  EXPECT_EQ(cost_plot({{1.0, true, {}}}, energy.cost), "");
  EXPECT_EQ(cost_plot({{1.0, true, {}}, {1.0, true, {}}}, energy.cost), "");
  EXPECT_EQ(cost_plot({{4.0, true, 4.0}, {{}, true, 4.0}, {2.0, false, 4.0}, {1.0, true, 1.0}},
                      energy.cost),
            "      4.00 J |o--\n"
            "             |\n"
            "             |\n"
            "             |\n"
            "      2.00 J |  #\n"
            "             |\n"
            "             |\n"
            "             |\n"
            "      1.00 J |   o\n"
            "             +----\n"
            "              1 to 4 probes: 'o' measured, '#' beyond a limit, '-' recommended\n");
}

TEST(TuneWords, LimitsThatAreNotKeptSayByHowMuch) {
  const Goal bounded = goal("energy", {"latency<10ms", "power<15W"});
  const std::string text = limits_text(bounded, metrics(1, 0.0124));
  EXPECT_THAT(text, HasSubstr("latency<10ms: 12.4 ms, 24 % beyond it"));
  EXPECT_THAT(text, HasSubstr("power<15W: not measured"));
  EXPECT_EQ(limits_text(goal("energy", {"latency<10ms"}), metrics(1, 0.01)), "");
}

TEST(TuneTale, WhatIsKnownFromBeforeMayWin) {
  const auto space = SearchSpace::grid({{"batch", {1.0, 2.0, 4.0}, true}});
  ASSERT_TRUE(space);
  Goal energy = goal("energy");
  SearchOptions options;
  options.budget = 1;
  options.warm = {{.point = 1, .metrics = metrics(1, 1)}, {.point = 2, .metrics = metrics(3, 1)}};
  const auto tale = TuneTale::make(*space, energy, "random", options);
  ASSERT_TRUE(tale);
  (*tale)->tell({0, ""}, {.point = 0, .metrics = metrics(2, 1)});
  const auto candidates = (*tale)->candidates(3);
  ASSERT_EQ(candidates.size(), 3U);
  const auto best = best_candidate(energy, candidates);
  ASSERT_TRUE(best);
  EXPECT_EQ(candidates[*best].setting.number("batch"), 2.0);
  EXPECT_EQ(candidates[*best].runs, 1);
}

TEST(TuneVerdict, BlocksCountAloneWhereThereAreSome) {
  const Goal energy = goal("energy");
  const auto one =
      tune_candidate(energy, {}, "", {{0, metrics(1, 1)}, {1, metrics(2, 1)}, {2, metrics(8, 1)}});
  EXPECT_TRUE(one.again);
  EXPECT_EQ(one.runs, 2);
  EXPECT_NEAR(*one.cost, 4, 1e-12);
  ASSERT_TRUE(one.cost_95);
  EXPECT_LT(one.cost_95->low, 2);
  const auto once = tune_candidate(energy, {}, "", {{0, metrics(3, 1)}});
  EXPECT_FALSE(once.again);
  EXPECT_NEAR(*once.cost, 3, 1e-12);
  EXPECT_FALSE(once.cost_95);
}

// What drifts from block to block drops out of the difference within them.
TEST(TuneVerdict, ASavingIsThatWithinBlocks) {
  const Goal energy = goal("energy");
  std::vector<CandidateRun> best, other;
  for (std::int64_t block = 1; block <= 4; ++block) {
    const double drift = std::pow(1.3, double(block)), noise = 1 + 0.001 * double(block % 2);
    best.push_back({block, metrics(8 * drift * noise, 1)});
    other.push_back({block, metrics(10 * drift, 1)});
  }
  const auto saving =
      tune_saving(tune_candidate(energy, {}, "", best), tune_candidate(energy, {}, "x", other));
  ASSERT_TRUE(saving);
  EXPECT_NEAR(saving->share, 0.2, 0.001);
  ASSERT_TRUE(saving->share_95);
  EXPECT_LT(saving->share_95->high - saving->share_95->low, 0.01);
  EXPECT_FALSE(tune_saving(tune_candidate(energy, {}, "", {}), {}));
}

TEST(TuneVerdict, WhatKeepsTheLimitsComesFirst) {
  const Goal bounded = goal("energy", {"latency<1s"});
  const auto with = [&](double energy, double latency) {
    return tune_candidate(bounded, {}, "", {{0, metrics(energy, latency)}});
  };
  EXPECT_EQ(best_candidate(bounded, {with(1, 2), with(3, 0.5), with(2, 0.9)}), 2U);
  EXPECT_EQ(best_candidate(bounded, {with(1, 2), with(3, 1.5)}), 1U);
  EXPECT_EQ(best_candidate(bounded, {}), std::nullopt);
}

// Two clocks and two words, one of the four cannot run.
RecordedSearch recorded_search() {
  std::vector<Setting> settings(4);
  for (std::size_t i = 0; i < 4; ++i) {
    settings[i].set("clock", i < 2 ? 100.0 : 200.0);
    settings[i].set("word", std::string(i % 2 == 0 ? "a" : "b"));
  }
  auto space = SearchSpace::of(settings);
  EXPECT_TRUE(space);
  RecordedGrid board{{"t", "t.csv", *space, {metrics(4, 1), metrics(2, 1), metrics(1, 3), {}}, {}},
                     5,
                     4,
                     1,
                     0,
                     1,
                     {},
                     {}};
  RecordedSearch search{std::move(board), goal("energy", {"latency<2s"})};
  const auto step = [&](GridPoint point, const std::string& why, GridPoint answer,
                        std::optional<double> regret) {
    const Metrics& truth = search.board.grid.truth[static_cast<std::size_t>(point)];
    Probe probe{point, truth, truth == Metrics{} ? "cannot run" : "", truth == Metrics{}};
    search.steps.push_back({{point, why}, probe, Answer{answer, 2.0, 0.01, true, 0.031}});
    search.regrets.push_back(regret);
  };
  step(0, "first", 0, 1.0);
  step(3, "expected gain 9 %", 0, 1.0);
  step(2, "expected gain 5 %", 0, 1.0);
  step(1, "expected gain 2 %", 1, 0.0);
  search.answer = search.steps.back().answer;
  search.seen = metrics(2, 1);
  search.met = true;
  search.true_minimum = 2;
  search.notes = {"1 rows repeat a setting"};
  return search;
}

TEST(RecordedReport, IsATableAPlotAndAVerdict) {
  RecordedSearchRequest request;
  request.table.path = "t.csv";
  request.noise = 0.02;
  EXPECT_EQ(recorded_text(request, recorded_search()),
            R"(t.csv: 4 settings, recorded; blend with seed 1, 2.0 % noise, to the least energy
note: 1 rows repeat a setting
  probe  clock  word        cost   regret  why
      1    100     a     4.00 J     100 %  first
      2    200     b          -     100 %  cannot run
      3    200     a     1.00 J!    100 %  expected gain 5 %
      4    100     b     2.00 J       0 %  expected gain 2 %
  '!': beyond a limit

      4.00 J |o--
             |
             |
             |
      2.00 J |   o
             |
             |
             |
      1.00 J |  #
             +----
              1 to 4 probes: 'o' measured, '#' beyond a limit, '-' recommended

Best     clock 100, word b: 2.00 J
Truth    the least is 2.00 J, 1 of 4 settings are within 1 % of it; regret 0 %
Better?  one that was not tried is expected to be better by 3.1 %
)");
}

TEST(RecordedReport, TheJsonHasWhatOthersReckonWith) {
  RecordedSearchRequest request;
  const auto json = recorded_json(request, recorded_search());
  ASSERT_EQ(json.at("probes").size(), 4U);
  EXPECT_EQ(json.at("probes")[1].at("failure"), "cannot run");
  EXPECT_TRUE(json.at("probes")[1].at("definite").get<bool>());
  EXPECT_FALSE(json.at("probes")[1].contains("energy_j"));
  EXPECT_FALSE(json.at("probes")[2].at("met").get<bool>());
  EXPECT_EQ(json.at("probes")[3].at("regret"), 0.0);
  EXPECT_EQ(json.at("probes")[3].at("setting"), (nlohmann::json{{"clock", 100.0}, {"word", "b"}}));
  EXPECT_EQ(json.at("best").at("setting"), json.at("probes")[3].at("recommended"));
  EXPECT_EQ(json.at("best").at("energy_j"), 2.0);
  EXPECT_EQ(json.at("best").at("expected_gain"), 0.031);
  EXPECT_EQ(json.at("true_minimum"), 2.0);
  EXPECT_EQ(json.at("settings"), 4);
  RecordedSearch nothing = recorded_search();
  nothing.true_minimum.reset();
  nothing.regrets.back().reset();
  nothing.met = false;
  const auto none = recorded_json(request, nothing);
  EXPECT_TRUE(none.at("true_minimum").is_null());
  EXPECT_TRUE(none.at("best").at("regret").is_null());
  EXPECT_FALSE(none.at("met").get<bool>());
}

TEST(TuneMemory, ReadsBackWhatItWrites) {
  TuneMemory memory;
  memory.network = "a \"network\"\nof two lines";
  memory.minimise = "energy + 2*latency";
  memory.limits = {"power<15W", "latency<3ms"};
  memory.optimiser = "gp_ei";
  memory.seed = 7;
  memory.inferences = 40;
  memory.axes = {{"gpu_frequency", {76.8e6, 0.1}, true},
                 {"precision", {std::string("fp16"), std::string("fp32")}, false}};
  memory.fixed.set("batch", 8.0);
  StudyInfo info;
  info.name = "tune";
  info.plan_toml = to_toml(memory);
  const auto back = tune_memory(info, "x.study");
  ASSERT_TRUE(back) << to_string(back.error());
  EXPECT_EQ(to_toml(*back), info.plan_toml);
  EXPECT_EQ(back->network, memory.network);
  EXPECT_EQ(back->axes[1].values, memory.axes[1].values);
  info.name = "sweep";
  EXPECT_EQ(tune_memory(info, "x.study").error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace isojoule
