#include "report/leading_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace isojoule {
namespace {

using NetworkAndJob = std::pair<std::string, std::string>;

NetworkAndJob key_of(const Point& point) { return {point.network, to_string(job_of(point))}; }

double cost_of(const Point& point) {
  return energy_per_inference(point).value_or(std::numeric_limits<double>::infinity());
}

class Leading {
 public:
  explicit Leading(const StudySummary& summary) : summary_(summary) {
    for (const Point& point : summary.points)
      batches_[key_of(point)].insert(point.setting.number("batch").value_or(1));
  }

  std::vector<LeadingPoint> take() {
    std::vector<const Minimum*> minima;
    for (const Minimum& minimum : summary_.minima) minima.push_back(&minimum);
    std::stable_sort(minima.begin(), minima.end(), [](const Minimum* a, const Minimum* b) {
      return cost_of(a->best) < cost_of(b->best);
    });
    std::set<NetworkAndJob> first;
    std::vector<const Minimum*> others;
    for (const Minimum* minimum : minima)
      if (first.insert(key_of(minimum->best)).second)
        add(*minimum);
      else
        others.push_back(minimum);
    for (const auto& [key, batches] : batches_)
      if (first.count(key) == 0) add_without_minimum(key);
    for (const Minimum* minimum : others) add(*minimum);
    return std::move(found_);
  }

 private:
  void add(const Minimum& minimum) {
    if (const auto best = index_of(summary_.points, minimum.best)) add(*best, "best");
    if (minimum.comparisons.empty()) return;
    if (const auto other = index_of(summary_.points, minimum.comparisons.front().point))
      add(*other);
  }

  void add_without_minimum(const NetworkAndJob& key) {
    std::optional<std::size_t> best, governors;
    for (std::size_t i = 0; i < summary_.points.size(); ++i) {
      const Point& point = summary_.points[i];
      if (key_of(point) != key) continue;
      auto& place = point.baseline.empty() ? best : governors;
      const bool is_default = point.baseline == "default";
      if (!place ||
          (point.baseline.empty() ? cost_of(point) < cost_of(summary_.points[*place]) : is_default))
        place = i;
    }
    if (best) add(*best, "least energy");
    if (governors) add(*governors);
  }

  void add(std::size_t index, const char* what = "") {
    if (!taken_.insert(index).second) return;
    const Point& point = summary_.points[index];
    std::string label = point.network;
    const auto key = key_of(point);
    if (!key.second.empty()) label += " " + key.second;
    if (batches_[key].size() > 1)
      label += fmt::format(" batch {}", point.setting.number("batch").value_or(1));
    found_.push_back({index, label + ", " + (point.baseline.empty() ? what : point.baseline)});
  }

  const StudySummary& summary_;
  std::map<NetworkAndJob, std::set<double>> batches_;
  std::set<std::size_t> taken_;
  std::vector<LeadingPoint> found_;
};

}  // namespace

std::vector<LeadingPoint> leading_points(const StudySummary& summary) {
  return Leading(summary).take();
}

std::optional<double> energy_per_inference(const Point& point) {
  if (!point.energy_j || !(point.inferences > 0) || !std::isfinite(point.energy_j->value))
    return std::nullopt;
  return point.energy_j->value / point.inferences;
}

std::optional<std::size_t> index_of(const std::vector<Point>& points, const Point& wanted) {
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points[i].network == wanted.network && points[i].baseline == wanted.baseline &&
        points[i].setting == wanted.setting)
      return i;
  return std::nullopt;
}

}  // namespace isojoule
