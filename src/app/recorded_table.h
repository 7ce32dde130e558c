// A table of measurements as it stands in its file: CSV, or a cache file of Kernel Tuner (JSON).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule {

struct RecordedTable {
  struct Row {
    std::int64_t number = 0;         // line of a CSV, entry of a cache; from 1
    std::vector<std::string> cells;  // as many as there are columns
    bool refused = false;            // the tool says that this setting cannot run
  };
  std::string path;
  bool is_cache = false;  // of Kernel Tuner: its `time` is in milliseconds
  std::vector<std::string> columns;
  std::vector<Row> rows;
  std::int64_t ragged = 0;        // rows of another number of cells: they are not among `rows`
  std::int64_t first_ragged = 0;  // the first one's line
  std::vector<std::string> notes;

  std::string where(std::int64_t number) const;  // "a40.csv, line 7"
  // Errors: invalid (no such column, with the nearest; two of that name).
  Result<std::size_t> column(const std::string& name) const;
};

// A cache that its tool has not closed (it does so at the end of a run) is read to the last whole
// entry. Errors: those of the file; parse (empty, or no JSON).
Result<RecordedTable> read_recorded_table(const std::string& path);

}  // namespace isojoule
