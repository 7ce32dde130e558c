// What a rail of tegrastats is known to be: the tool prints what the INA3221 chips say, without
// their windows and steps.
#pragma once

#include <string>

#include "data/trace.h"

namespace isojoule::tegrastats {

struct RailFacts {
  std::string rail;
  std::string label;              // the tool's name of it
  double shunt_ohm = 0;           // 0: as on the modules with a 5 V input
  double shunt_tolerance = 0.01;  // relative, the largest
  Second window{0};               // 0: as NVIDIA sets the chips
  Second interval{1};             // between two lines
};
ChannelInfo rail_info(const RailFacts& facts);

}  // namespace isojoule::tegrastats
