// What every predictor that learns from runs of its own must hold, whatever its equations.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "predict/observation_fixture.h"

namespace isojoule {
namespace {

using namespace predict_fixture;

// Fitted once, for all tests.
const Predictor* fitted(const std::string& name) {
  static std::map<std::string, std::unique_ptr<const Predictor>> known;
  if (const auto at = known.find(name); at != known.end()) return at->second.get();
  const auto kind = find_predictor(name);
  EXPECT_TRUE(kind) << to_string(kind.error());
  auto fit = (*kind)->fit(observations_of(KnownBoard{}, {}), {});
  EXPECT_TRUE(fit) << to_string(fit.error());
  return (known[name] = std::move(*fit)).get();
}

class PredictorContract : public testing::TestWithParam<const char*> {};

TEST_P(PredictorContract, LayersAndTheRestAddUpToTheBatch) {
  const Predictor* predictor = fitted(GetParam());
  Random random(5);
  NetworkWork work = random_network(random, 25);
  work.layers[7] = LayerWork{.work_class = WorkClass::view};
  for (const OperatingPoint point : {OperatingPoint{1e9, 0.4e9, 0, 0}, {0.3e9, 1.3e9, 0, 0}}) {
    std::vector<LayerPrediction> layers(work.layers.size());
    LayerPrediction sum = predictor->layers(work, point, layers);
    for (const LayerPrediction& one : layers) {
      EXPECT_GE(one.energy_j, 0);
      EXPECT_GE(one.time_s, 0);
      sum.energy_j += one.energy_j;
      sum.time_s += one.time_s;
    }
    const Prediction batch = predictor->batch(work, point);
    EXPECT_NEAR(sum.energy_j, batch.energy_j, 1e-9 * batch.energy_j);
    EXPECT_NEAR(sum.time_s, *batch.time_s, 1e-9 * *batch.time_s);
    EXPECT_EQ(layers[7].energy_j, 0);
  }
}

TEST_P(PredictorContract, MoreMacsNeverCostLess) {
  const Predictor* predictor = fitted(GetParam());
  double last_energy = 0, last_time = 0;
  for (double channels = 32; channels <= 1024; channels *= 2) {
    NetworkWork work;
    work.layers = {convolution(784, 64, channels, 9)};
    const Prediction one = predictor->batch(work, {1e9, 0.4e9, 0, 0});
    EXPECT_GE(one.energy_j, last_energy);
    EXPECT_GE(*one.time_s, last_time);
    last_energy = one.energy_j;
    last_time = *one.time_s;
  }
}

TEST_P(PredictorContract, ItsStateMakesTheSamePredictorAgain) {
  const Predictor* predictor = fitted(GetParam());
  const nlohmann::json state = nlohmann::json::parse(predictor->state().dump());
  const auto again = (*find_predictor(GetParam()))->load(state);
  ASSERT_TRUE(again) << to_string(again.error());
  Random random(6);
  const NetworkWork work = random_network(random, 10);
  const OperatingPoint point{1.5e9, 0.8e9, 0, 0};
  EXPECT_DOUBLE_EQ((*again)->batch(work, point).energy_j, predictor->batch(work, point).energy_j);
  EXPECT_DOUBLE_EQ((*again)->batch(work, point).energy_log_sd,
                   predictor->batch(work, point).energy_log_sd);
  EXPECT_EQ((*again)->parameters().size(), predictor->parameters().size());
}

// Every field missing, of another kind, or out of range: an error, never a crash or a guess.
TEST_P(PredictorContract, AMalformedStateIsRefused) {
  const PredictorKind& kind = **find_predictor(GetParam());
  const nlohmann::json state = fitted(GetParam())->state();
  for (const auto& [key, value] : state.items()) {
    nlohmann::json missing = state, other = state;
    missing.erase(key);
    other[key] = "word";
    const auto without = kind.load(missing), with_word = kind.load(other);
    ASSERT_FALSE(without) << key;
    ASSERT_FALSE(with_word) << key;
    EXPECT_EQ(without.error().kind, ErrorKind::parse) << key;
    EXPECT_EQ(with_word.error().kind, ErrorKind::parse) << key;
  }
  for (const nlohmann::json& none : {nlohmann::json(), nlohmann::json(3), nlohmann::json::array()})
    EXPECT_FALSE(kind.load(none));
  nlohmann::json later = state;
  later["version"] = 99;
  EXPECT_FALSE(kind.load(later));
}

TEST_P(PredictorContract, TheFarIsLessSureThanTheNear) {
  const Predictor* predictor = fitted(GetParam());
  Random random(8);
  const NetworkWork work = random_network(random, 10);
  const Prediction near = predictor->batch(work, {2e9, 1.2e9, 0, 0});
  const Prediction far = predictor->batch(work, {2e9, 12e9, 0, 0});
  EXPECT_GT(far.energy_log_sd, 3 * near.energy_log_sd);
}

TEST_P(PredictorContract, RunsOfOneNetworkAtOneClockAreTooFew) {
  const auto runs = std::vector<Observation>(9, observations_of(KnownBoard{}, {}).front());
  const auto fit = (*find_predictor(GetParam()))->fit(runs, {});
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind, ErrorKind::invalid);
  EXPECT_FALSE(fit.error().remedy.empty());
}

TEST_P(PredictorContract, NoRunsAndAnEnergyThatIsNoneAreErrors) {
  const PredictorKind& kind = **find_predictor(GetParam());
  EXPECT_EQ(kind.fit({}, {}).error().kind, ErrorKind::invalid);
  auto runs = observations_of(KnownBoard{}, {});
  runs[3].energy_j = std::nan("");
  EXPECT_EQ(kind.fit(runs, {}).error().kind, ErrorKind::out_of_range);
}

TEST_P(PredictorContract, WithoutTimesEnergiesAlone) {
  Campaign campaign;
  campaign.points.resize(1);
  auto runs = observations_of(KnownBoard{}, campaign);
  for (Observation& one : runs) one.time_s.reset();
  const auto fit = (*find_predictor(GetParam()))->fit(runs, {});
  ASSERT_TRUE(fit) << to_string(fit.error());
  EXPECT_FALSE((*fit)->batch(*runs[1].work, runs[1].point).time_s);
  const nlohmann::json state = (*fit)->state();
  EXPECT_TRUE((*find_predictor(GetParam()))->load(state));
  std::vector<LayerPrediction> layers(runs[1].work->layers.size());
  LayerPrediction sum = (*fit)->layers(*runs[1].work, runs[1].point, layers);
  for (const LayerPrediction& one : layers) sum.energy_j += one.energy_j;
  const double batch = (*fit)->batch(*runs[1].work, runs[1].point).energy_j;
  EXPECT_NEAR(sum.energy_j, batch, 1e-9 * batch);
  EXPECT_EQ(sum.time_s, 0);
}

TEST_P(PredictorContract, NetworksOfTotalsAlone) {
  std::vector<Observation> runs;
  Random random(4);
  for (int i = 0; i < 30; ++i) {
    Observation one;
    const double macs = 1e8 * (1 + 20 * random.uniform()),
                 parameters = 1e6 * (1 + 9 * random.uniform());
    one.group = one.network = "network " + std::to_string(i);
    one.work = std::make_shared<NetworkWork>(work_of_totals(1, macs, parameters));
    one.energy_j = (0.02 + 7e-10 * macs) * std::exp(0.03 * random.normal());
    one.time_s = one.energy_j / 20;
    runs.push_back(std::move(one));
  }
  const auto fit = (*find_predictor(GetParam()))->fit(runs, {});
  ASSERT_TRUE(fit) << to_string(fit.error());
  const Prediction one = (*fit)->batch(work_of_totals(1, 1e9, 5e6), {});
  EXPECT_NEAR(one.energy_j, 0.72, 0.05);
  EXPECT_NEAR(*one.time_s, 0.036, 0.0025);
}

INSTANTIATE_TEST_SUITE_P(Both, PredictorContract, testing::Values("mac", "roofline"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace isojoule
