#include "report/batch_json.h"

#include "report/window_json.h"
#include "trace/batch_energies.h"

namespace isojoule {
namespace {

using nlohmann::json;

json spread_json(const Spread& spread) {
  return {{"mean", spread.mean},
          {"deviation", spread.deviation},
          {"least", spread.least},
          {"median", spread.median},
          {"most", spread.most}};
}

json each_json(const Run& run, const Trace& trace) {
  const std::vector<PhaseEnergy> energies = each_batch(trace, run.batches, run.phases);
  const Instant zero = zero_of(run);
  json each = json::array();
  for (std::size_t i = 0; i < run.batches.size(); ++i) {
    const PhaseEnergy& energy = energies[i];
    each.push_back({{"begin_s", (run.batches[i].begin - zero).seconds().value()},
                    {"duration_s", energy.duration.value()},
                    {"energy_j", json_of(energy.gross.value)},
                    {"energy_u_j", json_of(energy.gross.uncertainty)},
                    {"net_energy_j", json_of(energy.net.value)},
                    {"net_energy_u_j", json_of(energy.net.uncertainty)}});
    if (!energy.gross.value) each.back()["why_absent"] = energy.gross.why_absent;
  }
  return each;
}

}  // namespace

void add_batches_json(json& root, const Run& run, const Trace& trace, bool each) {
  const auto found = batch_statistics(trace, run.batches);
  if (!found) return;
  const bool has_energy = found->energy_j.has_value();
  json batches = {{"count", found->count},
                  {"duration_s", spread_json(found->time_s)},
                  {"energy_j", has_energy ? spread_json(*found->energy_j) : json(nullptr)},
                  {"without_energy", found->without_energy},
                  {"seen_one_by_one", found->seen_one_by_one},
                  {"resolution_s",
                   found->resolved > Second(0) ? json(found->resolved.value()) : json(nullptr)}};
  if (!found->why_absent.empty()) batches["why_absent"] = found->why_absent;
  if (has_energy && !found->seen_one_by_one)
    batches["note"] =
        "a batch is shorter than twice what the sensor resolves: the mean energy holds, single "
        "energies and their deviation are smeared over neighbours";
  if (each) batches["each"] = each_json(run, trace);
  root["batches"] = std::move(batches);
}

}  // namespace isojoule
