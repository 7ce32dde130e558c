// `isojoule probe`: what is here. Board, rails with their values now, knobs, engines, and every
// problem with its remedy. Reads only; nothing is set.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/target.h"

namespace isojoule {

// One channel of one source.
struct ProbedRail {
  Rail rail;           // with its place in the tree; of a rail that no source gives, that alone
  std::string sensor;  // "" = nothing measures it
  ChannelInfo info;
  std::optional<Watt> power;  // with the calibration in `info`, if there is one
  std::optional<Volt> voltage;
  std::optional<Ampere> current;
  Watt quantum{0};                        // one step of the power at the present voltage
  std::optional<double> new_readings_hz;  // of the source, however often it is polled
  std::string why_absent;                 // of the power
};

struct ProbedKnob {
  Axis axis;
  std::string type;
  std::vector<Value> values;
  std::optional<Value> now;
  bool settable = false;
  std::string why;  // not known, or not settable
};

struct ProbedEngine {
  std::string name;
  bool found = false;
  std::map<std::string, std::string> details;  // "version", "library"
  std::string why;                             // missing
};

// A node that this user may not use.
struct MissingRight {
  std::string path;
  Access access = Access::read;
  std::string what_for;  // "power", "knob gpu_frequency", "" = looked at on the way
};

struct ProbeResult {
  std::string board, title, release, variant, system;  // `system`: the kernel's name and release
  std::string l4t;                                     // the first line of nv_tegra_release, or ""
  bool simulated = false;
  std::string helper;  // socket of the helper that does what this user may not; "" = none is used
  std::string total;   // expression over rails
  std::optional<Watt> total_power;
  std::vector<ProbedRail> rails;  // parents before their children
  std::vector<ProbedKnob> knobs;
  std::map<std::string, double> temperatures_c;
  std::map<std::string, std::int64_t> throttles;  // counters and states, by name
  std::map<std::string, double> watches;          // "cpu_frequency" -> Hz
  std::vector<ProbedEngine> engines;
  std::vector<std::string> quirks;
  std::vector<Error> problems;
  std::vector<MissingRight> rights;
  std::string rules;  // what gives the missing rights to a group, as text; "" = none is missing
};

// Errors: those of open_target. What is missing is in the result.
Result<ProbeResult> probe(const Paths& paths, const TargetOptions& options);

// udev rules and tmpfiles.d lines that give these rights to the group `isojoule`, with comments
// that say where each part belongs. `tree` tells which device a node belongs to.
std::string rules_for(const std::vector<MissingRight>& rights, FileTree& tree);

// The keys carry units. Stable: it stands in the docs.
std::string probe_json(const ProbeResult& result);

}  // namespace isojoule
