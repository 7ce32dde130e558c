#include "twin/process.h"

#include <algorithm>

namespace isojoule::twin {
namespace {

double factor(Random* random, double deviation) {
  return random ? std::max(0.5, 1 + deviation * random->normal()) : 1;
}

}  // namespace

Process::Process(const Constants& constants, const SimulatedJob& job, Random* random, Instant now,
                 std::deque<SimulatedEvent>& events, double memory_share)
    : constants_(constants),
      random_(random),
      cost_(job.cost),
      network_(job.network_constants),
      work_(batch_work(job.cost, job.network_constants, constants, memory_share)) {
  run_factor_ = factor(random_, constants.run_variation);
  plan_phases(job);
  begin_phase(now, events);
}

void Process::set_memory_share(double share) {
  work_ = batch_work(cost_, network_, constants_, share);
}

void Process::plan_phases(const SimulatedJob& job) {
  const Constants& c = constants_;
  double file_bytes = 0;
  for (const LayerCost& layer : job.cost.layers)
    file_bytes += static_cast<double>(layer.bytes_weights);
  phases_.push_back({PhaseKind::load,
                     1,
                     {{StageKind::io, file_bytes / (c.storage_mbps * 1e6)},
                      {StageKind::cpu, 1 + file_bytes * c.load_cycles_per_byte}}});
  const double launches = c.has_gpu() ? work_.kernels * c.launch_cycles : 0;
  phases_.push_back({PhaseKind::graph_initialisation,
                     1,
                     {{StageKind::cpu, 1 + c.initialisation_cycles + launches}}});
  const std::vector<Stage> batch = batch_stages(work_, job.network_constants, c);
  if (job.warmup_batches > 0) phases_.push_back({PhaseKind::warm_up, job.warmup_batches, batch});
  if (job.batches > 0) phases_.push_back({PhaseKind::inference, job.batches, batch});
  phases_.push_back({PhaseKind::tear_down, 1, {{StageKind::cpu, 1 + c.tear_down_cycles}}});
}

bool Process::fits_in_memory() const {
  const double bytes = work_.weight_bytes + work_.activation_bytes + work_.input_bytes;
  return bytes + constants_.runtime_gb * 1e9 <= constants_.memory_gb * 1e9;
}

void Process::begin_phase(Instant now, std::deque<SimulatedEvent>& events) {
  phase_begin_ = now;
  round_ = 0;
  events.push_back({SimulatedEvent::Kind::phase_begin, phases_[phase_].kind, now, now});
  begin_round(now);
}

void Process::begin_round(Instant now) {
  round_begin_ = now;
  stages_ = phases_[phase_].stages;
  stage_ = 0;
  const double variation = factor(random_, constants_.batch_variation);
  for (Stage& stage : stages_) {
    stage.amount *= variation;
    if (stage.kind == StageKind::gpu || stage.kind == StageKind::cpu_kernels)
      stage.amount *= run_factor_;
  }
}

void Process::end_stage(Instant now, std::deque<SimulatedEvent>& events) {
  woke_from_io_ = stage().kind == StageKind::io;
  if (++stage_ < stages_.size()) return;
  const PhasePlan& phase = phases_[phase_];
  if (phase.kind == PhaseKind::inference)
    events.push_back({SimulatedEvent::Kind::batch, phase.kind, round_begin_, now});
  if (++round_ < phase.rounds) {
    begin_round(now);
    return;
  }
  if (phase.kind == PhaseKind::graph_initialisation && !fits_in_memory()) {
    events.push_back({SimulatedEvent::Kind::out_of_memory, phase.kind, phase_begin_, now});
    finished_ = true;
    return;
  }
  events.push_back({SimulatedEvent::Kind::phase_end, phase.kind, phase_begin_, now});
  if (++phase_ < phases_.size()) {
    begin_phase(now, events);
    return;
  }
  events.push_back({SimulatedEvent::Kind::finished, PhaseKind::idle, now, now});
  finished_ = true;
}

Second Process::after_stage(Hertz cpu, std::size_t gpu, int cores) const {
  Second sum(0);
  for (std::size_t i = stage_ + 1; i < stages_.size(); ++i)
    sum += Second(stage_load(work_, constants_, stages_[i], cpu, gpu, cores).seconds);
  return sum;
}

}  // namespace isojoule::twin
