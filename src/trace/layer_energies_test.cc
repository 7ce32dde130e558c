#include "trace/layer_energies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace isojoule {
namespace {

// Ten batches of 10 ms at 5 W gross, 2 W of it idle.
Run some_run(double batch_s = 0.01) {
  Run run;
  Instant at{0};
  for (int i = 0; i < 10; ++i) {
    const Instant end = at + Duration::from(Second(batch_s));
    run.batches.push_back({at, end});
    at = end;
  }
  run.phases.push_back({PhaseKind::inference, {0}, at});
  PhaseEnergy energy;
  energy.phase = PhaseKind::inference;
  energy.rail = "total";
  energy.gross = {Joule(5 * 10 * batch_s), Joule(0.01), ""};
  energy.net = {Joule(3 * 10 * batch_s), Joule(0.01), ""};
  run.energies.push_back(energy);
  return run;
}

LayerTime layer(const char* name, double time_s, double spread_s = 0) {
  return {name, "Conv", "CPU", Second(time_s), Second(spread_s), 4};
}

TEST(LayerEnergies, SharesOfTimeDivideTheBatchAndTheRestIsItsOwnRow) {
  auto run = some_run();
  run.layers = {layer("a", 0.006, 0.001), layer("b", 0.003)};
  const LayerEnergies found = layer_energies(run);
  ASSERT_EQ(found.rows.size(), 3u);
  EXPECT_DOUBLE_EQ(found.rows[0].share, 0.6);
  EXPECT_DOUBLE_EQ(found.rows[0].gross.value->value(), 0.6 * 0.05);
  EXPECT_EQ(found.rows[2].layer.name, kBetweenLayers);
  EXPECT_NEAR(found.rows[2].gross.value->value(), 0.1 * 0.05, 1e-12);
  EXPECT_NEAR(found.profiler_slowdown, 0.9, 1e-12);
  const auto& budget = found.rows[0].budget_j;
  EXPECT_DOUBLE_EQ(budget.at("energy"), 0.6 * 0.001);
  EXPECT_DOUBLE_EQ(budget.at("share"), 0.05 * 0.1 / 2);
  EXPECT_DOUBLE_EQ(budget.at("even_power"), 0.6 * 0.03 / std::sqrt(3.0));
}

TEST(LayerEnergies, AProfilerThatSlowsDownIsToldAndLeavesNoRest) {
  auto run = some_run();
  run.layers = {layer("a", 0.015), layer("b", 0.005)};
  const LayerEnergies found = layer_energies(run);
  ASSERT_EQ(found.rows.size(), 2u);
  EXPECT_DOUBLE_EQ(found.profiler_slowdown, 2);
  EXPECT_DOUBLE_EQ(found.rows[0].share, 0.75);
}

TEST(LayerEnergies, WithoutAnEnergyEveryRowSaysWhyAndKeepsItsShare) {
  auto run = some_run();
  run.layers = {layer("a", 0.01)};
  run.energies[0].gross = {{}, {}, "no sensor"};
  const LayerEnergies found = layer_energies(run);
  EXPECT_EQ(found.why_absent, "no sensor");
  EXPECT_FALSE(found.rows.at(0).gross.value);
  EXPECT_EQ(found.rows[0].gross.why_absent, "no sensor");
  EXPECT_DOUBLE_EQ(found.rows[0].share, 1);
}

TEST(LayerEnergies, ARunWithoutLayersHasNone) {
  EXPECT_TRUE(layer_energies(some_run()).rows.empty());
  auto run = some_run();
  run.layers = {layer("a", 0)};
  EXPECT_EQ(layer_energies(run).why_absent, "the engine's profile has no times");
}

RC_GTEST_PROP(LayerEnergies, RowsAddUpToTheBatch, (const std::vector<std::uint16_t>& micros)) {
  RC_PRE(std::any_of(micros.begin(), micros.end(), [](auto time) { return time > 0; }));
  auto run = some_run();
  for (const std::uint16_t time : micros) run.layers.push_back(layer("x", time * 1e-6));
  double share = 0, joules = 0;
  for (const LayerEnergy& row : layer_energies(run).rows) {
    share += row.share;
    joules += row.gross.value->value();
  }
  RC_ASSERT(std::abs(share - 1) < 1e-9);
  RC_ASSERT(std::abs(joules - 0.05) < 1e-9);
}

}  // namespace
}  // namespace isojoule
