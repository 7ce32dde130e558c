// A study's plan as data; experiment/ reads it from TOML, the study file keeps it as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "data/setting.h"

namespace isojoule {

struct PlanAxis {
  std::string name;
  bool all = false;           // every value that the board has
  std::vector<Value> values;  // otherwise these
};

// A way to leave (some of) the board to its governors. Axes that it names are set so; the clocks'
// limits are left wide open.
struct PlanBaseline {
  std::string name;  // "default", "powersave"
  Setting setting;   // e.g. cpu_governor=schedutil, gpu_governor=nvhost_podgov
};

// A further grid of the same study: a sweep along one axis at other fixed values.
struct PlanGrid {
  std::string name;
  std::vector<std::string> networks;
  std::vector<PlanAxis> axes;
  Setting fixed;
  std::vector<std::string> baselines;  // names of baselines measured in each block of this grid
  std::int64_t inferences = 0;         // of a run; 0: the protocol's
};

struct Protocol {
  std::int64_t inferences = 3200;
  std::int64_t warmup_batches = 2;
  Duration warmup = Duration::milliseconds(0);  // at least so long, too
  bool warmup_until_stable = false;             // and until the batches' times have settled
  std::int64_t profile_batches = 0;             // after the inference phase, for the layers' times
  std::int64_t repeats = 10;
  Duration sampling_period = Duration::milliseconds(100);
  Duration settle = Duration::milliseconds(500);
  Duration idle = Duration::milliseconds(2000);
  // Before a run waits until every thermal zone is below this, at most `cool_down` long.
  double start_temperature_c = 0;  // 0: do not wait
  Duration cool_down = Duration::milliseconds(0);
  double variation_percent = 5;  // repeats that spread wider raise spread_high
  std::uint64_t seed = 1;
  bool keep_traces = true;
};

struct Plan {
  std::string name;
  std::string board;  // the board it was written for; may be empty
  std::string engine;
  std::map<std::string, std::string> options;  // of the engine, for every run
  std::vector<PlanGrid> grids;
  std::vector<PlanBaseline> baselines;
  Protocol protocol;
  std::string text;  // the TOML as it was read
};

}  // namespace isojoule
