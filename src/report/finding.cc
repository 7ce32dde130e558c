#include "report/finding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>

#include "report/finding_parts.h"

namespace isojoule {

using namespace finding;  // NOLINT: the parts of this table

namespace {

Finding found_range(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  Finding finding = found(sum / static_cast<double>(values.size()));
  finding.low = *std::min_element(values.begin(), values.end());
  finding.high = *std::max_element(values.begin(), values.end());
  return finding;
}

std::string number(double value) { return to_string(Value(value)); }
std::string network_of(const Claim& claim) {
  return claim.networks.empty() ? std::string() : claim.networks.front();
}

// The same for every batch size that the claim may be of, in its order.
Finding ask_batches(const Claim& claim, Studies studies,
                    const std::function<Finding(const StudySummary&, double batch)>& ask) {
  Finding last = absent("the claim names no batch size");
  for (const double batch : claim.batches) {
    last = ask_board(claim.board, studies,
                     [&](const StudySummary& study) { return ask(study, batch); });
    if (!last.value) continue;
    if (batch != claim.batches.front()) last.note = "at batch size " + number(batch);
    return last;
  }
  return last;
}

std::string job_text(const std::string& network, double batch) {
  return network + " at batch size " + number(batch);
}

const Minimum* minimum_of(const StudySummary& study, const std::string& network, double batch) {
  for (const Minimum& minimum : study.minima)
    if (minimum.network == network && minimum.batch == batch) return &minimum;
  return nullptr;
}

Finding no_map(const std::string& network, double batch) {
  return absent("the study has no energy map of " + job_text(network, batch));
}

const Comparison* comparison_of(const Minimum& minimum, const std::string& baseline) {
  for (const Comparison& comparison : minimum.comparisons)
    if (comparison.baseline == baseline) return &comparison;
  return nullptr;
}

const Point* baseline_point(const StudySummary& study, const std::string& network, double batch,
                            const std::string& baseline) {
  for (const Point& point : study.points)
    if (point.network == network && point.baseline == baseline &&
        point.setting.number("batch") == batch)
      return &point;
  return nullptr;
}

// ---- the energy map ----------------------------------------------------------------------------

Finding of_comparison(const Claim& claim, Studies studies,
                      const std::function<Finding(const Comparison&)>& read) {
  return ask_batches(claim, studies, [&](const StudySummary& study, double batch) {
    const Minimum* minimum = minimum_of(study, network_of(claim), batch);
    if (minimum == nullptr) return no_map(network_of(claim), batch);
    const std::string baseline = claim.baseline.empty() ? "default" : claim.baseline;
    const Comparison* comparison = comparison_of(*minimum, baseline);
    if (comparison == nullptr) return absent("the study has no baseline '" + baseline + "'");
    return read(*comparison);
  });
}

Finding find_saving(const Claim& claim, Studies studies) {
  return of_comparison(claim, studies, [](const Comparison& comparison) {
    return found(comparison.saving_percent, comparison.saving_uncertainty_percent);
  });
}

Finding find_latency_increase(const Claim& claim, Studies studies) {
  return of_comparison(claim, studies, [](const Comparison& comparison) {
    return found(comparison.latency_change_percent);
  });
}

std::set<double> values_of_axis(const StudySummary& study, const std::string& axis) {
  std::set<double> values;
  for (const Point& point : study.points)
    if (const auto value = point.setting.number(axis); value && point.baseline.empty())
      values.insert(*value);
  return values;
}

// The stated clock or its neighbour in the board's table.
Finding find_best_gpu_frequency(const Claim& claim, Studies studies) {
  return ask_batches(claim, studies, [&](const StudySummary& study, double batch) {
    const Minimum* minimum = minimum_of(study, network_of(claim), batch);
    if (minimum == nullptr) return no_map(network_of(claim), batch);
    const auto best = minimum->best.setting.number("gpu_frequency");
    if (!best) return absent("the best point of the map names no GPU frequency");
    Finding finding = found(*best);
    finding.tolerance = 0;
    if (*best == claim.low) return finding;
    const std::set<double> table = values_of_axis(study, "gpu_frequency");
    auto above = table.upper_bound(claim.low);
    auto below = table.lower_bound(claim.low);
    const bool is_above = above != table.end() && *above == *best;
    const bool is_below = below != table.begin() && *std::prev(below) == *best;
    if (is_above || is_below) {
      finding.tolerance = std::abs(*best - claim.low);
      finding.note = "the neighbour of the stated one in the board's table";
    }
    return finding;
  });
}

Finding find_grid_points(const Claim& claim, Studies studies) {
  return ask_board(claim.board, studies, [](const StudySummary& study) {
    if (study.minima.empty()) return absent("the study has no energy map");
    return found(static_cast<double>(study.minima.front().grid_points));
  });
}

Finding find_minimum_energy(const Claim& claim, Studies studies) {
  return ask_batches(claim, studies, [&](const StudySummary& study, double batch) {
    const Minimum* minimum = minimum_of(study, network_of(claim), batch);
    if (minimum == nullptr) return no_map(network_of(claim), batch);
    if (!minimum->best.energy_j) return absent(minimum->best.why_absent);
    return found(minimum->best.energy_j->value, minimum->best.energy_j->uncertainty);
  });
}

// ---- sweeps along one clock --------------------------------------------------------------------

// Grid points of a network and batch at the claim's fixed clocks, by the clock that is not fixed.
std::map<double, const Point*> points_along(const StudySummary& study, const Claim& claim,
                                            double batch) {
  const std::string axis =
      claim.fixed.find("cpu_frequency") != nullptr ? "gpu_frequency" : "cpu_frequency";
  std::map<double, const Point*> points;
  for (const Point& point : study.points) {
    if (point.network != network_of(claim) || !point.baseline.empty()) continue;
    if (point.setting.number("batch") != batch || !has_all(point.setting, claim.fixed)) continue;
    if (const auto value = point.setting.number(axis)) points[*value] = &point;
  }
  return points;
}

Finding find_span(const Claim& claim, Studies studies) {
  return ask_batches(claim, studies, [&](const StudySummary& study, double batch) {
    const auto points = points_along(study, claim, batch);
    std::optional<Estimate> least, most;
    for (const auto& [value, point] : points) {
      const auto estimate = quantity_of(*point, claim.quantity);
      if (!estimate) return absent("a point of the sweep has no " + claim.quantity);
      if (!least || estimate->value < least->value) least = estimate;
      if (!most || estimate->value > most->value) most = estimate;
    }
    if (points.size() < 3 || !least || !most)
      return absent("the study has no sweep of " + job_text(network_of(claim), batch) + " at " +
                    to_string(claim.fixed));
    return found(most->value - least->value, std::hypot(most->uncertainty, least->uncertainty));
  });
}

// Energy of the second batch size under that of the first, at every clock of the sweep.
Finding find_batch_effect(const Claim& claim, Studies studies) {
  if (claim.batches.size() != 2) return absent("the claim does not name two batch sizes");
  return ask_board(claim.board, studies, [&](const StudySummary& study) {
    const auto small = points_along(study, claim, claim.batches[0]);
    const auto large = points_along(study, claim, claim.batches[1]);
    std::vector<double> reductions;
    for (const auto& [value, point] : small) {
      const auto other = large.find(value);
      if (other == large.end() || !point->energy_j || !other->second->energy_j) continue;
      reductions.push_back(100 * (1 - other->second->energy_j->value / point->energy_j->value));
    }
    if (!reductions.empty()) return found_range(reductions);
    return absent("the study has not both batch sizes " + number(claim.batches[0]) + " and " +
                  number(claim.batches[1]) + " of " + network_of(claim) + " at " +
                  to_string(claim.fixed));
  });
}

// ---- governors ---------------------------------------------------------------------------------

// Share of the time at the highest clock of the board.
Finding find_residency(const Claim& claim, Studies studies) {
  return ask_batches(claim, studies, [&](const StudySummary& study, double batch) {
    const std::string baseline = claim.baseline.empty() ? "default" : claim.baseline;
    const Point* point = baseline_point(study, network_of(claim), batch, baseline);
    if (point == nullptr)
      return absent("the study has no baseline '" + baseline + "' of " +
                    job_text(network_of(claim), batch));
    const auto shares = point->residency_percent.find(claim.watch);
    if (shares == point->residency_percent.end() || shares->second.empty())
      return absent("the study did not watch " + claim.watch);
    const std::set<double> table = values_of_axis(study, claim.watch);
    const double highest = table.empty() ? shares->second.rbegin()->first : *table.rbegin();
    const auto share = shares->second.find(highest);
    return found(share == shares->second.end() ? 0.0 : share->second);
  });
}

Finding find_governor_change(const Claim& claim, Studies studies) {
  return ask_batches(claim, studies, [&](const StudySummary& study, double batch) {
    const Point* usual = baseline_point(study, network_of(claim), batch, "default");
    const Point* other = baseline_point(study, network_of(claim), batch, claim.baseline);
    if (usual == nullptr || other == nullptr)
      return absent("the study has not both baselines 'default' and '" + claim.baseline + "' of " +
                    job_text(network_of(claim), batch));
    const auto a = quantity_of(*other, claim.quantity);
    const auto b = quantity_of(*usual, claim.quantity);
    if (!a || !b) return absent("a baseline has no " + claim.quantity);
    return change_percent(*a, *b);
  });
}

// Every baseline but the default and the powersave governor, with energy and power.
std::vector<const Point*> other_governors(const StudySummary& study, const std::string& network,
                                          double batch) {
  std::vector<const Point*> others;
  for (const Point& point : study.points) {
    const bool counts = point.network == network && point.setting.number("batch") == batch &&
                        !point.baseline.empty() && point.baseline != "default" &&
                        point.baseline.find("powersave") == std::string::npos;
    if (counts && point.energy_j && point.power_w && point.latency_s) others.push_back(&point);
  }
  return others;
}

Finding ask_others(
    const Claim& claim, Studies studies,
    const std::function<Finding(const Point& usual, const std::vector<const Point*>&)>& ask) {
  return ask_batches(claim, studies, [&](const StudySummary& study, double batch) {
    const Point* usual = baseline_point(study, network_of(claim), batch, "default");
    const auto others = other_governors(study, network_of(claim), batch);
    if (usual == nullptr || !usual->energy_j || !usual->power_w || !usual->latency_s ||
        others.empty())
      return absent("the study has no energy of the default and other governors for " +
                    job_text(network_of(claim), batch));
    return ask(*usual, others);
  });
}

// How far the energy of the others is from the default's: the farthest.
Finding find_others_within(const Claim& claim, Studies studies) {
  return ask_others(claim, studies,
                    [](const Point& usual, const std::vector<const Point*>& others) {
                      Finding farthest;
                      for (const Point* other : others) {
                        Finding finding = change_percent(*other->energy_j, *usual.energy_j);
                        finding.value = finding.low = finding.high = std::abs(*finding.value);
                        finding.note = "farthest: " + other->baseline;
                        if (!farthest.value || *finding.value > *farthest.value) farthest = finding;
                      }
                      return farthest;
                    });
}

// The other CPU governor that takes the least power.
Finding find_best_other(const Claim& claim, Studies studies) {
  return ask_others(claim, studies,
                    [&](const Point& usual, const std::vector<const Point*>& others) {
                      const Point* best = nullptr;
                      for (const Point* other : others)
                        if (other->baseline.starts_with("cpu ") &&
                            (best == nullptr || other->power_w->value < best->power_w->value))
                          best = other;
                      if (best == nullptr) return absent("the study has no other CPU governor");
                      Finding finding = change_percent(*quantity_of(*best, claim.quantity),
                                                       *quantity_of(usual, claim.quantity));
                      finding.note = best->baseline;
                      return finding;
                    });
}

// ---- all of a study ----------------------------------------------------------------------------

Finding find_spread(const Claim& claim, Studies studies) {
  return ask_board(claim.board, studies, [](const StudySummary& study) {
    Finding widest = absent("the study has no repeats with energy");
    for (const Point& point : study.points)
      if (point.energy_j && point.energy_j->count > 1 &&
          (!widest.value || point.energy_j->spread_percent > *widest.value))
        widest = found(point.energy_j->spread_percent);
    return widest;
  });
}

// Least energy of one board over that of the other, network by network.
Finding find_board_ratio(const Claim& claim, Studies studies) {
  const auto least = [&](const std::string& board, const std::string& network) {
    return ask_board(board, studies, [&](const StudySummary& study) {
      for (const Minimum& minimum : study.minima)
        if (minimum.network == network && minimum.best.energy_j)
          return found(minimum.best.energy_j->value / minimum.best.inferences);
      return absent("the study of " + board + " has no energy map of " + network);
    });
  };
  std::vector<double> ratios;
  std::string names, reason;
  bool simulated = false;
  for (const std::string& network : claim.networks) {
    const Finding one = least(claim.board, network), other = least(claim.other_board, network);
    if (one.value && other.value) {
      ratios.push_back(*one.value / *other.value);
      names += (names.empty() ? "" : ", ") + network;
      simulated = simulated || one.simulated || other.simulated;
    } else if (reason.empty()) {
      reason = one.value ? other.reason : one.reason;
    }
  }
  if (ratios.empty()) return absent(reason);
  Finding finding = found_range(ratios);
  finding.note = "of " + names;
  finding.simulated = simulated;
  return finding;
}

// Tolerances: savings, best clock, spans, batch effect and residency are this project's goal for
// its twins; the others follow the nearest of these.
constexpr std::array<ClaimKind, 15> kKinds = {{
    {"saving", "%", 2, false, "points", find_saving},
    {"latency_increase", "%", 3, false, "points", find_latency_increase},
    {"best_gpu_frequency", "Hz", 0, false, "the stated clock or its neighbour",
     find_best_gpu_frequency},
    {"grid_points", "", 0, false, "exactly", find_grid_points},
    {"minimum_energy", "J", 10, true, "of the claimed", find_minimum_energy},
    {"span", "", 10, true, "of the claimed", find_span},
    {"batch_effect", "%", 3, false, "points", find_batch_effect},
    {"residency", "%", 3, false, "points", find_residency},
    {"governor_change", "%", 3, false, "points", find_governor_change},
    {"others_within", "%", 0, false, "", find_others_within},
    {"best_other", "%", 3, false, "points", find_best_other},
    {"spread", "%", 0, false, "", find_spread},
    {"change", "%", 5, false, "points", find_change},
    {"effect", "%", 5, false, "points", find_effect},
    {"board_ratio", "", 10, true, "of the claimed", find_board_ratio},
}};

}  // namespace

const ClaimKind* find_claim_kind(std::string_view name) {
  for (const ClaimKind& kind : kKinds)
    if (kind.name == name) return &kind;
  return nullptr;
}

std::vector<std::string> claim_kind_names() {
  std::vector<std::string> names;
  for (const ClaimKind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace isojoule
