#include "app/fit_model.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "app/model_store.h"
#include "base/text.h"
#include "base/wall_time.h"
#include "isojoule/version.h"

namespace isojoule {
namespace {

// https://reproducible-builds.org/specs/source-date-epoch/
std::string time_of_day() {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  if (epoch == nullptr || *epoch == '\0') return wall_time_now();
  const std::time_t seconds = std::strtoll(epoch, nullptr, 10);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string title_of(const Setting& job) {
  return job.values().empty() ? "the engine's own settings" : to_string(job);
}

struct VariedThing {
  const char* name;
  double OperatingPoint::*member;
};
constexpr VariedThing kClocks[] = {{"CPU", &OperatingPoint::cpu_hz},
                                   {"GPU", &OperatingPoint::gpu_hz},
                                   {"memory", &OperatingPoint::memory_hz}};

// What the model will not know, because it was the same in all observations.
std::vector<std::string> constants_of(const Setting& job,
                                      const std::vector<Observation>& observations) {
  std::vector<std::string> notes;
  const std::string of = job.values().empty() ? "" : " (" + to_string(job) + ")";
  for (const VariedThing& clock : kClocks) {
    std::set<double> values;
    for (const Observation& one : observations) values.insert(one.point.*clock.member);
    if (values.size() > 1) continue;
    if (*values.begin() > 0)
      notes.push_back(
          fmt::format("the {} clock was {:.0f} MHz in all of them{}: at another one the "
                      "model only guesses",
                      clock.name, *values.begin() * 1e-6, of));
  }
  std::set<double> batches;
  for (const Observation& one : observations) batches.insert(one.work->batch);
  if (batches.size() == 1)
    notes.push_back(
        fmt::format("the batch was {:.0f} in all of them{}: at another one the model "
                    "only guesses",
                    *batches.begin(), of));
  return notes;
}

void add_job(FitResult& result, const Setting& job, const std::vector<Observation>& observations,
             const ChooseOptions& options) {
  auto choice = choose_model(observations, options);
  if (!choice) {
    result.unfitted.push_back({job, std::ssize(observations), std::move(choice).error()});
    return;
  }
  choice->model.job = job;
  if (const auto found = result.observations.additivity.find(job);
      found != result.observations.additivity.end())
    choice->model.additivity = found->second;
  result.file.models.push_back(std::move(choice->model));
  result.left_out.push_back(std::move(choice->left_out));
  for (std::string& note : constants_of(job, observations)) result.notes.push_back(std::move(note));
}

// A single layer's interval is that of layers.
PredictedBatch predicted_for_test(const EnergyModel& model, const Observation& one) {
  PredictedBatch predicted = model.predict(*one.work, one.point);
  if (!one.single_layer) return predicted;
  const Prediction raw = model.predictor->batch(*one.work, one.point);
  predicted.energy_90 = model.layer_energy.around(raw.energy_j, raw.energy_log_sd);
  return predicted;
}

void add_test(TestedNetwork& tested, const Observation& one, const PredictedBatch& predicted) {
  tested.observations += 1;
  const double error = 100 * (predicted.energy_j / one.energy_j - 1);
  tested.energy_mape_percent += std::abs(error);
  tested.energy_bias_percent += error;
  if (std::isfinite(predicted.energy_90.high)) {
    tested.with_interval += 1;
    tested.covered += predicted.energy_90.contains(one.energy_j) ? 1 : 0;
  }
  if (one.time_s && predicted.time_s)
    tested.time_mape_percent =
        tested.time_mape_percent.value_or(0) + 100 * std::abs(*predicted.time_s / *one.time_s - 1);
}

EnergyModelFile file_of(const ObservationSet& observations) {
  EnergyModelFile file;
  file.board = observations.board;
  file.release = observations.release;
  file.simulated = observations.simulated;
  file.what = observations.what;
  file.sources = observations.sources;
  file.created = time_of_day();
  file.program_version = ISOJOULE_VERSION;
  return file;
}

Result<ObservationSet> observe(const Paths& paths, const FitRequest& request) {
  if (!request.table) {
    if (request.studies.empty())
      return fail(ErrorKind::invalid, "nothing to learn from",
                  "Name studies of 'isojoule sweep', or a table with --csv");
    return study_observations(paths, request.studies);
  }
  if (!request.studies.empty())
    return fail(ErrorKind::invalid, "studies and a table in one fit", "Fit each by itself");
  if (request.table->board.empty() && request.output.empty())
    return fail(ErrorKind::invalid, "a table does not say of which board it is",
                "Say --board NAME, or give a file with -o");
  return table_observations(paths, *request.table);
}

nlohmann::json json_of(const Parameter& one) {
  nlohmann::json json{
      {"name", one.name}, {"unit", one.unit}, {"value", one.value}, {"meaning", one.meaning}};
  if (one.low && one.high) json["interval_90"] = {*one.low, *one.high};
  if (!one.note.empty()) json["note"] = one.note;
  return json;
}

nlohmann::json json_of(const Validation& one) {
  nlohmann::json json{
      {"predictor", one.kind}, {"groups", one.groups}, {"runs", one.runs}, {"chosen", one.chosen}};
  const std::pair<const char*, std::optional<double>> figures[] = {
      {"energy_mape_percent", one.energy_mape_percent},
      {"time_mape_percent", one.time_mape_percent},
      {"layer_energy_mape_percent", one.layer_energy_mape_percent},
      {"layer_time_mape_percent", one.layer_time_mape_percent},
      {"coverage_percent", one.coverage_percent}};
  for (const auto& [name, value] : figures)
    if (value) json[name] = *value;
  if (!one.why_not.empty()) json["why_not"] = one.why_not;
  return json;
}

nlohmann::json json_of(const Setting& setting) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [axis, value] : setting.values()) json[key_with_unit(axis)] = to_string(value);
  return json;
}

nlohmann::json json_of(const EnergyModel& model) {
  nlohmann::json json{{"job", json_of(model.job)},
                      {"predictor", std::string(model.predictor->kind())},
                      {"runs", model.runs},
                      {"parameters", nlohmann::json::array()},
                      {"validations", nlohmann::json::array()}};
  for (const Parameter& one : model.predictor->parameters())
    json["parameters"].push_back(json_of(one));
  for (const Validation& one : model.validations) json["validations"].push_back(json_of(one));
  for (const auto& [name, range] : model.ranges)
    json["ranges"][key_with_unit(name)] = {range.first, range.second};
  if (model.additivity)
    json["additivity"] = {{"sequences", model.additivity->sequences},
                          {"median_ratio", model.additivity->median_ratio},
                          {"interval_90", {model.additivity->low, model.additivity->high}},
                          {"mean_absolute_percent", model.additivity->mean_absolute_percent}};
  if (!model.why_no_interval.empty()) json["why_no_interval"] = model.why_no_interval;
  return json;
}

}  // namespace

Result<FitResult> fit_observations(ObservationSet observations, const std::string& predictor,
                                   std::uint64_t seed) {
  ChooseOptions options;
  options.fit.seed = seed;
  if (predictor != "auto") {
    ISOJOULE_TRY(const PredictorKind* kind, find_predictor(predictor));
    options.kinds = {std::string(kind->name)};
  }
  FitResult result;
  result.observations = std::move(observations);
  result.notes = result.observations.notes;
  result.file = file_of(result.observations);
  for (const auto& [job, some] : result.observations.jobs) add_job(result, job, some, options);
  if (result.file.models.empty()) {
    Error error = result.unfitted.empty()
                      ? Error{ErrorKind::no_data, "there is nothing to learn from", "", ""}
                      : result.unfitted.front().error;
    if (result.unfitted.size() > 1)
      error.what = title_of(result.unfitted.front().job) + ": " + error.what;
    return tl::unexpected<Error>(std::move(error));
  }
  for (const UnfittedJob& one : result.unfitted)
    result.notes.push_back(
        fmt::format("no model of {}: {}", title_of(one.job), to_string(one.error)));
  return result;
}

std::vector<TestedNetwork> test_models(const EnergyModelFile& file,
                                       const ObservationSet& observations) {
  std::vector<TestedNetwork> all;
  for (const auto& [job, some] : observations.jobs) {
    const auto model = file.find(job);
    if (!model || !((*model)->job == job)) continue;
    std::map<std::string, TestedNetwork> networks;
    for (const Observation& one : some) {
      TestedNetwork& tested = networks[one.network];
      tested.network = one.network;
      tested.job = job;
      tested.single_layer = one.single_layer;
      add_test(tested, one, predicted_for_test(**model, one));
    }
    for (auto& [name, tested] : networks) {
      const auto count = static_cast<double>(tested.observations);
      tested.energy_mape_percent /= count;
      tested.energy_bias_percent /= count;
      if (tested.time_mape_percent) *tested.time_mape_percent /= count;
      all.push_back(std::move(tested));
    }
  }
  return all;
}

Result<FitResult> fit_model(const Paths& paths, const FitRequest& request) {
  ISOJOULE_TRY(ObservationSet observations, observe(paths, request));
  std::optional<ObservationSet> unseen;
  if (!request.tests.empty()) {  // before the fit, which takes long
    ISOJOULE_TRY(unseen, study_observations(paths, request.tests));
    if (unseen->board != observations.board || unseen->simulated != observations.simulated)
      return fail(ErrorKind::invalid,
                  request.tests.front() + " is not of the board that is learnt from",
                  "Give --test a study of the same board");
  }
  ISOJOULE_TRY(FitResult result,
               fit_observations(std::move(observations), request.predictor, request.seed));
  if (unseen) result.tested = test_models(result.file, *unseen);
  result.path = request.output.empty()
                    ? user_model_path(paths, result.file.board, result.file.simulated)
                    : request.output;
  ISOJOULE_CHECK(store_model(result.path, result.file));
  return result;
}

nlohmann::json to_json(const FitResult& result) {
  const ObservationSet& seen = result.observations;
  nlohmann::json left_out = nlohmann::json::array();
  for (const LeftOutRows& one : seen.left_out)
    left_out.push_back({{"why", one.why}, {"count", one.count}, {"first", one.first}});
  nlohmann::json models = nlohmann::json::array();
  for (const EnergyModel& model : result.file.models) models.push_back(json_of(model));
  nlohmann::json unfitted = nlohmann::json::array();
  for (const UnfittedJob& one : result.unfitted)
    unfitted.push_back({{"job", json_of(one.job)},
                        {"observations", one.observations},
                        {"why", to_string(one.error)}});
  nlohmann::json tested = nlohmann::json::array();
  for (const TestedNetwork& one : result.tested) {
    tested.push_back({{"network", one.network},
                      {"job", json_of(one.job)},
                      {"single_layer", one.single_layer},
                      {"observations", one.observations},
                      {"energy_mape_percent", one.energy_mape_percent},
                      {"energy_bias_percent", one.energy_bias_percent},
                      {"with_interval", one.with_interval},
                      {"in_90_percent_interval", one.covered}});
    if (one.time_mape_percent) tested.back()["time_mape_percent"] = *one.time_mape_percent;
  }
  return {{"model", result.path},
          {"board", result.file.board},
          {"release", result.file.release},
          {"simulated", result.file.simulated},
          {"what", result.file.what},
          {"sources", result.file.sources},
          {"runs", seen.rows},
          {"runs_used", seen.used},
          {"left_out", left_out},
          {"models", models},
          {"unfitted", unfitted},
          {"tested", tested},
          {"notes", result.notes}};
}

}  // namespace isojoule
