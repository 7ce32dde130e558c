// Puts runs into the study file's tables. Not thread-safe.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>

#include "data/column_block.h"
#include "data/run.h"
#include "data/study_file.h"
#include "data/trace.h"

namespace isojoule {

// SQLiteCpp's exceptions pass through: the caller guards them.
class StudyWriter {
 public:
  explicit StudyWriter(SQLite::Database& database);
  // One transaction: all of the run is in the file, or nothing. Returns the run's id.
  std::int64_t add(const Run& run, const Trace* trace);
  // The same, and the run with this sequence number goes, where there is one.
  std::int64_t replace(const Run& run, const Trace* trace);
  void put_board(const StudyBoard& board);
  void set_memo(const std::string& key, const std::string& value);

 private:
  void remove(std::int64_t sequence);
  std::int64_t add_all(const Run& run, const Trace* trace);
  void choose_durability();
  std::int64_t add_run(const Run& run, const Trace* trace);
  void add_setting(std::int64_t id, const Run& run);
  void add_phases(std::int64_t id, const Run& run);
  void add_energies(std::int64_t id, const Run& run);
  void add_conditions(std::int64_t id, const Run& run);
  void add_batches(std::int64_t id, const Run& run);
  void add_layers(std::int64_t id, const Run& run);
  void add_windows(std::int64_t id, const Run& run);
  void add_trace(std::int64_t id, const Trace& trace);

  SQLite::Database& database_;
  ColumnWriter columns_;
  SQLite::Statement run_, setting_, knob_, phase_, energy_, residency_, counter_, temperature_,
      batch_, layer_, note_, channel_, watch_, window_, window_energy_, board_, memo_;
  std::chrono::steady_clock::time_point next_sync_{};
  bool is_full_ = true;
};

}  // namespace isojoule
