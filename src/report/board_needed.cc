#include "report/board_needed.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

using Eigen::Index;

constexpr std::int64_t kMost = 100'000;
constexpr double kWidths[] = {1, 2, 5};
constexpr double kWantedProbability = 0.9;

// Cells with few runs weigh as they do in the mean of 1 / runs.
double usual_repeats(const WithinBoards& within) {
  const double cells = (within.runs.array() > 0).cast<double>().sum();
  const double inverse =
      (within.runs.array() > 0).select(within.runs.array().max(1.0).inverse(), 0.0).sum();
  return cells / inverse;
}

// Settings that can come out as best at all.
std::vector<double> near_best(const BoardTable& table, const BoardFit& fit, double deviation) {
  std::vector<double> levels;
  for (std::size_t i = 0; i < table.settings.size(); ++i)
    if (table.settings[i].baseline.empty()) levels.push_back(fit.setting(static_cast<Index>(i)));
  if (levels.empty()) return levels;
  const double least = *std::min_element(levels.begin(), levels.end());
  std::erase_if(levels, [&](double level) { return level > least + 8 * deviation + 1e-9; });
  for (double& level : levels) level -= least;
  return levels;
}

// How often the best of `boards` boards' mean is within 1 % of a new board's own best.
double probability_near(const std::vector<double>& levels, double interaction, double noise,
                        double boards, std::size_t draws, Random random) {
  const double of_mean = std::isfinite(boards) ? noise / std::sqrt(boards) : 0;
  const double near = std::log1p(kNearPercent / 100);
  std::size_t held = 0;
  for (std::size_t n = 0; n < draws; ++n) {
    double seen = 0, own = 0, least = 0;
    for (std::size_t k = 0; k < levels.size(); ++k) {
      const double mean = levels[k] + of_mean * random.normal();
      const double there = levels[k] + interaction * random.normal();
      if (k == 0 || mean < seen) seen = mean, own = there;
      if (k == 0 || there < least) least = there;
    }
    held += own - least <= near ? 1 : 0;
  }
  return static_cast<double>(held) / static_cast<double>(draws);
}

void look_for_best(const BoardTable& table, const BoardFit& fit, double noise, std::uint64_t seed,
                   BoardsNeeded& needed) {
  const double interaction = std::sqrt(fit.interaction_variance);
  const std::vector<double> levels = near_best(table, fit, std::hypot(noise, interaction));
  if (levels.empty()) {
    needed.best_note = "no setting was swept";
    return;
  }
  const std::size_t draws = std::clamp<std::size_t>(200'000 / levels.size(), 400, 2000);
  // The same numbers for every count of boards: what differs is the boards alone.
  const Random random(seed_for(seed, "boards needed"));
  const auto holds = [&](double boards) {
    return probability_near(levels, interaction, noise, boards, draws, random);
  };
  needed.reach = holds(std::numeric_limits<double>::infinity());
  if (needed.reach < kWantedProbability) return;
  for (const std::int64_t boards :
       {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 100, 200, 500, 1000})
    if (holds(static_cast<double>(boards)) >= kWantedProbability) {
      needed.for_best = boards;
      return;
    }
}

}  // namespace

std::optional<std::int64_t> boards_for(double deviation, double half) {
  const auto enough = [&](std::int64_t n) {
    const auto boards = static_cast<double>(n);
    return student_quantile(0.975, boards - 1) * deviation / std::sqrt(boards) <= half;
  };
  std::int64_t low = 1, high = 2;  // the width falls with n: between the two lies the answer
  while (!enough(high)) {
    if (high > kMost) return std::nullopt;
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const std::int64_t middle = (low + high) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

BoardsNeeded boards_needed(const BoardTable& table, const WithinBoards& within, const BoardFit& fit,
                           std::optional<double> saving_deviation, std::uint64_t seed) {
  BoardsNeeded needed;
  needed.why_absent = fit.why_absent;
  if (!needed.why_absent.empty()) return needed;
  needed.repeats = usual_repeats(within);
  const double cell = fit.interaction_variance + fit.error_variance / needed.repeats;
  const bool apart = fit.interaction.deviation.has_value();
  for (const double percent : kWidths) {
    const double half = std::log1p(percent / 100);
    BoardsFor one{percent, boards_for(std::sqrt(fit.board_variance + cell), half), {}, {}};
    if (apart) one.difference = boards_for(std::sqrt(2 * cell), half);
    if (saving_deviation)
      one.saving = boards_for(*saving_deviation, half);
    else if (apart)
      one.saving = one.difference;
    needed.for_width.push_back(one);
  }
  if (!apart)
    needed.best_note = fit.interaction.note;
  else if (fit.error_in_interaction)
    needed.best_note = "no setting was repeated on a board, so boards cannot be told from chance";
  else
    look_for_best(table, fit, std::sqrt(cell), seed, needed);
  return needed;
}

}  // namespace isojoule
