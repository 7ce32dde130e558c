#include "predict/predictor.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace isojoule {
namespace {

bool positive(double value) { return std::isfinite(value) && value > 0; }

}  // namespace

nlohmann::json Predictor::state() const { return do_state(); }

Result<const PredictorKind*> find_predictor(std::string_view name) {
  std::vector<std::string> names;
  for (const PredictorKind& kind : predictor_kinds()) {
    if (kind.name == name) return &kind;
    names.emplace_back(kind.name);
  }
  const std::string nearest = nearest_name(name, names);
  return fail(
      ErrorKind::not_found, "no predictor is named '" + std::string(name) + "'",
      nearest.empty() ? "There are: " + join(names, ", ") : "Did you mean " + nearest + "?");
}

Status check_observations(Observations observations) {
  if (observations.empty())
    return fail(ErrorKind::invalid, "there are no runs to learn from",
                "Give a study with complete runs, or a table with rows");
  for (const Observation& one : observations) {
    const std::string where = one.source.empty() ? one.network : one.source;
    if (one.work == nullptr || one.work->layers.empty())
      return fail(ErrorKind::invalid, where + ": no layers are known",
                  "Give the network as an ONNX file, or its MACs");
    const NetworkWork& work = *one.work;
    if (!positive(work.batch) || !std::isfinite(work.macs()) || !std::isfinite(work.bytes()) ||
        !std::isfinite(work.parameters()))
      return fail(ErrorKind::out_of_range, where + ": its MACs or bytes are no finite number",
                  "Remove the row, or correct it");
    if (!positive(one.energy_j) || (one.time_s && !positive(*one.time_s)))
      return fail(ErrorKind::out_of_range, where + ": its energy or time is no positive number",
                  "Remove the row, or measure it again");
  }
  return {};
}

}  // namespace isojoule
