#include "data/study_database.h"

#include <SQLiteCpp/VariadicBind.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/file_tree.h"
#include "data/study_schema.h"

namespace isojoule {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr const char* kDamagedRemedy = "Take it from a backup, or make the study again";

Error from_errno(int number, const std::string& path, const std::string& tried) {
  Error error = error_from_errno(number, path, tried);
  if (number == EFBIG) error.kind = ErrorKind::disk_full;  // a limit on the file's size
  if (error.kind == ErrorKind::disk_full)
    error.remedy = "Free some space and give the same command again; what is committed is kept";
  return error;
}

ErrorKind kind_of(int code) {
  switch (code) {
    case SQLITE_FULL: return ErrorKind::disk_full;
    case SQLITE_READONLY: return ErrorKind::read_only;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorKind::busy;
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorKind::permission_denied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR: return ErrorKind::damaged;  // a missing table, a column of another shape
    default: return ErrorKind::io;
  }
}

std::string remedy_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::disk_full:
      return "Free some space and give the same command again; what is committed is kept";
    case ErrorKind::read_only: return "Copy the file to a place that can be written";
    case ErrorKind::busy: return "Wait until the other program has finished";
    case ErrorKind::permission_denied: return "Give yourself the right to it, or copy the file";
    case ErrorKind::damaged: return kDamagedRemedy;
    default: return "Look at the disk's health and the kernel's messages";
  }
}

std::int64_t size_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_size) : -1;
}

// SQLite would open a file that we may not write read-only, and tell only at the first write.
Status check_access(const std::string& path, StudyFile::Mode mode) {
  const bool writes = mode == StudyFile::Mode::write;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 ||
      ::access(path.c_str(), writes ? R_OK | W_OK : R_OK) != 0) {
    Error error = from_errno(errno, path, writes ? "open for writing" : "open");
    if (error.kind == ErrorKind::not_found && error.remedy.empty())
      error.remedy = "Look at the name; `isojoule sweep` makes a study";
    return tl::unexpected<Error>(std::move(error));
  }
  if (S_ISDIR(status.st_mode))
    return fail(ErrorKind::invalid, path + ": is a folder", "Name a study file");
  if (status.st_size == 0) return fail(ErrorKind::damaged, path + ": is empty", kDamagedRemedy);
  return {};
}

// Read-only, from a place where SQLite cannot make the small files that WAL needs. Ignoring the
// -wal file would silently lose the last runs, so that is refused.
Result<std::unique_ptr<SQLite::Database>> open_immutable(const std::string& path) {
  if (size_of(path + "-wal") > 0)
    return fail(ErrorKind::read_only,
                path + ": was interrupted, and its last runs stand in " + path + "-wal",
                "Copy both files to a folder that can be written, and open the copy there");
  std::string uri = "file:";
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : std::filesystem::absolute(path).string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '?' || c == '#' || c == '%')
      (uri += '%') += {kHex[byte >> 4], kHex[byte & 15]};
    else
      uri += c;
  }
  return std::make_unique<SQLite::Database>(
      uri + "?immutable=1", SQLite::OPEN_READONLY | SQLite::OPEN_URI, kBusyTimeoutMs);
}

Result<std::unique_ptr<SQLite::Database>> open_any(const std::string& path, StudyFile::Mode mode) {
  if (mode == StudyFile::Mode::write)
    return std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE, kBusyTimeoutMs);
  try {
    auto database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READONLY, kBusyTimeoutMs);
    database->execAndGet("SELECT count(*) FROM sqlite_schema");  // the first access opens the WAL
    return database;
  } catch (const SQLite::Exception& exception) {
    if (exception.getErrorCode() != SQLITE_CANTOPEN && exception.getErrorCode() != SQLITE_READONLY)
      throw;
    return open_immutable(path);
  }
}

Status check_schema(SQLite::Database& database, const std::string& path) {
  if (database.execAndGet("PRAGMA application_id").getInt() != kStudyApplicationId)
    return fail(ErrorKind::invalid, path + ": is a SQLite database, but not a study of isojoule",
                "Name a file that `isojoule sweep` or `isojoule measure` has made");
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  if (version > kStudySchema) {
    std::string by;  // the one table that every schema keeps
    if (database.tableExists("schema"))
      by = database.execAndGet("SELECT written_by FROM schema").getString();
    return fail(ErrorKind::newer_schema,
                path + ": has schema " + std::to_string(version) + ", this program knows up to " +
                    std::to_string(kStudySchema),
                by.empty() ? "Use a later isojoule" : "Use isojoule " + by + " or later");
  }
  if (version < 1)
    return fail(ErrorKind::damaged, path + ": has no schema version", kDamagedRemedy);
  return {};
}

// Step by step to the present schema, all or nothing.
void migrate(SQLite::Database& database) {
  const int from = database.execAndGet("PRAGMA user_version").getInt();
  if (from >= kStudySchema) return;
  SQLite::Transaction transaction(database);
  for (int version = from; version < kStudySchema; ++version)
    database.exec(std::string(study_migration_sql(version)));
  database.exec("PRAGMA user_version = " + std::to_string(kStudySchema));
  transaction.commit();
}

// SQLite fills a last page that is cut off with zeros. Its header states the page's size (bytes 16
// and 17, 1 for 65536) and their number (28 to 31), big-endian (SQLite file format, section 1.3).
// While there is a log, the file may rightly be behind.
Status check_size(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 32> header{};
  if (size_of(path + "-wal") > 0 || !file.read(header.data(), header.size())) return {};
  const auto byte = [&header](std::size_t i) {
    return static_cast<std::int64_t>(static_cast<unsigned char>(header[i]));
  };
  std::int64_t page = byte(16) << 8 | byte(17);
  if (page == 1) page = 65536;
  const std::int64_t pages = byte(28) << 24 | byte(29) << 16 | byte(30) << 8 | byte(31);
  if (size_of(path) < page * pages)
    return fail(ErrorKind::damaged, path + ": is cut off", kDamagedRemedy);
  return {};
}

// Reads every page once: what is cut off or overwritten is told now, not in the middle of a report.
Status check_whole(SQLite::Database& database, const std::string& path) {
  const std::string answer = database.execAndGet("PRAGMA quick_check(1)").getString();
  if (answer != "ok") return fail(ErrorKind::damaged, path + ": " + answer, kDamagedRemedy);
  return {};
}

void insert_info(SQLite::Database& database, const StudyInfo& info) {
  SQLite::Statement schema(database, "INSERT INTO schema VALUES (?, ?)");
  SQLite::bind(schema, kStudySchema, info.program_version);
  schema.exec();
  SQLite::Statement study(database,
                          "INSERT INTO study VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  SQLite::bind(study, info.name, info.board, info.release, info.simulated ? 1 : 0, info.engine,
               info.program_version, info.command, info.created, info.planned_runs, info.total,
               info.protocol_json);
  study.exec();
  SQLite::Statement plan(database, "INSERT INTO plan VALUES (?, ?)");
  SQLite::bind(plan, info.plan_toml, info.plan_hash);
  plan.exec();
  SQLite::Statement rail(database, "INSERT INTO rails VALUES (?, ?, ?, ?)");
  for (std::size_t i = 0; i < info.rails.size(); ++i) {
    rail.reset();
    SQLite::bind(rail, static_cast<std::int64_t>(i), info.rails[i].name, info.rails[i].parent,
                 info.rails[i].what);
    rail.exec();
  }
}

Status fill_new(const std::string& path, const StudyInfo& info) {
  std::unique_ptr<SQLite::Database> database;
  return guarded(database.get(), path, "create", [&]() -> Status {
    database = std::make_unique<SQLite::Database>(
        path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs);
    return guarded(database.get(), path, "create", [&]() -> Status {
      SQLite::Transaction transaction(*database);
      database->exec("PRAGMA application_id = " + std::to_string(kStudyApplicationId));
      database->exec("PRAGMA user_version = " + std::to_string(kStudySchema));
      database->exec(std::string(study_schema_sql()));
      insert_info(*database, info);
      transaction.commit();  // synchronous=FULL is SQLite's default: on the disk when it returns
      return {};
    });
  });
}

// Makes the new name itself survive a power cut.
void sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::absolute(path).parent_path();
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // e.g. a folder that we may write but not list
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Error error_from_sqlite(const SQLite::Exception& exception, SQLite::Database* database,
                        const std::string& path, const std::string& tried) {
  const int last = errno;
  const int code = exception.getErrorCode();
  if (code == SQLITE_NOMEM) throw std::bad_alloc();
  if ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && database != nullptr) {
    int number = sqlite3_system_errno(database->getHandle());
    // The transaction's rollback may have cleared it; errno itself is then still the failed
    // write's. (ENOSPC comes as SQLITE_FULL, a quota and a limit on the file's size do not.)
    if (number == 0 && (last == EDQUOT || last == EFBIG || last == EROFS)) number = last;
    if (number != 0) return from_errno(number, path, tried);
  }
  // A file that ends within a page: the size that the header states is not there.
  const bool is_short = exception.getExtendedErrorCode() == SQLITE_IOERR_SHORT_READ;
  const ErrorKind kind = is_short ? ErrorKind::damaged : kind_of(code);
  return {kind, path + ": " + exception.what(), tried, remedy_of(kind)};
}

Result<std::unique_ptr<SQLite::Database>> open_study_database(const std::string& path,
                                                              StudyFile::Mode mode) {
  ISOJOULE_CHECK(check_access(path, mode));
  std::unique_ptr<SQLite::Database> database;
  const Status opened = guarded(nullptr, path, "open", [&]() -> Status {
    ISOJOULE_TRY(database, open_any(path, mode));
    ISOJOULE_CHECK(check_schema(*database, path));
    ISOJOULE_CHECK(check_size(path));
    ISOJOULE_CHECK(check_whole(*database, path));
    if (mode == StudyFile::Mode::write) {
      database->exec("PRAGMA journal_mode = WAL");
      migrate(*database);
    }
    return {};
  });
  if (!opened) return tl::unexpected<Error>(opened.error());
  return database;
}

Status create_study_database(const std::string& path, const StudyInfo& info) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0)
    return fail(ErrorKind::invalid, path + ": is there already",
                "Choose another name, or remove the file first");
  const std::string temporary = path + ".new-" + std::to_string(::getpid());
  Status done = fill_new(temporary, info);
  if (done && std::rename(temporary.c_str(), path.c_str()) != 0)
    done = tl::unexpected<Error>(from_errno(errno, path, "rename " + temporary));
  if (done) {
    sync_folder_of(path);
    return {};
  }
  ::unlink(temporary.c_str());
  ::unlink((temporary + "-journal").c_str());
  Error error = done.error();  // the name that the user gave, not ours
  if (const auto at = error.what.find(temporary); at != std::string::npos)
    error.what.replace(at, temporary.size(), path);
  return tl::unexpected<Error>(std::move(error));
}

void close_study_database(SQLite::Database& database) {
  // A study at rest is a plain database in one file: it opens read-only from any medium. Where a
  // reader holds it open the change is refused; merging the log is then all that is needed, and
  // whatever fails here costs nothing, since the log is read by whoever opens the file next.
  if (database.tryExec("PRAGMA journal_mode = DELETE") != SQLITE_OK)
    database.tryExec("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace isojoule
