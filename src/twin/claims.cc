#include "twin/claims.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "twin/power.h"
#include "twin/simulation.h"
#include "twin/work.h"

namespace isojoule::twin {
namespace {

constexpr std::array networks{"alexnet", "resnet-18", "mobilenet-v2"};

// What the report says of one board.
struct Published {
  std::string_view board;
  std::array<double, 3> saving{};  // in the order of `networks`
  double best_gpu_hz = 0;
  double latency_increase_low = 0, latency_increase_high = 0;  // 0: not stated
  std::int64_t sweep_batch = 0;
  double sweep_cpu_khz = 0, sweep_gpu_hz = 0;  // fixed while the other is swept
  double power_span_low = 0, power_span_high = 0, latency_span = 0;
  double cpu_power_span = 0, cpu_latency_span = 0;  // 0: not stated
  double cpu_residency = 0, gpu_residency = 0;
  double powersave_energy = 0, powersave_power = 0, powersave_time = 0;
  double others_within = 0;
  double batch_cpu_khz = 0, batch_low = 0, batch_high = 0;
  double highest_power = 0;  // W, the board's highest power mode in the poster and the data sheet
  double nano_ratio_low = 0, nano_ratio_high = 0;  // Nano's energy over this board's; 0: not stated
  std::array<std::string_view, 4> sections;        // sweep, topology, batch, between boards
};

constexpr Published published[] = {
    {
        .board = "jetson-nano",
        .saving = {13.5, 19.3, 15.6},
        .best_gpu_hz = 614.4e6,
        .latency_increase_low = 28,
        .latency_increase_high = 35,
        .sweep_batch = 8,
        .sweep_cpu_khz = 1132800,
        .sweep_gpu_hz = 691.2e6,
        .power_span_low = 4.7,
        .power_span_high = 4.7,
        .latency_span = 532,
        .cpu_power_span = 1.0,
        .cpu_latency_span = 60,
        .cpu_residency = 89,
        .gpu_residency = 83,
        .powersave_energy = 0.01,
        .powersave_power = -30,
        .powersave_time = 43,
        .others_within = 1,
        .batch_cpu_khz = 1479000,
        .batch_low = 40,
        .batch_high = 45,
        .highest_power = 10,
        .sections = {"5.1", "5.2", "5.3", ""},
    },
    {
        .board = "jetson-xavier-nx",
        .saving = {13.42, 2.5, 14.84},
        .best_gpu_hz = 803.25e6,
        .sweep_batch = 16,
        .sweep_cpu_khz = 1036800,
        .sweep_gpu_hz = 803.25e6,
        .power_span_low = 7.5,
        .power_span_high = 9.8,
        .latency_span = 20,
        .cpu_residency = 87,
        .gpu_residency = 79,
        .powersave_energy = -1.3,
        .powersave_power = -36,
        .powersave_time = 54,
        .others_within = 2,
        .batch_cpu_khz = 1036800,
        .batch_low = 35,
        .batch_high = 42,
        .highest_power = 15,
        .nano_ratio_low = 2,
        .nano_ratio_high = 4,
        .sections = {"5.4", "5.5", "5.6", "5.5"},
    },
    {
        .board = "jetson-orin-nx",
        .saving = {19.21, 18.76, 16.78},
        .best_gpu_hz = 714e6,
        .sweep_batch = 16,
        .sweep_cpu_khz = 960000,
        .sweep_gpu_hz = 612e6,
        .power_span_low = 5.1,
        .power_span_high = 5.1,
        .latency_span = 6,
        .cpu_residency = 56,
        .gpu_residency = 59,
        .powersave_energy = 1.5,
        .powersave_power = -28,
        .powersave_time = 44,
        .others_within = 2,
        .batch_cpu_khz = 960000,
        .batch_low = 15,
        .batch_high = 19,
        .highest_power = 25,
        .nano_ratio_low = 2,
        .nano_ratio_high = 5,
        .sections = {"5.7", "5.8", "5.9", "5.8"},
    },
};

std::int64_t grid_batch(std::string_view board, std::string_view network) {
  return board == "jetson-nano" && network == "mobilenet-v2" ? 8 : 16;
}

const NetworkConstants& of(const Constants& c, const std::string& network) {
  const auto found = c.networks.find(network);
  return found == c.networks.end() ? c.other_networks : found->second;
}

std::size_t index_of(const std::vector<Hertz>& table, double f) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < table.size(); ++i)
    if (std::abs(table[i].value() - f) < std::abs(table[best].value() - f)) best = i;
  return best;
}

class Evaluation {
 public:
  Evaluation(const Constants& constants, const Published& report, const CostOf& cost_of)
      : c_(constants), report_(report), cost_of_(cost_of) {
    c_.leakage_per_k = 0;
    c_.initialisation_cycles = c_.tear_down_cycles = c_.load_cycles_per_byte = 0;
    c_.storage_mbps = 1e5;
  }

  std::vector<Claim> all(const std::map<std::string, double>& nano) {
    for (std::size_t i = 0; i < networks.size(); ++i) topology(i, nano);
    gpu_sweep();
    if (report_.cpu_power_span > 0) cpu_sweep();
    batches();
    governors();
    return std::move(claims_);
  }

  GovernedFigures stock(const std::string& network, std::int64_t batch) {
    return governed_figures(c_, cost_of_(network, batch), network, c_.default_cpu_governor,
                            c_.default_gpu_governor, stock_seconds);
  }

 private:
  void add(std::string name, std::string unit, std::string_view section, double low, double high,
           double tolerance, double weight, double value) {
    claims_.push_back({std::move(name), std::move(unit), std::string(section), low, high, tolerance,
                       weight, value});
  }

  PinnedFigures at(const std::string& network, const BatchWork& work, std::size_t cpu,
                   std::size_t gpu) const {
    return pinned_figures(c_, of(c_, network), work, cpu, gpu);
  }
  BatchWork work_of(const std::string& network, std::int64_t batch) const {
    return batch_work(cost_of_(network, batch), of(c_, network), c_);
  }

  // The grid's minimum against the default governors.
  void topology(std::size_t i, const std::map<std::string, double>& nano) {
    const std::string network = networks[i];
    const std::int64_t batch = grid_batch(report_.board, network);
    const BatchWork work = work_of(network, batch);
    const std::size_t stated = index_of(c_.gpu_frequencies, report_.best_gpu_hz);
    PinnedFigures best{0, 1e300, 0}, near{0, 1e300, 0}, other{0, 1e300, 0};
    std::size_t best_gpu = 0, best_cpu = 0;
    for (std::size_t gpu = 0; gpu < c_.gpu_frequencies.size(); ++gpu) {
      for (std::size_t cpu = 0; cpu < c_.cpu_frequencies.size(); ++cpu) {
        const PinnedFigures f = at(network, work, cpu, gpu);
        if (f.joules_per_inference < best.joules_per_inference) {
          best = f;
          best_gpu = gpu;
          best_cpu = cpu;
        }
        PinnedFigures& side = gpu == stated ? near : other;
        if (f.joules_per_inference < side.joules_per_inference) side = f;
      }
    }
    const GovernedFigures stock_run = stock(network, batch);
    const double stock_joules = stock_run.figures.joules_per_inference;
    add("saving " + network, "%", report_.sections[1], report_.saving[i], report_.saving[i], 2, 2,
        100 * (1 - best.joules_per_inference / stock_joules));
    add("best GPU clock " + network, "MHz", report_.sections[1], report_.best_gpu_hz / 1e6,
        report_.best_gpu_hz / 1e6, neighbour(stated), 0,
        c_.gpu_frequencies[best_gpu].value() / 1e6);
    // By how much the stated clock is the best: with less than this, noise picks its neighbour.
    add("best energy at other GPU clocks over the stated one's " + network, "%", "own", 0.3, 100,
        0.3, 0.5, 100 * (other.joules_per_inference / near.joules_per_inference - 1));
    add("best CPU clock " + network, "MHz", "", 0, 1e4, 0, 0,
        c_.cpu_frequencies[best_cpu].value() / 1e6);
    if (report_.latency_increase_high > 0)
      add("latency increase " + network, "%", report_.sections[1], report_.latency_increase_low,
          report_.latency_increase_high, 1, 0.5,
          100 * (best.seconds_per_inference / stock_run.figures.seconds_per_inference - 1));
    const auto reference = nano.find(network);
    if (reference != nano.end() && report_.nano_ratio_high > 0)
      add("Nano's energy over this board's " + network, "1", report_.sections[3],
          report_.nano_ratio_low, report_.nano_ratio_high, 0.3, 0.15,
          reference->second / stock_joules);
  }

  double neighbour(std::size_t stated) const {
    double most = 0;
    if (stated > 0)
      most = c_.gpu_frequencies[stated].value() - c_.gpu_frequencies[stated - 1].value();
    if (stated + 1 < c_.gpu_frequencies.size())
      most = std::max(most,
                      c_.gpu_frequencies[stated + 1].value() - c_.gpu_frequencies[stated].value());
    return most / 1e6 + 0.01;
  }

  void gpu_sweep() {
    const BatchWork work = work_of("alexnet", report_.sweep_batch);
    const std::size_t cpu = index_of(c_.cpu_frequencies, report_.sweep_cpu_khz * 1e3);
    const std::size_t last = c_.gpu_frequencies.size() - 1;
    const PinnedFigures low = at("alexnet", work, cpu, 0), high = at("alexnet", work, cpu, last);
    add("GPU sweep: power span", "W", report_.sections[0], report_.power_span_low,
        report_.power_span_high, 0.1 * report_.power_span_low, 2, high.watts - low.watts);
    add("GPU sweep: latency span", "s", report_.sections[0], report_.latency_span,
        report_.latency_span, 0.1 * report_.latency_span, 2,
        3200 * (low.seconds_per_inference - high.seconds_per_inference));
    // "almost linear": largest distance from the chord, in percent of the span.
    double bend = 0;
    const double f0 = c_.gpu_frequencies[0].value(), f1 = c_.gpu_frequencies[last].value();
    for (std::size_t gpu = 1; gpu < last; ++gpu) {
      const double chord =
          low.watts + (high.watts - low.watts) * (c_.gpu_frequencies[gpu].value() - f0) / (f1 - f0);
      bend = std::max(bend, std::abs(at("alexnet", work, cpu, gpu).watts - chord));
    }
    add("GPU sweep: distance of power from a straight line", "% of span", report_.sections[0], 0,
        15, 2, 0.1, 100 * bend / (high.watts - low.watts));
    add("time at the highest GPU clock", "s", "", 0, 1e4, 0, 0, 3200 * high.seconds_per_inference);
    add("power at the highest GPU clock", "W", "data sheet", 0, report_.highest_power, 0.5, 0.1,
        high.watts);
  }

  void cpu_sweep() {
    const BatchWork work = work_of("alexnet", report_.sweep_batch);
    const std::size_t gpu = index_of(c_.gpu_frequencies, report_.sweep_gpu_hz);
    const PinnedFigures low = at("alexnet", work, 0, gpu),
                        high = at("alexnet", work, c_.cpu_frequencies.size() - 1, gpu);
    add("CPU sweep: power span", "W", report_.sections[0], report_.cpu_power_span,
        report_.cpu_power_span, 0.1 * report_.cpu_power_span, 2, high.watts - low.watts);
    add("CPU sweep: latency span", "s", report_.sections[0], report_.cpu_latency_span,
        report_.cpu_latency_span, 0.1 * report_.cpu_latency_span, 2,
        3200 * (low.seconds_per_inference - high.seconds_per_inference));
  }

  // Batch 64 against 8, at every GPU clock.
  void batches() {
    const BatchWork small = work_of("alexnet", 8), large = work_of("alexnet", 64);
    const std::size_t cpu = index_of(c_.cpu_frequencies, report_.batch_cpu_khz * 1e3);
    double least = 1e9, most = -1e9;
    for (std::size_t gpu = 0; gpu < c_.gpu_frequencies.size(); ++gpu) {
      const double reduction = 100 * (1 - at("alexnet", large, cpu, gpu).joules_per_inference /
                                              at("alexnet", small, cpu, gpu).joules_per_inference);
      least = std::min(least, reduction);
      most = std::max(most, reduction);
    }
    add("batch 64 against 8: least reduction over GPU clocks", "%", report_.sections[2],
        report_.batch_low, report_.batch_high, 3, 1, least);
    add("batch 64 against 8: greatest reduction", "%", report_.sections[2], report_.batch_low,
        report_.batch_high, 3, 1, most);
  }

  void governors() {
    const std::int64_t batch = report_.sweep_batch;
    const std::string_view section = report_.sections[0];
    const GovernedFigures base = stock("alexnet", batch);
    add("time at the highest CPU clock", "%", section, report_.cpu_residency, report_.cpu_residency,
        3, 1, base.highest_cpu_percent);
    add("time at the highest GPU clock (share)", "%", section, report_.gpu_residency,
        report_.gpu_residency, 3, 1, base.highest_gpu_percent);
    auto against = [&](const std::string& cpu, const std::string& gpu) {
      return governed_figures(c_, cost_of_("alexnet", batch), "alexnet", cpu, gpu, other_seconds)
          .figures;
    };
    auto change = [](double now, double before) { return 100 * (now / before - 1); };
    const PinnedFigures& b = base.figures;
    const PinnedFigures save = against("powersave", c_.default_gpu_governor);
    add("powersave: energy", "%", section, report_.powersave_energy, report_.powersave_energy, 2,
        0.015, change(save.joules_per_inference, b.joules_per_inference));
    add("powersave: power", "%", section, report_.powersave_power, report_.powersave_power, 3,
        0.015, change(save.watts, b.watts));
    add("powersave: time", "%", section, report_.powersave_time, report_.powersave_time, 4, 0.015,
        change(save.seconds_per_inference, b.seconds_per_inference));
    for (const char* name : {"performance", "ondemand", "conservative"})
      add(std::string(name) + ": energy", "%", section, -report_.others_within,
          report_.others_within, 0.5, 0.1,
          change(against(name, c_.default_gpu_governor).joules_per_inference,
                 b.joules_per_inference));
    add("GPU performance: energy", "%", section, -report_.others_within, report_.others_within, 0.5,
        0.1,
        change(against(c_.default_cpu_governor, "performance").joules_per_inference,
               b.joules_per_inference));
  }

  static constexpr double stock_seconds = 9, other_seconds = 6;  // simulated
  Constants c_;
  const Published& report_;
  const CostOf& cost_of_;
  std::vector<Claim> claims_;
};

const Published* report_of(const std::string& board) {
  for (const Published& one : published)
    if (one.board == board) return &one;
  return nullptr;
}

}  // namespace

PinnedFigures pinned_figures(const Constants& constants, const NetworkConstants& network,
                             const BatchWork& work, std::size_t cpu, std::size_t gpu) {
  PinnedFigures out;
  const Hertz cpu_f = constants.cpu_frequencies[cpu];
  PowerState state{cpu_f.value(), constants.gpu_frequencies[gpu].value(), false, false,
                   constants.cores};
  state.temperature_c = constants.reference_c;
  for (const Stage& stage : batch_stages(work, network, constants)) {
    const StageLoad load = stage_load(work, constants, stage, cpu_f, gpu);
    state.cpu_activity = load.cpu_activity;
    state.gpu_busy = load.gpu_busy;
    state.macs_per_s = load.macs_per_s;
    state.bytes_per_s = load.bytes_per_s;
    out.seconds_per_inference += load.seconds;
    out.joules_per_inference += load.seconds * total(component_power(constants, state));
  }
  out.watts = out.joules_per_inference / out.seconds_per_inference;
  out.seconds_per_inference /= static_cast<double>(work.batch);
  out.joules_per_inference /= static_cast<double>(work.batch);
  return out;
}

GovernedFigures governed_figures(const Constants& constants, const NetworkCost& cost,
                                 const std::string& network, const std::string& cpu_governor,
                                 const std::string& gpu_governor, double seconds) {
  Simulation simulation(constants, 1, true);
  simulation.set_governor(Domain::cpu, cpu_governor);
  simulation.set_governor(Domain::gpu, gpu_governor);
  SimulatedJob job{cost, network, cost.batch, 1'000'000, 0, of(constants, network)};
  job.execution.static_graph = constants.compiled;
  simulation.start(job);
  // Governors settle within some of their windows.
  simulation.advance_to(simulation.now() + Duration::from(Second(std::min(3.0, seconds))));
  while (simulation.take_event()) {
  }
  // From a batch's end to a batch's end, so that whole batches are counted.
  Instant begin{}, last{};
  const Instant end = simulation.now() + Duration::from(Second(seconds));
  std::int64_t batches = 0;
  double joules = 0;
  std::vector<Second> cpu_before, gpu_before;
  Instant before{};
  while (simulation.now() < end || batches < 2) {
    simulation.advance_to(*simulation.next_process_time());
    while (auto event = simulation.take_event()) {
      if (event->kind != SimulatedEvent::Kind::batch) continue;
      const double at_end = simulation.rail_energy(0, event->end).value();
      if (begin == Instant{}) {
        begin = event->end;
        joules = -at_end;
        before = simulation.now();
        cpu_before = simulation.time_in_state(Domain::cpu);
        gpu_before = simulation.time_in_state(Domain::gpu);
      } else {
        ++batches;
        last = event->end;
      }
    }
  }
  joules += simulation.rail_energy(0, last).value();
  const double whole = (last - begin).seconds().value();
  const double inferences = static_cast<double>(batches * cost.batch);
  GovernedFigures out;
  out.figures = {whole / inferences, joules / inferences, joules / whole};
  const double watched = (simulation.now() - before).seconds().value();
  auto share = [&](Domain domain, const std::vector<Second>& then) {
    return 100 * (simulation.time_in_state(domain).back() - then.back()).value() / watched;
  };
  out.highest_cpu_percent = share(Domain::cpu, cpu_before);
  out.highest_gpu_percent = share(Domain::gpu, gpu_before);
  return out;
}

std::vector<Claim> evaluate_claims(const Constants& constants, const CostOf& cost_of,
                                   const std::map<std::string, double>& nano) {
  const Published* report = report_of(constants.board);
  if (report == nullptr) return {};
  return Evaluation(constants, *report, cost_of).all(nano);
}

std::map<std::string, double> default_energies(const Constants& constants, const CostOf& cost_of) {
  std::map<std::string, double> out;
  const Published* report = report_of(constants.board);
  if (report == nullptr) return out;
  Evaluation evaluation(constants, *report, cost_of);
  for (const char* network : networks)
    out[network] = evaluation.stock(network, grid_batch(constants.board, network))
                       .figures.joules_per_inference;
  return out;
}

double misfit(const std::vector<Claim>& claims) {
  double sum = 0;
  for (const Claim& claim : claims) {
    if (claim.weight <= 0 || claim.tolerance <= 0) continue;
    const double middle = 0.5 * (claim.low + claim.high);
    const double half = 0.5 * (claim.high - claim.low) + 0.6 * claim.tolerance;
    const double outside = std::max(0.0, std::abs(claim.value - middle) - half) / claim.tolerance;
    const double pull = std::abs(claim.value - middle) > half ? 1 : (claim.value - middle) / half;
    sum += claim.weight * (outside * outside + 0.01 * pull * pull);
  }
  return sum;
}

}  // namespace isojoule::twin
