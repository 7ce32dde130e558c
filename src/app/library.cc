// The public API (include/isojoule/) over the rooms.
#include "cost/cost.h"
#include "data/study_file.h"
#include "isojoule/network.h"
#include "isojoule/study.h"
#include "report/summary.h"

namespace isojoule {
namespace {

std::optional<double> value_of(const std::optional<Estimate>& estimate) {
  return estimate ? std::optional(estimate->value) : std::nullopt;
}

StudyPoint public_point(const Point& point) {
  StudyPoint result;
  result.network = point.network;
  result.baseline = point.baseline;
  for (const auto& [axis, value] : point.setting.values())
    result.setting[key_with_unit(axis)] = to_string(value);
  result.energy_j = value_of(point.energy_j);
  if (point.energy_j) result.energy_u_j = point.energy_j->uncertainty;
  result.power_w = value_of(point.power_w);
  result.latency_s = value_of(point.latency_s);
  result.why_absent = point.why_absent;
  result.inferences = point.inferences;
  result.runs = point.runs;
  return result;
}

}  // namespace

Result<StudyResult> read_study(const std::string& path) {
  ISOJOULE_TRY(auto file, StudyFile::open(path, StudyFile::Mode::read));
  ISOJOULE_TRY(const StudySummary summary, summarise(*file));
  StudyResult result;
  result.name = summary.info.name;
  result.board = summary.info.board;
  result.release = summary.info.release;
  result.simulated = summary.info.simulated;
  ISOJOULE_TRY(const auto boards, file->boards());
  for (const StudyBoard& board : boards) result.boards.push_back(board.name);
  for (const Point& point : summary.points) result.points.push_back(public_point(point));
  for (const Minimum& minimum : summary.minima)
    for (const Comparison& comparison : minimum.comparisons)
      result.minima.push_back({public_point(minimum.best), comparison.baseline,
                               comparison.saving_percent, comparison.saving_uncertainty_percent,
                               comparison.latency_change_percent});
  return result;
}

Result<NetworkDescription> describe_network(const std::string& model_path, std::int64_t batch) {
  ISOJOULE_TRY(const NetworkCost cost, network_cost(model_path, batch));
  NetworkDescription result;
  result.name = cost.name;
  result.batch = cost.batch;
  result.macs = cost.macs();
  result.parameters = cost.parameters();
  for (const LayerCost& layer : cost.layers)
    result.layers.push_back({layer.name, layer.operation, layer.macs, layer.other_ops,
                             layer.parameters, layer.bytes_read, layer.bytes_written,
                             layer.bytes_weights, layer.known, layer.rows, layer.columns,
                             layer.depth, layer.groups, layer.kernel});
  return result;
}

}  // namespace isojoule
