#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

namespace isojoule {
namespace {

constexpr double kDefaultVariationPercent = 5;  // Protocol::variation_percent
constexpr const char* kCpu = "cpu_frequency";
constexpr const char* kGpu = "gpu_frequency";

// The mean of repeats with the two parts of its uncertainty that a comparison treats differently.
struct Parts {
  double random_j = 0;  // of the mean
  double offset_j = 0;
};

// Collects one quantity over the repeats of a point.
class Repeats {
 public:
  void add(double value) { values_.push_back(value); }
  bool empty() const { return values_.empty(); }
  double count() const { return static_cast<double>(values_.size()); }
  double mean() const {
    double sum = 0;
    for (const double value : values_) sum += value;
    return sum / count();
  }
  double deviation() const {  // of one repeat; 0 where there is one
    if (values_.size() < 2) return 0;
    double square = 0;
    const double middle = mean();
    for (const double value : values_) square += (value - middle) * (value - middle);
    return std::sqrt(square / (count() - 1));
  }
  // `common`: systematic uncertainty of each; `random`: of one repeat, from its budget.
  std::optional<Estimate> estimate(double common, double random) const {
    if (empty()) return std::nullopt;
    const double part = std::max(deviation(), random) / std::sqrt(count());
    const double middle = mean();
    return Estimate{middle, std::hypot(common, part),
                    middle == 0 ? 0 : 100 * deviation() / std::abs(middle),
                    static_cast<std::int64_t>(values_.size())};
  }

 private:
  std::vector<double> values_;
};

double cause(const PhaseEnergy& energy, const char* name) {
  const auto found = energy.budget_j.find(name);
  return found == energy.budget_j.end() ? 0 : found->second;
}

// Phases of one run, added up. One sensor measured them: its gain and offset are common to all and
// add up as they are; what else there is adds up as what is independent.
struct PhaseSum {
  double joules = 0, gain = 0, offset = 0, random_square = 0;

  void add(const PhaseEnergy& energy) {
    const double own_gain = cause(energy, "gain"), own_offset = cause(energy, "offset");
    const double all = energy.gross.uncertainty.value_or(Joule(0)).value();
    joules += energy.gross.value->value();
    gain += own_gain;
    offset += own_offset;
    random_square += std::max(0.0, all * all - own_gain * own_gain - own_offset * own_offset);
  }
  // For `factor` of the time, with the same mean power: what is added may be anything from nothing
  // to twice as much.
  void stretch(double factor) {
    const double added = joules * (factor - 1);
    joules += added;
    gain *= factor;
    offset *= factor;
    random_square += added * added / 3;
  }
};

class PhaseSums {
 public:
  void add(const PhaseSum& sum) {
    values_.add(sum.joules);
    gain_ += sum.gain;
    offset_ += sum.offset;
    random_square_ += sum.random_square;
  }
  std::optional<Estimate> estimate() const {
    const double n = std::max(1.0, values_.count());
    return values_.estimate(std::hypot(gain_ / n, offset_ / n), std::sqrt(random_square_ / n));
  }

 private:
  Repeats values_;
  double gain_ = 0, offset_ = 0, random_square_ = 0;
};

class PointBuilder {
 public:
  void add(const Run& run) {
    point_.runs += 1;
    point_.run_ids.push_back(run.id);
    point_.counters += run.counters;
    point_.failed += run.state == RunState::failed ? 1 : 0;
    point_.throttled += run.state == RunState::throttled ? 1 : 0;
    if (point_.inferences == 0) point_.inferences = static_cast<double>(run.inferences);
    if (run.state == RunState::complete)
      add_complete(run);
    else if (why_none_.empty())
      why_none_ = run.state == RunState::failed ? "every run failed: " + run.failure
                                                : "the board throttled in every run";
  }

  Point finish(double variation_percent, Parts& parts) {
    const double n = std::max(1.0, energy_.count());
    const double gain = gain_ / n, offset = offset_ / n, random = std::sqrt(random_square_ / n);
    point_.energy_j = energy_.estimate(std::hypot(gain, offset), random);
    point_.net_energy_j = net_.estimate(net_u_ / std::max(1.0, net_.count()), 0);
    point_.latency_s = latency_.estimate(0, 0);
    point_.loading_energy_j = loading_.estimate();
    point_.whole_energy_j = whole_.estimate();
    if (point_.energy_j) {
      const double seconds = point_.latency_s->value;
      point_.power_w = power_.estimate(std::hypot(gain, offset) / seconds, random / seconds);
      parts = {std::max(energy_.deviation(), random) / std::sqrt(n), offset};
      point_.why_absent.clear();
      if (point_.energy_j->spread_percent > variation_percent)
        point_.counters.add(Counter::spread_high);
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
    if (inference != nullptr) latency_.add(inference->duration().value());
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
    PhaseSum loading, whole;
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
      whole.add(*energy);
      if (loads) loading.add(*energy);
    }
    if (has_loading && all_loading) loading_.add(loading);
    if (covered <= 0 || covered < kLeastCovered * seconds) return;
    whole.stretch(seconds / covered);
    whole_.add(whole);
  }

  void add_energy(const PhaseEnergy& energy, double seconds) {
    energy_.add(energy.gross.value->value());
    power_.add(energy.gross.value->value() / seconds);
    const double gain = cause(energy, "gain"), offset = cause(energy, "offset");
    gain_ += gain;
    offset_ += offset;
    const double all = energy.gross.uncertainty.value_or(Joule(0)).value();
    random_square_ += std::max(0.0, all * all - gain * gain - offset * offset);
    if (!energy.net.value) return;
    net_.add(energy.net.value->value());
    net_u_ += energy.net.uncertainty.value_or(Joule(0)).value();
  }

  Point point_;
  Repeats energy_, net_, power_, latency_;
  PhaseSums loading_, whole_;
  double gain_ = 0, offset_ = 0, random_square_ = 0, net_u_ = 0;
  std::map<std::string, double> watched_;  // runs that watched it
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

// Gain in both energies of a ratio is one factor; the offset is one current in both.
Comparison compare(const Point& best, const Parts& best_parts, const Point& baseline,
                   const Parts& parts) {
  const double least = best.energy_j->value, other = baseline.energy_j->value;
  const double ratio = least / other;
  const double offset = best_parts.offset_j / least - parts.offset_j / other;
  const double random = std::hypot(best_parts.random_j / least, parts.random_j / other);
  return {baseline.baseline, baseline, 100 * (1 - ratio),
          100 * std::abs(ratio) * std::hypot(random, offset),
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

Result<StudySummary> summarise(StudyFile& study) {
  ISOJOULE_TRY(const std::vector<Run> runs, study.runs());
  std::set<std::pair<std::string, Setting>> profiled;
  StudySummary summary;
  summary.info = study.info();
  std::map<std::tuple<std::string, std::string, Setting>, PointBuilder> builders;
  for (const Run& run : runs) {
    PointBuilder& builder = builders[{run.network, run.baseline, run.setting}];
    builder.point().network = run.network;
    builder.point().baseline = run.baseline;
    builder.point().setting = run.setting;
    builder.add(run);
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
  return summary;
}

}  // namespace isojoule
