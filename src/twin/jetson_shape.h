// What a Jetson's kernel shows beside CPU, GPU and power chips, from boards/<name>/tree.toml: the
// memory clock, caps, accelerators, idle states, power modes. Everything is optional; what a board
// does not name is not in its tree.
//
//   [emc]             driver = "bpmp" | "tegra210", rates_khz = [...], default_khz = n (default:
//   the
//                     highest): the clock of the unlocked memory
//   [[clock_cap]]     path, none = "0" | "-1" (the text for 'no cap'), maximum_hz
//   [dla]             devices = [folders], clocks = [names below /sys/kernel/debug/clk; one that
//                     begins with "nafll_" lies below the BPMP's instead], rate_hz = n (default:
//                     the maximum of the cap of the same name)
//   [cpuidle]         states = n, names = [...], disable = [...] (states off at the start)
//   [nvpmodel]        conf, status, program, default, start (the mode that the board is in,
//   default:
//                     the default), applied (default true: the start mode's limits are in force)
//   [[nvpmodel.mode]] id, name, cores (how many, or a list of CPUs), cpu_max_khz, cpu_min_khz (one
//                     number or one a policy; -1: the table's), gpu_max_hz, gpu_min_hz, emc_max_hz,
//                     caps = { NAME = hz } (NAME: the last part of a [[clock_cap]]'s path),
//                     tpc_mask
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "base/error.h"

namespace isojoule::twin {

struct EmcShape {
  std::string driver;                   // "bpmp", "tegra210"; "" = none
  std::vector<std::int64_t> rates_khz;  // ascending
  std::int64_t default_khz = 0;
};

struct ClockCapShape {
  std::string path;
  std::string none = "0";
  std::int64_t maximum_hz = 0;  // the clock without a cap; 0 = not known
  // Shows what its clock may reach; the others show what was written.
  bool follows_clock() const { return path.find("clk_cap") != std::string::npos; }
  std::string name() const { return path.substr(path.rfind('/') + 1); }
};

struct DlaShape {
  std::vector<std::string> devices;
  std::vector<std::string> clocks;
  std::int64_t rate_hz = 0;  // 0 = the cap's maximum
};

struct CpuIdleShape {
  int states = 0;
  std::vector<std::string> names;  // of the states, "" where not known
  std::vector<int> disable;
};

struct PowerModeShape {
  int id = 0;
  std::string name;
  std::vector<int> cores;  // CPUs that are online; empty: all
  std::vector<std::int64_t> cpu_max_khz = {-1}, cpu_min_khz = {-1};  // one, or one a policy
  std::int64_t gpu_max_hz = -1, gpu_min_hz = 0, emc_max_hz = 0;
  std::map<std::string, std::int64_t> caps;
  std::optional<std::int64_t> tpc_mask;
};

struct NvpmodelShape {
  std::string conf;  // "/etc/nvpmodel.conf"; "" = none
  std::string status = "/var/lib/nvpmodel/status";
  bool program = true;
  int default_mode = 0;
  int start = 0;
  bool applied = true;
  std::vector<PowerModeShape> modes;
};

struct JetsonShape {
  EmcShape emc;
  std::vector<ClockCapShape> caps;
  DlaShape dla;
  CpuIdleShape idle;
  NvpmodelShape nvpmodel;
};

// From a table that the release and the variant are merged into. Errors: invalid (what, for people;
// without the path).
Result<JetsonShape> jetson_shape_of(const toml::table& table);

}  // namespace isojoule::twin
