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
      for (const LayerPrediction& layer : layers) {
        EXPECT_GE(layer.energy_j, 0);
        EXPECT_GE(layer.time_s, 0);
        sum.energy_j += layer.energy_j;
        sum.time_s += layer.time_s;
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
