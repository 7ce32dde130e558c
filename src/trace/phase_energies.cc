// Rails and the module's total, phase by phase, gross and net.
#include <algorithm>
#include <cmath>

#include "base/file_tree.h"
#include "trace/integrate.h"

namespace isojoule {
namespace {

using Budget = std::map<std::string, double>;

// The rails of "A + B + C".
std::vector<std::string> rails_of(const std::string& expression) {
  std::vector<std::string> rails;
  for (std::size_t at = 0; at <= expression.size();) {
    const std::size_t plus = std::min(expression.find('+', at), expression.size());
    if (const std::string rail = trimmed(std::string_view(expression).substr(at, plus - at));
        !rail.empty())
      rails.push_back(rail);
    at = plus + 1;
  }
  return rails;
}

// "ina3221 6-0040 channel 0" -> "ina3221 6-0040": channels of one chip share its reference.
std::string chip_of(const std::string& sensor) { return sensor.substr(0, sensor.find(" channel")); }

double root_of_squares(const Budget& budget) {
  double square = 0;
  for (const auto& [cause, joules] : budget) square += joules * joules;
  return std::sqrt(square);
}

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

struct Part {  // one rail in one phase
  const Channel* channel;
  Energy energy;
};

PhaseEnergy total_of(const std::vector<std::string>& rails, const std::vector<Part>& parts,
                     const Phase& phase) {
  PhaseEnergy total{phase.kind, "total", phase.duration(), {}, {}, {}};
  if (rails.empty()) {
    total.gross.why_absent = parts.empty()
                                 ? "no power source gave readings"
                                 : "the board file states no expression for the module's total";
    return total;
  }
  double joules = 0;
  Budget gain_by_chip, squares;
  for (const std::string& rail : rails) {
    const auto part = std::find_if(parts.begin(), parts.end(), [&rail](const Part& candidate) {
      return candidate.channel->info.rail == rail;
    });
    const bool is_there = part != parts.end();
    if (!is_there || !part->energy.energy.value) {
      total.gross.why_absent =
          "rail " + rail + " of the total: " +
          (is_there ? part->energy.energy.why_absent : "it gave no reading at all");
      return total;
    }
    joules += part->energy.energy.value->value();
    for (const auto& [cause, u] : part->energy.budget_j) {
      if (cause == "gain")
        gain_by_chip[chip_of(part->channel->info.sensor)] += u;  // one error, the same sign
      else
        squares[cause] += u * u;
    }
  }
  for (const auto& [cause, square] : squares) total.budget_j[cause] = std::sqrt(square);
  total.budget_j["gain"] = root_of_squares(gain_by_chip);
  total.gross.value = Joule(joules);
  total.gross.uncertainty = Joule(root_of_squares(total.budget_j));
  return total;
}

// The chip's gain and offset are the same in both windows: the gain acts on the difference, the
// offset drops out. What is random in the idle window counts as often as it is subtracted.
void subtract_idle(PhaseEnergy& energy, const PhaseEnergy* idle) {
  MeasuredEnergy& net = energy.net;
  if (!energy.gross.value) {
    net.why_absent = energy.gross.why_absent;
  } else if (energy.phase == PhaseKind::idle) {
    net.why_absent = "this is the idle phase";
  } else if (idle == nullptr) {
    net.why_absent = "there is no idle phase";
  } else if (!idle->gross.value) {
    net.why_absent = "the idle power is not known: " + idle->gross.why_absent;
  } else {
    const double scale = energy.duration / idle->duration;
    const double gross = energy.gross.value->value(), base = idle->gross.value->value() * scale;
    const auto of = [](const PhaseEnergy& part, const char* cause) {
      const auto found = part.budget_j.find(cause);
      return found == part.budget_j.end() ? 0.0 : found->second;
    };
    const double gain = gross == 0 ? 0 : of(energy, "gain") / std::abs(gross);
    double square = gain * (gross - base) * gain * (gross - base);
    for (const char* cause : {"quantisation", "sampling", "edges"}) {
      const double own = of(energy, cause), other = of(*idle, cause) * scale;
      square += own * own + other * other;
    }
    net.value = Joule(gross - base);
    net.uncertainty = Joule(std::sqrt(square));
  }
}

void subtract_idle(std::vector<PhaseEnergy>& energies) {
  std::map<std::string, PhaseEnergy> idle;  // by rail; copies, since net is written below
  for (const PhaseEnergy& energy : energies)
    if (energy.phase == PhaseKind::idle) idle.emplace(energy.rail, energy);
  for (PhaseEnergy& energy : energies) {
    const auto found = idle.find(energy.rail);
    subtract_idle(energy, found == idle.end() ? nullptr : &found->second);
  }
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
  const std::vector<std::string> rails = rails_of(trace.total);
  count_missing(trace, rails, counters);
  std::vector<std::unique_ptr<ChannelIntegrator>> integrators;
  for (const Channel& channel : trace.channels)
    integrators.push_back(std::make_unique<ChannelIntegrator>(channel));
  std::vector<PhaseEnergy> energies;
  for (const Phase& phase : phases) {
    std::vector<Part> parts;
    std::vector<Counters> raised;
    for (std::size_t i = 0; i < integrators.size(); ++i) {
      Counters of_rail;
      parts.push_back({&trace.channels[i],
                       integrators[i]->integrate(phase.begin, phase.end, trace.period, of_rail)});
      const Energy& energy = parts.back().energy;
      energies.push_back({phase.kind,
                          trace.channels[i].info.rail,
                          phase.duration(),
                          energy.energy,
                          {},
                          energy.budget_j});
      if (may_fall_between(phase, trace.period) && of_rail[Counter::phase_without_samples] > 0)
        of_rail = {};
      if (!trace.channels[i].time_ns.empty()) raised.push_back(of_rail);  // others: rail_missing
    }
    join(counters, raised);
    energies.push_back(total_of(rails, parts, phase));
  }
  subtract_idle(energies);
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
    if (!shares.empty()) result[watch.name] = std::move(shares);
  }
  return result;
}

}  // namespace isojoule
