#include "report/board_savings.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace isojoule {
namespace {

struct BothSums {
  double setting = 0, baseline = 0;
  int settings = 0, baselines = 0;
};

double saved_percent(double log_ratio) { return -100 * std::expm1(log_ratio); }

// By board and block.
std::map<std::size_t, std::vector<double>> ratios(const BoardTable& table, std::size_t setting,
                                                  std::size_t baseline) {
  std::map<std::pair<std::size_t, std::int64_t>, BothSums> blocks;
  for (const BoardReading& reading : table.readings) {
    if (reading.setting != setting && reading.setting != baseline) continue;
    BothSums& sums = blocks[{reading.board, reading.block}];
    const bool first = reading.setting == setting;
    (first ? sums.setting : sums.baseline) += reading.log_value;
    (first ? sums.settings : sums.baselines) += 1;
  }
  std::map<std::size_t, std::vector<double>> by_board;
  for (const auto& [key, sums] : blocks)
    if (sums.settings > 0 && sums.baselines > 0)
      by_board[key.first].push_back(sums.setting / sums.settings - sums.baseline / sums.baselines);
  return by_board;
}

void add_spread(const std::map<std::size_t, std::vector<double>>& by_board,
                const std::vector<double>& means, SavingOfBoards& saving) {
  if (means.size() < 2) return;
  const double middle = mean_of(means), deviation = deviation_of(means);
  const auto n = static_cast<double>(means.size());
  const double half = student_quantile(0.975, n - 1) * deviation / std::sqrt(n);
  saving.interval_percent = Interval{saved_percent(middle + half), saved_percent(middle - half)};
  saving.log_deviation = deviation;
  double square = 0, freedom = 0, inverse = 0;
  for (const auto& [board, values] : by_board) {
    const double own = deviation_of(values);
    const auto pairs = static_cast<double>(values.size());
    square += own * own * (pairs - 1);
    freedom += pairs - 1;
    inverse += 1 / pairs;
  }
  if (freedom <= 0) return;
  const double between = deviation * deviation - square / freedom * inverse / n;
  saving.spread_percent = 100 * std::exp(middle) * std::sqrt(std::max(0.0, between));
}

}  // namespace

std::vector<SavingOfBoards> savings_of_boards(const BoardTable& table, std::size_t setting) {
  std::vector<SavingOfBoards> savings;
  for (std::size_t baseline = 0; baseline < table.settings.size(); ++baseline) {
    if (table.settings[baseline].baseline.empty()) continue;
    const auto by_board = ratios(table, setting, baseline);
    if (by_board.empty()) continue;
    SavingOfBoards saving;
    saving.baseline = table.settings[baseline].baseline;
    std::vector<double> means;
    for (const auto& [board, values] : by_board) {
      means.push_back(mean_of(values));
      saving.boards.push_back(
          {board, saved_percent(means.back()), means.back(), std::ssize(values)});
    }
    saving.mean_percent = saved_percent(mean_of(means));
    saving.least_percent = saved_percent(*std::max_element(means.begin(), means.end()));
    saving.most_percent = saved_percent(*std::min_element(means.begin(), means.end()));
    add_spread(by_board, means, saving);
    savings.push_back(std::move(saving));
  }
  return savings;
}

}  // namespace isojoule
