#include "report/summary_json.h"

#include <cmath>
#include <unordered_map>

#include "report/board_effects_json.h"
#include "report/board_rows.h"
#include "report/budget_json.h"
#include "report/cumulative_json.h"
#include "report/export_parts.h"
#include "report/leading_points.h"
#include "report/residency_json.h"
#include "report/timeline_json.h"

namespace isojoule {
namespace {

using nlohmann::json;

json to_json(const Counters& counters) {
  json object = json::object();
  for (const CounterInfo& info : all_counters())
    if (const std::uint64_t count = counters[info.counter]; count != 0)
      object[std::string(info.name)] = count;
  return object;
}

json interval_json(const ConfidenceInterval& interval) {
  return {{"low", interval.bounds ? json(interval.bounds->low) : json(nullptr)},
          {"high", interval.bounds ? json(interval.bounds->high) : json(nullptr)},
          {"level", interval.level},
          {"method", interval.method},
          {"note", interval.note}};
}

json to_json(const NamedOutlier& outlier) {
  return {{"run", outlier.run},
          {"sequence", outlier.sequence},
          {"block", outlier.block},
          {"energy_j", outlier.value},
          {"deviation_percent", outlier.deviation_percent},
          {"score", outlier.score},
          {"causes", outlier.causes}};
}

json to_json(const std::optional<RepeatStatistics>& repeats) {
  if (!repeats) return nullptr;
  json outliers = json::array();
  for (const NamedOutlier& outlier : repeats->outliers) outliers.push_back(to_json(outlier));
  return {{"count", repeats->count},
          {"mean_j", repeats->mean},
          {"median_j", repeats->median},
          {"deviation_j", repeats->deviation},
          {"spread_percent", repeats->spread_percent},
          {"farthest_percent", repeats->farthest_percent},
          {"random_u_j", repeats->random},
          {"systematic_u_j", repeats->systematic},
          {"mean_interval_j", interval_json(repeats->mean_interval)},
          {"median_interval_j", interval_json(repeats->median_interval)},
          {"criterion_percent", repeats->criterion_percent},
          {"within_criterion", repeats->within_criterion},
          {"wanted_percent", repeats->wanted_percent},
          {"further_repeats", repeats->further ? json(*repeats->further) : json(nullptr)},
          {"systematic_above_wanted", repeats->systematic_above_wanted},
          {"outliers", std::move(outliers)},
          {"outliers_note", repeats->outliers_note}};
}

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json to_json(const DriftTest& drift) {
  const bool tested = drift.why_absent.empty();
  const auto known = [tested](auto value) { return tested ? json(value) : json(nullptr); };
  return {{"why_absent", drift.why_absent},
          {"shown", known(drift.shown)},
          {"p", known(drift.p)},
          {"level", drift.level},
          {"runs", drift.runs},
          {"settings", drift.settings},
          {"blocks", drift.blocks},
          {"kind", known(drift.is_jump ? "jump" : "trend")},
          {"trend",
           {{"percent_over_study", known(drift.trend_percent)},
            {"percent_low", known(drift.trend_interval.low)},
            {"percent_high", known(drift.trend_interval.high)},
            {"percent_per_hour", or_null(drift.trend_percent_per_hour)},
            {"hours", or_null(drift.hours)},
            {"p", known(drift.trend_p)}}},
          {"jump",
           {{"percent", known(drift.jump_percent)},
            {"sequence", known(drift.jump_sequence)},
            {"block", known(drift.jump_block)},
            {"p", known(drift.jump_p)}}}};
}

json to_json(const TooShort& phase, const Point& point) {
  return {{"duration_s", phase.length.value()},
          {"resolution_s",
           phase.resolution.time > Second(0) ? json(phase.resolution.time.value()) : json(nullptr)},
          {"inferences_needed",
           inferences_needed(phase, std::llround(point.inferences),
                             std::llround(point.setting.number("batch").value_or(1)))}};
}

json to_json(const Point& point) {
  json object = {{"network", point.network},
                 {"baseline", point.baseline.empty() ? json(nullptr) : json(point.baseline)},
                 {"setting", isojoule::to_json(point.setting)},
                 {"job", to_string(job_of(point))},
                 {"energy_j", estimate_json(point.energy_j)},
                 {"why_absent", point.why_absent},
                 {"net_energy_j", estimate_json(point.net_energy_j)},
                 {"power_w", estimate_json(point.power_w)},
                 {"latency_s", estimate_json(point.latency_s)},
                 {"inferences", point.inferences},
                 {"residency_percent", residency_json(point.residency_percent)},
                 {"counters", to_json(point.counters)},
                 {"runs", point.runs},
                 {"failed", point.failed},
                 {"throttled", point.throttled},
                 {"repeats", to_json(point.repeats)}};
  if (json watched = watched_json(point.residency_percent); !watched.empty())
    object["watched"] = std::move(watched);
  if (point.too_short) object["too_short"] = to_json(*point.too_short, point);
  return object;
}

json to_json(const StudyInfo& info) {
  json rails = json::array();
  for (const Rail& rail : info.rails)
    rails.push_back({{"name", rail.name}, {"parent", rail.parent}, {"what", rail.what}});
  // Written by another room; a text that is no JSON is shown as absent rather than refused.
  json protocol = json::parse(info.protocol_json, nullptr, false);
  if (protocol.is_discarded()) protocol = nullptr;
  return {{"name", info.name},
          {"board", info.board},
          {"release", info.release},
          {"engine", info.engine},
          {"program_version", info.program_version},
          {"command", info.command},
          {"created", info.created},
          {"planned_runs", info.planned_runs},
          {"total", info.total},
          {"rails", std::move(rails)},
          {"protocol", std::move(protocol)},
          {"plan_toml", info.plan_toml}};
}

json place_of(const StudySummary& summary, const Point& wanted) {
  const auto index = index_of(summary.points, wanted);
  return index ? json(*index) : json(nullptr);
}

json minima(const StudySummary& summary) {
  json array = json::array();
  for (const Minimum& minimum : summary.minima) {
    json comparisons = json::array();
    for (const Comparison& comparison : minimum.comparisons) {
      // A baseline of no joules or no length is no reference.
      if (!std::isfinite(comparison.saving_percent + comparison.saving_uncertainty_percent +
                         comparison.latency_change_percent))
        continue;
      comparisons.push_back({{"baseline", comparison.baseline},
                             {"point", place_of(summary, comparison.point)},
                             {"saving_percent", comparison.saving_percent},
                             {"saving_uncertainty_percent", comparison.saving_uncertainty_percent},
                             {"latency_change_percent", comparison.latency_change_percent}});
    }
    array.push_back({{"network", minimum.network},
                     {"job", to_string(minimum.job)},
                     {"batch", minimum.batch},
                     {"best", place_of(summary, minimum.best)},
                     {"grid_points", minimum.grid_points},
                     {"within_one_percent", minimum.within_one_percent},
                     {"comparisons", std::move(comparisons)}});
  }
  return array;
}

json joules(const std::optional<Joule>& value) {
  return value ? json(value->value()) : json(nullptr);
}

// Of the best settings and their governors.
json budgets(const StudySummary& summary, const std::vector<Run>& runs) {
  const std::vector<BudgetPoint> points = budget_points(runs);  // in the order of the summary's
  json array = json::array();
  for (const LeadingPoint& leading : leading_points(summary)) {
    if (leading.point >= points.size()) continue;
    json one = point_budget_json(points[leading.point]);
    one["point"] = leading.point;
    array.push_back(std::move(one));
  }
  return array;
}

// Times as `--csv` tells them, to the last digit.
json to_json(const Run& run, const json& point) {
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  const Phase* inference = run.phase(PhaseKind::inference);
  json phases = json::object();
  for (const Phase& phase : run.phases)
    phases[std::string(name_of(phase.kind)) + "_s"] = exact_seconds(phase.end - phase.begin);
  return {
      {"id", run.id},
      {"sequence", run.sequence},
      {"block", run.block},
      {"repeat", run.repeat},
      {"point", point},
      {"state", name_of(run.state)},
      {"failure", run.failure},
      {"energy_j", energy != nullptr ? joules(energy->gross.value) : json(nullptr)},
      {"energy_u_j", energy != nullptr ? joules(energy->gross.uncertainty) : json(nullptr)},
      {"latency_s", inference != nullptr ? json(exact_seconds(inference->end - inference->begin))
                                         : json(nullptr)},
      {"phases", std::move(phases)},
      {"counters", to_json(run.counters)}};
}

json to_json(const ProfiledPoint& profile) {
  json layers = json::array();
  for (const LayerEnergy& row : profile.layers.rows)
    layers.push_back({{"layer", row.layer.name},
                      {"operation", row.layer.operation},
                      {"device", row.layer.device},
                      {"time_s", row.layer.time.value()},
                      {"share", row.share},
                      {"energy_j", joules(row.gross.value)},
                      {"energy_u_j", joules(row.gross.uncertainty)}});
  return {{"network", profile.network},
          {"setting", isojoule::to_json(profile.setting)},
          {"profiler_slowdown", profile.layers.profiler_slowdown},
          {"why_absent", profile.layers.why_absent},
          {"layers", std::move(layers)}};
}

json runs(const std::vector<Point>& points, const std::vector<Run>& list) {
  std::unordered_map<std::int64_t, std::size_t> point_of_run;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (const std::int64_t id : points[i].run_ids) point_of_run[id] = i;
  json array = json::array();
  for (const Run& run : list) {
    const auto found = point_of_run.find(run.id);
    array.push_back(
        to_json(run, found == point_of_run.end() ? json(nullptr) : json(found->second)));
  }
  return array;
}

json raised(const Counters& counters) {
  json array = json::array();
  for (const CounterInfo& info : all_counters())
    if (const std::uint64_t count = counters[info.counter]; count != 0)
      array.push_back({{"name", info.name},
                       {"severity", name_of(info.severity)},
                       {"meaning", info.meaning},
                       {"remedy", info.remedy},
                       {"count", count}});
  return array;
}

}  // namespace

namespace {

// What is told only where it is asked for, or there.
Status add_asked(const StudySummary& summary, StudyFile& study, const std::vector<Run>& list,
                 const ReportOptions& options, json& whole) {
  if (options.timelines != ReportOptions::Timelines::none || !options.timeline_runs.empty()) {
    ISOJOULE_TRY(whole["timelines"], timelines_json(summary, study, list, options));
  }
  if (options.cumulative) {
    ISOJOULE_TRY(json curves, cumulative_json(summary, study, list));
    if (!curves.empty()) whole["cumulative"] = std::move(curves);
  }
  if (options.search) whole["search"] = *options.search;
  if (!options.beside.empty()) whole["boards"] = board_rows(summary, options);
  return {};
}

}  // namespace

json estimate_json(const std::optional<Estimate>& estimate) {
  // A number that is none (a damaged study, a chip that told nonsense) is absent, not a text "nan".
  if (!estimate || !std::isfinite(estimate->value) || !std::isfinite(estimate->uncertainty))
    return nullptr;
  return {
      {"value", estimate->value},
      {"uncertainty", estimate->uncertainty},
      {"spread_percent", std::isfinite(estimate->spread_percent) ? estimate->spread_percent : 0},
      {"count", estimate->count}};
}

json to_json(const Setting& setting) {
  json object = json::object();
  for (const auto& [axis, value] : setting.values()) {
    const auto* number = std::get_if<double>(&value);
    json& place = object[key_with_unit(axis)];
    if (number == nullptr)
      place = std::get<std::string>(value);
    else if (*number == std::trunc(*number) && std::abs(*number) < 9007199254740992.0)  // 2^53
      place = static_cast<std::int64_t>(*number);
    else
      place = *number;
  }
  return object;
}

Result<json> to_json(const StudySummary& summary, StudyFile& study, const ReportOptions& options) {
  ISOJOULE_TRY(const auto read, runs_of(summary, study));
  const std::vector<Run>& list = *read;
  json points = json::array();
  for (const Point& point : summary.points) points.push_back(to_json(point));
  json profiles = json::array();
  for (const ProfiledPoint& profile : summary.profiles) profiles.push_back(to_json(profile));
  json whole = {
      {"schema", kSummarySchema},
      {"generator", "isojoule " + summary.info.program_version},
      {"simulated", summary.info.simulated},
      {"study", to_json(summary.info)},
      {"points", std::move(points)},
      {"minima", minima(summary)},
      {"profiles", std::move(profiles)},
      {"runs", runs(summary.points, list)},
      {"drift", to_json(summary.drift)},
      {"counters", raised(summary.counters)},
      {"totals",
       {{"runs", summary.runs}, {"failed", summary.failed}, {"throttled", summary.throttled}}}};
  if (!summary.calibrations.empty()) whole["calibrations"] = summary.calibrations;
  whole["budgets"] = budgets(summary, list);
  if (const auto effects = board_effects(list); !effects.empty())
    whole["board_effects"] = to_json(effects);
  ISOJOULE_CHECK(add_asked(summary, study, list, options, whole));
  return whole;
}

}  // namespace isojoule
