// For tests: what the contract suite needs to know of one sensor kind. Each kind's own test adds at
// least one row; the suite fails for a kind without one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "sensor/sensor.h"

namespace isojoule {

struct SensorFixture {
  std::string what;  // "ina3221 of jetson-nano"
  ChipSpec spec;
  std::function<void(MemoryTree&)> fill;
  // Each is taken away in turn; one channel needs it. Empty: no channel has a node of its own (one
  // call gives all of them), and the kind's own test shows how it loses its source.
  std::vector<std::string> nodes;
};

inline std::vector<SensorFixture>& sensor_fixtures() {
  static std::vector<SensorFixture> fixtures;
  return fixtures;
}

inline bool add_sensor_fixture(SensorFixture fixture) {
  sensor_fixtures().push_back(std::move(fixture));
  return true;
}

}  // namespace isojoule
