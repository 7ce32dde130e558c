// The traces as long CSV: one row a reading, in the order of time within a run. RFC 4180, lines end
// with LF, a full stop as decimal mark; what a source does not tell is an empty field.
//
//   run,time_ns,rail,power_w,voltage_v,current_a,energy_j,phase
//
// time_ns: when the reading was taken, CLOCK_MONOTONIC (virtual on a twin). A chip that averages
// tells of the window before that. power_w is with the rail's calibration, voltage and current are
// as told; energy_j is an energy counter's, which has no power of its own. A rail that two sensors
// read has two names: RAIL, RAIL_2. `isojoule energy --trace` reads it (import/trace_csv).
#include "data/distinct_names.h"
#include "report/export_parts.h"

namespace isojoule {
namespace {

void append(std::string& text, const std::optional<double>& value) {
  text += ',';
  if (value) append_number(text, *value);
}

// What of a channel is the same in all its rows.
struct Rows {
  ReadingValues values;
  std::string rail;
};

Status write_run(const Run& run, const Trace& trace, Output& output) {
  TimeMerge merge;
  std::vector<Rows> channels;
  DistinctNames names;
  for (const Channel& channel : trace.channels) {
    merge.add(channel.time_ns);
    channels.push_back({ReadingValues(channel), csv_quoted(names.take(channel.info.rail))});
  }
  std::string& text = output.text();
  while (const auto next = merge.next()) {
    const Rows& rows = channels[next->column];
    append_number(text, run.id);
    text += ',';
    append_number(text, next->time_ns);
    text += ',';
    text += rows.rail;
    append(text, rows.values.power_w(next->row));
    append(text, rows.values.voltage_v(next->row));
    append(text, rows.values.current_a(next->row));
    append(text, rows.values.energy_j(next->row));
    text += ',';
    text += phase_at(run, next->time_ns);
    text += '\n';
    ISOJOULE_CHECK(output.spill());
  }
  return {};
}

Status stream(StudyFile& study, const Selection& selection, Sink& sink) {
  ISOJOULE_TRY(const auto ids, chosen_runs(study, selection));
  Output output(sink);
  output.text() = "run,time_ns,rail,power_w,voltage_v,current_a,energy_j,phase\n";
  bool any = false;
  for (const std::int64_t id : ids) {
    ISOJOULE_TRY(const auto trace, kept_trace(study, id));
    if (!trace) continue;
    any = true;
    ISOJOULE_TRY(const Run run, study.run(id));
    ISOJOULE_CHECK(write_run(run, *trace, output));
  }
  return any ? output.finish() : Status(no_trace_at_all());
}

}  // namespace

const ReportKind& report_kind_trace_csv() {
  static const ReportKind kind = {
      "trace-csv", ".trace.csv", "every reading of every rail, one row a reading", nullptr, stream};
  return kind;
}

}  // namespace isojoule
