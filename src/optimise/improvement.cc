#include "optimise/improvement.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isojoule {

using Eigen::VectorXf;

double normal_density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI); }
double normal_below(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

namespace {

constexpr float kNoCost = 80;  // of a logarithm: beyond every cost, and a float

}  // namespace

LogView cost_view(const Goal& goal, const MetricViews& views) {
  const std::size_t metrics = goal.cost.metrics().size();
  if (metrics == 1 && goal.cost.text() == name_of(goal.cost.metrics()[0])) return views[0];
  const Eigen::Index count = views.front().mean.size();
  LogView cost{VectorXf(count), VectorXf(count)};
  std::array<double, kMetrics> values{};
  constexpr double step = 1e-3;
  for (Eigen::Index p = 0; p < count; ++p) {
    for (std::size_t m = 0; m < metrics; ++m) values[m] = std::exp(double{views[m].mean[p]});
    const double middle = goal.cost.of(values.data());
    if (!(middle > 0) || !std::isfinite(middle)) {
      // An expression that is no cost there has no logarithm: nothing is expected of it.
      cost.mean[p] = kNoCost;
      cost.sd[p] = 1e-6F;
      continue;
    }
    double variance = 0;
    for (std::size_t m = 0; m < metrics; ++m) {
      const double before = values[m];
      values[m] *= 1 + step;
      const double slope = (goal.cost.of(values.data()) / middle - 1) / step;
      values[m] = before;
      if (std::isfinite(slope)) variance += slope * slope * views[m].sd[p] * views[m].sd[p];
    }
    cost.mean[p] = static_cast<float>(std::log(middle));
    cost.sd[p] = static_cast<float>(std::sqrt(variance));
  }
  return cost;
}

VectorXf probability_met(const Goal& goal, const MetricViews& views) {
  VectorXf product = VectorXf::Ones(views.front().mean.size());
  const std::vector<Metric> metrics = goal.metrics();
  for (const Limit& limit : goal.limits) {
    const auto place = std::find(metrics.begin(), metrics.end(), limit.metric) - metrics.begin();
    const LogView& view = views[static_cast<std::size_t>(place)];
    const double most = std::log(limit.most);
    for (Eigen::Index p = 0; p < product.size(); ++p)
      product[p] *=
          static_cast<float>(normal_below((most - view.mean[p]) / std::max(1e-6F, view.sd[p])));
  }
  return product;
}

VectorXf margin_inside(const Goal& goal, const MetricViews& views) {
  VectorXf least = VectorXf::Ones(views.front().mean.size());
  const std::vector<Metric> metrics = goal.metrics();
  for (const Limit& limit : goal.limits) {
    const auto place = std::find(metrics.begin(), metrics.end(), limit.metric) - metrics.begin();
    const VectorXf& mean = views[static_cast<std::size_t>(place)].mean;
    least = least.cwiseMin((static_cast<float>(std::log(limit.most)) - mean.array()).matrix());
  }
  return least;
}

VectorXf expected_improvement(const LogView& cost, double least) {
  VectorXf gain(cost.mean.size());
  for (Eigen::Index p = 0; p < gain.size(); ++p) {
    const double sd = std::max(1e-6F, cost.sd[p]);
    const double z = (least - cost.mean[p]) / sd;
    gain[p] = z < -8 ? 0.0F : static_cast<float>(sd * (z * normal_below(z) + normal_density(z)));
  }
  return gain;
}

}  // namespace isojoule
