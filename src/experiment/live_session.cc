#include "experiment/live_session.h"

#include <algorithm>
#include <cmath>

#include "data/counted_steps.h"
#include "data/distinct_names.h"
#include "experiment/experiment.h"

namespace isojoule {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// Only the sampler's thread adds, so a load and a store do.
template <typename Number>
void add_alone(std::atomic<Number>& sum, Number more) {
  sum.store(sum.load(kRelaxed) + more, kRelaxed);
}

static_assert(std::atomic<double>::is_always_lock_free, "a tick takes no lock");

}  // namespace

LiveSession::LiveSession(const Board& board) {
  DistinctNames names;
  for (const auto& sensor : board.sensors)
    for (const ChannelInfo& info : sensor->channels())
      rails_.emplace_back().name = names.take(info.rail);
  if (auto rails = rails_of_total(board.file.total)) rails_of_total_ = std::move(*rails);
}

void LiveSession::expect(std::int64_t planned, std::int64_t already_there) {
  planned_.store(planned, kRelaxed);
  already_there_.store(already_there, kRelaxed);
}

void LiveSession::begin_run(const PlannedRun& planned) {
  const std::string setting = to_string(planned.setting);
  const std::lock_guard lock(names_mutex_);
  network_ = planned.network;
  setting_ = setting;
  baseline_ = planned.baseline;
  sequence_ = planned.sequence;
}

void LiveSession::leave_run() {
  leave_phase();
  const std::lock_guard lock(names_mutex_);
  sequence_ = -1;
}

void LiveSession::count(const Run& run) {
  switch (run.state) {
    case RunState::complete: complete_.fetch_add(1, kRelaxed); break;
    case RunState::failed: failed_.fetch_add(1, kRelaxed); break;
    case RunState::throttled: throttled_.fetch_add(1, kRelaxed); break;
  }
  for (const CounterInfo& info : all_counters())
    faults_[static_cast<std::size_t>(info.counter)].fetch_add(run.counters[info.counter], kRelaxed);
  inferences_.fetch_add(run.inferences, kRelaxed);
  const Phase* phase = run.phase(PhaseKind::inference);
  if (phase != nullptr && run.inferences > 0)
    inference_s_.store(phase->duration().value() / static_cast<double>(run.inferences), kRelaxed);
}

void LiveSession::begin_sampling() {
  for (LiveRail& rail : rails_) rail.has_last = false;
}

// What is told never falls, or whoever counts would take it for a new beginning.
void LiveSession::tell_energy(LiveRail& rail) noexcept {
  const double more = rail.sum_j - rail.energy_j.load(kRelaxed);
  if (more <= 0) return;
  rail.energy_j.store(rail.sum_j, kRelaxed);
  const auto slot = static_cast<std::size_t>(phase_.load(kRelaxed)) + 1;  // of none (-1): 0
  if (slot < rail.phase_energy_j.size()) add_alone(rail.phase_energy_j[slot], more);
}

void LiveSession::reading(std::size_t place, const Channel& channel) noexcept {
  if (place >= rails_.size()) return;
  LiveRail& rail = rails_[place];
  const std::size_t row = channel.time_ns.size() - 1;
  const ChannelInfo& info = channel.info;
  const std::int64_t time_ns = channel.time_ns[row];
  const bool counts = info.kind == ChannelKind::energy_counter;
  const double now = counts ? 0 : channel.power_at(row).value();
  const std::int32_t steps = counts ? counted_steps(rail.last_a, channel.a[row]) : 0;
  const double seconds = static_cast<double>(time_ns - rail.last_ns) * 1e-9;
  const bool was_reset = steps < 0;
  if (rail.has_last && seconds > 0 && !was_reset) {
    double joules = counts ? steps * info.step_a : (now + rail.last_w) / 2 * seconds;
    if (counts && info.calibration)
      joules = joules * info.calibration->gain + info.calibration->offset.value() * seconds;
    rail.sum_j += joules;
    tell_energy(rail);
    rail.power_w.store(counts ? joules / seconds : now, kRelaxed);
  } else if (!counts) {
    rail.power_w.store(now, kRelaxed);
  }
  rail.has_last = true;
  rail.last_ns = time_ns;
  rail.last_w = now;
  rail.last_a = channel.a[row];
  add_alone(rail.readings, std::uint64_t{1});
}

LiveSession::State LiveSession::snapshot() const {
  State state;
  for (const LiveRail& rail : rails_) {
    RailState& now = state.rails.emplace_back();
    now.rail = rail.name;
    now.readings = rail.readings.load(kRelaxed);
    now.energy_j = rail.energy_j.load(kRelaxed);
    if (const double power_w = rail.power_w.load(kRelaxed); std::isfinite(power_w))
      now.power_w = power_w;
    for (std::size_t i = 0; i < rail.phase_energy_j.size(); ++i)
      if (const double joules = rail.phase_energy_j[i].load(kRelaxed); joules > 0)
        now.phase_energy_j[i == 0 ? "none" : std::string(name_of(static_cast<PhaseKind>(i - 1)))] =
            joules;
  }
  add_total(state);
  if (const int phase = phase_.load(kRelaxed); phase != kNoPhase)
    state.phase = static_cast<PhaseKind>(phase);
  state.planned = planned_.load(kRelaxed);
  state.already_there = already_there_.load(kRelaxed);
  state.complete = complete_.load(kRelaxed);
  state.failed = failed_.load(kRelaxed);
  state.throttled = throttled_.load(kRelaxed);
  state.batches = batches_.load(kRelaxed);
  state.inferences = inferences_.load(kRelaxed);
  if (const double seconds = inference_s_.load(kRelaxed); seconds >= 0) state.inference_s = seconds;
  for (const CounterInfo& info : all_counters())
    if (const auto count = faults_[static_cast<std::size_t>(info.counter)].load(kRelaxed);
        count > 0)
      state.faults[info.counter] = count;
  const std::lock_guard lock(names_mutex_);
  state.network = network_;
  state.setting = setting_;
  state.baseline = baseline_;
  state.sequence = sequence_;
  return state;
}

void LiveSession::add_total(State& state) const {
  if (rails_of_total_.empty()) return;
  RailState total;
  total.rail = "total";
  total.power_w = 0;
  for (const std::string& name : rails_of_total_) {
    const auto rail = std::find_if(state.rails.begin(), state.rails.end(),
                                   [&](const RailState& other) { return other.rail == name; });
    if (rail == state.rails.end() || !rail->power_w) return;
    *total.power_w += *rail->power_w;
    total.energy_j += rail->energy_j;
    for (const auto& [phase, joules] : rail->phase_energy_j) total.phase_energy_j[phase] += joules;
    total.readings = std::max(total.readings, rail->readings);
  }
  state.rails.push_back(std::move(total));
}

}  // namespace isojoule
