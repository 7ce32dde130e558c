#include "app/tune/earlier_probes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "app/predict_energy.h"
#include "app/tune/run_probe.h"
#include "app/work_cache.h"
#include "data/study_file.h"

namespace isojoule {
namespace {

// How far another board or network may be, as a share: of its own measurements alone nobody knows.
constexpr double kOtherBoard = 0.3;
// Half of a 90 % interval in standard deviations.
constexpr double kHalfOf90 = 1.645;

struct UsableRuns {
  StudyInfo info;
  std::vector<Run> runs;  // good ones, no baselines
};

Result<UsableRuns> usable_runs(const std::string& path) {
  ISOJOULE_TRY(const auto study, StudyFile::open(path, StudyFile::Mode::read));
  UsableRuns found{study->info(), {}};
  ISOJOULE_TRY(std::vector<Run> all, study->runs(true));
  for (Run& run : all)
    if (run.baseline.empty() && failure_of(run).empty()) found.runs.push_back(std::move(run));
  return found;
}

// Values of each axis that the study's runs had.
using StudyValues = std::map<std::string, double>;  // the highest of each numeric axis
StudyValues highest_of(const std::vector<Run>& runs) {
  StudyValues highest;
  for (const Run& run : runs)
    for (const auto& [axis, value] : run.setting.values())
      if (const auto* number = std::get_if<double>(&value)) {
        const auto [found, fresh] = highest.emplace(axis, *number);
        if (!fresh) found->second = std::max(found->second, *number);
      }
  return highest;
}

// The place among our axis's values that stands for another board's.
std::optional<Level> level_like(const SearchAxis& axis, const Value* value, double highest) {
  if (value == nullptr) return static_cast<Level>(axis.ordered ? axis.values.size() - 1 : 0);
  if (!axis.ordered) {
    const auto found = std::find(axis.values.begin(), axis.values.end(), *value);
    if (found == axis.values.end()) return {};
    return static_cast<Level>(found - axis.values.begin());
  }
  const auto* number = std::get_if<double>(value);
  if (number == nullptr) return {};
  // Counts are what they are; clocks are shares of the highest.
  const bool is_clock = unit_of_axis(axis.name) == Unit::hertz;
  const double last = std::get<double>(axis.values.back());
  const double wanted = is_clock && highest > 0 ? *number / highest * last : *number;
  const auto last_level = static_cast<Level>(axis.values.size() - 1);
  Level best = 0;
  for (Level level = 1; level <= last_level; ++level)
    if (std::abs(axis.number(level) - wanted) < std::abs(axis.number(best) - wanted)) best = level;
  return best;
}

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

}  // namespace

Status add_warm(const EarlierRequest& request, const std::string& path, EarlierProbes& into) {
  ISOJOULE_TRY(const UsableRuns study, usable_runs(path));
  if (study.info.board != request.board || study.info.simulated != request.simulated)
    return fail(ErrorKind::invalid,
                fmt::format("--warm {}: it is of {}{}, not of {}{}", path,
                            study.info.simulated ? "twin:" : "", study.info.board,
                            request.simulated ? "twin:" : "", request.board),
                "What another board did goes with --prior");
  std::int64_t taken = 0, elsewhere = 0, others = 0;
  for (const Run& run : study.runs) {
    if (run.network != request.network) {
      ++others;
      continue;
    }
    const auto point = request.space->find(run.setting);
    if (!point) {
      ++elsewhere;
      continue;
    }
    into.warm.push_back(probe_of(run, {}, *point));
    ++taken;
  }
  if (taken == 0)
    return fail(others > 0 && elsewhere == 0 ? ErrorKind::invalid : ErrorKind::no_data,
                fmt::format("--warm {}: none of its {} runs is of {} at a setting that is searched",
                            path, study.runs.size(), request.network),
                "What another network or other settings did goes with --prior");
  into.notes.push_back(fmt::format(
      "{} runs of {} are known from before{}", taken, file_name(path),
      elsewhere + others > 0 ? fmt::format(", {} are of something else", elsewhere + others) : ""));
  return {};
}

Status add_prior(const EarlierRequest& request, const std::string& path, EarlierProbes& into) {
  ISOJOULE_TRY(const UsableRuns study, usable_runs(path));
  const StudyValues highest = highest_of(study.runs);
  const auto& axes = request.space->axes();
  std::int64_t taken = 0;
  for (const Run& run : study.runs) {
    std::vector<Level> levels;
    for (const SearchAxis& axis : axes) {
      const auto most = highest.find(axis.name);
      const auto level =
          level_like(axis, run.setting.find(axis.name), most == highest.end() ? 0 : most->second);
      if (level) levels.push_back(*level);
    }
    const auto point =
        levels.size() == axes.size() ? request.space->at(levels) : std::optional<GridPoint>();
    if (!point) continue;
    into.prior.push_back({probe_of(run, {}, *point), kOtherBoard});
    ++taken;
  }
  if (taken == 0)
    return fail(ErrorKind::no_data,
                fmt::format("--prior {}: none of its {} runs is at a setting like those that are "
                            "searched",
                            path, study.runs.size()),
                "Take a study of the same axes");
  into.notes.push_back(fmt::format("{} runs of {} ({}{}) are taken as like this board's", taken,
                                   file_name(path), study.info.simulated ? "twin:" : "",
                                   study.info.board));
  return {};
}

Status add_predicted(const Paths& paths, const EarlierRequest& request, EarlierProbes& into) {
  const SearchSpace& space = *request.space;
  const bool has_clock =
      std::any_of(std::begin(kPointAxes), std::end(kPointAxes),
                  [&](const PointAxis& axis) { return space.axis(axis.axis).has_value(); });
  if (!has_clock)
    return fail(ErrorKind::unsupported,
                "--prior predict: the search is along no clock, and models know clocks alone",
                "Leave --prior away");
  ISOJOULE_TRY(const BoardModel model,
               board_model(paths, (request.simulated ? "twin:" : "") + request.board, ""));
  PredictRequest asked;
  asked.networks = {request.network};
  asked.batches = {1};
  ISOJOULE_TRY(const PredictAnswer place, place_energy(paths, model, asked));
  WorkCache works(paths, "");
  std::int64_t outside = 0;
  for (GridPoint point = 0; point < space.size(); ++point) {
    const Setting setting = space.setting(point);
    OperatingPoint at_point = place.place.point;
    for (const PointAxis& axis : kPointAxes)
      if (const auto value = setting.number(axis.axis)) at_point.*axis.value = *value;
    if (is_outside(*place.used, at_point)) {
      ++outside;
      continue;
    }
    const double batch = setting.number("batch").value_or(1);
    ISOJOULE_TRY(const auto work, works.work(request.network, static_cast<std::int64_t>(batch)));
    const PredictedBatch expected = place.used->predict(*work, at_point);
    PriorProbe prior;
    prior.probe.point = point;
    at(prior.probe.metrics, Metric::energy) = expected.energy_j / batch;
    if (expected.time_s) {
      at(prior.probe.metrics, Metric::latency) = *expected.time_s;
      at(prior.probe.metrics, Metric::time) = *expected.time_s / batch;
      at(prior.probe.metrics, Metric::power) = expected.energy_j / *expected.time_s;
    }
    const Interval& known = expected.energy_90;
    prior.log_sd = known.low > 0 && std::isfinite(known.high)
                       ? std::log(known.high / known.low) / (2 * kHalfOf90)
                       : 1;
    into.prior.push_back(std::move(prior));
  }
  into.notes.push_back(fmt::format("{} settings are known from {} as predicted{}",
                                   space.size() - outside, file_name(model.path),
                                   outside > 0 ? fmt::format(", {} are outside of what it was "
                                                             "fitted on",
                                                             outside)
                                               : ""));
  return {};
}

}  // namespace isojoule
