// JSON lines (https://jsonlines.org): one object a line, "type" first, units in the keys, for
// programs that take a study apart line by line. All instants are CLOCK_MONOTONIC in whole
// nanoseconds (virtual on a twin). What was not measured is null or missing, and why_absent says
// why. docs/export.md lists the types.
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/batch_energies.h"
#include "report/export_parts.h"
#include "report/summary_json.h"

namespace isojoule {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<Joule>& value) {
  return value ? Json(value->value()) : Json(nullptr);
}

// Values of watches and knobs: whole numbers without a fraction.
Json plain(const Value& value) {
  const auto* number = std::get_if<double>(&value);
  if (number == nullptr) return std::get<std::string>(value);
  if (*number == std::trunc(*number) && std::abs(*number) < 9007199254740992.0)  // 2^53
    return static_cast<std::int64_t>(*number);
  return *number;
}

class Lines {
 public:
  explicit Lines(Sink& sink) : output_(sink) {}
  Status add(const Json& object) {
    // Texts come from files and programs; bytes that are no UTF-8 are shown as U+FFFD.
    output_.text() += object.dump(-1, ' ', false, Json::error_handler_t::replace);
    output_.text() += '\n';
    return output_.spill();
  }
  Output& output() { return output_; }

 private:
  Output output_;
};

Status add_study(const StudyInfo& info, Lines& lines) {
  Json rails = Json::array();
  for (const Rail& rail : info.rails)
    rails.push_back({{"name", rail.name}, {"parent", rail.parent}, {"what", rail.what}});
  return lines.add({{"type", "study"},
                    {"format", 1},
                    {"name", info.name},
                    {"board", info.board},
                    {"release", info.release},
                    {"simulated", info.simulated},
                    {"engine", info.engine},
                    {"total", info.total},
                    {"rails", std::move(rails)},
                    {"planned_runs", info.planned_runs},
                    {"program_version", info.program_version},
                    {"command", info.command},
                    {"created", info.created}});
}

Json knobs_of(const Run& run) {
  Json knobs = Json::array();
  for (const KnobResult& knob : run.knobs)
    knobs.push_back({{"axis", key_with_unit(knob.axis)},
                     {"requested", plain(knob.requested)},
                     {"achieved", plain(knob.achieved)}});
  return knobs;
}

// Of a fleet's study; others have none.
Status add_boards(const std::vector<StudyBoard>& boards, Lines& lines) {
  for (const StudyBoard& board : boards)
    ISOJOULE_CHECK(lines.add({{"type", "board"},
                              {"name", board.name},
                              {"serial", board.serial.empty() ? Json(nullptr) : Json(board.serial)},
                              {"title", board.title},
                              {"release", board.release},
                              {"variant", board.variant},
                              {"program_version", board.version}}));
  return {};
}

Status add_run(const Run& run, bool has_trace, Lines& lines) {
  Json line = {{"type", "run"},
               {"run", run.id},
               {"sequence", run.sequence},
               {"block", run.block},
               {"repeat", run.repeat},
               {"network", run.network},
               {"baseline", run.baseline.empty() ? Json(nullptr) : Json(run.baseline)},
               {"setting", Json(to_json(run.setting))},
               {"knobs", knobs_of(run)},
               {"state", name_of(run.state)},
               {"failure", run.failure.empty() ? Json(nullptr) : Json(run.failure)},
               {"inferences", run.inferences},
               {"wall_time", run.wall_time},
               {"temperature_start_c", run.temperature_start_c},
               {"temperature_end_c", run.temperature_end_c},
               {"notes", run.notes},
               {"has_trace", has_trace}};
  if (!run.on_board.empty()) line["on_board"] = run.on_board;
  return lines.add(line);
}

void add_energy_fields(const MeasuredEnergy& gross, const MeasuredEnergy& net,
                       const std::map<std::string, double>& budget_j, Json& object) {
  object["energy_j"] = or_null(gross.value);
  object["energy_u_j"] = or_null(gross.uncertainty);
  object["net_energy_j"] = or_null(net.value);
  object["net_energy_u_j"] = or_null(net.uncertainty);
  object["budget_j"] = budget_j;
  if (!gross.why_absent.empty()) object["why_absent"] = gross.why_absent;
  if (!net.why_absent.empty()) object["net_why_absent"] = net.why_absent;
}

Status add_phases(const Run& run, Lines& lines) {
  for (const Phase& phase : run.phases)
    ISOJOULE_CHECK(lines.add({{"type", "phase"},
                              {"run", run.id},
                              {"phase", name_of(phase.kind)},
                              {"begin_ns", phase.begin.ns},
                              {"end_ns", phase.end.ns}}));
  for (const PhaseEnergy& energy : run.energies) {
    Json object = {{"type", "phase_energy"},
                   {"run", run.id},
                   {"phase", name_of(energy.phase)},
                   {"rail", energy.rail},
                   {"duration_s", energy.duration.value()}};
    add_energy_fields(energy.gross, energy.net, energy.budget_j, object);
    ISOJOULE_CHECK(lines.add(object));
  }
  return {};
}

Status add_batches(const Run& run, const Trace& trace, Lines& lines) {
  const auto energies = batch_energies(run, trace);
  for (std::size_t i = 0; i < run.batches.size(); ++i)
    ISOJOULE_CHECK(lines.add({{"type", "batch"},
                              {"run", run.id},
                              {"batch", i},
                              {"begin_ns", run.batches[i].begin.ns},
                              {"end_ns", run.batches[i].end.ns},
                              {"energy_j", or_null(energies[i].value)}}));
  return {};
}

Status add_windows(const Run& run, Lines& lines) {
  for (std::size_t i = 0; i < run.windows.size(); ++i)
    ISOJOULE_CHECK(lines.add({{"type", "window"},
                              {"run", run.id},
                              {"window", i},
                              {"name", run.windows[i].name},
                              {"begin_ns", run.windows[i].begin.ns},
                              {"end_ns", run.windows[i].end.ns}}));
  for (const WindowEnergy& energy : run.window_energies) {
    Json object = {{"type", "window_energy"},
                   {"run", run.id},
                   {"window", energy.window},
                   {"rail", energy.rail}};
    add_energy_fields(energy.gross, energy.net, energy.budget_j, object);
    ISOJOULE_CHECK(lines.add(object));
  }
  return {};
}

Status add_conditions(const Run& run, Lines& lines) {
  for (const LayerTime& layer : run.layers)
    ISOJOULE_CHECK(lines.add({{"type", "layer"},
                              {"run", run.id},
                              {"layer", layer.name},
                              {"operation", layer.operation},
                              {"device", layer.device},
                              {"time_s", layer.time.value()},
                              {"spread_s", layer.spread.value()},
                              {"batches", layer.batches}}));
  for (const auto& [watch, shares] : run.residency_percent)
    for (const auto& [value, percent] : shares)
      ISOJOULE_CHECK(lines.add({{"type", "residency"},
                                {"run", run.id},
                                {"watch", key_with_unit(watch)},
                                {"value", plain(value)},
                                {"percent", percent}}));
  for (const CounterInfo& info : all_counters())
    if (const std::uint64_t count = run.counters[info.counter]; count != 0)
      ISOJOULE_CHECK(lines.add({{"type", "counter"},
                                {"run", run.id},
                                {"counter", info.name},
                                {"count", count},
                                {"severity", name_of(info.severity)},
                                {"meaning", info.meaning}}));
  return {};
}

Status add_channel(const Run& run, std::size_t place, const Trace& trace, Lines& lines) {
  const Channel& channel = trace.channels[place];
  const ChannelInfo& info = channel.info;
  Json object = {{"type", "channel"},
                 {"run", run.id},
                 {"channel", place},
                 {"rail", info.rail},
                 {"sensor", info.sensor},
                 {"kind", name_of(info.kind)},
                 {"readings", channel.time_ns.size()},
                 {"sampling_period_s", trace.period.seconds().value()},
                 {"window_s", info.window.value()},
                 {"update_period_s", info.update_period.value()},
                 {"lag_s", info.lag.value()},
                 {"is_dated_by_source", info.is_dated_by_source},
                 {"voltage_quantum_v", info.voltage_quantum.value()},
                 {"current_quantum_a", info.current_quantum.value()},
                 {"power_quantum_w", info.power_quantum.value()},
                 {"gain_uncertainty", info.gain_uncertainty},
                 {"current_offset_uncertainty_a", info.current_offset_uncertainty.value()},
                 {"power_offset_uncertainty_w", info.power_offset_uncertainty.value()}};
  if (info.calibration) object["calibration"] = to_string(*info.calibration);
  return lines.add(object);
}

// By hand: a study has millions of these, and a tree of JSON for each would take ten times as long.
void append_reading(const std::string& head, std::int64_t time_ns, const ReadingValues& values,
                    std::size_t row, std::string& text) {
  text += head;
  append_number(text, time_ns);
  const auto add = [&text](const char* key, const std::optional<double>& value) {
    if (!value) return;
    text += key;
    std::isfinite(*value) ? append_number(text, *value) : void(text += "null");
  };
  add(",\"power_w\":", values.power_w(row));
  add(",\"voltage_v\":", values.voltage_v(row));
  add(",\"current_a\":", values.current_a(row));
  add(",\"energy_j\":", values.energy_j(row));
  text += "}\n";
}

// {"type":"reading",...,"time_ns": without the number.
std::string head_of(const Json& object) {
  std::string head = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  head.pop_back();
  return head + ",\"time_ns\":";
}

Status add_trace(const Run& run, const Trace& trace, Lines& lines) {
  TimeMerge merge;
  std::vector<ReadingValues> values;
  std::vector<std::string> heads;
  for (std::size_t i = 0; i < trace.channels.size(); ++i) {
    const Channel& channel = trace.channels[i];
    ISOJOULE_CHECK(add_channel(run, i, trace, lines));
    merge.add(channel.time_ns);
    values.emplace_back(channel);
    heads.push_back(head_of(
        {{"type", "reading"}, {"run", run.id}, {"channel", i}, {"rail", channel.info.rail}}));
  }
  for (const Watch& watch : trace.watches) {
    merge.add(watch.time_ns);
    heads.push_back(
        head_of({{"type", "watch"}, {"run", run.id}, {"watch", key_with_unit(watch.name)}}));
  }
  std::string& text = lines.output().text();
  while (const auto next = merge.next()) {
    const std::size_t i = next->column;
    if (i < values.size()) {
      append_reading(heads[i], next->time_ns, values[i], next->row, text);
    } else {
      const double value = trace.watches[i - values.size()].value[next->row];
      text += heads[i];
      append_number(text, next->time_ns);
      text += ",\"value\":";
      std::isfinite(value) ? append_number(text, value) : void(text += "null");
      text += "}\n";
    }
    ISOJOULE_CHECK(lines.output().spill());
  }
  return {};
}

Status stream(StudyFile& study, const Selection& selection, Sink& sink) {
  ISOJOULE_TRY(const auto ids, chosen_runs(study, selection));
  Lines lines(sink);
  ISOJOULE_CHECK(add_study(study.info(), lines));
  ISOJOULE_TRY(const auto boards, study.boards());
  ISOJOULE_CHECK(add_boards(boards, lines));
  for (const std::int64_t id : ids) {
    ISOJOULE_TRY(const Run run, study.run(id));
    ISOJOULE_TRY(const auto trace, kept_trace(study, id));
    ISOJOULE_CHECK(add_run(run, trace.has_value(), lines));
    ISOJOULE_CHECK(add_phases(run, lines));
    ISOJOULE_CHECK(add_batches(run, trace ? *trace : Trace{}, lines));
    ISOJOULE_CHECK(add_windows(run, lines));
    ISOJOULE_CHECK(add_conditions(run, lines));
    if (trace) ISOJOULE_CHECK(add_trace(run, *trace, lines));
  }
  return lines.output().finish();
}

}  // namespace

const ReportKind& report_kind_jsonl() {
  static const ReportKind kind = {"jsonl", ".jsonl",
                                  "everything of a study, one JSON object a line", nullptr, stream};
  return kind;
}

}  // namespace isojoule
