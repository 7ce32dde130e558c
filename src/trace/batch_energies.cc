#include "trace/batch_energies.h"

#include <algorithm>

#include "trace/integrate.h"
#include "trace/segment.h"
#include "trace/statistic.h"
#include "trace/total.h"
#include "trace/visible.h"

namespace isojoule {
namespace {

using Energies = std::vector<std::optional<Joule>>;

Spread spread_of(std::vector<double> values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  Spread spread{mean_of(values), deviation_of(values), *least, 0, *most};
  spread.median = median_in_place(values);
  return spread;
}

// Of all rails of the total; nothing where one of them has none. Sets `why_absent` where no batch
// can have an energy.
Energies total_energies(const Trace& trace, std::span<const BatchMark> batches,
                        std::string& why_absent) {
  Energies sums(batches.size(), Joule(0));
  const std::vector<std::string> rails = rails_in(trace.total);
  if (rails.empty()) why_absent = "there is no total: which rails add up is not known";
  for (const std::string& rail : rails) {
    const auto channel = std::find_if(trace.channels.begin(), trace.channels.end(),
                                      [&](const Channel& one) { return one.info.rail == rail; });
    if (channel == trace.channels.end()) {
      why_absent = "rail " + rail + " of the total: it gave no reading at all";
      break;
    }
    const Energies energies = energies_of(*channel, batches, trace.period);
    for (std::size_t i = 0; i < sums.size(); ++i)
      if (sums[i] && energies[i])
        sums[i] = *sums[i] + *energies[i];
      else
        sums[i].reset();
  }
  if (!why_absent.empty()) return Energies(batches.size());
  return sums;
}

}  // namespace

std::optional<BatchStatistics> batch_statistics(const Trace& trace,
                                                std::span<const BatchMark> batches) {
  if (batches.empty()) return std::nullopt;
  BatchStatistics found;
  found.count = static_cast<std::int64_t>(batches.size());
  std::vector<double> seconds, joules;
  for (const BatchMark& batch : batches)
    seconds.push_back((batch.end - batch.begin).seconds().value());
  found.time_s = spread_of(seconds);
  for (const std::optional<Joule>& energy : total_energies(trace, batches, found.why_absent))
    if (energy) joules.push_back(energy->value());
  found.without_energy = found.count - static_cast<std::int64_t>(joules.size());
  if (!joules.empty())
    found.energy_j = spread_of(std::move(joules));
  else if (found.why_absent.empty())
    found.why_absent = "no batch lies wholly between readings that follow one another";
  if (const auto resolution = resolution_of(trace)) {
    found.resolved = resolution->time;
    found.seen_one_by_one = found.time_s.least >= 2 * resolution->time.value();
  }
  return found;
}

std::vector<PhaseEnergy> each_batch(const Trace& trace, std::span<const BatchMark> batches,
                                    const std::vector<Phase>& phases) {
  constexpr std::size_t kAtOnce = 256;  // of the rails only the total is kept
  std::vector<Phase> idle;
  for (const Phase& phase : phases)
    if (phase.kind == PhaseKind::idle) idle.push_back(phase);
  std::vector<PhaseEnergy> energies;
  energies.reserve(batches.size());
  const std::size_t rows = trace.channels.size() + 1;
  for (std::size_t first = 0; first < batches.size(); first += kAtOnce) {
    std::vector<Phase> asked = idle;
    for (const BatchMark& batch : batches.subspan(first, std::min(kAtOnce, batches.size() - first)))
      asked.push_back({PhaseKind::inference, batch.begin, batch.end});
    Counters ignored;  // said of the run's phases already
    std::vector<PhaseEnergy> found = phase_energies(trace, asked, ignored);
    for (std::size_t i = idle.size(); i < asked.size(); ++i)
      energies.push_back(std::move(found[i * rows + rows - 1]));
  }
  return energies;
}

}  // namespace isojoule
