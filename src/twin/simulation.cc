#include "twin/simulation.h"

#include <algorithm>

#include "twin/simulation_impl.h"

namespace isojoule::twin {

Simulation::Simulation(const Constants& constants, std::uint64_t seed, bool noise)
    : impl_(std::make_unique<Impl>(constants, seed, noise)) {}
Simulation::~Simulation() = default;

Instant Simulation::now() const { return impl_->now_; }
void Simulation::begin_run(std::uint64_t seed) { impl_->begin_run(seed); }
void Simulation::advance_to(Instant t) { impl_->advance_to(t); }

Joule Simulation::rail_energy(std::size_t rail, Instant t) const {
  const History::Point& newest = impl_->history_.newest();
  if (t <= newest.time) return Joule(impl_->history_.joules(rail, t));
  // Within the open segment its power holds.
  const double seconds = (std::min(t, impl_->now_) - newest.time).seconds().value();
  return Joule(newest.joules[rail] + impl_->watts_[rail] * std::max(0.0, seconds));
}
Watt Simulation::rail_power(std::size_t rail) const { return Watt(impl_->watts_[rail]); }
Volt Simulation::cpu_voltage() const {
  const Constants& c = impl_->c_;
  return Volt(voltage_at(c.cpu_voltage, impl_->state_.cpu_hz, c.cpu_frequencies.back().value(),
                         impl_->state_.cpu_governed, c.governor_guard_band));
}
Volt Simulation::rail_voltage(std::size_t rail) const {
  const Constants& c = impl_->c_;
  const double own = rail < c.rail_voltages.size() ? c.rail_voltages[rail] : 0;
  return Volt(own > 0 ? own : c.supply_voltage_v);
}

Hertz Simulation::frequency(Domain d) const { return impl_->domain(d).frequency(); }
Hertz Simulation::min_limit(Domain d) const {
  return (*impl_->domain(d).table)[impl_->domain(d).lowest];
}
Hertz Simulation::max_limit(Domain d) const {
  return (*impl_->domain(d).table)[impl_->domain(d).highest];
}
void Simulation::set_limits(Domain which, Hertz minimum, Hertz maximum) {
  ClockDomain& d = impl_->domain(which);
  d.highest = d.index_of(maximum);
  d.lowest = std::min(d.index_of(minimum), d.highest);
  impl_->restart(which);
}
const std::string& Simulation::governor(Domain d) const { return impl_->domain(d).governor_name; }
void Simulation::set_governor(Domain d, const std::string& name) { impl_->choose(d, name); }
void Simulation::set_userspace_frequency(Domain which, Hertz wanted) {
  ClockDomain& d = impl_->domain(which);
  d.wish = d.index_of(wanted);
  if (d.userspace()) impl_->restart(which);
}
int Simulation::online_cores() const { return impl_->online_; }
void Simulation::set_online_cores(int cores) {
  impl_->online_ = std::clamp(cores, 1, impl_->c_.cores);
  impl_->refresh();
}
double Simulation::load(Domain d) const {
  double load = impl_->domain(d).recent_load;
  const double busy = d == Domain::cpu ? impl_->load_.cpu_busy : impl_->load_.gpu_busy;
  Impl::settle(load, busy, (impl_->now_ - impl_->segment_begin_).seconds().value(),
               Impl::load_time_constant_s);
  return load;
}
std::vector<Second> Simulation::time_in_state(Domain which) const {
  const ClockDomain& d = impl_->domain(which);
  std::vector<Second> out;
  out.reserve(d.seconds_at.size());
  for (const double seconds : d.seconds_at) out.emplace_back(seconds);
  out[d.current] += (impl_->now_ - impl_->segment_begin_).seconds();
  return out;
}
Celsius Simulation::temperature(std::size_t zone) const {
  // The PMIC's zone is a constant of the driver on these boards; every other follows the die.
  if (zone < impl_->c_.thermal_zones.size() && impl_->c_.thermal_zones[zone] == "PMIC-Die")
    return Celsius(100);
  double value = impl_->temperature_;
  Impl::settle(
      value, impl_->ambient_c_ + impl_->c_.thermal_resistance_k_per_w * total(impl_->power_),
      (impl_->now_ - impl_->segment_begin_).seconds().value(), impl_->c_.thermal_time_constant_s);
  return Celsius(value);
}
ThrottleCounts Simulation::throttle_counts() const { return impl_->throttle_; }
void Simulation::set_power_limits(Watt average, Watt instantaneous) {
  impl_->average_limit_w_ = average.value();
  impl_->peak_limit_w_ = instantaneous.value();
  impl_->refresh();
}
std::vector<std::uint32_t> Simulation::transitions(Domain d) const {
  return impl_->domain(d).transitions;
}
void Simulation::set_idle_clusters(std::vector<ClusterLimits> clusters) {
  impl_->close_segment();
  impl_->clusters_ = std::move(clusters);
  impl_->refresh();
}

void Simulation::set_memory_share(double share) {
  if (share == impl_->memory_share_) return;
  impl_->close_segment();
  impl_->memory_share_ = std::clamp(share, 1e-3, 4.0);
  if (impl_->process_) impl_->process_->set_memory_share(impl_->memory_share_);
  impl_->refresh();
  impl_->wake_governors();
}
double Simulation::memory_share() const { return impl_->memory_share_; }
double Simulation::memory_traffic() const {
  double traffic = impl_->traffic_;
  Impl::settle(traffic, impl_->load_.bytes_per_s,
               (impl_->now_ - impl_->segment_begin_).seconds().value(), Impl::load_time_constant_s);
  return traffic;
}
void Simulation::set_railgating(bool on, Duration delay) {
  impl_->close_segment();
  impl_->gating_ = on;
  impl_->gate_delay_ = delay;
  impl_->refresh();
}
bool Simulation::gpu_gated() const { return impl_->gated(); }

void Simulation::set_dla_frequency(int core, Hertz frequency) {
  impl_->close_segment();
  impl_->dla_hz_.at(static_cast<std::size_t>(core)) = frequency;
  impl_->refresh();
}
Hertz Simulation::dla_frequency(int core) const {
  return impl_->dla_hz_.at(static_cast<std::size_t>(core));
}

void Simulation::set_ambient(Celsius ambient) {
  impl_->close_segment();
  impl_->ambient_c_ = ambient.value();
}
Joule Simulation::total_energy() const {
  const double seconds = (impl_->now_ - impl_->segment_begin_).seconds().value();
  return Joule(impl_->total_j_ + total(impl_->power_) * seconds);
}

void Simulation::start(const SimulatedJob& job) { impl_->start(job); }
void Simulation::start_batch(const std::shared_ptr<const ResidentNetwork>& network,
                             double work_share) {
  impl_->start_batch(network, work_share);
}
bool Simulation::running() const { return impl_->process_.has_value(); }
void Simulation::kill() { impl_->kill(); }
std::optional<SimulatedEvent> Simulation::take_event() {
  if (impl_->events_.empty()) return std::nullopt;
  SimulatedEvent event = std::move(impl_->events_.front());
  impl_->events_.pop_front();
  return event;
}
std::optional<Instant> Simulation::next_process_time() const { return impl_->next_process_time(); }

}  // namespace isojoule::twin
