#include "fit.h"

#include <algorithm>
#include <cmath>
#include <nlopt.hpp>

namespace isojoule::twin {
namespace {

double unit_of(const Parameter& p, double value) {
  const double u = p.logarithmic ? std::log(value / p.lower) / std::log(p.upper / p.lower)
                                 : (value - p.lower) / (p.upper - p.lower);
  return std::clamp(u, 0.0, 1.0);
}

double value_of(const Parameter& p, double unit) {
  return p.logarithmic ? p.lower * std::pow(p.upper / p.lower, unit)
                       : p.lower + unit * (p.upper - p.lower);
}

struct Problem {
  Constants constants;
  const std::vector<Parameter>& parameters;
  const Misfit& misfit;
  double best = 1e300;
  std::vector<double> best_point;

  void set(const std::vector<double>& x) {
    for (std::size_t i = 0; i < parameters.size(); ++i)
      *parameter_of(constants, parameters[i].key) = value_of(parameters[i], x[i]);
  }
  double at(const std::vector<double>& x) {
    set(x);
    const double value = misfit(constants);
    if (std::isfinite(value) && value < best) {
      best = value;
      best_point = x;
    }
    return std::isfinite(value) ? value : 1e6;
  }
};

double objective(const std::vector<double>& x, std::vector<double>&, void* data) {
  return static_cast<Problem*>(data)->at(x);
}

void search(nlopt::algorithm algorithm, Problem& problem, double seconds) {
  nlopt::opt search(algorithm, static_cast<unsigned>(problem.parameters.size()));
  search.set_lower_bounds(0);
  search.set_upper_bounds(1);
  search.set_min_objective(objective, &problem);
  search.set_maxtime(seconds);
  search.set_xtol_rel(1e-5);
  if (algorithm == nlopt::LN_SBPLX) search.set_initial_step(0.05);
  std::vector<double> x = problem.best_point;
  double value = 0;
  try {
    search.optimize(x, value);
  } catch (const nlopt::roundoff_limited&) {  // the best point is kept in `problem`
  }
}

}  // namespace

double* parameter_of(Constants& constants, const std::string& key) {
  for (const ConstantField& field : constant_fields())
    if (field.key == key) return &field.of(constants);
  const auto dot = key.find('.');
  const auto network = constants.networks.find(key.substr(0, dot));
  if (network == constants.networks.end()) return nullptr;
  const std::string_view name = std::string_view(key).substr(dot + 1);
  if (name == "kernel_efficiency") return &network->second.kernel_efficiency;
  if (name == "cpu_cycles_per_inference") return &network->second.cpu_cycles_per_inference;
  return nullptr;
}

Constants fit(const Constants& start, const std::vector<Parameter>& parameters,
              const Misfit& misfit, const FitOptions& options) {
  Problem problem{start, parameters, misfit, 1e300, {}};
  std::vector<double> x;
  x.reserve(parameters.size());
  for (const Parameter& p : parameters)
    x.push_back(unit_of(p, *parameter_of(problem.constants, p.key)));
  problem.best_point = x;
  problem.at(x);
  nlopt::srand(options.seed);
  if (options.global) search(nlopt::GN_CRS2_LM, problem, options.seconds * 0.6);
  // Restarted, because the misfit has kinks (governors, tables).
  const double rest = options.global ? options.seconds * 0.4 : options.seconds;
  for (int i = 0; i < 4; ++i) search(nlopt::LN_SBPLX, problem, rest / 4);
  problem.set(problem.best_point);
  return problem.constants;
}

}  // namespace isojoule::twin
