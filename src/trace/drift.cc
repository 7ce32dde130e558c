#include "trace/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "base/random.h"

namespace isojoule {
namespace {

constexpr double kLeastOrders = 200;
constexpr std::size_t kMostPairs = 2'000'000;  // of runs, for the sizes

// Runs of one setting, as places in the ordered list of observations.
using Places = std::vector<std::size_t>;

// All observations in order, with what the test needs of each.
struct Material {
  std::vector<DriftObservation> runs;  // by sequence
  std::vector<Places> settings;
  std::vector<double> x;          // 0 at the first run, 1 at the last
  std::vector<double> relative;   // value over its setting's median
  std::vector<double> rank;       // within its setting, over n + 1, centred
  std::vector<double> centred_x;  // within its setting
};

// Mid-ranks over n + 1, less one half.
void rank_within(const Places& places, Material& m) {
  Places order = places;
  std::sort(order.begin(), order.end(),
            [&m](std::size_t a, std::size_t b) { return m.runs[a].value < m.runs[b].value; });
  const double n = static_cast<double>(places.size());
  for (std::size_t from = 0; from < order.size();) {
    std::size_t until = from + 1;
    while (until < order.size() && m.runs[order[until]].value == m.runs[order[from]].value) ++until;
    const double rank = (static_cast<double>(from + until) + 1) / 2;
    for (std::size_t i = from; i < until; ++i) m.rank[order[i]] = rank / (n + 1) - 0.5;
    from = until;
  }
}

void fill_setting(const Places& places, Material& m) {
  std::vector<double> values;
  double middle = 0;
  for (const std::size_t i : places) {
    values.push_back(m.runs[i].value);
    middle += m.x[i] / static_cast<double>(places.size());
  }
  const double median = std::abs(median_of(values));
  for (const std::size_t i : places) {
    m.relative[i] = median > 0 ? m.runs[i].value / median : 0;
    m.centred_x[i] = m.x[i] - middle;
  }
  rank_within(places, m);
}

bool has_clock(const std::vector<DriftObservation>& runs) {
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (!runs[i].time_s || (i > 0 && *runs[i].time_s <= *runs[i - 1].time_s)) return false;
  return true;
}

// Only settings with two runs and more.
Material material_of(std::vector<DriftObservation> observations) {
  std::map<std::size_t, std::size_t> counts;
  for (const DriftObservation& one : observations) counts[one.setting] += 1;
  std::erase_if(observations, [&](const auto& one) { return counts[one.setting] < 2; });
  std::stable_sort(observations.begin(), observations.end(),
                   [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  Material m;
  m.runs = std::move(observations);
  const std::size_t n = m.runs.size();
  for (auto* list : {&m.x, &m.relative, &m.rank, &m.centred_x}) list->resize(n);
  const bool clock = has_clock(m.runs);
  const auto at = [&](std::size_t i) {
    return clock ? *m.runs[i].time_s : static_cast<double>(m.runs[i].sequence);
  };
  std::map<std::size_t, Places> settings;
  for (std::size_t i = 0; i < n; ++i) {
    const double length = at(n - 1) - at(0);
    m.x[i] = length > 0 ? (at(i) - at(0)) / length : 0;
    settings[m.runs[i].setting].push_back(i);
  }
  for (auto& [setting, places] : settings) {
    fill_setting(places, m);
    m.settings.push_back(std::move(places));
  }
  return m;
}

double log_of_orders(const Material& m) {
  double sum = 0;
  for (const Places& places : m.settings)
    sum += std::lgamma(static_cast<double>(places.size()) + 1);
  return sum;
}

struct Statistics {
  double trend = 0;
  double jump = 0;             // absolute
  std::size_t jump_place = 0;  // first run after it
};

// A jump within the first or last twentieth of the runs rests on too few of them.
Statistics statistics_of(const Material& m, const std::vector<double>& rank) {
  Statistics result;
  const std::size_t n = rank.size(), margin = std::max<std::size_t>(2, n / 20);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (i >= margin && i + margin <= n) {
      const double before = static_cast<double>(i), after = static_cast<double>(n - i);
      const double size = std::abs(sum) / std::sqrt(before * after);
      if (size > result.jump * (1 + 1e-12)) {
        result.jump = size;
        result.jump_place = i;
      }
    }
    sum += rank[i];
    result.trend += rank[i] * m.centred_x[i];
  }
  return result;
}

// The ranks of each setting dealt out anew among its runs.
void permute(const Material& m, std::vector<double>& rank, Random& random) {
  for (const Places& places : m.settings)
    for (std::size_t i = places.size(); i > 1; --i)
      std::swap(rank[places[i - 1]], rank[places[random.below(i)]]);
}

// For each value the share of all that are as large or larger, itself among them.
std::vector<double> shares_above(const std::vector<double>& values) {
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> shares;
  for (const double value : values) {
    const auto first = std::lower_bound(sorted.begin(), sorted.end(), value - 1e-12 * value);
    shares.push_back(static_cast<double>(sorted.end() - first) /
                     static_cast<double>(sorted.size()));
  }
  return shares;
}

void test(const Material& m, const DriftOptions& options, DriftTest& result) {
  const Statistics measured = statistics_of(m, m.rank);
  std::vector<double> trends = {std::abs(measured.trend)}, jumps = {measured.jump};
  std::vector<double> rank = m.rank;
  Random random(options.seed);
  for (std::size_t i = 0; i < options.permutations; ++i) {
    permute(m, rank, random);
    const Statistics drawn = statistics_of(m, rank);
    trends.push_back(std::abs(drawn.trend));
    jumps.push_back(drawn.jump);
  }
  const std::vector<double> trend_p = shares_above(trends), jump_p = shares_above(jumps);
  result.trend_p = trend_p[0];
  result.jump_p = jump_p[0];
  const double least = std::min(trend_p[0], jump_p[0]);
  std::size_t as_small = 0;
  for (std::size_t i = 0; i < trends.size(); ++i)
    as_small += std::min(trend_p[i], jump_p[i]) <= least ? 1 : 0;
  result.p = static_cast<double>(as_small) / static_cast<double>(trends.size());
  result.shown = result.p < 1 - options.level;
  // Each as the share of the ranks' squares that it explains; p is as small as it gets for both
  // where the drift is clear.
  double square = 0;
  for (const double x : m.centred_x) square += x * x;
  const double by_line = square > 0 ? measured.trend * measured.trend / square : 0;
  const double by_step = measured.jump * measured.jump * static_cast<double>(m.runs.size());
  result.is_jump = by_step > by_line;
  if (measured.jump_place < m.runs.size()) {
    result.jump_sequence = m.runs[measured.jump_place].sequence;
    result.jump_block = m.runs[measured.jump_place].block;
  }
}

// Of every pair of runs of one setting, the earlier first; of so many that a study would not end,
// as many as fit, drawn.
void for_pairs(const Material& m, std::uint64_t seed,
               const std::function<void(std::size_t, std::size_t)>& take) {
  std::size_t all = 0;
  for (const Places& places : m.settings) all += places.size() * (places.size() - 1) / 2;
  if (all <= kMostPairs) {
    for (const Places& places : m.settings)
      for (std::size_t i = 0; i < places.size(); ++i)
        for (std::size_t j = i + 1; j < places.size(); ++j) take(places[i], places[j]);
    return;
  }
  Random random(seed);
  for (const Places& places : m.settings) {
    const double n = static_cast<double>(places.size()), pairs = n * (n - 1) / 2;
    const auto share = static_cast<std::size_t>(
        std::ceil(pairs * static_cast<double>(kMostPairs) / static_cast<double>(all)));
    for (std::size_t k = 0; k < share; ++k) {
      const std::size_t i = random.below(places.size());
      const std::size_t other = random.below(places.size() - 1);
      const std::size_t j = other < i ? other : other + 1;
      take(places[std::min(i, j)], places[std::max(i, j)]);
    }
  }
}

void measure_trend(const Material& m, const DriftOptions& options, DriftTest& result) {
  std::vector<double> slopes;
  for_pairs(m, options.seed, [&](std::size_t i, std::size_t j) {
    if (m.x[j] > m.x[i])
      slopes.push_back(100 * (m.relative[j] - m.relative[i]) / (m.x[j] - m.x[i]));
  });
  if (slopes.empty()) return;
  std::sort(slopes.begin(), slopes.end());
  result.trend_percent = quantile_of(slopes, 0.5);
  double variance = 0, pairs = 0;  // of Kendall's S
  for (const Places& places : m.settings) {
    const double n = static_cast<double>(places.size());
    variance += n * (n - 1) * (2 * n + 5) / 18;
    pairs += n * (n - 1) / 2;
  }
  const double reach = normal_quantile((1 + options.level) / 2) * std::sqrt(variance) / (2 * pairs);
  result.trend_interval = {quantile_of(slopes, std::max(0.0, 0.5 - reach)),
                           quantile_of(slopes, std::min(1.0, 0.5 + reach))};
  if (!has_clock(m.runs)) return;
  result.hours = (*m.runs.back().time_s - *m.runs.front().time_s) / 3600;
  if (*result.hours > 0) result.trend_percent_per_hour = result.trend_percent / *result.hours;
}

void measure_jump(const Material& m, const DriftOptions& options, DriftTest& result) {
  std::vector<double> steps;
  for_pairs(m, options.seed, [&](std::size_t i, std::size_t j) {
    if (m.runs[i].sequence < result.jump_sequence && m.runs[j].sequence >= result.jump_sequence)
      steps.push_back(100 * (m.relative[j] - m.relative[i]));
  });
  if (!steps.empty()) result.jump_percent = median_of(std::move(steps));
}

}  // namespace

DriftTest find_drift(std::vector<DriftObservation> observations, const DriftOptions& options) {
  const Material m = material_of(std::move(observations));
  DriftTest result;
  result.level = options.level;
  std::set<std::int64_t> blocks;
  for (const DriftObservation& run : m.runs) blocks.insert(run.block);
  result.runs = static_cast<std::int64_t>(m.runs.size());
  result.settings = static_cast<std::int64_t>(m.settings.size());
  result.blocks = static_cast<std::int64_t>(blocks.size());
  if (m.settings.empty()) {
    result.why_absent = "no setting was measured twice";
    return result;
  }
  if (log_of_orders(m) < std::log(kLeastOrders)) {
    result.why_absent = fmt::format("{} runs of {} setting{} are too few to show a drift",
                                    result.runs, result.settings, result.settings == 1 ? "" : "s");
    return result;
  }
  test(m, options, result);
  measure_trend(m, options, result);
  measure_jump(m, options, result);
  return result;
}

std::vector<DriftObservation> drift_observations(std::span<const Run> runs, RunQuantity quantity) {
  // Boards lie apart by more than they drift, so each is compared with itself.
  std::map<std::tuple<std::string, std::string, std::string, Setting>, std::size_t> settings;
  std::vector<DriftObservation> observations;
  const bool one_clock = std::all_of(runs.begin(), runs.end(), [&runs](const Run& run) {
    return run.on_board == runs.front().on_board;
  });
  for (const Run& run : runs) {
    const auto value = value_of(run, quantity);
    if (!value) continue;
    const std::size_t setting =
        settings
            .emplace(std::tuple(run.on_board, run.network, run.baseline, run.setting),
                     settings.size())
            .first->second;
    std::optional<double> time_s;
    if (one_clock) time_s = (run.phase(PhaseKind::inference)->begin - Instant{}).seconds().value();
    observations.push_back({setting, run.block, run.sequence, time_s, value->value});
  }
  return observations;
}

}  // namespace isojoule
