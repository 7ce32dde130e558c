#include "data/study_reader.h"

#include <unordered_map>

#include "data/study_schema.h"
#include "data/trace_block.h"

namespace isojoule {
namespace {

// Takes the columns of the statement's row one after another.
class Fields {
 public:
  explicit Fields(SQLite::Statement& statement) : statement_(statement) {}
  std::int64_t integer() { return statement_.getColumn(at_++).getInt64(); }
  double number() { return statement_.getColumn(at_++).getDouble(); }
  std::string text() { return statement_.getColumn(at_++).getString(); }
  Value value() {
    const SQLite::Column column = statement_.getColumn(at_++);
    return column.isText() ? Value(column.getString()) : Value(column.getDouble());
  }
  std::optional<double> maybe() {
    const SQLite::Column column = statement_.getColumn(at_++);
    return column.isNull() ? std::nullopt : std::optional(column.getDouble());
  }
  template <typename Quantity>
  std::optional<Quantity> quantity() {
    const auto number = maybe();
    return number ? std::optional(Quantity(*number)) : std::nullopt;
  }
  std::span<const std::byte> block() {  // valid until the next row
    const SQLite::Column column = statement_.getColumn(at_++);
    return {static_cast<const std::byte*>(column.getBlob()),
            static_cast<std::size_t>(column.getBytes())};
  }
  std::size_t count() { return static_cast<std::size_t>(std::max<std::int64_t>(0, integer())); }

 private:
  SQLite::Statement& statement_;
  int at_ = 0;
};

tl::unexpected<Error> unknown(const std::string& what, const std::string& word) {
  return fail(ErrorKind::damaged, "the study file has an unknown " + what + ": '" + word + "'",
              "Take it from a backup, or make the study again");
}

// A study that is only read is not brought to the present schema.
int schema_of(SQLite::Database& database) {
  return database.execAndGet("PRAGMA user_version").getInt();
}

// Reads one table for all runs, or for the one.
class RunTables {
 public:
  RunTables(SQLite::Database& database, std::optional<std::int64_t> id)
      : database_(database), id_(id), schema_(schema_of(database)) {}

  Result<std::vector<Run>> read(bool with_batches) {
    ISOJOULE_CHECK(read_runs());
    each("SELECT run, axis, value FROM settings", "", [](Run& run, Fields& fields) -> Status {
      const std::string axis = fields.text();
      run.setting.set(axis, fields.value());
      return {};
    });
    each("SELECT run, axis, requested, achieved FROM knobs", ", position",
         [](Run& run, Fields& fields) -> Status {
           KnobResult knob;
           knob.axis = fields.text();
           knob.requested = fields.value();
           knob.achieved = fields.value();
           run.knobs.push_back(std::move(knob));
           return {};
         });
    read_phases();
    read_energies();
    read_conditions();
    if (with_batches)
      each("SELECT run, count, columns FROM batches", "", [](Run& run, Fields& fields) -> Status {
        const std::size_t count = fields.count();
        ISOJOULE_TRY(run.batches, decode_batches(fields.block(), count));
        return {};
      });
    if (schema_ >= 3) read_layers();  // earlier schemas lack these
    if (schema_ >= 4) read_windows();
    if (!status_) return tl::unexpected<Error>(status_.error());
    return std::move(runs_);
  }

 private:
  std::string filter() const { return id_ ? " WHERE run = " + std::to_string(*id_) : ""; }

  Status read_runs() {
    SQLite::Statement rows(
        database_,
        "SELECT run, sequence, block, repeat, network, baseline, state, failure, "
        "inferences, wall_time, " +
            std::string(schema_ < 5 ? "''" : "on_board") + " FROM runs" + filter() +
            " ORDER BY sequence");
    while (rows.executeStep()) {
      Fields fields(rows);
      Run run;
      run.id = fields.integer();
      run.sequence = fields.integer();
      run.block = fields.integer();
      run.repeat = fields.integer();
      run.network = fields.text();
      run.baseline = fields.text();
      const std::string state = fields.text();
      const auto known = run_state_named(state);
      if (!known) return unknown("state", state);
      run.state = *known;
      run.failure = fields.text();
      run.inferences = fields.integer();
      run.wall_time = fields.text();
      run.on_board = fields.text();
      place_[run.id] = runs_.size();
      runs_.push_back(std::move(run));
    }
    return {};
  }

  // Calls take(run, fields after the run's id) for each row; the first error ends it all.
  template <typename Take>
  void each(const std::string& select, const std::string& order, Take take) {
    if (!status_) return;
    SQLite::Statement rows(database_, select + filter() + " ORDER BY run" + order);
    while (rows.executeStep()) {
      Fields fields(rows);
      const auto found = place_.find(fields.integer());
      if (found == place_.end()) continue;  // a row of no run: nobody's
      if (Status taken = take(runs_[found->second], fields); !taken) {
        status_ = std::move(taken);
        return;
      }
    }
  }

  void read_phases() {
    each("SELECT run, phase, begin_ns, end_ns FROM phases", ", position",
         [](Run& run, Fields& fields) -> Status {
           const std::string name = fields.text();
           const auto kind = phase_named(name);
           if (!kind) return unknown("phase", name);
           const Instant begin{fields.integer()};
           run.phases.push_back({*kind, begin, Instant{fields.integer()}});
           return {};
         });
  }

  void read_energies() {
    each(
        "SELECT run, phase, rail, duration_s, gross_j, gross_u_j, net_j, net_u_j, gain_u_j, "
        "offset_u_j, quantisation_u_j, sampling_u_j, edges_u_j, further_budget, why_absent, "
        "net_why_absent FROM energies",
        ", position", [](Run& run, Fields& fields) -> Status {
          PhaseEnergy energy;
          const std::string name = fields.text();
          const auto kind = phase_named(name);
          if (!kind) return unknown("phase", name);
          energy.phase = *kind;
          energy.rail = fields.text();
          energy.duration = Second(fields.number());
          energy.gross.value = fields.quantity<Joule>();
          energy.gross.uncertainty = fields.quantity<Joule>();
          energy.net.value = fields.quantity<Joule>();
          energy.net.uncertainty = fields.quantity<Joule>();
          for (const std::string_view cause : kBudgetCauses)
            if (const auto joules = fields.maybe()) energy.budget_j[std::string(cause)] = *joules;
          ISOJOULE_CHECK(read_budget(fields.text(), energy.budget_j));
          energy.gross.why_absent = fields.text();
          energy.net.why_absent = fields.text();
          run.energies.push_back(std::move(energy));
          return {};
        });
  }

  static Status read_budget(const std::string& text, std::map<std::string, double>& budget_j) {
    ISOJOULE_TRY(const Setting causes, parse_setting(text));
    for (const auto& [cause, joules] : causes.values())
      budget_j[cause] = causes.number(cause).value_or(0);
    return {};
  }

  void read_windows() {
    each("SELECT run, name, begin_ns, end_ns FROM windows", ", position",
         [](Run& run, Fields& fields) -> Status {
           const std::string name = fields.text();
           const Instant begin{fields.integer()};
           run.windows.push_back({name, begin, Instant{fields.integer()}});
           return {};
         });
    each(
        "SELECT run, window, rail, gross_j, gross_u_j, net_j, net_u_j, budget, why_absent, "
        "net_why_absent FROM window_energies",
        ", position", [](Run& run, Fields& fields) -> Status {
          WindowEnergy energy;
          energy.window = fields.integer();
          if (energy.window < 0 || energy.window >= static_cast<std::int64_t>(run.windows.size()))
            return unknown("window", std::to_string(energy.window));
          energy.rail = fields.text();
          energy.gross.value = fields.quantity<Joule>();
          energy.gross.uncertainty = fields.quantity<Joule>();
          energy.net.value = fields.quantity<Joule>();
          energy.net.uncertainty = fields.quantity<Joule>();
          ISOJOULE_CHECK(read_budget(fields.text(), energy.budget_j));
          energy.gross.why_absent = fields.text();
          energy.net.why_absent = fields.text();
          run.window_energies.push_back(std::move(energy));
          return {};
        });
  }

  void read_layers() {
    each("SELECT run, name, operation, device, time_s, spread_s, batches FROM layers", ", position",
         [](Run& run, Fields& fields) -> Status {
           LayerTime layer;
           layer.name = fields.text();
           layer.operation = fields.text();
           layer.device = fields.text();
           layer.time = Second(fields.number());
           layer.spread = Second(fields.number());
           layer.batches = fields.integer();
           run.layers.push_back(std::move(layer));
           return {};
         });
    each("SELECT run, key, value FROM notes", "", [](Run& run, Fields& fields) -> Status {
      const std::string key = fields.text();
      run.notes[key] = fields.text();
      return {};
    });
  }

  void read_conditions() {
    each("SELECT run, watch, value, percent FROM residency", ", watch, value",
         [](Run& run, Fields& fields) -> Status {
           auto& shares = run.residency_percent[fields.text()];
           const double value = fields.number();
           shares[value] = fields.number();
           return {};
         });
    each("SELECT run, counter, count FROM counters", "", [](Run& run, Fields& fields) -> Status {
      const std::string name = fields.text();
      const auto counter = counter_named(name);
      if (!counter) return unknown("counter", name);
      run.counters.add(*counter, static_cast<std::uint64_t>(fields.integer()));
      return {};
    });
    each("SELECT run, zone, start_c, end_c FROM temperatures", "",
         [](Run& run, Fields& fields) -> Status {
           const std::string zone = fields.text();
           if (const auto celsius = fields.maybe()) run.temperature_start_c[zone] = *celsius;
           if (const auto celsius = fields.maybe()) run.temperature_end_c[zone] = *celsius;
           return {};
         });
  }

  SQLite::Database& database_;
  std::optional<std::int64_t> id_;
  int schema_;
  std::vector<Run> runs_;
  std::unordered_map<std::int64_t, std::size_t> place_;
  Status status_;
};

Result<ChannelKind> channel_kind(const std::string& name) {
  const auto kind = channel_kind_named(name);
  return kind ? Result<ChannelKind>(*kind) : unknown("kind of channel", name);
}

Status read_channels(SQLite::Database& database, std::int64_t id, Trace& trace) {
  const int schema = schema_of(database);
  SQLite::Statement rows(
      database,
      std::string("SELECT rail, sensor, kind, step_a, step_b, voltage_quantum_v, "
                  "current_quantum_a, window_s, gain_uncertainty, current_offset_uncertainty_a, ") +
          (schema < 2 ? "0.0, 0.0, 0.0"
                      : "power_quantum_w, power_offset_uncertainty_w, update_period_s") +
          (schema < 4 ? ", 0.0, 0, ''" : ", lag_s, dated_by_source, calibration") +
          ", count, columns FROM traces WHERE run = ? ORDER BY position");
  rows.bind(1, id);
  while (rows.executeStep()) {
    Fields fields(rows);
    Channel channel;
    ChannelInfo& info = channel.info;
    info.rail = fields.text();
    info.sensor = fields.text();
    ISOJOULE_TRY(info.kind, channel_kind(fields.text()));
    info.step_a = fields.number();
    info.step_b = fields.number();
    info.voltage_quantum = Volt(fields.number());
    info.current_quantum = Ampere(fields.number());
    info.window = Second(fields.number());
    info.gain_uncertainty = fields.number();
    info.current_offset_uncertainty = Ampere(fields.number());
    info.power_quantum = Watt(fields.number());
    info.power_offset_uncertainty = Watt(fields.number());
    info.update_period = Second(fields.number());
    info.lag = Second(fields.number());
    info.is_dated_by_source = fields.integer() != 0;
    if (const std::string text = fields.text(); !text.empty()) {
      ISOJOULE_TRY(info.calibration, parse_calibration(text));
    }
    const std::size_t count = fields.count();
    ISOJOULE_CHECK(
        decode(fields.block(), count, info.kind == ChannelKind::voltage_current, channel));
    trace.channels.push_back(std::move(channel));
  }
  return {};
}

Status read_watches(SQLite::Database& database, std::int64_t id, Trace& trace) {
  SQLite::Statement rows(
      database, "SELECT name, count, columns FROM watches WHERE run = ? ORDER BY position");
  rows.bind(1, id);
  while (rows.executeStep()) {
    Fields fields(rows);
    Watch watch;
    watch.name = fields.text();
    const std::size_t count = fields.count();
    ISOJOULE_CHECK(decode(fields.block(), count, watch));
    trace.watches.push_back(std::move(watch));
  }
  return {};
}

}  // namespace

StudyInfo read_info(SQLite::Database& database) {
  StudyInfo info;
  SQLite::Statement study(
      database,
      "SELECT name, board, board_release, simulated, engine, program_version, command, created, "
      "planned_runs, total, protocol_json, toml, hash FROM study, plan");
  if (!study.executeStep()) throw SQLite::Exception("the study's row is missing", 1);
  Fields fields(study);
  info.name = fields.text();
  info.board = fields.text();
  info.release = fields.text();
  info.simulated = fields.integer() != 0;
  info.engine = fields.text();
  info.program_version = fields.text();
  info.command = fields.text();
  info.created = fields.text();
  info.planned_runs = fields.integer();
  info.total = fields.text();
  info.protocol_json = fields.text();
  info.plan_toml = fields.text();
  info.plan_hash = fields.text();
  SQLite::Statement rails(database, "SELECT name, parent, what FROM rails ORDER BY position");
  while (rails.executeStep()) {
    Fields rail(rails);
    const std::string name = rail.text(), parent = rail.text();
    info.rails.push_back({name, parent, rail.text()});
  }
  return info;
}

std::vector<std::int64_t> read_sequences(SQLite::Database& database) {
  std::vector<std::int64_t> sequences;
  SQLite::Statement rows(database, "SELECT sequence FROM runs ORDER BY sequence");
  while (rows.executeStep()) sequences.push_back(rows.getColumn(0).getInt64());
  return sequences;
}

std::vector<std::int64_t> read_ids(SQLite::Database& database) {
  std::vector<std::int64_t> ids;
  SQLite::Statement rows(database, "SELECT run FROM runs ORDER BY sequence");
  while (rows.executeStep()) ids.push_back(rows.getColumn(0).getInt64());
  return ids;
}

std::vector<StudyBoard> read_boards(SQLite::Database& database) {
  std::vector<StudyBoard> boards;
  if (schema_of(database) < 5) return boards;
  SQLite::Statement rows(
      database,
      "SELECT name, serial, title, board_release, variant, program_version FROM boards "
      "ORDER BY name");
  while (rows.executeStep()) {
    Fields fields(rows);
    StudyBoard board;
    board.name = fields.text();
    board.serial = fields.text();
    board.title = fields.text();
    board.release = fields.text();
    board.variant = fields.text();
    board.version = fields.text();
    boards.push_back(std::move(board));
  }
  return boards;
}

std::string read_memo(SQLite::Database& database, const std::string& key) {
  if (schema_of(database) < 5) return {};
  SQLite::Statement row(database, "SELECT value FROM memos WHERE key = ?");
  row.bind(1, key);
  return row.executeStep() ? row.getColumn(0).getString() : std::string();
}

Result<std::vector<Run>> read_runs(SQLite::Database& database, std::optional<std::int64_t> id,
                                   bool with_batches) {
  return RunTables(database, id).read(with_batches);
}

Result<Trace> read_trace(SQLite::Database& database, std::int64_t id) {
  SQLite::Statement head(database, "SELECT trace_total, trace_period_ns FROM runs WHERE run = ?");
  head.bind(1, id);
  if (!head.executeStep())
    return fail(ErrorKind::not_found, "run " + std::to_string(id) + " is not in the study",
                "`isojoule show` lists the runs");
  if (head.getColumn(1).isNull())
    return fail(ErrorKind::no_data, "run " + std::to_string(id) + " has no trace",
                "Set keep_traces = true in the plan's protocol and make the study again");
  Trace trace;
  trace.total = head.getColumn(0).getString();
  trace.period = Duration{head.getColumn(1).getInt64()};
  ISOJOULE_CHECK(read_channels(database, id, trace));
  ISOJOULE_CHECK(read_watches(database, id, trace));
  return trace;
}

}  // namespace isojoule
