#include "report/finding_parts.h"

#include <cmath>
#include <utility>

namespace isojoule::finding {

Finding absent(std::string reason) {
  Finding finding;
  finding.reason = std::move(reason);
  return finding;
}

Finding found(double value, double uncertainty) {
  Finding finding;
  finding.value = finding.low = finding.high = value;
  finding.uncertainty = uncertainty;
  return finding;
}

Finding ask_board(const std::string& board, Studies studies,
                  const std::function<Finding(const StudySummary&)>& ask) {
  Finding last = absent("no study of " + board + " is given");
  for (const StudySummary* study : studies) {
    if (study->info.board != board) continue;
    Finding finding = ask(*study);
    finding.study = study->info.name;
    finding.simulated = study->info.simulated;
    if (finding.value) return finding;
    last = std::move(finding);
  }
  return last;
}

namespace {

std::optional<Estimate> energy_delay(const Point& point) {
  if (!point.energy_j || !point.latency_s) return std::nullopt;
  const Estimate &energy = *point.energy_j, &latency = *point.latency_s;
  Estimate product = energy;
  product.value = energy.value * latency.value;
  product.uncertainty =
      std::hypot(energy.uncertainty * latency.value, latency.uncertainty * energy.value);
  return product;
}

}  // namespace

std::optional<Estimate> quantity_of(const Point& point, const std::string& quantity) {
  if (quantity == "power") return point.power_w;
  if (quantity == "latency") return point.latency_s;
  if (quantity == "edp") return energy_delay(point);
  if (quantity == "loading_energy") return point.loading_energy_j;
  if (quantity == "whole_energy") return point.whole_energy_j;
  return point.energy_j;
}

Finding change_percent(const Estimate& a, const Estimate& b) {
  const double ratio = a.value / b.value;
  const double relative = std::hypot(a.uncertainty / a.value, b.uncertainty / b.value);
  return found(100 * (ratio - 1), 100 * std::abs(ratio) * relative);
}

bool has_all(const Setting& setting, const Setting& wanted) {
  for (const auto& [axis, value] : wanted.values()) {
    const Value* own = setting.find(axis);
    if (own == nullptr || *own != value) return false;
  }
  return true;
}

namespace {

struct Found {
  const Point* point = nullptr;
  const StudySummary* study = nullptr;
};

// The point with these values that names the fewest others; baselines are none.
Found point_with(const Claim& claim, Studies studies, const Setting& wanted) {
  Found best;
  for (const StudySummary* study : studies) {
    if (study->info.board != claim.board) continue;
    for (const Point& point : study->points) {
      if (claim.networks.empty() || point.network != claim.networks.front()) continue;
      if (!point.baseline.empty() || !has_all(point.setting, wanted)) continue;
      if (best.point == nullptr ||
          point.setting.values().size() < best.point->setting.values().size())
        best = {&point, study};
    }
  }
  return best;
}

Setting joined(const Setting& below, const Setting& above) {
  Setting all = below;
  for (const auto& [axis, value] : above.values()) all.set(axis, value);
  return all;
}

Finding no_point(const Claim& claim, const Setting& wanted) {
  return absent("no study of " + claim.board + " has " +
                (claim.networks.empty() ? std::string("the network") : claim.networks.front()) +
                " at " + to_string(wanted));
}

}  // namespace

Finding find_change(const Claim& claim, Studies studies) {
  const Setting first = joined(claim.fixed, claim.setting);
  const Setting second = joined(claim.fixed, claim.against);
  const Found a = point_with(claim, studies, first), b = point_with(claim, studies, second);
  if (a.point == nullptr) return no_point(claim, first);
  if (b.point == nullptr) return no_point(claim, second);
  const auto value = quantity_of(*a.point, claim.quantity);
  const auto other = quantity_of(*b.point, claim.quantity);
  if (!value || !other || other->value == 0)
    return absent("one of the two settings has no " + claim.quantity);
  Finding finding = change_percent(*value, *other);
  finding.study = a.study->info.name;
  if (a.study != b.study) finding.study += ", " + b.study->info.name;
  finding.simulated = a.study->info.simulated || b.study->info.simulated;
  return finding;
}

Finding find_effect(const Claim& claim, Studies studies) {
  return ask_board(claim.board, studies, [&](const StudySummary& study) {
    std::optional<Estimate> least, most;
    int points = 0;
    for (const Point& point : study.points) {
      if (claim.networks.empty() || point.network != claim.networks.front()) continue;
      if (!point.baseline.empty() || !has_all(point.setting, claim.fixed)) continue;
      if (point.setting.find(claim.axis) == nullptr) continue;
      const auto value = quantity_of(point, claim.quantity);
      if (!value) return absent("a point along " + claim.axis + " has no " + claim.quantity);
      ++points;
      if (!least || value->value < least->value) least = value;
      if (!most || value->value > most->value) most = value;
    }
    if (points < 2)
      return absent("the study has not two values of " + claim.axis + " at " +
                    to_string(claim.fixed));
    Finding finding = change_percent(*least, *most);
    finding.value = finding.low = finding.high = -*finding.value;
    return finding;
  });
}

}  // namespace isojoule::finding
