#include "twin/process.h"

#include <algorithm>
#include <utility>

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
      network_(job.network_constants),
      execution_(job.execution),
      options_(work_options(job.execution, constants)) {
  parts_ = parts_of(job.cost, execution_);
  make_works(memory_share);
  run_factor_ = factor(random_, constants.run_variation);
  plan_phases(job);
  begin_phase(now, events);
}

Process::Process(const Constants& constants, std::shared_ptr<const ResidentNetwork> resident,
                 double work_share, Random* random, Instant now, std::deque<SimulatedEvent>& events,
                 double memory_share)
    : constants_(constants),
      random_(random),
      network_(resident->job.network_constants),
      execution_(resident->job.execution),
      options_(work_options(execution_, constants)),
      resident_(std::move(resident)),
      works_(resident_->works),
      memory_share_(memory_share) {
  if (memory_share != resident_->memory_share) set_memory_share(memory_share);
  std::vector<Stage> stages = batch_stages(works_->front(), network_, constants_, options_);
  for (Stage& stage : stages) stage.amount *= work_share;
  phases_.push_back({PhaseKind::inference, 1, std::move(stages)});
  begin_phase(now, events);
}

// Where nothing may fall back, whoever starts the job has looked whether it must.
std::vector<PlacedPart> Process::parts_of(const NetworkCost& cost, const Execution& execution) {
  if (!execution.on_dla) return {{false, cost}};
  Execution with_fallback = execution;
  with_fallback.fallback = true;
  return *placed(cost, with_fallback);
}

void Process::make_works(double memory_share) {
  memory_share_ = memory_share;
  std::vector<BatchWork> works;
  works.reserve(parts_.size());
  for (const PlacedPart& part : parts_)
    works.push_back(execution_.on_dla
                        ? part_work(part, network_, constants_, memory_share, options_)
                        : batch_work(part.cost, network_, constants_, memory_share, options_));
  works_ = std::make_shared<const std::vector<BatchWork>>(std::move(works));
}

void Process::set_memory_share(double share) {
  if (parts_.empty()) parts_ = parts_of(resident_->job.cost, execution_);
  make_works(share);
}

std::shared_ptr<const ResidentNetwork> make_resident(const Constants& constants,
                                                     const SimulatedJob& job, double memory_share) {
  std::vector<BatchWork> works{batch_work(job.cost, job.network_constants, constants, memory_share,
                                          work_options(job.execution, constants))};
  return std::make_shared<const ResidentNetwork>(ResidentNetwork{
      job, memory_share, std::make_shared<const std::vector<BatchWork>>(std::move(works))});
}

void Process::plan_phases(const SimulatedJob& job) {
  const Constants& c = constants_;
  double file_bytes = 0, launches = 0, layers = 0;
  for (const LayerCost& layer : job.cost.layers)
    file_bytes += static_cast<double>(layer.bytes_weights);
  for (const BatchWork& work : *works_) {
    layers += work.kernels;
    if (c.has_gpu() && !work.on_dla) launches += work.kernels * c.launch_cycles;
  }
  const StartCycles start = start_cycles(execution_, c, layers);
  phases_.push_back({PhaseKind::process_start, 1, {{StageKind::cpu, 1 + start.process}}});
  phases_.push_back({PhaseKind::load,
                     1,
                     {{StageKind::io, file_bytes / (c.storage_mbps * 1e6)},
                      {StageKind::cpu, 1 + file_bytes * c.load_cycles_per_byte}}});
  phases_.push_back(
      {PhaseKind::graph_initialisation, 1, {{StageKind::cpu, 1 + start.graph + launches}}});
  plan_batches(job, start);
  phases_.push_back({PhaseKind::tear_down, 1, {{StageKind::cpu, 1 + c.tear_down_cycles}}});
}

void Process::plan_batches(const SimulatedJob& job, const StartCycles& start) {
  const std::vector<Stage> batch = stages_of_batch();
  const double input_cycles = works_->front().input_bytes * constants_.input_cycles_per_byte;
  phases_.push_back({PhaseKind::inputs, 1, {{StageKind::cpu, 1 + input_cycles}}});
  std::vector<Stage> first = batch;
  if (start.first_use > 0) first.insert(first.begin(), {StageKind::cpu, start.first_use});
  phases_.push_back({PhaseKind::first_inference, 1, std::move(first)});
  if (job.warmup_batches > 0 || job.warmup_time.ns > 0)
    phases_.push_back({PhaseKind::warm_up, std::max<std::int64_t>(1, job.warmup_batches), batch,
                       job.warmup_time});
  if (job.batches > 0) phases_.push_back({PhaseKind::inference, job.batches, batch});
  if (job.profile_batches > 0)
    phases_.push_back({PhaseKind::profiling, job.profile_batches, batch});
}

// Inputs and the CPU's own work come first, whichever device then begins.
std::vector<Stage> Process::stages_of_batch() const {
  if (!execution_.on_dla) return batch_stages(works_->front(), network_, constants_, options_);
  const DlaConstants& dla = constants_.dla;
  const double scale = options_.element_bytes / 4;  // LayerCost counts FP32
  const double in = scale * static_cast<double>(parts_.front().cost.layers.front().bytes_read);
  const double out = scale * static_cast<double>(parts_.back().cost.layers.back().bytes_written);
  const double cycles = options_.cycles_share * network_.cpu_cycles_per_inference *
                        static_cast<double>(parts_.front().cost.batch);
  std::vector<Stage> stages;  // inputs lie in memory: bringing them into the DLA's layout is all
  if (cycles > 0) stages.push_back({StageKind::cpu, cycles});
  if (const double reformat = (in + out) * dla.reformat_cycles_per_byte; reformat > 0)
    stages.push_back({StageKind::cpu_cores, reformat});
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].on_dla && dla.submit_cycles > 0)
      stages.push_back({StageKind::cpu, dla.submit_cycles});
    stages.push_back({parts_[i].on_dla ? StageKind::dla : StageKind::gpu, 1, i});
  }
  return stages;
}

double Process::memory_bytes() const {
  double bytes = constants_.runtime_gb * 1e9;
  for (const BatchWork& work : *works_)
    bytes += work.weight_bytes + work.activation_bytes + work.input_bytes;
  return bytes;
}

void Process::begin_phase(Instant now, std::deque<SimulatedEvent>& events) {
  phase_begin_ = now;
  round_ = 0;
  events.push_back({SimulatedEvent::Kind::phase_begin, phases_[phase_].kind, now, now, {}});
  begin_round(now);
}

void Process::begin_round(Instant now) {
  round_begin_ = now;
  stages_ = phases_[phase_].stages;
  stage_ = 0;
  // Not of what comes before: with or without it the batches that are measured vary alike.
  const PhaseKind kind = phases_[phase_].kind;
  const bool varies = kind != PhaseKind::process_start && kind != PhaseKind::inputs &&
                      kind != PhaseKind::first_inference;
  const double variation = varies ? factor(random_, constants_.batch_variation) : 1;
  for (Stage& stage : stages_) {
    stage.amount *= variation;
    if (stage.kind == StageKind::gpu || stage.kind == StageKind::cpu_kernels ||
        stage.kind == StageKind::dla)
      stage.amount *= run_factor_;
  }
}

void Process::end_stage(Instant now, const Clocks& clocks, std::deque<SimulatedEvent>& events) {
  woke_from_io_ = stage().kind == StageKind::io;
  if (++stage_ < stages_.size()) return;
  const PhasePlan& phase = phases_[phase_];
  if (phase.kind == PhaseKind::inference)
    events.push_back({SimulatedEvent::Kind::batch, phase.kind, round_begin_, now, {}});
  if (++round_ < phase.rounds || now - phase_begin_ < phase.at_least) {
    begin_round(now);
    return;
  }
  if (phase.kind == PhaseKind::graph_initialisation &&
      memory_bytes() > constants_.memory_gb * 1e9) {
    events.push_back(
        {SimulatedEvent::Kind::out_of_memory, phase.kind, phase_begin_, now, {}, memory_bytes()});
    finished_ = true;
    return;
  }
  if (phase.kind == PhaseKind::profiling)
    events.push_back(
        {SimulatedEvent::Kind::layers, phase.kind, phase_begin_, now, layer_times(clocks)});
  events.push_back({SimulatedEvent::Kind::phase_end, phase.kind, phase_begin_, now, {}});
  if (++phase_ < phases_.size()) {
    begin_phase(now, events);
    return;
  }
  events.push_back({SimulatedEvent::Kind::finished, PhaseKind::idle, now, now, {}, memory_bytes()});
  finished_ = true;
}

Second Process::after_stage(const Clocks& clocks) const {
  Second sum(0);
  for (std::size_t i = stage_ + 1; i < stages_.size(); ++i)
    sum += Second(load_of(stages_[i], clocks).seconds);
  return sum;
}

// As a profiler gives them: what an engine has fused is one row.
std::vector<LayerTime> Process::layer_times(const Clocks& clocks) const {
  std::vector<LayerTime> times;
  const std::int64_t rounds = phases_[phase_].rounds;
  for (std::size_t part = 0; part < works_->size(); ++part) {
    const BatchWork& work = (*works_)[part];
    for (const KernelWork& kernel : work.kernel_works) {
      const double gpu_hz = constants_.gpu_frequencies[clocks.gpu].value();
      const double seconds =
          work.on_dla
              ? dla_kernel_seconds(kernel, work.dla_bandwidth, constants_, clocks.dla)
              : work.kernel_share * kernel_seconds(kernel, gpu_hz, constants_, memory_share_);
      LayerTime time;
      for (const std::size_t index : kernel.layers) {
        const LayerCost& layer = parts_[part].cost.layers[index];
        time.name += (time.name.empty() ? "" : " + ") + layer.name;
        time.operation += (time.operation.empty() ? "" : "+") + layer.operation;
      }
      time.device = work.on_dla ? "DLA" : "GPU";
      time.time = Second(run_factor_ * seconds);
      time.spread = Second(random_ ? constants_.batch_variation * time.time.value() : 0);
      time.batches = rounds;
      times.push_back(std::move(time));
    }
  }
  return times;
}

}  // namespace isojoule::twin
