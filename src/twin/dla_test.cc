#include "twin/dla.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "twin/claims_run.h"
#include "twin/power.h"
#include "twin/twin_engine.h"
#include "twin/virtual_clock.h"

namespace isojoule::twin {
namespace {

using testing::HasSubstr;

Constants orin() {
  std::ifstream file(ISOJOULE_SOURCE_DIR "/boards/jetson-agx-orin/twin.toml");
  std::ostringstream text;
  text << file.rdbuf();
  return *parse_constants(text.str(), "twin.toml");
}

LayerCost layer(const std::string& operation, const std::string& name = "layer") {
  LayerCost out;
  out.name = name;
  out.operation = operation;
  out.bytes_read = out.bytes_written = 4LL * 64 * 56 * 56;
  out.other_ops = 64LL * 56 * 56;
  return out;
}

LayerCost convolution(std::int64_t channels = 64, std::int64_t dilation = 1) {
  LayerCost out = layer("Conv", "conv");
  out.rows = 56LL * 56;
  out.columns = channels;
  out.depth = 64 * 9;
  out.groups = 1;
  out.macs = out.rows * out.columns * out.depth;
  out.bytes_weights = 4 * out.columns * out.depth;
  out.bytes_written = 4 * out.rows * channels;
  out.dilation = dilation;
  return out;
}

Execution on_dla() {
  Execution out;
  out.on_dla = true;
  out.precision = Precision::int8;
  out.static_graph = out.eager = out.cpp = true;
  return out;
}

SimulatedJob job_of(NetworkCost cost, const Execution& execution) {
  SimulatedJob job{std::move(cost), "net", 1, 20, 2, {0.5, 5000}};
  job.execution = execution;
  return job;
}

RunFigures run(const NetworkCost& cost, const Execution& execution, double dla_hz = 1.6e9,
               double cpu_hz = 2201.6e6, int cores = 12) {
  return simulated_run(orin(), job_of(cost, execution), 3, [&](Simulation& simulation) {
    simulation.set_limits(Domain::cpu, Hertz(cpu_hz), Hertz(cpu_hz));
    simulation.set_online_cores(cores);
    simulation.set_dla_frequency(0, Hertz(dla_hz));
  });
}

const NetworkCost network{"net", 1, {convolution(), layer("Relu"), convolution(), layer("Relu")}};

TEST(Dla, RunsItsOperatorsOnly) {
  for (const char* name : {"Conv", "Relu", "MaxPool", "Concat", "Add", "Gemm", "Flatten"})
    EXPECT_EQ(dla_refuses(layer(name), on_dla()), "") << name;
  for (const char* name : {"Softmax", "Gather", "MatMul", "LayerNormalization", "Erf", "Slice"})
    EXPECT_THAT(dla_refuses(layer(name), on_dla()), HasSubstr(name));
  EXPECT_THAT(dla_refuses(convolution(64, 12), on_dla()), HasSubstr("dilation 12"));
  LayerCost resize = layer("Resize");
  resize.bytes_written *= 4;
  EXPECT_EQ(dla_refuses(resize, on_dla()), "");  // twice each way
  resize.bytes_written *= 16;
  EXPECT_THAT(dla_refuses(resize, on_dla()), HasSubstr("scale 8"));
  Execution kept = on_dla();
  kept.gpu_operators = {"Conv"};
  EXPECT_THAT(dla_refuses(convolution(), kept), HasSubstr("option"));
}

TEST(Dla, WhatItCannotRunFallsBackBetweenTransfers) {
  const NetworkCost mixed{
      "net", 1, {convolution(), layer("Relu"), layer("Softmax", "soft"), convolution()}};
  const auto parts = *placed(mixed, on_dla());
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_TRUE(parts[0].on_dla);
  EXPECT_FALSE(parts[1].on_dla);
  EXPECT_TRUE(parts[2].on_dla);
  EXPECT_GT(parts[1].bytes_in, 0);
  EXPECT_GT(parts[1].bytes_out, 0);
  // The border costs a kernel each way, and its bytes.
  const Constants c = orin();
  const WorkOptions options = work_options(on_dla(), c);
  const BatchWork whole = part_work(parts[1], {}, c, 1, options);
  const BatchWork alone = batch_work(parts[1].cost, {}, c, 1, options);
  EXPECT_EQ(whole.kernels, alone.kernels + 2);
  EXPECT_GT(whole.gpu_seconds[0], alone.gpu_seconds[0]);
  EXPECT_NEAR(whole.bytes - alone.bytes, 2 * 0.25 * (parts[1].bytes_in + parts[1].bytes_out), 1);
  Execution strict = on_dla();
  strict.fallback = false;
  const auto refused = placed(mixed, strict);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(refused.error().what, HasSubstr("'soft'"));
}

TEST(Dla, ItsClockAndTheCpuShortenAnInference) {
  const double usual = run(network, on_dla()).seconds();
  EXPECT_LT(usual, run(network, on_dla(), 614.4e6).seconds());
  EXPECT_LT(usual, run(network, on_dla(), 1.6e9, 729.6e6).seconds());
  EXPECT_LT(usual, run(network, on_dla(), 1.6e9, 2201.6e6, 4).seconds());
  Execution half = on_dla();
  half.precision = Precision::fp16;
  EXPECT_LT(usual, run(network, half).seconds());
}

TEST(Dla, PowerIsOnTheRailOfTheVisionAccelerators) {
  const Constants c = orin();
  PowerState state{c.cpu_frequencies[8].value(), c.gpu_frequencies[0].value(), false, false, 12};
  const auto idle = component_power(c, state);
  state.dla_hz = 1.6e9;
  state.dla_busy = 1;
  state.dla_macs_per_s = 3e12;
  const auto busy = component_power(c, state);
  const auto cv = static_cast<std::size_t>(Component::cv);
  EXPECT_GT(busy[cv], idle[cv] + 1);
  EXPECT_EQ(busy[static_cast<std::size_t>(Component::gpu)],
            idle[static_cast<std::size_t>(Component::gpu)]);
}

TEST(Dla, LargeActivationsLeaveItsMemory) {
  Constants c = orin();
  const PlacedPart part{true, {"net", 1, {convolution(), convolution()}}, 0, 0};
  const WorkOptions options = work_options(on_dla(), c);
  const double kept = part_work(part, {}, c, 1, options).bytes;
  c.dla.sram_mb = 0;
  const double streamed = part_work(part, {}, c, 1, options).bytes;
  // The first output (56 x 56 x 64 bytes) is written and read again, and so the second's.
  EXPECT_NEAR(streamed - kept, 3.0 * 56 * 56 * 64, 1);
}

// The engine's own words about it.
TEST(Dla, ProfilingNamesTheDevices) {
  const Constants c = orin();
  Simulation simulation(c, 1, false);
  VirtualClock clock(simulation);
  const NetworkCost mixed{"net", 1, {convolution(), layer("Relu"), layer("Softmax", "soft")}};
  TwinEngine engine(simulation, clock, c,
                    [&](const std::string&, std::int64_t) -> Result<NetworkCost> { return mixed; });
  Job job;
  job.model_path = job.network = "net";
  job.inferences = 5;
  job.profile_batches = 3;
  job.accelerator = "dla";
  job.warmup_time = Duration::milliseconds(50);
  const auto session = *engine.start(job);
  std::map<std::string, std::string> notes;
  std::vector<LayerTime> layers;
  Duration warm{};
  std::vector<PhaseKind> phases;
  while (auto event = *session->next_event(Instant{3'600'000'000'000})) {
    if (event->kind == EventKind::note) notes[event->key] = event->value;
    if (event->kind == EventKind::layers) layers = event->layers;
    if (event->kind == EventKind::phase_end) phases.push_back(event->phase);
    if (event->kind == EventKind::phase_begin && event->phase == PhaseKind::warm_up)
      warm = Duration{-event->begin.ns};
    if (event->kind == EventKind::phase_end && event->phase == PhaseKind::warm_up)
      warm = Duration{warm.ns + event->end.ns};
  }
  EXPECT_GE(warm.ns, 50'000'000);
  EXPECT_EQ(notes["layers_on_dla"], "2");
  EXPECT_EQ(notes["layers_on_gpu"], "1");
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0].name, "conv + layer");
  EXPECT_EQ(layers[0].operation, "Conv+Relu");
  EXPECT_EQ(layers[0].device, "DLA");
  EXPECT_EQ(layers[1].device, "GPU");
  EXPECT_GT(layers[0].time.value(), 0);
  EXPECT_EQ(layers[0].batches, 3);
  EXPECT_TRUE(std::is_sorted(phases.begin(), phases.end()));
  EXPECT_THAT(phases, testing::Contains(PhaseKind::profiling));
  job.options["fallback"] = "off";
  EXPECT_EQ(engine.start(job).error().kind, ErrorKind::busy);
}

TEST(Dla, WithoutFallbackTheEngineRefusesAndNamesTheLayer) {
  const Constants c = orin();
  Simulation simulation(c, 1, false);
  VirtualClock clock(simulation);
  const NetworkCost mixed{"net", 1, {convolution(), layer("Softmax", "soft")}};
  TwinEngine engine(simulation, clock, c,
                    [&](const std::string&, std::int64_t) -> Result<NetworkCost> { return mixed; });
  Job job;
  job.model_path = job.network = "net";
  job.accelerator = "dla";
  job.options["fallback"] = "off";
  const auto refused = engine.start(job);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(refused.error().what, HasSubstr("'soft'"));
  job.options.clear();
  EXPECT_TRUE(engine.start(job));
}

}  // namespace
}  // namespace isojoule::twin
