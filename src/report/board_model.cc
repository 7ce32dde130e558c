#include "report/board_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlopt.hpp>

#include "report/board_likelihood.h"

namespace isojoule {
namespace {

constexpr double kNoBound = std::numeric_limits<double>::infinity();
constexpr double kWithinLevel = 3.841458820694124;  // 0.95 quantile of chi-square with 1 degree

// Standard deviations of boards and interaction.
struct DeviationPair {
  double board = 0, interaction = 0;
};

double value_at(const BoardLikelihood& cells, const DeviationPair& at) {
  return cells.value(at.board * at.board, at.interaction * at.interaction);
}

// The place of the least value in an interval, where there is only one (golden section).
double least_of(const std::function<double(double)>& value, double low, double high, int steps) {
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
  double at_a = value(a), at_b = value(b);
  for (int i = 0; i < steps; ++i) {
    if (at_a < at_b) {
      high = b, b = a, at_b = at_a;
      at_a = value(a = high - kGolden * (high - low));
    } else {
      low = a, a = b, at_a = at_b;
      at_b = value(b = low + kGolden * (high - low));
    }
  }
  return std::min(at_a, at_b);
}

// In units of `scale`, so that both are of about one. BOBYQA (M. J. D. Powell 2009) needs no
// derivatives; the likelihood is smooth in standard deviations down to 0.
DeviationPair fit_both(const BoardLikelihood& cells, DeviationPair start, double scale) {
  nlopt::opt search(nlopt::LN_BOBYQA, 2);
  search.set_lower_bounds(0.0);
  search.set_upper_bounds(1e4);
  search.set_initial_step(0.3);
  search.set_xtol_abs(1e-5);
  search.set_maxeval(200);
  struct Asked {
    const BoardLikelihood* cells;
    double scale;
  } asked{&cells, scale};
  search.set_min_objective(
      [](unsigned, const double* at, double*, void* context) {
        const auto& now = *static_cast<const Asked*>(context);
        return value_at(*now.cells, {at[0] * now.scale, at[1] * now.scale});
      },
      &asked);
  std::vector<double> at{std::max(0.3, start.board / scale),
                         std::max(0.3, start.interaction / scale)};
  double least = 0;
  try {
    search.optimize(at, least);
  } catch (const nlopt::roundoff_limited&) {
    // The best place so far is in `at`.
  } catch (const std::runtime_error&) {
    return start;  // the mean squares' own estimates
  }
  // The bound is a place of its own, which a search from inside only comes near to.
  DeviationPair best{at[0] * scale, at[1] * scale};
  for (const DeviationPair& edge :
       {DeviationPair{0, best.interaction}, DeviationPair{best.board, 0}})
    if (value_at(cells, edge) <= value_at(cells, best) + 1e-7) best = edge;
  return best;
}

// -2 log of the likelihood along one of the two, the other at its best there.
class LikelihoodProfile {
 public:
  LikelihoodProfile(const BoardLikelihood& cells, DeviationPair best, double scale, bool of_board)
      : cells_(cells),
        of_board_(of_board),
        reach_(3 * (of_board ? best.interaction : best.board)),
        own_(of_board ? best.board : best.interaction) {
    reach_ = std::max(reach_, 2 * scale);
    least_ = at(own_);
  }

  Interval interval() const {
    Interval bounds;
    double outside = std::max(own_, reach_ / 6);
    for (int i = 0; above(outside) < 0; ++i, outside *= 1.6)
      if (i == 16) return {lower(), kNoBound};
    bounds.high = crossing(own_, outside);
    bounds.low = lower();
    return bounds;
  }

 private:
  double lower() const { return own_ <= 0 || above(0) <= 0 ? 0 : crossing(own_, 0); }
  double above(double place) const { return at(place) - least_ - kWithinLevel; }
  double at(double place) const {
    constexpr int kSteps = 22;
    return least_of(
        [&](double other) {
          return value_at(cells_,
                          of_board_ ? DeviationPair{place, other} : DeviationPair{other, place});
        },
        0, reach_, kSteps);
  }
  double crossing(double inside, double outside) const {
    constexpr int kSteps = 12;
    for (int i = 0; i < kSteps; ++i) {
      const double middle = (inside + outside) / 2;
      (above(middle) < 0 ? inside : outside) = middle;
    }
    return (inside + outside) / 2;
  }

  const BoardLikelihood& cells_;
  bool of_board_;
  double reach_, own_, least_ = 0;
};

// Normal on the logarithm of the deviation, from the curvature there.
std::optional<Interval> curved(const BoardLikelihood& cells, const DeviationPair& best,
                               bool of_board) {
  if (best.board <= 0 || best.interaction <= 0) return std::nullopt;
  constexpr double kStep = 0.05;
  const auto at = [&](double board, double interaction) {
    return value_at(cells, {best.board * std::exp(board * kStep),
                            best.interaction * std::exp(interaction * kStep)});
  };
  const double middle = at(0, 0), square = kStep * kStep;
  Eigen::Matrix2d half;  // of -2 log: twice the information
  half(0, 0) = (at(1, 0) - 2 * middle + at(-1, 0)) / square;
  half(1, 1) = (at(0, 1) - 2 * middle + at(0, -1)) / square;
  half(0, 1) = half(1, 0) = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * square);
  const Eigen::Matrix2d variance = (half / 2).inverse();
  const int own = of_board ? 0 : 1;
  if (!(variance(own, own) > 0)) return std::nullopt;
  const double value = of_board ? best.board : best.interaction;
  const double factor = std::exp(1.959963984540054 * std::sqrt(variance(own, own)));
  return Interval{value / factor, value * factor};
}

void add_interval(const BoardLikelihood& cells, const DeviationPair& best, double scale,
                  bool of_board, bool profile, BoardComponent& component) {
  component.deviation = of_board ? best.board : best.interaction;
  if (profile) {
    component.method = "profile likelihood";
    component.interval = LikelihoodProfile(cells, best, scale, of_board).interval();
    return;
  }
  component.method = "normal on the logarithm";
  component.interval = curved(cells, best, of_board);
  if (!component.interval) component.note = "no interval: it is at the edge of what can be";
}

BoardComponent error_component(const WithinBoards& within) {
  BoardComponent error;
  if (within.error_freedom <= 0) {
    error.note = "no setting was repeated on a board";
    return error;
  }
  error.deviation = std::sqrt(within.error);
  error.method = "chi-square";
  const double square = within.error * within.error_freedom;
  error.interval = Interval{std::sqrt(square / chi_square_quantile(0.975, within.error_freedom)),
                            std::sqrt(square / chi_square_quantile(0.025, within.error_freedom))};
  return error;
}

BoardComponent block_component(const WithinBoards& within) {
  BoardComponent block;
  if (!within.block_estimable) {
    block.note = within.block_note;
    return block;
  }
  block.deviation = std::sqrt(within.block);
  block.method = "F of the mean squares";
  if (within.block_interval)
    block.interval =
        Interval{std::sqrt(within.block_interval->low), std::sqrt(within.block_interval->high)};
  return block;
}

InteractionTest interaction_test(const BoardLikelihood& cells, const WithinBoards& within) {
  InteractionTest test;
  const auto left = cells.additive(0);
  test.freedom = left.freedom;
  test.error_freedom = within.error_freedom;
  if (left.freedom < 1)
    test.note = "too few settings were measured on several boards";
  else if (within.error_freedom <= 0)
    test.note = "no setting was repeated on a board, so nothing says how far apart runs lie";
  else if (within.error <= 0)
    test.note = "all repeats are equal, to the last digit";
  if (!test.note.empty()) return test;
  test.f = left.square / left.freedom;  // the weights are one over the error's variances
  test.p = fisher_tail(*test.f, left.freedom, within.error_freedom);
  return test;
}

// From mean squares: where the likelihood is looked at first.
DeviationPair first_guess(const BoardLikelihood& cells, const WithinBoards& within, double runs) {
  const auto left = cells.additive(1);  // next to equal weights
  const double spread = left.freedom > 0 ? left.square / left.freedom : 0;
  const double interaction = std::sqrt(std::max(0.0, spread - within.error / runs));
  const auto solved = cells.solve(1, std::max(spread, 1e-12));
  const double board = std::sqrt(solved.board.squaredNorm() /
                                 std::max(1.0, static_cast<double>(cells.boards()) - 1));
  return {board, interaction};
}

void add_raw_effects(const WithinBoards& within, BoardFit& fit) {
  const Eigen::MatrixXd there = (within.runs.array() > 0).cast<double>();
  const Eigen::MatrixXd apart = (within.mean.colwise() - fit.setting).cwiseProduct(there);
  const Eigen::VectorXd weight = fit.weight.colwise().sum();
  fit.board_raw_variance = weight.cwiseInverse();
  fit.board_raw = fit.weight.cwiseProduct(apart).colwise().sum().transpose().cwiseQuotient(weight);
}

}  // namespace

BoardFit fit_boards(const WithinBoards& within, const BoardFitOptions& options) {
  BoardFit fit;
  fit.error = error_component(within);
  fit.block = block_component(within);
  fit.error_variance = within.error;
  fit.block_variance = within.block;
  fit.error_in_interaction = within.error_freedom <= 0;
  const BoardLikelihood cells(within.mean, within.runs, within.block_doubt, within.error);
  const auto left = cells.additive(1);
  fit.connected = left.groups;
  if (cells.cells() <= static_cast<double>(cells.settings())) {
    fit.why_absent = "no setting was measured on two boards";
    fit.board.note = fit.interaction.note = fit.why_absent;
    return fit;
  }
  fit.test = interaction_test(cells, within);
  const double typical = within.runs.sum() / cells.cells();
  const DeviationPair guess = first_guess(cells, within, typical);
  const double scale =
      std::max({guess.board, guess.interaction, std::sqrt(within.error / typical), 1e-6}) / 3;
  DeviationPair best = guess;
  const bool can_interact = left.freedom >= 1;
  if (can_interact) {
    best = fit_both(cells, guess, scale);
  } else {
    // One setting alone: what boards do there cannot be parted into board and setting x board.
    best.interaction = 0;
    fit.interaction.note =
        "too few settings were measured on several boards: what a board does at one setting "
        "counts as the board's";
    const auto along = [&](double board) { return value_at(cells, {board, 0}); };
    double place = 0, least = along(0);
    for (double board = scale / 100; board < 100 * scale; board *= 1.01)
      if (const double value = along(board); value < least) place = board, least = value;
    best.board = place;
  }
  const double work =
      cells.cells() * static_cast<double>(std::min(cells.settings(), cells.boards()));
  const bool profile = work <= options.most_profile_work;
  if (can_interact) {
    add_interval(cells, best, scale, false, profile, fit.interaction);
    add_interval(cells, best, scale, true, profile, fit.board);
    if (fit.error_in_interaction)
      fit.interaction.note = "no setting was repeated on a board, so the error of a run is in it";
  } else {
    fit.board.deviation = best.board;
    fit.board.note = "without an interval: too few settings were measured on several boards";
  }
  fit.board_variance = best.board * best.board;
  fit.interaction_variance = best.interaction * best.interaction;
  auto solved = cells.solve(fit.board_variance, fit.interaction_variance);
  fit.setting = std::move(solved.setting);
  fit.setting_u = std::move(solved.setting_u);
  fit.board_effect = std::move(solved.board);
  fit.board_u = std::move(solved.board_u);
  fit.weight = std::move(solved.weight);
  add_raw_effects(within, fit);
  return fit;
}

}  // namespace isojoule
