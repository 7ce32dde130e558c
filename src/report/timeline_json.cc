#include "report/timeline_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "report/column.h"
#include "report/export_parts.h"
#include "report/leading_points.h"
#include "trace/statistic.h"
#include "trace/total.h"

namespace isojoule {
namespace {

using nlohmann::json;

constexpr double kTimeStep_s = 1e-6;
constexpr double kPowerStep_w = 1e-3;

struct Readings {
  std::vector<std::int64_t> time_ns;
  std::vector<double> value;
  void add(std::int64_t time, double number) {
    if (!std::isfinite(number)) return;
    time_ns.push_back(time);
    value.push_back(number);
  }
};

double highest(const Readings& readings) {
  double most = 0;
  for (const double value : readings.value) most = std::max(most, std::abs(value));
  return most;
}

// The finest step in which a power is told.
double power_step(const Readings& readings) {
  const double most = highest(readings);
  if (most <= 0) return kPowerStep_w;
  return std::min(kPowerStep_w, std::pow(10.0, std::floor(std::log10(most / 1000) + 1e-9)));
}

Readings powers_of(const Channel& channel) {
  const ReadingValues values(channel);
  Readings readings;
  readings.time_ns.reserve(channel.time_ns.size());
  readings.value.reserve(channel.time_ns.size());
  for (std::size_t i = 0; i < channel.time_ns.size(); ++i) {
    const auto power = channel.info.kind == ChannelKind::energy_counter ? values.mean_power_w(i)
                                                                        : values.power_w(i);
    if (power) readings.add(channel.time_ns[i], *power);
  }
  return readings;
}

// Between two readings by a straight line; nothing outside of all of them. `at` goes along.
std::optional<double> value_at(const Readings& readings, std::int64_t time, std::size_t& at) {
  const auto& times = readings.time_ns;
  while (at < times.size() && times[at] < time) ++at;
  if (at == times.size()) return std::nullopt;
  if (times[at] == time) return readings.value[at];
  if (at == 0) return std::nullopt;
  const double share =
      static_cast<double>(time - times[at - 1]) / static_cast<double>(times[at] - times[at - 1]);
  return readings.value[at - 1] + share * (readings.value[at] - readings.value[at - 1]);
}

// Beyond the first and the last reading of another rail the nearest one is held for a moment, or
// the ends of every trace would lack a total.
Readings total_of(const std::vector<const Readings*>& rails) {
  Readings total;
  std::vector<std::size_t> places(rails.size());
  for (std::size_t i = 0; i < rails[0]->time_ns.size(); ++i) {
    double sum = rails[0]->value[i];
    for (std::size_t k = 1; k < rails.size(); ++k) {
      const Readings& rail = *rails[k];
      const auto value = value_at(rail, rails[0]->time_ns[i], places[k]);
      sum += value.value_or(places[k] == 0 ? rail.value.front() : rail.value.back());
    }
    total.add(rails[0]->time_ns[i], sum);
  }
  return total;
}

class TimelineMaker {
 public:
  TimelineMaker(const Run& run, const Trace& trace) : run_(run), trace_(trace) { find_span(); }

  json make(std::optional<std::size_t> point, const std::string& label, std::size_t& bytes) {
    add_rails();
    for (const Watch& watch : trace_.watches) add_watch(watch);
    json batches = batches_json();
    bytes += bytes_;
    return {{"run", run_.id},
            {"point", point ? json(*point) : json(nullptr)},
            {"label", label},
            {"duration_s", exact_seconds({end_ns_ - zero_ns_})},
            {"series", std::move(series_)},
            {"phases", phases_json()},
            {"batches", std::move(batches)},
            {"why_absent", ""}};
  }

 private:
  // From the first phase, or the first reading where that is earlier, to the last of either.
  void find_span() {
    bool is_first = true;
    const auto take = [&](std::int64_t from, std::int64_t to) {
      zero_ns_ = is_first ? from : std::min(zero_ns_, from);
      end_ns_ = is_first ? to : std::max(end_ns_, to);
      is_first = false;
    };
    for (const Phase& phase : run_.phases) take(phase.begin.ns, phase.end.ns);
    for (const Channel& channel : trace_.channels)
      if (!channel.time_ns.empty()) take(channel.time_ns.front(), channel.time_ns.back());
    for (const Watch& watch : trace_.watches)
      if (!watch.time_ns.empty()) take(watch.time_ns.front(), watch.time_ns.back());
  }

  std::int64_t microseconds(std::int64_t time_ns) const {
    return (time_ns - zero_ns_ + 500) / 1000;
  }

  PackedColumn times(const std::vector<std::int64_t>& time_ns) {
    std::vector<std::int64_t> steps;
    steps.reserve(time_ns.size());
    for (const std::int64_t time : time_ns) steps.push_back(microseconds(time));
    return pack_column(steps, kTimeStep_s);
  }

  json counted(const PackedColumn& column) {
    bytes_ += column.bytes();
    return to_json(column);
  }

  void add_series(const std::string& name, const char* kind, const char* unit,
                  const Readings& readings, double step) {
    constexpr std::size_t kFrame = 80;  // of its JSON beside the columns
    if (readings.time_ns.empty()) return;
    bytes_ += kFrame + name.size();
    PackedColumn time = times(readings.time_ns);
    const auto same = std::find_if(times_.begin(), times_.end(),
                                   [&](const auto& one) { return one.second == time; });
    json when = same != times_.end() ? json(same->first) : counted(time);
    if (same == times_.end()) times_.emplace_back(series_.size(), std::move(time));
    series_.push_back({{"name", name},
                       {"kind", kind},
                       {"unit", unit},
                       {"time", std::move(when)},
                       {"value", counted(pack_column(readings.value, step))}});
  }

  void add_rails() {
    const std::vector<std::string> parts = rails_in(trace_.total);
    std::vector<Readings> readings;
    readings.reserve(trace_.channels.size());
    for (const Channel& channel : trace_.channels) readings.push_back(powers_of(channel));
    std::vector<const Readings*> summed;
    for (const std::string& part : parts)
      for (std::size_t i = 0; i < readings.size(); ++i)
        if (trace_.channels[i].info.rail == part && !readings[i].time_ns.empty()) {
          summed.push_back(&readings[i]);
          break;
        }
    if (parts.size() > 1 && summed.size() == parts.size()) {
      const Readings total = total_of(summed);
      add_series("total", "total", "W", total, decimal_step(total.value, power_step(total)));
    }
    for (std::size_t i = 0; i < readings.size(); ++i) {
      const std::string& rail = trace_.channels[i].info.rail;
      const bool is_total = parts.size() == 1 && rail == parts[0];
      add_series(rail, is_total ? "total" : "power", "W", readings[i],
                 decimal_step(readings[i].value, power_step(readings[i])));
    }
  }

  void add_watch(const Watch& watch) {
    constexpr double kFinest = 1e-5;  // of the highest
    Readings readings;
    for (std::size_t i = 0; i < watch.value.size(); ++i)
      readings.add(watch.time_ns[i], watch.value[i]);
    const Unit unit = unit_of_axis(watch.name);
    const char* kind = unit == Unit::hertz     ? "clock"
                       : unit == Unit::celsius ? "temperature"
                                               : "other";
    // The kernel tells the memory's activity as the part of its clock that was busy (actmon).
    const bool is_hertz = unit == Unit::hertz || watch.name == "memory_activity";
    const char* sign = is_hertz                ? "Hz"
                       : unit == Unit::celsius ? "\u00b0C"
                       : unit == Unit::watt    ? "W"
                                               : "";
    add_series(watch.name, kind, sign, readings,
               decimal_step(readings.value, kFinest * highest(readings)));
  }

  json phases_json() {
    json phases = json::array();
    for (const Phase& phase : run_.phases)
      phases.push_back({{"name", name_of(phase.kind)},
                        {"begin_s", exact_seconds({phase.begin.ns - zero_ns_})},
                        {"end_s", exact_seconds({phase.end.ns - zero_ns_})}});
    return phases;
  }

  json batches_json() {
    if (run_.batches.empty()) return nullptr;
    std::vector<std::int64_t> begins, ends;
    for (const BatchMark& batch : run_.batches) {
      begins.push_back(batch.begin.ns);
      ends.push_back(batch.end.ns);
    }
    return {{"begin_s", counted(times(begins))}, {"end_s", counted(times(ends))}};
  }

  const Run& run_;
  const Trace& trace_;
  std::int64_t zero_ns_ = 0, end_ns_ = 0;
  json series_ = json::array();
  std::vector<std::pair<std::size_t, PackedColumn>> times_;  // by series
  std::size_t bytes_ = 0;
};

json absent_timeline(std::int64_t run, std::optional<std::size_t> point, const std::string& label,
                     const std::string& why) {
  return {{"run", run},
          {"point", point ? json(*point) : json(nullptr)},
          {"label", label},
          {"duration_s", 0},
          {"series", json::array()},
          {"phases", json::array()},
          {"batches", nullptr},
          {"why_absent", why}};
}

std::optional<double> joules_of(const Run& run) {
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  if (energy == nullptr || !energy->gross.value) return std::nullopt;
  const double joules = energy->gross.value->value();
  return std::isfinite(joules) ? std::optional(joules) : std::nullopt;
}

std::optional<std::size_t> point_of(const StudySummary& summary, std::int64_t run) {
  for (std::size_t i = 0; i < summary.points.size(); ++i) {
    const auto& ids = summary.points[i].run_ids;
    if (std::find(ids.begin(), ids.end(), run) != ids.end()) return i;
  }
  return std::nullopt;
}

// The run that a search calls its best, where it is another than the point's of least energy.
std::optional<std::int64_t> best_of_search(const ReportOptions& options) {
  if (!options.search || options.timelines == ReportOptions::Timelines::none) return std::nullopt;
  const json& best = options.search->at("best");
  if (!best.is_object() || !best.at("run").is_number_integer()) return std::nullopt;
  return best.at("run").get<std::int64_t>();
}

std::string label_of_run(const StudySummary& summary, std::optional<std::size_t> point,
                         std::int64_t run) {
  const std::string number = fmt::format("run {}", run);
  if (!point) return number;
  const Point& of = summary.points[*point];
  return of.network + ", " + (of.baseline.empty() ? "" : of.baseline + ", ") + number;
}

// The points that the options ask for, each with a label.
std::vector<LeadingPoint> wanted_points(const StudySummary& summary, const ReportOptions& options) {
  using Timelines = ReportOptions::Timelines;
  if (options.timelines == Timelines::none) return {};
  std::vector<LeadingPoint> points = leading_points(summary);
  if (options.timelines == Timelines::best) return points;
  std::set<std::size_t> there;
  for (const LeadingPoint& point : points) there.insert(point.point);
  for (std::size_t i = 0; i < summary.points.size(); ++i) {
    if (there.count(i) > 0) continue;
    const Point& point = summary.points[i];
    points.push_back({i, point.network + ", " +
                             (point.baseline.empty() ? to_string(point.setting) : point.baseline)});
  }
  return points;
}

}  // namespace

Result<std::optional<Representative>> representative_of(StudyFile& study, const Point& point,
                                                        const std::vector<Run>& runs) {
  const std::set<std::int64_t> ids(point.run_ids.begin(), point.run_ids.end());
  std::vector<const Run*> complete;
  std::vector<double> energies;
  for (const Run& run : runs) {
    if (run.state != RunState::complete || ids.count(run.id) == 0) continue;
    complete.push_back(&run);
    if (const auto joules = joules_of(run)) energies.push_back(*joules);
  }
  if (!energies.empty()) {
    // Of an even number the lower of the two in the middle: the median of a run, not between two.
    const auto middle = energies.begin() + (std::ssize(energies) - 1) / 2;
    std::nth_element(energies.begin(), middle, energies.end());
    const double median = *middle;
    const auto distance = [median](const Run* run) {
      const auto joules = joules_of(*run);
      return joules ? std::abs(*joules - median) : std::numeric_limits<double>::infinity();
    };
    std::stable_sort(complete.begin(), complete.end(),
                     [&](const Run* a, const Run* b) { return distance(a) < distance(b); });
  }
  for (const Run* run : complete) {
    ISOJOULE_TRY(std::optional<Trace> trace, kept_trace(study, run->id));
    if (!trace) continue;
    ISOJOULE_TRY(Run whole, study.run(run->id));
    return std::optional(Representative{std::move(whole), std::move(*trace)});
  }
  return std::optional<Representative>();
}

nlohmann::json timeline_json(const Run& run, const Trace& trace, std::optional<std::size_t> point,
                             const std::string& label, std::size_t& bytes) {
  return TimelineMaker(run, trace).make(point, label, bytes);
}

Result<nlohmann::json> timelines_json(const StudySummary& summary, StudyFile& study,
                                      const std::vector<Run>& runs, const ReportOptions& options) {
  json list = json::array();
  std::set<std::int64_t> there;
  std::size_t used = 0;
  for (const LeadingPoint& wanted : wanted_points(summary, options)) {
    ISOJOULE_TRY(const auto found, representative_of(study, summary.points[wanted.point], runs));
    if (!found) continue;  // nothing was kept: the page says so where it has no timeline at all
    std::size_t bytes = 0;
    json one = timeline_json(found->run, found->trace, wanted.point, wanted.label, bytes);
    const bool is_asked =
        std::count(options.timeline_runs.begin(), options.timeline_runs.end(), found->run.id) > 0;
    const bool fits = options.timelines == ReportOptions::Timelines::all || is_asked ||
                      used + bytes <= options.timeline_bytes;
    if (fits) {
      used += bytes;
      there.insert(found->run.id);
      list.push_back(std::move(one));
    } else {
      list.push_back(absent_timeline(
          found->run.id, wanted.point, wanted.label,
          fmt::format("its {:.1f} MB would make the report too large; 'isojoule report ... "
                      "--timeline {}' puts them in",
                      static_cast<double>(bytes) / 1e6, found->run.id)));
    }
  }
  std::vector<std::int64_t> asked = options.timeline_runs;
  if (const auto best = best_of_search(options)) {
    const auto point = point_of(summary, *best);
    if (std::none_of(list.begin(), list.end(),
                     [&](const json& one) { return point && one.at("point") == *point; }))
      asked.push_back(*best);
  }
  for (const std::int64_t id : asked) {
    ISOJOULE_CHECK(chosen_runs(study, {id}));
    if (!there.insert(id).second) continue;
    const auto point = point_of(summary, id);
    const std::string label = label_of_run(summary, point, id);
    ISOJOULE_TRY(const Run run, study.run(id));
    ISOJOULE_TRY(const std::optional<Trace> trace, kept_trace(study, id));
    std::size_t bytes = 0;
    list.push_back(trace
                       ? timeline_json(run, *trace, point, label, bytes)
                       : absent_timeline(id, point, label, "the study keeps no trace of the run"));
  }
  return list;
}

}  // namespace isojoule
