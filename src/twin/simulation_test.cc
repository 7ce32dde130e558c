#include "twin/simulation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <sstream>

#include "twin/power.h"
#include "twin/work.h"

namespace isojoule::twin {
namespace {

Constants constants_of(const std::string& board) {
  std::ifstream file(ISOJOULE_SOURCE_DIR "/boards/" + board + "/twin.toml");
  std::ostringstream text;
  text << file.rdbuf();
  auto parsed = parse_constants(text.str(), board);
  EXPECT_TRUE(parsed) << to_string(parsed.error());
  return *parsed;
}

// Two kernels of a network that is all compute and one that is all memory.
NetworkCost small_network(std::int64_t batch) {
  NetworkCost cost{"small", batch, {}};
  LayerCost layer;
  layer.name = "conv";
  layer.operation = "Conv";
  layer.rows = batch * 784;
  layer.columns = 256;
  layer.depth = 1152;
  layer.groups = 1;
  layer.macs = layer.rows * layer.columns * layer.depth;
  layer.bytes_read = batch * 784 * 128 * 4;
  layer.bytes_written = batch * 784 * 256 * 4;
  layer.bytes_weights = 256 * 1152 * 4;
  cost.layers.push_back(layer);
  LayerCost relu;
  relu.name = "relu";
  relu.operation = "Relu";
  relu.other_ops = batch * 784 * 256;
  relu.bytes_read = relu.bytes_written = layer.bytes_written;
  cost.layers.push_back(relu);
  return cost;
}

SimulatedJob job_of(std::int64_t batch, std::int64_t batches) {
  return {small_network(batch), "small", batch, batches, 2, {0.6, 1e6}};
}

void pin(Simulation& simulation, Hertz cpu, Hertz gpu) {
  simulation.set_governor(Domain::cpu, "userspace");
  simulation.set_governor(Domain::gpu, "userspace");
  simulation.set_userspace_frequency(Domain::cpu, cpu);
  simulation.set_userspace_frequency(Domain::gpu, gpu);
}

struct Outcome {
  double seconds = 0, joules = 0;
  std::vector<SimulatedEvent> events;
};

Outcome play(Simulation& simulation, SimulatedJob job) {
  Outcome out;
  simulation.start(std::move(job));
  Instant begin{};
  double begin_joules = 0;
  while (simulation.running()) {
    simulation.advance_to(*simulation.next_process_time());
    while (auto event = simulation.take_event()) {
      if (event->kind == SimulatedEvent::Kind::phase_begin &&
          event->phase == PhaseKind::inference) {
        begin = event->begin;
        begin_joules = simulation.rail_energy(0, event->begin).value();
      }
      if (event->kind == SimulatedEvent::Kind::phase_end && event->phase == PhaseKind::inference) {
        out.seconds = (event->end - begin).seconds().value();
        out.joules = simulation.rail_energy(0, event->end).value() - begin_joules;
      }
      out.events.push_back(*event);
    }
  }
  return out;
}

TEST(Simulation, IdleEnergyIsPowerTimesTime) {
  Constants c = constants_of("jetson-nano");
  c.leakage_per_k = 0;
  Simulation simulation(c, 1, false);
  pin(simulation, c.cpu_frequencies[3], c.gpu_frequencies[2]);
  const Instant begin = simulation.now();
  simulation.advance_to(begin + Duration::from(Second(2.5)));
  PowerState state{c.cpu_frequencies[3].value(), c.gpu_frequencies[2].value(), false, false,
                   c.cores};
  const double watts = total(component_power(c, state));
  EXPECT_NEAR(simulation.rail_energy(0, simulation.now()).value(), 2.5 * watts, 1e-9);
  EXPECT_NEAR(simulation.rail_energy(0, begin + Duration::from(Second(1.2345))).value(),
              1.2345 * watts, 1e-9);
}

TEST(Simulation, PhasesFollowEachOtherWithoutGapAndCountBatches) {
  const Constants c = constants_of("jetson-nano");
  Simulation simulation(c, 1, true);
  const Outcome out = play(simulation, job_of(8, 7));
  std::vector<PhaseKind> phases;
  Instant last{};
  int batches = 0;
  for (const SimulatedEvent& event : out.events) {
    EXPECT_GE(event.end, last);  // in order of end time
    last = event.end;
    if (event.kind == SimulatedEvent::Kind::phase_begin) phases.push_back(event.phase);
    batches += event.kind == SimulatedEvent::Kind::batch;
  }
  EXPECT_EQ(phases, (std::vector<PhaseKind>{PhaseKind::process_start, PhaseKind::load,
                                            PhaseKind::graph_initialisation, PhaseKind::inputs,
                                            PhaseKind::first_inference, PhaseKind::warm_up,
                                            PhaseKind::inference, PhaseKind::tear_down}));
  EXPECT_EQ(batches, 7);
  EXPECT_EQ(out.events.back().kind, SimulatedEvent::Kind::finished);
  Instant at{};
  for (const SimulatedEvent& event : out.events) {
    if (event.kind == SimulatedEvent::Kind::phase_begin && at != Instant{}) {
      EXPECT_EQ(event.begin, at);
    }
    if (event.kind == SimulatedEvent::Kind::phase_end) at = event.end;
  }
}

TEST(Simulation, AStepwiseAdvanceGivesTheSameEnergyAsOneLeap) {
  const Constants c = constants_of("jetson-xavier-nx");
  Simulation leap(c, 7, true), steps(c, 7, true);
  leap.start(job_of(16, 20));
  steps.start(job_of(16, 20));
  const Instant end = leap.now() + Duration::from(Second(6));
  leap.advance_to(end);
  while (steps.now() < end) steps.advance_to(std::min(end, steps.now() + Duration{1'700'001}));
  EXPECT_NEAR(leap.rail_energy(0, end).value(), steps.rail_energy(0, end).value(), 1e-6);
}

TEST(Simulation, PinnedRunAgreesWithTheStages) {
  Constants c = constants_of("jetson-nano");
  c.leakage_per_k = 0;
  const NetworkCost cost = small_network(8);
  const NetworkConstants network{0.6, 1e6};
  const BatchWork work = batch_work(cost, network, c);
  for (const std::size_t cpu : {0u, 7u, 14u}) {
    for (const std::size_t gpu : {0u, 6u, 11u}) {
      Simulation simulation(c, 1, false);
      pin(simulation, c.cpu_frequencies[cpu], c.gpu_frequencies[gpu]);
      const Outcome out = play(simulation, job_of(8, 10));
      double seconds = 0, joules = 0;
      for (const Stage& stage : batch_stages(work, network, c)) {
        const StageLoad load = stage_load(work, c, stage, c.cpu_frequencies[cpu], gpu);
        PowerState state{c.cpu_frequencies[cpu].value(), c.gpu_frequencies[gpu].value(), false,
                         false, c.cores};
        state.cpu_activity = load.cpu_activity;
        state.gpu_busy = load.gpu_busy;
        state.macs_per_s = load.macs_per_s;
        state.bytes_per_s = load.bytes_per_s;
        seconds += load.seconds;
        joules += load.seconds * total(component_power(c, state));
      }
      EXPECT_NEAR(out.seconds, 10 * seconds, 1e-6);
      EXPECT_NEAR(out.joules, 10 * joules, 1e-5);
    }
  }
}

TEST(Simulation, SameSeedSameRunOtherSeedOtherRun) {
  const Constants c = constants_of("jetson-orin-nx");
  auto seconds = [&](std::uint64_t seed) {
    Simulation simulation(c, seed, true);
    return play(simulation, job_of(16, 30)).seconds;
  };
  EXPECT_EQ(seconds(3), seconds(3));
  EXPECT_NE(seconds(3), seconds(4));
}

TEST(Simulation, HigherGpuClockIsNeverSlower) {
  for (const char* board : {"jetson-nano", "jetson-xavier-nx", "jetson-orin-nx"}) {
    const Constants c = constants_of(board);
    double last = 1e9;
    for (const Hertz f : c.gpu_frequencies) {
      Simulation simulation(c, 1, false);
      pin(simulation, c.cpu_frequencies.back(), f);
      const double seconds = play(simulation, job_of(8, 4)).seconds;
      EXPECT_LE(seconds, last + 1e-9) << board << " " << f.value();
      last = seconds;
    }
  }
}

TEST(Simulation, PowerRisesWithEachClock) {
  const Constants c = constants_of("jetson-xavier-nx");
  auto watts = [&](Hertz cpu, Hertz gpu) {
    Simulation simulation(c, 1, false);
    pin(simulation, cpu, gpu);
    const Outcome out = play(simulation, job_of(8, 4));
    return out.joules / out.seconds;
  };
  for (std::size_t i = 1; i < c.gpu_frequencies.size(); ++i)
    EXPECT_GT(watts(c.cpu_frequencies[9], c.gpu_frequencies[i]),
              watts(c.cpu_frequencies[9], c.gpu_frequencies[i - 1]));
  EXPECT_GT(watts(c.cpu_frequencies.back(), c.gpu_frequencies[4]),
            watts(c.cpu_frequencies.front(), c.gpu_frequencies[4]));
}

// Whatever is written and however time is cut: energy never falls, a rail takes no less than those
// that it feeds, and time at the clocks adds up.
RC_GTEST_PROP(Simulation, EnergyIsConservedWhateverIsWritten, ()) {
  static const Constants c = constants_of("jetson-orin-nx");
  Simulation simulation(c, *rc::gen::inRange<std::uint64_t>(0, 1000), true);
  double last = 0;
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    const Domain domain = *rc::gen::element(Domain::cpu, Domain::gpu);
    const auto& table = domain == Domain::cpu ? c.cpu_frequencies : c.gpu_frequencies;
    const Hertz f = table[*rc::gen::inRange<std::size_t>(0, table.size())];
    switch (*rc::gen::inRange(0, 6)) {
      case 0: simulation.start(job_of(8, 50)); break;
      case 1:
        simulation.set_governor(
            domain, *rc::gen::elementOf(domain == Domain::cpu ? c.cpu_governors : c.gpu_governors));
        break;
      case 2: simulation.set_userspace_frequency(domain, f); break;
      case 3: simulation.set_limits(domain, table.front(), f); break;
      case 4: simulation.set_online_cores(*rc::gen::inRange(1, c.cores + 1)); break;
      default: simulation.kill();
    }
    simulation.advance_to(simulation.now() +
                          Duration{*rc::gen::inRange<std::int64_t>(0, 900'000'000)});
    const double now = simulation.rail_energy(0, simulation.now()).value();
    RC_ASSERT(now >= last);
    last = now;
    double children = 0;
    for (std::size_t rail = 1; rail < c.rails.size(); ++rail)
      children += simulation.rail_energy(rail, simulation.now()).value();
    RC_ASSERT(children <= now + 1e-9);
    double seconds = 0;
    for (const Second s : simulation.time_in_state(domain)) seconds += s.value();
    RC_ASSERT(std::abs(seconds - static_cast<double>(simulation.now().ns) * 1e-9) < 1e-6);
  }
}

TEST(Simulation, OutOfMemoryEndsTheProcess) {
  Constants c = constants_of("jetson-nano");
  c.memory_gb = c.runtime_gb;
  Simulation simulation(c, 1, false);
  const Outcome out = play(simulation, job_of(8, 4));
  ASSERT_FALSE(out.events.empty());
  EXPECT_EQ(out.events.back().kind, SimulatedEvent::Kind::out_of_memory);
  EXPECT_FALSE(simulation.running());
}

TEST(Simulation, LimitsClipEveryGovernor) {
  for (const char* board : {"jetson-nano", "jetson-orin-nx"}) {
    const Constants c = constants_of(board);
    for (const std::string& name : c.cpu_governors) {
      Simulation simulation(c, 1, true);
      simulation.set_governor(Domain::cpu, name);
      simulation.set_limits(Domain::cpu, c.cpu_frequencies[4], c.cpu_frequencies[7]);
      simulation.start(job_of(8, 20));
      for (int i = 0; i < 300; ++i) {
        simulation.advance_to(simulation.now() + Duration::milliseconds(7));
        EXPECT_GE(simulation.frequency(Domain::cpu), c.cpu_frequencies[4]) << name;
        EXPECT_LE(simulation.frequency(Domain::cpu), c.cpu_frequencies[7]) << name;
      }
    }
  }
}

TEST(Simulation, TimeInStateAddsUp) {
  const Constants c = constants_of("jetson-nano");
  Simulation simulation(c, 5, true);
  simulation.start(job_of(8, 50));
  simulation.advance_to(simulation.now() + Duration::from(Second(9.75)));
  for (const Domain domain : {Domain::cpu, Domain::gpu}) {
    double sum = 0;
    for (const Second s : simulation.time_in_state(domain)) sum += s.value();
    EXPECT_NEAR(sum, 9.75, 1e-9);
  }
}

TEST(Simulation, HotBoardThrottlesAndCountsIt) {
  Constants c = constants_of("jetson-nano");
  c.ambient_c = 60;
  c.trip_c = 62;
  Simulation simulation(c, 1, false);
  pin(simulation, c.cpu_frequencies.back(), c.gpu_frequencies.back());
  simulation.start(job_of(64, 400));
  simulation.advance_to(simulation.now() + Duration::from(Second(20)));
  EXPECT_GT(simulation.throttle_events(), 0u);
  EXPECT_LT(simulation.frequency(Domain::gpu), c.gpu_frequencies.back());
}

TEST(Simulation, PowerGovernanceHoldsTheBudgetUnderGovernorsOnly) {
  Constants c = constants_of("jetson-orin-nx");
  Simulation free(c, 1, false);
  auto mean_power = [](Simulation& s) {
    s.start(job_of(64, 100000));
    s.advance_to(s.now() + Duration::from(Second(20)));
    const double before = s.rail_energy(0, s.now()).value();
    const Instant begin = s.now();
    s.advance_to(begin + Duration::from(Second(10)));
    return (s.rail_energy(0, s.now()).value() - before) / 10;
  };
  c.power_budget_w = 0;
  Simulation unlimited(c, 1, false);
  const double highest = mean_power(unlimited);
  c.power_budget_w = highest - 1.5;
  Simulation held(c, 1, false);
  EXPECT_NEAR(mean_power(held), c.power_budget_w, 0.5);
  EXPECT_EQ(held.throttle_events(), 0u);
  Simulation pinned(c, 1, false);
  pin(pinned, c.cpu_frequencies.back(), c.gpu_frequencies.back());
  mean_power(pinned);
  EXPECT_EQ(pinned.frequency(Domain::gpu), c.gpu_frequencies.back());
}

}  // namespace
}  // namespace isojoule::twin
