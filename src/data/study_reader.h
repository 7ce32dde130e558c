// Takes runs out of the study file's tables. SQLiteCpp's exceptions pass through: the caller guards
// them.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <optional>
#include <vector>

#include "base/error.h"
#include "data/run.h"
#include "data/study_file.h"
#include "data/trace.h"

namespace isojoule {

StudyInfo read_info(SQLite::Database& database);
std::vector<std::int64_t> read_sequences(SQLite::Database& database);
std::vector<std::int64_t> read_ids(SQLite::Database& database);  // in order of sequence
// In order of sequence; one run where `id` is given. Errors: damaged.
Result<std::vector<Run>> read_runs(SQLite::Database& database, std::optional<std::int64_t> id,
                                   bool with_batches);
// By name; none in a study of an earlier schema.
std::vector<StudyBoard> read_boards(SQLite::Database& database);
std::string read_memo(SQLite::Database& database, const std::string& key);  // "": none
// Errors: not_found (no such run), no_data (no trace was kept), damaged.
Result<Trace> read_trace(SQLite::Database& database, std::int64_t id);

}  // namespace isojoule
