// A finished run on its way.
#include <cmath>
#include <unordered_map>

#include "data/trace_block.h"
#include "fleet/message_columns.h"
#include "fleet/message_forms.h"
#include "fleet/name.h"

namespace isojoule::fleet {
namespace {

constexpr std::size_t kMostWindows = std::size_t{1} << 20;  // what a run keeps (docs/api.md)
constexpr double kMostTime = 4.6e18;  // nanoseconds; the length between two fits into 64 bits
// A later program may count what this one does not know: it is kept as a note.
constexpr const char* kCounterNote = "counter ";

std::vector<std::string> phase_names() {
  std::vector<std::string> names;
  for (int kind = 0; kind <= static_cast<int>(PhaseKind::tear_down); ++kind)
    names.emplace_back(name_of(static_cast<PhaseKind>(kind)));
  return names;
}

// ---- shapes ----

MessageShape time_shape() { return shape::integer(-kMostTime, kMostTime); }

MessageShape energy_value_shape() {
  using namespace shape;
  return record({{"value_j", number(), false, "absent: not measured"},
                 {"uncertainty_j", number(), false, "standard, k = 1"},
                 {"why_absent", line(4096), false, ""}});
}

MessageShape budget_shape() { return shape::table(shape::name(), shape::number(), 64); }

MessageShape knob_result_shape() {
  using namespace shape;
  return record({{"axis", shape::name(), true, ""},
                 {"requested", value(), true, ""},
                 {"achieved", value(), true, ""}});
}

MessageShape phase_shape() {
  return shape::record({{"phase", shape::word(phase_names()), true, ""},
                        {"begin_ns", time_shape(), true, "of the board's monotonic clock"},
                        {"end_ns", time_shape(), true, "not before its begin"}});
}

MessageShape layer_shape() {
  using namespace shape;
  return record({{"name", line(1024), true, ""},
                 {"operation", line(256), false, ""},
                 {"device", line(128), false, ""},
                 {"time_s", number(), true, "mean over the profiled batches"},
                 {"spread_s", number(), true, "standard deviation"},
                 {"batches", count(), true, ""}});
}

MessageShape phase_energy_shape() {
  using namespace shape;
  return record({{"phase", word(phase_names()), true, ""},
                 {"rail", shape::name(), true, "or \"total\""},
                 {"duration_s", number(), true, ""},
                 {"gross", energy_value_shape(), true, ""},
                 {"net", energy_value_shape(), true, "without what the board takes idle"},
                 {"budget_j", budget_shape(), false, "standard uncertainty by cause"}});
}

MessageShape windows_shape() {
  std::vector<ShapeField> fields = {
      {"names", shape::list(shape::line(255), 65'536), true, "each once"}};
  for (ShapeField& field : columns_fields("begin_ns, length_ns, place in names"))
    fields.push_back(std::move(field));
  fields[1].shape = shape::count(kMostWindows);
  return shape::record(std::move(fields));
}

MessageShape window_energy_shape() {
  using namespace shape;
  return record({{"window", count(kMostWindows), true, "place in windows"},
                 {"rail", shape::name(), true, ""},
                 {"gross", energy_value_shape(), true, ""},
                 {"net", energy_value_shape(), true, ""},
                 {"budget_j", budget_shape(), false, ""}});
}

MessageShape run_shape() {
  using namespace shape;
  return record(
      {{"sequence", count(), true, "unique in the study"},
       {"block", count(), true, ""},
       {"repeat", count(), true, ""},
       {"network", shape::name(256), true, ""},
       {"baseline", shape::name(128, 0), false, ""},
       {"setting", setting_shape(), true, ""},
       {"knobs", list(knob_result_shape(), 256), false, ""},
       {"state", word({"complete", "failed", "throttled"}), true, ""},
       {"failure", shape::text(16'384), false, ""},
       {"inferences", count(), true, ""},
       {"phases", list(phase_shape(), 1024), false, ""},
       {"batches", record(columns_fields("begin_ns, length_ns")), false, ""},
       {"layers", list(layer_shape(), 65'536), false, "in the order of execution"},
       {"energies", list(phase_energy_shape(), 16'384), false, ""},
       {"windows", windows_shape(), false, "by begin"},
       {"window_energies", list(window_energy_shape(), 131'072), false, ""},
       {"residency_percent", table(shape::name(), list(list(number(), 2, 2), 16'384), 128), false,
        "by watch: pairs of value and percent"},
       {"temperature_start_c", table(shape::name(), number(), 128), false, "by zone"},
       {"temperature_end_c", table(shape::name(), number(), 128), false, "by zone"},
       {"counters", table(shape::name(), count(), 256), false, "what went wrong, how often"},
       {"notes", table(shape::name(), shape::text(65'536), 4096), false, "of the engine"},
       {"wall_time", line(64), false, "ISO 8601 by the board's own clock: a label"},
       {"on_board", shape::name(128, 0), false, "the fleet's name of the board that made it"}});
}

// ---- to a document ----

void put_finite(Document& into, const char* key, const std::optional<Joule>& joules) {
  if (joules && std::isfinite(joules->value())) into[key] = joules->value();
}

Document energy_value_document(const MeasuredEnergy& energy) {
  Document made = Document::object();
  put_finite(made, "value_j", energy.value);
  put_finite(made, "uncertainty_j", energy.uncertainty);
  if (energy.value && !made.contains("value_j"))
    made["why_absent"] = "the board told a number that is none";
  else
    put_field(made, "why_absent", energy.why_absent);
  return made;
}

Document phase_energy_document(const PhaseEnergy& energy) {
  Document made = {{"phase", name_of(energy.phase)},
                   {"rail", energy.rail},
                   {"duration_s", energy.duration.value()},
                   {"gross", energy_value_document(energy.gross)},
                   {"net", energy_value_document(energy.net)}};
  put_field(made, "budget_j", energy.budget_j);
  return made;
}

Document window_energy_document(const WindowEnergy& energy) {
  Document made = {{"window", energy.window},
                   {"rail", energy.rail},
                   {"gross", energy_value_document(energy.gross)},
                   {"net", energy_value_document(energy.net)}};
  put_field(made, "budget_j", energy.budget_j);
  return made;
}

Document layer_document(const LayerTime& layer) {
  Document made = {{"name", layer.name},
                   {"time_s", layer.time.value()},
                   {"spread_s", layer.spread.value()},
                   {"batches", layer.batches}};
  put_field(made, "operation", layer.operation);
  put_field(made, "device", layer.device);
  return made;
}

Document windows_document(const std::vector<Window>& windows, ColumnWriter& writer) {
  std::unordered_map<std::string, std::int64_t> places;
  Document names = Document::array();
  std::vector<std::int64_t> begin, length, place;
  for (const Window& window : windows) {
    const auto [known, is_new] =
        places.emplace(window.name, static_cast<std::int64_t>(names.size()));
    if (is_new) names.push_back(window.name);
    begin.push_back(window.begin.ns);
    length.push_back((window.end - window.begin).ns);
    place.push_back(known->second);
  }
  writer.begin();
  writer.put_times(begin);
  writer.put(length);
  writer.put(place);
  Document made = {{"names", std::move(names)}};
  put_columns(made, windows.size(), writer.finish());
  return made;
}

template <typename T, typename Make>
void put_list(Document& into, const char* key, const std::vector<T>& items, Make make) {
  if (items.empty()) return;
  Document& list = into[key] = Document::array();
  for (const T& item : items) list.push_back(make(item));
}

void put_columns_of_run(Document& into, const Run& run) {
  ColumnWriter writer;
  if (!run.batches.empty())
    put_columns(into["batches"], run.batches.size(), encode(run.batches, writer));
  if (!run.windows.empty()) into["windows"] = windows_document(run.windows, writer);
}

void put_conditions(Document& into, const Run& run) {
  for (const auto& [watch, shares] : run.residency_percent) {
    Document& list = into["residency_percent"][watch] = Document::array();
    for (const auto& [value, percent] : shares) list.push_back(Document::array({value, percent}));
  }
  put_field(into, "temperature_start_c", run.temperature_start_c);
  put_field(into, "temperature_end_c", run.temperature_end_c);
  for (const CounterInfo& info : all_counters())
    if (const std::uint64_t count = run.counters[info.counter]; count != 0)
      into["counters"][std::string(info.name)] = count;
  put_field(into, "notes", run.notes);
}

Document run_document(const Run& run) {
  Document made = {{"sequence", run.sequence},    {"block", run.block},
                   {"repeat", run.repeat},        {"network", run.network},
                   {"state", name_of(run.state)}, {"inferences", run.inferences}};
  made["setting"] = setting_document(run.setting);
  put_field(made, "baseline", run.baseline);
  put_field(made, "failure", run.failure);
  put_field(made, "wall_time", run.wall_time);
  put_field(made, "on_board", run.on_board);
  put_list(made, "knobs", run.knobs, [](const KnobResult& knob) {
    return Document{{"axis", knob.axis},
                    {"requested", value_document(knob.requested)},
                    {"achieved", value_document(knob.achieved)}};
  });
  put_list(made, "phases", run.phases, [](const Phase& phase) {
    return Document{
        {"phase", name_of(phase.kind)}, {"begin_ns", phase.begin.ns}, {"end_ns", phase.end.ns}};
  });
  put_list(made, "layers", run.layers, layer_document);
  put_list(made, "energies", run.energies, phase_energy_document);
  put_list(made, "window_energies", run.window_energies, window_energy_document);
  put_columns_of_run(made, run);
  put_conditions(made, run);
  return made;
}

// ---- from a document that fits ----

tl::unexpected<Error> no_run(const std::string& what) {
  return fail(ErrorKind::parse, "run: " + what,
              "Is it of another version of isojoule, or of another program?");
}

std::optional<Joule> joules_in(const Document& from, const char* key) {
  const auto found = from.find(key);
  return found == from.end() ? std::nullopt : std::optional(Joule(found->get<double>()));
}

MeasuredEnergy energy_value_of(const Document& from) {
  MeasuredEnergy energy;
  energy.value = joules_in(from, "value_j");
  energy.uncertainty = joules_in(from, "uncertainty_j");
  take_field(from, "why_absent", energy.why_absent);
  return energy;
}

PhaseKind phase_in(const Document& from) {
  return phase_named(from.at("phase").get<std::string>()).value();
}

PhaseEnergy phase_energy_of(const Document& from) {
  PhaseEnergy energy;
  energy.phase = phase_in(from);
  take_field(from, "rail", energy.rail);
  energy.duration = Second(number_in(from, "duration_s"));
  energy.gross = energy_value_of(from.at("gross"));
  energy.net = energy_value_of(from.at("net"));
  take_field(from, "budget_j", energy.budget_j);
  return energy;
}

LayerTime layer_of(const Document& from) {
  LayerTime layer;
  take_field(from, "name", layer.name);
  take_field(from, "operation", layer.operation);
  take_field(from, "device", layer.device);
  layer.time = Second(number_in(from, "time_s"));
  layer.spread = Second(number_in(from, "spread_s"));
  take_field(from, "batches", layer.batches);
  return layer;
}

KnobResult knob_result_of(const Document& from) {
  return {from.at("axis").get<std::string>(), value_of(from.at("requested")),
          value_of(from.at("achieved"))};
}

Status take_phases(const Document& from, Run& run) {
  for (const Document& one : part_of(from, "phases")) {
    const Phase phase = {phase_in(one), Instant{one.at("begin_ns").get<std::int64_t>()},
                         Instant{one.at("end_ns").get<std::int64_t>()}};
    if (phase.end < phase.begin)
      return no_run("phase " + std::string(name_of(phase.kind)) + " ends before it begins");
    run.phases.push_back(phase);
  }
  return {};
}

Status take_windows(const Document& from, Run& run) {
  const auto found = from.find("windows");
  if (found == from.end()) return {};
  const auto count = found->at("count").get<std::size_t>();
  ISOJOULE_TRY(ColumnReader reader,
               ColumnReader::open(columns_of(*found), 3 * ColumnReader::most_of_integers(count)));
  ISOJOULE_TRY(const auto begin, reader.times(count));
  ISOJOULE_TRY(const auto length, reader.integers(count));
  ISOJOULE_TRY(const auto place, reader.integers(count));
  const auto names = found->at("names").get<std::vector<std::string>>();
  run.windows.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t end = 0;
    if (length[i] < 0 || __builtin_add_overflow(begin[i], length[i], &end))
      return no_run("a window ends before it begins");
    if (place[i] < 0 || place[i] >= static_cast<std::int64_t>(names.size()))
      return no_run("a window has no name");
    run.windows.push_back(
        {names[static_cast<std::size_t>(place[i])], Instant{begin[i]}, Instant{end}});
  }
  return {};
}

Status take_window_energies(const Document& from, Run& run) {
  for (const Document& one : part_of(from, "window_energies")) {
    WindowEnergy energy;
    take_field(one, "window", energy.window);
    if (energy.window >= static_cast<std::int64_t>(run.windows.size()))
      return no_run("there is an energy of a window that it does not have");
    take_field(one, "rail", energy.rail);
    energy.gross = energy_value_of(one.at("gross"));
    energy.net = energy_value_of(one.at("net"));
    take_field(one, "budget_j", energy.budget_j);
    run.window_energies.push_back(std::move(energy));
  }
  return {};
}

Status take_batches(const Document& from, Run& run) {
  const auto found = from.find("batches");
  if (found == from.end()) return {};
  ISOJOULE_TRY(run.batches,
               decode_batches(columns_of(*found), found->at("count").get<std::size_t>()));
  return {};
}

void take_conditions(const Document& from, Run& run) {
  for (const auto& [watch, shares] : part_of(from, "residency_percent").items())
    for (const Document& pair : shares)
      run.residency_percent[watch][pair[0].get<double>()] = pair[1].get<double>();
  take_field(from, "temperature_start_c", run.temperature_start_c);
  take_field(from, "temperature_end_c", run.temperature_end_c);
  take_field(from, "notes", run.notes);
  for (const auto& [name, count] : part_of(from, "counters").items()) {
    if (const auto counter = counter_named(name))
      run.counters.add(*counter, count.get<std::uint64_t>());
    else
      run.notes[kCounterNote + name] = count.dump();
  }
}

Result<Run> run_of(const Document& from) {
  Run run;
  take_field(from, "sequence", run.sequence);
  take_field(from, "block", run.block);
  take_field(from, "repeat", run.repeat);
  take_field(from, "network", run.network);
  take_field(from, "baseline", run.baseline);
  run.setting = setting_of(from.at("setting"));
  run.state = run_state_named(from.at("state").get<std::string>()).value();
  take_field(from, "failure", run.failure);
  take_field(from, "inferences", run.inferences);
  take_field(from, "wall_time", run.wall_time);
  take_field(from, "on_board", run.on_board);
  for (const Document& knob : part_of(from, "knobs")) run.knobs.push_back(knob_result_of(knob));
  for (const Document& layer : part_of(from, "layers")) run.layers.push_back(layer_of(layer));
  for (const Document& one : part_of(from, "energies"))
    run.energies.push_back(phase_energy_of(one));
  ISOJOULE_CHECK(take_phases(from, run));
  ISOJOULE_CHECK(take_batches(from, run));
  ISOJOULE_CHECK(take_windows(from, run));
  ISOJOULE_CHECK(take_window_energies(from, run));
  take_conditions(from, run);
  return run;
}

Result<RunMessage> run_message_of(const Document& from) {
  RunMessage message;
  take_field(from, "study", message.study);
  take_field(from, "board", message.board);
  take_field(from, "instance", message.instance);
  ISOJOULE_TRY(message.run, run_of(from.at("run")));
  if (from.contains("trace")) {
    ISOJOULE_TRY(message.trace, trace_of(from["trace"]));
  }
  if (from.contains("trace_object")) message.trace_object = object_name_of(from["trace_object"]);
  return message;
}

}  // namespace

const MessageForm& run_form() {
  using namespace shape;
  static const MessageForm form = {
      "run", std::string("stream ") + kRuns + ", isojoule.run.BOARD.STUDY.BLOCK.SEQUENCE",
      record({{"study", token(64), true, ""},
              {"board", token(), true, "the agent's name"},
              {"instance", token(64), true, "of the agent's process"},
              {"run", run_shape(), true, ""},
              {"trace", trace_shape(), false, ""},
              {"trace_object", object_name_shape(), false, "where the trace is too long"}}),
      kMostRunBytes, true};
  return form;
}

std::string to_bytes(const RunMessage& message) {
  Document made = {{"study", message.study},
                   {"board", message.board},
                   {"instance", message.instance},
                   {"run", run_document(message.run)}};
  if (message.trace) made["trace"] = trace_document(*message.trace);
  if (message.trace_object) made["trace_object"] = object_document(*message.trace_object);
  return write_message(run_form(), std::move(made));
}

namespace {

Result<RunMessage> parse_run_within(const MessageForm& form, std::string_view bytes) {
  ISOJOULE_TRY(const Document from, read_message(form, bytes));
  auto message = run_message_of(from);
  if (!message && message.error().kind != ErrorKind::parse) return no_run(message.error().what);
  return message;
}

}  // namespace

Result<RunMessage> parse_run(std::string_view bytes) { return parse_run_within(run_form(), bytes); }

Result<RunMessage> parse_own_run(std::string_view bytes) {
  static const MessageForm own = [] {
    MessageForm form = run_form();
    form.most_bytes = kMostOwnRunBytes;
    return form;
  }();
  return parse_run_within(own, bytes);
}

const std::vector<const MessageForm*>& message_forms() {
  static const std::vector<const MessageForm*> forms = {
      &card_form(),  &pulse_form(), &order_form(), &join_form(), &trouble_form(),
      &study_form(), &block_form(), &run_form(),   &trace_form()};
  return forms;
}

}  // namespace isojoule::fleet
