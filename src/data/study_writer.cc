#include "data/study_writer.h"

#include <algorithm>
#include <concepts>
#include <functional>
#include <set>

#include "data/study_schema.h"
#include "data/trace_block.h"

namespace isojoule {
namespace {

// Binds the arguments of one row in order and executes the statement.
class Row {
 public:
  // An insert that failed is told once more by the statement's reset; it was told already.
  explicit Row(SQLite::Statement& statement) : statement_(statement) { statement_.tryReset(); }
  Row& operator<<(std::int64_t value) {
    statement_.bind(++at_, value);
    return *this;
  }
  Row& operator<<(double value) {
    statement_.bind(++at_, value);
    return *this;
  }
  Row& operator<<(std::string_view text) {
    statement_.bind(++at_, std::string(text));
    return *this;
  }
  Row& operator<<(std::nullptr_t) {
    statement_.bind(++at_);
    return *this;
  }
  template <std::same_as<Value> Any>  // a text alone is no Value
  Row& operator<<(const Any& value) {
    if (const auto* number = std::get_if<double>(&value)) return *this << *number;
    return *this << std::string_view(std::get<std::string>(value));
  }
  template <typename Number>
  Row& operator<<(const std::optional<Number>& value) {
    return value ? *this << static_cast<double>(value->value()) : *this << nullptr;
  }
  Row& operator<<(std::span<const std::byte> block) {  // read by exec(), not kept
    statement_.bindNoCopy(++at_, block.data(), static_cast<int>(block.size()));
    return *this;
  }
  void insert() {
    statement_.exec();
    statement_.reset();
  }

 private:
  SQLite::Statement& statement_;
  int at_ = 0;
};

std::int64_t number_of(std::size_t count) { return static_cast<std::int64_t>(count); }

std::string unit_of(std::string_view axis) {
  const std::string_view suffix = suffix_of(unit_of_axis(axis));
  return std::string(suffix.empty() ? suffix : suffix.substr(1));
}

bool has_column(std::string_view cause) {
  return std::find(std::begin(kBudgetCauses), std::end(kBudgetCauses), cause) !=
         std::end(kBudgetCauses);
}

// 'cause=joules cause=joules '
std::string budget_text(const std::map<std::string, double>& budget,
                        const std::function<bool(std::string_view)>& leave_out) {
  std::string text;
  for (const auto& [cause, joules] : budget)
    if (!leave_out(cause)) text += cause + '=' + to_string(Value(joules)) + ' ';
  return text;
}

}  // namespace

StudyWriter::StudyWriter(SQLite::Database& database)
    : database_(database),
      run_(database, "INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      setting_(database, "INSERT INTO settings VALUES (?, ?, ?, ?)"),
      knob_(database, "INSERT INTO knobs VALUES (?, ?, ?, ?, ?, ?)"),
      phase_(database, "INSERT INTO phases VALUES (?, ?, ?, ?, ?, ?)"),
      energy_(database,
              "INSERT INTO energies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      residency_(database, "INSERT INTO residency VALUES (?, ?, ?, ?, ?)"),
      counter_(database, "INSERT INTO counters VALUES (?, ?, ?)"),
      temperature_(database, "INSERT INTO temperatures VALUES (?, ?, ?, ?)"),
      batch_(database, "INSERT INTO batches VALUES (?, ?, ?)"),
      layer_(database, "INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
      note_(database, "INSERT INTO notes VALUES (?, ?, ?)"),
      channel_(
          database,
          "INSERT INTO traces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "?)"),
      watch_(database, "INSERT INTO watches VALUES (?, ?, ?, ?, ?, ?)"),
      window_(database, "INSERT INTO windows VALUES (?, ?, ?, ?, ?, ?)"),
      window_energy_(database,
                     "INSERT INTO window_energies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      board_(database, "INSERT OR REPLACE INTO boards VALUES (?, ?, ?, ?, ?, ?)"),
      memo_(database, "INSERT OR REPLACE INTO memos VALUES (?, ?)") {}

// A commit survives the death of this program in any case: its log is with the operating system. A
// power cut takes what the disk does not have yet, so a commit waits for the disk
// (synchronous=FULL) unless the last one did so within a second: runs on a board take longer than
// that and are each on the disk before the next begins; a twin makes hundreds a second and may lose
// those of the last one. In WAL mode neither level can damage the file
// (https://www.sqlite.org/pragma.html#pragma_synchronous).
void StudyWriter::choose_durability() {
  const auto now = std::chrono::steady_clock::now();
  const bool full = now >= next_sync_;
  if (full != is_full_)
    database_.exec(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  is_full_ = full;
  if (full) next_sync_ = now + std::chrono::seconds(1);
}

std::int64_t StudyWriter::add(const Run& run, const Trace* trace) {
  choose_durability();
  SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
  const std::int64_t id = add_all(run, trace);
  transaction.commit();
  return id;
}

std::int64_t StudyWriter::replace(const Run& run, const Trace* trace) {
  choose_durability();
  SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
  remove(run.sequence);
  const std::int64_t id = add_all(run, trace);
  transaction.commit();
  return id;
}

void StudyWriter::put_board(const StudyBoard& board) {
  choose_durability();
  (Row(board_) << board.name << board.serial << board.title << board.release << board.variant
               << board.version)
      .insert();
}

void StudyWriter::set_memo(const std::string& key, const std::string& value) {
  choose_durability();
  (Row(memo_) << key << value).insert();
}

void StudyWriter::remove(std::int64_t sequence) {
  static constexpr std::string_view kTables[] = {
      "settings", "knobs",        "phases",  "energies",        "residency",
      "counters", "temperatures", "batches", "layers",          "notes",
      "traces",   "watches",      "windows", "window_energies", "runs"};
  const std::string of =
      " WHERE run IN (SELECT run FROM runs WHERE sequence = " + std::to_string(sequence) + ")";
  for (const std::string_view table : kTables)
    database_.exec("DELETE FROM " + std::string(table) + of);
}

std::int64_t StudyWriter::add_all(const Run& run, const Trace* trace) {
  const std::int64_t id = add_run(run, trace);
  add_setting(id, run);
  add_phases(id, run);
  add_energies(id, run);
  add_conditions(id, run);
  add_batches(id, run);
  add_layers(id, run);
  add_windows(id, run);
  if (trace != nullptr) add_trace(id, *trace);
  return id;
}

std::int64_t StudyWriter::add_run(const Run& run, const Trace* trace) {
  Row row(run_);
  row << run.sequence << run.block << run.repeat << run.network << run.baseline
      << to_string(run.setting) << name_of(run.state) << run.failure << run.inferences
      << run.wall_time;
  if (trace != nullptr)
    row << trace->total << trace->period.ns;
  else
    row << nullptr << nullptr;
  row << run.on_board;
  row.insert();
  return database_.getLastInsertRowid();
}

void StudyWriter::add_setting(std::int64_t id, const Run& run) {
  for (const auto& [axis, value] : run.setting.values())
    (Row(setting_) << id << axis << value << unit_of(axis)).insert();
  for (std::size_t i = 0; i < run.knobs.size(); ++i) {
    const KnobResult& knob = run.knobs[i];
    (Row(knob_) << id << number_of(i) << knob.axis << knob.requested << knob.achieved
                << unit_of(knob.axis))
        .insert();
  }
}

void StudyWriter::add_phases(std::int64_t id, const Run& run) {
  for (std::size_t i = 0; i < run.phases.size(); ++i) {
    const Phase& phase = run.phases[i];
    (Row(phase_) << id << number_of(i) << name_of(phase.kind) << phase.begin.ns << phase.end.ns
                 << phase.duration().value())
        .insert();
  }
}

void StudyWriter::add_energies(std::int64_t id, const Run& run) {
  for (std::size_t i = 0; i < run.energies.size(); ++i) {
    const PhaseEnergy& energy = run.energies[i];
    Row row(energy_);
    row << id << number_of(i) << name_of(energy.phase) << energy.rail << energy.duration.value()
        << energy.gross.value << energy.gross.uncertainty << energy.net.value
        << energy.net.uncertainty;
    for (const std::string_view cause : kBudgetCauses) {
      const auto found = energy.budget_j.find(std::string(cause));
      if (found == energy.budget_j.end())
        row << nullptr;
      else
        row << found->second;
    }
    const std::string further = budget_text(energy.budget_j, has_column);
    if (further.empty())
      row << nullptr;
    else
      row << further;
    row << energy.gross.why_absent << energy.net.why_absent;
    row.insert();
  }
}

void StudyWriter::add_conditions(std::int64_t id, const Run& run) {
  for (const auto& [watch, shares] : run.residency_percent)
    for (const auto& [value, percent] : shares)
      (Row(residency_) << id << watch << value << unit_of(watch) << percent).insert();
  for (const CounterInfo& info : all_counters())
    if (const std::uint64_t count = run.counters[info.counter]; count != 0)
      (Row(counter_) << id << info.name << static_cast<std::int64_t>(count)).insert();
  std::set<std::string> zones;
  for (const auto& [zone, celsius] : run.temperature_start_c) zones.insert(zone);
  for (const auto& [zone, celsius] : run.temperature_end_c) zones.insert(zone);
  const auto in = [](const std::map<std::string, double>& map, const std::string& zone) {
    const auto found = map.find(zone);
    return found == map.end() ? std::nullopt : std::optional(Celsius(found->second));
  };
  for (const std::string& zone : zones)
    (Row(temperature_) << id << zone << in(run.temperature_start_c, zone)
                       << in(run.temperature_end_c, zone))
        .insert();
}

void StudyWriter::add_batches(std::int64_t id, const Run& run) {
  if (run.batches.empty()) return;
  (Row(batch_) << id << number_of(run.batches.size()) << encode(run.batches, columns_)).insert();
}

void StudyWriter::add_layers(std::int64_t id, const Run& run) {
  for (std::size_t i = 0; i < run.layers.size(); ++i) {
    const LayerTime& layer = run.layers[i];
    (Row(layer_) << id << number_of(i) << layer.name << layer.operation << layer.device
                 << layer.time.value() << layer.spread.value() << layer.batches)
        .insert();
  }
  for (const auto& [key, value] : run.notes) (Row(note_) << id << key << value).insert();
}

void StudyWriter::add_windows(std::int64_t id, const Run& run) {
  for (std::size_t i = 0; i < run.windows.size(); ++i) {
    const Window& window = run.windows[i];
    (Row(window_) << id << number_of(i) << window.name << window.begin.ns << window.end.ns
                  << window.duration().value())
        .insert();
  }
  for (std::size_t i = 0; i < run.window_energies.size(); ++i) {
    const WindowEnergy& energy = run.window_energies[i];
    const auto nothing = [](std::string_view) { return false; };
    (Row(window_energy_) << id << number_of(i) << energy.window << energy.rail << energy.gross.value
                         << energy.gross.uncertainty << energy.net.value << energy.net.uncertainty
                         << budget_text(energy.budget_j, nothing) << energy.gross.why_absent
                         << energy.net.why_absent)
        .insert();
  }
}

void StudyWriter::add_trace(std::int64_t id, const Trace& trace) {
  for (std::size_t i = 0; i < trace.channels.size(); ++i) {
    const Channel& channel = trace.channels[i];
    const ChannelInfo& info = channel.info;
    (Row(channel_) << id << number_of(i) << info.rail << info.sensor << name_of(info.kind)
                   << info.step_a << info.step_b << info.voltage_quantum.value()
                   << info.current_quantum.value() << info.window.value() << info.gain_uncertainty
                   << info.current_offset_uncertainty.value() << number_of(channel.time_ns.size())
                   << encode(channel, columns_) << info.power_quantum.value()
                   << info.power_offset_uncertainty.value() << info.update_period.value()
                   << info.lag.value() << std::int64_t{info.is_dated_by_source}
                   << (info.calibration ? to_string(*info.calibration) : std::string()))
        .insert();
  }
  for (std::size_t i = 0; i < trace.watches.size(); ++i) {
    const Watch& watch = trace.watches[i];
    (Row(watch_) << id << number_of(i) << watch.name << unit_of(watch.name)
                 << number_of(watch.time_ns.size()) << encode(watch, columns_))
        .insert();
  }
}

}  // namespace isojoule
