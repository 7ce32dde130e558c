#include "experiment/layer_study.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>

#include "experiment/experiment.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

const std::vector<ClockTable> kTables = {
    {"gpu_frequency", {300e6, 100e6, 200e6, 400e6}},
    {"cpu_frequency", {1e9, 2e9}},
};

std::set<std::string> networks_of(const Plan& plan) {
  std::set<std::string> names;
  for (const PlanGrid& grid : plan.grids) names.insert(grid.networks.begin(), grid.networks.end());
  return names;
}

std::vector<double> values_of(const PlanAxis& axis) {
  std::vector<double> values;
  for (const Value& value : axis.values) values.push_back(std::get<double>(value));
  return values;
}

TEST(LayerStudy, IsAPlanOfNetworksThatThereAre) {
  LayerStudyOptions options;
  options.board = "jetson-tx2";
  options.clocks = *clock_grids(kTables, "cross");
  options.batches = {8, 1};
  const auto study = layer_study(options);
  ASSERT_TRUE(study) << to_string(study.error());
  const auto plan = parse_plan(study->toml, "layers.toml");
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_EQ(plan->board, "jetson-tx2");
  const auto names = networks_of(*plan);
  std::int64_t count = 0;
  for (const auto& [kind, members] : study->networks) count += members;
  EXPECT_EQ(std::ssize(names), count);
  for (const std::string& name : names) EXPECT_TRUE(in_zoo(name)) << name;
  std::int64_t runs = 0;
  for (const PlanGrid& grid : plan->grids) {
    EXPECT_GT(grid.inferences, 0);
    std::int64_t points = std::ssize(grid.networks);
    for (const PlanAxis& axis : grid.axes) points *= std::ssize(axis.values);
    runs += points * plan->protocol.repeats;
  }
  EXPECT_EQ(runs, study->runs);
  EXPECT_EQ(runs, count * 2 * (4) * 2);  // batches, clocks (three and one more), repeats
  EXPECT_GT(study->hours, 1);
}

TEST(LayerStudy, HasTheCountsThatWereAskedFor) {
  const auto study = layer_study({.count = 200});
  ASSERT_TRUE(study) << to_string(study.error());
  const auto& networks = study->networks;
  EXPECT_NEAR(static_cast<double>(networks.at("conv") + networks.at("fc") + networks.at("dwconv")),
              200, 10);
  EXPECT_NEAR(static_cast<double>(networks.at("conv")), 120, 6);
  EXPECT_GE(networks.at("sequence"), 24);
  EXPECT_EQ(networks.at("identity"), 1);
  for (const LayerKind& kind : layer_kinds())
    EXPECT_TRUE(networks.contains(std::string(kind.name))) << kind.name;
}

TEST(LayerStudy, IsTheSameForTheSameSeedAndOtherwiseAnother) {
  const auto text = [](std::uint64_t seed) { return layer_study({.seed = seed})->toml; };
  EXPECT_EQ(text(3), text(3));
  const auto plan = parse_plan(text(3), "a"), other = parse_plan(text(4), "b");
  const auto names = networks_of(*plan), others = networks_of(*other);
  std::int64_t common = 0;
  for (const std::string& name : names) common += others.contains(name) ? 1 : 0;
  EXPECT_LT(common, std::ssize(names) / 4);
}

RC_GTEST_PROP(LayerStudy, KeepsItsLimits, (std::uint64_t seed)) {
  LayerStudyOptions options;
  options.seed = seed;
  options.count = *rc::gen::inRange(20, 200);
  options.batches = {1, *rc::gen::inRange<std::int64_t>(1, 9)};
  options.memory_limit_mb = *rc::gen::inRange(60, 300);
  const auto chosen = choose_layers(options);
  RC_ASSERT(chosen.has_value());
  std::set<std::string> names;
  for (const auto& [kind, networks] : *chosen)
    for (const auto& layers : networks) {
      RC_ASSERT(names.insert(name_of(layers)).second);
      RC_ASSERT((layers.size() > 1) == (kind == "sequence"));
      for (const LayerSpec& layer : layers) {
        RC_ASSERT(layer.macs() <= 5'000'000'000);
        RC_ASSERT(layer.parameters() * 4 <= 64'000'000);
        const auto bytes = 4 * (layer.parameters() + layer.activations() * options.batches[1]);
        RC_ASSERT(static_cast<double>(bytes) <= 1e6 * options.memory_limit_mb);
      }
    }
}

// Sequences bring most of the few layers of a kind; the one that is left to find may not exist.
TEST(LayerStudy, OneMissingLayerIsNoReasonToRefuse) {
  LayerStudyOptions options;
  options.seed = 2072217092;
  options.count = 21;
  options.batches = {1, 4};
  options.memory_limit_mb = 90;
  const auto chosen = choose_layers(options);
  ASSERT_TRUE(chosen) << to_string(chosen.error());
  EXPECT_GE(chosen->at("dwconv").size(), 1u);
}

// A fifth of the convolutions in each power of ten of work, give or take; kernels of all sizes.
TEST(LayerStudy, SpreadsWorkAndKernels) {
  const auto chosen = choose_layers({.count = 400});
  ASSERT_TRUE(chosen);
  std::map<int, int> decades;
  std::set<std::int64_t> kernels;
  int powers = 0;
  const LayerNetworks& layers = chosen->at("conv");
  for (const auto& network : layers) {
    ++decades[static_cast<int>(std::log10(static_cast<double>(network[0].macs())))];
    const std::int64_t n = network[0].size('n');
    kernels.insert(n);
    powers += (n & (n - 1)) == 0 ? 1 : 0;
  }
  for (int decade = 5; decade <= 8; ++decade)
    EXPECT_GT(decades[decade], std::ssize(layers) / 10) << decade;
  EXPECT_GT(kernels.size(), layers.size() / 3);
  EXPECT_LT(powers, std::ssize(layers) / 3);
}

TEST(LayerStudy, MeasuresThePartsOfEachSequenceAlone) {
  const auto chosen = choose_layers({});
  ASSERT_TRUE(chosen);
  std::set<std::string> single;
  for (const auto& [kind, networks] : *chosen)
    for (const auto& layers : networks)
      if (layers.size() == 1) single.insert(name_of(layers));
  for (const auto& layers : chosen->at("sequence")) {
    EXPECT_GE(layers.size(), 2u);
    EXPECT_LE(layers.size(), 4u);
    for (const LayerSpec& layer : layers) EXPECT_TRUE(single.contains(layer.name()));
  }
}

TEST(LayerStudy, TakesOnlyTheKindsThatAreWanted) {
  const auto study = layer_study({.count = 30, .kinds = {"conv", "fc"}});
  ASSERT_TRUE(study) << to_string(study.error());
  EXPECT_EQ(study->networks.size(), 3u);  // and the one that does next to nothing
  EXPECT_NEAR(static_cast<double>(study->networks.at("conv") + study->networks.at("fc")), 30, 2);
}

TEST(LayerStudy, SaysWhichOptionCannotBe) {
  EXPECT_THAT(layer_study({.kinds = {"cnv"}}).error().remedy, HasSubstr("conv"));
  EXPECT_EQ(layer_study({.count = 0}).error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(layer_study({.batches = {}}).error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(layer_study({.batches = {0, 4}}).error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(layer_study({.repeats = 0}).error().kind, ErrorKind::out_of_range);
  const auto tight = layer_study({.kinds = {"fc"}, .memory_limit_mb = 0.1});
  ASSERT_FALSE(tight);
  EXPECT_THAT(tight.error().what, HasSubstr("of kind fc are within the limits"));
}

TEST(ClockGrids, CrossAtTheHighestClocks) {
  const auto grids = clock_grids(kTables, "cross");
  ASSERT_TRUE(grids);
  ASSERT_EQ(grids->size(), 2u);
  EXPECT_EQ(values_of((*grids)[0].axes.at(0)), (std::vector<double>{100e6, 300e6, 400e6}));
  EXPECT_EQ(to_string((*grids)[0].fixed), "cpu_frequency=2000000000");
  EXPECT_EQ(values_of((*grids)[1].axes.at(0)), (std::vector<double>{1e9}));
  EXPECT_EQ(to_string((*grids)[1].fixed), "gpu_frequency=400000000");
}

TEST(ClockGrids, AreAsChosen) {
  const auto corners = clock_grids(kTables, "corners");
  ASSERT_EQ(corners->size(), 1u);
  EXPECT_EQ(values_of((*corners)[0].axes.at(0)), (std::vector<double>{100e6, 400e6}));
  EXPECT_EQ(values_of((*corners)[0].axes.at(1)), (std::vector<double>{1e9, 2e9}));
  EXPECT_EQ(to_string(clock_grids(kTables, "highest")->at(0).fixed),
            "cpu_frequency=2000000000 gpu_frequency=400000000");
  EXPECT_TRUE(clock_grids(kTables, "none")->empty());
  EXPECT_TRUE(clock_grids({}, "cross")->empty());
  EXPECT_EQ(clock_grids(kTables, "9")->at(0).axes[0].values.size(), 4u);
  EXPECT_EQ(clock_grids(kTables, "1")->size(), 1u);
  EXPECT_EQ(clock_grids(kTables, "some").error().kind, ErrorKind::invalid);
  EXPECT_EQ(clock_grids(kTables, "").error().kind, ErrorKind::invalid);
  EXPECT_EQ(clock_grids(kTables, "0").error().kind, ErrorKind::out_of_range);
}

}  // namespace
}  // namespace isojoule
