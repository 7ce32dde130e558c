#include <gtest/gtest.h>

#include "predict/observation_fixture.h"

namespace isojoule {

const PredictorKind& predictor_kind_roofline();

namespace {

using namespace predict_fixture;

const OperatingPoint kMiddle{1.5e9, 0.8e9, 0, 0};

std::unique_ptr<const Predictor> fitted_roofline(const std::vector<Observation>& runs) {
  auto fit = predictor_kind_roofline().fit(runs, {});
  EXPECT_TRUE(fit) << to_string(fit.error());
  return std::move(*fit);
}

// Of the campaign as it is, once for all tests.
const Predictor& usual_roofline() {
  static const auto fit = fitted_roofline(observations_of(KnownBoard{}, {}));
  return *fit;
}

void expect_known(const std::vector<Parameter>& all, const char* name, double value,
                  double relative) {
  const Parameter* one = find_parameter(all, name);
  ASSERT_NE(one, nullptr) << name;
  EXPECT_NEAR(one->value, value, relative * value) << name;
  ASSERT_TRUE(one->low && one->high) << name << ": " << one->note;
  EXPECT_LT(*one->low, *one->high) << name;
}

TEST(Roofline, FindsTheConstantsOfAKnownBoard) {
  const auto all = usual_roofline().parameters();
  expect_known(all, "convolution_rate", 128, 0.05);
  expect_known(all, "bandwidth", 20, 0.1);
  expect_known(all, "overlap", 0.5, 0.2);
  // What this board has not (a cost of its inputs, operands read again) comes out small, not zero,
  // and takes its part from the gap.
  expect_known(all, "kernel_gap", 15, 0.25);
  expect_known(all, "launch_cycles", 1.5e5, 0.05);
  expect_known(all, "base_power", 3, 0.1);
  expect_known(all, "byte_energy", 80, 0.3);
  EXPECT_EQ(find_parameter(all, "tile_rows")->value, 32);
  EXPECT_EQ(find_parameter(all, "tile_columns")->value, 32);
}

TEST(Roofline, PredictsLargerNetworksAtAClockBetween) {
  EXPECT_LT(unseen_error_percent(usual_roofline(), KnownBoard{}, kMiddle), 3);
}

TEST(Roofline, ATenthOfWrongRunsHardlyMovesIt) {
  Campaign campaign;
  campaign.wrong = 0.1;
  const auto fit = fitted_roofline(observations_of(KnownBoard{}, campaign));
  EXPECT_LT(unseen_error_percent(*fit, KnownBoard{}, kMiddle), 4);
}

TEST(Roofline, AtOneClockItSaysWhatItCannotTell) {
  Campaign campaign;
  campaign.points = {{2e9, 1.2e9, 0, 0}};
  const auto fit = fitted_roofline(observations_of(KnownBoard{}, campaign));
  EXPECT_LT(unseen_error_percent(*fit, KnownBoard{}, campaign.points[0]), 4);
  const auto all = fit->parameters();
  for (const char* name : {"launch_cycles", "request_rate", "core_power", "lowest_supply"}) {
    EXPECT_FALSE(find_parameter(all, name)->low) << name;
    EXPECT_FALSE(find_parameter(all, name)->note.empty()) << name;
  }
  EXPECT_GT(fit->batch(*observations_of(KnownBoard{}, campaign)[0].work, kMiddle).energy_log_sd,
            0.1);
}

TEST(Roofline, AClassThatNoRunHasIsTiedAndSaysSo) {
  const auto all = usual_roofline().parameters();
  const Parameter* depthwise = find_parameter(all, "depthwise_rate");
  ASSERT_NE(depthwise, nullptr);
  EXPECT_FALSE(depthwise->low);
  EXPECT_FALSE(depthwise->note.empty());
}

TEST(Roofline, RunsInProportionAreNamed) {
  std::vector<Observation> runs;
  for (std::size_t layers = 1; layers <= 6; ++layers) {
    NetworkWork work;
    work.layers.assign(layers, convolution(784, 64, 64, 9));
    runs.push_back(measured(KnownBoard{}, "work " + std::to_string(layers), work, kMiddle));
  }
  const auto fit = predictor_kind_roofline().fit(runs, {});
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind, ErrorKind::invalid);
  EXPECT_NE(fit.error().what.find("bandwidth"), std::string::npos);
  EXPECT_NE(fit.error().remedy.find("other shapes"), std::string::npos);
}

TEST(Roofline, RunsWithoutMacsAreNamed) {
  std::vector<Observation> runs;
  for (std::size_t layers = 1; layers <= 6; ++layers) {
    NetworkWork work;
    for (std::size_t i = 0; i < layers; ++i)
      work.layers.push_back(element_by_element(static_cast<double>(10'000 * (i * i + 1))));
    runs.push_back(measured(KnownBoard{}, "work " + std::to_string(layers), work, kMiddle));
  }
  const auto fit = predictor_kind_roofline().fit(runs, {});
  ASSERT_FALSE(fit);
  EXPECT_NE(fit.error().what.find("MAC rate"), std::string::npos);
}

// The runs are computed by cores: the GPU's clock stands still, and time follows the CPU's.
TEST(Roofline, FindsThatTheCoresCompute) {
  std::vector<Observation> runs;
  Random random(3);
  for (int i = 0; i < 60; ++i) {
    const NetworkWork work = random_network(random, 1 + random.below(8));
    for (const double hz : {0.5e9, 1e9, 2e9}) {
      // The fixture's GPU clock is what computes; launches cost nothing.
      KnownBoard board;
      board.launch_cycles = 1;
      Observation one = measured(board, "work " + std::to_string(i), work, {hz, hz, 0, 0});
      one.point.gpu_hz = 1.3e9;
      runs.push_back(std::move(one));
    }
  }
  const auto fit = fitted_roofline(runs);
  EXPECT_EQ(find_parameter(fit->parameters(), "convolution_rate")->unit, "MAC/cycle");
  EXPECT_NEAR(find_parameter(fit->parameters(), "convolution_rate")->value, 128, 13);
  NetworkWork work;
  work.layers = {convolution(3136, 256, 256, 9)};
  const double slow = *fit->batch(work, {0.5e9, 1.3e9, 0, 0}).time_s;
  const double fast = *fit->batch(work, {2e9, 1.3e9, 0, 0}).time_s;
  EXPECT_GT(slow, 3 * fast);
}

}  // namespace
}  // namespace isojoule
