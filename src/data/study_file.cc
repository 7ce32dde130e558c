#include "data/study_file.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <optional>

#include "data/file_lock.h"
#include "data/study_database.h"
#include "data/study_reader.h"
#include "data/study_writer.h"

namespace isojoule {
namespace {

class SqliteStudyFile final : public StudyFile {
 public:
  SqliteStudyFile(std::string path, std::unique_ptr<SQLite::Database> database, StudyInfo info,
                  std::optional<FileLock> lock)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        database_(std::move(database)),
        info_(std::move(info)) {
    if (lock_) writer_.emplace(*database_);
  }

  ~SqliteStudyFile() override {
    if (!writer_) return;
    writer_.reset();
    close_study_database(*database_);
    database_.reset();  // before the lock goes
  }

 private:
  const StudyInfo& do_info() const override { return info_; }

  Result<std::int64_t> do_add(const Run& run, const Trace* trace) override {
    return put(run, trace, false);
  }
  Result<std::int64_t> do_replace(const Run& run, const Trace* trace) override {
    return put(run, trace, true);
  }

  Result<std::vector<StudyBoard>> do_boards() override {
    return read([&]() -> Result<std::vector<StudyBoard>> { return read_boards(*database_); });
  }
  Status do_put_board(const StudyBoard& board) override {
    ISOJOULE_CHECK(check_writable());
    return guarded(database_.get(), path_, "add a board", [&]() -> Status {
      writer_->put_board(board);
      return {};
    });
  }

  Result<std::string> do_memo(const std::string& key) override {
    return read([&]() -> Result<std::string> { return read_memo(*database_, key); });
  }
  Status do_set_memo(const std::string& key, const std::string& value) override {
    ISOJOULE_CHECK(check_writable());
    return guarded(database_.get(), path_, "keep a memo", [&]() -> Status {
      writer_->set_memo(key, value);
      return {};
    });
  }

  Status check_writable() const {
    if (writer_) return {};
    return fail(ErrorKind::read_only, path_ + ": is open for reading only", "Open it for writing");
  }

  Result<std::int64_t> put(const Run& run, const Trace* trace, bool replaces) {
    ISOJOULE_CHECK(check_writable());
    ISOJOULE_CHECK(check_columns(trace));
    return guarded(database_.get(), path_, "add a run", [&]() -> Result<std::int64_t> {
      return replaces ? writer_->replace(run, trace) : writer_->add(run, trace);
    });
  }

  Result<std::vector<std::int64_t>> do_sequences() override {
    return read([&]() -> Result<std::vector<std::int64_t>> { return read_sequences(*database_); });
  }

  Result<std::vector<std::int64_t>> do_ids() override {
    return read([&]() -> Result<std::vector<std::int64_t>> { return read_ids(*database_); });
  }

  Result<std::vector<Run>> do_runs(bool with_batches) override {
    return read([&] { return read_runs(*database_, std::nullopt, with_batches); });
  }

  Result<Run> do_run(std::int64_t id) override {
    return read([&]() -> Result<Run> {
      ISOJOULE_TRY(auto runs, read_runs(*database_, id, true));
      if (runs.empty())
        return fail(ErrorKind::not_found,
                    path_ + ": run " + std::to_string(id) + " is not in the study",
                    "`isojoule show` lists the runs");
      return std::move(runs.front());
    });
  }

  Result<Trace> do_trace(std::int64_t id) override {
    return read([&] { return read_trace(*database_, id); });
  }

  // One snapshot for all the tables, while a writer may go on.
  template <typename Work>
  auto read(Work work) -> decltype(work()) {
    return guarded(database_.get(), path_, "read", [&]() -> decltype(work()) {
      SQLite::Transaction snapshot(*database_);
      return work();
    });
  }

  // What is stored must come back: columns of unlike length are a fault of the caller's.
  Status check_columns(const Trace* trace) const {
    if (trace == nullptr) return {};
    for (const Channel& channel : trace->channels) {
      const bool has_b = channel.info.kind == ChannelKind::voltage_current;
      if (channel.a.size() != channel.time_ns.size() ||
          channel.b.size() != (has_b ? channel.a.size() : 0))
        return fail(ErrorKind::internal, "channel " + channel.info.rail + " has ragged columns");
    }
    for (const Watch& watch : trace->watches)
      if (watch.value.size() != watch.time_ns.size())
        return fail(ErrorKind::internal, "watch " + watch.name + " has ragged columns");
    return {};
  }

  std::string path_;
  std::optional<FileLock> lock_;  // a writer's
  std::unique_ptr<SQLite::Database> database_;
  std::optional<StudyWriter> writer_;
  StudyInfo info_;
};

Result<std::unique_ptr<StudyFile>> open_locked(const std::string& path, StudyFile::Mode mode,
                                               std::optional<FileLock> lock) {
  ISOJOULE_TRY(std::unique_ptr<SQLite::Database> database, open_study_database(path, mode));
  SQLite::Database* raw = database.get();
  return guarded(raw, path, "open", [&]() -> Result<std::unique_ptr<StudyFile>> {
    StudyInfo info = read_info(*raw);
    return std::make_unique<SqliteStudyFile>(path, std::move(database), std::move(info),
                                             std::move(lock));
  });
}

}  // namespace

Result<std::int64_t> StudyFile::do_replace(const Run& /*run*/, const Trace* /*trace*/) {
  return fail(ErrorKind::unsupported, "runs of this study cannot be replaced");
}

Result<std::vector<StudyBoard>> StudyFile::do_boards() { return std::vector<StudyBoard>{}; }

Status StudyFile::do_put_board(const StudyBoard& /*board*/) {
  return fail(ErrorKind::unsupported, "this study keeps no boards");
}

Result<std::string> StudyFile::do_memo(const std::string& /*key*/) { return std::string{}; }

Status StudyFile::do_set_memo(const std::string& /*key*/, const std::string& /*value*/) {
  return fail(ErrorKind::unsupported, "this study keeps no memos");
}

Result<std::vector<std::int64_t>> StudyFile::do_ids() {
  ISOJOULE_TRY(const std::vector<Run> all, runs());
  std::vector<std::int64_t> ids;
  for (const Run& run : all) ids.push_back(run.id);
  return ids;
}

Result<std::unique_ptr<StudyFile>> StudyFile::open(const std::string& path, Mode mode) {
  if (mode == Mode::read) return open_locked(path, mode, std::nullopt);
  // Whether it is there and ours comes before the lock, which would make a file beside it.
  { ISOJOULE_TRY(const auto first, open_locked(path, Mode::read, std::nullopt)); }
  ISOJOULE_TRY(FileLock lock, FileLock::take(path));
  return open_locked(path, mode, std::move(lock));
}

Result<std::unique_ptr<StudyFile>> StudyFile::create(const std::string& path,
                                                     const StudyInfo& info) {
  ISOJOULE_TRY(FileLock lock, FileLock::take(path));
  ISOJOULE_CHECK(create_study_database(path, info));
  return open_locked(path, Mode::write, std::move(lock));
}

}  // namespace isojoule
