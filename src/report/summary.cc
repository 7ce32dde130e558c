#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "trace/combine.h"
#include "trace/statistic.h"

namespace isojoule {
namespace {

constexpr double kDefaultVariationPercent = 5;  // Protocol::variation_percent
constexpr const char* kCpu = "cpu_frequency";
constexpr const char* kGpu = "gpu_frequency";

// What a comparison of two means treats differently.
struct Parts {
  double random_j = 0;  // of the mean
  double offset_j = 0, calibration_j = 0;
};

// Of one quantity without a budget, over the repeats of a point. `uncertainty` of the mean, where
// it is not that of the spread.
std::optional<Estimate> estimate_of(const std::vector<double>& values,
                                    std::optional<double> uncertainty = std::nullopt) {
  if (values.empty()) return std::nullopt;
  const double middle = mean_of(values), deviation = deviation_of(values);
  return Estimate{middle,
                  uncertainty.value_or(deviation / std::sqrt(static_cast<double>(values.size()))),
                  middle == 0 ? 0 : 100 * deviation / std::abs(middle),
                  static_cast<std::int64_t>(values.size())};
}

std::optional<Estimate> estimate_of(const Joined& joined) {
  if (!joined.mean.gross.value) return std::nullopt;
  const double middle = joined.mean.gross.value->value();
  return Estimate{middle, joined.mean.gross.uncertainty->value(),
                  middle == 0 ? 0 : 100 * joined.deviation_j / std::abs(middle), joined.count};
}

double cause(const PhaseEnergy& energy, const char* name) {
  const auto found = energy.budget_j.find(name);
  return found == energy.budget_j.end() ? 0 : found->second;
}

// For `factor` of the time, with the same mean power: what is added may be anything from nothing to
// twice as much.
PhaseEnergy stretched(const PhaseEnergy& energy, double factor) {
  PhaseEnergy longer = shared(energy, 1 / factor);
  const double added = energy.gross.value->value() * (factor - 1) / std::sqrt(3.0);
  double& sampling = longer.budget_j["sampling"];
  sampling = std::hypot(sampling, added);
  longer.gross.uncertainty = Joule(std::hypot(longer.gross.uncertainty->value(), added));
  return longer;
}

class PointBuilder {
 public:
  // The run must outlive this.
  void add(const Run& run) {
    point_.runs += 1;
    point_.run_ids.push_back(run.id);
    point_.counters += run.counters;
    point_.failed += run.state == RunState::failed ? 1 : 0;
    point_.throttled += run.state == RunState::throttled ? 1 : 0;
    if (point_.inferences == 0) point_.inferences = static_cast<double>(run.inferences);
    runs_.push_back(&run);
    if (run.state == RunState::complete)
      add_complete(run);
    else if (why_none_.empty())
      why_none_ = run.state == RunState::failed ? "every run failed: " + run.failure
                                                : "the board throttled in every run";
  }

  // As soon as it is known what the readings resolve; nothing: the budget alone decides.
  void look_at_length(const Run& run, const std::optional<Resolution>& resolution) {
    const Phase* inference = run.phase(PhaseKind::inference);
    if (point_.too_short || run.state != RunState::complete || inference == nullptr) return;
    const PhaseEnergy* energy = run.energy(PhaseKind::inference);
    point_.too_short =
        resolution ? too_short(*inference, energy, *resolution) : too_short(*inference, energy);
  }

  Point finish(double variation_percent, Parts& parts) {
    const Joined energy = join_repeats(energies_);
    point_.energy_j = estimate_of(energy);
    // What a broken source or a damaged file told: nothing can be said from it.
    if (point_.energy_j && !std::isfinite(point_.energy_j->value + point_.energy_j->uncertainty)) {
      point_.energy_j.reset();
      point_.why_absent = "an energy of its runs is no finite number";
    }
    if (!net_.empty())
      point_.net_energy_j = estimate_of(net_, energy.mean.net.uncertainty->value());
    point_.latency_s = estimate_of(latency_);
    point_.loading_energy_j = estimate_of(join_repeats(loading_));
    point_.whole_energy_j = estimate_of(join_repeats(whole_));
    if (point_.energy_j) {
      point_.power_w = estimate_of(join_repeats(powers_));
      parts = {energy.random_j, cause(energy.mean, "offset"), cause(energy.mean, "calibration")};
      point_.why_absent.clear();
      if (point_.energy_j->spread_percent > variation_percent)
        point_.counters.add(Counter::spread_high);
      point_.repeats =
          describe_repeats(runs_, RunQuantity::energy, {.criterion_percent = variation_percent});
    } else if (point_.why_absent.empty()) {
      point_.why_absent = why_none_;
    }
    for (auto& [watch, shares] : point_.residency_percent)
      for (auto& [value, percent] : shares) percent /= watched_[watch];
    return std::move(point_);
  }

  Point& point() { return point_; }

 private:
  void add_complete(const Run& run) {
    const Phase* inference = run.phase(PhaseKind::inference);
    if (inference != nullptr) latency_.push_back(inference->duration().value());
    for (const auto& [watch, shares] : run.residency_percent) {
      watched_[watch] += 1;
      for (const auto& [value, percent] : shares) point_.residency_percent[watch][value] += percent;
    }
    add_phases(run);
    const PhaseEnergy* energy = run.energy(PhaseKind::inference);
    if (energy == nullptr || inference == nullptr || !energy->gross.value) {
      if (point_.why_absent.empty())
        point_.why_absent = energy != nullptr && !energy->gross.why_absent.empty()
                                ? energy->gross.why_absent
                                : "the run has no energy of its inference phase";
      return;
    }
    add_energy(*energy, inference->duration().value());
  }

  // A phase between two readings has no energy of its own: where all of these together are next to
  // nothing, they count with the others' mean power.
  void add_phases(const Run& run) {
    constexpr double kLeastCovered = 0.98;  // of the time
    PhaseEnergy loading{}, whole{};
    double seconds = 0, covered = 0;
    bool has_loading = false, all_loading = true;
    for (const Phase& phase : run.phases) {
      if (phase.kind == PhaseKind::idle || phase.kind > PhaseKind::inference) continue;
      const bool loads =
          phase.kind == PhaseKind::load || phase.kind == PhaseKind::graph_initialisation;
      seconds += phase.duration().value();
      const PhaseEnergy* energy = run.energy(phase.kind);
      const bool known = energy != nullptr && energy->gross.value;
      if (loads) all_loading = all_loading && known;
      if (!known) continue;
      has_loading = has_loading || loads;
      covered += phase.duration().value();
      add_phase(whole, *energy);
      if (loads) add_phase(loading, *energy);
    }
    if (has_loading && all_loading) loading_.push_back(loading);
    if (covered <= 0 || covered < kLeastCovered * seconds) return;
    whole_.push_back(stretched(whole, seconds / covered));
  }

  void add_energy(const PhaseEnergy& energy, double seconds) {
    energies_.push_back(energy);
    powers_.push_back(shared(energy, seconds));
    if (energy.net.value) net_.push_back(energy.net.value->value());
  }

  Point point_;
  std::vector<const Run*> runs_;
  std::vector<double> net_, latency_;
  std::vector<PhaseEnergy> energies_, powers_, loading_, whole_;  // of the good runs
  std::map<std::string, double> watched_;                         // runs that watched it
  std::string why_none_;
};

double variation_percent(const StudyInfo& info) {
  const auto protocol = nlohmann::json::parse(info.protocol_json, nullptr, false);
  if (!protocol.is_object()) return kDefaultVariationPercent;
  const auto found = protocol.find("variation_percent");
  return found != protocol.end() && found->is_number() ? found->get<double>()
                                                       : kDefaultVariationPercent;
}

double batch_of(const Point& point) { return point.setting.number("batch").value_or(1); }

// Gain in both energies of a ratio is one factor; the offset is one current in both. A calibration
// is both: what it has in common drops out of the difference of its shares.
Comparison compare(const Point& best, const Parts& best_parts, const Point& baseline,
                   const Parts& parts) {
  const double least = best.energy_j->value, other = baseline.energy_j->value;
  const double ratio = least / other;
  const double offset = best_parts.offset_j / least - parts.offset_j / other;
  const double calibration = best_parts.calibration_j / least - parts.calibration_j / other;
  const double random = std::hypot(best_parts.random_j / least, parts.random_j / other);
  return {baseline.baseline, baseline, 100 * (1 - ratio),
          100 * std::abs(ratio) * std::hypot(random, offset, calibration),
          100 * (best.latency_s->value / baseline.latency_s->value - 1)};
}

// Points of one network at one batch size and job that have an energy, as indexes.
struct Group {
  std::vector<std::size_t> grid, baselines;
};

// A map, not a cross of two sweeps: at least half of all pairs of its clocks.
bool is_swept(const std::vector<Point>& points, const std::vector<std::size_t>& grid) {
  std::set<double> cpu, gpu;
  std::set<std::pair<double, double>> pairs;
  for (const std::size_t i : grid) {
    pairs.emplace(*points[i].setting.number(kCpu), *points[i].setting.number(kGpu));
    cpu.insert(*points[i].setting.number(kCpu));
    gpu.insert(*points[i].setting.number(kGpu));
  }
  return cpu.size() > 1 && gpu.size() > 1 && 2 * pairs.size() >= cpu.size() * gpu.size();
}

Minimum minimum_of(const std::vector<Point>& points, const std::vector<Parts>& parts,
                   const Group& group) {
  const auto energy = [&points](std::size_t i) { return points[i].energy_j->value; };
  const std::size_t best =
      *std::min_element(group.grid.begin(), group.grid.end(),
                        [&](std::size_t a, std::size_t b) { return energy(a) < energy(b); });
  Minimum minimum;
  minimum.network = points[best].network;
  minimum.job = job_of(points[best]);
  minimum.batch = batch_of(points[best]);
  minimum.best = points[best];
  minimum.grid_points = static_cast<std::int64_t>(group.grid.size());
  minimum.within_one_percent =
      std::count_if(group.grid.begin(), group.grid.end(),
                    [&](std::size_t i) { return energy(i) <= 1.01 * energy(best); });
  for (const std::size_t i : group.baselines)
    minimum.comparisons.push_back(compare(points[best], parts[best], points[i], parts[i]));
  // What the board does by itself comes first.
  std::stable_partition(minimum.comparisons.begin(), minimum.comparisons.end(),
                        [](const Comparison& one) { return one.baseline == "default"; });
  return minimum;
}

std::vector<Minimum> minima(const std::vector<Point>& points, const std::vector<Parts>& parts) {
  std::map<std::tuple<std::string, Setting, double>, Group> groups;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point& point = points[i];
    if (!point.energy_j) continue;
    Group& group = groups[{point.network, job_of(point), batch_of(point)}];
    if (!point.baseline.empty())
      group.baselines.push_back(i);
    else if (point.setting.number(kCpu) && point.setting.number(kGpu))
      group.grid.push_back(i);
  }
  std::vector<Minimum> result;
  for (const auto& [key, group] : groups)
    if (is_swept(points, group.grid)) result.push_back(minimum_of(points, parts, group));
  return result;
}

}  // namespace

Setting job_of(const Point& point) {
  Setting job;
  for (const auto& [axis, value] : point.setting.values())
    if (is_engine_axis(axis) && axis != "batch") job.set(axis, value);
  return job;
}

namespace {

// Of the board's sensors as the first complete run with a trace knew them: the same in every run.
std::optional<Resolution> resolution_of(StudyFile& study, const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.state != RunState::complete) continue;
    const auto trace = study.trace(run.id);
    return trace ? isojoule::resolution_of(*trace) : std::nullopt;  // kept of all runs, or of none
  }
  return std::nullopt;
}

bool out_of_memory(const Point& point) {
  return point.failed == point.runs && point.counters[Counter::out_of_memory] > 0;
}

// A batch that does not fit is told with the largest that does, at the same setting otherwise.
void name_what_fits(std::vector<Point>& points) {
  const auto key = [](const Point& point) {
    Setting rest = point.setting;
    rest.erase("batch");
    return std::make_tuple(point.network, point.baseline, std::move(rest));
  };
  std::map<decltype(key(points.front())), double> largest;
  for (const Point& point : points)
    if (point.failed < point.runs) {
      double& batch = largest[key(point)];
      batch = std::max(batch, batch_of(point));
    }
  for (Point& point : points) {
    if (!out_of_memory(point)) continue;
    const auto fits = largest.find(key(point));
    point.why_absent = fmt::format("batch {:.0f} does not fit into memory; ", batch_of(point));
    point.why_absent += fits == largest.end() ? "no batch of the study does"
                                              : fmt::format("batch {:.0f} does", fits->second);
  }
}

}  // namespace

Result<std::shared_ptr<const std::vector<Run>>> runs_of(const StudySummary& summary,
                                                        StudyFile& study) {
  if (summary.runs_read) return summary.runs_read;
  ISOJOULE_TRY(std::vector<Run> runs, study.runs());
  return std::make_shared<const std::vector<Run>>(std::move(runs));
}

Result<StudySummary> summarise(StudyFile& study) {
  ISOJOULE_TRY(const auto shared_runs, runs_of({}, study));
  const std::vector<Run>& runs = *shared_runs;
  std::set<std::pair<std::string, Setting>> profiled;
  StudySummary summary;
  summary.info = study.info();
  summary.runs_read = shared_runs;
  const auto resolution = resolution_of(study, runs);
  std::map<std::tuple<std::string, std::string, Setting>, PointBuilder> builders;
  for (const Run& run : runs) {
    PointBuilder& builder = builders[{run.network, run.baseline, run.setting}];
    builder.point().network = run.network;
    builder.point().baseline = run.baseline;
    builder.point().setting = run.setting;
    builder.add(run);
    builder.look_at_length(run, resolution);
    for (const auto& [key, note] : run.notes)
      if (key.starts_with("calibration ")) summary.calibrations[key].insert(note);
    if (run.state != RunState::complete || run.layers.empty()) continue;
    if (!profiled.emplace(run.network, run.setting).second) continue;
    // Batches are kept apart from the rest of a run, for they are many.
    ISOJOULE_TRY(const Run whole, study.run(run.id));
    summary.profiles.push_back({run.network, run.setting, layer_energies(whole)});
  }
  const double variation = variation_percent(summary.info);
  std::vector<Parts> parts;
  for (auto& [key, builder] : builders) {
    parts.emplace_back();
    summary.points.push_back(builder.finish(variation, parts.back()));
    const Point& point = summary.points.back();
    summary.counters += point.counters;
    summary.runs += point.runs;
    summary.failed += point.failed;
    summary.throttled += point.throttled;
  }
  name_what_fits(summary.points);
  summary.minima = minima(summary.points, parts);
  summary.drift = find_drift(drift_observations(runs, RunQuantity::energy));
  return summary;
}

}  // namespace isojoule
