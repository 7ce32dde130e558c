// What predictor.h promises, held against every predictor of the table.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "predict/predictor.h"
#include "predict/test_runs.h"

namespace isojoule {
namespace {

using nlohmann::json;

const std::vector<Observation>& usual_runs() {
  static const std::vector<Observation> runs = test_runs(12, {0.3e9, 0.6e9, 1e9});
  return runs;
}

// Each kind fitted once: fits take a second without optimisation.
const Predictor* fitted(const PredictorKind& kind) {
  static std::map<std::string, Result<std::unique_ptr<const Predictor>>> all;
  const std::string name(kind.name);
  if (!all.contains(name)) all.emplace(name, kind.fit(usual_runs(), {}));
  const auto& result = all.at(name);
  EXPECT_TRUE(result.has_value()) << name << ": " << (result ? "" : to_string(result.error()));
  return result ? result->get() : nullptr;
}

void expect_same(const Predictor& a, const Predictor& b) {
  for (const Observation& one : usual_runs()) {
    const Prediction x = a.batch(*one.work, one.point), y = b.batch(*one.work, one.point);
    ASSERT_EQ(x.energy_j, y.energy_j);
    ASSERT_EQ(x.time_s, y.time_s);
    ASSERT_EQ(x.energy_log_sd, y.energy_log_sd);
    ASSERT_EQ(x.time_log_sd, y.time_log_sd);
  }
}

void expect_sensible(const Prediction& p) {
  EXPECT_TRUE(std::isfinite(p.energy_j) && p.energy_j > 0) << p.energy_j;
  EXPECT_TRUE(std::isfinite(p.energy_log_sd) && p.energy_log_sd >= 0) << p.energy_log_sd;
  EXPECT_TRUE(std::isfinite(p.time_log_sd) && p.time_log_sd >= 0) << p.time_log_sd;
  const double time_s = p.time_s.value_or(1);
  EXPECT_TRUE(std::isfinite(time_s) && time_s > 0) << time_s;
}

TEST(EveryPredictor, EveryKindHasWordsAndIsFoundByName) {
  std::set<std::string_view> names;
  for (const PredictorKind& kind : predictor_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_FALSE(kind.summary.empty()) << kind.name;
    EXPECT_FALSE(kind.source.empty()) << kind.name;
    const auto found = find_predictor(kind.name);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ((*found)->name, kind.name);
  }
  EXPECT_GE(names.size(), 4u);
  EXPECT_EQ(find_predictor("rooflin").error().remedy, "Did you mean roofline?");
}

// Better by half than one number for all runs.
TEST(EveryPredictor, EveryKindLearnsWhatItWasShown) {
  const auto count = static_cast<double>(usual_runs().size());
  double middle = 0, spread = 0;
  for (const Observation& one : usual_runs()) middle += std::log(one.energy_j) / count;
  for (const Observation& one : usual_runs())
    spread += std::abs(std::log(one.energy_j) - middle) / count;
  for (const PredictorKind& kind : predictor_kinds()) {
    SCOPED_TRACE(kind.name);
    const Predictor* predictor = fitted(kind);
    ASSERT_NE(predictor, nullptr);
    EXPECT_EQ(predictor->kind(), kind.name);
    EXPECT_FALSE(predictor->parameters().empty());
    double error = 0;
    for (const Observation& one : usual_runs()) {
      const Prediction p = predictor->batch(*one.work, one.point);
      expect_sensible(p);
      error += std::abs(std::log(p.energy_j / one.energy_j)) / count;
    }
    EXPECT_LT(error, 0.5 * spread);
  }
}

TEST(EveryPredictor, TheSameRunsAndSeedGiveTheSameState) {
  for (const PredictorKind& kind : predictor_kinds()) {
    const Predictor* predictor = fitted(kind);
    const auto again = kind.fit(usual_runs(), {});
    ASSERT_TRUE(predictor != nullptr && again.has_value()) << kind.name;
    EXPECT_EQ(predictor->state().dump(), (*again)->state().dump()) << kind.name;
  }
}

TEST(EveryPredictor, AStoredPredictorPredictsTheSame) {
  for (const PredictorKind& kind : predictor_kinds()) {
    SCOPED_TRACE(kind.name);
    const Predictor* predictor = fitted(kind);
    ASSERT_NE(predictor, nullptr);
    const auto loaded = kind.load(json::parse(predictor->state().dump()));
    ASSERT_TRUE(loaded.has_value()) << to_string(loaded.error());
    expect_same(*predictor, **loaded);
    EXPECT_EQ((*loaded)->state().dump(), predictor->state().dump());
    EXPECT_EQ((*loaded)->parameters().size(), predictor->parameters().size());
  }
}

TEST(EveryPredictor, LayersAddUpToTheBatch) {
  for (const PredictorKind& kind : predictor_kinds()) {
    SCOPED_TRACE(kind.name);
    const Predictor* predictor = fitted(kind);
    ASSERT_NE(predictor, nullptr);
    for (const Observation& one : usual_runs()) {
      std::vector<LayerPrediction> layers(one.work->layers.size());
      LayerPrediction sum = predictor->layers(*one.work, one.point, layers);
      for (std::size_t i = 0; i < layers.size(); ++i) {
        EXPECT_GE(layers[i].energy_j, 0);
        EXPECT_GE(layers[i].time_s, 0);
        const bool is_view = one.work->layers[i].work_class == WorkClass::view;
        EXPECT_TRUE(!is_view || layers[i].energy_j == 0);
        sum.energy_j += layers[i].energy_j;
        sum.time_s += layers[i].time_s;
      }
      const Prediction whole = predictor->batch(*one.work, one.point);
      EXPECT_NEAR(sum.energy_j / whole.energy_j, 1, 1e-9) << one.network;
      ASSERT_TRUE(whole.time_s.has_value());
      EXPECT_NEAR(sum.time_s / *whole.time_s, 1, 1e-9) << one.network;
    }
  }
}

TEST(EveryPredictor, FarFromTheRunsThePredictionsStayNumbers) {
  for (const PredictorKind& kind : predictor_kinds()) {
    SCOPED_TRACE(kind.name);
    const Predictor* predictor = fitted(kind);
    ASSERT_NE(predictor, nullptr);
    NetworkWork empty;
    empty.layers.emplace_back();
    for (const NetworkWork& work : {empty, test_network(512, 1024, 20, 64)}) {
      for (const double hertz : {0.0, 1e6, 1e11}) {
        OperatingPoint point;
        point.gpu_hz = hertz;
        expect_sensible(predictor->batch(work, point));
      }
    }
  }
}

TEST(EveryPredictor, TooFewRunsAreAnErrorThatSaysWhatToMeasure) {
  const std::span<const Observation> runs(usual_runs());
  for (const PredictorKind& kind : predictor_kinds()) {
    for (const std::size_t count : {0u, 1u, 2u}) {
      const auto predictor = kind.fit(runs.first(count), {});
      ASSERT_FALSE(predictor.has_value()) << kind.name << " of " << count;
      EXPECT_EQ(predictor.error().kind, ErrorKind::invalid) << kind.name;
      EXPECT_FALSE(predictor.error().remedy.empty()) << kind.name;
    }
  }
}

// The same network again and again: no predictor may tell fixed costs from those of work.
TEST(EveryPredictor, RunsThatAreAllAlikeAreAnErrorWithARemedy) {
  std::vector<Observation> runs(40, usual_runs().front());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].group = "network-" + std::to_string(i);
    runs[i].energy_j *= 1 + 0.001 * static_cast<double>(i);
  }
  for (const PredictorKind& kind : predictor_kinds()) {
    const auto predictor = kind.fit(runs, {});
    ASSERT_FALSE(predictor.has_value()) << kind.name;
    EXPECT_EQ(predictor.error().kind, ErrorKind::invalid) << kind.name;
    EXPECT_FALSE(predictor.error().remedy.empty()) << kind.name;
  }
}

TEST(EveryPredictor, NumbersThatAreNoneAreRefused) {
  for (const PredictorKind& kind : predictor_kinds()) {
    for (const double odd : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
      std::vector<Observation> runs = usual_runs();
      runs[3].energy_j = odd;
      const auto predictor = kind.fit(runs, {});
      ASSERT_FALSE(predictor.has_value()) << kind.name << " " << odd;
      EXPECT_EQ(predictor.error().kind, ErrorKind::out_of_range) << kind.name;
    }
  }
}

// A table's numbers are finite one by one, but not their products.
TEST(EveryPredictor, WorkThatIsNoFiniteNumberIsRefused) {
  for (const PredictorKind& kind : predictor_kinds()) {
    std::vector<Observation> runs = usual_runs();
    runs[3].work = std::make_shared<const NetworkWork>(work_of_totals(1, 1e9, 1e308));
    const auto predictor = kind.fit(runs, {});
    ASSERT_FALSE(predictor.has_value()) << kind.name;
    EXPECT_EQ(predictor.error().kind, ErrorKind::out_of_range) << kind.name;
  }
}

TEST(EveryPredictor, RunsWithoutTimesGiveNoTimes) {
  std::vector<Observation> runs = usual_runs();
  for (Observation& one : runs) one.time_s.reset();
  for (const PredictorKind& kind : predictor_kinds()) {
    const auto predictor = kind.fit(runs, {});
    ASSERT_TRUE(predictor.has_value()) << kind.name << ": " << to_string(predictor.error());
    expect_sensible((*predictor)->batch(*runs[0].work, runs[0].point));
    EXPECT_FALSE((*predictor)->batch(*runs[0].work, runs[0].point).time_s) << kind.name;
    EXPECT_TRUE(kind.load((*predictor)->state())) << kind.name;
    std::vector<LayerPrediction> layers(runs[0].work->layers.size());
    LayerPrediction sum = (*predictor)->layers(*runs[0].work, runs[0].point, layers);
    for (const LayerPrediction& one : layers) sum.energy_j += one.energy_j;
    const double batch = (*predictor)->batch(*runs[0].work, runs[0].point).energy_j;
    EXPECT_NEAR(sum.energy_j, batch, 1e-9 * batch) << kind.name;
    EXPECT_EQ(sum.time_s, 0) << kind.name;
  }
}

// A table may tell of networks no more than their MACs and parameters.
TEST(EveryPredictor, NetworksOfTotalsAlone) {
  std::vector<Observation> runs;
  Random random(4);
  for (int i = 0; i < 45; ++i) {
    Observation one;
    const double macs = 1e8 * (1 + 20 * random.uniform()),
                 parameters = 1e6 * (1 + 9 * random.uniform());
    one.group = one.network = "network " + std::to_string(i);
    one.work = std::make_shared<NetworkWork>(work_of_totals(1, macs, parameters));
    one.energy_j = (0.02 + 7e-10 * macs) * std::exp(0.03 * random.normal());
    one.time_s = one.energy_j / 20;
    runs.push_back(std::move(one));
  }
  for (const PredictorKind& kind : predictor_kinds()) {
    // The residual's process wants more runs than the others.
    const std::size_t count = kind.name == "residual" ? runs.size() : 30;
    const auto fit = kind.fit(Observations(runs).first(count), {});
    ASSERT_TRUE(fit) << kind.name << ": " << to_string(fit.error());
    const Prediction one = (*fit)->batch(work_of_totals(1, 1e9, 5e6), {});
    EXPECT_NEAR(one.energy_j, 0.72, 0.05) << kind.name;
    EXPECT_NEAR(*one.time_s, 0.036, 0.0025) << kind.name;
  }
}

TEST(EveryPredictor, TheFarIsLessSureThanTheNear) {
  const NetworkWork work = test_network(16, 96, 5, 1);
  for (const PredictorKind& kind : predictor_kinds()) {
    const Predictor* predictor = fitted(kind);
    ASSERT_NE(predictor, nullptr);
    OperatingPoint near, far;
    near.gpu_hz = 0.6e9;
    far.gpu_hz = 12e9;
    EXPECT_GT(predictor->batch(work, far).energy_log_sd,
              3 * predictor->batch(work, near).energy_log_sd)
        << kind.name;
  }
}

// Of those whose equations are physics; a Gaussian process may bend.
TEST(EveryPredictor, MoreWorkNeverCostsLess) {
  for (const PredictorKind& kind : predictor_kinds()) {
    if (kind.name == "residual") continue;
    const Predictor* predictor = fitted(kind);
    ASSERT_NE(predictor, nullptr);
    OperatingPoint point;
    point.gpu_hz = 0.6e9;
    Prediction last;
    for (double channels = 32; channels <= 1024; channels *= 2) {
      NetworkWork work;
      work.layers = {test_convolution(WorkClass::convolution, 28, 64, channels, 3)};
      const Prediction one = predictor->batch(work, point);
      EXPECT_GE(one.energy_j, last.energy_j) << kind.name << " " << channels;
      EXPECT_GE(*one.time_s, last.time_s.value_or(0)) << kind.name << " " << channels;
      last = one;
    }
  }
}

TEST(EveryPredictor, AStateOfAnotherThingIsAParseError) {
  for (const PredictorKind& kind : predictor_kinds()) {
    for (const json& state : {json(), json(3), json("x"), json::array(), json::object()}) {
      const auto predictor = kind.load(state);
      ASSERT_FALSE(predictor.has_value()) << kind.name << " " << state;
      EXPECT_EQ(predictor.error().kind, ErrorKind::parse) << kind.name;
    }
  }
}

// "scales" and the like aside: the first level is what each predictor reads itself. A time may be
// missing, as in what was fitted without times.
TEST(EveryPredictor, EveryFieldThatIsMissingOrAWordIsNamed) {
  for (const PredictorKind& kind : predictor_kinds()) {
    const json state = fitted(kind)->state();
    for (const auto& [key, value] : state.items()) {
      json missing = state, other = state;
      missing.erase(key);
      other[key] = "word";
      for (const json& spoilt : {missing, other}) {
        if (key == "time" && !spoilt.contains(key)) continue;
        const auto loaded = kind.load(spoilt);
        ASSERT_FALSE(loaded) << kind.name << " " << key;
        EXPECT_EQ(loaded.error().kind, ErrorKind::parse) << kind.name << " " << key;
        EXPECT_NE(loaded.error().what.find(key), std::string::npos) << to_string(loaded.error());
      }
    }
  }
}

TEST(EveryPredictor, AStateOfALaterProgramIsRefusedWhereStatesHaveVersions) {
  for (const PredictorKind& kind : predictor_kinds()) {
    json later = fitted(kind)->state();
    if (!later.contains("version")) continue;  // the file's own version speaks for it
    later["version"] = 99;
    const auto loaded = kind.load(later);
    ASSERT_FALSE(loaded) << kind.name;
    EXPECT_EQ(loaded.error().kind, ErrorKind::parse) << kind.name;
    EXPECT_NE(loaded.error().what.find("99"), std::string::npos) << to_string(loaded.error());
  }
}

// Every place of a state, in the order of a walk.
void places_of(json& at, std::vector<json*>& places) {
  places.push_back(&at);
  if (at.is_structured())
    for (json& item : at) places_of(item, places);
}

RC_GTEST_PROP(EveryPredictor, ASpoiltStateIsAnErrorOrAPredictor, ()) {
  const auto kinds = predictor_kinds();
  const auto& kind = kinds[*rc::gen::inRange<std::size_t>(0, kinds.size())];
  json state = fitted(kind)->state();
  std::vector<json*> places;
  places_of(state, places);
  json& place = *places[*rc::gen::inRange<std::size_t>(0, places.size())];
  const json odd[] = {json(),           json(-1),       json(1e300),  json("x"),  json::array(),
                      json(3000000000), json::object(), json(1e-300), json(true), json({1, 2})};
  place = odd[*rc::gen::inRange<std::size_t>(0, std::size(odd))];
  const auto predictor = kind.load(state);
  if (predictor) {
    const Observation& one = usual_runs().front();
    (*predictor)->batch(*one.work, one.point);
    (*predictor)->parameters();
  } else {
    RC_ASSERT(predictor.error().kind == ErrorKind::parse);
  }
}

}  // namespace
}  // namespace isojoule
