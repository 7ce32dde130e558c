// Rails and the module's total, phase by phase, gross and net.
#include <algorithm>
#include <span>

#include "trace/few_steps.h"
#include "trace/integrate.h"
#include "trace/total.h"

namespace isojoule {
namespace {

// Counters of ticks are the same event on every rail that was read at that tick: the rail that has
// most of them counts, not their sum.
void join(Counters& all, const std::vector<Counters>& rails) {
  for (const CounterInfo& info : all_counters()) {
    std::uint64_t most = 0, sum = 0;
    for (const Counters& rail : rails) {
      most = std::max(most, rail[info.counter]);
      sum += rail[info.counter];
    }
    all.add(info.counter, info.counter == Counter::negative_power ? sum : most);
  }
}

// Of the first idle phase.
void subtract_idle(const Trace& trace, std::vector<PhaseEnergy>& energies) {
  const std::size_t count = trace.channels.size() + 1;
  const auto rows_at = [&](std::size_t i) { return std::span(energies).subspan(i, count); };
  std::vector<PhaseEnergy> idle;
  for (std::size_t i = 0; i < energies.size() && idle.empty(); i += count)
    if (const auto rows = rows_at(i); rows.front().phase == PhaseKind::idle)
      idle.assign(rows.begin(), rows.end());
  for (std::size_t i = 0; i < energies.size(); i += count) subtract_idle(trace, rows_at(i), idle);
}

void count_missing(const Trace& trace, const std::vector<std::string>& rails, Counters& counters) {
  for (const Channel& channel : trace.channels)
    if (channel.time_ns.empty()) counters.add(Counter::rail_missing);
  for (const std::string& rail : rails)
    if (std::none_of(trace.channels.begin(), trace.channels.end(),
                     [&rail](const Channel& channel) { return channel.info.rail == rail; }))
      counters.add(Counter::rail_missing);
}

// What goes before and after the measured batches may lie between two readings (decoding an input,
// a first batch): it is absent and says why, but nothing that was asked for is lost.
bool may_fall_between(const Phase& phase, Duration period) {
  return phase.kind != PhaseKind::inference && phase.kind != PhaseKind::idle &&
         phase.duration() < period.seconds();
}

}  // namespace

std::vector<PhaseEnergy> phase_energies(const Trace& trace, const std::vector<Phase>& phases,
                                        Counters& counters) {
  const std::vector<std::string> rails = rails_in(trace.total);
  count_missing(trace, rails, counters);
  std::vector<PhaseEnergy> energies;
  energies.reserve(phases.size() * (trace.channels.size() + 1));
  for (const Phase& phase : phases) {
    const std::size_t first = energies.size();
    std::vector<Counters> raised;
    for (const Channel& channel : trace.channels) {
      Counters of_rail;
      Energy energy = integrate(channel, phase.begin, phase.end, trace.period, of_rail);
      energies.push_back({phase.kind,
                          channel.info.rail,
                          phase.duration(),
                          std::move(energy.energy),
                          {},
                          std::move(energy.budget_j)});
      if (may_fall_between(phase, trace.period) && of_rail[Counter::phase_without_samples] > 0)
        of_rail = {};
      if (!channel.time_ns.empty()) raised.push_back(of_rail);  // others: rail_missing
    }
    join(counters, raised);
    energies.push_back({phase.kind, "total", phase.duration(), {}, {}, {}});
    add_total(trace, std::span(energies).subspan(first));
  }
  subtract_idle(trace, energies);
  return energies;
}

std::map<std::string, std::map<double, double>> residency_percent(const Trace& trace, Instant begin,
                                                                  Instant end) {
  std::map<std::string, std::map<double, double>> result;
  if (end <= begin) return result;
  for (const Watch& watch : trace.watches) {
    if (unit_of_axis(watch.name) == Unit::celsius) continue;  // a temperature takes no steps
    const auto& times = watch.time_ns;
    // A value holds from its sample to the next; the first one also back to the window's begin.
    auto at = std::upper_bound(times.begin(), times.end(), begin.ns);
    if (at != times.begin()) --at;
    std::map<double, double> shares;
    for (std::int64_t from = begin.ns; at != times.end() && from < end.ns; ++at) {
      if (*at >= end.ns) break;  // only when the watch begins after the window
      const std::int64_t until = at + 1 == times.end() ? end.ns : std::min(*(at + 1), end.ns);
      shares[watch.value[static_cast<std::size_t>(at - times.begin())]] +=
          100.0 * static_cast<double>(until - from) / static_cast<double>((end - begin).ns);
      from = until;
    }
    if (!shares.empty()) result[watch.name] = few_steps(std::move(shares));
  }
  return result;
}

}  // namespace isojoule
