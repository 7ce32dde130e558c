// What optimiser.h promises, held against every optimiser of the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "optimise/probe_log.h"
#include "optimise/test_grids.h"

namespace isojoule {
namespace {

SearchSpace word_space() {
  return *SearchSpace::grid({{"precision", {std::string("fp32"), std::string("fp16")}},
                             {"graph", {std::string("a"), std::string("b"), std::string("c")}}});
}

SearchSpace mixed_space() {
  return *SearchSpace::grid({test_numbers("gpu_frequency", 2e8, 9e8, 5),
                             {"precision", {std::string("fp32"), std::string("fp16")}},
                             test_numbers("batch", 1, 4, 3)});
}

SearchSpace space_with_holes() {
  const SearchSpace all = test_clocks(6, 5);
  std::vector<Setting> settings;
  for (GridPoint p = 0; p < all.size(); ++p)
    if (p % 4 != 1) settings.push_back(all.setting(p));
  return *SearchSpace::of(settings);
}

struct CheckedSearch {
  std::vector<GridPoint> asked;
  std::vector<Probe> probes;
  std::vector<std::optional<Answer>> answers;
  bool exhausted = false;
};

// One search, held at every step to what holds for all: asked twice it says the same, only of
// points of the space, of none that definitely failed; it recommends what was measured, and what
// meets the limits where something does. `spoil` may make a probe fail.
CheckedSearch checked_search(Optimiser& optimiser, const TruthGrid& grid, const Goal& goal,
                             std::int64_t budget, std::uint64_t seed = 1,
                             const std::function<void(Probe&)>& spoil = {}) {
  CheckedSearch search;
  GridEvaluator evaluator(grid, {}, seed);
  std::set<GridPoint> out, ran;
  Goal own = goal;
  ProbeLog log(grid.space, own);
  while (std::ssize(search.probes) < budget) {
    const auto question = optimiser.ask();
    const auto again = optimiser.ask();
    EXPECT_EQ(question.has_value(), again.has_value());
    if (!question) {
      search.exhausted = true;
      break;
    }
    EXPECT_EQ(question->point, again->point);
    EXPECT_FALSE(question->why.empty());
    if (question->point < 0 || question->point >= grid.space.size()) {
      ADD_FAILURE() << "no point of the space: " << question->point;
      break;
    }
    if (out.contains(question->point)) {
      ADD_FAILURE() << "asked again, after a definite failure: " << question->point;
      break;
    }
    auto probe = evaluator.measure(question->point);
    if (spoil) spoil(*probe);
    optimiser.tell(*probe);
    log.add(*probe);
    if (probe->failure.empty())
      ran.insert(probe->point);
    else if (probe->definite)
      out.insert(probe->point);
    const auto answer = optimiser.recommend();
    EXPECT_EQ(answer.has_value(), log.best().has_value());
    if (answer) {
      EXPECT_TRUE(ran.contains(answer->point)) << "not measured: " << answer->point;
      EXPECT_TRUE(std::isfinite(answer->cost) && answer->cost > 0) << answer->cost;
      EXPECT_TRUE(std::isfinite(answer->log_sd) && answer->log_sd >= 0) << answer->log_sd;
      EXPECT_EQ(answer->certain, log.best() && log.meets(*log.best()));
      EXPECT_EQ(answer->certain, log.meets(answer->point));
    }
    search.asked.push_back(question->point);
    search.probes.push_back(*probe);
    search.answers.push_back(answer);
  }
  return search;
}

// Of kinds that can search this; one that cannot has to say why.
template <typename Body>
void for_every_optimiser(const SearchSpace& space, const Goal& goal, const SearchOptions& options,
                         Body&& body) {
  for (const OptimiserKind& kind : optimiser_kinds()) {
    SCOPED_TRACE(kind.name);
    auto made = kind.make(space, goal, options);
    if (!made) {
      EXPECT_EQ(made.error().kind, ErrorKind::invalid);
      EXPECT_FALSE(made.error().what.empty());
      EXPECT_FALSE(made.error().remedy.empty());
      continue;
    }
    body(kind, **made);
  }
}

TEST(EveryOptimiser, HasWordsAndIsFoundByName) {
  std::set<std::string_view> names;
  for (const OptimiserKind& kind : optimiser_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_FALSE(kind.summary.empty()) << kind.name;
    EXPECT_FALSE(kind.source.empty()) << kind.name;
    const auto found = find_optimiser(kind.name);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ((*found)->name, kind.name);
  }
  for (const char* name : {"blend", "coarse", "gp_ei", "gp_thompson", "gradient", "random", "spsa",
                           "sweep", "thompson", "unimodal"})
    EXPECT_TRUE(names.contains(name)) << name;
  const auto none = find_optimiser("thomson");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_THAT(none.error().remedy, testing::HasSubstr("thompson"));
}

TEST(EveryOptimiser, TheSameAnswersGiveTheSameQuestions) {
  const TruthGrid grid = test_bowl(test_clocks(7, 6));
  const Goal goal = test_goal("energy", {"latency<30ms"});
  for_every_optimiser(grid.space, goal, {}, [&](const OptimiserKind& kind, Optimiser& optimiser) {
    const auto search = checked_search(optimiser, grid, goal, 15);
    auto again = kind.make(grid.space, goal, {});
    EXPECT_EQ(checked_search(**again, grid, goal, 15).asked, search.asked);
  });
}

// An interrupted search is told its answers again, asked between them or not.
TEST(EveryOptimiser, GoesOnAfterItsAnswersAreToldAgain) {
  const TruthGrid grid = test_bowl(test_clocks(7, 6));
  const Goal goal = test_goal("energy", {"latency<30ms"});
  for_every_optimiser(grid.space, goal, {}, [&](const OptimiserKind& kind, Optimiser& optimiser) {
    const auto search = checked_search(optimiser, grid, goal, 15);
    for (const std::size_t kept : {1u, 3u, 9u, 14u}) {
      const auto asked = kind.make(grid.space, goal, {}), told = kind.make(grid.space, goal, {});
      for (std::size_t i = 0; i < std::min(kept, search.probes.size()); ++i) {
        (*asked)->ask();
        (*asked)->tell(search.probes[i]);
        (*told)->tell(search.probes[i]);
      }
      if (kept >= search.asked.size()) continue;
      ASSERT_TRUE((*asked)->ask() && (*told)->ask()) << kept;
      EXPECT_EQ((*asked)->ask()->point, search.asked[kept]) << "asked, after " << kept;
      EXPECT_EQ((*told)->ask()->point, search.asked[kept]) << "told alone, after " << kept;
    }
  });
}

// A warm start is as if told.
TEST(EveryOptimiser, AWarmStartCounts) {
  const TruthGrid grid = test_bowl(test_clocks(7, 6));
  const Goal goal = test_goal("energy");
  for_every_optimiser(grid.space, goal, {}, [&](const OptimiserKind& kind, Optimiser& optimiser) {
    const auto search = checked_search(optimiser, grid, goal, 8);
    SearchOptions options;
    options.warm = search.probes;
    const auto warm = kind.make(grid.space, goal, options);
    const auto told = kind.make(grid.space, goal, {});
    for (const Probe& probe : search.probes) (*told)->tell(probe);
    ASSERT_TRUE((*warm)->recommend());
    EXPECT_EQ((*warm)->recommend()->point, (*told)->recommend()->point);
    EXPECT_EQ((*warm)->ask()->point, (*told)->ask()->point);
  });
}

TEST(EveryOptimiser, RecommendsNothingBeforeTheFirstThatRan) {
  const TruthGrid grid = test_bowl(test_clocks(4, 4));
  for_every_optimiser(grid.space, test_goal("energy"), {},
                      [&](const OptimiserKind&, Optimiser& optimiser) {
                        EXPECT_FALSE(optimiser.recommend());
                        Probe probe;
                        probe.point = optimiser.ask()->point;
                        probe.failure = "it crashed";
                        optimiser.tell(probe);
                        EXPECT_FALSE(optimiser.recommend());
                        EXPECT_TRUE(optimiser.ask());  // once is not for ever
                      });
}

TEST(EveryOptimiser, SmallAndOddSpaces) {
  const std::vector<SearchSpace> spaces = {
      *SearchSpace::grid({test_numbers("gpu_frequency", 1e9, 1e9, 1)}),  // one point
      *SearchSpace::grid({test_numbers("gpu_frequency", 1e8, 1e9, 2)}),
      *SearchSpace::grid({test_numbers("cpu_frequency", 1e8, 1e9, 9)}),  // one axis
      *SearchSpace::grid({test_numbers("offset", -2, 2, 5)}),            // no logarithm
      word_space(),
      mixed_space(),
      space_with_holes()};
  for (const SearchSpace& space : spaces) {
    SCOPED_TRACE(space.axes().front().name + " " + std::to_string(space.size()));
    TruthGrid grid = test_bowl(space);
    for (Metrics& metrics : grid.truth)  // of the offset, which has no logarithm
      if (!std::isfinite(*at(metrics, Metric::energy)))
        for (auto& value : metrics)
          value = 1 + 0.1 * static_cast<double>(&metrics - &grid.truth[0]);
    const Goal goal = test_goal("energy");
    for_every_optimiser(space, goal, {}, [&](const OptimiserKind&, Optimiser& optimiser) {
      const auto search = checked_search(optimiser, grid, goal, 12);
      EXPECT_FALSE(search.probes.empty());
    });
  }
}

TEST(EveryOptimiser, WhereNothingRunsItEndsAndRecommendsNothing) {
  TruthGrid grid = test_bowl(test_clocks(4, 3));
  for (Metrics& metrics : grid.truth) metrics = {};
  const Goal goal = test_goal("energy");
  for_every_optimiser(grid.space, goal, {}, [&](const OptimiserKind&, Optimiser& optimiser) {
    const auto search = checked_search(optimiser, grid, goal, 100);
    EXPECT_TRUE(search.exhausted);
    EXPECT_EQ(search.asked.size(), grid.truth.size());
  });
}

// What may pass is tried again, but not for ever.
TEST(EveryOptimiser, WhereNothingEverAnswersItEnds) {
  const TruthGrid grid = test_bowl(test_clocks(3, 2));
  const Goal goal = test_goal("energy");
  for_every_optimiser(grid.space, goal, {}, [&](const OptimiserKind&, Optimiser& optimiser) {
    const auto search = checked_search(optimiser, grid, goal, 100, 1, [](Probe& probe) {
      probe.metrics = {};
      probe.failure = "it hung";
    });
    EXPECT_TRUE(search.exhausted);
    std::map<GridPoint, int> times;
    for (const GridPoint point : search.asked) ++times[point];
    EXPECT_EQ(times.size(), grid.truth.size());
    for (const auto& [point, count] : times) EXPECT_LE(count, 5) << point;
  });
}

TEST(EveryOptimiser, WhereNothingMeetsTheLimitsTheNearestIsRecommended) {
  const TruthGrid grid = test_bowl(test_clocks(6, 5));
  const Goal goal = test_goal("energy", {"latency<19ms"});  // 20 ms at the highest clocks
  for_every_optimiser(grid.space, goal, {}, [&](const OptimiserKind&, Optimiser& optimiser) {
    const auto search = checked_search(optimiser, grid, goal, 20);
    ASSERT_TRUE(search.answers.back());
    EXPECT_FALSE(search.answers.back()->certain);
    Goal own = goal;
    ProbeLog log(grid.space, own);
    for (const Probe& probe : search.probes) log.add(probe);
    EXPECT_EQ(search.answers.back()->point, *log.best());
  });
}

TEST(EveryOptimiser, EveryGoalHasAFiniteCost) {
  const TruthGrid grid = test_bowl(test_clocks(5, 5));
  for (const char* cost : {"energy", "latency", "power", "edp", "ed2p", "weighted:0.5",
                           "energy + 0.2*latency_p99", "max(energy, 2)*sqrt(time)"}) {
    SCOPED_TRACE(cost);
    const Goal goal = test_goal(cost, {"power<100W", "latency_p95<1s"});
    for_every_optimiser(grid.space, goal, {}, [&](const OptimiserKind&, Optimiser& optimiser) {
      checked_search(optimiser, grid, goal, 6);
    });
  }
}

// Answers that lack what the goal needs are no answers: nothing is recommended, and it ends.
TEST(EveryOptimiser, AMetricThatIsNeverMeasuredIsNoReasonToAskForEver) {
  TruthGrid grid = test_bowl(test_clocks(3, 2));
  for (Metrics& metrics : grid.truth) at(metrics, Metric::memory).reset();
  const Goal goal = test_goal("energy", {"memory<2GB"});
  for_every_optimiser(grid.space, goal, {}, [&](const OptimiserKind&, Optimiser& optimiser) {
    const auto search = checked_search(optimiser, grid, goal, 100);
    EXPECT_TRUE(search.exhausted);
  });
}

TEST(EveryOptimiser, ABudgetSmallerThanItsDesign) {
  const TruthGrid grid = test_bowl(test_clocks(9, 9));
  const Goal goal = test_goal("energy");
  for (const std::int64_t budget : {1, 2, 3}) {
    SearchOptions options;
    options.budget = budget;
    for_every_optimiser(grid.space, goal, options, [&](const OptimiserKind&, Optimiser& optimiser) {
      const auto search = checked_search(optimiser, grid, goal, budget);
      ASSERT_EQ(std::ssize(search.answers), budget);
      EXPECT_TRUE(search.answers.back());
    });
  }
}

// Within 36 of 100 probes; what has no model of the space may need a look at each setting.
TEST(EveryOptimiser, FindsTheBottomOfABowl) {
  const TruthGrid grid = test_bowl(test_clocks(10, 10));
  const std::set<std::string_view> slow = {"sweep", "random", "thompson"};
  std::uint64_t seed = 0;
  for (const auto& limits : {std::vector<std::string>{}, {"latency<35ms"}}) {
    const Goal goal = test_goal("energy", limits);
    SearchOptions options;
    options.seed = ++seed;
    for_every_optimiser(grid.space, goal, options,
                        [&](const OptimiserKind& kind, Optimiser& found) {
                          const std::int64_t budget = slow.contains(kind.name) ? 100 : 36;
                          const auto search = checked_search(found, grid, goal, budget, seed);
                          ASSERT_TRUE(search.answers.back());
                          const auto left = regret(grid, goal, search.answers.back()->point);
                          ASSERT_TRUE(left.has_value());
                          EXPECT_LE(*left, 0.05) << "limits: " << limits.size();
                        });
  }
}

// Random spaces of numbers and words with holes, failures of both sorts, missing metrics, limits.
RC_GTEST_PROP(EveryOptimiser, HoldsOnRandomSpacesWithFailures, ()) {
  std::vector<SearchAxis> axes;
  const int count = *rc::gen::inRange(1, 4);
  for (int a = 0; a < count; ++a) {
    const int values = *rc::gen::inRange(1, 5);
    if (*rc::gen::inRange(0, 3) == 0) {
      SearchAxis words{"words" + std::to_string(a), {}};
      for (int i = 0; i < values; ++i) words.values.emplace_back(std::string(1, char('a' + i)));
      axes.push_back(words);
    } else {
      const char* const names[] = {"gpu_frequency", "batch", "cpu_frequency", "cores"};
      axes.push_back(test_numbers(names[a], 1, 8, values));
    }
  }
  const SearchSpace all = *SearchSpace::grid(axes);
  std::vector<Setting> settings;
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  Random random(seed);
  for (GridPoint p = 0; p < all.size(); ++p)
    if (random.uniform() < 0.8) settings.push_back(all.setting(p));
  const auto of = SearchSpace::of(settings);
  const SearchSpace space = of ? *of : all;
  const TruthGrid grid = test_bowl(space);
  const Goal goal = test_goal("edp", {"latency<25ms"});
  const double definite = 0.1 * random.uniform(), passing = 0.2 * random.uniform();
  const auto spoil = [&](Probe& probe) {
    Random own(seed_for(seed, std::to_string(probe.point)));
    const double draw = own.uniform();
    if (draw > definite + passing) return;
    probe.metrics = {};
    probe.definite = draw < definite;
    probe.failure = probe.definite ? "out of memory" : "it crashed";
  };
  SearchOptions options;
  options.seed = seed;
  for_every_optimiser(space, goal, options, [&](const OptimiserKind&, Optimiser& optimiser) {
    checked_search(optimiser, grid, goal, 14, seed, spoil);
  });
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace isojoule
