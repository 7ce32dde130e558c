#include "trace/layer_energies.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

struct Batch {
  double seconds = 0;
  std::optional<double> joules, uncertainty, net;
  std::string why_absent;
};

// Of the inference phase; its length where the batches were not marked.
Batch batch_of(const Run& run) {
  Batch batch;
  const Phase* inference = run.phase(PhaseKind::inference);
  if (inference == nullptr || run.batches.empty()) {
    batch.why_absent = "the run has no marked batches";
    return batch;
  }
  const auto count = static_cast<double>(run.batches.size());
  for (const BatchMark& mark : run.batches)
    batch.seconds += (mark.end - mark.begin).seconds().value() / count;
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  if (energy == nullptr || !energy->gross.value) {
    batch.why_absent =
        energy == nullptr ? "the inference phase has no energy" : energy->gross.why_absent;
    return batch;
  }
  batch.joules = energy->gross.value->value() / count;
  batch.uncertainty = energy->gross.uncertainty.value_or(Joule(0)).value() / count;
  // Without an idle phase all of it may be the layers' doing.
  batch.net = energy->net.value ? energy->net.value->value() / count : *batch.joules;
  return batch;
}

void set_energy(LayerEnergy& row, const Batch& batch, double share_uncertainty) {
  if (!batch.joules) {
    row.gross.why_absent = batch.why_absent;
    return;
  }
  row.budget_j = {{"energy", row.share * *batch.uncertainty},
                  {"share", *batch.joules * share_uncertainty},
                  {"even_power", row.share * std::abs(*batch.net) / std::sqrt(3.0)}};
  double square = 0;
  for (const auto& [cause, joules] : row.budget_j) square += joules * joules;
  row.gross.value = Joule(row.share * *batch.joules);
  row.gross.uncertainty = Joule(std::sqrt(square));
}

}  // namespace

LayerEnergies layer_energies(const Run& run) {
  LayerEnergies found;
  if (run.layers.empty()) return found;
  const Batch batch = batch_of(run);
  found.why_absent = batch.joules ? "" : batch.why_absent;
  double sum = 0;
  for (const LayerTime& layer : run.layers) sum += layer.time.value();
  if (sum <= 0) {
    found.why_absent = "the engine's profile has no times";
    return found;
  }
  found.profiler_slowdown = batch.seconds > 0 ? sum / batch.seconds : 1;
  // A profiler makes layers longer, not the rest shorter: where the sum is longer than the batch,
  // shares are of the sum.
  const double whole = std::max(sum, batch.seconds);
  for (const LayerTime& layer : run.layers) {
    LayerEnergy row;
    row.layer = layer;
    row.share = layer.time.value() / whole;
    const double count = static_cast<double>(std::max<std::int64_t>(1, layer.batches));
    set_energy(row, batch, layer.spread.value() / whole / std::sqrt(count));
    found.rows.push_back(std::move(row));
  }
  if (whole > sum) {
    LayerEnergy rest;
    rest.layer.name = kBetweenLayers;
    rest.layer.time = Second(whole - sum);
    rest.share = (whole - sum) / whole;
    set_energy(rest, batch, 0);
    found.rows.push_back(std::move(rest));
  }
  return found;
}

}  // namespace isojoule
