#include <gtest/gtest.h>

#include "twin/process.h"

namespace isojoule::twin {
namespace {

NetworkCost one_layer() {
  LayerCost layer;
  layer.name = layer.operation = "Conv";
  layer.rows = 12544;
  layer.columns = 64;
  layer.depth = 147;
  layer.groups = 1;
  layer.macs = 12544LL * 64 * 147;
  layer.bytes_read = layer.bytes_written = 3'000'000;
  layer.bytes_weights = 40'000;
  NetworkCost cost;
  cost.layers = {layer};
  return cost;
}

double seconds_of_batch(double share) {
  Constants c;
  c.cpu_frequencies = {Hertz(1e9)};
  c.gpu_frequencies = {Hertz(5e8)};
  c.cpu_governors = c.gpu_governors = {"performance"};
  c.default_cpu_governor = c.default_gpu_governor = "performance";
  SimulatedJob job;
  job.cost = one_layer();
  Simulation simulation(c, 1, false);
  simulation.start_batch(make_resident(c, job), share);
  const Instant begin = simulation.now();
  while (simulation.running()) simulation.advance_to(*simulation.next_process_time());
  EXPECT_GT(simulation.total_energy().value(), 0);
  return (simulation.now() - begin).seconds().value();
}

TEST(ResidentNetwork, ABatchIsNothingButTheBatchAndTakesItsShareOfWork) {
  const double usual = seconds_of_batch(1);
  EXPECT_GT(usual, 1e-4);
  EXPECT_LT(usual, 1);  // no loading, no initialisation
  EXPECT_NEAR(seconds_of_batch(1.3) / usual, 1.3, 1e-3);
}

}  // namespace
}  // namespace isojoule::twin
