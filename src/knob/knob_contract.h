// For tests: what the contract suite needs to know of one knob kind. Each kind's own test adds at
// least one row; the suite fails for a kind without one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "knob/knob.h"

namespace isojoule {

struct KnobFixture {
  std::string what;  // "cpufreq of jetson-nano"
  KnobSpec spec;
  std::function<void(MemoryTree&)> fill;
  Unit unit = Unit::none;
  std::vector<std::string> nodes;  // each is taken away in turn
  // Puts the tree into another state that the kernel can be in, by a number; none: the values of
  // the knob itself are the states.
  std::function<void(MemoryTree&, unsigned)> scramble = {};
};

inline std::vector<KnobFixture>& knob_fixtures() {
  static std::vector<KnobFixture> fixtures;
  return fixtures;
}

inline bool add_knob_fixture(KnobFixture fixture) {
  knob_fixtures().push_back(std::move(fixture));
  return true;
}

}  // namespace isojoule
