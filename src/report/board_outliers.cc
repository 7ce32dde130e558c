#include "report/board_outliers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

using Eigen::Index;

constexpr double kAlarm = 0.05;
constexpr double kLeastRatio = 1.5;  // of spreads
constexpr std::size_t kFewestForEffect = 5, kFewestForSpread = 3;

double percent_more(double log_ratio) { return 100 * std::expm1(log_ratio); }

struct Centre {
  double middle = 0, scale = 0;
};

Centre robust_centre(std::vector<double> values, std::vector<double>& work) {
  Centre centre;
  centre.middle = median_in_place(values);
  work.clear();
  for (const double value : values) work.push_back(std::abs(value - centre.middle));
  centre.scale = 1.4826022185056018 * median_in_place(work);  // a normal's deviation from its MAD
  return centre;
}

void find_effects(const BoardTable& table, const BoardFit& fit, std::uint64_t seed,
                  std::vector<OutlierBoard>& found) {
  const std::size_t boards = table.boards.size();
  if (boards < kFewestForEffect) return;
  // A board that few cells know is allowed to lie farther off.
  std::vector<double> values, work;
  const double usual_doubt = fit.board_raw_variance.minCoeff();
  for (Index j = 0; j < fit.board_raw.size(); ++j)
    values.push_back(fit.board_raw(j) *
                     std::sqrt((fit.board_variance + usual_doubt) /
                               (fit.board_variance + fit.board_raw_variance(j))));
  const Centre centre = robust_centre(values, work);
  if (!(centre.scale > 0)) return;
  const double threshold = robust_threshold(boards, seed);
  for (std::size_t board = 0; board < boards; ++board) {
    const double score = (values[board] - centre.middle) / centre.scale;
    if (std::abs(score) <= threshold) continue;
    OutlierBoard one{board,
                     OutlierKind::effect,
                     percent_more(fit.board_raw(static_cast<Index>(board)) - centre.middle),
                     percent_more(centre.scale),
                     std::abs(score),
                     threshold,
                     ""};
    one.sentence = fmt::format(
        "{} uses {:.1f} % {} energy than the middle board at the same settings: {:.1f} robust "
        "standard deviations, where {:.1f} is passed by chance in one of 20 fleets of {} boards.",
        table.boards[board], std::abs(one.percent), one.percent > 0 ? "more" : "less", one.score,
        threshold, boards);
    found.push_back(std::move(one));
  }
}

struct SquareSum {
  double square = 0, freedom = 0;
};

// Of those boards whose spread is above the others': square and freedom of each.
template <typename Say>
void find_wide(const std::vector<SquareSum>& boards, OutlierKind kind, Say say,
               std::vector<OutlierBoard>& found) {
  SquareSum sum;
  std::size_t counted = 0;
  for (const SquareSum& one : boards) {
    if (one.freedom < 1) continue;
    sum.square += one.square, sum.freedom += one.freedom;
    ++counted;
  }
  if (counted < kFewestForSpread) return;
  for (std::size_t board = 0; board < boards.size(); ++board) {
    const SquareSum own = boards[board];
    const SquareSum rest{sum.square - own.square, sum.freedom - own.freedom};
    if (own.freedom < 1 || rest.freedom < 1 || rest.square <= 0) continue;
    const double f = (own.square / own.freedom) / (rest.square / rest.freedom);
    const double alarm = kAlarm / static_cast<double>(counted);
    const double ratio = std::sqrt(f);
    if (ratio < kLeastRatio || fisher_tail(f, own.freedom, rest.freedom) >= alarm) continue;
    const double threshold =
        std::max(kLeastRatio, std::sqrt(fisher_quantile(1 - alarm, own.freedom, rest.freedom)));
    OutlierBoard one{board,
                     kind,
                     percent_more(std::sqrt(own.square / own.freedom)),
                     percent_more(std::sqrt(rest.square / rest.freedom)),
                     ratio,
                     threshold,
                     ""};
    one.sentence = say(one);
    found.push_back(std::move(one));
  }
}

std::string setting_words(const SharedSetting& shared) {
  return shared.baseline.empty() ? to_string(shared.setting) : "'" + shared.baseline + "'";
}

// Where the board lies farthest from its own mean distance.
std::pair<std::size_t, double> farthest(const WithinBoards& within, const BoardFit& fit,
                                        std::size_t board) {
  std::pair<std::size_t, double> result{0, 0};
  const auto column = static_cast<Index>(board);
  for (Index i = 0; i < within.mean.rows(); ++i) {
    if (within.runs(i, column) <= 0) continue;
    const double apart = within.mean(i, column) - fit.setting(i) - fit.board_raw(column);
    if (std::abs(apart) > std::abs(result.second)) result = {static_cast<std::size_t>(i), apart};
  }
  return result;
}

// A setting's mean holds the board's own value, too: 1 - 1 / boards of a square is left. Cells with
// few runs scatter more: they weigh less.
std::vector<SquareSum> profiles(const WithinBoards& within, const BoardFit& fit) {
  std::vector<SquareSum> sums(static_cast<std::size_t>(within.mean.cols()));
  const Eigen::VectorXd of_setting = (within.runs.array() > 0).cast<double>().rowwise().sum();
  const double usual = fit.weight.maxCoeff();
  for (Index j = 0; j < within.mean.cols(); ++j) {
    SquareSum& sum = sums[static_cast<std::size_t>(j)];
    for (Index i = 0; i < within.mean.rows(); ++i) {
      if (within.runs(i, j) <= 0 || of_setting(i) < 2) continue;
      const double apart = within.mean(i, j) - fit.setting(i) - fit.board_raw(j);
      sum.square += fit.weight(i, j) / usual * apart * apart;
      sum.freedom += 1 - 1 / of_setting(i);
    }
    sum.freedom -= 1;
  }
  return sums;
}

}  // namespace

std::string_view name_of(OutlierKind kind) {
  switch (kind) {
    case OutlierKind::effect: return "effect";
    case OutlierKind::interaction: return "profile";
    case OutlierKind::repeatability: return "repeatability";
  }
  return "";
}

double robust_threshold(std::size_t boards, std::uint64_t seed) {
  const std::size_t fleets =
      std::clamp<std::size_t>(20'000 / std::max<std::size_t>(1, boards), 400, 2000);
  Random random(seed_for(seed, "outlier boards"));
  std::vector<double> values(boards), work, largest;
  for (std::size_t n = 0; n < fleets; ++n) {
    for (double& value : values) value = random.normal();
    const Centre centre = robust_centre(values, work);
    double most = 0;
    for (const double value : values) most = std::max(most, std::abs(value - centre.middle));
    largest.push_back(most / centre.scale);
  }
  std::sort(largest.begin(), largest.end());
  return quantile_of(largest, 1 - kAlarm);
}

std::vector<OutlierBoard> outlier_boards(const BoardTable& table, const WithinBoards& within,
                                         const BoardFit& fit, std::uint64_t seed) {
  std::vector<OutlierBoard> found;
  if (!fit.why_absent.empty()) return found;
  find_effects(table, fit, seed, found);
  if (fit.test.freedom >= 1)
    find_wide(
        profiles(within, fit), OutlierKind::interaction,
        [&](const OutlierBoard& one) {
          const auto [setting, apart] = farthest(within, fit, one.board);
          return fmt::format(
              "{} has another profile over the settings: its cells lie {:.1f} % about the "
              "fleet's, the others' {:.1f} %; farthest at {}, {:+.1f} %.",
              table.boards[one.board], one.percent, one.usual,
              setting_words(table.settings[setting]), percent_more(apart));
        },
        found);
  std::vector<SquareSum> errors;
  for (const BoardError& error : within.boards) errors.push_back({error.square, error.freedom});
  find_wide(
      errors, OutlierKind::repeatability,
      [&](const OutlierBoard& one) {
        return fmt::format(
            "{} repeats worse than the others: its runs of a setting spread by {:.1f} %, the "
            "others' by {:.1f} %.",
            table.boards[one.board], one.percent, one.usual);
      },
      found);
  return found;
}

}  // namespace isojoule
