// The study file: one SQLite database (WAL) with a schema version, the plan, the board, and every
// complete run with its trace. A run is written in one transaction when it is complete; whoever
// opens the file later sees whole runs only.
//
// At rest it is one plain file; while a writer has it, "-wal", "-shm" and "-lock" lie beside it,
// and readers may read. A committed run survives the death of the program; a power cut takes at
// most the runs of the last second, never the file.
//
// Not thread-safe; one writer at a time (a second one is refused with ErrorKind::busy).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

inline constexpr int kStudySchema = 5;

// What the study was made on and with.
struct StudyInfo {
  std::string name;
  std::string board;    // "jetson-nano"
  std::string release;  // "32.7" or "" if unknown
  bool simulated = false;
  std::string plan_toml;
  std::string plan_hash;  // of the plan, the board and the networks' bytes: a resume must match
  std::string program_version;
  std::string command;  // to repeat it
  std::string engine;
  std::string total;  // the board's total expression
  std::vector<Rail> rails;
  std::string created;  // ISO 8601
  std::int64_t planned_runs = 0;
  std::string protocol_json;
};

// One board of a study that a fleet made.
struct StudyBoard {
  std::string name;    // Run::on_board
  std::string serial;  // "" not known
  std::string title, release, variant;
  std::string version;  // of the program there
  bool operator==(const StudyBoard&) const = default;
};

class StudyFile {
 public:
  enum class Mode { read, write };
  // Opens an existing study. Errors: not_found, damaged, invalid (a database of something else),
  // newer_schema, busy, permission_denied, read_only.
  static Result<std::unique_ptr<StudyFile>> open(const std::string& path, Mode mode);
  // Creates a new one; the file appears whole under its name or not at all. Errors: invalid when it
  // exists, read_only, disk_full, permission_denied.
  static Result<std::unique_ptr<StudyFile>> create(const std::string& path, const StudyInfo& info);

  virtual ~StudyFile() = default;
  const StudyInfo& info() const { return do_info(); }
  // Stores the run and its trace; gives the run its id. `trace` may be null.
  Result<std::int64_t> add(const Run& run, const Trace* trace) { return do_add(run, trace); }
  // The same in place of the run of this sequence number, where there is one: for a run that grows.
  Result<std::int64_t> replace(const Run& run, const Trace* trace) {
    return do_replace(run, trace);
  }
  // Boards of a fleet's study, by name; none where one board made it.
  Result<std::vector<StudyBoard>> boards() { return do_boards(); }
  Status put_board(const StudyBoard& board) { return do_put_board(board); }  // adds or replaces
  // Small facts that whoever writes the study keeps for its next start ("fleet_position"); "" =
  // none.
  Result<std::string> memo(const std::string& key) { return do_memo(key); }
  Status set_memo(const std::string& key, const std::string& value) {
    return do_set_memo(key, value);
  }
  // Sequence numbers of the runs that are there, ascending.
  Result<std::vector<std::int64_t>> sequences() { return do_sequences(); }
  // Ids of the runs in order of sequence, for who takes them one by one.
  Result<std::vector<std::int64_t>> ids() { return do_ids(); }
  // Every run in order of sequence, without batches (they are long) unless asked for.
  Result<std::vector<Run>> runs(bool with_batches = false) { return do_runs(with_batches); }
  Result<Run> run(std::int64_t id) { return do_run(id); }
  // The run's trace; ErrorKind::no_data where none was kept.
  Result<Trace> trace(std::int64_t id) { return do_trace(id); }

 private:
  virtual const StudyInfo& do_info() const = 0;
  virtual Result<std::int64_t> do_add(const Run& run, const Trace* trace) = 0;
  virtual Result<std::int64_t> do_replace(const Run& run, const Trace* trace);   // unsupported
  virtual Result<std::vector<StudyBoard>> do_boards();                           // none
  virtual Status do_put_board(const StudyBoard& board);                          // unsupported
  virtual Result<std::string> do_memo(const std::string& key);                   // none
  virtual Status do_set_memo(const std::string& key, const std::string& value);  // unsupported
  virtual Result<std::vector<std::int64_t>> do_sequences() = 0;
  virtual Result<std::vector<std::int64_t>> do_ids();  // from do_runs()
  virtual Result<std::vector<Run>> do_runs(bool with_batches) = 0;
  virtual Result<Run> do_run(std::int64_t id) = 0;
  virtual Result<Trace> do_trace(std::int64_t id) = 0;
};

}  // namespace isojoule
