// For tests: a board of known constants, and runs of layers and small networks on it.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "predict/predictor.h"

namespace isojoule::predict_fixture {

// Constants that a fit should find again. SI units.
struct KnownBoard {
  double macs_per_cycle = 128, operations_per_cycle = 256;
  double tile = 32;  // rows and columns
  double bandwidth = 20e9, gap_s = 15e-6, launch_cycles = 1.5e5, inference_cycles = 2e6;
  double base_w = 3, busy_w_per_ghz = 4, core_w_per_ghz = 0.5;
  double mac_j = 20e-12, byte_j = 80e-12;
};

inline LayerWork convolution(double positions, double in, double out, double kernel) {
  LayerWork layer;
  layer.work_class = kernel > 1 ? WorkClass::convolution : WorkClass::pointwise;
  layer.rows = positions;
  layer.columns = out;
  layer.depth = in * kernel;
  layer.groups = 1;
  layer.macs = positions * out * in * kernel;
  layer.parameters = in * out * kernel;
  layer.bytes_weights = 4 * layer.parameters;
  layer.bytes_read = 4 * positions * in;
  layer.bytes_written = 4 * positions * out;
  return layer;
}

inline LayerWork fully_connected(double batch, double in, double out) {
  LayerWork layer = convolution(batch, in, out, 1);
  layer.work_class = WorkClass::product;
  return layer;
}

inline LayerWork element_by_element(double elements) {
  LayerWork layer;
  layer.bytes_read = layer.bytes_written = 4 * elements;
  layer.other_ops = elements;
  return layer;
}

inline LayerWork random_layer(Random& random) {
  const auto pick = [&](std::vector<double> from) { return from[random.below(from.size())]; };
  const double positions = pick({49, 196, 784, 3136});
  const double in = pick({16, 32, 64, 128, 256}),
               out = pick({8, 24, 32, 48, 64, 100, 128, 200, 256});
  switch (random.below(4)) {
    case 0: return fully_connected(1, 8 * in, 8 * out);
    case 1: return element_by_element(positions * in);
    case 2: return convolution(positions, in, out, 1);
    default: return convolution(positions, in, out, 9);
  }
}

// A network of so many layers; the input's size varies.
inline NetworkWork random_network(Random& random, std::size_t layers) {
  NetworkWork work;
  for (std::size_t i = 0; i < layers; ++i) work.layers.push_back(random_layer(random));
  work.input_bytes = 4 * 3 * 224 * 224;
  return work;
}

inline double padded_macs(const LayerWork& layer, double tile) {
  if (layer.rows <= 0) return 0;
  return std::ceil(layer.rows / tile) * tile * std::ceil(layer.columns / tile) * tile * layer.depth;
}

// Time and energy of one batch, as the roofline says, with half of the shorter part hidden.
inline Observation measured(const KnownBoard& board, std::string name, NetworkWork work,
                            const OperatingPoint& point) {
  double device = 0, macs = 0, bytes = 0;
  for (const LayerWork& layer : work.layers) {
    const double compute = (padded_macs(layer, board.tile) / board.macs_per_cycle +
                            layer.other_ops / board.operations_per_cycle) /
                           point.gpu_hz;
    const double memory = layer.bytes() / board.bandwidth;
    device += compute + memory - 0.5 * std::min(compute, memory) + board.gap_s;
    macs += padded_macs(layer, board.tile) + layer.other_ops;
    bytes += layer.bytes();
  }
  const double launch =
      static_cast<double>(work.layers.size()) * board.launch_cycles / point.cpu_hz;
  const double cpu = work.batch * board.inference_cycles / point.cpu_hz;
  const double running = std::max(device, launch);
  Observation one;
  one.time_s = running + cpu;
  one.energy_j = board.base_w * (running + cpu) +
                 board.busy_w_per_ghz * point.gpu_hz / 1e9 * device +
                 board.core_w_per_ghz * point.cpu_hz / 1e9 * (launch + cpu) + board.mac_j * macs +
                 board.byte_j * bytes;
  one.single_layer = work.layers.size() == 1;
  one.group = one.network = std::move(name);
  one.source = "run of " + one.network;
  one.work = std::make_shared<NetworkWork>(std::move(work));
  one.point = point;
  return one;
}

struct Campaign {
  std::size_t works = 60;
  std::vector<OperatingPoint> points{
      {1.0e9, 0.4e9, 0, 0}, {2.0e9, 0.4e9, 0, 0}, {1.0e9, 1.2e9, 0, 0}, {2.0e9, 1.2e9, 0, 0}};
  double noise = 0.01;  // relative
  double wrong = 0;     // share of the runs that went three times too high
  std::uint64_t seed = 1;
};

// Half single layers, half sequences of up to 12, each at every point.
inline std::vector<Observation> observations_of(const KnownBoard& board, const Campaign& campaign) {
  Random random(campaign.seed);
  std::vector<Observation> all;
  for (std::size_t i = 0; i < campaign.works; ++i) {
    const NetworkWork work = random_network(random, i % 2 == 0 ? 1 : 2 + random.below(11));
    for (const OperatingPoint& point : campaign.points) {
      Observation one = measured(board, "work " + std::to_string(i), work, point);
      const double wrong = random.uniform() < campaign.wrong ? 3 : 1;
      *one.time_s *= wrong * std::exp(campaign.noise * random.normal());
      one.energy_j *= wrong * std::exp(campaign.noise * random.normal());
      all.push_back(std::move(one));
    }
  }
  return all;
}

// Mean |predicted / true - 1| of unseen networks of 30 layers, in percent.
inline double unseen_error_percent(const Predictor& predictor, const KnownBoard& board,
                                   const OperatingPoint& point) {
  Random random(99);
  double sum = 0;
  constexpr int count = 20;
  for (int i = 0; i < count; ++i) {
    const Observation truth = measured(board, "unseen", random_network(random, 30), point);
    sum += std::abs(predictor.batch(*truth.work, point).energy_j / truth.energy_j - 1);
  }
  return 100 * sum / count;
}

inline const Parameter* find_parameter(const std::vector<Parameter>& all, std::string_view name) {
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const Parameter& one) { return one.name == name; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace isojoule::predict_fixture
