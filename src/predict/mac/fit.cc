#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "predict/mac/model.h"

#include "trace/statistic.h"

namespace isojoule::mac {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kTiles[] = {1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256};
constexpr double kSamePoint = 0.01;    // relative
constexpr std::size_t kLeastRuns = 4;  // of an operating point, one each slot

using Run = const Observation*;

bool same_clock(double a, double b) {
  return std::abs(a - b) <= kSamePoint * std::max(std::abs(a), std::abs(b));
}
bool same_point(const OperatingPoint& a, const OperatingPoint& b) {
  return same_clock(a.cpu_hz, b.cpu_hz) && same_clock(a.gpu_hz, b.gpu_hz) &&
         same_clock(a.memory_hz, b.memory_hz) && same_clock(a.cores, b.cores);
}

struct PointRuns {
  OperatingPoint point;
  std::vector<Run> runs;
};

bool enough(const PointRuns& point) {
  std::set<double> macs;
  for (const Run run : point.runs) macs.insert(run->work->macs());
  return point.runs.size() >= kLeastRuns && macs.size() >= 2;
}

Result<std::vector<PointRuns>> points_of(Observations observations) {
  std::vector<PointRuns> points;
  for (const Observation& one : observations) {
    auto at = std::find_if(points.begin(), points.end(),
                           [&](const PointRuns& p) { return same_point(p.point, one.point); });
    if (at == points.end()) at = points.insert(points.end(), PointRuns{one.point, {}});
    at->runs.push_back(&one);
  }
  std::erase_if(points, [](const PointRuns& point) { return !enough(point); });
  if (!points.empty()) return points;
  return fail(
      ErrorKind::invalid,
      "the energy of a MAC and that of an inference cannot be told apart: no operating point "
      "has " +
          std::to_string(kLeastRuns) + " runs with different numbers of MACs",
      "Measure further networks or single layers at the same clocks");
}

// Runs of one operating point for the solver; `times`: seconds instead of joules.
LogProblem problem_of(const PointRuns& point, const Modes& modes, bool times) {
  LogProblem problem;
  std::vector<Amounts> amounts;
  std::map<std::string, int> groups;
  problem.log_measured.resize(static_cast<Index>(point.runs.size()));
  std::array<std::vector<double>, kSlots> typical;
  for (std::size_t i = 0; i < point.runs.size(); ++i) {
    const Observation& one = *point.runs[i];
    const double log_cost = std::log(times ? *one.time_s : one.energy_j);
    problem.log_measured[static_cast<Index>(i)] = log_cost;
    problem.kinds.push_back(one.single_layer ? RowKind::layer : RowKind::network);
    const std::string& group = one.group.empty() ? one.network : one.group;
    problem.groups.push_back(
        groups.try_emplace(group, static_cast<int>(groups.size())).first->second);
    amounts.push_back(amounts_of(*one.work, modes));
    for (std::size_t k = 0; k < kSlots; ++k)
      if (amounts.back()[k] > 0) typical[k].push_back(log_cost - std::log(amounts.back()[k]));
  }
  // A share of the runs' median, within a factor of e^2 or so. A slot that no run has: a MAC is as
  // dear as the other kind's, a byte costs nothing that is known.
  constexpr double shares[] = {0.5, 0.3, 0.1, 0.1};
  for (std::size_t k = 0; k < kSlots; ++k) {
    std::size_t from = k;
    if (typical[k].empty() && k == kProduct) from = kConvolution;
    if (typical[k].empty() && k == kConvolution) from = kProduct;
    if (typical[from].empty())
      problem.priors.push_back({-80, 0});
    else
      problem.priors.push_back({median_of(typical[from]) + std::log(shares[k]), 2});
  }
  problem.model = [amounts = std::move(amounts)](const VectorXd& theta, VectorXd& model,
                                                 MatrixXd* jacobian) {
    for (std::size_t i = 0; i < amounts.size(); ++i) {
      const double total = cost_of(amounts[i], theta);
      model[static_cast<Index>(i)] = std::log(std::max(total, std::numeric_limits<double>::min()));
      if (jacobian == nullptr) continue;
      for (Index k = 0; k < kSlots; ++k)
        (*jacobian)(static_cast<Index>(i), k) =
            amounts[i][static_cast<std::size_t>(k)] * std::exp(theta[k]) / total;
    }
  };
  return problem;
}

LogFit fit_point(const PointRuns& point, const Modes& modes, bool times, bool quick) {
  const LogProblem problem = problem_of(point, modes, times);
  const VectorXd middle = prior_start(problem.priors);
  VectorXd still = middle;
  still[kInference] += 2;
  still[kConvolution] -= 1;
  LogFitOptions options;
  options.covariance = !quick;
  if (quick) options.reweightings = 3;
  return fit_logs(problem, {middle, still}, options);
}

double objective_of(const std::vector<PointRuns>& points, const Modes& modes) {
  double sum = 0;
  for (const PointRuns& point : points) sum += fit_point(point, modes, false, true).objective;
  return sum;
}

bool one_known_convolution(const NetworkWork& work) {
  std::size_t known = 0, kernels = 0;
  for (const LayerWork& layer : work.layers) {
    if (layer.work_class == WorkClass::view) continue;
    ++kernels;
    known += amounts_of(layer, work.batch, {})[kConvolution] > 0 && kernels_of(layer) > 0 ? 1 : 0;
  }
  return known == 1 && kernels <= 2;
}

// log(what the padded fit leaves of a single convolution / MACs), each point about its own median.
std::vector<ModePoint> mode_points(const std::vector<PointRuns>& points, const Modes& modes) {
  std::vector<ModePoint> all;
  for (const PointRuns& point : points) {
    const VectorXd theta = fit_point(point, modes, false, true).theta;
    std::vector<ModePoint> here;
    for (const Run run : point.runs) {
      if (!one_known_convolution(*run->work)) continue;
      Amounts rest = amounts_of(*run->work, modes);
      rest[kConvolution] = 0;
      const double own = run->energy_j - cost_of(rest, theta);
      if (!(own > 0.3 * run->energy_j)) continue;  // mostly something else
      for (const LayerWork& layer : run->work->layers)
        if (layer.macs > 0) here.push_back({kernels_of(layer), std::log(own / layer.macs)});
    }
    std::vector<double> values;
    for (const ModePoint& one : here) values.push_back(one.log_cost);
    const double middle = values.empty() ? 0 : median_of(values);
    for (ModePoint& one : here) one.log_cost -= middle;
    all.insert(all.end(), here.begin(), here.end());
  }
  return all;
}

// The tile by its profile; the smallest of those within 2.71 (chi square of one degree, 90 %).
double search_tile(Model& model, const std::vector<PointRuns>& points) {
  std::map<double, double> objectives;
  double best = std::numeric_limits<double>::infinity();
  for (const double tile : kTiles) {
    model.modes.tile = tile;
    best = std::min(best, objectives[tile] = objective_of(points, model.modes));
  }
  model.tile_low = 0;
  for (const auto& [tile, objective] : objectives) {
    if (objective > best + 2.71) continue;
    if (model.tile_low == 0) model.tile_low = tile;
    model.tile_high = tile;
  }
  model.modes.tile = model.tile_low;
  return objectives[model.tile_low];
}

void search_modes(Model& model, const std::vector<PointRuns>& points) {
  const double padded = search_tile(model, points);
  const std::vector<ModePoint> convolutions = mode_points(points, model.modes);
  Modes free = search_ranges(convolutions);
  if (free.bounds.empty()) return;
  const double bic = kBoundPenalty * static_cast<double>(free.bounds.size()) *
                     std::log(static_cast<double>(convolutions.size()));
  if (objective_of(points, free) + bic < padded) model.modes = std::move(free);
}

}  // namespace

Amounts amounts_of(const LayerWork& layer, double batch, const Modes& modes) {
  Amounts amounts{};
  switch (layer.work_class) {
    case WorkClass::convolution:
    case WorkClass::pointwise:
    case WorkClass::depthwise:
      amounts[kConvolution] = layer.macs * modes.factor(kernels_of(layer));
      break;
    case WorkClass::product:
      if (layer.rows > batch)
        amounts[kConvolution] = layer.macs * modes.factor(layer.columns);
      else
        amounts[kProduct] = layer.macs;
      break;
    case WorkClass::stream: amounts[kByte] = layer.bytes(); break;
    case WorkClass::view: break;
  }
  return amounts;
}

Amounts amounts_of(const NetworkWork& work, const Modes& modes) {
  Amounts sum{};
  for (const LayerWork& layer : work.layers) {
    const Amounts one = amounts_of(layer, work.batch, modes);
    for (std::size_t k = 0; k < kSlots; ++k) sum[k] += one[k];
  }
  sum[kInference] = work.batch;
  return sum;
}

double cost_of(const Amounts& amounts, const VectorXd& log_costs) {
  double sum = 0;
  for (std::size_t k = 0; k < kSlots; ++k)
    if (amounts[k] > 0) sum += amounts[k] * std::exp(log_costs[static_cast<Index>(k)]);
  return sum;
}

Result<Model> fit_model(Observations observations) {
  ISOJOULE_TRY(const std::vector<PointRuns> points, points_of(observations));
  Model model;
  bool timed = true;
  model.macs_low = std::numeric_limits<double>::infinity();
  for (const PointRuns& point : points)
    for (const Run run : point.runs) {
      timed = timed && run->time_s.has_value();
      model.macs_low = std::min(model.macs_low, run->work->macs());
      model.macs_high = std::max(model.macs_high, run->work->macs());
      for (const LayerWork& layer : run->work->layers)
        model.kernels_known = model.kernels_known || (layer.macs > 0 && kernels_of(layer) > 0);
    }
  if (model.kernels_known) search_modes(model, points);
  for (const PointRuns& point : points) {
    PointFit fit{point.point,
                 FittedVector(fit_point(point, model.modes, false, false)),
                 {},
                 static_cast<std::int64_t>(point.runs.size())};
    if (timed) fit.time.emplace(fit_point(point, model.modes, true, false));
    model.points.push_back(std::move(fit));
  }
  return model;
}

}  // namespace isojoule::mac
