#include "report/board_best.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

using Eigen::Index;

std::vector<std::size_t> swept(const BoardTable& table) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < table.settings.size(); ++i)
    if (table.settings[i].baseline.empty()) places.push_back(i);
  return places;
}

// What is known of setting x board: mean and deviation, given the measurements.
struct KnownInteraction {
  double mean = 0, deviation = 0;
};

class InteractionDraws {
 public:
  InteractionDraws(const BoardTable& table, const WithinBoards& within, const BoardFit& fit,
                   const std::vector<std::size_t>& places)
      : places_(places) {
    known_.resize(table.boards.size() * places.size());
    for (std::size_t board = 0; board < table.boards.size(); ++board)
      for (std::size_t k = 0; k < places.size(); ++k) {
        const auto row = static_cast<Index>(places[k]), column = static_cast<Index>(board);
        const double share = fit.interaction_variance * fit.weight(row, column);  // 0: unmeasured
        known_[board * places.size() + k] = {
            share > 0
                ? share * (within.mean(row, column) - fit.setting(row) - fit.board_effect(column))
                : 0,
            std::sqrt(fit.interaction_variance * std::max(0.0, 1 - share))};
      }
    for (const std::size_t place : places)
      setting_.push_back(
          {fit.setting(static_cast<Index>(place)), fit.setting_u(static_cast<Index>(place))});
  }
  std::size_t size() const { return places_.size(); }
  double mean(std::size_t board, std::size_t k) const {
    return setting_[k].mean + known_[board * size() + k].mean;
  }
  // What all boards share is drawn once a draw.
  void begin(Random& random) {
    drawn_setting_.resize(size());
    for (std::size_t k = 0; k < size(); ++k)
      drawn_setting_[k] = setting_[k].mean + setting_[k].deviation * random.normal();
  }
  double draw(std::size_t board, std::size_t k, Random& random) const {
    const KnownInteraction& known = known_[board * size() + k];
    return drawn_setting_[k] + known.mean + known.deviation * random.normal();
  }

 private:
  const std::vector<std::size_t>& places_;
  std::vector<KnownInteraction> known_, setting_;
  std::vector<double> drawn_setting_;
};

Interval middle_share(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile_of(values, 0.025), quantile_of(values, 0.975)};
}

// One draw after the other of all boards.
void draw_losses(InteractionDraws& draws, std::size_t best, std::size_t boards, std::uint64_t seed,
                 BestOfBoards& result) {
  const std::size_t cells = boards * draws.size();
  const std::size_t count =
      std::clamp<std::size_t>(1'000'000 / std::max<std::size_t>(1, cells), 40, 400);
  Random random(seed_for(seed, "best of boards"));
  std::vector<double> equal, within, median, ninety, most, losses(boards);
  for (std::size_t n = 0; n < count; ++n) {
    draws.begin(random);
    double is_best = 0, is_near = 0;
    for (std::size_t board = 0; board < boards; ++board) {
      double least = 0, own = 0;
      std::size_t place = 0;
      for (std::size_t k = 0; k < draws.size(); ++k) {
        const double value = draws.draw(board, k, random);
        if (k == best) own = value;
        if (k == 0 || value < least) least = value, place = k;
      }
      const double loss = 100 * std::expm1(own - least);
      losses[board] = loss;
      is_best += place == best ? 1 : 0;
      is_near += loss <= kNearPercent ? 1 : 0;
      result.boards[board].loss_percent += loss / static_cast<double>(count);
      if (place == result.boards[board].setting)
        result.boards[board].probability += 1 / static_cast<double>(count);
    }
    std::sort(losses.begin(), losses.end());
    equal.push_back(is_best / static_cast<double>(boards));
    within.push_back(is_near / static_cast<double>(boards));
    median.push_back(quantile_of(losses, 0.5));
    ninety.push_back(quantile_of(losses, 0.9));
    most.push_back(losses.back());
  }
  result.share_best = mean_of(equal);
  result.share_within = mean_of(within);
  result.share_best_interval = middle_share(equal);
  result.share_within_interval = middle_share(within);
  result.loss_median_percent = mean_of(median);
  result.loss_90_percent = mean_of(ninety);
  result.loss_most_percent = mean_of(most);
}

}  // namespace

BestOfBoards best_of_boards(const BoardTable& table, const WithinBoards& within,
                            const BoardFit& fit, std::uint64_t seed) {
  BestOfBoards result;
  const std::vector<std::size_t> places = swept(table);
  if (!fit.why_absent.empty())
    result.why_absent = fit.why_absent;
  else if (places.size() < 2)
    result.why_absent = "fewer than two settings were swept";
  else if (fit.test.freedom < 1)
    result.why_absent = "too few settings were measured on several boards";
  else if (fit.error_in_interaction)
    result.why_absent =
        "no setting was repeated on a board, so a board's own best cannot be told from chance";
  if (!result.why_absent.empty()) return result;

  InteractionDraws draws(table, within, fit, places);
  std::size_t best = 0;
  const auto level = [&](std::size_t k) { return fit.setting(static_cast<Index>(places[k])); };
  const auto doubt = [&](std::size_t k) { return fit.setting_u(static_cast<Index>(places[k])); };
  for (std::size_t k = 1; k < places.size(); ++k)
    if (level(k) < level(best)) best = k;
  result.fleet_best = places[best];
  for (std::size_t k = 0; k < places.size(); ++k)
    result.rivals +=
        k != best && level(k) - level(best) <= 2 * std::hypot(doubt(k), doubt(best)) ? 1 : 0;
  std::vector<std::size_t> own(table.boards.size());
  for (std::size_t board = 0; board < table.boards.size(); ++board) {
    std::size_t least = best;  // of equal ones the fleet's
    for (std::size_t k = 0; k < places.size(); ++k)
      if (draws.mean(board, k) < draws.mean(board, least)) least = k;
    own[board] = least;
    result.boards.push_back({least, 0, 0, false});
  }
  draw_losses(draws, best, table.boards.size(), seed, result);
  for (std::size_t board = 0; board < own.size(); ++board) {
    OwnBest& one = result.boards[board];
    one.setting = places[own[board]];
    one.measured = within.runs(static_cast<Index>(one.setting), static_cast<Index>(board)) > 0;
  }
  return result;
}

}  // namespace isojoule
