// The traces as wide CSV: one row a tick, one column a rail and a watch. RFC 4180, lines end with
// LF, a full stop as decimal mark; what has no reading at a tick is an empty field.
//
//   run,time_ns,phase,<rail>_power_w ...,<watch>_<unit> ...
//
// time_ns is that of the row's first reading; rails are read one after another, so the others are
// somewhat later (the long form has each one's own). A tick ends where a column would be filled a
// second time, or nine tenths of the sampling period after its first reading: rails that gave
// nothing at one tick are not taken from the next.
#include <algorithm>

#include "data/distinct_names.h"
#include "report/export_parts.h"

namespace isojoule {
namespace {

// A rail that two sensors read has two columns: rail_power_w, rail_2_power_w.
std::vector<std::string> rail_headers(const Trace& trace) {
  std::vector<std::string> headers;
  DistinctNames names;
  for (const Channel& channel : trace.channels) {
    const bool counts = channel.info.kind == ChannelKind::energy_counter;
    headers.push_back(names.take(channel.info.rail) + (counts ? "_energy_j" : "_power_w"));
  }
  return headers;
}

// Header -> place in a row; rails before watches, in the order in which runs first have them.
class Layout {
 public:
  void add(const Trace& trace) {
    for (std::string& header : rail_headers(trace)) add(rails_, std::move(header));
    for (const Watch& watch : trace.watches) add(watches_, key_with_unit(watch.name));
  }
  std::size_t rail(const std::string& header) const { return place(rails_, header); }
  std::size_t watch(const std::string& header) const {
    return rails_.size() + place(watches_, header);
  }
  std::size_t size() const { return rails_.size() + watches_.size(); }
  std::string header_line() const {
    std::string line = "run,time_ns,phase";
    for (const auto* headers : {&rails_, &watches_})
      for (const std::string& header : *headers) line += ',' + csv_quoted(header);
    return line + '\n';
  }

 private:
  static void add(std::vector<std::string>& headers, std::string header) {
    if (std::find(headers.begin(), headers.end(), header) == headers.end())
      headers.push_back(std::move(header));
  }
  static std::size_t place(const std::vector<std::string>& headers, const std::string& header) {
    return static_cast<std::size_t>(std::find(headers.begin(), headers.end(), header) -
                                    headers.begin());
  }
  std::vector<std::string> rails_, watches_;
};

// The row of the present tick.
class Tick {
 public:
  Tick(const Run& run, std::size_t columns, Duration period, std::string& text)
      : run_(run), values_(columns), longest_ns_(period.ns / 10 * 9), text_(text) {}

  void take(std::size_t place, std::int64_t time_ns, const std::optional<double>& value) {
    const bool too_late = longest_ns_ > 0 && time_ns - begin_ns_ > longest_ns_;
    if (has_any_ && (values_[place].seen || too_late)) write();
    if (!has_any_) begin_ns_ = time_ns;
    has_any_ = true;
    values_[place] = {true, value};
  }
  void write() {
    if (!has_any_) return;
    append_number(text_, run_.id);
    text_ += ',';
    append_number(text_, begin_ns_);
    text_ += ',';
    text_ += phase_at(run_, begin_ns_);
    for (Field& field : values_) {
      text_ += ',';
      if (field.value) append_number(text_, *field.value);
      field = {};
    }
    text_ += '\n';
    has_any_ = false;
  }

 private:
  struct Field {
    bool seen = false;
    std::optional<double> value = std::nullopt;
  };
  const Run& run_;
  std::vector<Field> values_;
  std::int64_t longest_ns_;
  std::string& text_;
  std::int64_t begin_ns_ = 0;
  bool has_any_ = false;
};

Status write_run(const Run& run, const Trace& trace, const Layout& layout, Output& output) {
  TimeMerge merge;
  std::vector<std::size_t> places;
  std::vector<ReadingValues> values;
  const std::vector<std::string> headers = rail_headers(trace);
  for (const Channel& channel : trace.channels) {
    places.push_back(layout.rail(headers[values.size()]));
    values.emplace_back(channel);
    merge.add(channel.time_ns);
  }
  for (const Watch& watch : trace.watches) {
    places.push_back(layout.watch(key_with_unit(watch.name)));
    merge.add(watch.time_ns);
  }
  Tick tick(run, layout.size(), trace.period, output.text());
  while (const auto next = merge.next()) {
    const std::size_t i = next->column;
    std::optional<double> value;
    if (i >= values.size())
      value = trace.watches[i - values.size()].value[next->row];
    else if (trace.channels[i].info.kind == ChannelKind::energy_counter)
      value = values[i].energy_j(next->row);
    else
      value = values[i].power_w(next->row);
    tick.take(places[i], next->time_ns, value);
    ISOJOULE_CHECK(output.spill());
  }
  tick.write();
  return {};
}

// The header comes first and a later run may have a rail that the first has not: the traces are
// read twice, so that none has to be kept.
Result<Layout> layout_of(StudyFile& study, const std::vector<std::int64_t>& ids) {
  Layout layout;
  for (const std::int64_t id : ids) {
    ISOJOULE_TRY(const auto trace, kept_trace(study, id));
    if (trace) layout.add(*trace);
  }
  if (layout.size() == 0) return no_trace_at_all();
  return layout;
}

Status stream(StudyFile& study, const Selection& selection, Sink& sink) {
  ISOJOULE_TRY(const auto ids, chosen_runs(study, selection));
  ISOJOULE_TRY(const Layout layout, layout_of(study, ids));
  Output output(sink);
  output.text() = layout.header_line();
  for (const std::int64_t id : ids) {
    ISOJOULE_TRY(const auto trace, kept_trace(study, id));
    if (!trace) continue;
    ISOJOULE_TRY(const Run run, study.run(id));
    ISOJOULE_CHECK(write_run(run, *trace, layout, output));
  }
  return output.finish();
}

}  // namespace

const ReportKind& report_kind_trace_csv_wide() {
  static const ReportKind kind = {"trace-csv-wide", ".wide.csv",
                                  "one row a tick, one column a rail, clock and temperature",
                                  nullptr, stream};
  return kind;
}

}  // namespace isojoule
