#include "report/board_rows.h"

#include <filesystem>
#include <map>
#include <set>

#include "report/leading_points.h"
#include "report/summary_json.h"

namespace isojoule {
namespace {

using nlohmann::json;

// Of one inference, from that of a run.
json shared_estimate(const std::optional<Estimate>& of_run, double inferences) {
  if (!of_run || !(inferences > 0)) return nullptr;
  return estimate_json(Estimate{of_run->value / inferences, of_run->uncertainty / inferences,
                                of_run->spread_percent, of_run->count});
}

json row_of(const Point& point, const Comparison* against) {
  json row = {{"network", point.network},
              {"job", to_string(job_of(point))},
              {"batch", point.setting.number("batch").value_or(1)},
              {"setting", to_json(point.setting)},
              {"energy_per_inference_j", shared_estimate(point.energy_j, point.inferences)},
              {"latency_per_inference_s", shared_estimate(point.latency_s, point.inferences)},
              {"baseline", nullptr},
              {"baseline_energy_per_inference_j", nullptr},
              {"saving_percent", nullptr},
              {"saving_uncertainty_percent", nullptr},
              {"why_absent", point.energy_j ? "" : point.why_absent}};
  if (against == nullptr) return row;
  row["baseline"] = against->baseline;
  if (const auto energy = energy_per_inference(against->point))
    row["baseline_energy_per_inference_j"] = *energy;
  row["saving_percent"] = against->saving_percent;
  row["saving_uncertainty_percent"] = against->saving_uncertainty_percent;
  return row;
}

void add_rows(json& rows, const StudySummary& summary, const std::string& name) {
  const auto add = [&](json row) {
    row["study"] = name;
    row["board"] = summary.info.board;
    row["simulated"] = summary.info.simulated;
    rows.push_back(std::move(row));
  };
  std::set<std::size_t> of_minima;
  for (const Minimum& minimum : summary.minima) {
    if (const auto index = index_of(summary.points, minimum.best)) of_minima.insert(*index);
    add(row_of(minimum.best, minimum.comparisons.empty() ? nullptr : &minimum.comparisons.front()));
  }
  for (const LeadingPoint& leading : leading_points(summary)) {
    const Point& point = summary.points[leading.point];
    if (point.baseline.empty() && of_minima.count(leading.point) == 0) add(row_of(point, nullptr));
  }
}

}  // namespace

json board_rows(const StudySummary& summary, const ReportOptions& options) {
  std::map<std::string, int> names;
  ++names[summary.info.name];
  for (const BesideStudy& other : options.beside) ++names[other.summary.info.name];
  const auto name_of = [&](const StudySummary& one, const std::string& path) {
    if (names[one.info.name] < 2 || path.empty()) return one.info.name;
    return one.info.name + " (" + std::filesystem::path(path).filename().string() + ")";
  };
  json rows = json::array();
  add_rows(rows, summary, name_of(summary, options.study_path));
  for (const BesideStudy& other : options.beside)
    add_rows(rows, other.summary, name_of(other.summary, other.path));
  return rows;
}

}  // namespace isojoule
