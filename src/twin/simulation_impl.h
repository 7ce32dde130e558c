// What Simulation hides: the present segment of constant power, both clock domains with their
// governors, the loops that hold power and temperature, and the process. One thread.
#pragma once

#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "twin/clock_domain.h"
#include "twin/history.h"
#include "twin/power.h"
#include "twin/process.h"
#include "twin/simulation.h"

namespace isojoule::twin {

class Simulation::Impl {
 public:
  static constexpr Instant never{std::numeric_limits<std::int64_t>::max()};
  // Leakage follows the temperature this closely.
  static constexpr Duration longest_segment{1'000'000'000};
  static constexpr Duration thermal_period{100'000'000};  // passive polling of the thermal zones
  static constexpr double load_time_constant_s = 0.05;    // of what load() reports
  static constexpr double release_share = 0.95;  // of the power limit, before clocks rise again

  Impl(const Constants& constants, std::uint64_t seed, bool noise)
      : c_(constants), random_(seed_for(seed, "simulation")), noise_(noise) {
    set_up(domain(Domain::cpu), c_.cpu_frequencies);
    set_up(domain(Domain::gpu), c_.has_gpu() ? c_.gpu_frequencies : no_clock_);
    online_ = c_.cores;
    dla_hz_.fill(Hertz(c_.dla.maximum_hz));
    choose(Domain::cpu, c_.default_cpu_governor);
    choose(Domain::gpu, c_.default_gpu_governor);
    next_budget_ = c_.power_budget_w > 0 ? now_ + milliseconds(c_.power_budget_period_ms) : never;
    next_thermal_ = now_ + thermal_period;
    temperature_ = ambient_c_;
    refresh();
    idle_power_ = total(power_);
    cool_to_idle();
  }

  void cool_to_idle() {
    temperature_ = ambient_c_ + c_.thermal_resistance_k_per_w * idle_power_;
    budget_power_ = idle_power_;
    refresh();
  }

  void begin_run(std::uint64_t seed) {
    kill();
    events_.clear();
    random_ = Random(seed_for(seed, "simulation"));
    history_.restart(now_);
    total_j_ = 0;
    run_begin_ = now_;
    utilisation_ = 0;
    io_wake_ = false;
    remaining_ = 1;
    traffic_ = 0;
    gpu_idle_since_ = now_;
    next_budget_ = c_.power_budget_w > 0 ? now_ + milliseconds(c_.power_budget_period_ms) : never;
    next_thermal_ = now_ + thermal_period;
    for (ClockDomain& d : domains_) {
      d.ceiling = d.throttle = d.table->size() - 1;
      d.busy_s = d.window_busy_s = d.recent_load = 0;
    }
    for (const Domain which : {Domain::cpu, Domain::gpu})
      choose(which, domain(which).governor_name);
    cool_to_idle();
  }

  static Duration milliseconds(double ms) { return Duration::from(Second(ms * 1e-3)); }
  static void set_up(ClockDomain& d, const std::vector<Hertz>& table) {
    d.table = &table;
    d.highest = d.ceiling = d.throttle = table.size() - 1;
    d.current = d.wish = 0;
    d.seconds_at.assign(table.size(), 0.0);
    d.transitions.assign(table.size() * table.size(), 0);
  }

  ClockDomain& domain(Domain which) { return domains_[static_cast<std::size_t>(which)]; }
  const ClockDomain& domain(Domain which) const {
    return domains_[static_cast<std::size_t>(which)];
  }

  // ---- time ----
  void advance_to(Instant t) {
    while (now_ < t) {
      Instant next = std::min({t, stage_end_, next_budget_, next_thermal_, next_gate_});
      for (const ClockDomain& d : domains_) next = std::min(next, d.next_decision);
      now_ = std::max(now_, next);
      if (now_ - segment_begin_ >= longest_segment) refresh();
      if (now_ >= next_gate_) refresh();
      if (now_ >= stage_end_) end_stage();
      if (now_ >= next_budget_) hold_budget();
      if (now_ >= next_thermal_) hold_temperature();
      if (now_ >= domain(Domain::cpu).next_decision) decide(Domain::cpu);
      if (now_ >= domain(Domain::gpu).next_decision) decide(Domain::gpu);
    }
  }

  Clocks clocks() const {
    const std::size_t core = process_ ? static_cast<std::size_t>(process_->dla_core()) : 0;
    return {domain(Domain::cpu).frequency(), domain(Domain::gpu).current, online_, dla_hz_[core]};
  }

  // Closes the segment of constant power at now_ and begins the next with the present state.
  void refresh() {
    close_segment();
    const ClockDomain& cpu = domain(Domain::cpu);
    const ClockDomain& gpu = domain(Domain::gpu);
    load_ = process_ ? process_->load(clocks()) : StageLoad{};
    stage_end_ = process_ ? now_ + Duration::from(Second(remaining_ * load_.seconds)) : never;
    state_ = {cpu.frequency().value(), gpu.frequency().value(), cpu.moves(), gpu.moves(), online_};
    state_.cpu_activity = load_.cpu_activity;
    state_.gpu_busy = load_.gpu_busy;
    state_.macs_per_s = load_.macs_per_s;
    state_.bytes_per_s = load_.bytes_per_s;
    state_.temperature_c = temperature_;
    state_.memory_share = memory_share_;
    state_.others = idle_clusters();
    state_.dla_hz = clocks().dla.value();
    state_.dla_busy = load_.dla_busy;
    state_.dla_macs_per_s = load_.dla_macs_per_s;
    refresh_gate();
    power_ = component_power(c_, state_);
    for (std::size_t rail = 0; rail < c_.rails.size() && rail < History::most_rails; ++rail) {
      watts_[rail] = 0;
      for (std::size_t i = 0; i < component_count; ++i)
        watts_[rail] += c_.rail_components[rail][i] * power_[i];
    }
    const bool over = peak_limit_w_ > 0 && total(power_) > peak_limit_w_;
    if (over && !over_peak_) ++throttle_.instantaneous_power;
    over_peak_ = over;
  }

  // Those that run at another clock than the working cluster.
  IdleClusters idle_clusters() const {
    IdleClusters out;
    const ClockDomain& cpu = domain(Domain::cpu);
    for (const ClusterLimits& one : clusters_) {
      const Hertz clock =
          one.fixed ? *one.fixed
                    : std::clamp(cpu.frequency(), one.lowest, std::max(one.lowest, one.highest));
      if (clock == cpu.frequency() && one.governed == cpu.moves()) continue;
      if (out.count == IdleClusters::most) break;
      out.clusters[out.count++] = {clock.value(), one.governed, one.online_cores};
    }
    return out;
  }

  // ---- railgating: only a board whose gated GPU draws less than an idle one has the event ----
  bool gated() const {
    return gating_ && load_.gpu_busy == 0 && now_ - gpu_idle_since_ >= gate_delay_;
  }
  void refresh_gate() {
    if (load_.gpu_busy > 0) gpu_idle_since_ = now_;
    state_.gpu_gated = gated();
    const bool waits = gating_ && load_.gpu_busy == 0 && !state_.gpu_gated;
    next_gate_ = waits && c_.gpu_gated_share < 1 ? gpu_idle_since_ + gate_delay_ : never;
  }

  void close_segment() {
    const double seconds = (now_ - segment_begin_).seconds().value();
    if (seconds <= 0) return;
    history_.add(now_, watts_);
    const double module = total(power_);
    total_j_ += module * seconds;
    settle(temperature_, ambient_c_ + c_.thermal_resistance_k_per_w * module, seconds,
           c_.thermal_time_constant_s);
    settle(budget_power_, module, seconds, c_.power_budget_window_ms * 1e-3);
    utilisation_ = utilisation_now();
    if (load_.gpu_busy > 0) gpu_idle_since_ = now_;
    settle(traffic_, load_.bytes_per_s, seconds, load_time_constant_s);
    const double busy[] = {load_.cpu_busy, load_.gpu_busy};
    for (std::size_t i = 0; i < 2; ++i) {
      domains_[i].seconds_at[domains_[i].current] += seconds;
      domains_[i].busy_s += busy[i] * seconds;
      settle(domains_[i].recent_load, busy[i], seconds, load_time_constant_s);
    }
    if (process_ && load_.seconds > 0)
      remaining_ = std::max(0.0, remaining_ - seconds / load_.seconds);
    segment_begin_ = now_;
  }

  static void settle(double& value, double target, double seconds, double time_constant) {
    value = target + (value - target) * std::exp(-seconds / time_constant);
  }

  // PELT: a busy core's signal goes to its clock over the highest (frequency invariance), an idle
  // one's to 0, with the scheduler's half-life.
  double utilisation_now() const {
    const double seconds = (now_ - segment_begin_).seconds().value();
    const double target = load_.cpu_busy * state_.cpu_hz / c_.cpu_frequencies.back().value();
    return target + (utilisation_ - target) * std::exp2(-seconds * 1e3 / c_.pelt_half_life_ms);
  }

  // ---- governors ----
  std::unique_ptr<Governor> governor_of(Domain which, const std::string& name) const {
    if (which == Domain::cpu) return make_cpu_governor(name, c_);
    return c_.has_gpu() ? make_gpu_governor(name, c_) : make_fixed("performance", no_clock_);
  }
  void choose(Domain which, const std::string& name) {
    ClockDomain& d = domain(which);
    auto made = governor_of(which, name);
    if (!made) return;
    // Userspace begins where the clock stands; a governor chosen anew keeps its wish.
    if (d.governor_name != name) d.wish = d.current;
    d.governor_name = name;
    d.is_userspace = name == "userspace";
    d.governor = std::move(made);
    restart(which);
  }

  // After a change of governor, limit or wish: static governors act at once, the others sample
  // anew.
  void restart(Domain which) {
    ClockDomain& d = domain(which);
    const Duration period = d.governor->period();
    close_segment();
    d.window_begin = d.last_decision = now_;
    d.window_busy_s = d.busy_s;
    d.next_decision = period.ns > 0 ? now_ + period : never;
    const bool dynamic = period.ns > 0;
    const std::size_t from = now_ == run_begin_ ? 0 : d.current;
    const std::size_t target = dynamic ? std::clamp(from, d.bottom(), d.top()) : d.next({});
    change(d, target);
    if (dynamic && d.bottom() == d.top()) d.next_decision = never;
  }

  void change(ClockDomain& d, std::size_t target) {
    if (target != d.current) {
      close_segment();
      ++d.transitions[d.current * d.table->size() + target];
      d.current = target;
    }
    refresh();
  }

  void decide(Domain which) {
    ClockDomain& d = domain(which);
    const double since = (now_ - segment_begin_).seconds().value();
    const double busy = which == Domain::cpu ? load_.cpu_busy : load_.gpu_busy;
    const double busy_s = d.busy_s + busy * since;
    const double window = (now_ - d.window_begin).seconds().value();
    GovernorInput input;
    input.load = window > 0 ? std::clamp((busy_s - d.window_busy_s) / window, 0.0, 1.0) : busy;
    input.utilisation = which == Domain::cpu ? utilisation_now() : 0;
    input.io_wake = which == Domain::cpu && std::exchange(io_wake_, false);
    d.window_begin = d.last_decision = now_;
    d.window_busy_s = busy_s;
    const std::size_t target = d.next(input);
    if (target != d.current) change(d, target);
    const bool settled = d.governor->settled(d.current, d.bottom(), d.top(), busy);
    d.next_decision = settled ? never : now_ + d.governor->period();
  }

  // The load or a ceiling has changed: a governor that had settled samples again, in its old beat.
  void wake_governors() {
    for (ClockDomain& d : domains_) {
      if (d.next_decision != never || !d.moves()) continue;
      const std::int64_t period = d.governor->period().ns;
      const std::int64_t beats = (now_ - d.last_decision).ns / period + 1;
      d.next_decision = d.last_decision + Duration{beats * period};
    }
  }

  // ---- power governance: one entry down on both clocks above the budget, one up below it ----
  void hold_budget() {
    next_budget_ = now_ + milliseconds(c_.power_budget_period_ms);
    close_segment();
    int step = 0;
    if (budget_power_ > c_.power_budget_w) step = -1;
    if (budget_power_ < c_.power_budget_w - c_.power_budget_hysteresis_w) step = 1;
    for (const Domain which : {Domain::cpu, Domain::gpu}) {
      ClockDomain& d = domain(which);
      const std::size_t last = d.table->size() - 1;
      if (step < 0 && d.ceiling > 0) --d.ceiling;
      if (step > 0 && d.ceiling < last) ++d.ceiling;
      follow(d);
    }
  }

  // ---- thermal throttling: passive trip, one entry a poll (step-wise governor) ----
  void hold_temperature() {
    next_thermal_ = now_ + thermal_period;
    close_segment();
    const bool hot = temperature_ > c_.trip_c;
    const bool over = average_limit_w_ > 0 && budget_power_ > average_limit_w_;
    const bool cool = temperature_ < c_.trip_c - 2 &&
                      (average_limit_w_ == 0 || budget_power_ < release_share * average_limit_w_);
    if (hot) ++throttle_.thermal;
    if (over && !over_average_) ++throttle_.average_power;
    over_average_ = over;
    for (ClockDomain& d : domains_) {
      if ((hot || over) && d.throttle > 0) --d.throttle;
      if (cool && d.throttle + 1 < d.table->size()) ++d.throttle;
      follow(d);
    }
  }

  // A ceiling has moved: down at once; up at once for those that do not sample.
  void follow(ClockDomain& d) {
    const std::size_t target =
        d.governor->period().ns > 0 ? std::min(d.current, d.top()) : d.next({});
    if (target != d.current) change(d, target);
    wake_governors();
  }

  // ---- the process ----
  void end_stage() {
    close_segment();
    process_->end_stage(now_, clocks(), events_);
    io_wake_ = io_wake_ || process_->woke_from_io();
    remaining_ = 1;
    if (process_->finished()) process_.reset();
    refresh();
    wake_governors();
  }

  void start(const SimulatedJob& job) {
    close_segment();
    events_.clear();
    process_.emplace(c_, job, noise_ ? &random_ : nullptr, now_, events_, memory_share_);
    remaining_ = 1;
    refresh();
    wake_governors();
  }

  void start_batch(const std::shared_ptr<const ResidentNetwork>& network, double work_share) {
    close_segment();
    process_.emplace(c_, network, work_share, noise_ ? &random_ : nullptr, now_, events_,
                     memory_share_);
    remaining_ = 1;
    refresh();
    wake_governors();
  }

  void kill() {
    close_segment();
    process_.reset();
    refresh();
    wake_governors();
  }

  std::optional<Instant> next_process_time() const {
    if (!process_) return std::nullopt;
    return stage_end_ + Duration::from(process_->after_stage(clocks()));
  }

  const Constants c_;
  const std::vector<Hertz> no_clock_{Hertz(1)};  // stands in for a GPU that is not there
  Random random_;
  bool noise_;
  Instant now_, segment_begin_;
  Instant run_begin_{-1};
  ClockDomain domains_[2];
  int online_ = 1;
  PowerState state_;
  ComponentPower power_{};
  std::array<double, History::most_rails> watts_{};
  History history_;
  double ambient_c_ = c_.ambient_c;
  double total_j_ = 0;
  double temperature_ = 25;
  double idle_power_ = 0;    // W, of the board as it was switched on
  double budget_power_ = 0;  // W, averaged
  double utilisation_ = 0;
  StageLoad load_;
  bool io_wake_ = false;
  Instant next_budget_, next_thermal_, stage_end_ = never;
  ThrottleCounts throttle_;
  double average_limit_w_ = 0, peak_limit_w_ = 0;  // 0 = none
  bool over_average_ = false, over_peak_ = false;
  std::vector<ClusterLimits> clusters_;
  double memory_share_ = 1;
  double traffic_ = 0;  // byte/s, averaged
  std::array<Hertz, 8> dla_hz_{};
  bool gating_ = false;
  Duration gate_delay_{};
  Instant gpu_idle_since_;
  Instant next_gate_ = never;
  std::optional<Process> process_;
  double remaining_ = 1;  // share of the current stage, at segment_begin_
  std::deque<SimulatedEvent> events_;
};

}  // namespace isojoule::twin
