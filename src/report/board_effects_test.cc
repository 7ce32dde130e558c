// Fleets with known effects: what the statistics find, how often their intervals hold, how often
// they raise a false alarm. All seeded; the bounds of rates are three standard deviations wide.
#include "report/board_effects.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "report/board_effects_json.h"
#include "report/board_likelihood.h"
#include "report/fleet_fixture.h"
#include "report/report.h"

namespace isojoule {
namespace {

using test::made_table;
using test::MadeFleet;

BoardFit fit_of(const BoardTable& table) { return fit_boards(look_within_boards(table)); }

// The mean squares of a balanced two-way table with repeats.
struct Anova {
  double board = 0, both = 0, error = 0;
};
Anova anova_of(const BoardTable& table, double repeats) {
  const WithinBoards within = look_within_boards(table);
  const double settings = static_cast<double>(table.settings.size());
  const double boards = static_cast<double>(table.boards.size());
  const double all = within.mean.mean();
  const Eigen::VectorXd row = within.mean.rowwise().mean(), column = within.mean.colwise().mean();
  Anova anova;
  for (Eigen::Index i = 0; i < row.size(); ++i)
    for (Eigen::Index j = 0; j < column.size(); ++j)
      anova.both += std::pow(within.mean(i, j) - row(i) - column(j) + all, 2);
  anova.both *= repeats / ((settings - 1) * (boards - 1));
  anova.board = settings * repeats * (column.array() - all).square().sum() / (boards - 1);
  for (const BoardReading& reading : table.readings)
    anova.error +=
        std::pow(reading.log_value - within.mean(static_cast<Eigen::Index>(reading.setting),
                                                 static_cast<Eigen::Index>(reading.board)),
                 2);
  anova.error /= settings * boards * (repeats - 1);
  return anova;
}

TEST(BoardEffects, ABalancedTableGivesWhatClosedFormsGive) {
  BoardTable table = made_table({.boards = 7, .settings = 6, .repeats = 3}, 11);
  for (BoardReading& reading : table.readings) reading.block = 0;  // no blocks: the plain table
  const Anova anova = anova_of(table, 3);
  const BoardFit fit = fit_of(table);
  EXPECT_NEAR(fit.error_variance, anova.error, 1e-12);
  // REML of balanced data is the analysis of variance where no estimate is negative.
  EXPECT_NEAR(fit.interaction_variance, (anova.both - anova.error) / 3,
              1e-3 * fit.interaction_variance);
  EXPECT_NEAR(fit.board_variance, (anova.board - anova.both) / 18, 1e-3 * fit.board_variance);
  EXPECT_NEAR(*fit.test.f, anova.both / anova.error, 1e-6 * *fit.test.f);
  EXPECT_EQ(fit.test.freedom, 30);
  EXPECT_EQ(fit.test.error_freedom, 84);
  EXPECT_EQ(fit.connected, 1);
  EXPECT_NEAR(fit.board_effect.sum(), 0, 1e-9);
  EXPECT_NE(fit.block.note, "");  // one block on each board
}

TEST(BoardEffects, EliminatingBoardsOrSettingsGivesTheSame) {
  const BoardTable wide = made_table({.boards = 9, .settings = 5, .there = 0.7}, 3);
  const WithinBoards within = look_within_boards(wide);
  // Turned round, the other side is the smaller one; so the model must say the same with as many
  // settings added that one board alone has, which know nothing of variances.
  BoardTable longer = wide;
  for (int i = 0; i < 6; ++i) {
    longer.settings.push_back(longer.settings.front());
    longer.readings.push_back({longer.settings.size() - 1, 0, 0, 1.0 + i});
  }
  const WithinBoards more = look_within_boards(longer);
  const BoardLikelihood few(within.mean, within.runs, within.block_doubt, 1e-4);
  const BoardLikelihood many(more.mean, more.runs, more.block_doubt, 1e-4);
  ASSERT_GT(few.boards(), few.settings());
  ASSERT_LT(many.boards(), many.settings());
  const double at_one = many.value(1e-3, 1e-5) - few.value(1e-3, 1e-5);
  for (const auto& [board, interaction] : {std::pair{1e-4, 1e-6}, {2e-3, 0.0}, {1e-5, 1e-4}})
    EXPECT_NEAR(many.value(board, interaction) - few.value(board, interaction), at_one, 1e-6);
  const auto a = few.solve(1e-3, 1e-5), b = many.solve(1e-3, 1e-5);
  EXPECT_LT((a.board - b.board).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((a.board_u - b.board_u).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((a.setting - b.setting.head(5)).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_NEAR(few.additive(0).square, many.additive(0).square, 1e-6);
  EXPECT_EQ(few.additive(0).freedom, many.additive(0).freedom);
}

TEST(BoardEffects, IntervalsHoldAsOftenAsTheySay) {
  constexpr int kFleets = 30;
  int board = 0, interaction = 0, error = 0, block = 0;
  for (int seed = 1; seed <= kFleets; ++seed) {
    const BoardFit fit =
        fit_of(made_table({.boards = 6, .settings = 5, .repeats = 3, .block = 0.004, .there = 0.8},
                          static_cast<std::uint64_t>(seed)));
    board += fit.board.interval->contains(0.03);
    interaction += fit.interaction.interval->contains(0.005);
    error += fit.error.interval->contains(0.01);
    block += fit.block.interval->contains(0.004);
  }
  for (const int held : {board, interaction, error, block})
    EXPECT_GE(held, 24);  // 28 of 30 are expected
}

TEST(BoardEffects, WithoutInteractionTheTestIsQuietAndWithItItSpeaks) {
  constexpr int kFleets = 100;
  int false_alarms = 0, found = 0;
  for (int seed = 1; seed <= kFleets; ++seed) {
    const auto p_of = [&](double interaction) {
      const WithinBoards within =
          look_within_boards(made_table({.interaction = interaction, .block = 0.003, .there = 0.8},
                                        static_cast<std::uint64_t>(seed)));
      const BoardLikelihood cells(within.mean, within.runs, within.block_doubt, within.error);
      const auto left = cells.additive(0);
      return fisher_tail(left.square / left.freedom, left.freedom, within.error_freedom);
    };
    false_alarms += p_of(0) < 0.05;
    found += p_of(0.01) < 0.05;
  }
  EXPECT_LE(false_alarms, 12);
  EXPECT_GE(found, 85);
}

TEST(BoardEffects, WhatCannotBeToldSaysWhy) {
  const BoardFit apart =
      fit_of(made_table({.boards = 4, .settings = 4, .there = 0}, 1));  // each its own setting
  EXPECT_EQ(apart.why_absent, "no setting was measured on two boards");

  const BoardFit once = fit_of(made_table({.repeats = 1}, 1));
  EXPECT_EQ(once.why_absent, "");
  EXPECT_TRUE(once.error_in_interaction);
  EXPECT_FALSE(once.error.deviation);
  EXPECT_EQ(once.error.note, "no setting was repeated on a board");
  EXPECT_FALSE(once.test.f);
  EXPECT_NEAR(*once.interaction.deviation, std::hypot(0.005, 0.01), 0.003);  // both in one

  const BoardFit single = fit_of(made_table({.boards = 12, .settings = 1}, 1));
  EXPECT_FALSE(single.interaction.deviation);
  EXPECT_NEAR(*single.board.deviation, 0.03, 0.015);

  const BoardTable table = made_table({.repeats = 1}, 1);
  const WithinBoards within = look_within_boards(table);
  EXPECT_NE(best_of_boards(table, within, once, 1).why_absent, "");
}

TEST(BoardEffects, ABoardThatDiedCountsWithWhatItHas) {
  BoardTable table = made_table({.boards = 8, .settings = 10}, 5);
  std::erase_if(table.readings,
                [](const BoardReading& one) { return one.board == 3 && one.setting > 1; });
  const BoardFit fit = fit_of(table);
  EXPECT_NEAR(*fit.board.deviation, 0.03, 0.02);
  EXPECT_GT(fit.board_u(3), fit.board_u(2));  // few cells know it
}

TEST(BoardEffects, NoiseDoesNotGiveEveryBoardABestOfItsOwn) {
  // Without interaction the fleet's best is everybody's, whatever each measured; neighbours are 1 %
  // apart and a mean of two runs is off by more than that.
  MadeFleet made{.boards = 12, .settings = 6, .repeats = 2, .interaction = 0, .error = 0.02};
  const BoardTable table = made_table(made, 2);
  const WithinBoards within = look_within_boards(table);
  int misled = 0;
  for (Eigen::Index j = 0; j < within.mean.cols(); ++j) {
    Eigen::Index least = 0;
    within.mean.col(j).minCoeff(&least);
    misled += least != 0;
  }
  ASSERT_GE(misled, 2) << "the example shows nothing";
  const BestOfBoards best = best_of_boards(table, within, fit_boards(within), 1);
  ASSERT_EQ(best.why_absent, "");
  EXPECT_EQ(best.fleet_best, 0u);
  EXPECT_GT(best.share_within, 0.9);
  for (const OwnBest& own : best.boards) EXPECT_EQ(own.setting, 0u);

  made.interaction = 0.03;
  made.error = 0.002;
  const BoardTable differing = made_table(made, 2);
  const WithinBoards known = look_within_boards(differing);
  const BestOfBoards each = best_of_boards(differing, known, fit_boards(known), 1);
  EXPECT_LT(each.share_within, 0.7);
  EXPECT_GT(each.loss_90_percent, 1);
  // Well measured, a board's own best is its least.
  for (std::size_t board = 0; board < 12; ++board) {
    Eigen::Index least = 0;
    known.mean.col(static_cast<Eigen::Index>(board)).minCoeff(&least);
    if (each.boards[board].probability > 0.95) {
      EXPECT_EQ(each.boards[board].setting, static_cast<std::size_t>(least));
    }
  }
}

TEST(BoardEffects, SavingsArePairedInTheirBlocks) {
  // Blocks 20 % apart and boards 30 %: a ratio inside a block knows of neither.
  const BoardTable table = made_table({.settings = 4,
                                       .board = 0.3,
                                       .interaction = 0,
                                       .block = 0.2,
                                       .error = 1e-4,
                                       .baseline = true},
                                      9);
  const auto savings = savings_of_boards(table, 0);
  ASSERT_EQ(savings.size(), 1u);
  EXPECT_EQ(savings[0].baseline, "default");
  EXPECT_EQ(savings[0].boards.size(), 6u);
  EXPECT_NEAR(savings[0].mean_percent, -100 * std::expm1(-0.03), 0.02);
  EXPECT_TRUE(savings[0].interval_percent->contains(-100 * std::expm1(-0.03)));
  EXPECT_LT(*savings[0].spread_percent, 0.02);
}

TEST(BoardEffects, BoardsForAWidth) {
  // t(n - 1) at 0.975, over the root of n: 1.96 at n = 18 gives 0.497, 0.5 is passed at 17 (0.514).
  EXPECT_EQ(boards_for(1, 0.5), 18);
  EXPECT_EQ(boards_for(0, 0.01), 2);
  EXPECT_EQ(boards_for(1, 1e-6), std::nullopt);
  const BoardTable table =
      made_table({.boards = 20, .settings = 6, .repeats = 4, .baseline = true}, 4);
  const WithinBoards within = look_within_boards(table);
  const BoardFit fit = fit_boards(within);
  const BoardsNeeded needed = boards_needed(table, within, fit, std::nullopt, 1);
  ASSERT_EQ(needed.for_width.size(), 3u);
  EXPECT_NEAR(needed.repeats, 4, 1e-9);
  EXPECT_GT(*needed.for_width[0].energy, *needed.for_width[0].difference);
  EXPECT_GT(*needed.for_width[0].energy, *needed.for_width[1].energy);
  EXPECT_EQ(needed.best_note, "");
  ASSERT_TRUE(needed.for_best);
  EXPECT_LE(*needed.for_best, 10);  // 1 % from setting to setting, 0.5 % by board
}

TEST(BoardEffects, QuietFleetsRaiseFewAlarmsAndOddBoardsAreNamed) {
  constexpr int kFleets = 60;
  int alarms[3] = {};
  for (int seed = 1; seed <= kFleets; ++seed) {
    const BoardTable table =
        made_table({.boards = 10, .settings = 6, .repeats = 3}, static_cast<std::uint64_t>(seed));
    const WithinBoards within = look_within_boards(table);
    bool raised[3] = {};
    for (const OutlierBoard& one :
         outlier_boards(table, within, fit_boards(within, {.most_profile_work = 0}), 1))
      raised[static_cast<int>(one.kind)] = true;
    for (int kind = 0; kind < 3; ++kind) alarms[kind] += raised[kind];
  }
  for (const int alarm : alarms) EXPECT_LE(alarm, 8);  // 3 of 60 are expected

  BoardTable table = made_table({.boards = 10, .settings = 6, .repeats = 3, .board = 0.01}, 1);
  for (BoardReading& one : table.readings) {
    if (one.board == 2) one.log_value += 0.2;                                  // thirsty
    if (one.board == 5) one.log_value += one.setting % 2 == 0 ? 0.04 : -0.04;  // another profile
    if (one.board == 8) one.log_value += one.block % 2 == 0 ? 0.06 : -0.06;
  }
  for (BoardReading& one : table.readings) one.block = 0;  // its blocks would explain board 8
  const WithinBoards within = look_within_boards(table);
  std::vector<std::pair<std::size_t, OutlierKind>> found;
  for (const OutlierBoard& one : outlier_boards(table, within, fit_boards(within), 1)) {
    found.emplace_back(one.board, one.kind);
    EXPECT_EQ(one.sentence.find(table.boards[one.board]), 0u) << one.sentence;
    EXPECT_GT(one.score, one.threshold * 0.999);
  }
  EXPECT_EQ(found,
            (std::vector<std::pair<std::size_t, OutlierKind>>{{2, OutlierKind::effect},
                                                              {5, OutlierKind::interaction},
                                                              {8, OutlierKind::repeatability}}));
}

// ---- of a study -------------------------------------------------------------------------------

TEST(BoardEffects, OfAStudyLeavesOutWhatDidNotSucceed) {
  test::ListedStudy study;
  test::fill_fleet(study, {.boards = 6, .settings = 5, .baseline = true}, 1);
  auto failed = test::listed_run("alexnet", "", test::clocks(1e9, 1e8), 400, 4);
  failed.on_board = "board-01";
  failed.state = RunState::throttled;
  study.add(failed);
  const auto runs = study.runs();
  const auto all = board_effects(*runs);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].table.readings.size(), 90u);
  EXPECT_EQ(all[0].table.left_out, 1);
  EXPECT_NEAR(all[0].gain_percent, 1, 1e-9);
  ASSERT_EQ(all[0].others.size(), 2u);  // net energy and time
  EXPECT_NEAR(all[0].others[0].fit.board_variance, all[0].fit.board_variance, 1e-9);
  EXPECT_EQ(to_json(board_effects(*runs)).dump(), to_json(all).dump()) << "the seed is fixed";
}

TEST(BoardEffects, AStudyOfOneBoardSaysNothingOfBoards) {
  test::ListedStudy study;
  test::fill_grid(study);
  const auto summary = summarise(study);
  ASSERT_TRUE(summary);
  const auto text = (*find_report("text"))->render(*summary, study, {});
  ASSERT_TRUE(text);
  EXPECT_EQ(text->find("\nBoards"), std::string::npos);
  const auto json = (*find_report("json"))->render(*summary, study, {});
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("board_effects"), std::string::npos);
}

TEST(BoardEffects, TheTextNamesBoardsAndSaysSimulated) {
  test::ListedStudy study;
  test::fill_fleet(study, {.boards = 8, .settings = 6, .baseline = true}, 1, 1.3);
  const auto summary = summarise(study);
  ASSERT_TRUE(summary);
  const auto text = (*find_report("text"))->render(*summary, study, {});
  ASSERT_TRUE(text);
  for (const char* part : {"Boards (SIMULATED: twins)", "from board to board", "by setting x board",
                           "The fleet's best:", "Saving there against 'default'", "board-07",
                           "Outlier: board-07 uses", "boards needed for 95 %"})
    EXPECT_NE(text->find(part), std::string::npos) << part << "\n" << *text;
}

// The energy map's savings are of means over boards; only a fleet's study has to say so.
TEST(BoardEffects, TheTextSaysThatSavingsOfAGridHoldTheBoardsSilicon) {
  for (const int boards : {1, 2}) {
    test::ListedStudy grid, study;
    test::fill_grid(grid);
    const auto runs = grid.runs();
    ASSERT_TRUE(runs);
    for (auto run : *runs) {
      run.on_board = run.id % boards == 0 ? "rack-1" : "rack-2";
      study.add(std::move(run));
    }
    const auto summary = summarise(study);
    ASSERT_TRUE(summary);
    ASSERT_FALSE(summary->minima.empty());
    const auto text = (*find_report("text"))->render(*summary, study, {});
    ASSERT_TRUE(text);
    EXPECT_EQ(text->find("means over whichever boards measured") != std::string::npos, boards > 1)
        << *text;
  }
}

TEST(BoardEffects, OddStudiesOfAFleetDoNotThrow) {
  for (test::OddStudy& odd : test::odd_studies()) {
    auto runs = *odd.study.runs();
    for (std::size_t i = 0; i < runs.size(); ++i)
      runs[i].on_board = i % 2 == 0 ? "a" : test::kHostileName;
    const std::string text =
        to_json(board_effects(runs)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    EXPECT_EQ(text.find("nan"), std::string::npos) << odd.what;
  }
}

}  // namespace
}  // namespace isojoule
