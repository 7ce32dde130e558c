#include "predict/choose.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "predict/fold.h"
#include "predict/test_runs.h"

namespace isojoule {
namespace {

TEST(Folds, LeaveGroupsOutWhole) {
  const std::vector<Observation> runs = test_runs(25, {1e9});
  const Folds folds = make_folds(runs, 12, 1);
  EXPECT_EQ(folds.count, 12);
  EXPECT_EQ(folds.groups, 25);
  EXPECT_EQ(folds.network_groups, 25);
  std::map<std::string, std::set<int>> folds_of_group;
  for (std::size_t i = 0; i < runs.size(); ++i) folds_of_group[runs[i].group].insert(folds.of[i]);
  for (const auto& [group, of] : folds_of_group) EXPECT_EQ(of.size(), 1u) << group;
  for (int fold = 0; fold < folds.count; ++fold) {
    EXPECT_GE(inside(folds, fold).size(), 4u);  // 2 groups of 2 runs
    EXPECT_EQ(inside(folds, fold).size() + outside(folds, fold).size(), runs.size());
  }
  EXPECT_EQ(make_folds(runs, 12, 1).of, folds.of);
  EXPECT_NE(make_folds(runs, 12, 2).of, folds.of);
}

TEST(Folds, ShareOutNetworksAmongLayers) {
  std::vector<Observation> runs = test_layer_runs(40, 1e9);
  for (const Observation& one : test_runs(6, {1e9})) runs.push_back(one);
  const Folds folds = make_folds(runs, 6, 3);
  EXPECT_EQ(folds.network_groups, 6);
  EXPECT_EQ(folds.layer_groups, 40);
  for (int fold = 0; fold < 6; ++fold) {
    std::set<std::string> networks;
    for (const std::size_t i : inside(folds, fold))
      if (!runs[i].single_layer) networks.insert(runs[i].group);
    EXPECT_EQ(networks.size(), 1u);
  }
}

ChooseOptions of_kinds(std::vector<std::string> kinds) {
  ChooseOptions options;
  options.kinds = std::move(kinds);
  options.most_folds = 4;
  return options;
}

TEST(Choose, TakesTheBestOnGroupsLeftOutAndTestsItsIntervals) {
  const std::vector<Observation> runs = test_runs(12, {1e9});
  const auto choice = choose_model(runs, of_kinds({"mac", "layered"}));
  ASSERT_TRUE(choice.has_value()) << to_string(choice.error());
  const EnergyModel& model = choice->model;
  ASSERT_EQ(model.validations.size(), 3u);
  EXPECT_EQ(model.validations.back().kind, "nested");
  EXPECT_EQ(choice->left_out.size(), runs.size());
  int chosen = 0;
  double least = 1e9;
  for (const Validation& row : model.validations) {
    if (row.kind == "nested") continue;
    ASSERT_TRUE(row.energy_mape_percent.has_value()) << row.why_not;
    least = std::min(least, *row.energy_mape_percent);
  }
  for (const Validation& row : model.validations) {
    if (!row.chosen) continue;
    ++chosen;
    EXPECT_EQ(row.kind, model.predictor->kind());
    EXPECT_LE(*row.energy_mape_percent, 1.06 * least);
  }
  EXPECT_EQ(chosen, 1);
  ASSERT_TRUE(model.validations.back().coverage_percent.has_value());
  EXPECT_GT(*model.validations.back().coverage_percent, 75);
  EXPECT_EQ(model.ranges.at("batch"), (std::pair<double, double>(1, 4)));
  EXPECT_EQ(model.points.size(), 1u);
  EXPECT_TRUE(model.why_no_interval.empty()) << model.why_no_interval;
}

TEST(Choose, TheSameRunsAndSeedGiveTheSameModel) {
  const std::vector<Observation> runs = test_runs(6, {1e9});
  const auto a = choose_model(runs, of_kinds({"layered"}));
  const auto b = choose_model(runs, of_kinds({"layered"}));
  ASSERT_TRUE(a.has_value() && b.has_value());
  EXPECT_EQ(a->model.predictor->state(), b->model.predictor->state());
  EXPECT_EQ(a->model.network_energy.quantile, b->model.network_energy.quantile);
}

// What the group left out was like must not reach the choice, the fit or the interval for it.
TEST(Choose, TheGroupLeftOutIsNotLookedAt) {
  std::vector<Observation> runs = test_runs(4, {0.5e9, 1e9});
  const auto before = choose_model(runs, of_kinds({"layered"}));
  for (Observation& one : runs)
    if (one.group == "network-2") one.energy_j *= 3;
  const auto after = choose_model(runs, of_kinds({"layered"}));
  ASSERT_TRUE(before.has_value() && after.has_value());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].group != "network-2") continue;
    EXPECT_EQ(before->left_out[i].predicted.energy_j, after->left_out[i].predicted.energy_j);
    EXPECT_EQ(before->left_out[i].predicted.energy_90.high,
              after->left_out[i].predicted.energy_90.high);
  }
}

TEST(Choose, ScoresLayersApartAndLetsThemStandIn) {
  const auto choice = choose_model(test_layer_runs(30, 1e9), of_kinds({"layered"}));
  ASSERT_TRUE(choice.has_value()) << to_string(choice.error());
  const Validation& row = choice->model.validations.front();
  EXPECT_FALSE(row.energy_mape_percent.has_value());
  EXPECT_TRUE(row.layer_energy_mape_percent.has_value());
  const NetworkWork work = test_network(16, 64, 4, 1);
  OperatingPoint point;
  point.gpu_hz = 1e9;
  const PredictedBatch batch = choice->model.predict(work, point);
  EXPECT_TRUE(std::isfinite(batch.energy_90.high));
  ASSERT_FALSE(batch.cautions.empty());
  EXPECT_NE(batch.cautions.back().find("single layers"), std::string::npos);
}

TEST(Choose, OfOneGroupFitsOnlyWhatIsNamed) {
  std::vector<Observation> runs = test_runs(12, {1e9});
  for (Observation& one : runs) one.group = "all";
  const auto several = choose_model(runs, of_kinds({"layered", "mac"}));
  ASSERT_FALSE(several.has_value());
  EXPECT_EQ(several.error().kind, ErrorKind::invalid);
  EXPECT_FALSE(several.error().remedy.empty());
  const auto one = choose_model(runs, of_kinds({"layered"}));
  ASSERT_TRUE(one.has_value()) << to_string(one.error());
  EXPECT_FALSE(one->model.why_no_interval.empty());
  EXPECT_TRUE(std::isinf(one->model.predict(*runs[0].work, runs[0].point).energy_90.high));
}

TEST(Choose, OfTwoGroupsHasNoInterval) {
  std::vector<Observation> runs = test_runs(12, {1e9});
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].group = i < 12 ? "a" : "b";
  const auto choice = choose_model(runs, of_kinds({"layered"}));
  ASSERT_TRUE(choice.has_value()) << to_string(choice.error());
  EXPECT_FALSE(choice->model.why_no_interval.empty());
  EXPECT_FALSE(choice->model.validations.back().why_not.empty());
}

TEST(Choose, SaysWhyNothingFits) {
  const std::vector<Observation> runs = test_runs(2, {1e9});
  const auto choice = choose_model(std::span(runs).first(3), of_kinds({"layered", "residual"}));
  ASSERT_FALSE(choice.has_value());
  EXPECT_EQ(choice.error().kind, ErrorKind::invalid);
  EXPECT_NE(choice.error().what.find("residual"), std::string::npos);
  EXPECT_EQ(choose_model(runs, of_kinds({"rooflin"})).error().kind, ErrorKind::not_found);
  EXPECT_EQ(choose_model({}, {}).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace isojoule
