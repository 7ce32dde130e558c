#include "trace/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/random.h"
#include "trace/bootstrap.h"

namespace isojoule {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// Mean over some runs of one setting.
RunValue mean_of_runs(std::span<const ComparedRun> runs) {
  RunValue sum;
  double square = 0;
  for (const ComparedRun& run : runs) {
    sum.value += run.value.value;
    sum.gain += run.value.gain;
    sum.offset += run.value.offset;
    sum.calibration += run.value.calibration;
    square += run.value.random * run.value.random;
  }
  const double n = static_cast<double>(runs.size());
  RunValue mean = scaled(sum, 1 / n);
  mean.random = std::sqrt(square) / n;
  return mean;
}

// One setting's mean in every block.
std::map<std::int64_t, RunValue> by_block(std::span<const ComparedRun> runs) {
  std::map<std::int64_t, std::vector<ComparedRun>> blocks;
  for (const ComparedRun& run : runs) blocks[run.block].push_back(run);
  std::map<std::int64_t, RunValue> means;
  for (const auto& [block, members] : blocks) means[block] = mean_of_runs(members);
  return means;
}

std::vector<ComparedRun> in_blocks(std::span<const ComparedRun> runs,
                                   const std::map<std::int64_t, RunValue>& others) {
  std::vector<ComparedRun> kept;
  for (const ComparedRun& run : runs)
    if (others.count(run.block) > 0) kept.push_back(run);
  return kept;
}

// What is random in the mean of the logarithms of one list: its variance by the spread, with n - 1
// degrees, and what the readings admit beyond it.
struct LogMean {
  double mean = 0;
  std::vector<VariancePart> parts;
};
LogMean log_mean(const std::vector<double>& logs, double admitted_square) {
  const double n = static_cast<double>(logs.size());
  const double deviation = deviation_of(logs);
  const double spread = deviation * deviation / n, admitted = admitted_square / (n * n);
  LogMean result{mean_of(logs), {{spread, n - 1}}};
  if (admitted > spread) result.parts.push_back({admitted - spread, kInfinite});
  return result;
}

double relative_square(const RunValue& value) {
  const double share = value.random / value.value;
  return share * share;
}

double square(double value) { return value * value; }

// Everything common to paired and unpaired.
class Comparer {
 public:
  Comparer(std::span<const ComparedRun> first, std::span<const ComparedRun> second,
           const ComparisonOptions& options)
      : options_(options),
        first_(first.begin(), first.end()),
        second_(second.begin(), second.end()) {
    result_.level = options.level;
    result_.power = options.power;
  }

  SettingComparison compare() {
    if (first_.empty() || second_.empty())
      return unknown("one of the two has no run with this value");
    const auto is_positive = [](const ComparedRun& run) { return run.value.value > 0; };
    if (!std::all_of(first_.begin(), first_.end(), is_positive) ||
        !std::all_of(second_.begin(), second_.end(), is_positive)) {
      tell_means();
      return unknown("a value is not above zero, so that a ratio says nothing");
    }
    const auto first_blocks = by_block(first_), second_blocks = by_block(second_);
    std::vector<std::pair<RunValue, RunValue>> pairs;
    for (const auto& [block, value] : first_blocks)
      if (const auto other = second_blocks.find(block); other != second_blocks.end())
        pairs.emplace_back(value, other->second);
    result_.blocks = options_.may_pair ? static_cast<std::int64_t>(pairs.size()) : 0;
    if (options_.may_pair && pairs.size() >= 2) {
      keep_common(first_blocks, second_blocks);
      tell_means();
      return paired(pairs);
    }
    tell_means();
    return unpaired();
  }

 private:
  SettingComparison unknown(std::string reason) {
    result_.verdict = Difference::unknown;
    result_.reason = std::move(reason);
    return result_;
  }

  void keep_common(const std::map<std::int64_t, RunValue>& first_blocks,
                   const std::map<std::int64_t, RunValue>& second_blocks) {
    const std::size_t all = first_.size() + second_.size();
    first_ = in_blocks(first_, second_blocks);
    second_ = in_blocks(second_, first_blocks);
    result_.left_out = static_cast<std::int64_t>(all - first_.size() - second_.size());
  }

  void tell_means() {
    first_mean_ = mean_of_runs(first_);
    second_mean_ = mean_of_runs(second_);
    result_.first = first_mean_.value;
    result_.second = second_mean_.value;
    result_.difference = result_.first - result_.second;
    if (result_.second != 0) result_.percent = 100 * (result_.first / result_.second - 1);
    result_.first_runs = static_cast<std::int64_t>(first_.size());
    result_.second_runs = static_cast<std::int64_t>(second_.size());
  }

  // Variance of the ratio's logarithm by what is the same in every run.
  double systematic_square() {
    const auto share = [](double part, const RunValue& of) { return part / of.value; };
    const double gain = share(first_mean_.gain, first_mean_),
                 other_gain = share(second_mean_.gain, second_mean_);
    result_.gain_percent = 100 * std::max(gain, other_gain);
    const double offset = share(first_mean_.offset, first_mean_),
                 other_offset = share(second_mean_.offset, second_mean_),
                 calibration = share(first_mean_.calibration, first_mean_),
                 other_calibration = share(second_mean_.calibration, second_mean_);
    if (options_.one_sensor)
      return square(gain - other_gain) + square(offset - other_offset) +
             square(calibration - other_calibration);
    return square(gain) + square(other_gain) + square(offset) + square(other_offset) +
           square(calibration) + square(other_calibration);
  }

  SettingComparison paired(const std::vector<std::pair<RunValue, RunValue>>& pairs) {
    result_.is_paired = true;
    std::vector<double> logs;
    double admitted = 0;
    for (const auto& [a, b] : pairs) {
      logs.push_back(std::log(a.value / b.value));
      admitted += relative_square(a) + relative_square(b);
    }
    const LogMean mean = log_mean(logs, admitted);
    conclude(mean.mean, mean.parts);
    result_.sign_p = sign_test(logs);
    result_.bca = bca_interval(pairs.size(),
                               [&pairs](std::span<const std::size_t> places) {
                                 double a = 0, b = 0;
                                 for (const std::size_t place : places) {
                                   a += pairs[place].first.value;
                                   b += pairs[place].second.value;
                                 }
                                 return 100 * (a / b - 1);
                               },
                               {.level = options_.level,
                                .resamples = options_.resamples,
                                .seed = seed_for(options_.seed, "ratio")});
    return result_;
  }

  SettingComparison unpaired() {
    result_.bca.note = "not paired";
    if (first_.size() < 2 || second_.size() < 2)
      return unknown("fewer than two runs of one of them: their spread is not known");
    std::vector<VariancePart> parts;
    double difference = 0;
    for (const auto& [runs, sign] : {std::pair(&first_, 1.0), std::pair(&second_, -1.0)}) {
      std::vector<double> logs;
      double admitted = 0;
      for (const ComparedRun& run : *runs) {
        logs.push_back(std::log(run.value.value));
        admitted += relative_square(run.value);
      }
      const LogMean mean = log_mean(logs, admitted);
      difference += sign * mean.mean;
      parts.insert(parts.end(), mean.parts.begin(), mean.parts.end());
    }
    conclude(difference, parts);
    return result_;
  }

  // Of the mean logarithm of the ratio and the parts of its variance.
  void conclude(double log_ratio, std::vector<VariancePart> parts) {
    double random = 0;
    for (const VariancePart& part : parts) random += part.variance;
    const double systematic = systematic_square();
    parts.push_back({systematic, kInfinite});
    const double ratio = std::exp(log_ratio), u = std::sqrt(random + systematic);
    result_.percent = 100 * std::expm1(log_ratio);
    result_.random_percent = 100 * ratio * std::sqrt(random);
    result_.systematic_percent = 100 * ratio * std::sqrt(systematic);
    result_.freedom = effective_freedom(parts);
    if (u == 0) {
      unknown("the repeats do not differ at all: their spread is below what can be read");
      return;
    }
    const double t = student_quantile((1 + options_.level) / 2, result_.freedom);
    result_.percent_interval =
        Interval{100 * std::expm1(log_ratio - t * u), 100 * std::expm1(log_ratio + t * u)};
    result_.p = 2 * student_cdf(-std::abs(log_ratio) / u, result_.freedom);
    result_.detectable_percent =
        100 * std::expm1((t + student_quantile(options_.power, result_.freedom)) * u);
    tell_difference();
    result_.verdict = result_.percent_interval->high < 0  ? Difference::less
                      : result_.percent_interval->low > 0 ? Difference::more
                                                          : Difference::not_shown;
  }

  // The ratio's interval at the second's mean. The gain acts on the difference itself.
  void tell_difference() {
    const double low = result_.percent_interval->low / 100 * result_.second,
                 high = result_.percent_interval->high / 100 * result_.second;
    const double middle = result_.percent / 100 * result_.second;
    const double gain = options_.one_sensor ? normal_quantile((1 + options_.level) / 2) *
                                                  result_.gain_percent / 100 * std::abs(middle)
                                            : 0;
    result_.difference = middle;
    result_.difference_interval =
        Interval{middle - std::hypot(middle - low, gain), middle + std::hypot(high - middle, gain)};
  }

  // Share of all turns of signs that give a sum as large.
  double sign_test(const std::vector<double>& logs) const {
    constexpr std::size_t kAllTurns = 14;
    constexpr std::size_t kDrawn = 9999;
    const double measured = std::abs(std::accumulate(logs.begin(), logs.end(), 0.0));
    const double least = measured * (1 - 1e-12);
    const auto sum_of = [&logs](auto is_turned) {
      double sum = 0;
      for (std::size_t i = 0; i < logs.size(); ++i) sum += is_turned(i) ? -logs[i] : logs[i];
      return std::abs(sum);
    };
    std::size_t as_large = 0;
    if (logs.size() <= kAllTurns) {
      const std::size_t turns = std::size_t{1} << logs.size();
      for (std::size_t turn = 0; turn < turns; ++turn)
        as_large += sum_of([turn](std::size_t i) { return (turn >> i & 1U) != 0; }) >= least;
      return static_cast<double>(as_large) / static_cast<double>(turns);
    }
    Random random(seed_for(options_.seed, "signs"));
    for (std::size_t turn = 0; turn < kDrawn; ++turn)
      as_large += sum_of([&random](std::size_t) { return random.below(2) == 1; }) >= least;
    return static_cast<double>(as_large + 1) / static_cast<double>(kDrawn + 1);
  }

  const ComparisonOptions& options_;
  std::vector<ComparedRun> first_, second_;
  RunValue first_mean_, second_mean_;
  SettingComparison result_;
};

}  // namespace

std::string_view name_of(Difference verdict) {
  switch (verdict) {
    case Difference::less: return "less";
    case Difference::more: return "more";
    case Difference::not_shown: return "not_shown";
    case Difference::unknown: return "unknown";
  }
  return "";
}

SettingComparison compare_settings(std::span<const ComparedRun> first,
                                   std::span<const ComparedRun> second,
                                   const ComparisonOptions& options) {
  return Comparer(first, second, options).compare();
}

std::vector<bool> holds_together(std::span<const std::optional<double>> p, double level) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i]) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&p](std::size_t a, std::size_t b) { return *p[a] < *p[b]; });
  std::vector<bool> holds(p.size(), false);
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    if (*p[order[rank]] > (1 - level) / static_cast<double>(order.size() - rank)) break;
    holds[order[rank]] = true;
  }
  return holds;
}

}  // namespace isojoule
