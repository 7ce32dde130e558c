// SQLite as the study file uses it: how it is opened and closed, and what its errors mean.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "data/study_file.h"

namespace isojoule {

// SQLite's codes: FULL -> disk_full, READONLY -> read_only, BUSY, LOCKED -> busy, PERM, AUTH ->
// permission_denied, CORRUPT, NOTADB, and a missing table or column -> damaged; CANTOPEN and IOERR
// by the system's error number (ENOSPC, EDQUOT, EFBIG -> disk_full). `database` may be null.
Error error_from_sqlite(const SQLite::Exception& exception, SQLite::Database* database,
                        const std::string& path, const std::string& tried);

// Runs `work` (which returns a Result or a Status); SQLiteCpp's exceptions end here.
template <typename Work>
auto guarded(SQLite::Database* database, const std::string& path, const char* tried, Work work)
    -> decltype(work()) {
  try {
    return work();
  } catch (const SQLite::Exception& exception) {
    return tl::unexpected<Error>(error_from_sqlite(exception, database, path, tried));
  }
}

// Opens a study and checks that it is one, of a schema that we know, and whole.
Result<std::unique_ptr<SQLite::Database>> open_study_database(const std::string& path,
                                                              StudyFile::Mode mode);

// Writes a new study file: everything below a temporary name, then the rename. The caller holds the
// lock.
Status create_study_database(const std::string& path, const StudyInfo& info);

// Leaves one plain file: WAL is merged and removed, unless somebody still reads (then it is
// merged).
void close_study_database(SQLite::Database& database);

}  // namespace isojoule
