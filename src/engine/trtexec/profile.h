// Times of the layers, from what trtexec writes for --exportProfile and --exportLayerInfo and from
// its printed table.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/run.h"
#include "engine/trtexec/log.h"

namespace isojoule::trtexec {

struct Profile {
  double iterations = 0;
  std::vector<ProfileRow> rows;  // in the order of execution
};

// Errors: parse. trtexec writes names as they are, so that a quotation mark in one breaks the file;
// the printed table has it then.
Result<Profile> parse_profile(std::string_view json);
// From the printed table. Errors: no_data (it was not printed).
Result<Profile> profile_of(const Log& log);

// A layer's name -> its kind ("CaskConvolution"), from --exportLayerInfo. Kinds are there only
// where the engine was built with --profilingVerbosity=detailed; otherwise the answer is empty.
// Errors: parse.
Result<std::map<std::string, std::string>> parse_layer_info(std::string_view json);

// Where the layers run, from the build's log: the names that stand in its lists.
struct Placement {
  bool known = false;
  std::vector<PlacedLayer> dla, gpu;
};
Placement placement_of(const Log& build);
// As text lines, to be kept beside an engine in a cache.
std::string to_text(const Placement& placement);
Placement placement_from(std::string_view text);

// `on_dla`: the engine was built for a DLA. Without lists of such a build a layer's device is
// empty: not known. Rows that only move data between the two have no device either. A row of no
// time at all is a layer that did not run (or of which the profiler was not told): it is left out,
// as in trtexec's own table.
std::vector<LayerTime> layer_times(const Profile& profile, const Placement& placement, bool on_dla,
                                   const std::map<std::string, std::string>& kinds);

}  // namespace isojoule::trtexec
