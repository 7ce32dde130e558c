// What a table of somebody's own measurements holds for the energy models: one observation a row.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/study_observations.h"

namespace isojoule {

// Columns by their names in the first line; "": there is none. Names of columns that end in a unit
// ("energy_mJ", "latency (ms)") say it; otherwise energies are joules and times seconds.
struct TableRequest {
  std::string path;
  std::string energy;
  std::string energy_unit;  // "J", "mJ", "uJ", "Wh", ...; "": as the column's name says, or J
  std::string time;
  std::string time_unit;
  std::string macs, params;  // of one inference: what is asked of the network in total ...
  std::string network;       // ... or its name or file, as `isojoule cost` takes it
  std::string batch;         // inputs together; without it each row is of batch 1
  std::string cpu_hz, gpu_hz, memory_hz;
  std::string group;  // left out whole when errors are found; "": the network, or each row
  std::vector<std::pair<std::string, std::string>> where;  // only rows with these cells
  bool per_batch = false;  // energies and times are of a batch, not of an inference
  std::string board;       // "": not said
};

// Rows with a cell that is missing, no number, or not positive where it must be are left out and
// counted. A condition on a column that is called like an axis of the engine ("precision") makes
// the job.
//
// Errors: those of the file; invalid (no such column, with the nearest; a unit that is none;
// decimal commas; neither MACs nor networks), parse (no header), no_data (no row is left);
// not_found and others of a network that a row names.
Result<ObservationSet> table_observations(const Paths& paths, const TableRequest& request);

}  // namespace isojoule
