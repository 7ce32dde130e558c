#include "report/cumulative_json.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "report/timeline_json.h"
#include "report/window_json.h"
#include "trace/segment.h"
#include "trace/total.h"

namespace isojoule {
namespace {

using nlohmann::json;

double in_millionths(double value) { return std::round(value * 1e6) / 1e6; }

struct CumulativeMark {
  Instant at;
  std::int64_t inferences = 0;
};

// The ends of phases that count, and of batches, thinned; ascending, the begin first.
std::vector<CumulativeMark> marks_of(const Run& run) {
  const Instant begin = zero_of(run);
  std::map<Instant, std::int64_t> marks;
  const auto batches = static_cast<std::int64_t>(run.batches.size());
  std::set<Instant> phase_ends;
  for (const Phase& phase : run.phases)
    if (phase.kind != PhaseKind::idle && phase.kind <= PhaseKind::inference && phase.end > begin)
      phase_ends.insert(phase.end);
  const std::size_t taken = phase_ends.size() + 1;
  const auto room =
      static_cast<std::int64_t>(kMostCumulativeMarks - std::min(taken, kMostCumulativeMarks - 2));
  const std::int64_t step = std::max<std::int64_t>(1, (batches + room - 1) / room);
  for (std::int64_t i = 0; i < batches; ++i) {
    const Instant end = run.batches[static_cast<std::size_t>(i)].end;
    const std::int64_t done = run.inferences * (i + 1) / batches;
    if (((i + 1) % step == 0 || i + 1 == batches) && end > begin) marks[end] = done;
  }
  for (const Instant end : phase_ends) {
    // A phase's end tells of the batches before it.
    const auto before = std::upper_bound(run.batches.begin(), run.batches.end(), end,
                                         [](Instant at, const BatchMark& b) { return at < b.end; });
    const std::int64_t done = before - run.batches.begin();
    marks.emplace(end, batches > 0 ? run.inferences * done / batches : 0);
  }
  std::vector<CumulativeMark> list = {{begin, 0}};
  for (const auto& [at, done] : marks) list.push_back({at, done});
  return list;
}

// Joules from each mark to the next; nothing where a rail of the total has none.
std::vector<std::optional<double>> total_between(const Trace& trace,
                                                 const std::vector<CumulativeMark>& marks) {
  std::vector<Instant> instants;
  for (const CumulativeMark& mark : marks) instants.push_back(mark.at);
  std::vector<std::optional<double>> sums(marks.size() - 1, 0.0);
  const std::vector<std::string> rails = rails_in(trace.total);
  for (const std::string& rail : rails) {
    const auto channel = std::find_if(trace.channels.begin(), trace.channels.end(),
                                      [&](const Channel& one) { return one.info.rail == rail; });
    if (channel == trace.channels.end()) return {};
    const auto parts = energies_between(*channel, instants, trace.period);
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] = sums[i] && parts[i] ? std::optional(*sums[i] + parts[i]->value()) : std::nullopt;
  }
  return rails.empty() ? std::vector<std::optional<double>>() : sums;
}

bool is_compared(const std::string& axis) { return is_engine_axis(axis) && axis != "batch"; }

}  // namespace

std::vector<std::size_t> cumulative_points(const StudySummary& summary) {
  std::map<std::tuple<std::string, std::string, Setting, std::string>, std::set<std::size_t>>
      groups;
  for (std::size_t i = 0; i < summary.points.size(); ++i) {
    const Point& point = summary.points[i];
    if (!point.energy_j) continue;
    for (const auto& [axis, value] : point.setting.values()) {
      if (!is_compared(axis)) continue;
      Setting rest = point.setting;
      rest.erase(axis);
      groups[{point.network, point.baseline, rest, axis}].insert(i);
    }
  }
  std::set<std::size_t> found;
  for (const auto& [key, points] : groups) {
    if (points.size() < 2) continue;
    std::set<std::size_t> with = found;
    with.insert(points.begin(), points.end());
    if (with.size() <= kMostCumulativeCurves) found = std::move(with);
  }
  return {found.begin(), found.end()};
}

nlohmann::json cumulative_curve(const Run& run, const Trace& trace) {
  if (run.phases.empty()) return nullptr;
  const std::vector<CumulativeMark> marks = marks_of(run);
  const auto parts = total_between(trace, marks);
  json time = {0.0}, energy = {0.0}, inferences = {0};
  double joules = 0;
  for (std::size_t i = 0; i < parts.size() && parts[i] && std::isfinite(*parts[i]); ++i) {
    joules += *parts[i];
    time.push_back(in_millionths((marks[i + 1].at - marks[0].at).seconds().value()));
    energy.push_back(in_millionths(joules));
    inferences.push_back(marks[i + 1].inferences);
  }
  if (time.size() < 2) return nullptr;
  return {{"run", run.id},
          {"time_s", std::move(time)},
          {"energy_j", std::move(energy)},
          {"inferences", std::move(inferences)}};
}

Result<nlohmann::json> cumulative_json(const StudySummary& summary, StudyFile& study,
                                       const std::vector<Run>& runs) {
  json list = json::array();
  for (const std::size_t point : cumulative_points(summary)) {
    ISOJOULE_TRY(const auto found, representative_of(study, summary.points[point], runs));
    if (!found) continue;
    json curve = cumulative_curve(found->run, found->trace);
    if (curve.is_null()) continue;
    curve["point"] = point;
    list.push_back(std::move(curve));
  }
  return list;
}

}  // namespace isojoule
