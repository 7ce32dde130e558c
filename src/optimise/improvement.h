// What a probe of each point would be expected to win, for any goal: expected improvement (J.
// Mockus 1978; D. R. Jones, M. Schonlau, W. J. Welch, J. Global Optim. 13, 1998) of the cost's
// logarithm, times the probability that the limits are met (M. Schonlau 1997).
#pragma once

#include <Eigen/Core>
#include <vector>

#include "optimise/goal.h"
#include "optimise/physics_model.h"

namespace isojoule {

// What a model believes of each metric that the goal needs, in Goal::metrics()'s order.
using MetricViews = std::vector<LogView>;

// Of the logarithm of the cost, to first order in the metrics' deviations, taken as independent.
LogView cost_view(const Goal& goal, const MetricViews& views);
// That all limits are met.
Eigen::VectorXf probability_met(const Goal& goal, const MetricViews& views);
// How far inside of the limits the mean is, as a logarithm; negative: outside. 1 without limits.
Eigen::VectorXf margin_inside(const Goal& goal, const MetricViews& views);
// E[max(0, least - cost)] of logarithms, so as a share of the cost.
Eigen::VectorXf expected_improvement(const LogView& cost, double least);

double normal_density(double z);
double normal_below(double z);

}  // namespace isojoule
