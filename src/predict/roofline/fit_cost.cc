#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

#include "base/random.h"
#include "predict/roofline/fit.h"
#include "trace/statistic.h"

namespace isojoule::roofline {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Kernels that one pass over the runs may look at; more runs than that are sampled, group by group.
// The search for corners and tiles takes many passes and is content with fewer.
constexpr std::size_t kMostKernels = 30'000, kSearchKernels = 5'000;
constexpr LogFitOptions kQuick{2, 10, false}, kSearch{6, 40, false};
constexpr double kTiles[] = {1, 4, 8, 16, 32, 64, 128};

double geometric_mean(Observations observations, double OperatingPoint::*clock) {
  double sum = 0;
  std::size_t count = 0;
  for (const Observation& one : observations)
    if (one.point.*clock > 0) {
      sum += std::log(one.point.*clock);
      ++count;
    }
  return count == 0 ? 0 : std::exp(sum / static_cast<double>(count));
}

// Where some run does not know a clock, it is taken for constant.
Range spread(Observations observations, double OperatingPoint::*clock, double mean) {
  Range range;
  bool first = true;
  for (const Observation& one : observations) {
    const double value = one.point.*clock > 0 && mean > 0 ? one.point.*clock / mean : 1;
    range.low = first ? value : std::min(range.low, value);
    range.high = first ? value : std::max(range.high, value);
    first = false;
  }
  return range;
}

Range mac_range(Observations observations) {
  Range range{std::numeric_limits<double>::infinity(), 0};
  for (const Observation& one : observations) {
    range.low = std::min(range.low, std::max(1.0, one.work->macs()));
    range.high = std::max(range.high, std::max(1.0, one.work->macs()));
  }
  return range;
}

bool alike(double a, double b) {
  return std::abs(a - b) <= 0.01 * std::max(std::abs(a), std::abs(b));
}

struct Totals {
  double macs, bytes, kernels, batch;
};
Totals totals_of(const NetworkWork& work) {
  return {work.macs(), work.bytes(), work.kernels(), work.batch};
}

Status check_variety(Observations observations) {
  std::set<std::tuple<double, double, double>> different;
  bool proportional = true;
  const Totals first = totals_of(*observations.front().work);
  for (const Observation& one : observations) {
    const Totals t = totals_of(*one.work);
    different.insert({t.macs, t.bytes, t.kernels});
    proportional = proportional && alike(t.macs * first.bytes, first.macs * t.bytes) &&
                   alike(t.macs * first.kernels, first.macs * t.kernels);
  }
  if (different.size() < 3)
    return fail(
        ErrorKind::invalid,
        "too few different networks or layers (" + std::to_string(different.size()) +
            ", 3 at least) to tell the MAC rate from the bandwidth and the cost of a kernel",
        "Measure further networks, single layers or batch sizes");
  if (proportional)
    return fail(ErrorKind::invalid,
                "the MAC rate and the bandwidth cannot be told apart: in all runs MACs, bytes and "
                "kernels grow in proportion",
                "Measure layers or networks of other shapes: few MACs a byte (element by element, "
                "fully connected), and many");
  if (first.macs <= 0 && mac_range(observations).high <= 1)
    return fail(ErrorKind::invalid, "the MAC rate cannot be told: no run has MACs",
                "Measure convolutions or fully connected layers");
  return {};
}

struct Row {
  std::size_t work = 0;
  Relative at;
};

// The runs as the solver takes them, for one frame.
class CostProblem {
 public:
  CostProblem(Observations observations, const Frame& frame) : frame_(frame) {
    std::unordered_map<const NetworkWork*, std::size_t> known;
    problem_.log_measured.resize(static_cast<Index>(observations.size()));
    problem_.groups = group_numbers(observations);
    for (std::size_t i = 0; i < observations.size(); ++i) {
      const Observation& one = observations[i];
      const auto [at, is_new] = known.try_emplace(one.work.get(), works_.size());
      if (is_new) works_.push_back(merged_work(*one.work, frame));
      rows_.push_back({at->second, relative(one.point, frame)});
      problem_.log_measured[static_cast<Index>(i)] =
          std::log(frame.energies ? one.energy_j : *one.time_s);
      problem_.kinds.push_back(one.single_layer ? RowKind::layer : RowKind::network);
    }
    problem_.model = [this](const VectorXd& theta, VectorXd& model, MatrixXd* jacobian) {
      evaluate(theta, model, jacobian);
    };
  }
  CostProblem(const CostProblem&) = delete;
  CostProblem& operator=(const CostProblem&) = delete;

  const LogProblem& problem() const { return problem_; }
  void set_priors(std::vector<Prior> priors) { problem_.priors = std::move(priors); }

  // Median over the runs of measured / amount, 0 where no run has any.
  template <typename Amount>
  double cost_per(Amount amount) const {
    std::vector<double> values;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const double units = amount(works_[rows_[i].work]);
      if (units > 0)
        values.push_back(problem_.log_measured[static_cast<Index>(i)] - std::log(units));
    }
    return values.empty() ? 0 : std::exp(median_of(values));
  }
  template <typename Amount>
  Range range_of(Amount amount) const {
    Range range{std::numeric_limits<double>::infinity(), 0};
    for (const Work& work : works_) {
      range.low = std::min(range.low, amount(work));
      range.high = std::max(range.high, amount(work));
    }
    return range;
  }
  bool any(bool (*is)(const Kernel&)) const {
    return std::any_of(works_.begin(), works_.end(), [&](const Work& work) {
      return std::any_of(work.kernels.begin(), work.kernels.end(), is);
    });
  }

 private:
  void evaluate(const VectorXd& theta, VectorXd& model, MatrixXd* jacobian) const {
    const CostModel costs(frame_, theta);
    VectorXd gradient(kSlots);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      const auto at = static_cast<Index>(i);
      if (jacobian == nullptr) {
        model[at] = std::log(costs.times(works_[row.work], row.at).total());
        continue;
      }
      model[at] = costs.log_total(works_[row.work], row.at, gradient);
      jacobian->row(at) = gradient;
    }
  }

  Frame frame_;
  std::vector<Work> works_;
  std::vector<Row> rows_;
  LogProblem problem_;
};

template <double Kernel::*part>
double total(const Work& work) {
  double sum = 0;
  for (const Kernel& kernel : work.kernels) sum += kernel.count * kernel.*part;
  return sum;
}
double kernels_of(const Work& work) {
  double sum = 0;
  for (const Kernel& kernel : work.kernels) sum += kernel.count;
  return sum;
}

// Weak beliefs: a scale from the runs' medians, within a factor of e^2 or so, classes of work
// within e^0.7 (products alike) or e^1.5 of the convolutions; shares about a half.
std::vector<Prior> priors_of(const CostFit& fit, const CostProblem& problem) {
  std::vector<Prior> priors(kSlots, Prior{kAbsent, 0});
  const bool joules = fit.frame.energies;
  const auto cost = [&](Slot slot, double typical, double share, double deviation) {
    if (typical > 0) priors[slot] = {std::log(typical * share), deviation};
  };
  const double of_kernel = problem.cost_per(kernels_of);
  const auto batch = [](const Work& work) { return work.batch; };
  const auto input = [](const Work& work) { return work.input_bytes; };
  cost(kConvolution, problem.cost_per(total<&Kernel::macs>), 0.3, 2);
  cost(kByte, problem.cost_per(total<&Kernel::bytes>), 0.2, 2);
  cost(kGap, of_kernel, 0.1, 2);
  cost(kInference, problem.cost_per(batch), 0.03, 2);
  priors[kPointwise] = priors[kProduct] = {0, 0.7};
  priors[kDepthwise] = priors[kStream] = {0, 1.5};
  const Range inputs = problem.range_of([](const Work& w) { return w.input_bytes / w.batch; });
  if (inputs.low > 0 && (fit.cpu.varies(1.1) || inputs.varies(1.5)))
    cost(kInput, problem.cost_per(input), 0.03, 2);
  if (problem.range_of(batch).varies(1.5))
    cost(kBatch, problem.cost_per([](const Work&) { return 1.0; }), 0.02, 2);
  if (problem.any([](const Kernel& kernel) { return kernel.fusible; })) priors[kFusion] = {0, 1.5};
  priors[kSerial] = {-3, 0};
  priors[kComputePower] = {0, joules && fit.compute.varies(1.1) ? 1.0 : 0.0};
  priors[kCpuPower] = {
      0, joules && fit.frame.clock != ComputeClock::cpu && fit.cpu.varies(1.1) ? 1.0 : 0.0};
  if (joules) return priors;
  priors[kOverlap] = {0, 1.5};
  if (fit.compute.varies(1.3)) {
    priors[kRequest] = {priors[kByte].mean - 0.7, 1.5};
    if (problem.cost_per(total<&Kernel::operands>) > 0) priors[kReread] = {std::log(0.1), 1.5};
  }
  if (fit.frame.clock == ComputeClock::gpu && fit.cpu.varies(1.1)) cost(kLaunch, of_kernel, 0.3, 2);
  if (fit.frame.clock == ComputeClock::cpu && fit.frame.cores > 0) priors[kSerial] = {-3, 1};
  return priors;
}

LogFit solve(const CostFit& fit, Observations observations, const std::vector<VectorXd>& starts,
             const LogFitOptions& options) {
  CostProblem problem(observations, fit.frame);
  problem.set_priors(priors_of(fit, problem));
  return fit_logs(problem.problem(), starts, options);
}

// The batch is a maximum of two sums, so the fit has several minima: where compute or memory rules,
// where a kernel's gap or its launch does. A short fit from each corner, the best three to go on.
std::vector<VectorXd> good_starts(const CostFit& fit, Observations observations,
                                  const std::vector<VectorXd>& more) {
  CostProblem problem(observations, fit.frame);
  problem.set_priors(priors_of(fit, problem));
  const VectorXd middle = prior_start(problem.problem().priors);
  std::vector<VectorXd> corners = more;
  for (int corner = 0; corner < 8; ++corner) {
    VectorXd start = middle;
    const double compute = (corner & 1) != 0 ? 1 : -1;
    start[kConvolution] += compute;
    start[kByte] -= compute;
    start[kGap] += (corner & 2) != 0 ? 1 : -3;
    start[kLaunch] += (corner & 4) != 0 ? 1 : -2;
    corners.push_back(start);
  }
  std::vector<LogFit> fits;
  for (const VectorXd& corner : corners)
    fits.push_back(fit_logs(problem.problem(), {corner}, kQuick));
  std::sort(fits.begin(), fits.end(),
            [](const LogFit& a, const LogFit& b) { return a.objective < b.objective; });
  std::vector<VectorXd> starts;
  for (std::size_t i = 0; i < fits.size() && i < 3; ++i) starts.push_back(fits[i].theta);
  return starts;
}

bool has_products(Observations observations) {
  return std::any_of(observations.begin(), observations.end(), [](const Observation& one) {
    return std::any_of(one.work->layers.begin(), one.work->layers.end(),
                       [](const LayerWork& layer) { return layer.rows > 0; });
  });
}

// The best of the candidates by the profile of the posterior, the three best of short fits fitted
// longer; those within 2.71 of it (chi square
// of one degree, 90 %) are the set that the runs do not tell apart, of which the smallest is taken.
Range search_tile(CostFit& fit, Observations observations, double Frame::*tile, VectorXd& theta) {
  // Another class's rate can make up for a wrong tile, which is no way back to the right one.
  VectorXd tied = theta;
  tied[kPointwise] = tied[kProduct] = 0;
  std::vector<std::pair<double, double>> ranked;  // objective of a short fit, candidate
  for (const double candidate : kTiles) {
    fit.frame.*tile = candidate;
    ranked.emplace_back(solve(fit, observations, {theta, tied}, kQuick).objective, candidate);
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(3);
  std::map<double, LogFit> fits;
  double best = std::numeric_limits<double>::infinity();
  for (const auto& [short_objective, candidate] : ranked) {
    fit.frame.*tile = candidate;
    const LogFit one = solve(fit, observations, {theta, tied}, kSearch);
    best = std::min(best, one.objective);
    fits.emplace(candidate, one);
  }
  Range set{0, 0};
  for (const auto& [candidate, one] : fits) {
    if (one.objective > best + 2.71) continue;
    if (set.low == 0) {
      set.low = candidate;
      theta = one.theta;
    }
    set.high = candidate;
  }
  fit.frame.*tile = set.low;
  return set;
}

// Every group keeps its share of the runs.
std::vector<Observation> sampled(Observations observations, std::size_t most, std::uint64_t seed) {
  std::size_t kernels = 0;
  for (const Observation& one : observations) kernels += one.work->layers.size();
  std::vector<Observation> kept(observations.begin(), observations.end());
  if (kernels <= most) return kept;
  Random random(seed_for(seed, "roofline"));
  random.shuffle(kept);
  std::stable_sort(kept.begin(), kept.end(),
                   [](const Observation& a, const Observation& b) { return a.group < b.group; });
  const std::size_t every = kernels / most + 1;
  std::vector<Observation> result;
  for (std::size_t i = 0; i < kept.size(); ++i)
    // A group's first always.
    if (i % every == 0 || kept[i].group != kept[i - 1].group) result.push_back(kept[i]);
  return result;
}

std::vector<ComputeClock> clock_candidates(const Frame& frame, const Range& cpu) {
  if (frame.gpu_hz <= 0) return {frame.cpu_hz > 0 ? ComputeClock::cpu : ComputeClock::none};
  // A board with a GPU may still compute on its cores: the job is the same in all runs, not known.
  if (cpu.varies(1.2)) return {ComputeClock::gpu, ComputeClock::cpu};
  return {ComputeClock::gpu};
}

void set_clock(CostFit& fit, Observations observations, ComputeClock clock) {
  fit.frame.clock = clock;
  fit.frame.cores = 0;
  const Range cores = spread(observations, &OperatingPoint::cores, 1);
  if (clock == ComputeClock::cpu && cores.varies(1.01))
    fit.frame.cores = geometric_mean(observations, &OperatingPoint::cores);
  fit.compute = clock == ComputeClock::gpu
                    ? spread(observations, &OperatingPoint::gpu_hz, fit.frame.gpu_hz)
                    : (clock == ComputeClock::cpu ? fit.cpu : Range{});
}

}  // namespace

double Range::outside(double value) const {
  if (value <= 0) return 0;
  return std::max({0.0, std::log(low / value), std::log(value / high)});
}

std::vector<int> group_numbers(Observations observations) {
  std::map<std::string, int> numbers;
  std::vector<int> groups;
  for (const Observation& one : observations) {
    const std::string& name = one.group.empty() ? one.network : one.group;
    groups.push_back(numbers.try_emplace(name, static_cast<int>(numbers.size())).first->second);
  }
  return groups;
}

Result<CostFit> fit_cost(Observations all, const FitOptions& options) {
  std::vector<Observation> timed;
  for (const Observation& one : all)
    if (one.time_s) timed.push_back(one);
  const bool energies = timed.empty();
  const Observations used = energies ? all : Observations(timed);
  ISOJOULE_CHECK(check_variety(used));
  const std::vector<Observation> observations = sampled(used, kMostKernels, options.seed);
  const std::vector<Observation> few = sampled(used, kSearchKernels, options.seed);

  CostFit fit;
  fit.frame.energies = energies;
  fit.frame.cpu_hz = geometric_mean(observations, &OperatingPoint::cpu_hz);
  fit.frame.gpu_hz = geometric_mean(observations, &OperatingPoint::gpu_hz);
  fit.frame.memory_hz = geometric_mean(observations, &OperatingPoint::memory_hz);
  fit.cpu = spread(observations, &OperatingPoint::cpu_hz, fit.frame.cpu_hz);
  fit.memory = spread(observations, &OperatingPoint::memory_hz, fit.frame.memory_hz);
  fit.macs = mac_range(observations);
  fit.tiles_told = has_products(observations);
  if (fit.tiles_told) fit.frame.tile_rows = fit.frame.tile_columns = 16;

  double best = std::numeric_limits<double>::infinity();
  ComputeClock clock = ComputeClock::none;
  VectorXd theta;
  for (const ComputeClock candidate : clock_candidates(fit.frame, fit.cpu)) {
    set_clock(fit, observations, candidate);
    const LogFit one = solve(fit, few, good_starts(fit, few, {}), kQuick);
    if (one.objective >= best) continue;
    best = one.objective;
    clock = candidate;
    theta = one.theta;
  }
  if (theta.size() == 0)
    return fail(ErrorKind::out_of_range, "the roofline has no start with finite numbers",
                "Look at the sizes of the networks, and at the clocks");
  set_clock(fit, observations, clock);
  if (fit.tiles_told) {
    fit.rows_set = search_tile(fit, few, &Frame::tile_rows, theta);
    fit.columns_set = search_tile(fit, few, &Frame::tile_columns, theta);
    const double rows = fit.frame.tile_rows;
    fit.rows_set = search_tile(fit, few, &Frame::tile_rows, theta);
    if (fit.frame.tile_rows != rows)
      fit.columns_set = search_tile(fit, few, &Frame::tile_columns, theta);
  }
  // In the tiles that were found the corners look different.
  fit.fitted = FittedVector(
      solve(fit, observations, {good_starts(fit, few, {theta}).front()}, LogFitOptions{}));
  return fit;
}

}  // namespace isojoule::roofline
