// Made-up networks and runs for the tests of predictors: layers as a small CNN has them, measured
// on a board with known costs.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "predict/observation.h"

namespace isojoule {

inline LayerWork test_convolution(WorkClass work_class, double size, double in, double out,
                                  double kernel) {
  LayerWork layer;
  layer.work_class = work_class;
  layer.groups = work_class == WorkClass::depthwise ? in : 1;
  layer.rows = size * size;
  layer.columns = out / layer.groups;
  layer.depth = in / layer.groups * kernel * kernel;
  layer.macs = layer.rows * layer.columns * layer.depth * layer.groups;
  layer.bytes_read = 4 * size * size * in;
  layer.bytes_written = 4 * size * size * out;
  layer.parameters = layer.columns * layer.depth * layer.groups;
  layer.bytes_weights = 4 * layer.parameters;
  return layer;
}

inline LayerWork test_stream(double elements, double inputs, bool fusible) {
  LayerWork layer;
  layer.bytes_read = 4 * inputs * elements;
  layer.bytes_written = 4 * elements;
  layer.other_ops = elements;
  layer.fusible = fusible;
  return layer;
}

// Of `blocks` blocks, `width` channels at the narrowest, images of size x size.
inline NetworkWork test_network(double width, double size, int blocks, double batch) {
  NetworkWork work;
  work.batch = batch;
  work.input_bytes = 4 * 3 * size * size * batch;
  work.layers.push_back(test_convolution(WorkClass::convolution, size / 2, 3, width, 3));
  double channels = width, at = size / 2;
  for (int i = 0; i < blocks; ++i) {
    at = std::max(2.0, i % 2 == 0 ? at / 2 : at);
    work.layers.push_back(test_convolution(WorkClass::depthwise, at, channels, channels, 3));
    work.layers.push_back(test_stream(at * at * channels, 1, true));
    work.layers.push_back(
        test_convolution(WorkClass::pointwise, at, channels, channels * (1 + i % 2), 1));
    channels *= 1 + i % 2;
    work.layers.push_back(test_stream(at * at * channels, 2, true));
    if (i % 3 == 0)
      work.layers.push_back(test_convolution(WorkClass::convolution, at, channels, channels, 3));
  }
  work.layers.push_back(test_stream(channels, at * at, false));
  LayerWork view;
  view.work_class = WorkClass::view;
  work.layers.push_back(view);
  work.layers.push_back(test_convolution(WorkClass::product, 1, channels, 1000, 1));
  for (LayerWork& layer : work.layers) {  // weights aside, a batch has as much of everything
    layer.rows *= batch;
    layer.macs *= batch;
    layer.other_ops *= batch;
    layer.bytes_read *= batch;
    layer.bytes_written *= batch;
  }
  return work;
}

// A board: 2 MACs a cycle and lane, 256 lanes; 20 GB/s; 50 us a batch, 2 us a kernel; 4 W idle; 8
// pJ a MAC at the full clock, 100 pJ a byte.
inline constexpr double kTestMostHz = 1e9;

inline void measure_test_run(Observation& one, Random& random, double noise) {
  const double relative = one.point.gpu_hz / kTestMostHz;
  double time = 50e-6, energy = 0;
  for (const LayerWork& layer : one.work->layers) {
    if (layer.work_class == WorkClass::view) continue;
    const double slow = layer.work_class == WorkClass::depthwise ? 6 : 1;
    time += 2e-6 + std::max(slow * layer.macs / (512 * one.point.gpu_hz), layer.bytes() / 20e9);
    energy += 8e-12 * slow * layer.macs * (0.5 + 0.5 * relative * relative) + 1e-10 * layer.bytes();
  }
  energy += time * (4 + 2 * relative);
  one.energy_j = energy * (1 + noise * random.normal());
  one.time_s = time * (1 + noise * random.normal());
  one.idle_power_w = 4;
}

// `networks` networks (a group each) at each of the clocks, batches of 1 and 4.
inline std::vector<Observation> test_runs(int networks, const std::vector<double>& clocks,
                                          std::uint64_t seed = 1, double noise = 0.02) {
  Random random(seed);
  std::vector<Observation> runs;
  for (int i = 0; i < networks; ++i) {
    for (const double batch : {1.0, 4.0}) {
      const auto work = std::make_shared<const NetworkWork>(
          test_network(8 * (1 + i % 5), 32.0 * (2 + i % 4), 2 + i % 7, batch));
      for (const double hertz : clocks) {
        Observation one;
        one.network = "network-" + std::to_string(i);
        one.group = one.network;
        one.work = work;
        one.point.gpu_hz = hertz;
        one.source = "test";
        measure_test_run(one, random, noise);
        runs.push_back(std::move(one));
      }
    }
  }
  return runs;
}

// Single layers, a group each.
inline std::vector<Observation> test_layer_runs(int layers, double hertz, std::uint64_t seed = 2) {
  Random random(seed);
  std::vector<Observation> runs;
  for (int i = 0; i < layers; ++i) {
    NetworkWork work;
    const double channels = 8.0 * (1 + i % 9);
    const auto work_class = i % 3 == 0 ? WorkClass::pointwise : WorkClass::convolution;
    work.layers.push_back(test_convolution(work_class, 8.0 * (1 + i % 7), channels,
                                           channels * (1 + i % 4),
                                           work_class == WorkClass::pointwise ? 1 : 3));
    Observation one;
    one.network = "layer-" + std::to_string(i);
    one.group = one.network;
    one.single_layer = true;
    one.work = std::make_shared<const NetworkWork>(std::move(work));
    one.point.gpu_hz = hertz;
    measure_test_run(one, random, 0.02);
    runs.push_back(std::move(one));
  }
  return runs;
}

}  // namespace isojoule
