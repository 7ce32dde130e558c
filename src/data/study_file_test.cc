#include "data/study_file.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace isojoule {
namespace {

namespace fs = std::filesystem;

class StudyFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "isojoule-study-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ / "a b?.study";  // a name that would break a URI
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(folder_))
      result.push_back(entry.path().filename().string());
    std::sort(result.begin(), result.end());
    return result;
  }
  ErrorKind open_error(StudyFile::Mode mode = StudyFile::Mode::read) const {
    auto study = StudyFile::open(path_, mode);
    if (study) return ErrorKind::internal;
    EXPECT_EQ(to_string(study.error()).find('\n'), std::string::npos);
    EXPECT_FALSE(study.error().remedy.empty()) << to_string(study.error());
    return study.error().kind;
  }

  fs::path folder_, path_;
};

StudyInfo some_info() {
  StudyInfo info;
  info.name = "nano";
  info.board = "jetson-nano";
  info.release = "32.7";
  info.simulated = true;
  info.plan_toml = "name = \"nano\"\n";
  info.plan_hash = "abc";
  info.program_version = "0.1.0";
  info.command = "isojoule sweep";
  info.engine = "twin";
  info.total = "VDD_IN";
  info.rails = {{"VDD_IN", "", "module input"}, {"GPU", "VDD_IN", "GPU"}};
  info.created = "2026-01-01T00:00:00Z";
  info.planned_runs = 12;
  info.protocol_json = "{}";
  return info;
}

Run some_run(std::int64_t sequence) {
  Run run;
  run.sequence = sequence;
  run.block = 2;
  run.repeat = 3;
  run.on_board = "rack-1";
  run.network = "alexnet";
  run.baseline = "default";
  run.setting.set("batch", 16.0);
  run.setting.set("cpu_governor", std::string("schedutil"));
  run.setting.set("odd", std::string("12"));  // a text that looks like a number stays a text
  run.knobs = {{"cpu_frequency", 1479000000.0, 1428000000.0}, {"g", std::string("a"), 1.0}};
  run.state = RunState::throttled;
  run.failure = "it's hot";
  run.inferences = 3200;
  run.phases = {{PhaseKind::idle, {0}, {5}}, {PhaseKind::inference, {7}, {1'000'000'007}}};
  run.batches = {{{7}, {9}}, {{9}, {11}}};
  PhaseEnergy energy{PhaseKind::inference, "total", Second(1), {}, {}, {}};
  energy.gross = {Joule(12.5), Joule(0.25), ""};
  energy.net = {std::nullopt, std::nullopt, "there is no idle phase"};
  energy.budget_j = {{"gain", 0.2}, {"edges", 0.1}, {"drift", 0.3}};
  run.energies = {energy};
  run.residency_percent["cpu_frequency"] = {{102e6, 25.5}, {1479e6, 74.5}};
  run.temperature_start_c = {{"cpu", 40.5}};
  run.temperature_end_c = {{"cpu", 50}, {"gpu", 51}};
  run.counters.add(Counter::throttled, 2);
  run.notes = {{"provider", "CPU"}, {"threads", "2"}};
  run.layers = {{"conv1", "Conv", "GPU", Second(1e-3), Second(1e-5), 10},
                {"fc", "Gemm", "", Second(2e-3), Second(0), 10}};
  run.windows = {{"outer one", {7}, {11}}, {"inner", {8}, {9}}};
  WindowEnergy window{1, "VDD_IN", {}, {}, {{"gain", 0.5}, {"gaps", 0.25}}};
  window.gross = {Joule(2), Joule(0.5), ""};
  window.net.why_absent = "there is no idle phase";
  run.window_energies = {window};
  run.wall_time = "2026-01-01T00:00:01Z";
  return run;
}

Trace some_trace(std::size_t ticks = 20) {
  Trace trace;
  trace.total = "VDD_IN";
  trace.period = Duration::milliseconds(100);
  Channel channel;
  channel.info = {"VDD_IN",
                  "ina3221 6-0040 channel 0",
                  ChannelKind::voltage_current,
                  1e-3,
                  1e-3,
                  Volt(0.008),
                  Ampere(0.008),
                  Second(0.1),
                  0.01,
                  Ampere(0.002)};
  channel.info.lag = Second(0.05);
  channel.info.is_dated_by_source = true;
  channel.info.calibration =
      Calibration{1.02, Watt(-0.01), 1e-3, Watt(2e-3), -0.875, "a meter, model = 3", "2026-11-21"};
  Watch watch{"cpu_frequency", {}, {}};
  for (std::size_t i = 0; i < ticks; ++i) {
    channel.time_ns.push_back(static_cast<std::int64_t>(i) * 100'000'000);
    channel.a.push_back(5000);
    channel.b.push_back(1000 + static_cast<std::int32_t>(i % 7) * 8);
    watch.time_ns.push_back(static_cast<std::int64_t>(i) * 100'000'000);
    watch.value.push_back(1479e6);
  }
  trace.channels = {channel, channel};
  trace.channels[1].info.kind = ChannelKind::power;
  trace.channels[1].b.clear();
  trace.watches = {watch};
  return trace;
}

TEST_F(StudyFileTest, GivesBackWhatWasStored) {
  const isojoule::Run run = some_run(4);
  const Trace trace = some_trace();
  {
    auto study = StudyFile::create(path_, some_info());
    ASSERT_TRUE(study) << to_string(study.error());
    EXPECT_EQ((*study)->add(run, &trace).value(), 1);
    EXPECT_EQ((*study)->add(some_run(1), nullptr).value(), 2);
  }
  EXPECT_EQ(names(), std::vector<std::string>{"a b?.study"});
  auto opened = StudyFile::open(path_, StudyFile::Mode::read);
  ASSERT_TRUE(opened) << to_string(opened.error());
  StudyFile& study = **opened;
  EXPECT_EQ(study.info().board, "jetson-nano");
  EXPECT_EQ(study.info().plan_toml, some_info().plan_toml);
  EXPECT_EQ(study.info().rails[1].parent, "VDD_IN");
  EXPECT_TRUE(study.info().simulated);
  EXPECT_EQ(study.sequences().value(), (std::vector<std::int64_t>{1, 4}));
  EXPECT_EQ(study.trace(1).value(), trace);
  EXPECT_EQ(study.trace(2).error().kind, ErrorKind::no_data);
  EXPECT_EQ(study.trace(3).error().kind, ErrorKind::not_found);
  EXPECT_EQ(study.run(3).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(study.runs().value()[1].batches.empty());
  EXPECT_EQ(study.add(run, nullptr).error().kind, ErrorKind::read_only);

  const isojoule::Run back = study.runs(true).value()[1];
  EXPECT_EQ(back.id, 1);
  EXPECT_EQ(back.sequence, 4);
  EXPECT_EQ(back.setting, run.setting);
  EXPECT_EQ(back.notes, run.notes);
  EXPECT_EQ(back.layers, run.layers);
  EXPECT_EQ(back.windows, run.windows);
  ASSERT_EQ(back.window_energies.size(), 1U);
  EXPECT_EQ(back.window_energies[0].window, 1);
  EXPECT_EQ(back.window_energies[0].rail, "VDD_IN");
  EXPECT_EQ(back.window_energies[0].gross.value, Joule(2));
  EXPECT_EQ(back.window_energies[0].gross.uncertainty, Joule(0.5));
  EXPECT_EQ(back.window_energies[0].net.why_absent, "there is no idle phase");
  EXPECT_EQ(back.window_energies[0].budget_j, run.window_energies[0].budget_j);
  EXPECT_EQ(back.baseline, run.baseline);
  ASSERT_EQ(back.knobs.size(), 2U);
  EXPECT_EQ(back.knobs[0].achieved, Value(1428000000.0));
  EXPECT_EQ(back.knobs[1].requested, Value(std::string("a")));
  EXPECT_EQ(back.state, RunState::throttled);
  EXPECT_EQ(back.failure, run.failure);
  EXPECT_EQ(back.phases, run.phases);
  EXPECT_EQ(back.batches, run.batches);
  EXPECT_EQ(back.residency_percent, run.residency_percent);
  EXPECT_EQ(back.temperature_start_c, run.temperature_start_c);
  EXPECT_EQ(back.temperature_end_c, run.temperature_end_c);
  EXPECT_EQ(back.counters, run.counters);
  EXPECT_EQ(back.wall_time, run.wall_time);
  EXPECT_EQ(back.on_board, "rack-1");
  const PhaseEnergy* energy = back.energy(PhaseKind::inference);
  ASSERT_NE(energy, nullptr);
  EXPECT_EQ(energy->gross.value, Joule(12.5));
  EXPECT_EQ(energy->gross.uncertainty, Joule(0.25));
  EXPECT_FALSE(energy->net.value);
  EXPECT_EQ(energy->net.why_absent, "there is no idle phase");
  EXPECT_EQ(energy->budget_j, run.energies[0].budget_j);
}

TEST_F(StudyFileTest, PeopleReadItWithPlainSql) {
  {
    auto study = StudyFile::create(path_, some_info());
    ASSERT_TRUE((*study)->add(some_run(0), nullptr));
  }
  SQLite::Database database(path_.string());
  EXPECT_EQ(database.execAndGet("SELECT gross_j FROM inference_energies").getDouble(), 12.5);
  EXPECT_EQ(database.execAndGet("SELECT unit FROM knobs WHERE axis = 'cpu_frequency'").getString(),
            "hz");
  EXPECT_EQ(database.execAndGet("SELECT on_board FROM inference_energies").getString(), "rack-1");
}

TEST_F(StudyFileTest, BoardsAndMemosAreKept) {
  const StudyBoard one{"rack-1", "1423", "Jetson Nano", "32.7", "", "1.0"};
  StudyBoard two{"rack-2", "", "Jetson Nano", "32.7", "super", "1.0"};
  {
    auto study = StudyFile::create(path_, some_info());
    ASSERT_TRUE((*study)->put_board(two));
    ASSERT_TRUE((*study)->put_board(one));
    two.serial = "it's 7";
    ASSERT_TRUE((*study)->put_board(two));  // known by its name
    ASSERT_TRUE((*study)->set_memo("fleet_position", "1"));
    ASSERT_TRUE((*study)->set_memo("fleet_position", "20"));
    EXPECT_EQ((*study)->memo("other").value(), "");
  }
  auto study = StudyFile::open(path_, StudyFile::Mode::read);
  ASSERT_TRUE(study) << to_string(study.error());
  EXPECT_EQ((*study)->boards().value(), (std::vector<StudyBoard>{one, two}));
  EXPECT_EQ((*study)->memo("fleet_position").value(), "20");
  EXPECT_EQ((*study)->put_board(one).error().kind, ErrorKind::read_only);
  EXPECT_EQ((*study)->set_memo("a", "b").error().kind, ErrorKind::read_only);
}

TEST_F(StudyFileTest, TheSameRunTwiceIsRefusedWhole) {
  auto study = StudyFile::create(path_, some_info());
  ASSERT_TRUE((*study)->add(some_run(0), nullptr));
  EXPECT_FALSE((*study)->add(some_run(0), nullptr));
  EXPECT_EQ((*study)->runs().value().size(), 1U);
  EXPECT_TRUE((*study)->add(some_run(1), nullptr));  // and it goes on
}

// A run that grows: of its former state nothing stays in any table, of the others everything.
TEST_F(StudyFileTest, ARunIsReplacedWhole) {
  auto study = StudyFile::create(path_, some_info());
  const Trace first = some_trace(20), grown = some_trace(50);
  ASSERT_TRUE((*study)->add(some_run(0), &first));
  const std::int64_t before = (*study)->replace(some_run(1), &first).value();  // none was there
  auto more = some_run(1);
  more.inferences = 6400;
  more.windows.clear();
  more.window_energies.clear();
  const std::int64_t after = (*study)->replace(more, &grown).value();
  EXPECT_EQ((*study)->sequences().value(), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ((*study)->run(after).value().inferences, 6400);
  EXPECT_TRUE((*study)->run(after).value().windows.empty());
  EXPECT_EQ((*study)->run(after).value().batches, more.batches);
  EXPECT_EQ((*study)->trace(after).value().channels.at(0).a.size(), 50U);
  EXPECT_TRUE(before == after || !(*study)->run(before));
  const std::int64_t other = (*study)->ids().value().at(0);
  EXPECT_EQ((*study)->run(other).value().windows.size(), 2U);
  EXPECT_EQ((*study)->trace(other).value().channels.at(0).a.size(), 20U);
  study->reset();
  SQLite::Database database(path_.string());
  const auto rows = [&](const std::string& table) {
    return database.execAndGet("SELECT count(*) FROM " + table).getInt();
  };
  EXPECT_EQ(rows("traces"), 4);
  EXPECT_EQ(rows("batches"), 2);  // a block a run
  EXPECT_EQ(rows("windows"), 2);
  EXPECT_EQ(rows("runs"), 2);
}

TEST_F(StudyFileTest, OneWriterAndReadersBesideIt) {
  auto writer = StudyFile::create(path_, some_info());
  ASSERT_TRUE((*writer)->add(some_run(0), nullptr));
  EXPECT_EQ(open_error(StudyFile::Mode::write), ErrorKind::busy);
  auto reader = StudyFile::open(path_, StudyFile::Mode::read);
  ASSERT_TRUE(reader) << to_string(reader.error());
  EXPECT_EQ((*reader)->runs().value().size(), 1U);
  ASSERT_TRUE((*writer)->add(some_run(1), nullptr));
  EXPECT_EQ((*reader)->runs().value().size(), 2U);
  reader->reset();
  writer->reset();
  EXPECT_EQ(names().size(), 1U);
  EXPECT_TRUE(StudyFile::open(path_, StudyFile::Mode::write));
}

TEST_F(StudyFileTest, CreateDoesNotOverwriteAndLeavesNothing) {
  std::ofstream(path_) << "mine";
  EXPECT_EQ(StudyFile::create(path_, some_info()).error().kind, ErrorKind::invalid);
  EXPECT_EQ(names().size(), 1U);
  EXPECT_EQ(fs::file_size(path_), 4U);
  EXPECT_EQ(StudyFile::create(folder_ / "no" / "x.study", some_info()).error().kind,
            ErrorKind::not_found);
}

TEST_F(StudyFileTest, WhatIsNoStudyIsToldApart) {
  EXPECT_EQ(open_error(), ErrorKind::not_found);
  std::ofstream(path_) << "";
  EXPECT_EQ(open_error(), ErrorKind::damaged);
  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_EQ(open_error(), ErrorKind::damaged);
  EXPECT_EQ(open_error(StudyFile::Mode::write), ErrorKind::damaged);
  fs::remove(path_);
  SQLite::Database(path_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE t (x)");
  EXPECT_EQ(open_error(), ErrorKind::invalid);
  EXPECT_EQ(open_error(StudyFile::Mode::write), ErrorKind::invalid);
  EXPECT_EQ(names().size(), 1U);  // no lock is left behind
}

TEST_F(StudyFileTest, ATruncatedOrOverwrittenFileIsDamaged) {
  {
    auto study = StudyFile::create(path_, some_info());
    const Trace trace = some_trace(3000);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE((*study)->add(some_run(i), &trace));
  }
  const auto size = fs::file_size(path_);
  fs::copy_file(path_, folder_ / "whole");
  for (const std::uintmax_t cut : {size / 2, size - 4096, size - 100, std::uintmax_t{700}}) {
    fs::copy_file(folder_ / "whole", path_, fs::copy_options::overwrite_existing);
    fs::resize_file(path_, cut);
    EXPECT_EQ(open_error(), ErrorKind::damaged) << "cut to " << cut;
  }
  fs::copy_file(folder_ / "whole", path_, fs::copy_options::overwrite_existing);
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 3);
    file << std::string(4096, '\xa5');
  }
  EXPECT_EQ(open_error(), ErrorKind::damaged);
}

TEST_F(StudyFileTest, ALaterSchemaNamesTheProgramThatKnowsIt) {
  ASSERT_TRUE(StudyFile::create(path_, some_info()));
  {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA user_version = 99");
    database.exec("UPDATE schema SET version = 99, written_by = '7.5.0'");
  }
  auto study = StudyFile::open(path_, StudyFile::Mode::read);
  ASSERT_FALSE(study);
  EXPECT_EQ(study.error().kind, ErrorKind::newer_schema);
  EXPECT_NE(study.error().remedy.find("7.5.0"), std::string::npos);
}

// What schema 1 had: the same tables without the columns that came with schema 2.
TEST_F(StudyFileTest, ASchema1StudyIsReadAsItIsAndBroughtUpToDateWhenWritten) {
  {
    ASSERT_TRUE(StudyFile::create(path_, some_info()));
    auto study = StudyFile::open(path_, StudyFile::Mode::write);
    ASSERT_TRUE(study);
    const Trace trace = some_trace();
    ASSERT_TRUE((*study)->add(some_run(0), &trace));
  }
  {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    for (const char* column : {"power_quantum_w", "power_offset_uncertainty_w", "update_period_s",
                               "lag_s", "dated_by_source", "calibration"})
      database.exec(std::string("ALTER TABLE traces DROP COLUMN ") + column);
    database.exec("DROP VIEW inference_energies");
    database.exec("CREATE VIEW inference_energies AS SELECT run, network FROM runs");
    database.exec("ALTER TABLE runs DROP COLUMN on_board");
    for (const char* table : {"layers", "notes", "windows", "window_energies", "boards", "memos"})
      database.exec(std::string("DROP TABLE ") + table);
    database.exec("PRAGMA user_version = 1");
  }
  for (const auto mode : {StudyFile::Mode::read, StudyFile::Mode::write}) {
    auto study = StudyFile::open(path_, mode);
    ASSERT_TRUE(study) << to_string(study.error());
    const auto trace = (*study)->trace(1);
    ASSERT_TRUE(trace) << to_string(trace.error());
    Trace expected = some_trace();
    for (Channel& channel : expected.channels) {  // came with schema 4
      channel.info.lag = {};
      channel.info.is_dated_by_source = false;
      channel.info.calibration.reset();
    }
    EXPECT_EQ(*trace, expected);
  }
  SQLite::Database database(path_.string());
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), kStudySchema);
}

// A study as a program of schema 4 wrote it, kept as SQL.
TEST_F(StudyFileTest, ASchema4StudyIsReadAsItIsAndBroughtUpToDateWhenWritten) {
  {
    std::ifstream file(std::string(ISOJOULE_SOURCE_DIR) + "/src/data/golden/schema_4.sql");
    const std::string sql((std::istreambuf_iterator<char>(file)), {});
    ASSERT_FALSE(sql.empty());
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec(sql);
    database.exec("PRAGMA application_id = " + std::to_string(0x49736f4a));
    database.exec("PRAGMA user_version = 4");
  }
  for (const auto mode : {StudyFile::Mode::read, StudyFile::Mode::write}) {
    auto study = StudyFile::open(path_, mode);
    ASSERT_TRUE(study) << to_string(study.error());
    const auto runs = (*study)->runs(true);
    ASSERT_TRUE(runs) << to_string(runs.error());
    ASSERT_EQ(runs->size(), 2U);
    EXPECT_EQ(runs->at(1).baseline, "default");
    EXPECT_EQ(runs->at(1).wall_time, "2026-11-22T20:53:29Z");
    EXPECT_EQ(runs->at(1).on_board, "");
    EXPECT_EQ(runs->at(1).batches.size(), 2U);
    EXPECT_EQ((*study)->boards().value(), std::vector<StudyBoard>{});
    EXPECT_EQ((*study)->memo("fleet_position").value(), "");
    if (mode == StudyFile::Mode::read) continue;
    ASSERT_TRUE((*study)->add(some_run(2), nullptr));
    ASSERT_TRUE((*study)->put_board({"rack-1", "", "", "", "", ""}));
    EXPECT_EQ((*study)->runs().value().at(2).on_board, "rack-1");
    EXPECT_EQ((*study)->boards().value().size(), 1U);
  }
  SQLite::Database database(path_.string());
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), kStudySchema);
  EXPECT_EQ(
      database.execAndGet("SELECT group_concat(on_board, '|') FROM inference_energies").getString(),
      "||rack-1");
}

// A child process adds runs until it is killed: what add() has returned for is there afterwards.
TEST_F(StudyFileTest, CommittedRunsSurviveSigkill) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto study = StudyFile::create(path_, some_info());
    const Trace trace = some_trace();
    for (std::int64_t i = 0;; ++i) {
      if (!(*study)->add(some_run(i), &trace)) ::_exit(1);
      if (::write(pipe_ends[1], "r", 1) != 1) ::_exit(2);
    }
  }
  std::size_t told = 0;
  char byte;
  while (told < 25 && ::read(pipe_ends[0], &byte, 1) == 1) ++told;
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  ::close(pipe_ends[1]);
  while (::read(pipe_ends[0], &byte, 1) == 1) ++told;
  ::close(pipe_ends[0]);

  {
    auto reader = StudyFile::open(path_, StudyFile::Mode::read);
    ASSERT_TRUE(reader) << to_string(reader.error());
    EXPECT_GE((*reader)->runs().value().size(), told);
  }
  {
    auto writer = StudyFile::open(path_, StudyFile::Mode::write);
    ASSERT_TRUE(writer) << to_string(writer.error());
    const auto sequences = (*writer)->sequences().value();
    EXPECT_GE(sequences.size(), told);
    ASSERT_TRUE((*writer)->add(some_run(100000), nullptr));
  }
  EXPECT_EQ(names().size(), 1U);
}

// Killed anywhere within a replacement: the run is there, once, as it was at one of its savings.
TEST_F(StudyFileTest, AReplacedRunSurvivesSigkillWhole) {
  for (int round = 0; round < 5; ++round) {
    fs::remove_all(path_);
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto study = StudyFile::create(path_, some_info());
      for (int i = 1;; ++i) {
        auto run = some_run(0);
        run.inferences = i;
        const Trace trace = some_trace(static_cast<std::size_t>(i));
        if (!(*study)->replace(run, &trace)) ::_exit(1);
        if (::write(pipe_ends[1], "r", 1) != 1) ::_exit(2);
      }
    }
    ::close(pipe_ends[1]);
    int told = 0;
    char byte;
    while (told < 10 && ::read(pipe_ends[0], &byte, 1) == 1) ++told;
    ::usleep(static_cast<useconds_t>(300 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    while (::read(pipe_ends[0], &byte, 1) == 1) ++told;
    ::close(pipe_ends[0]);
    auto study = StudyFile::open(path_, StudyFile::Mode::read);
    ASSERT_TRUE(study) << to_string(study.error());
    ASSERT_EQ((*study)->sequences().value(), std::vector<std::int64_t>{0});
    const std::int64_t id = (*study)->ids().value().at(0);
    const std::int64_t saved = (*study)->run(id).value().inferences;
    EXPECT_GE(saved, told);
    EXPECT_EQ((*study)->trace(id).value().channels.at(1).a.size(), static_cast<std::size_t>(saved));
  }
}

// The log of an interrupted study must not be ignored where it cannot be merged.
TEST_F(StudyFileTest, ReadsFromAReadOnlyMedium) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: mounting needs root";
  ASSERT_TRUE(StudyFile::create(path_, some_info()).value()->add(some_run(0), nullptr));
  if (::mount(folder_.c_str(), folder_.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
      ::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
    ::umount2(folder_.c_str(), MNT_DETACH);
    GTEST_SKIP() << "skipped: mounting is not allowed here";
  }
  EXPECT_EQ(open_error(StudyFile::Mode::write), ErrorKind::read_only);
  EXPECT_EQ(StudyFile::create(folder_ / "new.study", some_info()).error().kind,
            ErrorKind::read_only);
  {
    auto study = StudyFile::open(path_, StudyFile::Mode::read);
    EXPECT_TRUE(study) << to_string(study.error());
    if (study) {
      EXPECT_EQ((*study)->runs().value().size(), 1U);
    }
  }
  ::umount2(folder_.c_str(), MNT_DETACH);
  EXPECT_EQ(names().size(), 1U);
}

TEST_F(StudyFileTest, AFullFileSystemIsTyped) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: mounting needs root";
  if (::mount("isojoule", folder_.c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "skipped: mounting is not allowed here";
  ErrorKind kind = ErrorKind::internal;
  std::size_t there = 0, added_runs = 0;
  if (auto study = StudyFile::create(path_, some_info())) {
    const Trace trace = some_trace(3000);
    for (std::int64_t i = 0; i < 10'000; ++i, ++added_runs)
      if (const auto added = (*study)->add(some_run(i), &trace); !added) {
        kind = added.error().kind;
        break;
      }
  }
  if (auto study = StudyFile::open(path_, StudyFile::Mode::read))
    there = (*study)->runs().value().size();
  ::umount2(folder_.c_str(), MNT_DETACH);
  EXPECT_EQ(kind, ErrorKind::disk_full);
  EXPECT_GT(there, 0U);
  EXPECT_EQ(there, added_runs);
}

// A limit on the file's size stands for a full disk; in a child, since limits stay.
TEST_F(StudyFileTest, AFullDiskIsTyped) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto study = StudyFile::create(path_, some_info());
    if (!study) ::_exit(1);
    const rlimit limit{400'000, 400'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    const Trace trace = some_trace(3000);
    for (std::int64_t i = 0; i < 10'000; ++i) {
      const auto added = (*study)->add(some_run(i), &trace);
      if (!added) ::_exit(added.error().kind == ErrorKind::disk_full ? 42 : 3);
    }
    ::_exit(4);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  auto study = StudyFile::open(path_, StudyFile::Mode::write);
  ASSERT_TRUE(study) << to_string(study.error());
  EXPECT_GT((*study)->runs().value().size(), 0U);
}

TEST_F(StudyFileTest, AFullDiskLeavesNoHalfStudy) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20'000, 20'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    const auto study = StudyFile::create(path_, some_info());
    ::_exit(!study && study.error().kind == ErrorKind::disk_full ? 42 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_TRUE(names().empty());
}

TEST_F(StudyFileTest, RaggedColumnsAreRefused) {
  auto study = StudyFile::create(path_, some_info());
  Trace trace = some_trace();
  trace.channels[0].b.pop_back();
  EXPECT_EQ((*study)->add(some_run(0), &trace).error().kind, ErrorKind::internal);
  EXPECT_TRUE((*study)->runs().value().empty());
}

}  // namespace
}  // namespace isojoule
